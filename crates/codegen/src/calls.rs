//! Calls between methods: the convention, the call, the return, and the entry by which the engine enters a method.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is part of *compile*'s last step.
//!
//! A method is a function of context, fuel, depth left and its inputs, and gives its result, context and depth as it
//! got them, and the fuel left, all in registers as far as there are any. It has *left* if that fuel is negative, which
//! fuel never is: one test, and no register for a status. Context and depth are given back because whatever lives
//! across a call is in a register that the callee would have to save and restore, also where it returns at once.
//!
//! Invariants:
//! - whatever may refuse a call is looked at before anything is changed, so that there is nothing to undo;
//! - the innermost exit stores the fuel, those of its callers do not.

use crate::abi::{LEFT, NativeContext, RETURNED, packed_cost};
use crate::error::{CodegenError, malformed};
use crate::exits::Leave;
use crate::lower::{Lowering, clif_type, memory};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_codegen::{FinalizedMachReloc, FinalizedRelocTarget};
use cranelift_frontend::FunctionBuilder;
use ir::{ExitReason, Function, Imm, Inst, Type};
use std::mem::offset_of;

/// How methods call each other.
const METHOD_CONVENTION: CallConv = CallConv::Tail;

/// The signature of a method with inputs of these types.
pub(crate) fn method_signature(inputs: impl Iterator<Item = Type>, result: Type) -> Signature {
    let mut signature = Signature::new(METHOD_CONVENTION);
    signature.params.extend([AbiParam::new(I64); FIXED_PARAMS]);
    signature.params.extend(inputs.map(|ty| AbiParam::new(clif_type(ty))));
    signature.returns.push(AbiParam::new(clif_type(result)));
    signature.returns.extend([AbiParam::new(I64); FIXED_PARAMS]);
    signature
}

/// The parameters context, fuel, depth left; as results, in the order of [`Returned`].
pub(crate) const FIXED_PARAMS: usize = 3;

/// What a call gives. The order of the results after the value is such that depth and fuel come back in the registers
/// in which the next call takes them, if the value is in a general register.
struct Returned {
    value: clif::Value,
    ctx: clif::Value,
    depth: clif::Value,
    fuel: clif::Value,
}

fn returned(b: &FunctionBuilder<'_>, call: clif::Inst) -> Result<Returned, CodegenError> {
    match *b.inst_results(call) {
        [value, ctx, depth, fuel] => Ok(Returned { value, ctx, depth, fuel }),
        _ => malformed("a call without its results"),
    }
}

/// Declares the function that is being built, so that it can be called from itself, or the method behind an entry: to Cranelift
/// they are one name, whose offset is known when the code is put together.
fn method_reference(b: &mut FunctionBuilder<'_>, signature: clif::SigRef) -> clif::FuncRef {
    let name = b.func.declare_imported_user_function(METHOD_NAME);
    let name = clif::ExternalName::user(name);
    b.import_function(clif::ExtFuncData { name, signature, colocated: true, patchable: false })
}

const METHOD_NAME: clif::UserExternalName = clif::UserExternalName { namespace: 0, index: 0 };

impl Lowering<'_, '_> {
    pub fn call_method(&mut self, inst: &Inst) -> Result<clif::Value, CodegenError> {
        let f = self.f;
        let (Imm::Call(id), Some(result), Some(state), Some(vars)) =
            (inst.imm, inst.result, inst.state, self.around_calls)
        else {
            return malformed("a call without call site, result or frame state");
        };
        let Some(call) = f.calls.get(id.index()) else {
            return malformed(format!("{id} does not exist"));
        };
        let leave = |reason, waits| Leave { reason, state, origin: inst.origin, waits };
        let (fuel, depth) = (self.b.use_var(self.fuel), self.b.use_var(vars.depth));
        let cost = self.iconst(packed_cost(call.cost, 0));
        if call.cost != 0 {
            let short = self.b.ins().icmp(IntCC::SignedLessThan, fuel, cost);
            self.leave_if_by(short, leave(ExitReason::Poll, None), None)?;
        }
        // Looked at and counted down once; a second call that goes as deep as the first one finds it so.
        let takes = call.level.saturating_add(1);
        if !call.deep {
            self.leave_unless_deep(takes, leave(ExitReason::CallDepth, None))?;
        }
        let deeper = match i64::from(self.depth_taken) - i64::from(takes) {
            0 => depth,
            back => self.b.ins().iadd_imm_s(depth, back),
        };
        let code = match call.link {
            None => None,
            Some(link) => {
                let code = self.linked(link)?;
                let none = self.b.ins().icmp_imm_u(IntCC::Equal, code, 0);
                self.leave_if_by(none, leave(ExitReason::NoCode, None), None)?;
                Some(code)
            }
        };

        if let Some(counter) = call.counter {
            self.count(counter, None)?;
        }
        let mut args = Vec::with_capacity(FIXED_PARAMS + call.args.len());
        let rest = if call.cost == 0 { fuel } else { self.b.ins().isub(fuel, cost) };
        args.extend([self.ctx(), rest, deeper]);
        for &arg in &call.args {
            let ty = self.type_of(arg)?;
            args.push(self.value(arg, ty)?);
        }
        let types = call.args.iter().map(|&arg| f.ty(arg));
        let signature = method_signature(types, self.type_of(result)?);
        let signature = self.b.import_signature(signature);
        let called = match code {
            Some(code) => self.b.ins().call_indirect(signature, code, &args),
            None => {
                let itself = method_reference(&mut self.b, signature);
                self.b.ins().call(itself, &args)
            }
        };
        let Returned { value, ctx, depth, fuel } = returned(&self.b, called)?;
        self.b.def_var(self.fuel, fuel);
        self.b.def_var(vars.ctx, ctx);
        let left = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, fuel, 0);
        self.leave_if_by(left, leave(ExitReason::CalleeLeft, Some(call.args.len() as u32)), None)?;
        self.b.def_var(vars.depth, depth);
        self.depth_taken = takes;
        Ok(value)
    }

    /// Leaves if fewer calls than the immediate may become active.
    pub fn check_depth(&mut self, inst: &Inst) -> Result<(), CodegenError> {
        let Imm::Depth(calls) = inst.imm else {
            return malformed("a check of the depth without a depth");
        };
        self.leave_unless_deep(calls, self.leave_of(inst)?)
    }

    /// Leaves unless so many more calls may be active, counted from this function.
    fn leave_unless_deep(&mut self, calls: u32, leave: Leave) -> Result<(), CodegenError> {
        let Some(vars) = self.around_calls else {
            return malformed("calls in a function without any");
        };
        // What the last call took was there.
        if calls <= self.depth_taken {
            return Ok(());
        }
        let depth = self.b.use_var(vars.depth);
        let more = i64::from(calls - self.depth_taken);
        let too_deep = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, depth, more);
        self.leave_if_by(too_deep, leave, None)
    }

    /// The code to which a link leads.
    fn linked(&mut self, link: u32) -> Result<clif::Value, CodegenError> {
        let Some(offset) = link.checked_mul(8).and_then(|n| i32::try_from(n).ok()) else {
            return Err(CodegenError::TooLarge(format!("link {link}")));
        };
        let ctx = self.ctx();
        let links = self.b.ins().load(I64, memory(), ctx, offset_of!(NativeContext, links) as i32);
        Ok(self.b.ins().load(I64, memory(), links, offset))
    }

    pub fn return_value(&mut self, value: ir::Value) -> Result<(), CodegenError> {
        let (Some(ty), Some(vars)) = (self.f.result, self.around_calls) else {
            return malformed("a region returns");
        };
        self.own_depth();
        let value = self.value(value, ty)?;
        let [ctx, depth, fuel] = [vars.ctx, vars.depth, self.fuel].map(|var| self.b.use_var(var));
        self.b.ins().return_(&[value, ctx, depth, fuel]);
        Ok(())
    }

    /// A block, with the context as its parameter, that tells a method's caller that the method has left, its exit being
    /// written.
    pub fn left_block(&mut self, result: Type) -> clif::Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        let ctx = self.b.append_block_param(block, I64);
        self.b.switch_to_block(block);
        let value = match clif_type(result) {
            clif::types::F64 => self.b.ins().f64const(0.0),
            ty => self.b.ins().iconst(ty, 0),
        };
        let left = self.iconst(-1);
        self.b.ins().return_(&[value, ctx, left, left]);
        block
    }
}

/// A value as it is held in a word of memory.
pub(crate) fn to_word(b: &mut FunctionBuilder<'_>, value: clif::Value, ty: Type) -> clif::Value {
    match ty {
        Type::Bool => b.ins().uextend(I64, value),
        Type::Int | Type::Boxed | Type::Float => value,
    }
}

/// A value from a word of memory.
pub(crate) fn from_word(b: &mut FunctionBuilder<'_>, at: clif::Value, offset: i32, ty: Type) -> clif::Value {
    match ty {
        Type::Int | Type::Boxed | Type::Float => b.ins().load(clif_type(ty), memory(), at, offset),
        Type::Bool => {
            let word = b.ins().load(I64, memory(), at, offset);
            b.ins().ireduce(I8, word)
        }
    }
}

/// Builds a method's generic entry: an [`Entry`](crate::Entry) that calls the method with inputs from the transfer buffer.
pub(crate) fn lower_entry(
    f: &Function,
    result: Type,
    mut b: FunctionBuilder<'_>,
    target: TargetFrontendConfig,
) -> Result<(), CodegenError> {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let ctx = b.block_params(entry)[0];
    let field = |b: &mut FunctionBuilder<'_>, ctx: clif::Value, offset: usize| {
        b.ins().load(I64, memory(), ctx, offset as i32)
    };
    let fuel = field(&mut b, ctx, offset_of!(NativeContext, fuel));
    let depth = field(&mut b, ctx, offset_of!(NativeContext, depth_left));
    let inputs = field(&mut b, ctx, offset_of!(NativeContext, inputs));
    let mut args = vec![ctx, fuel, depth];
    for (i, input) in f.inputs.iter().enumerate() {
        args.push(from_word(&mut b, inputs, i as i32 * 8, input.ty));
    }
    let signature = b.import_signature(method_signature(f.inputs.iter().map(|input| input.ty), result));
    let method = method_reference(&mut b, signature);
    let called = b.ins().call(method, &args);
    let Returned { value, ctx, fuel, .. } = returned(&b, called)?;
    let (left, done) = (b.create_block(), b.create_block());
    b.set_cold_block(left);
    let has_left = b.ins().icmp_imm_s(IntCC::SignedLessThan, fuel, 0);
    b.ins().brif(has_left, left, &[], done, &[]);
    b.switch_to_block(done);
    b.ins().store(memory(), fuel, ctx, offset_of!(NativeContext, fuel) as i32);
    let slots = field(&mut b, ctx, offset_of!(NativeContext, slots));
    let word = to_word(&mut b, value, result);
    b.ins().store(memory(), word, slots, 0);
    let answer = b.ins().iconst(I32, i64::from(RETURNED));
    b.ins().return_(&[answer]);
    b.switch_to_block(left);
    let answer = b.ins().iconst(I32, i64::from(LEFT));
    b.ins().return_(&[answer]);
    b.seal_all_blocks();
    b.finalize(target);
    Ok(())
}

/// Fills in, in `bytes`, the calls of the method that starts at `method`: `relocs` are those of the code that starts at `at`.
///
/// # Errors
/// If the code refers to anything else, or if this machine's calls are not known here.
pub(crate) fn resolve(
    bytes: &mut [u8],
    at: u32,
    relocs: &[FinalizedMachReloc],
    method: u32,
) -> Result<(), CodegenError> {
    let outside = || CodegenError::Cranelift("the code refers to something outside".to_owned());
    for reloc in relocs {
        // Only one name is ever declared.
        if !matches!(reloc.target, FinalizedRelocTarget::ExternalName(clif::ExternalName::User(_))) {
            return Err(outside());
        }
        let place = (at + reloc.offset) as usize;
        let distance = i64::from(method) + reloc.addend - place as i64;
        let field = bytes.get_mut(place..place + 4).ok_or_else(outside)?;
        let word = match reloc.kind {
            Reloc::X86CallPCRel4 => i32::try_from(distance).map_err(|_| outside())?.to_le_bytes(),
            Reloc::Arm64Call if (-(1 << 27)..1 << 27).contains(&distance) => {
                let call = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
                (call & !0x03ff_ffff | (distance >> 2) as u32 & 0x03ff_ffff).to_le_bytes()
            }
            _ => return Err(outside()),
        };
        field.copy_from_slice(&word);
    }
    Ok(())
}
