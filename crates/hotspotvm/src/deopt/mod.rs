//! **Stage 6, deoptimise:** from an exit of compiled code back to frames of the interpreter.
//!
//! Compiled code leaves by a number and a few raw machine words in the transfer buffer. The unit's [`ExitRecord`] says which
//! words are which locals and operands, and which are known without a word. [`rebuild`] puts them together; it is a
//! pure function and knows neither the heap nor the stack.

use codegen::{ExitRecord, FrameRecipe, Recipe};
use ir::{Resume, Type};

/// A value as compiled code had it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw {
    /// An int of 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// The bits of a boxed value.
    Boxed(u64),
}

impl Raw {
    /// A machine word read as this type.
    pub fn from_word(word: u64, ty: Type) -> Raw {
        match ty {
            Type::Int => Raw::Int(word as i64),
            Type::Float => Raw::Float(f64::from_bits(word)),
            Type::Bool => Raw::Bool(word & 1 == 1),
            Type::Boxed => Raw::Boxed(word),
        }
    }
}

/// A frame of the interpreter, rebuilt.
#[derive(Clone, Debug, PartialEq)]
pub struct RebuiltFrame {
    /// The bytecode function.
    pub function: u32,
    /// Where it goes on.
    pub pc: u32,
    /// How it goes on there.
    pub resume: Resume,
    /// The locals that changed since entry.
    pub locals: Vec<(u32, Raw)>,
    /// The operand stack, bottom first.
    pub stack: Vec<Raw>,
}

/// The frames of an exit, innermost first. `inputs` and `words` are the parts of the transfer buffer with the unit's inputs and
/// with what the exit has written; one that is too short reads as 0.
pub fn rebuild(record: &ExitRecord, inputs: &[u64], words: &[u64]) -> Vec<RebuiltFrame> {
    let raw = |words: &[u64], index: u32, ty| {
        debug_assert!((index as usize) < words.len());
        Raw::from_word(words.get(index as usize).copied().unwrap_or(0), ty)
    };
    let value = |recipe: &Recipe| match *recipe {
        Recipe::Input { index, ty } => raw(inputs, index, ty),
        Recipe::Slot { index, ty } => raw(words, index, ty),
        Recipe::Int(i) => Raw::Int(i),
        Recipe::Float(bits) => Raw::Float(f64::from_bits(bits)),
        Recipe::Bool(b) => Raw::Bool(b),
        Recipe::Boxed(bits) => Raw::Boxed(bits),
    };
    let frame = |frame: &FrameRecipe| RebuiltFrame {
        function: frame.function,
        pc: frame.pc,
        resume: frame.resume,
        locals: frame.locals.iter().map(|(local, recipe)| (*local, value(recipe))).collect(),
        stack: frame.stack.iter().map(value).collect(),
    };
    record.frames.iter().map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ir::ExitReason;

    #[test]
    fn words_constants_and_callers_come_together() {
        let inner = FrameRecipe {
            function: 1,
            pc: 4,
            resume: Resume::Execute,
            locals: vec![(2, Recipe::Input { index: 0, ty: Type::Float })],
            stack: vec![Recipe::Int(7), Recipe::Slot { index: 0, ty: Type::Int }],
        };
        let outer = FrameRecipe {
            function: 0,
            pc: 9,
            resume: Resume::Execute,
            locals: vec![],
            stack: vec![Recipe::Bool(true), Recipe::Boxed(5)],
        };
        let record = ExitRecord {
            reason: ExitReason::Overflow,
            pc: 4,
            frames: vec![inner, outer],
            words: 1,
            ahead: ir::Ahead::default(),
        };
        let frames = rebuild(&record, &[2.5f64.to_bits()], &[(-3i64) as u64]);
        assert_eq!(frames[0].locals, [(2, Raw::Float(2.5))]);
        assert_eq!(frames[0].stack, [Raw::Int(7), Raw::Int(-3)]);
        assert_eq!(frames[1].stack, [Raw::Bool(true), Raw::Boxed(5)]);
        assert_eq!((frames[1].function, frames[1].pc), (0, 9));
    }
}
