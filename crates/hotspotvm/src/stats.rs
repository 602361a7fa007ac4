//! What a run cost and where its time went.

use crate::event::{Spot, UnitKind};
use crate::options::Tier;
use ir::ExitReason;
use serde::Serialize;
use serde::ser::SerializeMap;

/// The shortest time that says how fast something is, in nanoseconds. Below it, what is measured is how long clocks, caches
/// and the system take.
pub const ENOUGH_NS: u64 = 1_000_000;

/// Counts of exits by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExitCounts([u64; ExitReason::ALL.len()]);

impl ExitCounts {
    /// Counts one.
    pub fn add(&mut self, reason: ExitReason) {
        self.0[reason as usize] += 1;
    }

    /// The count of a reason.
    pub fn get(&self, reason: ExitReason) -> u64 {
        self.0[reason as usize]
    }

    /// All reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (ExitReason, u64)> + '_ {
        ExitReason::ALL.into_iter().map(|r| (r, self.get(r))).filter(|(_, count)| *count > 0)
    }
}

impl Serialize for ExitCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (reason, count) in self.iter() {
            map.serialize_entry(reason.name(), &count)?;
        }
        map.end()
    }
}

/// Statistics of a run. Times are in nanoseconds and 0 unless [`crate::Options::timing`] was on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    /// How many units were compiled.
    pub compilations: u64,
    /// Rounds of loops run in compiled code: exact.
    pub jit_iterations: u64,
    /// Entries into baseline code.
    pub baseline_entries: u64,
    /// Entries into optimized code.
    pub jit_entries: u64,
    /// Instructions executed in compiled code: exact.
    pub jit_instructions: u64,
    /// Instructions executed by the interpreter: exact.
    pub interpreter_instructions: u64,
    /// Fuel used: instructions charged (an instruction that raised an error was charged with the rest of its run), and
    /// the size of big-number work.
    pub fuel_used: u64,
    /// Exits from compiled code, by reason.
    pub exits: ExitCounts,
    /// Of these, deoptimisations.
    pub deopts: u64,
    /// Units taken out of use.
    pub invalidations: u64,
    /// How often it was asked what to do about a place that keeps being reached.
    pub asked: u64,
    /// Units taken out to make room for others.
    pub evictions: u64,
    /// Bytes of machine code made.
    pub code_bytes: u64,
    /// Garbage collections.
    pub collections: u64,
    /// Time spent compiling.
    pub compile_ns: u64,
    /// Time spent in compiled code.
    pub jit_ns: u64,
    /// Time spent interpreting.
    pub interpreter_ns: u64,
    /// Whole time of the run.
    pub total_ns: u64,
    /// How many times faster an instruction ran in compiled code than in the interpreter, on average: not the same
    /// instructions, so only about. None unless both ran for [`ENOUGH_NS`].
    pub speedup: Option<f64>,
    /// What each unit of code that was installed cost and did, in order of their numbers.
    pub units: Vec<UnitStats>,
    /// How hot loops and functions are. Only with [`crate::Options::details`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceStats>,
}

/// What has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A function: calls are counted.
    Function,
    /// A loop: rounds are counted.
    Loop,
}

/// How hot a loop or a function is, as far as it was counted: in the interpreter and in baseline code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceStats {
    /// Where it begins.
    pub at: Spot,
    /// What it is.
    pub kind: PlaceKind,
    /// Its calls, or its rounds.
    pub arrivals: u64,
    /// Instructions executed in it, and in no loop within it.
    pub instructions: u64,
    /// After how many arrivals it is compiled for the baseline tier.
    pub hot_after: u64,
    /// After how many more it is optimized.
    pub optimized_after: u64,
}

/// What was counted and seen of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FunctionCounts {
    /// Its instructions, by pc.
    pub rows: Vec<InstructionCounts>,
}

/// What was counted and seen of an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InstructionCounts {
    /// How often it was executed, in the tiers that count.
    pub executed: u64,
    /// For each operand whose kind was looked at, the kinds seen: `int|float`.
    pub kinds: Vec<String>,
}

/// What one unit of code cost and did. Times are in nanoseconds and 0 unless [`crate::Options::timing`] was on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitStats {
    /// Its number in the log.
    pub unit: u32,
    /// Where it is entered.
    pub at: Spot,
    /// Its tier.
    pub tier: Tier,
    /// What was compiled as one.
    pub kind: UnitKind,
    /// How often it was entered from outside of compiled code.
    pub entries: u64,
    /// Rounds of loops from entering it until control left, in what it called too.
    pub rounds: u64,
    /// Instructions executed from entering it until control left, in what it called too.
    pub instructions: u64,
    /// Time from entering it until control left.
    pub run_ns: u64,
    /// Time spent compiling it.
    pub compile_ns: u64,
}

impl Stats {
    /// Average time of a round of a loop in compiled code, in nanoseconds.
    pub fn ns_per_jit_iteration(&self) -> f64 {
        ratio(self.jit_ns, self.jit_iterations)
    }

    /// Average time of an instruction in compiled code, in nanoseconds.
    pub fn ns_per_jit_instruction(&self) -> f64 {
        ratio(self.jit_ns, self.jit_instructions)
    }

    /// Average time of an interpreted instruction, in nanoseconds.
    pub fn ns_per_interpreter_instruction(&self) -> f64 {
        ratio(self.interpreter_ns, self.interpreter_instructions)
    }

    /// Derives what follows from the rest.
    pub(crate) fn finish(&mut self) {
        let (fast, slow) = (self.ns_per_jit_instruction(), self.ns_per_interpreter_instruction());
        let enough = self.jit_ns.min(self.interpreter_ns) >= ENOUGH_NS;
        self.speedup = (enough && fast > 0.0).then_some(slow / fast);
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// A whole number with a comma at every thousand.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A time, given in nanoseconds, with three digits and a fitting unit.
pub fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "us"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    match value {
        v if v < 10.0 => format!("{v:.2} {unit}"),
        v if v < 100.0 => format!("{v:.1} {unit}"),
        v => format!("{v:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speedup_needs_enough_time_on_both_sides() {
        let speedup = |interpreter_ns, jit_ns| {
            let mut stats = Stats {
                interpreter_ns,
                jit_ns,
                interpreter_instructions: 1_000,
                jit_instructions: 8_000,
                ..Stats::default()
            };
            stats.finish();
            stats.speedup
        };
        assert_eq!(speedup(ENOUGH_NS, 2 * ENOUGH_NS), Some(4.0));
        assert_eq!(speedup(ENOUGH_NS - 1, 2 * ENOUGH_NS), None);
        assert_eq!(speedup(2 * ENOUGH_NS, ENOUGH_NS - 1), None);
        assert_eq!(speedup(0, 0), None);
    }
}
