//! The way into optimized code and back, and the routines that it calls.
//!
//! While it runs, the [`Vm`] is reached only through the context that it was given, and no garbage is collected: a
//! routine that would have to collect, to stop the program or to raise an error answers "leave" instead, without effects; the
//! interpreter then executes the instruction again. So optimized code holds values in registers without telling anyone.

use super::panics;
use super::slow::call_routine;
use crate::abi::region::Reservation;
use crate::abi::values::{Raw, input_value};
use crate::abi::vm::{Unattended, Vm};
use crate::cache::{CodeCache, Unit};
use bytecode::{BinOp, Routine, UnOp};
use codegen::{
    Entry, NativeContext, RETURNED, Routines, TakenExit, exit_chain, native_depth, pack_fuel, unpack_fuel,
};
use ir::planted::{Bug, is};
use ir::{Ahead, Input, Type};
use runtime::Value;
use runtime::object::{self, Context, Outcome};
use std::ffi::c_void;

const ROUTINES: Routines = Routines {
    binary: binary_routine,
    unary: unary_routine,
    routine: general_routine,
    truth: truth_routine,
    box_int: box_int_routine,
    unbox_int: unbox_int_routine,
    print: print_routine,
    print_char: print_char_routine,
};

/// An input that is not of the type that the code assumes.
#[derive(Clone, Copy, Debug)]
pub struct Mismatch {
    /// Which.
    pub input: Input,
    /// What was there.
    pub found: Value,
}

/// Compiled code has left.
#[derive(Clone, Debug)]
pub struct Left {
    /// How.
    pub answer: Answer,
    /// Rounds of loops since it was entered.
    pub rounds: u64,
}

/// How compiled code has left.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A method has returned this.
    Returned(Raw),
    /// By these exits, innermost first; their words are in the transfer buffer.
    Exits(Vec<TakenExit>),
}

fn unbox(vm: &Vm, value: Value, ty: Type) -> Option<u64> {
    match ty {
        Type::Int => vm.store.as_i64(value).map(|i| i as u64),
        Type::Float => value.as_float().map(f64::to_bits),
        Type::Bool => value.as_bool().map(u64::from),
        Type::Boxed => Some(value.bits()),
    }
}

/// The slice, packed; what does not fit goes back to the reserve.
pub fn take_slice(vm: &mut Vm) -> i64 {
    let packed = pack_fuel(vm.slice);
    let slice = unpack_fuel(packed).0;
    vm.reserve += (vm.slice - slice) as u64;
    vm.slice = slice;
    packed
}

/// Runs compiled code on the current frame, which stands at the unit's entry.
///
/// # Errors
/// If a value is not of the type that the code assumes; then nothing happened.
pub fn enter(vm: &mut Vm, unit: &Unit, cache: &CodeCache, words: &mut Vec<u64>) -> Result<Left, Mismatch> {
    debug_assert_eq!((vm.regs.function, vm.regs.pc), (unit.place.function, unit.place.pc));
    let mut depth = if unit.calls { depth_left(vm, cache) } else { 0 };
    let start = unit.inputs.len();
    let size = |depth: u32| start + unit.slots as usize + depth as usize * cache.method_slots() as usize;
    // Room for what any number of calls leave behind; if the system refuses, it makes none.
    let missing = size(depth).saturating_sub(words.len());
    if words.try_reserve(missing).is_err() || vm.frames.try_reserve(depth as usize).is_err() {
        depth = 0;
    }
    let size = size(depth);
    if words.len() < size {
        words.resize(size, 0);
    }
    for (word, &input) in words.iter_mut().zip(&unit.inputs) {
        let found = input_value(vm, input.place);
        *word = unbox(vm, found, input.ty)
            .filter(|&word| input.sign.holds(word as i64) || input.ty != Type::Int || is(Bug::SignNotChecked))
            .ok_or(Mismatch { input, found })?;
    }
    let mut context = NativeContext {
        fuel: take_slice(vm),
        inputs: words.as_ptr(),
        slots: words[start..].as_mut_ptr(),
        links: cache.links.addresses().as_ptr().cast(),
        depth_left: i64::from(depth),
        globals: vm.globals.as_mut_ptr().cast(),
        region: vm.reservation.as_ref().map_or(std::ptr::null_mut(), Reservation::base),
        arguments: vm.arguments.as_mut_ptr(),
        counts: vm.counts.as_mut_ptr(),
        scratch: 0,
        routines: ROUTINES,
        user: std::ptr::from_mut(vm).cast::<c_void>(),
    };
    debug_assert!(words.len() >= size);
    // SAFETY: the unit's bytes come from the code generator and live as long as the unit; so do those of the methods
    // that the links lead to, which the cache clears when it drops one. The context keeps its promises: the buffer is
    // large enough for an exit of each activation, `globals` are the program's (whose slots the verifier has checked),
    // `counts` has all counters that there are (a unit names none if there are none), `user` is the Vm, which nobody
    // else touches until the call returns.
    let answer = unsafe { std::mem::transmute::<u64, Entry>(unit.address)(&mut context) };
    panics::go_on(vm);
    let (fuel, rounds) = unpack_fuel(context.fuel);
    vm.slice = fuel;
    if answer == RETURNED {
        let ty = unit.method.as_ref().map_or(Type::Boxed, |method| method.signature.result);
        let ty = if ty == Type::Int && is(Bug::ResultAsFloat) { Type::Float } else { ty };
        let word = words.get(start).copied().unwrap_or_default();
        return Ok(Left { answer: Answer::Returned(Raw::from_word(word, ty)), rounds });
    }
    // SAFETY: compiled code moves the pointer inside the buffer.
    let end = (unsafe { context.slots.offset_from(words.as_ptr()) }) as usize;
    debug_assert!(end <= words.len());
    let record = |unit, exit: u32| cache.get(unit)?.exits.get(exit as usize);
    let chain =
        exit_chain(words, (start, end), unit.id, answer, |unit, exit| Some(record(unit, exit)?.words));
    let chain = chain.unwrap_or_default();
    // What was charged before its time is given back: the interpreter will charge it.
    let ahead = chain
        .first()
        .and_then(|taken| record(taken.unit, taken.exit))
        .map_or_else(Ahead::default, |r| r.ahead);
    vm.slice += i64::from(ahead.cost);
    let rounds = rounds - u64::from(ahead.rounds);
    Ok(Left { answer: Answer::Exits(chain), rounds })
}

/// How many calls compiled code may make within calls: as many as the interpreter could, whose frames they may become.
fn depth_left(vm: &Vm, cache: &CodeCache) -> u32 {
    let waiting = vm.frames.len() + usize::from(!is(Bug::DepthOneTooMany));
    let calls = (vm.max_depth() as usize).saturating_sub(waiting);
    let largest = vm.largest_frame().max(1) as usize;
    let room = (vm.stack.len() - vm.regs.sp as usize) / largest;
    calls.min(room.saturating_sub(1)).min(native_depth(cache.method_frame()) as usize) as u32
}

/// Runs `work` on the Vm behind a context, with the fuel of the context; `leave` has compiled code leave, if `work` panics.
fn with_vm<T>(ctx: *mut NativeContext, leave: T, work: impl FnOnce(&mut Vm) -> T) -> T {
    debug_assert!(!ctx.is_null());
    // SAFETY: compiled code passes on the context that `enter` gave it, whose `user` is a Vm that nobody else touches
    // until compiled code has left.
    let (context, vm) = unsafe {
        let user = (*ctx).user.cast::<Vm>();
        (&mut *ctx, &mut *user)
    };
    vm.slice = unpack_fuel(context.fuel).0;
    let before = vm.slice;
    let result = panics::kept(vm, leave, work);
    context.fuel -= (before - vm.slice) << codegen::FUEL_SHIFT;
    result
}

extern "C" fn binary_routine(ctx: *mut NativeContext, op: u32, a: u64, b: u64) -> u64 {
    let (a, b) = (Value::from_bits(a), Value::from_bits(b));
    let refused = Value::REFUSED.bits();
    let Some(op) = BinOp::from_number(op) else { return refused };
    with_vm(ctx, refused, |vm| match vm.store.binary_cost(op, a, b) {
        _ if object::concerns_binary(&vm.store, op, &[a, b]) => {
            unattended(vm, |cx| object::binary(cx, op, &mut [a, b])).unwrap_or(refused)
        }
        Ok(cost) => vm.pay_if_done(cost, |store| store.binary(op, a, b)).map_or(refused, Value::bits),
        Err(_) => refused,
    })
}

extern "C" fn unary_routine(ctx: *mut NativeContext, op: u32, a: u64) -> u64 {
    let a = Value::from_bits(a);
    let refused = Value::REFUSED.bits();
    let Some(op) = UnOp::from_number(op) else { return refused };
    with_vm(ctx, refused, |vm| match vm.store.unary_cost(op, a) {
        _ if object::concerns(&vm.store, &[a]) => {
            unattended(vm, |cx| object::unary(cx, op, a)).unwrap_or(refused)
        }
        Ok(cost) => vm.pay_if_done(cost, |store| store.unary(op, a)).map_or(refused, Value::bits),
        Err(_) => refused,
    })
}

/// Does what compiled code may do by itself; if that is refused, or raises an error, nothing has happened.
fn unattended(vm: &mut Vm, work: impl FnOnce(&mut dyn Context) -> Outcome) -> Option<u64> {
    let (slice, size_fuel) = (vm.slice, vm.counters.size_fuel);
    match work(&mut Unattended(vm)) {
        Ok(value) => Some(value.bits()),
        // The interpreter does it again, and pays then.
        Err(_) if is(Bug::RefusedIsCharged) => None,
        Err(_) => {
            vm.slice = slice;
            vm.counters.size_fuel = size_fuel;
            None
        }
    }
}

extern "C" fn general_routine(ctx: *mut NativeContext, number: u32, inputs: u32, detail: u32) -> u64 {
    let refused = Value::REFUSED.bits();
    let Some(routine) = Routine::from_number(number) else { return refused };
    with_vm(ctx, refused, |vm| {
        let program = vm.program.clone();
        let Some(arguments) = vm.arguments.get(..inputs as usize) else { return refused };
        let mut few = [Value::NONE; 8];
        let mut many = Vec::new();
        let args = match few.get_mut(..arguments.len()) {
            Some(few) => {
                few.iter_mut().zip(arguments).for_each(|(arg, &bits)| *arg = Value::from_bits(bits));
                few
            }
            None => {
                many.extend(arguments.iter().map(|&bits| Value::from_bits(bits)));
                &mut many[..]
            }
        };
        unattended(vm, |cx| call_routine(&program, cx, routine, detail, args)).unwrap_or(refused)
    })
}

/// The Vm behind a context, for routines that do not touch fuel.
fn vm_of<'a>(ctx: *mut NativeContext) -> &'a mut Vm {
    debug_assert!(!ctx.is_null());
    // SAFETY: as in `with_vm`; the reference does not outlive the routine.
    unsafe { &mut *(*ctx).user.cast::<Vm>() }
}

extern "C" fn truth_routine(ctx: *mut NativeContext, a: u64) -> u32 {
    u32::from(vm_of(ctx).store.truth(Value::from_bits(a)))
}

extern "C" fn box_int_routine(ctx: *mut NativeContext, a: i64) -> u64 {
    vm_of(ctx).store.int(a).bits()
}

extern "C" fn unbox_int_routine(ctx: *mut NativeContext, a: u64) -> u32 {
    match vm_of(ctx).store.as_i64(Value::from_bits(a)) {
        Some(i) => {
            // SAFETY: as in `with_vm`.
            unsafe { (*ctx).scratch = i as u64 };
            1
        }
        None => 0,
    }
}

fn print(ctx: *mut NativeContext, a: u64, character: bool) -> u32 {
    let a = Value::from_bits(a);
    with_vm(ctx, 0, |vm| {
        if object::concerns(&vm.store, &[a]) {
            return if character {
                0
            } else {
                u32::from(unattended(vm, |cx| object::print(cx, a)).is_some())
            };
        }
        let cost = vm.print_cost(a);
        let done = vm.pay_if_done(cost, |store| if character { store.print_char(a) } else { store.print(a) });
        u32::from(done.is_some())
    })
}

extern "C" fn print_routine(ctx: *mut NativeContext, a: u64) -> u32 {
    print(ctx, a, false)
}

extern "C" fn print_char_routine(ctx: *mut NativeContext, a: u64) -> u32 {
    print(ctx, a, true)
}
