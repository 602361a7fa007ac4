//! An engine that has run is used on in both processes after a fork.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use hotspotvm::{Engine, Io, Options, Output};

// SAFETY: these are the signatures of the C library.
unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

/// Does `work` in a child process: whether it said so.
fn in_child(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child does its work on its own copy of the memory, takes no lock that another thread of the parent may hold for
    // long (the allocator's are made free by `fork`), and ends without returning.
    let pid = unsafe { fork() };
    if pid == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: as above.
        unsafe { _exit(i32::from(!done)) }
    }
    let mut status = -1;
    // SAFETY: the status is written to a variable of ours.
    let waited = unsafe { waitpid(pid, &raw mut status, 0) };
    waited == pid && status == 0
}

#[test]
fn an_engine_that_has_run_goes_on_in_parent_and_child() {
    // Programs that differ in one constant, so that one's code in the other's place gives a wrong sum.
    let program = |step: u32| {
        let source = format!(
            "func main(n)\nlocal s\npush 0\nstore_local s\nagain:\nload_local s\npush {step}\nadd\nstore_local s\n\
             load_local n\npush 1\nsub\ndup\nstore_local n\njump_if_not_zero again\nload_local s\nret\nend\n"
        );
        let program = hotspotvm::bytecode::asm::assemble("fork", &source).unwrap_or_else(|e| panic!("{e:?}"));
        std::sync::Arc::new(hotspotvm::bytecode::verify(program).unwrap_or_else(|e| panic!("{e:?}")))
    };
    let options = Options { optimizing_threshold: 100, deterministic: true, ..Options::default() };
    let mut engine = Engine::new(options);
    let mut right = |step: u32| {
        let outcome = engine.run(program(step), &[Output::Int(5_000)], Io::none());
        let compiled = outcome.stats.jit_iterations > 4_000;
        compiled && matches!(outcome.result, Ok(Output::Int(sum)) if sum == i64::from(step) * 5_000)
    };
    assert!(right(1));
    for round in 0..8 {
        assert!(in_child(|| (0..5).all(|i| right(100 + round + i))));
        assert!(right(2 + round));
    }
    // At the same time.
    assert!(in_child(|| {
        let grandchild = in_child(|| (0..50).all(&mut right));
        grandchild && (100..150).all(&mut right)
    }));
}
