//! The report as one self-contained page: charts and tables, readable in light and dark, without scripts and without a network.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Invariant:
//! everything that a chart shows is in a table as well.

use super::measure::{KernelResult, Ratio};
use super::peers::REFERENCE;
use super::report::Report;
use super::svg::{self, Bar, COLOURS, Line, escape};
use super::table::{Table, machine, tables};
use super::warmup::Curve;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(report: &Report) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>HotspotVM: benchmarks</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n<h1>HotspotVM beside the others</h1>\n<p>{}</p>\n",
        colours(),
        escape(&machine(report))
    );
    means(report, &mut html);
    peaks(report, &mut html);
    warmups(report, &mut html);
    html.push_str("<h2>Tables</h2>\n");
    for table in tables(report) {
        html_table(&table, &mut html);
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// The rules for fills and strokes.
fn colours() -> String {
    (0..COLOURS).fold(String::new(), |mut css, i| {
        let _ = writeln!(css, ".c{i} {{ fill: var(--c{i}); }} .l{i} {{ stroke: var(--c{i}); }}");
        css
    })
}

/// The number of a column's colour: the same in all charts.
fn colour(report: &Report, id: &str) -> usize {
    report.columns.iter().position(|c| c.id == id).unwrap_or(0)
}

fn title<'a>(report: &'a Report, id: &'a str) -> &'a str {
    report.columns.iter().find(|c| c.id == id).map_or(id, |c| &c.title)
}

fn means(report: &Report, html: &mut String) {
    let all: [(&str, Ratio); 2] =
        [("Full speed", KernelResult::peak_ratio), ("Whole process", KernelResult::whole_ratio)];
    for (name, ratio) in all {
        let mut bars: Vec<Bar> = report
            .columns
            .iter()
            .filter(|c| c.id != REFERENCE)
            .filter_map(|c| {
                let (value, _) = report.mean(&c.id, ratio)?;
                Some(Bar { label: c.title.clone(), value, colour: colour(report, &c.id) })
            })
            .collect();
        if bars.is_empty() {
            continue;
        }
        bars.sort_by(|a, b| a.value.total_cmp(&b.value));
        let about = "Geometric mean of processor time as a multiple of gcc -O2's, over the kernels that each runs; smaller is faster, \
                     the dashed line is gcc";
        let _ = write!(
            html,
            "<h2>{name}</h2>\n<figure>\n{}<figcaption>{about}.</figcaption>\n</figure>\n",
            svg::bars(name, about, &bars)
        );
    }
}

fn peaks(report: &Report, html: &mut String) {
    html.push_str("<h2>Full speed by kernel</h2>\n<p>Time as a multiple of gcc -O2's, on a logarithmic axis; those first where HotspotVM loses most.</p>\n<div class=\"charts\">\n");
    for result in report.losses_first() {
        let bars: Vec<Bar> = report
            .columns
            .iter()
            .filter(|c| c.id != REFERENCE)
            .filter_map(|c| {
                let value = result.peak_ratio(&c.id)?;
                Some(Bar { label: c.title.clone(), value, colour: colour(report, &c.id) })
            })
            .collect();
        let name = &result.kernel.name;
        let about = "Processor time at full speed as a multiple of gcc's";
        let _ = write!(
            html,
            "<figure>\n<h3>{}</h3>\n{}<figcaption>{}</figcaption>\n</figure>\n",
            escape(name),
            svg::bars(name, about, &bars),
            escape(&result.kernel.about)
        );
    }
    html.push_str("</div>\n");
}

fn warmups(report: &Report, html: &mut String) {
    if report.curves.is_empty() {
        return;
    }
    html.push_str(
        "<h2>Warm-up</h2>\n<p>Speed over the time since the process started: 1, the dashed line, is gcc's full speed. A curve starts when a \
         process has done its first work, and rises when compiled code takes over. Dots are measured; where speed seems to drop again, the line takes the mean.</p>\n<div class=\"charts\">\n",
    );
    for result in report.losses_first() {
        let Some(curves) = report.curves.get(&result.kernel.name) else { continue };
        let name = &result.kernel.name;
        let about = "Speed as a multiple of gcc's full speed, over the time since the start of the process";
        let chart = svg::lines(name, about, &lines(report, curves));
        let _ = write!(html, "<figure>\n<h3>{}</h3>\n{chart}</figure>\n", escape(name));
    }
    html.push_str("</div>\n");
}

/// The curves relative to the reference's full speed; to the fastest one's, if the reference has none.
fn lines(report: &Report, curves: &[Curve]) -> Vec<Line> {
    let reference = curves.iter().find(|c| c.column == REFERENCE).map(|c| c.peak);
    let unit = reference.unwrap_or_else(|| curves.iter().map(|c| c.peak).fold(0.0, f64::max));
    let line = |curve: &Curve| Line {
        label: title(report, &curve.column).to_owned(),
        points: curve.points.iter().map(|p| (p.seconds, p.steady / unit)).collect(),
        marks: curve.points.iter().map(|p| (p.seconds, p.speed / unit)).collect(),
        colour: colour(report, &curve.column),
    };
    curves.iter().map(line).collect()
}

fn html_table(table: &Table, html: &mut String) {
    let class = if table.is_words { " class=\"words\"" } else { "" };
    let _ = write!(
        html,
        "<h3>{}</h3>\n<p>{}</p>\n<div class=\"scroll\">\n<table{class}>\n",
        escape(&table.title),
        escape(&table.about)
    );
    for (i, row) in table.rows.iter().enumerate() {
        let tag = if i == 0 { "th" } else { "td" };
        let scope = if i == 0 { " scope=\"col\"" } else { "" };
        let cells: String = row.iter().map(|c| format!("<{tag}{scope}>{}</{tag}>", escape(c))).collect();
        let _ = writeln!(html, "<tr>{cells}</tr>");
    }
    html.push_str("</table>\n</div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::report;

    #[test]
    fn the_page_stands_alone() {
        let html = page(&report());
        for outside in ["://", "<script", "src=", "href=", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains("A &lt;processor&gt;") && !html.contains("A <processor>"));
    }

    #[test]
    fn each_kernel_has_its_bars_and_each_curve_its_line() {
        let html = page(&report());
        // Two means and two kernels, and one warm-up.
        assert_eq!(html.matches("<svg").count(), 5);
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
        assert_eq!(html.matches("<polyline").count(), 2);
        assert!(html.contains("<title>Lua: 8.00</title>"));
    }

    #[test]
    fn every_colour_is_defined_for_light_and_dark() {
        for i in 0..COLOURS {
            assert_eq!(STYLE.matches(&format!("--c{i}: ")).count(), 2, "{i}");
        }
    }

    #[test]
    fn curves_are_relative_to_the_reference() {
        let report = report();
        let lines = lines(&report, &report.curves["alpha"]);
        assert_eq!(lines[0].points, [(0.01, 1e-3), (0.1, 1.0)]);
        assert_eq!(lines[1].colour, 0);
    }
}
