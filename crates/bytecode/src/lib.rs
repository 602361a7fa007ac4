//! The language of the virtual machine.
//!
//! Everything the rest of the house knows about opcodes comes from here: the facts ([`ops`], one row per opcode)
//! and the meaning ([`semantics`], one generic function per opcode over a [`Machine`]). Programs are plain data
//! ([`program`]), written as text ([`asm`]), shown as text ([`disasm`]), stored as bytes ([`container`]), and
//! proved well-formed once ([`mod@verify`]), so that no tier has to check them again.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this crate stands before the
//! first word: it is what all stages talk about. It depends on no other crate of the project.

#![forbid(unsafe_code)]

pub mod asm;
pub mod build;
pub mod builtin;
pub mod container;
pub mod diagnostic;
pub mod disasm;
pub mod fuel;
pub mod machine;
pub mod operands;
pub mod ops;
pub mod program;
pub mod routine;
pub mod semantics;
pub mod shape;
#[cfg(feature = "test-ops")]
pub mod test_ops;
pub mod verify;

pub use asm::assemble;
pub use builtin::{Builtin1, Builtin2};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use machine::{Augmented, BinOp, Cmp, Flow, Machine, Mixed, Pair, Single, UnOp};
pub use ops::{ControlFlow, Op, OpInfo, Operand};
pub use program::{Const, FuncId, Function, Inst, MAX_FOOTPRINT, Program};
pub use routine::{CallForm, FormFacts, KnownMethod, Routine};
pub use shape::Shape;
pub use verify::{Facts, Handler, MAX_STACK, Verified, verify};
