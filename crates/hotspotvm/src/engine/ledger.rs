//! What each unit of code cost and did: kept by number while the program runs, told at its end.

use crate::abi::vm::Vm;
use crate::event::{Spot, UnitKind};
use crate::options::Tier;
use crate::stats::UnitStats;

/// The counts of one unit.
#[derive(Clone, Copy, Debug)]
struct Counts {
    function: u32,
    pc: u32,
    tier: Tier,
    kind: UnitKind,
    /// It was installed, some time.
    installed: bool,
    entries: u64,
    rounds: u64,
    instructions: u64,
    run_ns: u64,
    compile_ns: u64,
}

/// The counts of all units, by their numbers. It grows with what is compiled, never with what is run.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    units: Vec<Option<Counts>>,
}

impl Ledger {
    /// Compiling a unit begins, to be entered at this function and pc.
    pub fn started(&mut self, id: u32, (function, pc): (u32, u32), tier: Tier, kind: UnitKind) {
        if self.units.len() <= id as usize {
            self.units.resize(id as usize + 1, None);
        }
        self.units[id as usize] = Some(Counts {
            function,
            pc,
            tier,
            kind,
            installed: false,
            entries: 0,
            rounds: 0,
            instructions: 0,
            run_ns: 0,
            compile_ns: 0,
        });
    }

    /// Compiling a unit has succeeded, in so many nanoseconds.
    pub fn made(&mut self, id: u32, compile_ns: u64) {
        if let Some(counts) = self.counts(id) {
            (counts.installed, counts.compile_ns) = (true, compile_ns);
        }
    }

    /// A unit was entered, and control has left after so many rounds and nanoseconds.
    pub fn entered(&mut self, id: u32, rounds: u64, run_ns: u64) {
        if let Some(counts) = self.counts(id) {
            counts.entries += 1;
            counts.rounds += rounds;
            counts.run_ns += run_ns;
        }
    }

    /// A unit has executed so many instructions, and so many that were counted before it has not.
    pub fn executed(&mut self, id: u32, instructions: u64, not_executed: u64) {
        if let Some(counts) = self.counts(id) {
            counts.instructions = (counts.instructions + instructions).saturating_sub(not_executed);
        }
    }

    /// What was counted, of units that were installed.
    pub fn finish(self, vm: &Vm) -> Vec<UnitStats> {
        let units = self.units.into_iter().enumerate();
        let installed = units.filter_map(|(id, counts)| Some((id as u32, counts.filter(|c| c.installed)?)));
        installed
            .map(|(unit, counts)| UnitStats {
                unit,
                at: Spot::of(vm, counts.function, counts.pc),
                tier: counts.tier,
                kind: counts.kind,
                entries: counts.entries,
                rounds: counts.rounds,
                instructions: counts.instructions,
                run_ns: counts.run_ns,
                compile_ns: counts.compile_ns,
            })
            .collect()
    }

    fn counts(&mut self, id: u32) -> Option<&mut Counts> {
        self.units.get_mut(id as usize)?.as_mut()
    }
}
