//! What `--stats` prints: counts and times of one run, and where assumptions were wrong.
//!
//! It looks at `profile -> detect -> compile -> cache -> execute -> deoptimise` from its end. Invariant: a factor is
//! told only where enough time stands behind both of its sides.

use crate::text::{self, counted, duration, thousands};
use hotspotvm::{Event, Stats};
use std::fmt::Write;

/// How many places are listed.
const PLACES: usize = 10;

/// Where compiled code was left, or could not be entered, because an assumption was wrong.
#[derive(Debug, Default)]
pub(crate) struct Misses(Vec<Miss>);

#[derive(Debug)]
struct Miss {
    place: String,
    /// What was there the first time.
    observed: String,
    count: u64,
}

impl Misses {
    /// Counts an event, if it is one of that kind.
    pub(crate) fn note(&mut self, event: &Event) {
        let (at, why, observed) = match event {
            Event::Deopt { at, reason, observed, .. } => (at, reason.words(), observed),
            Event::EntryMismatch { at, observed, .. } => (at, "not entered", observed),
            _ => return,
        };
        let line = at.line.map_or_else(String::new, |line| format!("line {line}, "));
        let place = text::line(&format!("{line}{at}: {why}"));
        match self.0.iter_mut().find(|miss| miss.place == place) {
            Some(miss) => miss.count += 1,
            None => self.0.push(Miss { place, observed: text::line(observed), count: 1 }),
        }
    }

    /// The places, those of the most misses first.
    fn text(&self) -> String {
        let mut misses: Vec<&Miss> = self.0.iter().collect();
        misses.sort_by_key(|miss| std::cmp::Reverse(miss.count));
        let mut out = String::new();
        for Miss { place, observed, count } in misses.iter().take(PLACES) {
            let observed = if observed.is_empty() { String::new() } else { format!(" ({observed})") };
            let _ = writeln!(out, "  {:>9} x  {place}{observed}", thousands(*count));
        }
        if misses.len() > PLACES {
            let _ = writeln!(out, "             and {} more", counted(misses.len() - PLACES, "place"));
        }
        out
    }
}

/// The table.
pub(crate) fn table(stats: &Stats, misses: &Misses) -> String {
    let rule = "=".repeat(50);
    let mut out = format!("JIT COMPILATION STATISTICS\n{rule}\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<28}{value:>22}");
    };
    row("Total compilations:", thousands(stats.compilations));
    row("JIT executions (rounds):", thousands(stats.jit_iterations));
    row("JIT instructions:", thousands(stats.jit_instructions));
    row("Interpreter executions:", thousands(stats.interpreter_instructions));
    if stats.total_ns > 0 {
        let or_dash = |n: u64, ns: f64| if n == 0 { "-".to_string() } else { duration(ns) };
        row("Avg JIT time/round:", or_dash(stats.jit_iterations, stats.ns_per_jit_iteration()));
        row("Avg JIT time/instr.:", or_dash(stats.jit_instructions, stats.ns_per_jit_instruction()));
        let interpreted = stats.interpreter_instructions;
        row("Avg interp time/instr.:", or_dash(interpreted, stats.ns_per_interpreter_instruction()));
        row("JIT time:", duration(stats.jit_ns as f64));
        row("Interpreter time:", duration(stats.interpreter_ns as f64));
        row("Speedup factor:", speedup(stats));
        row("Compile time:", duration(stats.compile_ns as f64));
        row("Total time:", duration(stats.total_ns as f64));
    }
    row("Code bytes:", thousands(stats.code_bytes));
    row("Fuel used:", thousands(stats.fuel_used));
    row("Entries, baseline code:", thousands(stats.baseline_entries));
    row("Entries, optimized code:", thousands(stats.jit_entries));
    row("Deoptimisations:", thousands(stats.deopts));
    for (reason, count) in stats.exits.iter() {
        row(&format!("  exits, {reason}:"), thousands(count));
    }
    if !misses.0.is_empty() {
        out.push_str("Wrong assumptions (what was there the first time):\n");
        out.push_str(&misses.text());
    }
    out.push_str(&rule);
    out.push('\n');
    out
}

/// The factor for an instruction, roughly: the two sides ran other instructions, and one run says nothing of the next.
fn speedup(stats: &Stats) -> String {
    match stats.speedup {
        Some(factor) if factor < 10.0 => format!("about {factor:.1}x"),
        Some(factor) => format!("about {factor:.0}x"),
        None if stats.jit_instructions == 0 || stats.interpreter_instructions == 0 => "-".to_string(),
        None => "too short to tell".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspotvm::event::Spot;

    #[test]
    fn wrong_assumptions_are_listed_by_place() {
        let mut misses = Misses::default();
        let miss = |line, observed: &str| Event::EntryMismatch {
            unit: 1,
            at: Spot { function: "main".into(), pc: 6, line },
            observed: observed.into(),
            count: 1,
        };
        misses.note(&miss(None, "x: int expected, found float"));
        for _ in 0..3 {
            misses.note(&miss(Some(12), "y: int expected, found str"));
        }
        misses.note(&Event::NoJit { why: hotspotvm::Reason::NoTemplates {} });
        assert_eq!(
            misses.text(),
            "          3 x  line 12, main pc 6: not entered (y: int expected, found str)\n          1 x  main pc 6: not entered \
             (x: int expected, found float)\n"
        );
    }

    #[test]
    fn factors_are_rounded_to_what_is_known() {
        let of = |speedup| {
            super::speedup(&Stats {
                speedup,
                jit_instructions: 1,
                interpreter_instructions: 1,
                ..Stats::default()
            })
        };
        assert_eq!(of(Some(3.146)), "about 3.1x");
        assert_eq!(of(Some(6590.3)), "about 6590x");
        assert_eq!(of(None), "too short to tell");
        assert_eq!(super::speedup(&Stats::default()), "-");
    }
}
