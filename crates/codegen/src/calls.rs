//! Calls between methods: the convention, the call, the return, and the entry by which the engine enters a method.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is part of *compile*'s last step.
//!
//! A method is a function of context, fuel, depth left and its inputs, and gives its result and the fuel left, all in registers as far as
//! there are any. It has *left* if that fuel is negative, which fuel never is: one test, and no register for a status. Depth
//! goes down as an argument, so that nothing has to be put back on return.
//!
//! Invariants:
//! - whatever may refuse a call is looked at before anything is changed, so that there is nothing to undo;
//! - the innermost exit stores the fuel, those of its callers do not.

use crate::abi::{LEFT, NativeContext, RETURNED, packed_cost};
use crate::error::{CodegenError, malformed};
use crate::exits::Leave;
use crate::lower::{Lowering, clif_type, memory};
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
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
    signature.returns.extend([AbiParam::new(clif_type(result)), AbiParam::new(I64)]);
    signature
}

/// Context, fuel, depth left.
pub(crate) const FIXED_PARAMS: usize = 3;

impl Lowering<'_, '_> {
    pub fn call_method(&mut self, inst: &Inst) -> Result<clif::Value, CodegenError> {
        let f = self.f;
        let (Imm::Call(id), Some(result), Some(state), Some(depth)) =
            (inst.imm, inst.result, inst.state, self.depth)
        else {
            return malformed("a call without call site, result or frame state");
        };
        let Some(call) = f.calls.get(id.index()) else {
            return malformed(format!("{id} does not exist"));
        };
        let leave = |reason, waits| Leave { reason, state, pc: inst.pc, waits };
        let fuel = self.b.use_var(self.fuel);
        let cost = self.iconst(packed_cost(call.cost, false));
        let short = self.b.ins().icmp(IntCC::SignedLessThan, fuel, cost);
        self.leave_if_by(short, leave(ExitReason::Poll, None), None)?;
        let too_deep = self.b.ins().icmp_imm_u(IntCC::Equal, depth, 0);
        self.leave_if_by(too_deep, leave(ExitReason::CallDepth, None), None)?;
        let Some(offset) = call.link.checked_mul(8).and_then(|n| i32::try_from(n).ok()) else {
            return Err(CodegenError::TooLarge(format!("link {}", call.link)));
        };
        let links = self.b.ins().load(I64, memory(), self.ctx, offset_of!(NativeContext, links) as i32);
        let code = self.b.ins().load(I64, memory(), links, offset);
        let none = self.b.ins().icmp_imm_u(IntCC::Equal, code, 0);
        self.leave_if_by(none, leave(ExitReason::NoCode, None), None)?;

        let mut args = Vec::with_capacity(FIXED_PARAMS + call.args.len());
        let rest = self.b.ins().isub(fuel, cost);
        let deeper = self.b.ins().iadd_imm_s(depth, -1);
        args.extend([self.ctx, rest, deeper]);
        for &arg in &call.args {
            let ty = self.type_of(arg)?;
            args.push(self.value(arg, ty)?);
        }
        let types = call.args.iter().map(|&arg| f.ty(arg));
        let signature = method_signature(types, self.type_of(result)?);
        let signature = self.b.import_signature(signature);
        let called = self.b.ins().call_indirect(signature, code, &args);
        let (value, fuel) = match *self.b.inst_results(called) {
            [value, fuel] => (value, fuel),
            _ => return malformed("a call without results"),
        };
        self.b.def_var(self.fuel, fuel);
        let left = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, fuel, 0);
        self.leave_if_by(left, leave(ExitReason::CalleeLeft, Some(call.args.len() as u32)), None)?;
        Ok(value)
    }

    pub fn return_value(&mut self, value: ir::Value) -> Result<(), CodegenError> {
        let Some(ty) = self.f.result else {
            return malformed("a region returns");
        };
        let value = self.value(value, ty)?;
        let fuel = self.b.use_var(self.fuel);
        self.b.ins().return_(&[value, fuel]);
        Ok(())
    }

    /// Tells a method's caller that the method has left, its exit being written.
    pub fn return_left(&mut self, result: Type) {
        let value = match clif_type(result) {
            clif::types::F64 => self.b.ins().f64const(0.0),
            ty => self.b.ins().iconst(ty, 0),
        };
        let left = self.iconst(-1);
        self.b.ins().return_(&[value, left]);
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

/// Builds a method's generic entry: an [`Entry`](crate::Entry) that calls [`NativeContext::method`] with inputs from the transfer
/// buffer.
pub(crate) fn lower_entry(
    f: &Function,
    result: Type,
    mut b: FunctionBuilder<'_>,
    target: TargetFrontendConfig,
) {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let ctx = b.block_params(entry)[0];
    let field = |b: &mut FunctionBuilder<'_>, offset: usize| b.ins().load(I64, memory(), ctx, offset as i32);
    let fuel = field(&mut b, offset_of!(NativeContext, fuel));
    let depth = field(&mut b, offset_of!(NativeContext, depth_left));
    let method = field(&mut b, offset_of!(NativeContext, method));
    let inputs = field(&mut b, offset_of!(NativeContext, inputs));
    let mut args = vec![ctx, fuel, depth];
    for (i, input) in f.inputs.iter().enumerate() {
        args.push(from_word(&mut b, inputs, i as i32 * 8, input.ty));
    }
    let signature = b.import_signature(method_signature(f.inputs.iter().map(|input| input.ty), result));
    let called = b.ins().call_indirect(signature, method, &args);
    let (value, fuel) = (b.inst_results(called)[0], b.inst_results(called)[1]);
    let (left, returned) = (b.create_block(), b.create_block());
    b.set_cold_block(left);
    let has_left = b.ins().icmp_imm_s(IntCC::SignedLessThan, fuel, 0);
    b.ins().brif(has_left, left, &[], returned, &[]);
    b.switch_to_block(returned);
    b.ins().store(memory(), fuel, ctx, offset_of!(NativeContext, fuel) as i32);
    let slots = field(&mut b, offset_of!(NativeContext, slots));
    let word = to_word(&mut b, value, result);
    b.ins().store(memory(), word, slots, 0);
    let answer = b.ins().iconst(I32, i64::from(RETURNED));
    b.ins().return_(&[answer]);
    b.switch_to_block(left);
    let answer = b.ins().iconst(I32, i64::from(LEFT));
    b.ins().return_(&[answer]);
    b.seal_all_blocks();
    b.finalize(target);
}
