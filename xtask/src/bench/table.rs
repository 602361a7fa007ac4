//! The results as tables: for a terminal, and for Markdown.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Invariant:
//! both forms have the same cells; what was not measured is a dash, what was computed from a smaller size has a `~`,
//! what printed something wrong says so.

use super::measure::{Cell, KernelResult, Ratio};
use super::peers::{OURS, REFERENCE};
use super::report::Report;
use super::stats::geomean;
use std::fmt::Write as _;

/// A table: a title, a sentence about it, and rows, of which the first has the titles of the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// What the numbers mean.
    pub about: String,
    /// Its rows, each as long as the first.
    pub rows: Vec<Vec<String>>,
    /// Whether the cells are words, which stand to the left; else all but the first of a row are numbers.
    pub is_words: bool,
}

impl Table {
    fn new(title: &str, about: &str, head: Vec<String>) -> Table {
        Table { title: title.to_owned(), about: about.to_owned(), rows: vec![head], is_words: false }
    }

    /// For a terminal: columns of equal width, words to the left and numbers to the right.
    pub fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |i: usize| {
            self.rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = format!("{}\n{}\n\n", self.title, self.about);
        for row in &self.rows {
            let mut line = String::new();
            for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match (i, self.is_words) {
                    (0, _) => write!(line, "{cell:<width$}"),
                    (_, true) => write!(line, "  {cell:<width$}"),
                    (_, false) => write!(line, "  {cell:>width$}"),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// For Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n\n", self.title, self.about);
        for (i, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|c| c.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
            if i == 0 {
                let rule = if self.is_words { "|---" } else { "|---:" };
                let _ = writeln!(text, "|---{}|", rule.repeat(row.len().saturating_sub(1)));
            }
        }
        text
    }
}

/// All tables of a report. Those with nothing in them are left out.
pub fn tables(report: &Report) -> Vec<Table> {
    let all = [
        ratios(
            report,
            "Full speed",
            "Processor time at full speed as a multiple of gcc's, whose own is in the first column; the half distance between quartiles of ours \
             in the second. Starting and warming up are not in it.",
            KernelResult::peak_ratio,
            true,
        ),
        ratios(
            report,
            "Whole process",
            "Processor time of the whole process, on all threads, as a multiple of gcc's: with starting, reading, compiling while it runs and warming up.",
            KernelResult::whole_ratio,
            false,
        ),
        limits(report),
        warmup(report),
        compiling(report),
        startup(report),
        memory(report),
        field(report),
    ];
    all.into_iter().filter(|t| t.rows.len() > 1).collect()
}

fn ratios(report: &Report, title: &str, about: &str, ratio: Ratio, is_peak: bool) -> Table {
    let others: Vec<_> = report.columns.iter().filter(|c| c.id != REFERENCE).collect();
    let mut head = vec!["kernel".to_owned(), "gcc".to_owned()];
    if is_peak {
        head.push("±".to_owned());
    }
    head.extend(others.iter().map(|c| c.title.clone()));
    let mut table = Table::new(title, about, head);
    for result in report.losses_first() {
        let reference = result.measured(REFERENCE);
        let time = reference.and_then(|m| if is_peak { m.peak() } else { m.whole() });
        let mut row = vec![result.kernel.name.clone(), time.map_or("-".to_owned(), seconds)];
        if is_peak {
            let spread = result.measured(OURS).and_then(|m| m.peak_spread());
            row.push(spread.map_or("-".to_owned(), |s| format!("{:.0} %", s * 100.0)));
        }
        row.extend(others.iter().map(|c| cell(result, &c.id, ratio)));
        table.rows.push(row);
    }
    if table.rows.len() > 1 {
        let mut row = vec!["geometric mean".to_owned()];
        row.resize(if is_peak { 3 } else { 2 }, String::new());
        let all = report.kernels.len();
        row.extend(others.iter().map(|c| match report.mean(&c.id, ratio) {
            Some((mean, count)) if count == all => factor(mean),
            Some((mean, count)) => format!("{} ({count})", factor(mean)),
            None => "-".to_owned(),
        }));
        table.rows.push(row);
        if others.iter().any(|c| report.mean(&c.id, ratio).is_some_and(|m| m.1 < all)) {
            let mut row = vec!["HotspotVM on the same kernels".to_owned()];
            row.resize(if is_peak { 3 } else { 2 }, String::new());
            row.extend(others.iter().map(|c| {
                let both: Vec<f64> = report
                    .kernels
                    .iter()
                    .filter(|k| ratio(k, &c.id).is_some())
                    .filter_map(|k| ratio(k, OURS))
                    .collect();
                geomean(&both).map_or("-".to_owned(), factor)
            }));
            table.rows.push(row);
        }
    }
    table
}

fn cell(result: &KernelResult, column: &str, ratio: Ratio) -> String {
    match result.cells.get(column) {
        Some(Cell::Measured(measured)) => match ratio(result, column) {
            Some(value) if measured.is_scaled() => format!("~{}", factor(value)),
            Some(value) => factor(value),
            None => "noise".to_owned(),
        },
        Some(Cell::Wrong(_)) => "wrong".to_owned(),
        Some(Cell::None(_)) | None => "-".to_owned(),
    }
}

fn limits(report: &Report) -> Table {
    let about = "Cycles a round at full speed, beside the operations of a round that must wait for those of the round before: whatever the \
                 code, it can't be faster than these.";
    let head = ["kernel", "limit", "gcc", "HotspotVM", "what waits"];
    let mut table = Table::new("Physical limits", about, head.map(str::to_owned).to_vec());
    for result in report.losses_first() {
        let (Some(chain), Some(cycle)) = (&result.kernel.chain, report.cycle) else { continue };
        let rounds = (result.sizes.1 - result.sizes.0) as f64;
        let cycles = |id: &str| {
            let peak = result.measured(id).and_then(|m| m.peak());
            peak.map_or("-".to_owned(), |p| format!("{:.1}", p / rounds / cycle))
        };
        let limit = format!("{:.1}", chain.cycles);
        let row =
            vec![result.kernel.name.clone(), limit, cycles(REFERENCE), cycles(OURS), chain.about.clone()];
        table.rows.push(row);
    }
    table
}

fn warmup(report: &Report) -> Table {
    let about = "Milliseconds of processor time from the start of the process until it is as fast as 95 % of its full speed; `late` where the last sizes were still \
                 gaining. Then: after how many instructions, and how many microseconds of running, a run of HotspotVM with compiling is no slower than without.";
    let mut columns: Vec<&str> = Vec::new();
    for curve in report.curves.values().flatten() {
        if !columns.contains(&curve.column.as_str()) {
            columns.push(&curve.column);
        }
    }
    let title = |id: &&str| {
        report.columns.iter().find(|c| c.id == **id).map_or((*id).to_owned(), |c| c.title.clone())
    };
    let mut head = vec!["kernel".to_owned()];
    head.extend(columns.iter().map(title));
    head.extend(["breaks even at".to_owned(), "µs".to_owned()]);
    let mut table = Table::new("Warm-up", about, head);
    for result in report.losses_first() {
        let name = &result.kernel.name;
        let curves = report.curves.get(name);
        if curves.is_none() && !report.break_even.contains_key(name) {
            continue;
        }
        let mut row = vec![name.clone()];
        row.extend(columns.iter().map(|id| {
            let curve = curves.into_iter().flatten().find(|c| c.column == *id);
            curve.map_or("-".to_owned(), |c| {
                c.settled.map_or("late".to_owned(), |s| format!("{:.1}", s * 1e3))
            })
        }));
        row.extend(match report.break_even.get(name) {
            Some(Some(even)) => [count(even.work), format!("{:.0}", even.seconds * 1e6)],
            Some(None) => ["not yet".to_owned(), "-".to_owned()],
            None => ["-".to_owned(), "-".to_owned()],
        });
        table.rows.push(row);
    }
    table
}

fn compiling(report: &Report) -> Table {
    let about = "What HotspotVM compiles in a run of the quick size: bytecode instructions by tier, microseconds for each, machine code at the end, deoptimisations.";
    let head = ["kernel", "baseline", "µs each", "optimizing", "µs each", "code bytes", "deopts"];
    let mut table = Table::new("Compiling", about, head.map(str::to_owned).to_vec());
    for result in report.losses_first() {
        let Some(cost) = report.compiling.get(&result.kernel.name) else { continue };
        let mut row = vec![result.kernel.name.clone()];
        for tier in ["baseline", "optimizing"] {
            let tier = cost.tiers.get(tier).filter(|t| t.instructions > 0);
            let each = |t: &super::ours::TierCost| format!("{:.2}", t.seconds * 1e6 / t.instructions as f64);
            row.push(tier.map_or("0".to_owned(), |t| t.instructions.to_string()));
            row.push(tier.map_or("-".to_owned(), each));
        }
        row.extend([cost.code_bytes.to_string(), cost.deopts.to_string()]);
        table.rows.push(row);
    }
    table
}

fn startup(report: &Report) -> Table {
    let about = "A process that does nothing, and one that says hello: milliseconds of wall-clock time, of processor time, and MiB of memory at most.";
    let head = ["", "empty ms", "cpu", "MiB", "hello ms", "cpu", "MiB"];
    let mut table = Table::new("Starting", about, head.map(str::to_owned).to_vec());
    for column in &report.columns {
        let of = |program: &str| report.starts.iter().find(|s| s.program == program && s.column == column.id);
        let (empty, hello) = (of("empty"), of("hello"));
        if empty.is_none() && hello.is_none() {
            continue;
        }
        let mut row = vec![column.title.clone()];
        for start in [empty, hello] {
            row.extend(match start {
                Some(s) => [
                    format!("{:.1}", s.usage.wall * 1e3),
                    format!("{:.1}", s.usage.cpu * 1e3),
                    mebibytes(s.usage.memory as f64),
                ],
                None => [const { String::new() }; 3].map(|_| "-".to_owned()),
            });
        }
        table.rows.push(row);
    }
    table
}

fn memory(report: &Report) -> Table {
    const ABOUT: &str = "The most that was resident at one time, in MiB. Linux counts at least what the process that started the program needed: \
                         about 3 MiB cannot be told from less.";
    let head = std::iter::once("kernel".to_owned()).chain(report.columns.iter().map(|c| c.title.clone()));
    let mut table = Table::new("Memory", ABOUT, head.collect());
    for result in report.losses_first() {
        let mut row = vec![result.kernel.name.clone()];
        row.extend(
            report
                .columns
                .iter()
                .map(|c| result.measured(&c.id).and_then(|m| m.memory()).map_or("-".to_owned(), mebibytes)),
        );
        table.rows.push(row);
    }
    table
}

fn field(report: &Report) -> Table {
    let head = ["column", "version", "options"].map(str::to_owned).to_vec();
    let mut table = Table { is_words: true, ..Table::new("Who took part", &machine(report), head) };
    for column in &report.columns {
        table.rows.push(vec![column.title.clone(), column.version.clone(), column.flags.clone()]);
    }
    for missing in &report.missing {
        table.rows.push(vec![missing.id.clone(), "left out".to_owned(), missing.reason.clone()]);
    }
    table
}

/// Where and how it was measured, in a sentence or two.
pub fn machine(report: &Report) -> String {
    let machine = &report.machine;
    format!(
        "On {} ({} cores; pinned to core {}), {}; HotspotVM at revision {}; by `{}`.",
        machine.processor, machine.cores, machine.core, machine.system, machine.revision, report.command
    )
}

/// A ratio: three digits, or whole if it is large.
pub fn factor(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{:.0} ms", value * 1e3) } else { format!("{value:.2} s") }
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

/// A count, with its digits in groups of three.
pub fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = {
        let first = digits.len() % 3;
        let (head, rest) = digits.split_at(first);
        let rest = (0..rest.len() / 3).map(|i| &rest[i * 3..i * 3 + 3]);
        std::iter::once(head).filter(|h| !h.is_empty()).chain(rest).collect()
    };
    groups.join(",")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::bench::kernels::Chain;
    use crate::bench::measure::Scale;
    use crate::bench::report::tests::report;

    fn find(title: &str) -> Table {
        tables(&report()).into_iter().find(|t| t.title == title).unwrap()
    }

    #[test]
    fn losses_come_first_and_means_last() {
        let rows = find("Full speed").rows;
        assert_eq!(rows[0], ["kernel", "gcc", "±", "HotspotVM", "Lua"]);
        assert_eq!(rows[1], ["beta", "1.00 s", "-", "2.00", "-"]);
        assert_eq!(rows[2], ["alpha", "1.00 s", "-", "0.50", "8.00"]);
        assert_eq!(rows[3], ["geometric mean", "", "", "1.00", "8.00 (1)"]);
        // Lua has only the kernel that we win; what is compared with it has to be that one alone.
        assert_eq!(rows[4], ["HotspotVM on the same kernels", "", "", "1.00", "0.50"]);
    }

    #[test]
    fn wrong_and_scaled_results_are_marked() {
        let mut report = report();
        report.kernels[0].cells.insert("lua".to_owned(), Cell::Wrong("printed 1".to_owned()));
        if let Some(Cell::Measured(measured)) = report.kernels[0].cells.get_mut("hotspot") {
            measured.scaled = Some(Scale { peak: 4.0, whole: 4.0 });
        }
        let rows = &tables(&report)[0].rows;
        let alpha = rows.iter().find(|r| r[0] == "alpha").unwrap();
        assert_eq!(alpha[3..], ["~2.00", "wrong"]);
    }

    #[test]
    fn columns_line_up_on_a_terminal() {
        let text = find("Full speed").text();
        let lines: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!(lines[0], "kernel                            gcc  ±  HotspotVM       Lua");
        assert_eq!(lines[1], "beta                           1.00 s  -       2.00         -");
    }

    #[test]
    fn limits_are_in_cycles_a_round() {
        let mut report = report();
        let chain = Chain { cycles: 2.0, about: "an addition".to_owned() };
        report.kernels[1].kernel.chain = Some(chain);
        report.cycle = Some(0.25);
        // One round, from size 3 to size 4: a second for gcc, two for us.
        let limits = tables(&report).into_iter().find(|t| t.title == "Physical limits").unwrap();
        assert_eq!(
            limits.rows[1..],
            [["beta", "2.0", "4.0", "8.0", "an addition"].map(str::to_owned).to_vec()]
        );
    }

    #[test]
    fn markdown_has_a_rule_and_escapes_bars() {
        let mut table = Table::new("T", "About.", vec!["a".to_owned(), "b".to_owned()]);
        table.rows.push(vec!["x|y".to_owned(), "1".to_owned()]);
        assert_eq!(table.markdown(), "### T\n\nAbout.\n\n| a | b |\n|---|---:|\n| x\\|y | 1 |\n");
    }

    #[test]
    fn who_is_missing_is_said() {
        let rows = find("Who took part").rows;
        assert!(
            rows.contains(&["pypy", "left out", "pypy3 is not installed"].map(str::to_owned).to_vec()),
            "{rows:?}"
        );
    }

    #[test]
    fn numbers_have_as_many_digits_as_say_something() {
        assert_eq!([0.5, 9.994, 12.34, 1234.5].map(factor), ["0.50", "9.99", "12.3", "1234"]);
        assert_eq!([5.0, 999.0, 1000.0, 1_234_567.0].map(count), ["5", "999", "1,000", "1,234,567"]);
    }
}
