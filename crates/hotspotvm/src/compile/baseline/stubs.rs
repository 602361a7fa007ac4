//! Code that all baseline code of a run shares: the ways in and out, and calls into the run time. Part of stage 3, compile.
//!
//! Baseline code finds these through its context, so it contains no addresses of code.

use super::asm::{Alu, Asm, BASE, CX, Cond, FUEL, RAX, RCX, RDX, Reg, SITES, Shift, TAG, Xmm};
use crate::abi::baseline::{BaselineContext, BaselineExit, Stubs};
use crate::abi::vm::Frame;
use crate::profile::Site;
use runtime::Value;
use std::mem::offset_of;

macro_rules! offsets {
    ($($name:ident = $field:ident),* $(,)?) => {
        $(pub(super) const $name: i32 = offset_of!(BaselineContext, $field) as i32;)*
    };
}

offsets! {
    FUEL_SAVED = fuel,
    BASE_SAVED = base,
    LEFT_PC = left_pc,
    LEFT_HAND = left_hand,
    TARGET = target,
    RESUME = resume,
    FRAMES = frames,
    FRAMES_TOP = frames_top,
    FRAMES_END = frames_end,
    STACK_END = stack_end,
    FUNCTIONS = functions,
    GLOBALS = globals,
    FALSE_BITS = false_bits,
    TRUE_BITS = true_bits,
    MAX_FLOAT = max_float,
    BOX_VALUE = box_value,
    SPILL = spill,
    SPILL_FLOAT = spill_float,
    LEAVE_STUB = leave_stub,
    REFUND_STUB = refund_stub,
    STEP_STUB = step_stub,
    TRUTH_STUB = truth_stub,
    BOX_STUB = box_stub,
    UNBOX_STUB = unbox_stub,
    UNBOXED = unboxed,
    STEP_ROUTINE = step_routine,
    TRUTH_ROUTINE = truth_routine,
    BOX_ROUTINE = box_routine,
    UNBOX_ROUTINE = unbox_routine,
}

pub(super) const FRAME_NATIVE: i32 = offset_of!(Frame, native) as i32;
pub(super) const FRAME_PLACE: i32 = offset_of!(Frame, function) as i32;
pub(super) const FRAME_DELTA: i32 = offset_of!(Frame, delta) as i32;
pub(super) const FRAME_SIZE: i32 = size_of::<Frame>() as i32;

const _: () = assert!(offset_of!(Frame, pc) == offset_of!(Frame, function) + 4);

/// Makes the stubs.
///
/// # Errors
/// If the assembler refuses.
pub fn make() -> Result<(Vec<u8>, Stubs), String> {
    const SAVED: [Reg; 6] = [BASE, Reg(5), FUEL, CX, Reg(14), TAG];
    const ARGUMENT: Reg = Reg(7);
    let mut asm = Asm::new();
    let rsp = Reg(4);

    let enter = asm.offset();
    for r in SAVED {
        asm.push(r);
    }
    // Calls need the stack at a multiple of 16: the return address and six registers have taken 56.
    asm.alu_imm(Alu::Sub, rsp, 8);
    asm.mov(CX, ARGUMENT);
    asm.load(FUEL, CX, FUEL_SAVED);
    asm.load(BASE, CX, BASE_SAVED);
    asm.constant(TAG, u64::from(Value::INT_TAG) << 48);
    asm.jump_mem(CX, RESUME);

    let interpret = asm.offset();
    asm.mov(RCX, RDX);
    asm.shift(Shift::Left, RCX, 8);
    asm.alu_imm(Alu::Or, RCX, BaselineExit::Call as i32);
    asm.constant(RAX, 0);
    let out = asm.label();
    asm.jump(out);

    // The pc is in `rax`. A charge is the price of the run there.
    let refund = asm.offset();
    asm.multiply_imm(Reg(11), RAX, size_of::<Site>() as i32);
    asm.alu(Alu::Add, Reg(11), SITES);
    asm.load_u32(Reg(11), Reg(11), offset_of!(Site, cost) as i32);
    asm.shift(Shift::Left, Reg(11), codegen::FUEL_SHIFT as u8);
    asm.alu(Alu::Add, FUEL, Reg(11));

    let leave = asm.offset();
    asm.bind(out);
    asm.store(CX, FUEL_SAVED, FUEL);
    asm.store(CX, BASE_SAVED, BASE);
    asm.store(CX, LEFT_PC, RAX);
    asm.store(CX, LEFT_HAND, RCX);
    asm.alu_imm(Alu::Add, rsp, 8);
    for r in SAVED.into_iter().rev() {
        asm.pop(r);
    }
    asm.ret();

    let step = asm.offset();
    asm.store(CX, LEFT_PC, Reg(6));
    call_out(&mut asm, STEP_ROUTINE);
    asm.test32(RAX);
    let stopped = asm.label();
    asm.jump_if(Cond::NotEqual, stopped);
    asm.ret();
    asm.bind(stopped);
    // The ways back to the tail and to the slow path are not taken.
    asm.alu_imm(Alu::Add, rsp, 16);
    asm.constant(RAX, 0);
    asm.constant(RCX, BaselineExit::Stopped as u64);
    asm.jump(out);

    let truth = asm.offset();
    call_out(&mut asm, TRUTH_ROUTINE);
    asm.ret();

    let box_int = asm.offset();
    call_quietly(&mut asm, BOX_ROUTINE);
    let unbox = asm.offset();
    call_quietly(&mut asm, UNBOX_ROUTINE);

    let stubs = Stubs { enter, leave, refund, step, truth, box_int, unbox, interpret };
    Ok((asm.finish()?, stubs))
}

/// Calls a routine with the context first; the other arguments are in place. It may change fuel. Two return addresses
/// are on the native stack, so it is at a multiple of 16.
fn call_out(asm: &mut Asm, routine: i32) {
    asm.store(CX, FUEL_SAVED, FUEL);
    asm.store(CX, BASE_SAVED, BASE);
    asm.mov(Reg(7), CX);
    asm.call_mem(CX, routine);
    asm.load(FUEL, CX, FUEL_SAVED);
}

/// Calls a routine with the context and the int or box there, and leaves its answer in its place. Changes no register.
fn call_quietly(asm: &mut Asm, routine: i32) {
    const CHANGED: [Reg; 9] = [RAX, RCX, RDX, Reg(6), Reg(7), Reg(8), Reg(9), Reg(10), Reg(11)];
    let rsp = Reg(4);
    for r in CHANGED {
        asm.push(r);
    }
    // Return address and nine registers: 80, a multiple of 16.
    asm.alu_imm(Alu::Sub, rsp, 128);
    for x in 0..16 {
        asm.float_store(rsp, 8 * i32::from(x), Xmm(x));
    }
    asm.mov(Reg(7), CX);
    asm.load(Reg(6), CX, BOX_VALUE);
    asm.call_mem(CX, routine);
    asm.store(CX, BOX_VALUE, RAX);
    for x in 0..16 {
        asm.float_load(Xmm(x), rsp, 8 * i32::from(x));
    }
    asm.alu_imm(Alu::Add, rsp, 128);
    for r in CHANGED.into_iter().rev() {
        asm.pop(r);
    }
    asm.ret();
}
