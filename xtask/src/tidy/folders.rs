//! Which folder of `hotspotvm` may use which: the floors inside the crate where the stages live.
//!
//! Invariants: [`FLOORS`] is the only place where these edges are written; a folder uses only folders that stand before
//! it there, so that there is no knot; test modules may use what they like. `hotspotvm` shows nothing to other crates
//! but what [`PUBLIC`] lists, since the rest could be misused to run arbitrary bytes.

use super::Finding;
use super::source::lines;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

const ROOT: &str = "crates/hotspotvm/src/";

/// For each folder or module, lowest first, what it may use.
const FLOORS: [(&str, &[&str]); 16] = [
    ("ids", &[]),
    ("options", &[]),
    ("profile", &[]),
    ("reason", &[]),
    ("abi", &["ids", "options", "profile"]),
    ("event", &["abi", "options", "reason"]),
    ("stats", &["event", "options"]),
    ("samples", &["abi", "options"]),
    ("code", &["abi", "event", "options"]),
    ("detect", &["abi", "ids", "options", "profile", "reason"]),
    ("compile", &["abi", "detect", "event", "ids", "options", "profile", "reason"]),
    ("cache", &["abi", "ids", "profile"]),
    ("execute", &["abi", "cache", "profile"]),
    ("deopt", &["abi"]),
    (
        "engine",
        &[
            "abi", "cache", "code", "compile", "deopt", "detect", "event", "execute", "ids", "options",
            "profile", "reason", "samples", "stats",
        ],
    ),
    ("internals", &["abi", "compile", "engine", "options"]),
];

/// The modules that others see.
const PUBLIC: [&str; 7] = ["code", "event", "internals", "options", "reason", "samples", "stats"];

/// An import, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    path: String,
    line: usize,
    from: String,
    to: String,
}

/// Checks the edges between folders, and what is public.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Edge { path, line, from, to } in edges(tree) {
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == from) else {
            let message =
                format!("`{from}` is not in the table of floors: add it to xtask/src/tidy/folders.rs");
            findings.push(Finding::new(&path, line, message));
            continue;
        };
        if to.starts_with(char::is_uppercase) {
            let message =
                format!("name the module that `crate::{to}` comes from, so that the edge can be seen");
            findings.push(Finding::new(&path, line, message));
        } else if !allowed.contains(&to.as_str()) {
            let allowed = if allowed.is_empty() { "none of them".to_owned() } else { allowed.join(", ") };
            findings.push(Finding::new(
                &path,
                line,
                format!("`{from}` must not use `{to}`; it may use {allowed}"),
            ));
        }
    }
    if let Some(root) = tree.get(&format!("{ROOT}lib.rs")) {
        for (i, line) in lines(root).iter().enumerate() {
            let name = line.code.trim().strip_prefix("pub mod ").map(|rest| rest.trim_end_matches(';'));
            if let Some(name) = name.filter(|name| !PUBLIC.contains(name)) {
                let message = format!(
                    "`{name}` must be private: from outside, safe code could run arbitrary bytes through it"
                );
                findings.push(Finding::new(&format!("{ROOT}lib.rs"), i + 1, message));
            }
        }
    }
    findings
}

/// The edges as text, one line a folder, lowest first; then the folders that use each other, directly or not.
pub fn picture(tree: &Tree) -> String {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Edge { from, to, .. } in edges(tree) {
        uses.entry(to.clone()).or_default();
        uses.entry(from).or_default().insert(to);
    }
    let reach = |from: &str| {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(name) = todo.pop() {
            for next in uses.get(&name).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    todo.push(next.clone());
                }
            }
        }
        seen
    };
    let mut order: Vec<(usize, &String)> = uses.keys().map(|name| (reach(name).len(), name)).collect();
    order.sort();
    let mut text = String::new();
    let mut knot = Vec::new();
    for (_, name) in order {
        let used: Vec<&str> = uses[name].iter().map(String::as_str).collect();
        let used = if used.is_empty() { "-".to_owned() } else { used.join(", ") };
        text.push_str(&format!("{name:<12} uses {used}\n"));
        if reach(name).contains(name) {
            knot.push(name.as_str());
        }
    }
    match knot.is_empty() {
        true => text.push_str("\nno folder uses itself by way of another\n"),
        false => text.push_str(&format!("\nknotted: {}\n", knot.join(", "))),
    }
    text
}

/// All imports between the crate's folders, outside of test modules, in order of place.
fn edges(tree: &Tree) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (path, text) in tree.rust() {
        let Some(inside) = path.strip_prefix(ROOT) else { continue };
        let from = inside.split(['/', '.']).next().unwrap_or(inside);
        if from == "lib" {
            continue;
        }
        let lines = lines(text);
        for (i, line) in lines.iter().enumerate() {
            let starts_tests =
                |at: usize| lines.get(at).is_some_and(|l| l.code.trim().starts_with("mod tests"));
            if line.code.trim() == "#[cfg(test)]" && starts_tests(i + 1) {
                break;
            }
            for (_, rest) in
                line.code.match_indices("crate::").map(|(at, word)| (at, &line.code[at + word.len()..]))
            {
                for to in names(rest) {
                    if to != from {
                        edges.push(Edge { path: path.to_owned(), line: i + 1, from: from.to_owned(), to });
                    }
                }
            }
        }
    }
    edges
}

/// The first names of the paths behind a `crate::`.
fn names(rest: &str) -> Vec<String> {
    let name = |path: &str| -> String {
        path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    match rest.strip_prefix('{') {
        Some(list) => {
            list.split('}').next().unwrap_or(list).split(',').map(name).filter(|n| !n.is_empty()).collect()
        }
        None => vec![name(rest)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn edges_upward_are_found() {
        let text =
            "use crate::compile::driver::Job;\nuse crate::abi::vm::Vm;\nfn f(x: &crate::engine::Engine) {}\n";
        assert_eq!(
            findings("crates/hotspotvm/src/detect/policy.rs", text),
            [
                "crates/hotspotvm/src/detect/policy.rs:1: `detect` must not use `compile`; it may use abi, ids, options, profile, reason",
                "crates/hotspotvm/src/detect/policy.rs:3: `detect` must not use `engine`; it may use abi, ids, options, profile, reason",
            ]
        );
    }

    #[test]
    fn tests_and_comments_may_name_anything() {
        let text = "// crate::engine is above\nuse super::x;\n#[cfg(test)]\nmod tests {\n    use crate::engine::Engine;\n}\n";
        assert_eq!(findings("crates/hotspotvm/src/cache/mod.rs", text), [""; 0]);
    }

    #[test]
    fn what_the_root_reexports_hides_an_edge() {
        let found = findings("crates/hotspotvm/src/cache/mod.rs", "use crate::{Engine, options::Tier};\n");
        assert!(found[0].contains("name the module that `crate::Engine`"), "{found:?}");
        assert!(found[1].contains("must not use `options`"), "{found:?}");
    }

    #[test]
    fn a_stage_made_public_is_found() {
        let found = findings("crates/hotspotvm/src/lib.rs", "pub mod event;\npub mod cache;\nmod deopt;\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/hotspotvm/src/lib.rs:2: `cache` must be private"), "{found:?}");
    }

    #[test]
    fn a_knot_is_shown() {
        let tree = Tree::of(&[
            ("crates/hotspotvm/src/cache/mod.rs", "use crate::compile::A;\n"),
            ("crates/hotspotvm/src/compile/mod.rs", "use crate::cache::B;\nuse crate::ids::C;\n"),
        ]);
        let text = picture(&tree);
        assert!(text.starts_with("ids          uses -\n"), "{text}");
        assert!(text.ends_with("knotted: cache, compile\n"), "{text}");
    }

    #[test]
    fn every_floor_stands_on_lower_ones() {
        for (i, (name, allowed)) in FLOORS.iter().enumerate() {
            for used in *allowed {
                assert!(FLOORS[..i].iter().any(|(lower, _)| lower == used), "{name} uses {used}");
            }
        }
    }
}
