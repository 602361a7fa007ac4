//! A system that refuses executable memory: everything runs interpreted, with the same results, and says so once.
//!
//! The refusal is real: `prctl(PR_SET_MDWE)`, set by a small Python program that then becomes `hotspot`. Without Python or on a kernel
//! before 6.3 the test says so and checks nothing.

use std::process::{Command, Output};

const REFUSE: &str = "import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])";

/// Runs `hotspot` without executable memory; `None` where that can't be arranged.
fn refused(arguments: &[&str]) -> Option<Output> {
    let hotspot = env!("CARGO_BIN_EXE_hotspot");
    let output = Command::new("python3").args(["-c", REFUSE, hotspot]).args(arguments).output().ok()?;
    (output.status.code() != Some(99)).then_some(output)
}

#[test]
fn programs_run_interpreted_and_say_why() {
    let sum = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sum.hasm");
    let Some(output) = refused(&["run", "--verbose", sum, "1000"]) else {
        println!("PR_SET_MDWE is not to be had here: nothing checked");
        return;
    };
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "500500\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.matches("the operating system refuses executable memory").count(), 1, "{errors}");
    assert!(!errors.contains("compile_start"), "{errors}");
}

#[test]
fn the_demonstration_gives_the_same_results() {
    let Some(output) = refused(&["demo"]) else {
        println!("PR_SET_MDWE is not to be had here: nothing checked");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("500500"), "{text}");
    assert!(text.contains("the operating system refuses executable memory"), "{text}");
}
