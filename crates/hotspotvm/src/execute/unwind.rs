//! Errors that the program handles: from where one is raised to its handler.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Compiled code raises nothing: it has left, or called
//! the interpreter, before an error is raised. So all frames are the interpreter's here, and unwinding them is taking them off a
//! list. Where errors go is what the verifier has found out ([`bytecode::Facts::handler`]).

use crate::abi::vm::Vm;
use bytecode::{FuncId, Handler};
use runtime::object::exception;
use runtime::{StopKind, Value};

/// If the program stops because of an error that a call which is active handles, brings control to the handler: answers whether it
/// has. What control comes to has not been charged.
pub fn catch(vm: &mut Vm) -> bool {
    if !matches!(vm.stop, Some((StopKind::Error(_), _))) {
        return false;
    }
    let Some((depth, handler)) = find(vm) else { return false };
    let Some((StopKind::Error(class), message)) = vm.stop.take() else { return false };
    let raised = std::mem::replace(&mut vm.raised, Value::NONE);
    if raised == Value::NONE {
        vm.raised_again = false;
    }
    let exception = match raised {
        Value::NONE => {
            let made = exception::of_error(vm, class, &message);
            if let Ok(exception) = made {
                exception::set_context(&mut vm.store, exception, vm.handled);
            }
            made
        }
        raised => Ok(raised),
    };
    let calls = calls(vm, depth);
    let exception = match exception.and_then(|exception| exception::add_calls(vm, exception, &calls)) {
        Ok(exception) => exception,
        Err(fault) => {
            // A limit, which nobody handles.
            super::slow::stop(vm, fault);
            return false;
        }
    };
    unwind(vm, depth, handler, exception);
    true
}

/// The innermost handler: how many calls wait below its call, and where it goes on.
fn find(vm: &Vm) -> Option<(usize, Handler)> {
    let handler = |function: u32, pc: u32| vm.program.facts(FuncId(function)).handler(pc).copied();
    if let Some(found) = handler(vm.regs.function, vm.regs.pc) {
        return Some((vm.frames.len(), found));
    }
    let waiting = vm.frames.iter().enumerate().rev();
    waiting
        .map(|(at, frame)| (at, handler(frame.function, frame.pc.saturating_sub(1))))
        .find_map(|(at, found)| Some((at, found?)))
}

/// The calls that are unwound, and the one that goes on, outermost first.
fn calls(vm: &Vm, depth: usize) -> Vec<exception::Call> {
    let waiting = vm.frames[depth..].iter().map(|frame| (frame.function, frame.pc.saturating_sub(1)));
    let current = (vm.regs.function, vm.regs.pc);
    waiting.chain((!vm.raised_again).then_some(current)).collect()
}

fn unwind(vm: &mut Vm, depth: usize, handler: Handler, exception: Value) {
    // What was charged for the rest of their runs is never executed.
    vm.abandon(vm.regs.function, vm.regs.pc + 1, false);
    while vm.frames.len() > depth {
        let Some(frame) = vm.frames.pop() else { break };
        vm.abandon(frame.function, frame.pc, frame.native != 0);
        vm.regs.function = frame.function;
        vm.regs.base -= frame.delta;
    }
    vm.regs.pc = handler.target;
    let top = vm.operands_start() + handler.height;
    debug_assert!((top as usize) < vm.stack.len(), "the frame has room for what the verifier has found");
    if let Some(slot) = vm.stack.get_mut(top as usize) {
        *slot = exception.bits();
    }
    vm.regs.sp = top + 1;
}
