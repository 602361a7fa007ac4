//! The rules of the house that the compiler does not know, as checks over the [`Tree`].
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`: it sees to it that the crates
//! keep the order of that sentence. Invariants: a check only reads; each has a test in which it fails.

mod edges;
pub mod folders;
mod papers;
mod source;
mod text;
mod unsafety;

use crate::tree::Tree;
use std::fmt;

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// All that is wrong with a tree, in order of place.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let checks = [edges::check, folders::check, unsafety::check, text::check, papers::check];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings
}

/// The crate that a path is in: the name of its folder under `crates/`, or `xtask`.
fn crate_of(path: &str) -> Option<&str> {
    match path.strip_prefix("crates/") {
        Some(rest) => rest.split_once('/').map(|(name, _)| name),
        None => path.starts_with("xtask/").then_some("xtask"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_in_order_of_place() {
        let tree = Tree::of(&[
            ("crates/ir/src/b.rs", "fn f() {}\n"),
            ("crates/ir/src/a.rs", "fn f() { unsafe { g() } }\n"),
        ]);
        let shown: Vec<String> = check(&tree).iter().map(Finding::to_string).collect();
        let first_files: Vec<&str> = shown.iter().filter_map(|s| s.split(':').next()).collect();
        let mut sorted = first_files.clone();
        sorted.sort_unstable();
        assert_eq!(first_files, sorted);
        assert!(shown.iter().any(|s| s.starts_with("crates/ir/src/a.rs:1: ")), "{shown:#?}");
        assert!(shown.iter().any(|s| s.starts_with("crates/ir/src/b.rs:1: ")), "{shown:#?}");
    }
}
