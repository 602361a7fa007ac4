//! What a compilation gives: code, exit table, the way back from code to bytecode.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is what *compile* hands to *cache*,
//! and the exit table is what *deoptimise* reads.
//!
//! Invariants: an exit record together with the unit's inputs and the words that the exit has written says all that the
//! interpreter's frames need; an exit's words are as many as its record says, at most [`CodeUnit::slots`].

use crate::abi::{LEFT, RETURNED, read_trailer};
use ir::{Ahead, ExitReason, Input, Origin, Resume, StateId, Type, Value};
use std::ops::Range;

/// A compiled function.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeUnit {
    /// Machine code, position-independent, entered at its first byte as an [`Entry`](crate::Entry). It refers to nothing outside.
    pub bytes: Vec<u8>,
    /// Of a method, where in the bytes other compiled code enters it: what a link to it points to.
    pub direct_entry: Option<u32>,
    /// The type of what a method returns.
    pub result: Option<Type>,
    /// How many of the bytes are instructions; constants follow.
    pub code_len: u32,
    /// The address of the first byte must be a multiple of this power of two, in bytes.
    pub alignment: u32,
    /// The exits, by the number that the code answers.
    pub exits: Vec<ExitRecord>,
    /// How many words of the transfer buffer one activation needs besides the inputs.
    pub slots: u32,
    /// How many bytes of the host's stack one activation needs, besides what the call pushes.
    pub frame_bytes: u32,
    /// What to put in the transfer buffer on entry: word `i` holds input `i`, as an int's two's complement, a
    /// float's bits, 0 or 1 for a bool, or a boxed value's bits.
    pub inputs: Vec<Input>,
    /// Where in the code each stretch of bytecode starts: code offset in bytes and origin, sorted by offset.
    pub places: Vec<(u32, Origin)>,
    /// What each stretch of the code is for, in the same form: for listings.
    pub parts: Vec<(u32, Option<Part>)>,
}

/// What a stretch of machine code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It computes this value.
    Value(Value),
    /// It leaves by the exit of this number.
    Exit(u32),
}

/// One way out of compiled code.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitRecord {
    /// Why.
    pub reason: ExitReason,
    /// The bytecode instruction that leaves.
    pub origin: Origin,
    /// The frame state that it was made of.
    pub state: StateId,
    /// The frames to rebuild: the innermost first, its callers after it. If a callee has left
    /// ([`ExitReason::CalleeLeft`]), even the innermost waits for the result of a call, which whoever returns pushes.
    pub frames: Vec<FrameRecipe>,
    /// How many words the exit writes into the transfer buffer, without a trailer.
    pub words: u32,
    /// What was charged for code that only comes after this exit: to be given back.
    pub ahead: Ahead,
    /// Which way of a tree of traces starts here, if it is not compiled.
    pub side: Option<u32>,
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
    /// It is this input of the unit, which is still in the transfer buffer: raw if the type is unboxed, so that the engine
    /// boxes it. Only in regions.
    Input {
        /// Which.
        index: u32,
        /// How it is held.
        ty: Type,
    },
    /// It is among the words that the exit has written: raw if the type is unboxed.
    Slot {
        /// Which of the words.
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

/// An exit that compiled code took, and where its words are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenExit {
    /// The unit.
    pub unit: u32,
    /// Which of its exits.
    pub exit: u32,
    /// Its words, as indices into the transfer buffer.
    pub words: Range<usize>,
}

/// All exits taken when compiled code has left, innermost first.
///
/// `entered` is the number of the unit entered and `answer` what it answered; `start` and `end` are where in `buffer`
/// [`NativeContext::slots`](crate::NativeContext::slots) pointed before and after. `words` gives [`ExitRecord::words`]
/// of an exit of a unit. None for [`RETURNED`], or if the buffer does not hold what compiled code writes.
pub fn exit_chain(
    buffer: &[u64],
    (start, end): (usize, usize),
    entered: u32,
    answer: u32,
    words: impl Fn(u32, u32) -> Option<u32>,
) -> Option<Vec<TakenExit>> {
    let mut chain = Vec::new();
    match answer {
        RETURNED => return None,
        LEFT => {}
        exit => {
            let len = words(entered, exit)? as usize;
            chain.push(TakenExit { unit: entered, exit, words: end..end.checked_add(len)? });
        }
    }
    let mut end = end;
    while end > start {
        let (unit, exit) = read_trailer(*buffer.get(end.checked_sub(1)?)?);
        let from = (end - 1).checked_sub(words(unit, exit)? as usize).filter(|&from| from >= start)?;
        chain.push(TakenExit { unit, exit, words: from..end - 1 });
        end = from;
    }
    chain.reverse();
    Some(chain)
}
