//! Where unsafe code may be, and that each piece says why it is sound.
//!
//! Of `profile -> detect -> compile -> cache -> execute -> deoptimise`, only *cache* and *execute* need it: executable
//! memory, and the interpreter's registers. Invariant: [`ALLOWED`] is the only list of such files.

use super::source::{Line, lines, words};
use super::{Finding, crate_of};
use crate::tree::Tree;

/// Files and folders that may contain unsafe code.
const ALLOWED: [&str; 9] = [
    "crates/codegen/tests/",
    "crates/debuginfo/src/gdb.rs",
    "crates/debuginfo/src/jitdump.rs",
    "crates/hotspotvm/src/abi/region.rs",
    "crates/hotspotvm/src/cache/memory.rs",
    "crates/hotspotvm/src/execute/baseline.rs",
    "crates/hotspotvm/src/execute/interpreter.rs",
    "crates/hotspotvm/src/execute/native.rs",
    "crates/hotspotvm/tests/fork.rs",
];

/// The crates whose sources may, so that they can't forbid it altogether.
const CRATES: [&str; 2] = ["debuginfo", "hotspotvm"];

const FORBID: &str = "#![forbid(unsafe_code)]";

/// Checks where unsafe code is, that it is explained, and that crates without it forbid it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        let lines = lines(text);
        let is_root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
        // What is outside of the workspace, the fuzzer's frame, consists of a macro that is not ours.
        let is_open = crate_of(path).is_none_or(|name| CRATES.contains(&name));
        if is_root && !is_open && !lines.iter().any(|l| l.code.trim() == FORBID) {
            findings.push(Finding::new(path, 1, format!("this crate must say `{FORBID}`")));
        }
        let is_allowed = ALLOWED.iter().any(|allowed| path.starts_with(allowed));
        for (i, line) in lines.iter().enumerate() {
            for at in words(&line.code, "unsafe") {
                let use_ = Use::of(&line.code[at..]);
                if use_ != Use::Type && !is_allowed {
                    let message =
                        "unsafe code may only be in the files that xtask/src/tidy/unsafety.rs lists";
                    findings.push(Finding::new(path, i + 1, message));
                }
                if use_ == Use::Promise && !is_explained(&lines, i) {
                    let message = "say in a `// SAFETY:` comment above it why this is sound";
                    findings.push(Finding::new(path, i + 1, message));
                }
            }
        }
    }
    findings
}

/// What the word `unsafe` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A block or an `impl`: somebody promises something.
    Promise,
    /// A function or a trait: somebody asks for a promise. Its documentation is clippy's business.
    Demand,
    /// The type of a pointer to a function: nothing happens.
    Type,
}

impl Use {
    /// What follows from the code that starts with the word.
    fn of(code: &str) -> Use {
        let mut words = code.split_whitespace().skip(1).filter(|w| *w != "extern" && !w.starts_with('"'));
        match words.next() {
            Some(w) if w.starts_with("fn(") => Use::Type,
            Some("fn") if words.next().is_some_and(|w| w.starts_with('(')) => Use::Type,
            Some("fn" | "trait") => Use::Demand,
            _ => Use::Promise,
        }
    }
}

/// Whether the statement that contains this line has a `SAFETY:` comment before it or at its end.
fn is_explained(lines: &[Line], at: usize) -> bool {
    let says = |line: &Line| line.comment.contains("SAFETY:");
    if says(&lines[at]) {
        return true;
    }
    let mut above = lines[..at].iter().rev().peekable();
    // Up to the start of the statement.
    while above.next_if(|l| !l.is_comment() && !l.code.trim().is_empty() && !ends_statement(l)).is_some() {}
    above.take_while(|l| l.is_comment()).any(says)
}

fn ends_statement(line: &Line) -> bool {
    line.code.trim_end().ends_with([';', '{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|f| f.line).collect()
    }

    const ALLOWED_FILE: &str = "crates/hotspotvm/src/execute/native.rs";

    #[test]
    fn unsafe_code_elsewhere_is_found() {
        let text = "// SAFETY: no\nfn f() { unsafe { g() } }\n// unsafe { }\nlet s = \"unsafe {\";\n";
        assert_eq!(findings("crates/hotspotvm/src/engine.rs", text), [2]);
        assert_eq!(findings(ALLOWED_FILE, text), [0; 0]);
        let pointers = "type A = unsafe extern \"C\" fn(u64) -> u64;\ntype B = unsafe fn (u64);\n";
        assert_eq!(findings("crates/codegen/src/abi.rs", pointers), [0; 0]);
        assert_eq!(
            findings("crates/codegen/src/abi.rs", "unsafe fn f() {}\nunsafe impl Send for A {}\n"),
            [1, 2, 2]
        );
    }

    #[test]
    fn unexplained_unsafe_code_is_found() {
        let text = "f();\nunsafe { g() };\n// SAFETY: of the next\nlet a =\n    unsafe { g() };\nlet b = unsafe { g() };\n\
                    // SAFETY: too far\n\nunsafe impl Send for A {}\n";
        assert_eq!(findings(ALLOWED_FILE, text), [2, 6, 9]);
    }

    #[test]
    fn crates_that_do_not_forbid_it_are_found() {
        assert_eq!(findings("crates/ir/src/lib.rs", "//! Text.\n"), [1]);
        assert_eq!(findings("crates/ir/src/lib.rs", "// #![forbid(unsafe_code)]\n"), [1]);
        assert_eq!(findings("xtask/src/main.rs", "#![forbid(unsafe_code)]\n"), [0; 0]);
        assert_eq!(findings("crates/hotspotvm/src/lib.rs", "//! Text.\n"), [0; 0]);
    }
}
