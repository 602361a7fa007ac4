//! Fusion: sequences of instructions that the interpreter executes as one.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Dispatching an instruction
//! costs more than most instructions do, and what one pushes the next one pops. So the sequences in the list below have
//! a dispatch code of their own, made of the meanings of their parts. Nothing is defined here but which sequences there
//! are.
//!
//! A function is prepared once, by [`fuse`]: every cell gets the code of a sequence that starts there. The cells of the
//! parts stay as they are, each with its operation, argument and feedback; so control may enter a sequence in the
//! middle, and all other stages see instructions as they were written. A part whose fast path does not apply ends the
//! sequence, and is executed plainly.

use super::vm::Cell;
use bytecode::Op;

/// Calls the macro `$m` with the rows of the opcode table, in braces, and then every row of the list of sequences:
///
/// ```text
/// Name jump [parts];
/// ```
///
/// `jump` is `Next`, or for a sequence that ends with a jump, where that goes: `Forward` or `Back`. Only the last part
/// may transfer control. A name is a letter for the jump and then the parts, with the usual ones shortened: `L` and `S`
/// load and store a local, `G` and `SG` a global, `P` pushes, `D` duplicates, `J` jumps, `Z` and `N` jump if zero and
/// if not.
macro_rules! for_each_fusion {
    ($m:ident { $($ops:tt)* }) => {
        $m! {
            { $($ops)* }
            // Loads and stores.
            FLL Next [LoadLocal LoadLocal];
            FLP Next [LoadLocal Push];
            FLS Next [LoadLocal StoreLocal];
            FPS Next [Push StoreLocal];
            FSL Next [StoreLocal LoadLocal];
            FSP Next [StoreLocal Push];
            FLD Next [LoadLocal Dup];
            FGL Next [LoadGlobal LoadLocal];
            FGP Next [LoadGlobal Push];
            FGG Next [LoadGlobal LoadGlobal];
            FLCall Next [LoadLocal Call];
            FLRet Next [LoadLocal Ret];
            // Arithmetic. Of an operation alone, the fast paths: the plain one has all paths, and is slower.
            FAdd Next [Add];
            FSub Next [Sub];
            FMul Next [Mul];
            FFloorDiv Next [FloorDiv];
            FMod Next [Mod];
            FAnd Next [And];
            FLAdd Next [LoadLocal Add];
            FLSub Next [LoadLocal Sub];
            FLMul Next [LoadLocal Mul];
            FPAdd Next [Push Add];
            FPSub Next [Push Sub];
            FPMul Next [Push Mul];
            FPFloorDiv Next [Push FloorDiv];
            FPMod Next [Push Mod];
            FPAnd Next [Push And];
            FPShr Next [Push Shr];
            FLLAdd Next [LoadLocal LoadLocal Add];
            FLLSub Next [LoadLocal LoadLocal Sub];
            FLLMul Next [LoadLocal LoadLocal Mul];
            FLPAdd Next [LoadLocal Push Add];
            FLPSub Next [LoadLocal Push Sub];
            FLPMul Next [LoadLocal Push Mul];
            FLPMod Next [LoadLocal Push Mod];
            FAddS Next [Add StoreLocal];
            FSubS Next [Sub StoreLocal];
            FMulS Next [Mul StoreLocal];
            FPAddS Next [Push Add StoreLocal];
            FPSubS Next [Push Sub StoreLocal];
            FPAndS Next [Push And StoreLocal];
            FLPAddS Next [LoadLocal Push Add StoreLocal];
            FLPSubS Next [LoadLocal Push Sub StoreLocal];
            FLPMulS Next [LoadLocal Push Mul StoreLocal];
            FLPFloorDivS Next [LoadLocal Push FloorDiv StoreLocal];
            FLAddS Next [LoadLocal Add StoreLocal];
            FLLAddS Next [LoadLocal LoadLocal Add StoreLocal];
            FLLLMul Next [LoadLocal LoadLocal LoadLocal Mul];
            FLLMulAdd Next [LoadLocal LoadLocal Mul Add];
            FLLMulSub Next [LoadLocal LoadLocal Mul Sub];
            FPMulPAdd Next [Push Mul Push Add];
            FPModAddS Next [Push Mod Add StoreLocal];
            FAddRet Next [Add Ret];
            FLPSubCall Next [LoadLocal Push Sub Call];
            FGPAdd Next [LoadGlobal Push Add];
            FGPSub Next [LoadGlobal Push Sub];
            FGGAdd Next [LoadGlobal LoadGlobal Add];
            FGPAddSG Next [LoadGlobal Push Add StoreGlobal];
            FGPSubSG Next [LoadGlobal Push Sub StoreGlobal];
            // Branches out of a loop or around something.
            WZ Forward [JumpIfZero];
            WN Forward [JumpIfNotZero];
            WJ Forward [Jump];
            WSJ Forward [StoreLocal Jump];
            WLZ Forward [LoadLocal JumpIfZero];
            WLN Forward [LoadLocal JumpIfNotZero];
            WLDZ Forward [LoadLocal Dup JumpIfZero];
            WLPModZ Forward [LoadLocal Push Mod JumpIfZero];
            WEqZ Forward [Eq JumpIfZero];
            WPEqZ Forward [Push Eq JumpIfZero];
            WLPEqZ Forward [LoadLocal Push Eq JumpIfZero];
            WLLEqZ Forward [LoadLocal LoadLocal Eq JumpIfZero];
            WNeZ Forward [Ne JumpIfZero];
            WPNeZ Forward [Push Ne JumpIfZero];
            WLPNeZ Forward [LoadLocal Push Ne JumpIfZero];
            WLLNeZ Forward [LoadLocal LoadLocal Ne JumpIfZero];
            WLtZ Forward [Lt JumpIfZero];
            WPLtZ Forward [Push Lt JumpIfZero];
            WLPLtZ Forward [LoadLocal Push Lt JumpIfZero];
            WLLLtZ Forward [LoadLocal LoadLocal Lt JumpIfZero];
            WLeZ Forward [Le JumpIfZero];
            WPLeZ Forward [Push Le JumpIfZero];
            WLPLeZ Forward [LoadLocal Push Le JumpIfZero];
            WLLLeZ Forward [LoadLocal LoadLocal Le JumpIfZero];
            WGtZ Forward [Gt JumpIfZero];
            WPGtZ Forward [Push Gt JumpIfZero];
            WLPGtZ Forward [LoadLocal Push Gt JumpIfZero];
            WLLGtZ Forward [LoadLocal LoadLocal Gt JumpIfZero];
            WGeZ Forward [Ge JumpIfZero];
            WPGeZ Forward [Push Ge JumpIfZero];
            WLPGeZ Forward [LoadLocal Push Ge JumpIfZero];
            WLLGeZ Forward [LoadLocal LoadLocal Ge JumpIfZero];
            WLtN Forward [Lt JumpIfNotZero];
            WGtN Forward [Gt JumpIfNotZero];
            WPGtN Forward [Push Gt JumpIfNotZero];
            WGPLtZ Forward [LoadGlobal Push Lt JumpIfZero];
            WGGLtZ Forward [LoadGlobal LoadGlobal Lt JumpIfZero];
            // Back to the head of a loop.
            BJ Back [Jump];
            BSJ Back [StoreLocal Jump];
            BN Back [JumpIfNotZero];
            BLN Back [LoadLocal JumpIfNotZero];
            BLPLtN Back [LoadLocal Push Lt JumpIfNotZero];
            BLLLtN Back [LoadLocal LoadLocal Lt JumpIfNotZero];
            BLPAddSJ Back [LoadLocal Push Add StoreLocal Jump];
            BLPSubSJ Back [LoadLocal Push Sub StoreLocal Jump];
        }
    };
}
pub(crate) use for_each_fusion;

/// Where the jump at the end of a sequence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jump {
    Next,
    Forward,
    Back,
}

struct Sequence {
    code: Code,
    jump: Jump,
    parts: &'static [Op],
}

macro_rules! define_code {
    ({$($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*}
     $($S:ident $jump:ident [$($Part:ident)*];)*) => {
        /// What the interpreter dispatches on: an opcode, executed plainly, or a sequence of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, clippy::upper_case_acronyms)]
        pub enum Code { $($S,)* $($V,)* }

        impl Code {
            /// The code that executes an opcode plainly.
            #[inline(always)]
            pub fn of(op: Op) -> Code {
                match op { $(Op::$V => Code::$V,)* }
            }
        }

        const SEQUENCES: &[Sequence] =
            &[$(Sequence { code: Code::$S, jump: Jump::$jump, parts: &[$(Op::$Part),*] },)*];
    };
}

macro_rules! define_code_of {
    ($($rows:tt)*) => { for_each_fusion!(define_code { $($rows)* }); };
}
bytecode::for_each_op!(define_code_of);

impl Sequence {
    fn starts(&self, pc: usize, cells: &[Cell]) -> bool {
        let Some(cells) = cells.get(pc..pc + self.parts.len()) else { return false };
        let last = pc + self.parts.len() - 1;
        let back = cells.last().is_some_and(|cell| cell.arg as usize <= last);
        let shaped = match self.jump {
            Jump::Next => true,
            Jump::Forward => !back,
            Jump::Back => back,
        };
        shaped && cells.iter().map(|cell| cell.op).eq(self.parts.iter().copied())
    }
}

/// Gives every cell the code with which as few dispatches as possible lead from there to the next transfer of control.
pub fn fuse(cells: &mut [Cell]) {
    let mut by_first: Vec<Vec<&Sequence>> = vec![Vec::new(); Op::ALL.len()];
    for sequence in SEQUENCES {
        by_first[sequence.parts[0] as usize].push(sequence);
    }
    let mut dispatches = vec![0u32; cells.len() + 1];
    for pc in (0..cells.len()).rev() {
        let op = cells[pc].op;
        let after = |next: usize| if cells[next - 1].op.transfers() { 1 } else { dispatches[next] + 1 };
        let plain = (after(pc + 1), Code::of(op));
        let fused = by_first[op as usize]
            .iter()
            .filter(|sequence| sequence.starts(pc, cells))
            .map(|sequence| (after(pc + sequence.parts.len()), sequence.code));
        // Among equals, the fused one: its fast paths are shorter.
        let (count, code) = fused.chain([plain]).min_by_key(|(count, _)| *count).unwrap_or(plain);
        (dispatches[pc], cells[pc].code) = (count, code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Limits, Options, Stress, Tier};
    use crate::profile::Feedback;
    use crate::{Engine, Io};
    use bytecode::{ControlFlow, Operand};
    use std::cell::RefCell;
    use std::io::Write;
    use std::rc::Rc;
    use std::sync::Arc;

    #[test]
    fn only_the_last_part_transfers_control_and_the_shape_says_how() {
        for Sequence { code, jump, parts } in SEQUENCES {
            let (last, others) = parts.split_last().expect("a sequence has parts");
            assert!(others.iter().all(|op| !op.transfers() && *op != Op::Call), "{code:?}");
            let jumps = matches!(last.info().flow, ControlFlow::Jump | ControlFlow::Branch);
            assert_eq!(jumps, *jump != Jump::Next, "{code:?}");
        }
    }

    #[test]
    fn no_sequence_stands_twice() {
        for (i, a) in SEQUENCES.iter().enumerate() {
            for b in &SEQUENCES[..i] {
                assert!(a.parts != b.parts || a.jump != b.jump, "{:?} and {:?}", a.code, b.code);
            }
        }
    }

    #[test]
    fn every_place_gets_the_sequence_with_which_dispatches_are_fewest() {
        let cell = |(op, arg)| Cell { op, code: Code::of(op), feedback: Feedback::default(), arg };
        let code = [
            (Op::LoadLocal, 0),
            (Op::JumpIfZero, 7),
            (Op::LoadLocal, 0),
            (Op::Push, 0),
            (Op::Sub, 0),
            (Op::StoreLocal, 0),
            (Op::Jump, 0),
            (Op::Halt, 0),
        ];
        let mut cells = code.map(cell);
        fuse(&mut cells);
        let codes = cells.map(|cell| cell.code);
        assert_eq!(codes[0], Code::WLZ);
        assert_eq!(codes[1], Code::WZ);
        assert_eq!(codes[2], Code::BLPSubSJ);
        assert_eq!(codes[7], Code::Halt);
    }

    /// A program around one sequence: its inputs are `x` and `y` in turns, its outputs are printed. One that jumps back
    /// does so for as long as its fuel lasts.
    fn around(sequence: &Sequence, x: &str, y: &str) -> String {
        let (mut body, mut height, mut inputs, mut local) = (String::new(), 0usize, 0, "a");
        for op in sequence.parts {
            let taken = if *op == Op::Call { 1 } else { op.info().inputs.len() };
            inputs += taken.saturating_sub(height);
            height = height.max(taken) - taken + op.info().outputs.len();
            let target = if sequence.jump == Jump::Back { "start" } else { "end" };
            let argument = match op.info().operand {
                Operand::None => "",
                Operand::Const => y,
                Operand::Local => local,
                Operand::Global => "g",
                Operand::Func => "same",
                Operand::Target => target,
                Operand::Builtin1 => "abs",
                Operand::Builtin2 => "max",
                Operand::Count | Operand::Pairs | Operand::Number | Operand::Form | Operand::Routine => {
                    panic!("{op} is fused, and has no argument here")
                }
            };
            body += &format!("{op} {argument}\n");
            local = if local == "a" { "b" } else { "a" };
        }
        let given: String = (0..inputs).map(|i| format!("push {}\n", [x, y][i % 2])).collect();
        let shown = "print\n".repeat(height);
        format!(
            "global g\nfunc main()\nlocal a, b\npush {x}\nstore_local a\npush {y}\nstore_local b\npush {x}\nstore_global g\n\
             start:\n{given}{body}end:\n{shown}load_local a\nprint\nload_global g\nprint\nload_local b\nret\nend\n\
             func same(n)\nload_local n\nret\nend\n"
        )
    }

    #[test]
    fn every_sequence_does_what_its_parts_do() {
        let values = ["0", "-7", "90000000000000", "4000000000000000000", "1e3", "true", "none", "\"ab\""];
        let limits = Limits { fuel: Some(60), stack_values: 64, ..Limits::default() };
        for sequence in SEQUENCES {
            for (x, y) in values.iter().flat_map(|x| values.map(|y| (x, y))) {
                let source = around(sequence, x, y);
                let program = bytecode::assemble("t", &source).and_then(bytecode::verify);
                let program = Arc::new(program.unwrap_or_else(|errors| panic!("{source}\n{errors:?}")));
                let run = |unfused| {
                    let stress = Stress { unfused, ..Stress::default() };
                    let options = Options {
                        max_tier: Tier::Interpreter,
                        limits: limits.clone(),
                        stress,
                        ..Options::default()
                    };
                    let written = Written::default();
                    let io = Io::new(Box::new(written.clone()), Box::new(std::io::empty()), false);
                    let outcome = Engine::new(options).run(program.clone(), &[], io);
                    let result = format!("{:?} {}", outcome.result, outcome.stats.fuel_used);
                    (result, outcome.stats.interpreter_instructions, written.0.take())
                };
                assert_eq!(run(false), run(true), "{:?}\n{source}", sequence.code);
            }
        }
    }

    #[derive(Clone, Default)]
    struct Written(Rc<RefCell<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
