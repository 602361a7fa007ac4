//! **Stage 6, deoptimise:** from an exit of compiled code back to frames of the interpreter.
//!
//! Compiled code leaves by a number and a few raw machine words in the transfer buffer. The unit's [`ExitRecord`] says which
//! words are which locals and operands, and which are known without a word. [`rebuild`] puts them together; it is a
//! pure function and knows neither the heap nor the stack.

use crate::abi::values::Raw;
use codegen::{ExitRecord, FrameRecipe, Recipe, TakenExit};
use ir::Resume;

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

/// The frames of all exits taken at once, innermost first: each but the innermost exit's first waits for the result of
/// the frames before it. `buffer` is the transfer buffer, `inputs` how many inputs of the unit entered it starts with;
/// `record` finds an exit of a unit.
///
/// None if a record or a part of the buffer is not there.
pub fn rebuild_chain<'u>(
    chain: &[TakenExit],
    buffer: &[u64],
    inputs: usize,
    record: impl Fn(u32, u32) -> Option<&'u ExitRecord>,
) -> Option<Vec<RebuiltFrame>> {
    let mut frames = Vec::new();
    for taken in chain {
        let words = buffer.get(taken.words.clone())?;
        frames.extend(rebuild(record(taken.unit, taken.exit)?, buffer.get(..inputs)?, words));
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ir::{ExitReason, Type};

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
            origin: ir::Origin { function: 1, pc: 4 },
            frames: vec![inner, outer],
            state: ir::StateId(0),
            words: 1,
            ahead: ir::Ahead::default(),
            side: None,
        };
        let frames = rebuild(&record, &[2.5f64.to_bits()], &[(-3i64) as u64]);
        assert_eq!(frames[0].locals, [(2, Raw::Float(2.5))]);
        assert_eq!(frames[0].stack, [Raw::Int(7), Raw::Int(-3)]);
        assert_eq!(frames[1].stack, [Raw::Bool(true), Raw::Boxed(5)]);
        assert_eq!((frames[1].function, frames[1].pc), (0, 9));
    }

    #[test]
    fn exits_of_callees_come_first() {
        let record = |function, recipe| ExitRecord {
            reason: ExitReason::CalleeLeft,
            origin: ir::Origin { function, pc: 0 },
            frames: vec![FrameRecipe {
                function,
                pc: 1,
                resume: Resume::Execute,
                locals: vec![(0, recipe)],
                stack: vec![],
            }],
            state: ir::StateId(0),
            words: 1,
            ahead: ir::Ahead::default(),
            side: None,
        };
        // A method's exit, its trailer, and behind it the exit of the region that called it, which needs an input.
        let method = record(1, Recipe::Slot { index: 0, ty: Type::Int });
        let region = record(0, Recipe::Input { index: 0, ty: Type::Bool });
        let buffer = [1, 77, 4 << 32 | 9, 55];
        let words = |unit, exit| ((unit, exit) == (4, 9) || (unit, exit) == (2, 6)).then_some(1);
        let chain = codegen::exit_chain(&buffer, (1, 3), 2, 6, words).unwrap_or_default();
        let found = |unit, _| Some(if unit == 4 { &method } else { &region });
        let frames = rebuild_chain(&chain, &buffer, 1, found).unwrap_or_default();
        let locals: Vec<_> = frames.iter().map(|frame| (frame.function, frame.locals[0].1)).collect();
        assert_eq!(locals, [(1, Raw::Int(77)), (0, Raw::Bool(true))]);
        assert_eq!(chain[1].words, 3..4);
        assert_eq!(codegen::exit_chain(&buffer, (1, 3), 2, codegen::RETURNED, words), None);
        assert_eq!(codegen::exit_chain(&buffer, (2, 3), 2, codegen::LEFT, words), None);
    }
}
