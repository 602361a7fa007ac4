//! That the papers say what is true: README's commands, the opcode manual, links, the examples, the sources of dependencies.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: what can be derived is
//! compared with what it is derived from, not with a copy of it.

use super::Finding;
use crate::tree::Tree;
use crate::{docs, event_docs, report_types};

/// README's two commands.
const COMMANDS: [&str; 2] = ["cargo run --release -- demo", "cargo test"];

/// The only place that dependencies may come from.
const SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Checks the papers.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_readme(tree, &mut findings);
    check_opcodes(tree, &mut findings);
    check_types(tree, &mut findings);
    check_events(tree, &mut findings);
    check_links(tree, &mut findings);
    check_examples(tree, &mut findings);
    check_listings(tree, &mut findings);
    check_sources(tree, &mut findings);
    findings
}

/// README names both commands, and they would do something: one program to run, which knows `demo`.
fn check_readme(tree: &Tree, findings: &mut Vec<Finding>) {
    let readme = tree.get("README.md").unwrap_or("");
    for command in COMMANDS {
        if !readme.lines().any(|l| l.trim().starts_with(command)) {
            findings.push(Finding::new("README.md", 1, format!("the command `{command}` is missing")));
        }
    }
    let programs: Vec<&str> = tree
        .files()
        .filter(|(path, text)| {
            let is_manifest = path.starts_with("crates/") && path.ends_with("/Cargo.toml");
            let main = path.replace("Cargo.toml", "src/main.rs");
            is_manifest && (text.contains("[[bin]]") || tree.get(&main).is_some())
        })
        .map(|(path, _)| path)
        .collect();
    if programs != ["crates/cli/Cargo.toml"] {
        let message = format!("`cargo run` needs exactly one program, in crates/cli; found {programs:?}");
        findings.push(Finding::new("README.md", 1, message));
    }
    let knows_demo = tree.rust().any(|(path, text)| {
        let names = |line: super::source::Line| !super::source::words(&line.code, "Demo").is_empty();
        path.starts_with("crates/cli/src/")
            && (text.contains("\"demo\"") || super::source::lines(text).into_iter().any(names))
    });
    if !knows_demo {
        findings.push(Finding::new("README.md", 1, "the command `demo` is not in crates/cli/src"));
    }
}

fn check_opcodes(tree: &Tree, findings: &mut Vec<Finding>) {
    check_derived(tree, docs::PATH, &docs::opcodes(), "the opcode table says", findings);
}

/// The page's types are those of the report's structs.
fn check_types(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(source) = tree.get(report_types::SOURCE) else { return };
    match report_types::typescript(source) {
        Ok(right) => check_derived(tree, report_types::PATH, &right, "the report's structs say", findings),
        Err((line, message)) => findings.push(Finding::new(report_types::SOURCE, line, message)),
    }
}

/// The document of the log says what the events and the reasons say.
fn check_events(tree: &Tree, findings: &mut Vec<Finding>) {
    let (Some(events), Some(reasons)) = (tree.get(event_docs::EVENTS), tree.get(event_docs::REASONS)) else {
        return;
    };
    match event_docs::document(events, reasons) {
        Ok(right) => check_derived(tree, event_docs::PATH, &right, "the types of the log say", findings),
        Err((path, line, message)) => findings.push(Finding::new(path, line, message)),
    }
}

fn check_derived(tree: &Tree, path: &str, right: &str, source: &str, findings: &mut Vec<Finding>) {
    let written = tree.get(path).unwrap_or("");
    if written != right {
        let same = written.lines().zip(right.lines()).take_while(|(a, b)| a == b).count();
        findings.push(Finding::new(path, same + 1, format!("not what {source}: run `cargo xtask docs`")));
    }
}

/// What CONTRIBUTING.md and the book show of the code stands in the code, where it is compiled and run: the lines of each
/// listing one after the other, but for what they begin with.
fn check_listings(tree: &Tree, findings: &mut Vec<Finding>) {
    let shows_code = |path: &str| path == "CONTRIBUTING.md" || path.starts_with("docs/learn/");
    let trimmed = |text: &str| text.lines().map(|l| format!("{}\n", l.trim())).collect::<String>();
    let places: Vec<String> = tree
        .files()
        .filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".hasm"))
        .map(|(_, text)| format!("\n{}", trimmed(text)))
        .collect();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md") && shows_code(path)) {
        for (line, listing) in listings(text) {
            let wanted = format!("\n{}", trimmed(listing));
            if !places.iter().any(|place| place.contains(&wanted)) {
                findings.push(Finding::new(path, line, "this listing does not stand anywhere in the tree"));
            }
        }
    }
}

/// The Rust and assembly of a Markdown file, each with the line that it begins in.
fn listings(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let mut open: Option<(usize, usize)> = None;
    for row in text.split_inclusive('\n') {
        let end = at + row.len();
        match (row.trim_end(), open) {
            ("```rust" | "```hasm", None) => open = Some((line + 1, end)),
            ("```", Some((first, start))) => {
                found.push((first, &text[start..at]));
                open = None;
            }
            _ => {}
        }
        (at, line) = (end, line + 1);
    }
    found
}

/// Links of Markdown files to other files of the project lead somewhere.
fn check_links(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (i, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("](") {
                let link = line[at + 2..].split([')', '#']).next().unwrap_or("");
                if link.is_empty() || link.contains("://") || leads_somewhere(tree, folder, link) {
                    continue;
                }
                findings.push(Finding::new(path, i + 1, format!("the link to `{link}` leads nowhere")));
            }
        }
    }
}

/// Whether a link from a folder names a file or a folder of the tree. The licences are not in it.
fn leads_somewhere(tree: &Tree, folder: &str, link: &str) -> bool {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let target = parts.join("/");
    let inside = format!("{target}/");
    target.starts_with("LICENSE-")
        || tree.has_other(&target)
        || tree.files().any(|(path, _)| path == target || path.starts_with(&inside))
}

/// Each example is well-formed, says how it is called and has its expected output; each expected output has its example.
fn check_examples(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.files() {
        if let Some(name) = path.strip_prefix("examples/").and_then(|p| p.strip_suffix(".hasm")) {
            if !text.starts_with("; args:") {
                findings.push(Finding::new(path, 1, "an example starts with `; args: ...`, its arguments"));
            }
            let program = bytecode::assemble(path, text).and_then(bytecode::verify);
            for error in program.err().unwrap_or_default() {
                let line = error.place.line.max(1) as usize;
                findings.push(Finding::new(path, line, error.message));
            }
            let expected = format!("examples/expected/{name}.out");
            if tree.get(&expected).is_none() {
                findings.push(Finding::new(path, 1, format!("its expected output, {expected}, is missing")));
            }
        }
        if let Some(name) = path.strip_prefix("examples/expected/").and_then(|p| p.strip_suffix(".out")) {
            let example = format!("examples/{name}.hasm");
            if tree.get(&example).is_none() {
                findings.push(Finding::new(path, 1, format!("there is no {example}")));
            }
        }
    }
}

/// Every dependency comes from the one registry.
fn check_sources(tree: &Tree, findings: &mut Vec<Finding>) {
    for (i, line) in tree.get("Cargo.lock").unwrap_or("").lines().enumerate() {
        if line.starts_with("source = ") && line != SOURCE {
            findings.push(Finding::new("Cargo.lock", i + 1, "dependencies come from crates.io only"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)], check: fn(&Tree, &mut Vec<Finding>)) -> Vec<String> {
        let mut findings = Vec::new();
        check(&Tree::of(files), &mut findings);
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn commands_that_do_not_exist_are_found() {
        let readme = ("README.md", "```sh\ncargo run --release -- demo   # see\ncargo test\n```\n");
        let manifest = ("crates/cli/Cargo.toml", "[[bin]]\nname = \"hotspot\"\n");
        let main = ("crates/cli/src/main.rs", "enum Command { Demo }\n");
        assert_eq!(messages(&[readme, manifest, main], check_readme), [""; 0]);
        assert_eq!(messages(&[("README.md", "cargo test"), manifest, main], check_readme).len(), 1);
        assert_eq!(
            messages(&[readme, manifest], check_readme),
            ["README.md:1: the command `demo` is not in crates/cli/src"]
        );
        let second = ("crates/ir/Cargo.toml", "[[bin]]\n");
        assert_eq!(messages(&[readme, manifest, main, second], check_readme).len(), 1);
        assert_eq!(messages(&[], check_readme).len(), 4);
    }

    #[test]
    fn listings_of_what_is_not_in_the_tree_are_found() {
        let page =
            ("CONTRIBUTING.md", "Say\n\n```rust\n    fn a() {\n        1\n    }\n```\n\n```sh\nls\n```\n");
        let code = ("crates/x/src/lib.rs", "//! x\nfn a() {\n    1\n}\n");
        assert_eq!(messages(&[page, code], check_listings), [""; 0]);
        let other = ("crates/x/src/lib.rs", "fn a() {\n    2\n}\n");
        let expected = ["CONTRIBUTING.md:4: this listing does not stand anywhere in the tree"];
        assert_eq!(messages(&[page, other], check_listings), expected);
    }

    #[test]
    fn an_old_opcode_manual_is_found() {
        let right = docs::opcodes();
        assert_eq!(messages(&[(docs::PATH, &right)], check_opcodes), [""; 0]);
        let old = right.replacen("| dup |", "| double |", 1);
        let line = 1 + right.lines().position(|l| l.contains("| dup |")).unwrap_or(0);
        let found = messages(&[(docs::PATH, &old)], check_opcodes);
        assert_eq!(
            found,
            [format!("docs/opcodes.md:{line}: not what the opcode table says: run `cargo xtask docs`")]
        );
        assert_eq!(messages(&[], check_opcodes).len(), 1);
    }

    #[test]
    fn old_types_of_the_report_are_found() {
        let source = (report_types::SOURCE, "/// A.\npub struct A {\n    /// B.\n    pub b: u32,\n}\n");
        let right = report_types::typescript(source.1).unwrap_or_default();
        assert_eq!(messages(&[source, (report_types::PATH, &right)], check_types), [""; 0]);
        let old = right.replace("number", "string");
        let found = messages(&[source, (report_types::PATH, &old)], check_types);
        assert_eq!(
            found,
            [format!("{}:6: not what the report's structs say: run `cargo xtask docs`", report_types::PATH)]
        );
    }

    #[test]
    fn dead_links_are_found() {
        let text = "[a](b.md) [c](../README.md#top) [d](https://example.org/x) [e](#here) [f](../crates/ir)\n[g](gone.md)";
        let files = [("docs/a.md", text), ("docs/b.md", ""), ("README.md", ""), ("crates/ir/Cargo.toml", "")];
        assert_eq!(messages(&files, check_links), ["docs/a.md:2: the link to `gone.md` leads nowhere"]);
    }

    #[test]
    fn examples_without_arguments_or_output_are_found() {
        let good = ("examples/a.hasm", "; args: 1\nhalt\n");
        let out = ("examples/expected/a.out", "");
        assert_eq!(messages(&[good, out], check_examples), [""; 0]);
        assert_eq!(messages(&[good], check_examples).len(), 1);
        assert_eq!(messages(&[out], check_examples).len(), 1);
        assert_eq!(messages(&[("examples/a.hasm", "halt\n"), out], check_examples).len(), 1);
    }

    #[test]
    fn broken_examples_are_found() {
        let out = ("examples/expected/a.out", "");
        let shown = messages(&[("examples/a.hasm", "; args:\npush 1\nadd\nhalt\n"), out], check_examples);
        assert_eq!(shown, ["examples/a.hasm:3: `add` at pc 1 needs 2 values, the stack has 1"]);
        let shown = messages(&[("examples/a.hasm", "; args:\nsquish\n"), out], check_examples);
        assert_eq!(shown, ["examples/a.hasm:2: unknown instruction `squish`"]);
    }

    #[test]
    fn other_sources_are_found() {
        let lock = format!("[[package]]\n{SOURCE}\n[[package]]\nsource = \"git+https://example.org/x\"\n");
        assert_eq!(
            messages(&[("Cargo.lock", &lock)], check_sources),
            ["Cargo.lock:4: dependencies come from crates.io only"]
        );
    }
}
