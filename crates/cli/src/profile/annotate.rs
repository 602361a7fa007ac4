//! A profile for people and as JSON: tiers, functions, and the source with counts beside its lines.
//!
//! It shows what came out of `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants: the text
//! fits a screen unless more lines are asked for, and it says what it leaves out; counts are exact, times estimates,
//! and it says which is which.

use super::{Line, Profile, TIERS};
use crate::text::{self, Table, counted, duration, thousands};
use hotspotvm::bytecode::{FuncId, disasm};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How many functions are shown.
const FUNCTIONS: usize = 8;

/// `33.3 %`; nothing of nothing is a dash.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "-".to_owned();
    }
    match part as f64 * 100.0 / whole as f64 {
        tiny if tiny < 0.05 => "<0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

fn time(nanos: u64) -> String {
    if nanos == 0 { "-".to_owned() } else { duration(nanos as f64) }
}

/// The report: at most so many lines of source, those with most instructions or time. With `instructions`, each line's follow it.
pub(super) fn text(profile: &Profile<'_>, most: usize, instructions: bool) -> String {
    let (all, times) = (profile.instructions(), profile.times());
    let name = text::line(&profile.program.source_name);
    let mut out = format!(
        "{name}: {}, {} in code, {} in all\n\n",
        counted(all as usize, "instruction"),
        duration(times.all() as f64),
        duration(profile.stats.total_ns as f64)
    );
    tiers(profile, &mut out);
    functions(profile, &mut out);
    lines(profile, most, instructions, &mut out);
    out.push_str("\nCounts, and the time of each tier, are exact.\nThe time of a line is that of slices which ended there.\n");
    out
}

fn tiers(profile: &Profile<'_>, out: &mut String) {
    let (counts, times) = (profile.instructions_by_tier(), profile.times());
    let total = profile.stats.total_ns;
    let mut table = Table::new(&["tier", "instructions", "", "time", ""]);
    for tier in TIERS {
        let cells = [
            thousands(counts.of(tier)),
            percent(counts.of(tier), counts.all()),
            time(times.of(tier)),
            percent(times.of(tier), total),
        ];
        table.row(tier.name(), &cells);
    }
    let engine = total.saturating_sub(times.all());
    table.row("engine", &["-".to_owned(), "-".to_owned(), time(engine), percent(engine, total)]);
    let _ = writeln!(out, "{}", table.text());
}

fn functions(profile: &Profile<'_>, out: &mut String) {
    let (all, times) = (profile.instructions(), profile.functions());
    let in_code = profile.times().all();
    let mut rows: Vec<(u64, u64, usize)> = (0..times.len())
        .map(|f| (times[f].all(), profile.executed.all[f].iter().sum(), f))
        .filter(|&(nanos, executed, _)| nanos > 0 || executed > 0)
        .collect();
    rows.sort_by_key(|&(nanos, executed, f)| (std::cmp::Reverse((nanos, executed)), f));
    let mut table = Table::new(&["function", "instructions", "", "time", "", "mostly"]);
    for &(nanos, executed, f) in rows.iter().take(FUNCTIONS) {
        let tier = times[f].most().map_or("", |tier| tier.name());
        let cells = [
            thousands(executed),
            percent(executed, all),
            time(nanos),
            percent(nanos, in_code),
            tier.to_owned(),
        ];
        table.row(&text::line(profile.name(f as u32)), &cells);
    }
    out.push_str(&table.text());
    if rows.len() > FUNCTIONS {
        let _ = writeln!(out, "  and {} more", counted(rows.len() - FUNCTIONS, "function"));
    }
    out.push('\n');
}

/// The lines to show: those that matter most, and in front of each the one before it.
fn chosen(lines: &BTreeMap<u32, Line>, source: &[&str], most: usize) -> BTreeSet<u32> {
    let (instructions, nanos) =
        lines.values().fold((0, 0), |(a, b), line| (a + line.instructions, b + line.nanos.all()));
    let part = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let weight = |line: &Line| part(line.instructions, instructions).max(part(line.nanos.all(), nanos));
    let mut order: Vec<(u32, f64)> = lines.iter().map(|(&number, line)| (number, weight(line))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut chosen = BTreeSet::new();
    for (number, _) in order {
        for shown in [number, number.saturating_sub(1)] {
            if chosen.len() < most && shown > 0 && shown as usize <= source.len() {
                chosen.insert(shown);
            }
        }
    }
    chosen
}

fn lines(profile: &Profile<'_>, most: usize, instructions: bool, out: &mut String) {
    let lines = profile.lines();
    let source: Vec<&str> = profile.source.lines().collect();
    if source.is_empty() {
        for function in 0..profile.program.functions.len() as u32 {
            let _ = writeln!(out, "{}:", text::line(profile.name(function)));
            listing(profile, function, None, out);
        }
        return;
    }
    let (all, in_code) = (profile.instructions(), profile.times().all());
    let chosen = chosen(&lines, &source, most);
    let _ = writeln!(out, "{:>15} {:>7} {:>7} {:<11} {:>5}", "times", "instr.", "time", "tier", "line");
    let mut last = 0;
    for &number in &chosen {
        if number != last + 1 {
            let _ = writeln!(out, "{:>48}", "...");
        }
        last = number;
        let line = lines.get(&number).copied().unwrap_or_default();
        let times = if line.times == 0 { String::new() } else { thousands(line.times) };
        let share = |part, whole| if part == 0 { String::new() } else { percent(part, whole) };
        let row = format!(
            "{times:>15} {:>7} {:>7} {:<11} {number:>5}  {}",
            share(line.instructions, all),
            share(line.nanos.all(), in_code),
            line.tier(),
            text::line(source[number as usize - 1])
        );
        let _ = writeln!(out, "{}", row.trim_end());
        if instructions {
            for function in 0..profile.program.functions.len() as u32 {
                listing(profile, function, Some(number), out);
            }
        }
    }
    let shown: u64 = chosen.iter().filter_map(|number| lines.get(number)).map(|line| line.instructions).sum();
    if (last as usize) < source.len() {
        let _ = writeln!(out, "{:>48}", "...");
    }
    let _ = writeln!(
        out,
        "{} of {} lines, with {} of the instructions; `--lines` shows more",
        chosen.len(),
        thousands(source.len() as u64),
        percent(shown, all)
    );
}

/// The instructions of a function, or of one line of it, with their counts.
fn listing(profile: &Profile<'_>, function: u32, line: Option<u32>, out: &mut String) {
    let Some(code) = profile.program.functions.get(function as usize) else { return };
    for (pc, (&count, &of)) in profile.executed.all[function as usize].iter().zip(&code.lines).enumerate() {
        if line.is_none_or(|line| line == of) {
            let pc = pc as u32;
            let text = disasm::listing(profile.program, FuncId(function), pc..pc + 1);
            let _ = writeln!(out, "{:>15} {:>29}  {}", thousands(count), "", text::line(text.trim_end()));
        }
    }
}

/// The same as JSON, whole.
pub(super) fn json(profile: &Profile<'_>) -> Value {
    let by_tier = |times: super::Times| -> Value {
        TIERS.iter().map(|&tier| (tier.name().to_owned(), json!(times.of(tier)))).collect()
    };
    let own = profile.functions();
    let functions: Vec<Value> = profile
        .program
        .functions
        .iter()
        .enumerate()
        .map(|(f, function)| {
            json!({
                "name": function.name,
                "executed": profile.executed.all[f],
                "optimized": profile.executed.optimized[f],
                "lines": function.lines,
                "nanos": by_tier(own[f]),
            })
        })
        .collect();
    let lines: Vec<Value> = profile
        .lines()
        .iter()
        .map(|(number, line)| {
            json!({
                "line": number,
                "times": line.times,
                "instructions": line.instructions,
                "optimized": line.optimized,
                "nanos": by_tier(line.nanos),
            })
        })
        .collect();
    json!({
        "version": 1,
        "program": profile.program.source_name,
        "instructions": profile.instructions(),
        "instructions_by_tier": by_tier(profile.instructions_by_tier()),
        "nanos_by_tier": by_tier(profile.times()),
        "total_nanos": profile.stats.total_ns,
        "samples": profile.samples.iter().map(|sample| sample.count).sum::<u64>(),
        "functions": functions,
        "lines": lines,
    })
}
