//! **Stage 1, profile:** counters and type feedback. Plain data that the interpreter writes and others read.
//!
//! - A [`Site`] per pc counts how often control *transferred* there. Nothing is counted per instruction:
//!   how often any instruction ran follows from the runs that pass through it ([`executions`]).
//! - A [`Feedback`] per instruction remembers which kinds of operands it has seen. Bits are only ever added.

use bytecode::Inst;

/// Where control can arrive: counts, triggers and the price of the run that starts here.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Arrivals by falling into a branch's other side, a forward jump or a call.
    pub runs: u64,
    /// Arrivals by a backward jump.
    pub back_edges: u64,
    /// At how many backward arrivals the interpreter asks what to do.
    pub loop_trigger: u64,
    /// At how many other arrivals the interpreter asks what to do. Only function entries have one.
    pub entry_trigger: u64,
    /// Fuel for the run that starts here.
    pub cost: u32,
}

/// A trigger that is never reached.
pub const NEVER: u64 = u64::MAX;

/// What arriving at a site means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Go on there.
    Go,
    /// The fuel slice does not cover the run; nothing was counted or charged.
    Slice,
    /// Go on there, but ask first: a trigger is reached.
    Trigger,
}

impl Site {
    /// Charges and counts one arrival. The only definition of what a transfer of control does in the interpreter.
    #[inline(always)]
    pub fn arrive(&mut self, back_edge: bool, fuel: &mut i64) -> Arrival {
        let left = *fuel - i64::from(self.cost);
        if left < 0 {
            return Arrival::Slice;
        }
        *fuel = left;
        if back_edge {
            self.back_edges += 1;
            if self.back_edges >= self.loop_trigger { Arrival::Trigger } else { Arrival::Go }
        } else {
            self.runs += 1;
            if self.runs >= self.entry_trigger { Arrival::Trigger } else { Arrival::Go }
        }
    }
}

/// How often each instruction was executed by the interpreter, from the counts of the runs through it.
pub fn executions(code: &[Inst], sites: &[Site]) -> Vec<u64> {
    let mut running = 0u64;
    let mut counts = Vec::with_capacity(code.len());
    for (inst, site) in code.iter().zip(sites) {
        running = running.saturating_add(site.runs).saturating_add(site.back_edges);
        counts.push(running);
        if inst.op.transfers() {
            running = 0;
        }
    }
    counts
}

/// The kinds of operands that an instruction has seen, and whether its fast path has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Feedback(pub u16);

/// The kinds of one operand, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub u8);

impl Kinds {
    /// An int of at most 64 bits.
    pub const INT: Kinds = Kinds(1);
    /// A float.
    pub const FLOAT: Kinds = Kinds(2);
    /// A bool.
    pub const BOOL: Kinds = Kinds(4);
    /// Anything else.
    pub const OTHER: Kinds = Kinds(8);

    /// The kinds in words: `int|float`.
    pub fn describe(self) -> String {
        let names =
            [(Kinds::INT, "int"), (Kinds::FLOAT, "float"), (Kinds::BOOL, "bool"), (Kinds::OTHER, "other")];
        let seen: Vec<_> = names.iter().filter(|(k, _)| self.0 & k.0 != 0).map(|(_, n)| *n).collect();
        if seen.is_empty() { "nothing".to_string() } else { seen.join("|") }
    }
}

impl Feedback {
    /// Two small ints: the case that must cost least.
    pub const INTS: Feedback = Feedback::pair(Kinds::INT, Kinds::INT);
    /// A fast path on ints did not apply: overflow, or a shift out of range.
    pub const FAILED: Feedback = Feedback(1 << 8);

    /// Two operands of these kinds. An instruction with one operand uses the left one.
    pub const fn pair(left: Kinds, right: Kinds) -> Feedback {
        Feedback(left.0 as u16 | (right.0 as u16) << 4)
    }

    /// One operand of this kind.
    pub const fn single(kind: Kinds) -> Feedback {
        Feedback(kind.0 as u16)
    }

    /// Adds what was seen.
    #[inline(always)]
    pub fn record(&mut self, seen: Feedback) {
        self.0 |= seen.0;
    }

    /// The kinds of the left (or only) operand.
    pub fn left(self) -> Kinds {
        Kinds(self.0 as u8 & 0xF)
    }

    /// The kinds of the right operand.
    pub fn right(self) -> Kinds {
        Kinds((self.0 >> 4) as u8 & 0xF)
    }

    /// Whether a fast path on ints has failed.
    pub fn failed(self) -> bool {
        self.0 & Feedback::FAILED.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytecode::Op;

    #[test]
    fn counts_of_instructions_follow_from_counts_of_runs() {
        // The countdown: entered once at 0, then ten rounds.
        let ops =
            [Op::LoadLocal, Op::Dup, Op::JumpIfZero, Op::Push, Op::Sub, Op::StoreLocal, Op::Jump, Op::Halt];
        let code: Vec<Inst> = ops.iter().map(|&op| Inst::bare(op)).collect();
        let site =
            |runs, back_edges| Site { runs, back_edges, loop_trigger: NEVER, entry_trigger: NEVER, cost: 0 };
        let mut sites = vec![site(0, 0); code.len()];
        sites[0] = site(1, 10);
        sites[3] = site(10, 0);
        sites[7] = site(1, 0);
        assert_eq!(executions(&code, &sites), [11, 11, 11, 10, 10, 10, 10, 1]);
    }

    #[test]
    fn arriving_charges_all_or_nothing() {
        let mut site = Site { runs: 0, back_edges: 0, loop_trigger: 2, entry_trigger: NEVER, cost: 5 };
        let mut fuel = 14;
        assert_eq!(site.arrive(true, &mut fuel), Arrival::Go);
        assert_eq!(site.arrive(true, &mut fuel), Arrival::Trigger);
        assert_eq!(site.arrive(true, &mut fuel), Arrival::Slice);
        assert_eq!((fuel, site.back_edges), (4, 2));
    }

    #[test]
    fn feedback_only_grows() {
        let mut feedback = Feedback::default();
        feedback.record(Feedback::INTS);
        feedback.record(Feedback::pair(Kinds::FLOAT, Kinds::INT));
        assert_eq!(feedback.left().describe(), "int|float");
        assert_eq!(feedback.right(), Kinds::INT);
        assert!(!feedback.failed());
    }
}
