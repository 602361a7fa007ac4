//! The optimizer's intermediate representation: SSA in blocks with parameters.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this crate is the middle of
//! *compile*: builders make a [`Function`] from bytecode and profile, the passes under [`opt`] improve it, `codegen` turns it into machine code.
//!
//! - Every value has one [`Type`]: an unboxed int (64 bits), float or bool, or a boxed value of any type.
//! - Instructions that can fail leave by an *exit*: they name a [`FrameState`] that says what the interpreter's frame must
//!   look like to go on (see [`data`]). Compiled code never raises an error itself: it leaves, and the interpreter executes
//!   the opcode again and raises it.
//! - A function can be printed, parsed, verified and evaluated without machine code.

#![forbid(unsafe_code)]

pub mod analysis;
pub mod data;
pub mod eval;
pub mod op;
pub mod opt;
pub mod parse;
pub mod planted;
pub mod print;
pub mod reason;
pub mod remark;
pub mod verify;

pub use bytecode::{BinOp, Cmp, Shape, UnOp};
pub use data::{
    Ahead, Block, BlockData, CallId, CallSite, FrameState, Function, Imm, Input, InputPlace, Inst, Origin,
    Resume, Sign, StateId, Target, Terminator, Type, Value,
};
pub use op::{Effect, Opcode};
pub use reason::ExitReason;
