//! The way into baseline code and back, and the routines that baseline code calls.
//!
//! Baseline code works on the [`Vm`]'s own stack and list of frames, through the pointers of a [`BaselineContext`].
//! Unlike optimized code it keeps nothing to itself: whenever it calls a routine, the current frame is complete in
//! memory, so a routine may do all that the interpreter may, collecting garbage and stopping the program included.

use super::interpreter;
use super::native::take_slice;
use super::panics;
use crate::abi::baseline::{BaselineContext, BaselineExit};
use crate::abi::values::kind;
use crate::abi::vm::Vm;
use crate::cache::baseline::{BaselineCache, BaselineUnit};
use crate::profile::Feedback;
use bytecode::FuncId;
use codegen::{FUEL_SHIFT, unpack_fuel};
use runtime::Value;
use std::ffi::c_void;

/// Baseline code has left.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// How.
    pub how: BaselineExit,
    /// Back-edges taken since it was entered.
    pub rounds: u64,
}

/// Room for at least so many more calls before baseline code is entered.
const ROOM: usize = 256;

/// Runs baseline code on the current frame, at the block that starts at `regs.pc`; `None` if none does. The Vm's
/// registers say where it left, except in which state ([`Left::how`]).
pub fn enter(vm: &mut Vm, cache: &BaselineCache, unit: &BaselineUnit) -> Option<Left> {
    let target = unit.block_address(vm.regs.pc)?;
    if vm.frames.capacity() - vm.frames.len() < ROOM {
        // If the system refuses, the interpreter makes the next call, and stops.
        let _ = vm.frames.try_reserve(vm.frames.len().max(4 * ROOM));
    }
    let most = vm.frames.capacity().min((vm.max_depth() as usize).saturating_sub(1)).max(vm.frames.len());
    let frames = vm.frames.as_mut_ptr();
    let stack = vm.stack.as_mut_ptr();
    let waiting = vm.frames.len();
    debug_assert!(waiting <= most && most <= vm.frames.capacity());
    debug_assert!(vm.regs.base as usize <= vm.stack.len());
    let stubs = cache.stubs();
    let mut context = BaselineContext {
        fuel: take_slice(vm),
        // SAFETY: the base is inside the stack, the end one past it.
        base: unsafe { stack.add(vm.regs.base as usize) },
        left_pc: 0,
        left_hand: 0,
        target,
        resume: unit.resume_address(),
        frames,
        // SAFETY: the frames in use and the capacity are inside the allocation, or one past it.
        frames_top: unsafe { frames.add(waiting) },
        // SAFETY: as above.
        frames_end: unsafe { frames.add(most) },
        // SAFETY: one past the stack.
        stack_end: unsafe { stack.add(vm.stack.len()) },
        functions: cache.entries().as_ptr(),
        globals: vm.globals.as_mut_ptr(),
        false_bits: Value::FALSE.bits(),
        true_bits: Value::TRUE.bits(),
        max_float: Value::MAX_FLOAT_BITS,
        box_value: 0,
        unboxed: 0,
        spill: [0; 16],
        spill_float: [0.0; 16],
        leave_stub: stubs.leave,
        refund_stub: stubs.refund,
        step_stub: stubs.step,
        truth_stub: stubs.truth,
        box_stub: stubs.box_int,
        unbox_stub: stubs.unbox,
        step_routine,
        truth_routine,
        box_routine,
        unbox_routine,
        user: std::ptr::from_mut(vm).cast::<c_void>(),
    };
    // SAFETY: the stub is a function of this signature, in memory that lives as long as the cache. The context keeps
    // its promises: stack, frames and globals are the Vm's, whose bounds the code checks or the verifier has proved;
    // the Vm is touched by nobody else until the call returns.
    unsafe {
        let enter = std::mem::transmute::<u64, extern "sysv64" fn(*mut BaselineContext)>(stubs.enter);
        enter(&raw mut context);
    }
    panics::go_on(vm);
    let (fuel, rounds) = unpack_fuel(context.fuel);
    vm.slice = fuel;
    // SAFETY: both point into the same allocation; the code moves the top by whole frames, checked against the end.
    let waiting = (unsafe { context.frames_top.offset_from(context.frames) }) as usize;
    debug_assert!(waiting <= most);
    // SAFETY: the frames up to the top have been written, by calls that made room first.
    unsafe { vm.frames.set_len(waiting) };
    let how = BaselineExit::ALL[(context.left_hand & 0xFF) as usize];
    if how != BaselineExit::Stopped {
        vm.regs.function = (context.left_hand >> 8) as u32;
        vm.regs.pc = context.left_pc as u32;
        // SAFETY: the code keeps the base inside the stack.
        vm.regs.base = (unsafe { context.base.offset_from(stack) }) as u32;
        let state = &vm.functions[vm.regs.function as usize];
        let (params, locals) = (state.params, state.locals);
        let mut height = vm.program.facts(FuncId(vm.regs.function)).heights[vm.regs.pc as usize];
        if how == BaselineExit::Call {
            height = 0;
            let start = vm.regs.base as usize;
            vm.stack[start + params as usize..start + locals as usize].fill(Value::NONE.bits());
        }
        vm.regs.sp = vm.regs.base + locals + height;
    }
    Some(Left { how, rounds })
}

/// Runs `work` on the Vm behind a context, standing at an instruction, with the fuel of the context.
fn with_vm<T>(ctx: *mut BaselineContext, place: (u64, u64), leave: T, work: impl FnOnce(&mut Vm) -> T) -> T {
    debug_assert!(!ctx.is_null());
    // SAFETY: baseline code passes on the context that `enter` gave it, whose `user` is a Vm that nobody else touches
    // until baseline code has left.
    let (context, vm) = unsafe {
        let user = (*ctx).user.cast::<Vm>();
        (&mut *ctx, &mut *user)
    };
    let (pc, function) = (place.0 as u32, place.1 as u32);
    // SAFETY: baseline code keeps its base inside the stack.
    let base = (unsafe { context.base.offset_from(vm.stack.as_ptr()) }) as u32;
    let height = vm.program.facts(FuncId(function)).heights[pc as usize];
    let sp = base + vm.functions[function as usize].locals + height;
    vm.regs = crate::abi::vm::Registers { function, pc, base, sp };
    vm.slice = unpack_fuel(context.fuel).0;
    let before = vm.slice;
    let result = panics::kept(vm, leave, work);
    context.fuel -= (before - vm.slice) << FUEL_SHIFT;
    result
}

extern "sysv64" fn step_routine(ctx: *mut BaselineContext, pc: u64, function: u64) -> u32 {
    with_vm(ctx, (pc, function), 1, |vm| u32::from(interpreter::step(vm).is_err()))
}

extern "sysv64" fn truth_routine(ctx: *mut BaselineContext, value: u64, pc: u64, function: u64) -> u32 {
    let value = Value::from_bits(value);
    with_vm(ctx, (pc, function), 0, |vm| {
        let seen = Feedback::single(kind(vm, value));
        vm.functions[function as usize].cells[pc as usize].feedback.record(seen);
        u32::from(vm.store.truth(value))
    })
}

extern "sysv64" fn box_routine(ctx: *mut BaselineContext, a: i64) -> u64 {
    debug_assert!(!ctx.is_null());
    // SAFETY: as in `with_vm`.
    let vm = unsafe { &mut *(*ctx).user.cast::<Vm>() };
    vm.store.int(a).bits()
}

extern "sysv64" fn unbox_routine(ctx: *mut BaselineContext, a: u64) -> i64 {
    debug_assert!(!ctx.is_null());
    // SAFETY: as in `with_vm`; the two do not overlap, since the context is on the stack of `enter`.
    let (context, vm) = unsafe {
        let user = (*ctx).user.cast::<Vm>();
        (&mut *ctx, &*user)
    };
    let int = vm.store.as_i64(Value::from_bits(a));
    context.unboxed = u64::from(int.is_some());
    int.unwrap_or(0)
}
