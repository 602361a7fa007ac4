//! The picture of a sweep: a heat map as SVG, without a library.
//!
//! Invariants: each cell has its number as text, so nothing depends on colour; colours are chosen for light and for
//! dark by the viewer's preference; what comes from outside is escaped.

use super::{Mark, Sweep};
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

impl Sweep {
    /// The heat map: a row for each threshold, a column for each strategy and optimizing threshold.
    pub(super) fn picture(&self, program: &str) -> String {
        let columns = self.strategies.len() * self.optimizings.len();
        let (width, height) =
            (LEFT + columns.max(4) * WIDTH + 20, TOP + self.hotspots.len() * HEIGHT + BOTTOM);
        let mut out = format!(
            "<svg xmlns=\"{NAMESPACE}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <title>Run time of {name} under thresholds</title>\n<style>{STYLE}</style>\n\
             <rect class=\"p\" width=\"{width}\" height=\"{height}\"/>\n\
             <text class=\"t\" x=\"16\" y=\"26\">Run time of {name} under thresholds</text>\n",
            name = escaped(program)
        );
        let mut write = |x: usize, y: usize, class: &str, words: &str| {
            let words = escaped(words);
            let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{words}</text>");
        };
        write(16, TOP - 12, "m", "threshold");
        for (s, strategy) in self.strategies.iter().enumerate() {
            for (o, optimizing) in self.optimizings.iter().enumerate() {
                let x = LEFT + (s * self.optimizings.len() + o) * WIDTH + WIDTH / 2;
                write(x, TOP - 30, "m c", strategy.name());
                write(x, TOP - 12, "m c", &thousands(*optimizing));
            }
        }
        write(LEFT, TOP - 48, "m", "strategy, and optimizing threshold");
        for (row, hotspot) in self.hotspots.iter().enumerate() {
            write(LEFT - 10, TOP + row * HEIGHT + 22, "e", &thousands(*hotspot));
        }
        let foot = TOP + self.hotspots.len() * HEIGHT + 26;
        let words = "Medians. Framed: the best. = no difference to the best shows. Darker: slower.";
        write(16, foot, "m", words);
        let best = self.cells[self.best].times.median().max(1.0);
        let worst = self.cells.iter().map(|cell| cell.times.median()).fold(best, f64::max);
        let per_strategy = self.hotspots.len() * self.optimizings.len();
        for (at, cell) in self.cells.iter().enumerate() {
            let (strategy, within) = (at / per_strategy, at % per_strategy);
            let (row, column) = (within / self.optimizings.len(), within % self.optimizings.len());
            let x = LEFT + (strategy * self.optimizings.len() + column) * WIDTH;
            let y = TOP + row * HEIGHT;
            // Up to a half, so that text stays readable on it.
            let shade = match worst / best {
                spread if spread > 1.0 => (cell.times.median() / best).ln() / spread.ln() * 0.5,
                _ => 0.0,
            };
            let (w, h) = (WIDTH - 4, HEIGHT - 4);
            let mut rect = |class: &str, more: &str| {
                let _ = writeln!(
                    out,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"4\"{more}/>"
                );
            };
            rect("h", &format!(" fill-opacity=\"{:.2}\"", shade + 0.05));
            let mark = self.mark(at);
            if mark == Mark::Best {
                rect("o", "");
            }
            let sign = if mark == Mark::AsGood { " =" } else { "" };
            let class = if mark == Mark::Best { "c b" } else { "c" };
            let words = duration(cell.times.median()) + sign;
            let _ =
                writeln!(out, "<text x=\"{}\" y=\"{}\" class=\"{class}\">{words}</text>", x + w / 2, y + 20);
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
