//! **Stage 1, profile:** counters and type feedback. Plain data that the interpreter writes and others read.
//!
//! - A [`Site`] per pc counts how often control *transferred* there. Nothing is counted per instruction:
//!   how often any instruction ran follows from the runs that pass through it ([`executions`]).
//! - A [`Feedback`] per instruction remembers which kinds of operands it has seen. Bits are only ever added.

use bytecode::Inst;

/// Where control can arrive: counts, triggers and the price of the run that starts here. 32 bytes, so that finding one is a
/// shift; counters run down to a trigger, so that counting and asking are one instruction.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Site {
    /// Arrivals by falling into a branch's other side, a forward jump or a call, in every tier that counts.
    pub runs: u64,
    /// Backward arrivals so far, plus what the two counters below still have to go.
    back_total: u64,
    /// Fuel for the run that starts here.
    pub cost: u32,
    /// Backward arrivals in the interpreter until it asks what to do. Never 0 but at the trigger.
    left: u32,
    /// The same in baseline code.
    baseline_left: u32,
    /// Arrivals by a call, in every tier that counts, until it is asked what to do. Only a function's entry counts them.
    entry_left: u32,
}

/// A trigger that is practically never reached; one that is gets armed again.
pub const NEVER: u32 = u32::MAX;

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

/// How control arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By a forward jump or a branch's other side.
    Forward,
    /// By a backward jump.
    Back,
    /// By a call.
    Call,
}

impl Site {
    /// Where baseline code finds the counter of calls.
    pub const ENTRY_LEFT: usize = std::mem::offset_of!(Site, entry_left);
    /// Where baseline code finds its counter of backward arrivals.
    pub const BASELINE_LEFT: usize = std::mem::offset_of!(Site, baseline_left);

    /// A site that nothing has reached, for a run of this cost.
    pub fn new(cost: u32) -> Site {
        Site {
            runs: 0,
            back_total: 2 * u64::from(NEVER),
            cost,
            left: NEVER,
            baseline_left: NEVER,
            entry_left: NEVER,
        }
    }

    /// Charges and counts one arrival. The only definition of what a transfer of control does in the interpreter.
    #[inline(always)]
    pub fn arrive(&mut self, how: How, fuel: &mut i64) -> Arrival {
        let left = *fuel - i64::from(self.cost);
        if left < 0 {
            return Arrival::Slice;
        }
        *fuel = left;
        let counter = match how {
            How::Forward => {
                self.runs += 1;
                return Arrival::Go;
            }
            How::Back => &mut self.left,
            How::Call => {
                self.runs += 1;
                &mut self.entry_left
            }
        };
        *counter = counter.wrapping_sub(1);
        if *counter == 0 { Arrival::Trigger } else { Arrival::Go }
    }

    /// Backward arrivals so far, in every tier that counts.
    pub fn back_edges(&self) -> u64 {
        self.back_total - u64::from(self.left) - u64::from(self.baseline_left)
    }

    /// Has the interpreter ask after so many more backward arrivals, at least 1.
    pub fn ask_after_back_edges(&mut self, arrivals: u32) {
        self.back_total = self.back_total - u64::from(self.left) + u64::from(arrivals.max(1));
        self.left = arrivals.max(1);
    }

    /// Has baseline code ask after so many more backward arrivals, at least 1.
    pub fn ask_baseline_after_back_edges(&mut self, arrivals: u32) {
        self.back_total = self.back_total - u64::from(self.baseline_left) + u64::from(arrivals.max(1));
        self.baseline_left = arrivals.max(1);
    }

    /// A backward arrival that the interpreter has counted counts towards the trigger of baseline code as well: whether
    /// it is reached.
    pub fn counts_for_baseline(&mut self) -> bool {
        let left = self.baseline_left.saturating_sub(1);
        self.back_total -= u64::from(self.baseline_left - left);
        self.baseline_left = left;
        left == 0
    }

    /// Backward arrivals in the interpreter until it asks what to do; [`NEVER`]: it does not.
    pub fn rounds_left(&self) -> u32 {
        self.left
    }

    /// The same in baseline code.
    pub fn baseline_rounds_left(&self) -> u32 {
        self.baseline_left
    }

    /// Calls until it is asked what to do; the same holds.
    pub fn calls_left(&self) -> u32 {
        self.entry_left
    }

    /// Whether the trigger of calls has been reached.
    pub fn calls_are_due(&self) -> bool {
        self.entry_left == 0
    }

    /// Has it asked after so many more calls, at least 1.
    pub fn ask_after_calls(&mut self, arrivals: u32) {
        self.entry_left = arrivals.max(1);
    }
}

/// How far back from an instruction [`executed`] looks for runs that pass through it.
const LOOK_BACK: usize = 256;

/// How often one instruction was executed, from the counts of the runs through it. What it costs does not grow with the
/// function: of a run that is longer than any that people write, the beginning is not looked at, and the answer may be
/// too low.
pub fn executed(code: &[Inst], sites: &[Site], pc: usize) -> u64 {
    let first = pc.saturating_sub(LOOK_BACK);
    let mut count = 0u64;
    for at in (first..=pc).rev() {
        if at < pc && code[at].op.transfers() {
            break;
        }
        count = count.saturating_add(sites[at].runs).saturating_add(sites[at].back_edges());
    }
    count
}

/// How often each instruction was executed, exactly. An instruction that raised an error was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// In all tiers: by function, then by pc.
    pub all: Vec<Vec<u64>>,
    /// Those of them that were executed in optimized code, or after an exit from it before the next transfer of control.
    pub optimized: Vec<Vec<u64>>,
}

/// How often each instruction was executed by the interpreter and in baseline code, from the counts of the runs through it.
pub fn executions(code: &[Inst], sites: &[Site]) -> Vec<u64> {
    counts_of_instructions(code, sites.iter().map(|site| site.runs.saturating_add(site.back_edges())))
}

/// How often each instruction was executed, by how often control arrived at it.
pub fn counts_of_instructions(code: &[Inst], arrivals: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut running = 0u64;
    let mut counts = Vec::with_capacity(code.len());
    for (inst, arrivals) in code.iter().zip(arrivals) {
        running = running.saturating_add(arrivals);
        counts.push(running);
        if inst.op.transfers() {
            running = 0;
        }
    }
    counts
}

/// What entering compiled code has cost and given, since it was last asked whether that pays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trial {
    /// How often it was entered.
    pub entries: u64,
    /// Instructions executed in it.
    pub instructions: u64,
    /// Values brought in and out.
    pub values: u64,
}

impl Trial {
    /// Instructions executed per entry.
    pub fn per_entry(&self) -> u64 {
        self.instructions / self.entries.max(1)
    }
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

    /// Whether it is one kind and no other.
    pub fn only(self) -> bool {
        self.0.is_power_of_two()
    }

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

    /// An operand was on the heap: an int of more than 48 bits, or no number at all.
    const LARGE: u16 = 1 << 9;

    /// The same, with an operand on the heap.
    pub const fn and_large(self) -> Feedback {
        Feedback(self.0 | Feedback::LARGE)
    }

    /// Whether an operand was on the heap.
    pub fn large(self) -> bool {
        self.0 & Feedback::LARGE != 0
    }

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
        let site = |runs, back_edges| {
            let mut site = Site::new(0);
            site.runs = runs;
            for _ in 0..back_edges {
                site.arrive(How::Back, &mut 0);
            }
            site
        };
        let mut sites = vec![site(0, 0); code.len()];
        sites[0] = site(1, 10);
        sites[3] = site(10, 0);
        sites[7] = site(1, 0);
        assert_eq!(executions(&code, &sites), [11, 11, 11, 10, 10, 10, 10, 1]);
        for (pc, &count) in executions(&code, &sites).iter().enumerate() {
            assert_eq!(executed(&code, &sites, pc), count, "pc {pc}");
        }
    }

    #[test]
    fn arriving_charges_all_or_nothing() {
        let mut site = Site::new(5);
        site.ask_after_back_edges(2);
        let mut fuel = 14;
        assert_eq!(site.arrive(How::Back, &mut fuel), Arrival::Go);
        assert_eq!(site.arrive(How::Back, &mut fuel), Arrival::Trigger);
        assert_eq!(site.arrive(How::Back, &mut fuel), Arrival::Slice);
        assert_eq!((fuel, site.back_edges()), (4, 2));
    }

    #[test]
    fn arming_keeps_the_counts() {
        let mut site = Site::new(1);
        let mut fuel = 100;
        for arrivals in [3, 1, NEVER, 7] {
            site.ask_after_back_edges(arrivals);
            site.ask_baseline_after_back_edges(arrivals);
            site.arrive(How::Back, &mut fuel);
        }
        assert_eq!(site.back_edges(), 4);
    }

    #[test]
    fn a_round_outside_of_baseline_code_brings_its_trigger_nearer() {
        let mut site = Site::new(1);
        let mut fuel = 100;
        site.ask_baseline_after_back_edges(3);
        let due = [(); 3].map(|()| {
            site.ask_after_back_edges(1);
            assert_eq!(site.arrive(How::Back, &mut fuel), Arrival::Trigger);
            site.counts_for_baseline()
        });
        assert_eq!((due, site.back_edges()), ([false, false, true], 3));
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
