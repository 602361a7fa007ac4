//! What a document claims is run: every command that it shows, and what it says that one sees.
//!
//! In the documents listed in [`documents`], a block fenced as `console` is a session at a terminal. A line that begins
//! with `$ ` is given to `sh`, the lines below it are what must appear, on standard output and standard error together.
//! There
//!
//! - a line `...` stands for any lines, and `[..]` within a line for any characters: for times, and for what would be too long;
//! - a last line `[exit code 3]` says how the command ends, if not well.
//!
//! A block fenced as `hasm file=NAME`, `python file=NAME` and so on is written to that file first. All sessions of a
//! document share a directory of their own, in which `examples` and `benches` are those of the tree. `HOTSPOT_BLESS=1`
//! rewrites what does not fit by what is seen now; read the difference before you commit it. A command of `hotspot`
//! that stands anywhere else is an error, because nobody runs it.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::Dir;
use std::ops::Range;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The documents whose sessions are run, with the names of their directories.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut found = ["README.md", "docs/limits.md", "docs/explain.md", "docs/step.md"]
        .map(|name| root.join(name))
        .to_vec();
    if let Ok(lessons) = std::fs::read_dir(root.join("docs/learn")) {
        let lessons = lessons.map(|entry| entry.unwrap().path());
        found.extend(lessons.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    found.sort();
    found
}

/// A fenced block: what its fence says, and which lines are in it.
struct Block {
    info: String,
    lines: Range<usize>,
}

/// The fenced blocks of a document.
fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (at, line) in lines.iter().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some((info.trim().to_owned(), at + 1)),
            (Some(_), Some((info, start))) => blocks.push(Block { info, lines: start..at }),
            (None, still) => open = still,
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// A command and what must appear.
struct Step {
    command: String,
    expected: Vec<String>,
}

fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), expected: Vec::new() }),
            (None, Some(step)) => step.expected.push((*line).to_owned()),
            (None, None) => panic!("a session begins with a command, not with `{line}`"),
        }
    }
    steps
}

/// What a command shows, line by line.
fn seen(command: &str, dir: &Dir) -> Vec<String> {
    let tools = Path::new(env!("CARGO_BIN_EXE_hotspot")).parent().unwrap().to_owned();
    let path = std::env::join_paths(
        std::iter::once(tools).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(dir.path()).env("PATH", path.unwrap()).env("NO_COLOR", "1").env("COLUMNS", "100");
    shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]).stdin(std::process::Stdio::null());
    let output = shell.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
    match output.status.code() {
        Some(0) => {}
        Some(code) => lines.push(format!("[exit code {code}]")),
        None => lines.push("[killed]".to_owned()),
    }
    lines
}

/// Whether lines are as expected.
fn fits(expected: &[String], lines: &[String]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((any, rest)) if any == "..." => (0..=lines.len()).any(|at| fits(rest, &lines[at..])),
        Some((pattern, rest)) => {
            lines.split_first().is_some_and(|(line, more)| fits_line(pattern, line) && fits(rest, more))
        }
    }
}

fn fits_line(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.trim_end().split("[..]");
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        last = Some(piece);
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(piece) => piece.is_empty() || rest.is_empty() || line.ends_with(piece),
    }
}

/// Runs a document's sessions. Gives what does not fit, and the document with that mended.
fn run(name: &str, text: &str, dir: &Dir) -> (Vec<String>, String) {
    let lines: Vec<&str> = text.lines().collect();
    let (mut complaints, mut mended, mut copied) = (Vec::new(), Vec::<String>::new(), 0);
    let mut in_block = vec![false; lines.len()];
    for block in blocks(&lines) {
        in_block[block.lines].fill(true);
    }
    // Nobody runs a command that stands elsewhere than in a session.
    let outside = |at: usize, line: &str, complaints: &mut Vec<String>| {
        let is_code = in_block[at] || line.starts_with("    ");
        if is_code && line.trim_start().trim_start_matches("$ ").starts_with("hotspot ") {
            complaints.push(format!(
                "{name}:{}: a command outside of a console block: {}",
                at + 1,
                line.trim()
            ));
        }
    };
    for Block { info, lines: range } in blocks(&lines) {
        let content = &lines[range.clone()];
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or("");
        if let Some(file) = words.find_map(|word| word.strip_prefix("file=")) {
            dir.write(file, content.iter().map(|line| format!("{line}\n")).collect::<String>());
        }
        for (at, line) in (copied..).zip(&lines[copied..range.start]) {
            outside(at, line, &mut complaints);
            mended.push((*line).to_owned());
        }
        copied = range.end;
        if language != "console" {
            for (at, line) in range.zip(content) {
                outside(at, line, &mut complaints);
                mended.push((*line).to_owned());
            }
            continue;
        }
        for Step { command, expected } in steps(content) {
            let lines = seen(&command, dir);
            mended.push(format!("$ {command}"));
            if fits(&expected, &lines) {
                mended.extend(expected);
            } else {
                let (wanted, found) = (expected.join("\n"), lines.join("\n"));
                complaints
                    .push(format!("{name}: `{command}`: expected\n{wanted}\n-- but it shows\n{found}\n"));
                // What stands for something keeps standing for it.
                let pattern = |line: &String| {
                    expected.iter().find(|p| p.contains("[..]") && fits_line(p, line)).cloned()
                };
                mended.extend(lines.into_iter().map(|line| pattern(&line).unwrap_or(line)));
            }
        }
    }
    for (at, line) in (copied..).zip(&lines[copied..]) {
        outside(at, line, &mut complaints);
        mended.push((*line).to_owned());
    }
    (complaints, mended.iter().map(|line| format!("{line}\n")).collect())
}

#[test]
fn what_documents_show_is_what_one_sees() {
    let root = root();
    let mut complaints = Vec::new();
    for path in documents() {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let dir = Dir::new(&format!("document-{}", name.replace('/', "-")));
        for folder in ["examples", "benches"] {
            std::os::unix::fs::symlink(root.join(folder), dir.path().join(folder)).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (found, mended) = run(&name, &text, &dir);
        if std::env::var_os("HOTSPOT_BLESS").is_some() && mended != text {
            std::fs::write(&path, mended).unwrap();
        } else {
            complaints.extend(found);
        }
    }
    assert!(complaints.is_empty(), "{}\nHOTSPOT_BLESS=1 mends that.", complaints.join("\n"));
}

#[test]
fn claims_that_are_wrong_are_noticed() {
    let dir = Dir::new("document-of-a-test");
    let text = "Text.\n\n```hasm file=p.hasm\npush 42\nprint\n```\n\n```console\n$ hotspot run p.hasm\n42\n$ hotspot run --fuel 1 p.hasm\n...\n\
                fuel limit: 0 of 1 used[..]\n[exit code 3]\n$ echo wrong\nright\n```\n\n```sh\nhotspot demo\n```\n    $ hotspot run p.hasm\n";
    let (complaints, mended) = run("text", text, &dir);
    let expected = [
        "text: `echo wrong`: expected\nright\n-- but it shows\nwrong\n",
        "text:20: a command outside of a console block: hotspot demo",
        "text:22: a command outside of a console block: $ hotspot run p.hasm",
    ];
    assert_eq!(complaints, expected);
    assert_eq!(mended, text.replace("right", "wrong"));
}

#[test]
fn patterns_stand_for_what_they_say() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let fits = |pattern: &str, text: &str| crate::fits(&lines(pattern), &lines(text));
    assert!(
        fits("a\n...\nd", "a\nb\nc\nd")
            && fits("...", "")
            && fits("a\n...", "a")
            && fits("took [..] ms", "took 5 ms")
    );
    assert!(fits("[..]x[..]", "axb") && fits("x[..]", "x") && fits("[..] ms", "1 ms 2 ms"));
    assert!(
        !fits("a\n...\nd", "a\nb\nc")
            && !fits("a", "a\nb")
            && !fits("took [..] ms", "took 5 s")
            && !fits("x", "xy")
    );
    assert!(!fits("[..]x", "axb") && !fits("a[..]", "ba"));
}
