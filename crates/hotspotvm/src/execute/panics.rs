//! A panic in a routine of the run time, carried across machine code, which can't be unwound: it is kept until that
//! code has left, and goes on from there. (What panics are the host's streams; or a fault of ours.)

use crate::abi::vm::Vm;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `work`; if it panics, answers `leave`, which must have machine code leave.
pub(super) fn kept<T>(vm: &mut Vm, leave: T, work: impl FnOnce(&mut Vm) -> T) -> T {
    // Nobody looks at what a panic may have left half-done: the Vm is dropped when it goes on.
    match catch_unwind(AssertUnwindSafe(|| work(vm))) {
        Ok(result) => result,
        Err(panic) => {
            vm.panic = Some(panic);
            leave
        }
    }
}

/// Machine code has left: a panic that was kept goes on.
pub(super) fn go_on(vm: &mut Vm) {
    if let Some(panic) = vm.panic.take() {
        resume_unwind(panic);
    }
}
