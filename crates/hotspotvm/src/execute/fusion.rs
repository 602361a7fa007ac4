//! Fusion: sequences of instructions that the interpreter executes as one.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Dispatching an instruction costs more than most
//! instructions do, and what one pushes the next one pops. So the sequences in the list below have a dispatch code of their own, made
//! of the meanings of their parts. Nothing is defined here but which sequences there are.
//!
//! A function is prepared once, by [`fuse`]: every cell gets the code of the longest sequence that starts there. The cells of the parts stay as
//! they are, each with its operation, argument and feedback; so control may enter a sequence in the middle, and all other stages see
//! instructions as they were written. A part whose fast path does not apply ends the sequence, and is executed plainly.

use super::vm::Cell;
use bytecode::Op;

/// Calls the macro `$m` with the rows of the opcode table, in braces, and then every row of the list of sequences:
///
/// ```text
/// Name shape [parts];
/// ```
///
/// `shape` is `Next`, or for a sequence that ends with a jump, where that goes: `Forward` or `Back`. Only the last part may transfer control. A
/// name is a letter for the shape and then the parts, with the usual ones shortened: `L` and `S` load and store a local, `G` and `SG` a
/// global, `P` pushes, `D` duplicates, `J` jumps, `Z` and `N` jump if zero and if not.
macro_rules! for_each_fusion {
    ($m:ident { $($ops:tt)* }) => {
        $m! {
            { $($ops)* }
            // Loads and stores.
            FLL Next [LoadLocal LoadLocal];
            FLP Next [LoadLocal Push];
            FLS Next [LoadLocal StoreLocal];
            FPS Next [Push StoreLocal];
            FLLL Next [LoadLocal LoadLocal LoadLocal];
            FSL Next [StoreLocal LoadLocal];
            FSLL Next [StoreLocal LoadLocal LoadLocal];
            FSLP Next [StoreLocal LoadLocal Push];
            FPSL Next [Push StoreLocal LoadLocal];
            FSP Next [StoreLocal Push];
            FGG Next [LoadGlobal LoadGlobal];
            FGP Next [LoadGlobal Push];
            FGL Next [LoadGlobal LoadLocal];
            FLG Next [LoadLocal LoadGlobal];
            FPSG Next [Push StoreGlobal];
            FLCall Next [LoadLocal Call];
            FLRet Next [LoadLocal Ret];
            FLD Next [LoadLocal Dup];
            // Arithmetic: the operation alone has its fast paths here, the plain instruction has all others.
            FAdd Next [Add];
            FSub Next [Sub];
            FMul Next [Mul];
            FDiv Next [Div];
            FFloorDiv Next [FloorDiv];
            FMod Next [Mod];
            FAnd Next [And];
            FOr Next [Or];
            FXor Next [Xor];
            FShl Next [Shl];
            FShr Next [Shr];
            FLPAdd Next [LoadLocal Push Add];
            FPAdd Next [Push Add];
            FLPSub Next [LoadLocal Push Sub];
            FPSub Next [Push Sub];
            FLPMul Next [LoadLocal Push Mul];
            FPMul Next [Push Mul];
            FLPFloorDiv Next [LoadLocal Push FloorDiv];
            FPFloorDiv Next [Push FloorDiv];
            FLPMod Next [LoadLocal Push Mod];
            FPMod Next [Push Mod];
            FLPAnd Next [LoadLocal Push And];
            FPAnd Next [Push And];
            FLPShl Next [LoadLocal Push Shl];
            FPShl Next [Push Shl];
            FLPShr Next [LoadLocal Push Shr];
            FPShr Next [Push Shr];
            FLPDiv Next [LoadLocal Push Div];
            FPDiv Next [Push Div];
            FLLAdd Next [LoadLocal LoadLocal Add];
            FLAdd Next [LoadLocal Add];
            FLLSub Next [LoadLocal LoadLocal Sub];
            FLSub Next [LoadLocal Sub];
            FLLMul Next [LoadLocal LoadLocal Mul];
            FLMul Next [LoadLocal Mul];
            FLLMod Next [LoadLocal LoadLocal Mod];
            FLMod Next [LoadLocal Mod];
            FLLDiv Next [LoadLocal LoadLocal Div];
            FLDiv Next [LoadLocal Div];
            FLLFloorDiv Next [LoadLocal LoadLocal FloorDiv];
            FLFloorDiv Next [LoadLocal FloorDiv];
            FAddS Next [Add StoreLocal];
            FSubS Next [Sub StoreLocal];
            FMulS Next [Mul StoreLocal];
            FDivS Next [Div StoreLocal];
            FFloorDivS Next [FloorDiv StoreLocal];
            FModS Next [Mod StoreLocal];
            FAndS Next [And StoreLocal];
            FPAddS Next [Push Add StoreLocal];
            FPSubS Next [Push Sub StoreLocal];
            FPMulS Next [Push Mul StoreLocal];
            FPFloorDivS Next [Push FloorDiv StoreLocal];
            FPModS Next [Push Mod StoreLocal];
            FPAndS Next [Push And StoreLocal];
            FLPAddS Next [LoadLocal Push Add StoreLocal];
            FLPSubS Next [LoadLocal Push Sub StoreLocal];
            FLPMulS Next [LoadLocal Push Mul StoreLocal];
            FLPFloorDivS Next [LoadLocal Push FloorDiv StoreLocal];
            FLPModS Next [LoadLocal Push Mod StoreLocal];
            FLLAddS Next [LoadLocal LoadLocal Add StoreLocal];
            FLLSubS Next [LoadLocal LoadLocal Sub StoreLocal];
            FLLMulS Next [LoadLocal LoadLocal Mul StoreLocal];
            FLAddS Next [LoadLocal Add StoreLocal];
            FLLMulAdd Next [LoadLocal LoadLocal Mul Add];
            FLLMulSub Next [LoadLocal LoadLocal Mul Sub];
            FPModAddS Next [Push Mod Add StoreLocal];
            FPMulPAdd Next [Push Mul Push Add];
            FLPMulPAddS Next [LoadLocal Push Mul Push Add StoreLocal];
            FAddRet Next [Add Ret];
            FLPAddCall Next [LoadLocal Push Add Call];
            FLPSubCall Next [LoadLocal Push Sub Call];
            FGPAddSG Next [LoadGlobal Push Add StoreGlobal];
            FGPSubSG Next [LoadGlobal Push Sub StoreGlobal];
            FGGAddSG Next [LoadGlobal LoadGlobal Add StoreGlobal];
            FGLAddSG Next [LoadGlobal LoadLocal Add StoreGlobal];
            FGPAdd Next [LoadGlobal Push Add];
            FGPSub Next [LoadGlobal Push Sub];
            FGGAdd Next [LoadGlobal LoadGlobal Add];
            FPAddSG Next [Push Add StoreGlobal];
            FAddSG Next [Add StoreGlobal];
            // Comparisons and branches out of a loop or around something.
            FEq Next [Eq];
            WEqZ Forward [Eq JumpIfZero];
            WPEqZ Forward [Push Eq JumpIfZero];
            WLPEqZ Forward [LoadLocal Push Eq JumpIfZero];
            WLLEqZ Forward [LoadLocal LoadLocal Eq JumpIfZero];
            FNe Next [Ne];
            WNeZ Forward [Ne JumpIfZero];
            WPNeZ Forward [Push Ne JumpIfZero];
            WLPNeZ Forward [LoadLocal Push Ne JumpIfZero];
            WLLNeZ Forward [LoadLocal LoadLocal Ne JumpIfZero];
            FLt Next [Lt];
            WLtZ Forward [Lt JumpIfZero];
            WPLtZ Forward [Push Lt JumpIfZero];
            WLPLtZ Forward [LoadLocal Push Lt JumpIfZero];
            WLLLtZ Forward [LoadLocal LoadLocal Lt JumpIfZero];
            FLe Next [Le];
            WLeZ Forward [Le JumpIfZero];
            WPLeZ Forward [Push Le JumpIfZero];
            WLPLeZ Forward [LoadLocal Push Le JumpIfZero];
            WLLLeZ Forward [LoadLocal LoadLocal Le JumpIfZero];
            FGt Next [Gt];
            WGtZ Forward [Gt JumpIfZero];
            WPGtZ Forward [Push Gt JumpIfZero];
            WLPGtZ Forward [LoadLocal Push Gt JumpIfZero];
            WLLGtZ Forward [LoadLocal LoadLocal Gt JumpIfZero];
            FGe Next [Ge];
            WGeZ Forward [Ge JumpIfZero];
            WPGeZ Forward [Push Ge JumpIfZero];
            WLPGeZ Forward [LoadLocal Push Ge JumpIfZero];
            WLLGeZ Forward [LoadLocal LoadLocal Ge JumpIfZero];
            WLtN Forward [Lt JumpIfNotZero];
            WPLtN Forward [Push Lt JumpIfNotZero];
            WLeN Forward [Le JumpIfNotZero];
            WPLeN Forward [Push Le JumpIfNotZero];
            WGtN Forward [Gt JumpIfNotZero];
            WPGtN Forward [Push Gt JumpIfNotZero];
            WGeN Forward [Ge JumpIfNotZero];
            WPGeN Forward [Push Ge JumpIfNotZero];
            WEqN Forward [Eq JumpIfNotZero];
            WPEqN Forward [Push Eq JumpIfNotZero];
            WNeN Forward [Ne JumpIfNotZero];
            WPNeN Forward [Push Ne JumpIfNotZero];
            WLZ Forward [LoadLocal JumpIfZero];
            WLN Forward [LoadLocal JumpIfNotZero];
            WLDZ Forward [LoadLocal Dup JumpIfZero];
            WLPModZ Forward [LoadLocal Push Mod JumpIfZero];
            WLPModPEqZ Forward [LoadLocal Push Mod Push Eq JumpIfZero];
            WLPAndZ Forward [LoadLocal Push And JumpIfZero];
            WGPLtZ Forward [LoadGlobal Push Lt JumpIfZero];
            WGGLtZ Forward [LoadGlobal LoadGlobal Lt JumpIfZero];
            WZ Forward [JumpIfZero];
            WN Forward [JumpIfNotZero];
            WJ Forward [Jump];
            WSJ Forward [StoreLocal Jump];
            WLPAddSJ Forward [LoadLocal Push Add StoreLocal Jump];
            // Back to the head of a loop.
            BJ Back [Jump];
            BSJ Back [StoreLocal Jump];
            BLPAddSJ Back [LoadLocal Push Add StoreLocal Jump];
            BLPSubSJ Back [LoadLocal Push Sub StoreLocal Jump];
            BN Back [JumpIfNotZero];
            BLN Back [LoadLocal JumpIfNotZero];
            BLLLtN Back [LoadLocal LoadLocal Lt JumpIfNotZero];
            BLPLtN Back [LoadLocal Push Lt JumpIfNotZero];
            BLPGtN Back [LoadLocal Push Gt JumpIfNotZero];
            BAddSJ Back [Add StoreLocal Jump];
            BGPAddSGJ Back [LoadGlobal Push Add StoreGlobal Jump];
        }
    };
}
pub(super) use for_each_fusion;

/// Where the jump at the end of a sequence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Next,
    Forward,
    Back,
}

struct Sequence {
    code: Code,
    shape: Shape,
    parts: &'static [Op],
}

macro_rules! define_code {
    ({$($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*}
     $($S:ident $shape:ident [$($Part:ident)*];)*) => {
        /// What the interpreter dispatches on: an opcode, executed plainly, or a sequence of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Code { $($S,)* $($V,)* }

        impl Code {
            /// The code that executes an opcode plainly.
            #[inline(always)]
            pub fn of(op: Op) -> Code {
                match op { $(Op::$V => Code::$V,)* }
            }
        }

        const SEQUENCES: &[Sequence] =
            &[$(Sequence { code: Code::$S, shape: Shape::$shape, parts: &[$(Op::$Part),*] },)*];
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
        let shaped = match self.shape {
            Shape::Next => true,
            Shape::Forward => !back,
            Shape::Back => back,
        };
        shaped && cells.iter().map(|cell| cell.op).eq(self.parts.iter().copied())
    }
}

/// Gives every cell the code of the longest sequence that starts there.
pub fn fuse(cells: &mut [Cell]) {
    let mut by_op: Vec<Vec<&Sequence>> = vec![Vec::new(); Op::ALL.len()];
    for sequence in SEQUENCES {
        by_op[sequence.parts[0] as usize].push(sequence);
    }
    for sequences in &mut by_op {
        sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.parts.len()));
    }
    for pc in 0..cells.len() {
        let found = by_op[cells[pc].op as usize].iter().find(|sequence| sequence.starts(pc, cells));
        cells[pc].code = found.map_or(Code::of(cells[pc].op), |sequence| sequence.code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Feedback;
    use bytecode::ControlFlow;

    #[test]
    fn only_the_last_part_transfers_control_and_the_shape_says_how() {
        for Sequence { code, shape, parts } in SEQUENCES {
            let (last, others) = parts.split_last().expect("a sequence has parts");
            assert!(others.iter().all(|op| !op.transfers() && *op != Op::Call), "{code:?}");
            let jumps = matches!(last.info().flow, ControlFlow::Jump | ControlFlow::Branch);
            assert_eq!(jumps, *shape != Shape::Next, "{code:?}");
        }
    }

    #[test]
    fn no_sequence_stands_twice() {
        for (i, a) in SEQUENCES.iter().enumerate() {
            for b in &SEQUENCES[..i] {
                assert!(a.parts != b.parts || a.shape != b.shape, "{:?} and {:?}", a.code, b.code);
            }
        }
    }

    #[test]
    fn the_longest_sequence_is_chosen_at_every_place() {
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
}
