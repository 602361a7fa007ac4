//! Which variable an operand was read from: for people who look at what an instruction was given.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` it serves the last word, which tells what
//! was there instead of what was assumed. Invariant: a name is only given where control cannot have brought anything else.

use crate::ops::{ControlFlow, Op, Operand};
use crate::program::{FuncId, Function, Inst, Program};
use crate::verify::Facts;

/// How many instructions in front of the one that is asked about are looked at.
const LOOK_BACK: u32 = 64;

/// The name of the variable that the instruction at `pc` has its operand from; `operand` counts from 0, the deepest in the stack.
/// `None` if it is no variable's value, or not surely so.
pub fn variable<'a>(
    program: &'a Program,
    facts: &Facts,
    function: FuncId,
    pc: u32,
    operand: u32,
) -> Option<&'a str> {
    let code = program.functions.get(function.0 as usize)?;
    let height = |pc: u32| facts.heights.get(pc as usize).copied().filter(|&h| h != Facts::UNREACHABLE);
    let asked = code.code.get(pc as usize)?;
    let at = height(pc)?.checked_sub(inputs(program, *asked))?.checked_add(operand)?;
    let mut written = Vec::new();
    for before in (pc.saturating_sub(LOOK_BACK)..pc).rev() {
        // Control may have come from elsewhere.
        if is_target(code, before + 1) {
            return None;
        }
        let inst = *code.code.get(before as usize)?;
        if inst.op.info().flow != ControlFlow::Next {
            return None;
        }
        let left = height(before)?.checked_sub(inputs(program, inst))?;
        match inst.op {
            Op::StoreLocal | Op::StoreGlobal => written.push((inst.op, inst.arg)),
            // A function may store into any global.
            Op::Call => written.push((Op::Call, 0)),
            _ => {}
        }
        if left > at {
            continue;
        }
        // This one has made what lies there.
        return match inst.op {
            Op::LoadLocal if !written.contains(&(Op::StoreLocal, inst.arg)) => {
                code.locals.get(inst.arg as usize)
            }
            Op::LoadGlobal
                if !written.contains(&(Op::StoreGlobal, inst.arg)) && !written.contains(&(Op::Call, 0)) =>
            {
                program.globals.get(inst.arg as usize)
            }
            _ => None,
        }
        .map(String::as_str);
    }
    None
}

fn inputs(program: &Program, inst: Inst) -> u32 {
    match inst.op.info().operand {
        Operand::Func => program.functions.get(inst.arg as usize).map_or(0, |f| f.params),
        _ => inst.op.info().inputs.len() as u32,
    }
}

fn is_target(function: &Function, pc: u32) -> bool {
    let jumps = |inst: &&Inst| inst.op.info().operand == Operand::Target && inst.arg == pc;
    function.code.iter().any(|inst| jumps(&inst))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::asm::assemble;
    use crate::verify::verify;

    /// The names of the operands of the instruction at a pc of the entry function.
    fn names(text: &str, pc: u32, operands: u32) -> Vec<Option<String>> {
        let verified = verify(assemble("test", text).unwrap()).unwrap();
        let (program, entry) = (verified.program(), FuncId(verified.program().entry));
        let name = |operand| variable(program, verified.facts(entry), entry, pc, operand);
        (0..operands).map(|operand| name(operand).map(str::to_owned)).collect()
    }

    #[test]
    fn operands_are_named_by_what_they_were_read_from() {
        let text = "func main(a, b)\n load_local a\n load_local b\n push 2\n mul\n add\n print\n push 0\n halt\nend\n";
        assert_eq!(names(text, 3, 2), [Some("b".to_owned()), None]);
        assert_eq!(names(text, 4, 2), [Some("a".to_owned()), None]);
    }

    #[test]
    fn what_may_have_come_from_elsewhere_has_no_name() {
        // Either of two.
        let either = "func main(a, b)\n load_local a\n jump_if_zero other\n load_local a\n jump both\nother:\n load_local b\nboth:\n print\n \
             push 0\n halt\nend\n";
        assert_eq!(names(either, 5, 1), [None]);
        // The variable has another value now.
        let changed = "func main(a)\n load_local a\n push 1\n store_local a\n load_local a\n add\n print\n push 0\n halt\nend\n";
        assert_eq!(names(changed, 4, 2), [None, Some("a".to_owned())]);
    }
}
