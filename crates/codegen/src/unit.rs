//! What a compilation gives: code, exit table, the way back from code to bytecode.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is what *compile* hands to *cache*,
//! and the exit table is what *deoptimise* reads.
//!
//! Invariants: an exit record together with the transfer buffer says all that the interpreter's frames need; a
//! slot that a recipe names is below [`CodeUnit::slots`].

use ir::{Ahead, ExitReason, Input, Resume, Type};

/// A compiled function.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeUnit {
    /// Machine code, position-independent, entered at its first byte as an [`Entry`](crate::Entry). It refers to nothing outside.
    pub bytes: Vec<u8>,
    /// How many of the bytes are instructions; constants follow.
    pub code_len: u32,
    /// The address of the first byte must be a multiple of this power of two, in bytes.
    pub alignment: u32,
    /// The exits, by the number that the code answers.
    pub exits: Vec<ExitRecord>,
    /// How many entries the transfer buffer must have.
    pub slots: u32,
    /// What to put in the transfer buffer on entry: slot `i` holds input `i`, as an int's two's complement, a
    /// float's bits, 0 or 1 for a bool, or a boxed value's bits.
    pub inputs: Vec<Input>,
    /// Where in the code each stretch of bytecode starts: code offset in bytes and pc, sorted by offset.
    pub places: Vec<(u32, u32)>,
}

/// One way out of compiled code.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitRecord {
    /// Why.
    pub reason: ExitReason,
    /// The bytecode instruction that leaves.
    pub pc: u32,
    /// The frames to rebuild: the innermost first, its callers after it.
    pub frames: Vec<FrameRecipe>,
    /// What was charged for code that only comes after this exit: to be given back.
    pub ahead: Ahead,
}

/// How to rebuild one frame of the interpreter.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameRecipe {
    /// The bytecode function.
    pub function: u32,
    /// Where the interpreter goes on.
    pub pc: u32,
    /// How it goes on there.
    pub resume: Resume,
    /// The locals that changed since entry, with their slots in the frame, in ascending order.
    pub locals: Vec<(u32, Recipe)>,
    /// The operand stack, bottom first.
    pub stack: Vec<Recipe>,
}

/// How to get one value of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// It is in the transfer buffer: raw if the type is unboxed, so that the engine boxes it.
    Slot {
        /// Where in the transfer buffer.
        index: u32,
        /// How it is held there.
        ty: Type,
    },
    /// This int.
    Int(i64),
    /// The float with these bits.
    Float(u64),
    /// This bool.
    Bool(bool),
    /// The boxed value with these bits.
    Boxed(u64),
}
