//! Where time goes: samples of what runs, in every tier.
//!
//! Written beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`; the engine looks at
//! the program whenever code hands over to it: at the end of each slice of fuel, and wherever control goes from one
//! tier to another. It gives the time since the code was entered to the place where the program stands then. So
//!
//! - interpreted and compiled frames, those of inlined calls too, are seen in the same way, without signals and without another thread;
//! - how much time each *tier* took is exact, to what reading the clock costs, and adds up to what [`crate::Stats`] says;
//! - how much time each *place* took is an estimate: the place is where control arrives when the slice ends, so an instruction that takes long
//!   shows at the next backward jump, branch or call after it, and slices end after so much fuel, not after so much time. Slices are of random
//!   length (the same in every run), so that no loop keeps step with them.

use crate::abi::vm::Vm;
use crate::options::Tier;
use std::collections::HashMap;

/// How many frames of a sample are kept, the innermost.
pub const MOST_FRAMES: usize = 128;

/// A frame of a sample: a function and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleFrame {
    /// The function.
    pub function: u32,
    /// The instruction: the call under way, or for the innermost frame the place where it was seen.
    pub pc: u32,
}

/// All samples that saw the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The tier of the code that had run.
    pub tier: Tier,
    /// The frames, innermost first.
    pub frames: Vec<SampleFrame>,
    /// Whether there were more frames, outside of these.
    pub cut: bool,
    /// The time that is given to them, in nanoseconds.
    pub nanos: u64,
    /// How many samples they are.
    pub count: u64,
}

/// What was seen: tier, frames from the innermost outwards, whether that is all of them.
type Seen = (Tier, bool, Vec<SampleFrame>);

/// Takes samples.
#[derive(Debug)]
pub(crate) struct Sampler {
    interval: i64,
    random: u64,
    seen: HashMap<Seen, (u64, u64)>,
    /// What is looked up, kept for its memory.
    now: Seen,
}

impl Sampler {
    /// One that has a look about every so much fuel.
    pub fn new(interval: u32) -> Sampler {
        let now = (Tier::Interpreter, false, Vec::new());
        Sampler {
            interval: i64::from(interval.max(2)),
            random: 0x9E37_79B9_7F4A_7C15,
            seen: HashMap::new(),
            now,
        }
    }

    /// How long the next slice is to be, in fuel: half to one and a half times the interval.
    pub fn next_slice(&mut self) -> i64 {
        // Marsaglia's xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.interval / 2 + (self.random % self.interval.unsigned_abs()) as i64
    }

    /// Code of a tier has run for this time, until control came to where the program stands now.
    pub fn take(&mut self, vm: &Vm, tier: Tier, nanos: u64) {
        let (now_tier, cut, frames) = &mut self.now;
        frames.clear();
        frames.push(SampleFrame { function: vm.regs.function, pc: vm.regs.pc });
        let waiting = vm.frames.iter().rev().take(MOST_FRAMES - 1);
        frames.extend(waiting.map(|f| SampleFrame { function: f.function, pc: f.pc.saturating_sub(1) }));
        (*now_tier, *cut) = (tier, vm.frames.len() > MOST_FRAMES - 1);
        match self.seen.get_mut(&self.now) {
            Some((total, count)) => (*total, *count) = (*total + nanos, *count + 1),
            None => {
                self.seen.insert(self.now.clone(), (nanos, 1));
            }
        }
    }

    /// All samples, in an order of their own.
    pub fn finish(self) -> Vec<Sample> {
        let sample = |((tier, cut, frames), (nanos, count))| Sample { tier, frames, cut, nanos, count };
        let mut samples: Vec<Sample> = self.seen.into_iter().map(sample).collect();
        samples.sort_by(|a, b| a.frames.iter().rev().cmp(b.frames.iter().rev()).then(a.tier.cmp(&b.tier)));
        samples
    }
}
