//! The payback ledger: what compiling each unit cost, and what it brought.
//!
//! It judges *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`, by the times of one run. A
//! unit replaces the tier below it, so what it saves is its instructions at that tier's time for an instruction, less
//! the time that it took. Invariant: nothing is said where less than [`ENOUGH`] was measured on either side, since what is
//! measured then is the clock, or fewer than [`ENOUGH_INSTRUCTIONS`]: that is a program's first steps, which are slower than
//! all others.

use hotspotvm::{Spot, Stats, Tier, UnitStats};
use serde::Serialize;

/// The shortest time that an average is made of, in nanoseconds.
pub(crate) const ENOUGH: u64 = 20_000;

/// The fewest instructions that an average is made of.
pub(crate) const ENOUGH_INSTRUCTIONS: u64 = 10_000;

/// What all units cost and brought.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Ledger {
    /// A row for each unit, in order of their numbers.
    pub(crate) rows: Vec<Row>,
    /// What compiling took, of all units together.
    pub(crate) compile_ns: u64,
    /// What the units saved that something can be said of, less what compiling them took; null if there are none.
    pub(crate) net_ns: Option<f64>,
    /// Units of which too little was measured to tell.
    pub(crate) untold: usize,
}

/// What one unit cost and brought.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The unit.
    pub(crate) unit: u32,
    /// Where it is entered.
    pub(crate) at: Spot,
    /// Its tier.
    pub(crate) tier: Tier,
    /// What compiling it took.
    pub(crate) compile_ns: u64,
    /// What is counted: rounds of loops, or, where there are none, entries.
    pub(crate) counts: Counted,
    /// How many of them it ran.
    pub(crate) rounds: u64,
    /// What it saved; null if too little was measured to tell.
    pub(crate) gain: Option<Gain>,
}

/// What is counted of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counted {
    /// Rounds of loops.
    Rounds,
    /// Entries from outside of compiled code.
    Entries,
}

/// What a unit saved, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Gain {
    /// The tier below, which would have run instead.
    pub(crate) below: Tier,
    /// What a round takes there.
    pub(crate) before_ns: f64,
    /// What a round takes in the unit.
    pub(crate) after_ns: f64,
    /// After how many rounds the unit has paid for itself; null if never.
    pub(crate) break_even: Option<u64>,
    /// What it saved in all, less what compiling took.
    pub(crate) net_ns: f64,
}

impl Ledger {
    /// The ledger of a run; without times there are no rows.
    pub(crate) fn new(stats: &Stats) -> Ledger {
        if stats.total_ns == 0 {
            return Ledger::default();
        }
        let rows: Vec<Row> = stats.units.iter().map(|unit| row(unit, stats)).collect();
        let gains = || rows.iter().filter_map(|row| row.gain);
        let net_ns = (gains().count() > 0).then(|| gains().map(|gain| gain.net_ns).sum());
        let untold = rows.iter().filter(|row| row.gain.is_none()).count();
        Ledger { compile_ns: stats.compile_ns, net_ns, untold, rows }
    }

    /// The row of a unit.
    pub(crate) fn row(&self, unit: u32) -> Option<&Row> {
        self.rows.iter().find(|row| row.unit == unit)
    }
}

fn row(unit: &UnitStats, stats: &Stats) -> Row {
    let (counts, rounds) = match unit.rounds {
        0 => (Counted::Entries, unit.entries),
        rounds => (Counted::Rounds, rounds),
    };
    let UnitStats { compile_ns, run_ns, instructions, tier, .. } = *unit;
    let enough = run_ns >= ENOUGH && instructions >= ENOUGH_INSTRUCTIONS && rounds > 0;
    let gain = below(unit, stats).filter(|_| enough).map(|(below, instruction)| {
        let instead = instructions as f64 * instruction;
        let (before_ns, after_ns) = (instead / rounds as f64, run_ns as f64 / rounds as f64);
        let saved = before_ns - after_ns;
        let break_even = (saved > 0.0).then(|| (compile_ns as f64 / saved).ceil().max(1.0) as u64);
        let net_ns = instead - run_ns as f64 - compile_ns as f64;
        Gain { below, before_ns, after_ns, break_even, net_ns }
    });
    Row { unit: unit.unit, at: unit.at.clone(), tier, compile_ns, counts, rounds, gain }
}

/// The tier below a unit, and what an instruction takes there, if enough was measured: baseline code of the same
/// function, or else of all functions, or else the interpreter.
fn below(unit: &UnitStats, stats: &Stats) -> Option<(Tier, f64)> {
    if unit.tier == Tier::Optimizing {
        let average = |of: &dyn Fn(&&UnitStats) -> bool| {
            let units = || stats.units.iter().filter(|u| u.tier == Tier::Baseline).filter(of);
            let (ns, n) = units().fold((0, 0), |(ns, n), u| (ns + u.run_ns, n + u.instructions));
            (ns >= ENOUGH && n >= ENOUGH_INSTRUCTIONS).then(|| (Tier::Baseline, ns as f64 / n as f64))
        };
        let its_own = average(&|u| u.at.function == unit.at.function);
        if let Some(known) = its_own.or_else(|| average(&|_| true)) {
            return Some(known);
        }
    }
    let (ns, n) = (stats.interpreter_ns, stats.interpreter_instructions);
    (ns >= ENOUGH && n >= ENOUGH_INSTRUCTIONS).then(|| (Tier::Interpreter, ns as f64 / n as f64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hotspotvm::UnitKind;

    fn unit(tier: Tier, rounds: u64, instructions: u64, run_ns: u64, compile_ns: u64) -> UnitStats {
        let at = Spot { function: "main".into(), pc: 0, line: None };
        UnitStats {
            unit: 1,
            at,
            tier,
            kind: UnitKind::Region,
            entries: 2,
            rounds,
            instructions,
            run_ns,
            compile_ns,
        }
    }

    fn ledger(units: Vec<UnitStats>) -> Ledger {
        let (interpreter_ns, interpreter_instructions) = (1_000_000, 100_000);
        Ledger::new(&Stats {
            total_ns: 1,
            interpreter_ns,
            interpreter_instructions,
            units,
            ..Stats::default()
        })
    }

    #[test]
    fn a_unit_pays_for_itself_by_what_its_rounds_save() {
        // The interpreter takes 10 ns for an instruction, 50 for a round of 5; the unit takes 30 for a round.
        let ledger = ledger(vec![unit(Tier::Baseline, 10_000, 50_000, 300_000, 5_010)]);
        let gain = ledger.rows[0].gain.unwrap();
        assert_eq!((gain.before_ns, gain.after_ns, gain.break_even), (50.0, 30.0, Some(251)));
        assert_eq!((gain.net_ns, gain.below), (10_000.0 * 20.0 - 5_010.0, Tier::Interpreter));
        assert_eq!(ledger.net_ns, Some(gain.net_ns));
    }

    #[test]
    fn an_optimized_unit_is_compared_with_baseline_code() {
        let baseline = unit(Tier::Baseline, 1_000, 10_000, 20_000, 100);
        let ledger = ledger(vec![baseline, unit(Tier::Optimizing, 1_000, 10_000, 30_000, 100)]);
        let gain = ledger.rows[1].gain.unwrap();
        assert_eq!((gain.below, gain.before_ns, gain.after_ns), (Tier::Baseline, 20.0, 30.0));
        assert_eq!((gain.break_even, gain.net_ns), (None, -10_100.0));
    }

    #[test]
    fn of_too_little_nothing_is_said() {
        let short = ledger(vec![unit(Tier::Baseline, 10_000, 50_000, ENOUGH - 1, 100)]);
        assert!(short.rows[0].gain.is_none() && short.net_ns.is_none() && short.untold == 1);
        // The first steps of a program say nothing of its pace.
        let few = ledger(vec![unit(Tier::Baseline, 100, ENOUGH_INSTRUCTIONS - 1, 10 * ENOUGH, 100)]);
        assert!(few.rows[0].gain.is_none());
        assert!(Ledger::new(&Stats::default()).rows.is_empty());
    }
}
