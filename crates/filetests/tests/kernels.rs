//! The benchmarks' kernels print the same here as in CPython, in every tier, at the size that their headers give for tests.
//!
//! Without a `python3` of version 3.11 the tiers are compared with each other only, and the test says so. Nothing is timed.

#![allow(clippy::unwrap_used)]

use filetests::{load, observe};
use hotspotvm::{Options, Output, Tier};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The stored kernels, in the order of their names.
fn kernels() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/kernels");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut kernels: Vec<_> =
        entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect();
    kernels.sort();
    assert!(kernels.len() >= 28, "{kernels:?}");
    kernels
}

fn has_cpython() -> bool {
    let version = Command::new("python3").arg("--version").output();
    let has = version.is_ok_and(|out| out.stdout.starts_with(b"Python 3.11."));
    if !has {
        eprintln!("no python3 of version 3.11: kernels are compared between tiers only");
    }
    has
}

#[test]
fn every_kernel_prints_what_cpython_prints_in_every_tier() {
    let has_cpython = has_cpython();
    for (name, folder) in kernels() {
        let source = std::fs::read_to_string(folder.join(format!("{name}.hasm"))).unwrap();
        let size = source.lines().find_map(|line| line.strip_prefix("; args: ")).unwrap();
        let arguments = [Output::Int(size.parse().unwrap())];
        let program = load(&name, &source).unwrap();
        let mut expected = has_cpython.then(|| {
            let out =
                Command::new("python3").arg(folder.join(format!("{name}.py"))).arg(size).output().unwrap();
            assert!(out.status.success(), "{name}.py: {}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).unwrap()
        });
        let mut fuel = None;
        for max_tier in [Tier::Interpreter, Tier::Baseline, Tier::Optimizing] {
            let options =
                Options { max_tier, optimizing_threshold: 100, deterministic: true, ..Options::default() };
            let (observed, _) = observe(&program, &arguments, &options);
            assert!(observed.result.is_ok(), "{name} with {max_tier:?}: {:?}", observed.result);
            assert!(!observed.output.is_empty(), "{name} prints nothing");
            assert_eq!(
                &observed.output,
                expected.get_or_insert_with(|| observed.output.clone()),
                "{name} with {max_tier:?}"
            );
            assert_eq!(observed.fuel, *fuel.get_or_insert(observed.fuel), "{name} with {max_tier:?}");
        }
    }
}
