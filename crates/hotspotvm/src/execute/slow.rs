//! What the interpreter does seldom: operands that no fast path covers, operations in their general form, streams.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. These functions are not
//! inlined and get the [`Vm`] and values, never the interpreter's registers; those stay in registers of the processor
//! that way.

use crate::abi::values::kind_of;
use crate::abi::vm::Vm;
use crate::profile::Feedback;
use bytecode::machine::{BinOp, Mixed, UnOp};
use bytecode::{Builtin1, Routine, Verified};
use runtime::num::{self, Output};
use runtime::object::{self, Context, Fault, Outcome};
use runtime::{StopKind, Value};
use std::sync::Arc;

/// Two numbers, as far as the fast paths care.
pub(super) enum Numbers {
    Ints(i64, i64),
    Floats(f64, f64),
    Other,
}

/// The rarer pairs, ints of more than 48 bits or an int beside a float, and what to remember of them.
#[inline(never)]
pub(super) fn classify(vm: &Vm, a: Value, b: Value, mixed: Mixed) -> (Feedback, Numbers) {
    let (x, y) = (vm.store.as_i64(a), vm.store.as_i64(b));
    let seen = Feedback::pair(kind_of(a, x), kind_of(b, y));
    let seen = if a.as_reference().or(b.as_reference()).is_some() { seen.and_large() } else { seen };
    let exact = |i: i64| (i.unsigned_abs() <= 1 << 53 || mixed == Mixed::Rounded).then_some(i as f64);
    let numbers = match ((x, a.as_float()), (y, b.as_float())) {
        ((Some(x), _), (Some(y), _)) => Numbers::Ints(x, y),
        _ if mixed == Mixed::Never => Numbers::Other,
        ((Some(x), _), (_, Some(y))) => exact(x).map_or(Numbers::Other, |x| Numbers::Floats(x, y)),
        ((_, Some(x)), (Some(y), _)) => exact(y).map_or(Numbers::Other, |y| Numbers::Floats(x, y)),
        _ => Numbers::Other,
    };
    (seen, numbers)
}

/// An int of more than 48 bits as a value.
#[cold]
#[inline(never)]
pub(super) fn large_int(vm: &mut Vm, a: i64) -> Value {
    vm.store.heap.add_int(a)
}

#[inline(never)]
pub(super) fn general_binary(vm: &mut Vm, op: BinOp, a: Value, b: Value) -> Value {
    let mut held = [a, b];
    if object::concerns_binary(&vm.store, op, &held) {
        let outcome = object::binary(vm, op, &mut held);
        return finished(vm, outcome);
    }
    match vm.store.binary_cost(op, a, b) {
        Ok(cost) if vm.pay(cost, &mut held).is_err() => Value::REFUSED,
        Ok(_) => match vm.store.binary(op, held[0], held[1]) {
            Ok(value) => value,
            Err(error) => refused(vm, error),
        },
        Err(error) => refused(vm, error),
    }
}

#[inline(never)]
pub(super) fn general_unary(vm: &mut Vm, op: UnOp, a: Value) -> Value {
    let mut held = [a];
    if object::concerns(&vm.store, &held) {
        let outcome = object::unary(vm, op, a);
        return finished(vm, outcome);
    }
    match vm.store.unary_cost(op, a) {
        Ok(cost) if vm.pay(cost, &mut held).is_err() => Value::REFUSED,
        Ok(_) => match vm.store.unary(op, held[0]) {
            Ok(value) => value,
            Err(error) => refused(vm, error),
        },
        Err(error) => refused(vm, error),
    }
}

/// Calls a routine with the operands on top of the stack, which stay there.
#[inline(never)]
pub(super) fn routine(vm: &mut Vm, routine: Routine, inputs: u32, detail: u32) -> Value {
    let sp = vm.regs.sp as usize;
    debug_assert!(inputs as usize <= sp);
    // They are copied, since the stack is a root of its own: a collection changes both.
    let mut few = [Value::NONE; 8];
    let mut many = Vec::new();
    let operands = vm.stack[sp - inputs as usize..sp].iter().map(|&bits| Value::from_bits(bits));
    let args = match few.get_mut(..inputs as usize) {
        Some(few) => {
            few.iter_mut().zip(operands).for_each(|(arg, operand)| *arg = operand);
            few
        }
        None => {
            many.extend(operands);
            &mut many[..]
        }
    };
    let outcome = call_routine(&program(vm), vm, routine, detail, args);
    finished(vm, outcome)
}

fn program(vm: &Vm) -> Arc<Verified> {
    vm.program.clone()
}

/// Calls a routine or a method in whatever context.
pub(super) fn call_routine(
    program: &Verified,
    cx: &mut dyn Context,
    routine: Routine,
    detail: u32,
    args: &mut [Value],
) -> Outcome {
    match (routine, program.program().form(detail)) {
        (Routine::Method, Some(form)) => object::method(cx, &form, args),
        _ => object::routine(cx, routine, detail, args),
    }
}

/// The value, or the program stops.
fn finished(vm: &mut Vm, outcome: Outcome) -> Value {
    match outcome {
        Ok(value) => value,
        Err(fault) => {
            stop(vm, fault);
            Value::REFUSED
        }
    }
}

/// The program stops because of what an operation says.
#[cold]
pub(super) fn stop(vm: &mut Vm, fault: Fault) {
    match fault {
        Fault::Raised(error) => _ = refused(vm, error),
        // Whoever refuses has said why; a watch that has seen an interrupt is told by the interrupt.
        Fault::Refused if vm.stop.is_none() => vm.stop_number(num::NumError::Interrupted),
        Fault::Refused => {}
    }
}

#[cold]
#[inline(never)]
pub(super) fn setting(vm: &mut Vm, which: Builtin1, a: Value) -> Value {
    let result = match which {
        Builtin1::GetRecursionLimit => Ok(Output::Int(i64::from(vm.recursion_limit()))),
        Builtin1::GetMaxStrDigits => Ok(Output::Int(i64::from(vm.store.watch.limits.max_str_digits))),
        _ => num::setting(which, vm.store.operand(a)).and_then(|value| match which {
            Builtin1::SetMaxStrDigits => {
                vm.store.watch.limits.max_str_digits = value;
                Ok(Output::None)
            }
            _ => vm.set_recursion_limit(value).map(|()| Output::None),
        }),
    };
    match result {
        Ok(output) => vm.store.value(output),
        Err(error) => refused(vm, error),
    }
}

#[inline(never)]
pub(super) fn general_pow_mod(vm: &mut Vm, a: Value, b: Value, c: Value) -> Value {
    let mut held = [a, b, c];
    match vm.store.pow_mod_cost(a, b, c) {
        Ok(cost) if vm.pay(cost, &mut held).is_err() => Value::REFUSED,
        Ok(_) => match vm.store.pow_mod(held[0], held[1], held[2]) {
            Ok(value) => value,
            Err(error) => refused(vm, error),
        },
        Err(error) => refused(vm, error),
    }
}

#[cold]
#[inline(never)]
pub(super) fn raise_value(vm: &mut Vm, exception: Value, again: bool) -> Value {
    let handled = if again { exception } else { vm.handled };
    match object::exception::raise(vm, exception, handled) {
        Ok((kind, message, exception)) => {
            vm.raised = exception;
            vm.raised_again = again;
            vm.set_stop(StopKind::Error(kind), message);
            Value::REFUSED
        }
        Err(fault) => {
            stop(vm, fault);
            Value::REFUSED
        }
    }
}

#[cold]
#[inline(never)]
pub(super) fn raise(vm: &mut Vm, class: Value, message: Value) -> Value {
    let error = vm.store.raised(class, message);
    refused(vm, error)
}

#[inline(never)]
pub(super) fn general_print(vm: &mut Vm, a: Value, character: bool) -> Value {
    if vm.check_interrupts().is_err() {
        return Value::REFUSED;
    }
    if object::concerns(&vm.store, &[a]) && !character {
        let outcome = object::print(vm, a);
        return finished(vm, outcome);
    }
    if vm.pay(vm.print_cost(a), &mut [a]).is_err() {
        return Value::REFUSED;
    }
    let result = if character { vm.store.print_char(a) } else { vm.store.print(a) };
    match result {
        Ok(()) => Value::NONE,
        Err(error) => refused(vm, error),
    }
}

/// The bytes of a line that are read for nothing.
const FREE_LINE: u64 = 64;

#[inline(never)]
pub(super) fn general_input(vm: &mut Vm) -> Value {
    if vm.check_interrupts().is_err() {
        return Value::REFUSED;
    }
    let limit = vm.store.watch.limits.max_str_bytes.min(vm.store.heap.limit());
    let line = vm.store.io.read_line(limit);
    if vm.store.io.gave_up() && vm.check_interrupts().is_err() {
        return Value::REFUSED;
    }
    // Reading and looking at a byte takes a nanosecond or two; what lines usually have is not counted.
    let length = line.as_ref().map_or(0, |line| line.len() as u64);
    let fuel = length.saturating_sub(FREE_LINE);
    if vm.pay(num::Cost { fuel, ..num::Cost::default() }, &mut []).is_err() {
        return Value::REFUSED;
    }
    let output = line.map_or(Output::None, |line| num::parse_argument(&line));
    let bytes = match &output {
        Output::Str(s) => s.len() as u64,
        Output::Big(i) => num::int_bytes(i.as_sign_words().1.len() as u64),
        _ => 0,
    };
    if vm.pay(num::Cost { result_bytes: bytes, ..num::Cost::default() }, &mut []).is_err() {
        return Value::REFUSED;
    }
    vm.store.value(output)
}

#[cold]
fn refused(vm: &mut Vm, error: num::NumError) -> Value {
    vm.stop_number(error);
    debug_assert!(matches!(vm.stop, Some((StopKind::Error(_) | StopKind::Limit(_), _))));
    Value::REFUSED
}
