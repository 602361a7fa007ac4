//! Boxing, unboxing and calls into the run time.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is part of *compile*'s last step.
//!
//! Invariant: small ints, floats and bools are recognised and made in line; only ints beyond 48 bits and values of
//! other types cost a call, and that call is in a cold block.

use crate::abi::NativeContext;
use crate::error::{CodegenError, malformed};
use crate::lower::{Lowering, memory};
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{AbiParam, BlockArg, InstBuilder, MemFlagsData};
use ir::{Imm, Inst};
use std::mem::offset_of;

impl Lowering<'_, '_> {
    /// Calls the routine whose pointer is at this offset of the context.
    fn call(
        &mut self,
        routine: usize,
        params: &'static [clif::Type],
        result: clif::Type,
        args: &[clif::Value],
    ) -> clif::Value {
        let known = self.signatures.iter().find(|s| s.0 == params && s.1 == result).map(|s| s.2);
        let signature = known.unwrap_or_else(|| {
            let mut signature = clif::Signature::new(self.target.default_call_conv);
            signature.params.extend(params.iter().map(|&ty| AbiParam::new(ty)));
            signature.returns.push(AbiParam::new(result));
            let signature = self.b.import_signature(signature);
            self.signatures.push((params, result, signature));
            signature
        });
        let ctx = self.ctx();
        let pointer = self.b.ins().load(I64, memory(), ctx, routine as i32);
        let call = self.b.ins().call_indirect(signature, pointer, args);
        self.b.inst_results(call)[0]
    }

    /// Starts a cold block where the condition holds, which is expected to go on in the block returned; what follows is
    /// emitted into the cold block.
    pub fn unlikely(&mut self, condition: clif::Value, join: clif::Block, likely: &[BlockArg]) {
        let cold = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], join, likely);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
    }

    /// Goes on from a cold block.
    pub fn rejoin(&mut self, join: clif::Block, value: clif::Value) -> clif::Value {
        self.b.ins().jump(join, &[BlockArg::Value(value)]);
        self.b.seal_block(join);
        self.b.switch_to_block(join);
        self.b.block_params(join)[0]
    }

    /// Shifting the payload up and the tag in below, then rotating, needs no wide constant.
    pub fn box_int(&mut self, a: clif::Value) -> clif::Value {
        let join = self.b.create_block();
        self.b.append_block_param(join, I64);
        let up = self.b.ins().ishl_imm_u(a, 16);
        let back = self.b.ins().sshr_imm_u(up, 16);
        let wide = self.b.ins().icmp(IntCC::NotEqual, back, a);
        let tag = self.iconst(i64::from(self.layout.int_tag));
        let tagged = self.b.ins().bor(up, tag);
        let small = self.b.ins().rotr_imm_u(tagged, 16);
        self.unlikely(wide, join, &[BlockArg::Value(small)]);
        let ctx = self.ctx();
        let boxed = self.call(offset_of!(NativeContext, routines.box_int), &[I64, I64], I64, &[ctx, a]);
        self.rejoin(join, boxed)
    }

    /// Rotating brings the tag down, where it compares with a small constant, and the payload up, where one shift extends
    /// its sign.
    pub fn guard_int(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let join = self.b.create_block();
        self.b.append_block_param(join, I64);
        let turned = self.b.ins().rotl_imm_u(a, 16);
        let tag = self.b.ins().ireduce(I16, turned);
        let tag = self.b.ins().uextend(I32, tag);
        let expected = self.b.ins().iconst(I32, i64::from(self.layout.int_tag));
        let other = self.b.ins().icmp(IntCC::NotEqual, tag, expected);
        let small = self.b.ins().sshr_imm_u(turned, 16);
        self.unlikely(other, join, &[BlockArg::Value(small)]);
        let ctx = self.ctx();
        let found = self.call(offset_of!(NativeContext, routines.unbox_int), &[I64, I64], I32, &[ctx, a]);
        let refused = self.b.ins().icmp_imm_u(IntCC::Equal, found, 0);
        self.leave_if_cold(refused, inst)?;
        let wide = self.b.ins().load(I64, memory(), ctx, offset_of!(NativeContext, scratch) as i32);
        Ok(self.rejoin(join, wide))
    }

    /// Leaves from a cold block, which goes on in another cold block.
    pub fn leave_if_cold(&mut self, condition: clif::Value, inst: &Inst) -> Result<(), CodegenError> {
        self.leave_if(condition, inst, None)?;
        if let Some(block) = self.b.current_block() {
            self.b.set_cold_block(block);
        }
        Ok(())
    }

    pub fn guard_float(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let limit = self.iconst(self.layout.max_float_bits as i64);
        let other = self.b.ins().icmp(IntCC::UnsignedGreaterThan, a, limit);
        self.leave_if(other, inst, None)?;
        Ok(self.b.ins().bitcast(F64, MemFlagsData::new(), a))
    }

    pub fn guard_bool(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let other = self.is_not_bool(a);
        self.leave_if(other, inst, None)?;
        let bit = self.b.ins().ireduce(I8, a);
        Ok(self.b.ins().band_imm_u(bit, 1))
    }

    fn is_not_bool(&mut self, a: clif::Value) -> clif::Value {
        let with_bit = self.b.ins().bor_imm_u(a, 1);
        let yes = self.iconst(self.layout.true_bits as i64);
        self.b.ins().icmp(IntCC::NotEqual, with_bit, yes)
    }

    pub fn truth(&mut self, a: clif::Value) -> clif::Value {
        let join = self.b.create_block();
        self.b.append_block_param(join, I8);
        let other = self.is_not_bool(a);
        let bit = self.b.ins().ireduce(I8, a);
        let bit = self.b.ins().band_imm_u(bit, 1);
        self.unlikely(other, join, &[BlockArg::Value(bit)]);
        let ctx = self.ctx();
        let truth = self.call(offset_of!(NativeContext, routines.truth), &[I64, I64], I32, &[ctx, a]);
        let truth = self.b.ins().icmp_imm_u(IntCC::NotEqual, truth, 0);
        self.rejoin(join, truth)
    }

    /// Leaves if a routine has refused.
    fn check_refused(&mut self, inst: &Inst, result: clif::Value) -> Result<clif::Value, CodegenError> {
        let refused = self.iconst(self.layout.refused as i64);
        let refused = self.b.ins().icmp(IntCC::Equal, result, refused);
        self.leave_if(refused, inst, None)?;
        Ok(result)
    }

    pub fn call_binary(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let Imm::BinOp(op) = inst.imm else {
            return malformed("call_binary without its operation");
        };
        let op = self.b.ins().iconst(I32, i64::from(op.number()));
        self.store_fuel();
        let routine = offset_of!(NativeContext, routines.binary);
        let ctx = self.ctx();
        let result = self.call(routine, &[I64, I32, I64, I64], I64, &[ctx, op, a, b]);
        self.reload_fuel();
        self.check_refused(inst, result)
    }

    pub fn call_unary(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let Imm::UnOp(op) = inst.imm else {
            return malformed("call_unary without its operation");
        };
        let op = self.b.ins().iconst(I32, i64::from(op.number()));
        self.store_fuel();
        let routine = offset_of!(NativeContext, routines.unary);
        let ctx = self.ctx();
        let result = self.call(routine, &[I64, I32, I64], I64, &[ctx, op, a]);
        self.reload_fuel();
        self.check_refused(inst, result)
    }

    /// Puts an argument of the next routine in its place.
    pub fn argument(&mut self, inst: &Inst, a: clif::Value) -> Result<(), CodegenError> {
        let Imm::Argument(at) = inst.imm else {
            return malformed("an argument without its place");
        };
        let Some(offset) = at.checked_mul(8).and_then(|n| i32::try_from(n).ok()) else {
            return Err(CodegenError::TooLarge(format!("argument {at}")));
        };
        let ctx = self.ctx();
        let arguments = self.b.ins().load(I64, memory(), ctx, offset_of!(NativeContext, arguments) as i32);
        self.b.ins().store(memory(), a, arguments, offset);
        Ok(())
    }

    pub fn call_routine(&mut self, inst: &Inst) -> Result<clif::Value, CodegenError> {
        let Imm::Routine { routine, inputs, detail } = inst.imm else {
            return malformed("call_routine without its routine");
        };
        let [number, inputs, detail] =
            [routine.number(), inputs, detail].map(|n| self.b.ins().iconst(I32, i64::from(n)));
        self.store_fuel();
        let routine = offset_of!(NativeContext, routines.routine);
        let ctx = self.ctx();
        let result = self.call(routine, &[I64, I32, I32, I32], I64, &[ctx, number, inputs, detail]);
        self.reload_fuel();
        self.check_refused(inst, result)
    }

    /// Calls `print` or `print_char`, whose pointer is at this offset of the context.
    pub fn call_print(&mut self, inst: &Inst, a: clif::Value, routine: usize) -> Result<(), CodegenError> {
        self.store_fuel();
        let ctx = self.ctx();
        let done = self.call(routine, &[I64, I64], I32, &[ctx, a]);
        self.reload_fuel();
        let refused = self.b.ins().icmp_imm_u(IntCC::Equal, done, 0);
        self.leave_if(refused, inst, None)
    }
}
