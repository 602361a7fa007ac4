//! The picture of a sweep: a heat map as SVG, without a library.
//!
//! Invariants: each cell has its number as text, so nothing depends on colour; colours are chosen for light and for
//! dark by the viewer's preference; what comes from outside is escaped.

use super::Mark;
use crate::text::{duration, thousands};
use std::fmt::Write;

/// What makes it SVG: a name, not an address that anybody asks.
const NAMESPACE: &str = concat!("http:", "//www.w3.org/2000/svg");

const WIDTH: usize = 104;
const HEIGHT: usize = 34;
const LEFT: usize = 110;
const TOP: usize = 92;
const BOTTOM: usize = 40;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b1b1f}.t{font-size:16px;font-weight:600}.m{fill:#55555f}.c{text-anchor:middle}\
.e{text-anchor:end}.b{font-weight:700}rect.h{fill:#c2410c}rect.o{fill:none;stroke:#1b1b1f;stroke-width:2.5}rect.p{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#f0f0f4}.m{fill:#b0b0bb}rect.h{fill:#f97316}rect.o{stroke:#f0f0f4}rect.p{fill:#17171b}}";

/// A heat map: a row for each threshold.
pub(super) struct Picture<'a> {
    pub(super) program: &'a str,
    /// What the columns are.
    pub(super) heading: &'a str,
    /// The thresholds.
    pub(super) rows: &'a [u64],
    pub(super) columns: Vec<Column>,
}

/// A column of it.
pub(super) struct Column {
    /// Two lines above it.
    pub(super) top: String,
    pub(super) bottom: String,
    /// The median that all are compared with.
    pub(super) best: f64,
    /// For each row the median, and what it is next to the best.
    pub(super) cells: Vec<(f64, Mark)>,
}

impl Picture<'_> {
    /// The picture as SVG.
    pub(super) fn draw(&self) -> String {
        let (width, height) =
            (LEFT + self.columns.len().max(4) * WIDTH + 20, TOP + self.rows.len() * HEIGHT + BOTTOM);
        let mut out = format!(
            "<svg xmlns=\"{NAMESPACE}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <title>Run time of {name} under thresholds</title>\n<style>{STYLE}</style>\n\
             <rect class=\"p\" width=\"{width}\" height=\"{height}\"/>\n\
             <text class=\"t\" x=\"16\" y=\"26\">Run time of {name} under thresholds</text>\n",
            name = escaped(self.program)
        );
        let mut write = |x: usize, y: usize, class: &str, words: &str| {
            let words = escaped(words);
            let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{words}</text>");
        };
        write(16, TOP - 12, "m", "threshold");
        for (at, column) in self.columns.iter().enumerate() {
            let x = LEFT + at * WIDTH + WIDTH / 2;
            write(x, TOP - 30, "m c", &column.top);
            write(x, TOP - 12, "m c", &column.bottom);
        }
        write(LEFT, TOP - 48, "m", self.heading);
        for (row, hotspot) in self.rows.iter().enumerate() {
            write(LEFT - 10, TOP + row * HEIGHT + 22, "e", &thousands(*hotspot));
        }
        let foot = TOP + self.rows.len() * HEIGHT + 26;
        write(
            16,
            foot,
            "m",
            "Medians. Framed: the best. = no difference to the best shows. Stronger: slower.",
        );
        let ratio = |column: &Column, median: f64| (median / column.best).max(1.0);
        let ratios =
            self.columns.iter().flat_map(|column| column.cells.iter().map(|cell| ratio(column, cell.0)));
        let worst = ratios.fold(1.0, f64::max);
        for (at, column) in self.columns.iter().enumerate() {
            for (row, &(median, mark)) in column.cells.iter().enumerate() {
                let (x, y) = (LEFT + at * WIDTH, TOP + row * HEIGHT);
                // Up to a half, so that text stays readable on it.
                let shade = if worst > 1.0 { ratio(column, median).ln() / worst.ln() * 0.5 } else { 0.0 };
                let (w, h) = (WIDTH - 4, HEIGHT - 4);
                let mut rect = |class: &str, more: &str| {
                    let _ = writeln!(
                        out,
                        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"4\"{more}/>"
                    );
                };
                rect("h", &format!(" fill-opacity=\"{:.2}\"", shade + 0.05));
                if mark == Mark::Best {
                    rect("o", "");
                }
                let sign = if mark == Mark::AsGood { " =" } else { "" };
                let class = if mark == Mark::Best { "c b" } else { "c" };
                let words = duration(median) + sign;
                let (x, y) = (x + w / 2, y + 20);
                let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{words}</text>");
            }
        }
        out.push_str("</svg>\n");
        out
    }
}

/// Text for XML.
fn escaped(text: &str) -> String {
    let text = crate::text::line(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
