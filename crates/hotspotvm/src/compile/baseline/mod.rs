//! **Stage 3, compile:** the baseline compiler, one pass from bytecode to machine code.
//!
//! It compiles whole functions in a few microseconds plus some hundredths of one per instruction, so it can be entered after
//! a handful of rounds. What it makes works on the interpreter's own frames: locals and operands in the
//! stack of values, calls in the list of frames. So control can pass between the two at every block, a call may go from
//! either to either, the native stack does not grow with calls, and leaving means jumping out.
//!
//! - The emitter (`emit.rs`) is a [`bytecode::machine::Machine`]: meanings come from the one definition.
//! - The operand stack is symbolic while translating (`values.rs`): constants, locals and results in registers go straight into the
//!   instruction that takes them. At block boundaries, and before anything that looks at the frame, all of it is in memory.
//! - Locals of loops are *pinned*: a register mirrors the local, and stores write both, so nothing has to be written back.
//! - Each operation has its fast path inline, for the kinds of operands that the profile has seen. Everything else is a slow path out of
//!   line: it has the interpreter execute that one instruction on the frame (recording feedback), then joins again.
//! - Fuel, rounds and arrivals are charged and counted exactly where the interpreter does it.

mod asm;
mod emit;
mod machine;
mod numbers;
mod slow;
pub mod stubs;
mod values;

pub use emit::Workspace;

use crate::abi::baseline::BaselineCode;
use crate::abi::vm::{Cell, FunctionState};
use bytecode::{Facts, FormFacts};

/// What to compile.
pub struct Request<'a> {
    /// The function.
    pub function: u32,
    /// All functions of the program.
    pub functions: &'a [FunctionState],
    /// What the verifier knows of the function.
    pub facts: &'a Facts,
    /// The program's constants.
    pub constants: &'a [runtime::Value],
    /// What there is to know of constants that say how a method is called.
    pub forms: &'a [FormFacts],
    /// Test mode: see [`crate::options::Stress::exits`].
    pub stress: Option<u64>,
    /// Whether to tell where the code of each instruction is: [`BaselineCode::places`].
    pub places: bool,
}

impl<'a> Request<'a> {
    fn state(&self) -> &'a FunctionState {
        &self.functions[self.function as usize]
    }

    fn cells(&self) -> &'a [Cell] {
        &self.state().cells
    }
}

/// Compiles a function.
///
/// # Errors
/// Why it can't be compiled, in words.
pub fn compile(request: &Request<'_>, workspace: &mut Workspace) -> Result<BaselineCode, String> {
    let mut emitter = emit::Emitter::new(request, workspace);
    let result = emitter.run();
    emitter.leave_buffers(workspace);
    result
}
