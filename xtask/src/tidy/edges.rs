//! Which crate may use which: the floors of the house.
//!
//! It keeps the order of `profile -> detect -> compile -> cache -> execute -> deoptimise` between crates; inside `hotspotvm` the
//! folders show it. Invariant: [`ALLOWED`] is the only place where the edges are written.

use super::{Finding, crate_of};
use crate::tree::Tree;

/// For each crate of ours, the ones that it may use.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("bytecode", &[]),
    ("runtime", &["bytecode"]),
    ("ir", &["bytecode"]),
    ("codegen", &["ir"]),
    ("hotspotvm", &["codegen", "ir", "runtime", "bytecode"]),
    ("python", &["bytecode"]),
    ("explorer", &[]),
    ("debuginfo", &[]),
    ("cli", &["hotspotvm", "python", "explorer", "debuginfo"]),
    ("filetests", &["hotspotvm", "python", "codegen", "ir", "runtime", "bytecode"]),
    ("xtask", &["bytecode"]),
];

/// Crates of others, by the start of their names, that only one of ours may use.
const ONLY_USER: [(&str, &str); 2] = [("cranelift", "codegen"), ("ruff_", "python")];

/// Checks the edges, in `Cargo.toml` files and, for crates with one user, in the code.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        let Some(name) = crate_of(path) else { continue };
        if path.ends_with("/Cargo.toml") {
            check_manifest(path, name, text, &mut findings);
        } else if path.ends_with(".rs") {
            check_names(path, name, text, &mut findings);
        }
    }
    findings
}

fn check_manifest(path: &str, name: &str, text: &str, findings: &mut Vec<Finding>) {
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        let message =
            format!("crate `{name}` is not in the table of edges: add it to xtask/src/tidy/edges.rs");
        findings.push(Finding::new(path, 1, message));
        return;
    };
    for (line, dependency) in dependencies(text) {
        let ours = dependency.strip_prefix("hotspotvm-").unwrap_or(&dependency);
        if ALLOWED.iter().any(|(known, _)| *known == ours) && !allowed.contains(&ours) {
            let allowed = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
            let message = format!("`{name}` must not depend on `{ours}`; it may use {allowed}");
            findings.push(Finding::new(path, line, message));
        }
        for (start, user) in ONLY_USER {
            if dependency.starts_with(start) && name != user {
                let message = format!("only `{user}` may depend on `{dependency}`");
                findings.push(Finding::new(path, line, message));
            }
        }
    }
}

fn check_names(path: &str, name: &str, text: &str, findings: &mut Vec<Finding>) {
    for (i, line) in super::source::lines(text).iter().enumerate() {
        for (start, user) in ONLY_USER {
            let names = line.code.split(|c: char| c != '_' && !c.is_alphanumeric());
            if name != user && names.into_iter().any(|n| n.starts_with(start)) {
                findings.push(Finding::new(path, i + 1, format!("only `{user}` may name `{start}...`")));
            }
        }
    }
}

/// The dependencies of a manifest, of every kind, each with its line. A renamed one counts by its package's name.
fn dependencies(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_list = false;
    for (i, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let (parent, last) = section.rsplit_once('.').unwrap_or(("", section));
            in_list = is_list(last);
            if is_list(parent.rsplit('.').next().unwrap_or("")) {
                found.push((i + 1, last.trim_matches('"').to_owned()));
            }
        } else if in_list && let Some((key, value)) = line.split_once('=') {
            let key = key.trim().split('.').next().unwrap_or("").trim_matches('"');
            let package = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            found.push((i + 1, package.unwrap_or(key).to_owned()));
        }
    }
    found
}

fn is_list(section: &str) -> bool {
    matches!(section, "dependencies" | "dev-dependencies" | "build-dependencies")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn edges_upward_are_found_in_every_kind_of_list() {
        let text = "[package]\nname = \"x\"\n\n[dependencies]\nbytecode.workspace = true\nruntime = { path = \"..\" }\n\
                    [dev-dependencies]\nhotspotvm.workspace = true\n\
                    [target.'cfg(unix)'.dependencies]\nc = { package = \"hotspotvm-codegen\", path = \"..\" }\n\
                    [dependencies.explorer]\npath = \"..\"\n";
        assert_eq!(
            findings("crates/ir/Cargo.toml", text),
            [
                "crates/ir/Cargo.toml:6: `ir` must not depend on `runtime`; it may use bytecode",
                "crates/ir/Cargo.toml:8: `ir` must not depend on `hotspotvm`; it may use bytecode",
                "crates/ir/Cargo.toml:10: `ir` must not depend on `codegen`; it may use bytecode",
                "crates/ir/Cargo.toml:11: `ir` must not depend on `explorer`; it may use bytecode",
            ]
        );
    }

    #[test]
    fn allowed_edges_and_foreign_crates_pass() {
        let text = "[dependencies]\nir.workspace = true # runtime = 1\nserde = \"1\"\ncranelift-codegen = \"1\"\n\
                    [features]\nruntime = []\n";
        assert_eq!(findings("crates/codegen/Cargo.toml", text), [""; 0]);
    }

    #[test]
    fn unknown_crates_are_found() {
        assert_eq!(findings("crates/attic/Cargo.toml", "").len(), 1);
    }

    #[test]
    fn crates_with_one_user_are_found_elsewhere() {
        let manifest = findings("crates/hotspotvm/Cargo.toml", "[dependencies]\ncranelift-entity = \"1\"\n");
        assert_eq!(
            manifest,
            ["crates/hotspotvm/Cargo.toml:2: only `codegen` may depend on `cranelift-entity`"]
        );
        let code = "// cranelift_codegen is elsewhere\nuse cranelift_codegen::ir;\n";
        assert_eq!(
            findings("crates/hotspotvm/src/lib.rs", code),
            ["crates/hotspotvm/src/lib.rs:2: only `codegen` may name `cranelift...`"]
        );
        assert_eq!(findings("crates/codegen/src/lib.rs", code), [""; 0]);
    }
}
