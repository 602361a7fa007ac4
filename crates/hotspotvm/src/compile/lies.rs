//! A profile that lies, for tests: see [`Stress::lying`](crate::options::Stress::lying).
//!
//! **Stage 3, compile**, between it and the profile. Whatever the optimizing compiler is told of the past, what it makes must be right; only its speed
//! may depend on it. About half of the answers are true, so that code gets far enough for the others to matter.
//!
//! Invariant: an answer depends on the seed, the unit and the question, so that a compilation hears the same thing each
//! time it asks, and the next one, after the code was thrown away, something else.

use crate::options::mixed;
use crate::profile::{Feedback, Kinds};
use ir::{InputPlace, Sign, Type};

/// What one compilation is told.
#[derive(Clone, Copy, Debug)]
pub struct Lies(u64);

impl Lies {
    /// The lies for a unit.
    pub fn new(seed: u64, unit: u32) -> Lies {
        Lies(mixed(mixed(seed) ^ u64::from(unit)))
    }

    fn number(self, a: u32, b: u32) -> u64 {
        mixed(self.0 ^ (u64::from(a) << 32) ^ u64::from(b))
    }

    /// Which kinds of operands an instruction has seen.
    pub fn feedback(self, function: u32, pc: u32, truth: Feedback) -> Feedback {
        let number = self.number(function, pc);
        let kinds = |bits: u64| Kinds(bits as u8 & 0xF);
        let one = |bits: u64| [Kinds::INT, Kinds::FLOAT, Kinds::BOOL, Kinds::OTHER][bits as usize & 3];
        let failed = if (number >> 20) & 7 == 0 { Feedback::FAILED } else { Feedback::default() };
        match number % 16 {
            0 => Feedback::default(),
            1..=3 => Feedback(Feedback::pair(kinds(number >> 8), kinds(number >> 12)).0 | failed.0),
            4..=6 => Feedback(Feedback::pair(one(number >> 8), one(number >> 12)).0 | failed.0),
            7 => Feedback(truth.0 ^ Feedback::FAILED.0),
            _ => truth,
        }
    }

    /// How often an instruction was executed.
    pub fn count(self, function: u32, pc: u32, truth: u64) -> u64 {
        let number = self.number(!function, pc);
        match number % 8 {
            0 => 0,
            1 => number >> 54,
            2 | 3 => 1 << 40,
            _ => truth,
        }
    }

    /// The type and the sign of what is taken on entry.
    pub fn input(self, at: InputPlace, truth: (Type, Sign)) -> (Type, Sign) {
        let number = match at {
            InputPlace::Local(slot) => self.number(slot, u32::MAX),
            InputPlace::Stack(depth) => self.number(depth, u32::MAX - 1),
        };
        match (number % 16, truth.0) {
            (0 | 1, _) => (Type::Boxed, Sign::Any),
            (2, _) => ([Type::Int, Type::Float, Type::Bool][(number >> 8) as usize % 3], Sign::Any),
            (3, Type::Int) => (Type::Int, [Sign::NonNegative, Sign::NonPositive][(number >> 8) as usize & 1]),
            (4..=6, Type::Int) => (Type::Int, Sign::Any),
            _ => truth,
        }
    }
}
