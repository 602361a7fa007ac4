//! A system that refuses executable memory: everything runs interpreted, with the same results, and says so once. A system that
//! only refuses memory that is writable and executable is none of that kind.
//!
//! Both are real: limits of the process, set by a small Python program that then becomes `hotspot`. Where they can't be had,
//! the tests say so and check nothing.

use std::process::{Command, Output};

/// No more than 60 MB of addresses: too few for the code cache. (99: not to be had.)
const REFUSE: &str = "import os, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (60 << 20, 60 << 20))
except Exception: sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])";

/// `PR_SET_MDWE`: what is writable can't be made executable. Linux 6.3 and later.
const NEVER_BOTH: &str = "import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])";

/// Runs `hotspot` in a process so prepared; `None` where that can't be arranged.
fn prepared(how: &str, arguments: &[&str]) -> Option<Output> {
    let hotspot = env!("CARGO_BIN_EXE_hotspot");
    let output = Command::new("python3").args(["-c", how, hotspot]).args(arguments).output().ok()?;
    if output.status.code() == Some(99) {
        println!("not to be had here: nothing checked");
        return None;
    }
    Some(output)
}

const COLLATZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/collatz.hasm");

const SUM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sum.hasm");

#[test]
fn programs_run_interpreted_and_say_why() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let Some(output) = prepared(REFUSE, &["run", "--verbose", SUM, "1000"]) else { return };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "500500\n");
    assert_eq!(errors.matches("the operating system refuses executable memory").count(), 1, "{errors}");
    assert!(!errors.contains("compile_end"), "{errors}");
}

#[test]
fn the_demonstration_gives_the_same_results() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let Some(output) = prepared(REFUSE, &["demo"]) else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("500500"), "{text}");
    assert!(text.contains("the operating system refuses executable memory"), "{text}");
}

#[test]
fn memory_that_is_never_both_is_enough() {
    let Some(output) = prepared(NEVER_BOTH, &["run", "--verbose", SUM, "1000"]) else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "500500\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    if cfg!(target_os = "linux") {
        assert!(errors.contains("install"), "{errors}");
    }
}

#[test]
fn the_explanation_says_so() {
    const WORDS: &str =
        "Nothing was compiled from here on, because the operating system refuses executable memory";
    let said = |how| {
        prepared(how, &["explain", SUM, "1000"])
            .map(|o| String::from_utf8_lossy(&o.stderr).replace("\n   ", ""))
    };
    let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if cfg!(target_os = "linux") {
        let (refused, allowed) = (said(REFUSE).map(joined), said(NEVER_BOTH).map(joined));
        assert!(
            refused.is_none_or(
                |text| text.contains(WORDS) && text.contains("allow the process more address space")
            )
        );
        assert!(allowed.is_none_or(|text| !text.contains(WORDS)));
    }
}

/// No file may be larger than nothing: memory for code is no file.
const NO_FILES: &str = "import os, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
except Exception: sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])";

#[test]
fn a_limit_on_the_size_of_files_is_no_reason_to_die() {
    let Some(output) = prepared(NO_FILES, &["run", "--verbose", SUM, "1000"]) else { return };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "500500\n");
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert!(errors.contains("install"), "{errors}");
    }
}

/// Little more memory than a program needs that is not compiled, in steps: somewhere the system refuses memory for the
/// stack, for the code, for the thread that compiles, for the compiler.
#[test]
fn too_few_addresses_are_no_reason_to_die() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for megabytes in (48..=160).step_by(8) {
        let how = REFUSE.replace("60 << 20", &format!("{megabytes} << 20"));
        for background in [&["run"][..], &["run", "--deterministic"]] {
            let arguments: Vec<&str> = background.iter().copied().chain([COLLATZ, "3000"]).collect();
            let Some(output) = prepared(&how, &arguments) else { return };
            let errors = String::from_utf8_lossy(&output.stderr);
            let status = output.status.code();
            // Where the process cannot even be loaded, that is not ours to say.
            if status == Some(0) {
                assert_eq!(String::from_utf8_lossy(&output.stdout), "2919\n217\n", "{megabytes} MB");
            } else {
                assert!(status == Some(3) || status == Some(127), "{megabytes} MB: {status:?} {errors}");
            }
        }
    }
}
