//! Charts as SVG: bars around a reference on a logarithmic axis, and lines over logarithmic time.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Colours are
//! classes (`c0`, `c1`, ...) that the page defines for light and dark. Invariants: each chart has a title and a
//! description for those who do not see it, and each mark says its value; all text is escaped; whatever the numbers
//! are, coordinates are finite.

use super::table::factor;
use std::fmt::Write as _;

/// Classes of colours that there are; further series start over.
pub const COLOURS: usize = 12;

/// A bar: what it stands for, its value, its colour.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The label before it.
    pub label: String,
    /// A positive value.
    pub value: f64,
    /// The number of its colour.
    pub colour: usize,
}

/// A line: what it stands for, its points, its colour.
#[derive(Clone, Debug)]
pub struct Line {
    /// The label in the legend.
    pub label: String,
    /// Where the line goes: positive pairs.
    pub points: Vec<(f64, f64)>,
    /// What was measured, as marks: positive pairs.
    pub marks: Vec<(f64, f64)>,
    /// The number of its colour.
    pub colour: usize,
}

/// Text as it may stand in HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A logarithmic axis: from values to places on the screen.
struct Axis {
    low: f64,
    high: f64,
    start: f64,
    length: f64,
}

impl Axis {
    /// An axis over all values, widened to ticks of 1, 2 and 5, from a place on over a length.
    fn over(values: impl Iterator<Item = f64>, start: f64, length: f64) -> Axis {
        let usable = values.filter(|v| v.is_finite() && *v > 0.0);
        let (low, high) = usable.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low <= high { (low, high) } else { (1.0, 1.0) };
        let ticks = ticks_around(low, high);
        let first = ticks.first().copied().unwrap_or(low);
        let last = ticks.last().copied().unwrap_or(high).max(first * 2.0);
        Axis { low: first, high: last, start, length }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.low } else { value.clamp(self.low, self.high) };
        self.start + self.length * (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
    }

    /// The marks: 1, 2 and 5 of each decade, or only 1 where there would be too many.
    fn ticks(&self) -> Vec<f64> {
        let all: Vec<f64> = ticks_around(self.low, self.high);
        if all.len() <= 8 {
            return all;
        }
        all.into_iter().filter(|t| (t.log10() - t.log10().round()).abs() < 1e-9).collect()
    }
}

/// The numbers 1, 2 and 5 times a power of ten from the last below a range to the first above it.
fn ticks_around(low: f64, high: f64) -> Vec<f64> {
    let from = low.log10().floor() as i32;
    let to = high.log10().ceil() as i32;
    let all: Vec<f64> = (from..=to).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(e))).collect();
    // A value on a tick may be off by a rounding error.
    let first = all.iter().rposition(|t| *t <= low * 1.000_001).unwrap_or(0);
    let last = all.iter().position(|t| *t >= high * 0.999_999).unwrap_or(all.len() - 1);
    all.get(first..=last).unwrap_or_default().to_vec()
}

fn open(svg: &mut String, width: f64, height: f64, title: &str, about: &str) {
    let _ = write!(
        svg,
        "<svg class=\"chart\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}. {}\">\n<title>{}</title>\n<desc>{}</desc>\n",
        escape(title),
        escape(about),
        escape(title),
        escape(about)
    );
}

/// Horizontal bars from the reference line at 1: to the left what is smaller, to the right what is larger. `unit`
/// follows the values.
pub fn bars(title: &str, about: &str, bars: &[Bar]) -> String {
    const LEFT: f64 = 110.0;
    const ROW: f64 = 18.0;
    const WIDTH: f64 = 640.0;
    let height = bars.len() as f64 * ROW + 26.0;
    let axis = Axis::over(bars.iter().map(|b| b.value).chain([1.0]), LEFT, WIDTH - LEFT - 60.0);
    let mut svg = String::new();
    open(&mut svg, WIDTH, height, title, about);
    for tick in axis.ticks() {
        let x = axis.place(tick);
        let class = if (tick - 1.0).abs() < 1e-9 { "reference" } else { "grid" };
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{:.1}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            height - 20.0,
            height - 6.0,
            tick_text(tick)
        );
    }
    for (i, bar) in bars.iter().enumerate() {
        let y = i as f64 * ROW + 2.0;
        let (one, end) = (axis.place(1.0), axis.place(bar.value));
        let (x, width) = (one.min(end), (end - one).abs().max(1.0));
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{label}</text><rect class=\"c{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\"><title>{label}: \
             {value}</title></rect><text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>",
            LEFT - 6.0,
            y + 11.0,
            bar.colour % COLOURS,
            ROW - 5.0,
            one.max(end) + 4.0,
            y + 11.0,
            label = escape(&bar.label),
            value = factor(bar.value),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Lines over logarithmic axes: time in seconds to the right, speed upwards, where 1 is the reference.
pub fn lines(title: &str, about: &str, lines: &[Line]) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 300.0;
    const LEFT: f64 = 50.0;
    const RIGHT: f64 = 120.0;
    let points = || lines.iter().flat_map(|l| l.points.iter().chain(&l.marks));
    let x = Axis::over(points().map(|p| p.0), LEFT, WIDTH - LEFT - RIGHT);
    let y = Axis::over(points().map(|p| p.1).chain([1.0]), HEIGHT - 30.0, -(HEIGHT - 42.0));
    let mut svg = String::new();
    open(&mut svg, WIDTH, HEIGHT, title, about);
    for tick in x.ticks() {
        let at = x.place(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"12\" y2=\"{:.1}\"/><text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>",
            HEIGHT - 30.0,
            HEIGHT - 14.0,
            time_text(tick)
        );
    }
    for tick in y.ticks() {
        let at = y.place(tick);
        let class = if (tick - 1.0).abs() < 1e-9 { "reference" } else { "grid" };
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            tick_text(tick)
        );
    }
    for (i, line) in lines.iter().enumerate() {
        let colour = line.colour % COLOURS;
        let place = |p: &(f64, f64)| (x.place(p.0), y.place(p.1));
        let path: Vec<String> =
            line.points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let label = escape(&line.label);
        let _ = writeln!(
            svg,
            "<polyline class=\"l{colour}\" points=\"{}\"><title>{label}</title></polyline>",
            path.join(" ")
        );
        for point in &line.marks {
            let (cx, cy) = place(point);
            let _ = writeln!(
                svg,
                "<circle class=\"c{colour}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"2.5\"><title>{label}: {} after {}</title></circle>",
                factor(point.1),
                time_text(point.0)
            );
        }
        let at = 22.0 + i as f64 * 18.0;
        let _ = writeln!(
            svg,
            "<rect class=\"c{colour}\" x=\"{:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\"/><text class=\"legend\" x=\"{:.1}\" y=\"{at:.1}\">{label}</text>",
            WIDTH - RIGHT + 12.0,
            at - 9.0,
            WIDTH - RIGHT + 27.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A tick without digits that say nothing.
fn tick_text(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn time_text(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{} s", tick_text((s * 100.0).round() / 100.0)),
        s if s >= 1e-3 => format!("{} ms", tick_text((s * 1e5).round() / 100.0)),
        s => format!("{} µs", tick_text((s * 1e8).round() / 100.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar { label: label.to_owned(), value, colour: 0 }
    }

    /// The value of an attribute in each element that has the class.
    fn attribute(svg: &str, class: &str, name: &str) -> Vec<f64> {
        let elements = svg.split('<').filter(|e| e.contains(&format!("class=\"{class}\"")));
        let value = |e: &str| e.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok();
        elements.filter_map(value).collect()
    }

    #[test]
    fn bars_lie_on_their_side_of_the_reference() {
        let svg = bars("T", "A", &[bar("half", 0.5), bar("ten", 10.0)]);
        let reference = attribute(&svg, "reference", "x1")[0];
        let (x, width) = (attribute(&svg, "c0", "x"), attribute(&svg, "c0", "width"));
        assert!((x[0] + width[0] - reference).abs() < 0.2, "{svg}");
        assert!((x[1] - reference).abs() < 0.2, "{svg}");
        // On a logarithmic axis: log 10 / log 2 times as long.
        assert!((width[1] / width[0] - 10f64.ln() / 2f64.ln()).abs() < 0.02, "{width:?}");
    }

    #[test]
    fn ticks_are_round_and_around_the_values() {
        assert_eq!(ticks_around(0.3, 7.0).len(), 6);
        assert_eq!(ticks_around(1.0, 10.0), [1.0, 2.0, 5.0, 10.0]);
        let wide = Axis::over([0.001, 1000.0].into_iter(), 0.0, 1.0).ticks();
        assert_eq!(wide.len(), 7, "{wide:?}");
    }

    #[test]
    fn no_number_breaks_a_chart() {
        let values = [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-300];
        let line = Line {
            label: "x".to_owned(),
            points: values.map(|v| (v, v)).to_vec(),
            marks: values.map(|v| (v, -v)).to_vec(),
            colour: 99,
        };
        let all: Vec<Bar> = values.map(|v| bar("x", v)).to_vec();
        for svg in [lines("T", "A", &[line]), bars("T", "A", &all), bars("T", "A", &[]), lines("T", "A", &[])]
        {
            for place in [" x=\"", " cx=\"", " cy=\"", " y1=\"", " width=\""] {
                for value in svg.split(place).skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{place}{value}");
                }
            }
        }
    }

    #[test]
    fn text_is_escaped_and_there_is_some_for_readers() {
        let svg = bars("a<b", "\"c\" & d", &[bar("<script>", 2.0)]);
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;: 2.00"));
        assert!(svg.contains("role=\"img\" aria-label=\"a&lt;b. &quot;c&quot; &amp; d\""), "{svg}");
    }

    #[test]
    fn times_have_units() {
        assert_eq!([2.0, 0.05, 0.0012, 2e-5].map(time_text), ["2 s", "50 ms", "1.2 ms", "20 µs"]);
    }
}
