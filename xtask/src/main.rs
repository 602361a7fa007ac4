//! The project's own chores: `cargo xtask tidy`, `cargo xtask edges`, `cargo xtask docs`, `cargo xtask ci` and `cargo
//! xtask bench`.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise` and takes no part in it: it looks
//! after the house in which the stages live. Invariants: only `docs` and `bench --docs` write to the tree, and only
//! `docs/opcodes.md`, the explorer page's types and `docs/performance.md`; everything that is wrong is told at once,
//! not one thing per run.

#![forbid(unsafe_code)]

mod bench;
mod ci;
mod docs;
mod event_docs;
mod fuzz;
mod report_types;
mod tidy;
mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tree::Tree;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  tidy   check the rules of the house that the compiler does not know; each finding is `file:line: message`
  edges  print which folder of crates/hotspotvm uses which, of this tree or of the checkout in the folder given
  docs   write docs/opcodes.md from the opcode table, docs/events.md from the events, and the types of the explorer's page from the report's structs
  ci     all checks, those of .ci/run; every step runs, whatever the others say
  fuzz   feed the fuzz targets: `cargo xtask fuzz --minutes 60 tiers limits`; all of them, a minute each, if none is named
  bench  measure HotspotVM beside other languages; see `cargo xtask bench --help`
  help   print this

The exit code is 0 if all is well, 1 if a check failed, 2 if the command is not known.
";

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let root = root();
    // How `bench` starts what it measures; its arguments are paths, which may be anything.
    if let Some((command, arguments)) = given.split_first()
        && command == "bench-child"
    {
        return answer(bench::process::child(arguments).map(|()| true));
    }
    let arguments: Vec<String> = given.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => answer(run_tidy(&root)),
        ["edges"] => answer(run_edges(&root)),
        ["edges", folder] => answer(run_edges(Path::new(folder))),
        ["docs"] => answer(docs::write(&root)),
        ["fuzz", ..] => answer(fuzz::run(&root, &arguments[1..])),
        ["bench", ..] => bench::run(&root, &arguments[1..]),
        ["ci"] => answer(ci::run(&root)),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        [other, ..] => {
            eprintln!("cargo xtask: `{other}` is not a command, or takes no arguments\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn answer(result: Result<bool, String>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("cargo xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: where this crate's folder is.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Prints what is wrong with the tree; whether nothing is.
fn run_tidy(root: &Path) -> Result<bool, String> {
    let tree = Tree::load(root)?;
    let findings = tidy::check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: {} files, nothing to complain about", tree.len()),
        1 => println!("tidy: 1 finding in {} files", tree.len()),
        n => println!("tidy: {n} findings in {} files", tree.len()),
    }
    Ok(findings.is_empty())
}

/// Prints which folder of the crate with the stages uses which.
fn run_edges(root: &Path) -> Result<bool, String> {
    print!("{}", tidy::folders::picture(&Tree::load(root)?));
    Ok(true)
}
