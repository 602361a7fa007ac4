//! From the IR through Cranelift to machine code and an exit table.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this crate is the end of *compile*. It is
//! the only user of Cranelift, and none of Cranelift's types are in its interface. It makes bytes; mapping them into
//! executable memory is the cache's business.
//!
//! - [`Compiler`] turns an [`ir::Function`] into a [`CodeUnit`].
//! - [`NativeContext`] is what the code works on, [`ValueLayout`] how it sees boxed values.
//! - [`disassemble`] shows the code.
//!
//! Invariant: the same function, layout, options and machine give the same bytes in every process.

#![forbid(unsafe_code)]

mod abi;
mod boxes;
mod calls;
mod disasm;
mod error;
mod exits;
mod ints;
mod layout;
mod lower;
mod objects;
mod peephole;
mod summary;
mod unit;

pub use abi::{
    Entry, FUEL_SHIFT, LEFT, MAX_METHOD_FRAME, MAX_METHOD_WORDS, MAX_SLICE, NATIVE_STACK, NativeContext,
    RETURNED, Routines, native_depth, pack_fuel, packed_cost, unpack_fuel,
};
pub use disasm::{MachineLine, disassemble};
pub use error::CodegenError;
pub use layout::ValueLayout;
pub use unit::{CodeUnit, ExitRecord, FrameRecipe, Part, Recipe, TakenExit, exit_chain};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{AbiParam, Signature, SourceLoc};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetFrontendConfig};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use ir::Origin;
use lower::{Came, HEADER_MARK};
use std::sync::OnceLock;

/// How hard Cranelift works on the code.
///
/// Measured on Zen 3 in cycles per round, `None` against `Speed`: a checked countdown 1.5 and 2.0, a checked sum 2.5 and 3.0,
/// an unchecked countdown 1.0 and 1.2; compiling them takes 1.6 times as long with `Speed`. Hence the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptLevel {
    /// It only selects instructions and allocates registers.
    #[default]
    None,
    /// It also numbers values, moves pure operations and simplifies.
    Speed,
}

/// Choices for a [`Compiler`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompilerOptions {
    /// How hard Cranelift works.
    pub opt_level: OptLevel,
    /// Test mode: what `_fits` and `_nonneg` operations rest on is looked at, and the process is stopped where it does not hold.
    pub check_proofs: bool,
}

/// Compiles functions for this machine, one after the other, reusing its memory.
pub struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder: FunctionBuilderContext,
    control: ControlPlane,
    check_proofs: bool,
}

/// Code is placed so that the hottest loop starts at a multiple of this, in bytes: a line of the instruction cache.
const LOOP_ALIGNMENT: u32 = 64;

/// A method without a loop starts at a multiple of this, in bytes.
const METHOD_ALIGNMENT: u32 = 32;

/// Code that needs more of the host's stack than this, in bytes, is refused.
const MAX_FRAME: u32 = 64 << 10;

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("isa", &self.isa.name()).finish_non_exhaustive()
    }
}

/// What Cranelift knows of this machine, with our settings.
fn host_isa(options: CompilerOptions) -> Result<OwnedTargetIsa, CodegenError> {
    let mut flags = settings::builder();
    let level = match options.opt_level {
        OptLevel::None => "none",
        OptLevel::Speed => "speed",
    };
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    // Nothing unwinds through compiled code. Stack probes cost nothing unless a frame is larger than a page,
    // and then they are what keeps it from stepping over the guard page.
    let choices = [
        ("opt_level", level),
        ("enable_verifier", verifier),
        ("unwind_info", "false"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
    ];
    let unsupported = |e: String| CodegenError::Unsupported(e);
    for (name, value) in choices {
        flags.set(name, value).map_err(|e| unsupported(e.to_string()))?;
    }
    let builder = cranelift_codegen::isa::lookup(target_lexicon::Triple::host())
        .map_err(|e| unsupported(e.to_string()))?;
    let isa = builder.finish(settings::Flags::new(flags)).map_err(|e| unsupported(e.to_string()))?;
    if isa.pointer_bytes() != 8 {
        return Err(unsupported("pointers are not 64 bits".to_owned()));
    }
    Ok(isa)
}

impl Compiler {
    /// Prepares for this machine. The first time in a process this takes some tenths of a millisecond.
    ///
    /// # Errors
    /// [`CodegenError::Unsupported`] if there is no code generator for this machine.
    pub fn new(options: CompilerOptions) -> Result<Compiler, CodegenError> {
        static NONE: OnceLock<OwnedTargetIsa> = OnceLock::new();
        static SPEED: OnceLock<OwnedTargetIsa> = OnceLock::new();
        let known = match options.opt_level {
            OptLevel::None => &NONE,
            OptLevel::Speed => &SPEED,
        };
        let isa = match known.get() {
            Some(isa) => isa.clone(),
            None => {
                let isa = host_isa(options)?;
                known.get_or_init(|| isa).clone()
            }
        };
        Ok(Compiler {
            isa,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            check_proofs: options.check_proofs,
        })
    }

    /// Compiles a function that [`ir::verify`] accepts, for a unit of this number, which a method's exits write into
    /// the transfer buffer.
    ///
    /// # Errors
    /// [`CodegenError::Malformed`] if it breaks an invariant of the IR that is looked at here,
    /// [`CodegenError::TooLarge`] if it needs too much, [`CodegenError::Cranelift`] if Cranelift refuses.
    pub fn compile(
        &mut self,
        f: &ir::Function,
        layout: &ValueLayout,
        unit: u32,
    ) -> Result<CodeUnit, CodegenError> {
        let result = self.compile_unit(f, layout, unit);
        if result.is_err() {
            // A builder given up half-way leaves its context dirty.
            self.builder = FunctionBuilderContext::new();
        }
        result
    }

    fn compile_unit(
        &mut self,
        f: &ir::Function,
        layout: &ValueLayout,
        unit: u32,
    ) -> Result<CodeUnit, CodegenError> {
        let summary = summary::summarize(f)?;
        let target = self.isa.frontend_config();
        let mut bytes = Vec::new();
        let mut entry_calls = Vec::new();
        if let Some(result) = f.result {
            self.start(entry_signature(target));
            let builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
            calls::lower_entry(f, result, builder, target)?;
            let code = self.finish(MAX_FRAME)?;
            bytes.extend_from_slice(code.buffer.data());
            entry_calls = code.buffer.relocs().to_vec();
        }
        let signature = match f.result {
            Some(result) => calls::method_signature(f.inputs.iter().map(|input| input.ty), result),
            None => entry_signature(target),
        };
        self.start(signature);
        let builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let (exits, came) = lower::lower(f, &summary, layout, (unit, self.check_proofs), builder, target)?;
        if f.result.is_some() && exits.slots >= MAX_METHOD_WORDS {
            return Err(CodegenError::TooLarge(format!("{} values at a method's exit", exits.slots)));
        }
        let code = self.finish(if f.result.is_some() { MAX_METHOD_FRAME } else { MAX_FRAME })?;
        let frame_bytes = frame_bytes(code);
        let Placed { start, code_len, places, parts } = place(code, &came, &mut bytes);
        peephole::branch_on_overflow(&mut bytes[start as usize..code_len as usize]);
        calls::resolve(&mut bytes, 0, &entry_calls, start)?;
        calls::resolve(&mut bytes, start, code.buffer.relocs(), start)?;
        Ok(CodeUnit {
            bytes,
            direct_entry: f.result.map(|_| start),
            result: f.result,
            code_len,
            alignment: LOOP_ALIGNMENT,
            exits: exits.records,
            // A trailer, or the result.
            slots: exits.slots + u32::from(f.result.is_some()),
            frame_bytes,
            inputs: f.inputs.clone(),
            places,
            parts,
        })
    }

    fn start(&mut self, signature: Signature) {
        self.context.clear();
        self.context.func.signature = signature;
    }

    /// Has Cranelift make machine code of what the context holds, with no more stack than this.
    fn finish(&mut self, max_frame: u32) -> Result<&CompiledCode, CodegenError> {
        let code = self
            .context
            .compile(&*self.isa, &mut self.control)
            .map_err(|e| CodegenError::Cranelift(e.inner.to_string()))?;
        let frame = frame_bytes(code);
        if frame > max_frame {
            return Err(CodegenError::TooLarge(format!("{frame} bytes of stack")));
        }
        Ok(code)
    }
}

/// How much of the host's stack one activation needs, besides what the call pushes.
fn frame_bytes(code: &CompiledCode) -> u32 {
    code.buffer.frame_layout().map_or(0, |layout| layout.frame_to_fp_offset)
}

/// The signature of an [`Entry`].
fn entry_signature(target: TargetFrontendConfig) -> Signature {
    let mut signature = Signature::new(target.default_call_conv);
    signature.params.push(AbiParam::new(I64));
    signature.returns.push(AbiParam::new(I32));
    signature
}

/// Where code was put, and what its parts are.
struct Placed {
    start: u32,
    /// Where the instructions end.
    code_len: u32,
    places: Vec<(u32, Origin)>,
    parts: Vec<(u32, Option<Part>)>,
}

/// Appends the code, with the hottest loop's header moved to a multiple of [`LOOP_ALIGNMENT`] by instructions in front
/// that do nothing, and reads off where it starts, where the instructions end and where the bytecode went.
fn place(code: &CompiledCode, came: &[Came], bytes: &mut Vec<u8>) -> Placed {
    let known = || code.buffer.get_srclocs_sorted().iter().filter(|s| s.loc != SourceLoc::default());
    let header = known().find(|s| s.loc.bits() & HEADER_MARK != 0).map(|s| s.start);
    let before = bytes.len() as u32;
    let padding = match header {
        _ if !cfg!(target_arch = "x86_64") => 0,
        Some(start) => (before + start).wrapping_neg() % LOOP_ALIGNMENT,
        None => before.wrapping_neg() % METHOD_ALIGNMENT,
    };
    pad(bytes, padding);
    // What is entered from its first byte on runs through the padding; a method starts behind it.
    let start = before + padding;
    bytes.extend_from_slice(code.buffer.data());
    let mut places: Vec<(u32, Origin)> = Vec::new();
    let mut parts: Vec<(u32, Option<Part>)> = Vec::new();
    // The register allocator's moves come from nowhere: they prepare what follows, at the start of a block above all.
    let mut end = None;
    for s in known() {
        let from = end.replace(s.end).unwrap_or(s.start) + start;
        let number = (s.loc.bits() & !HEADER_MARK) as usize;
        let Some(&Came { origin, part }) = number.checked_sub(1).and_then(|index| came.get(index)) else {
            continue;
        };
        if places.last().is_none_or(|&(_, last)| last != origin) {
            places.push((from, origin));
        }
        if parts.last().is_none_or(|&(_, last)| last != part) {
            parts.push((from, part));
        }
    }
    // Every block has a place up to its end, so constants start, aligned, after the last one.
    let code_len = code.buffer.get_srclocs_sorted().iter().map(|s| s.end).max();
    let code_len = code_len.map_or(bytes.len() as u32, |end| end + start);
    Placed { start, code_len, places, parts }
}

/// Appends this many bytes of x86-64 instructions that do nothing, as few as possible.
fn pad(bytes: &mut Vec<u8>, mut n: u32) {
    const NOPS: [&[u8]; 9] = [
        &[0x90],
        &[0x66, 0x90],
        &[0x0f, 0x1f, 0x00],
        &[0x0f, 0x1f, 0x40, 0],
        &[0x0f, 0x1f, 0x44, 0, 0],
        &[0x66, 0x0f, 0x1f, 0x44, 0, 0],
        &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
        &[0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
        &[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
    ];
    while n > 0 {
        let size = n.min(NOPS.len() as u32);
        bytes.extend_from_slice(NOPS[size as usize - 1]);
        n -= size;
    }
}
