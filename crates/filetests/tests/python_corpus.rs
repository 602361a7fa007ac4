//! Programs that others have written end as they do in CPython 3.11, or are refused.
//!
//! `HOTSPOT_PYTHON_CORPUS` names folders, separated by `:`; every `.py` file below them is looked at. Without it there
//! is nothing to look at, and the test says so. Good ones: `test_cases` of the crate `monty`, `benchmarks` of the wheel
//! `pyperformance`.

use filetests::climbing;
use filetests::python::{self, Ended};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "py") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn programs_of_others_end_as_in_cpython() {
    let Some(folders) = std::env::var_os("HOTSPOT_PYTHON_CORPUS") else {
        println!("no HOTSPOT_PYTHON_CORPUS: nothing to look at");
        return;
    };
    let mut paths = Vec::new();
    for folder in std::env::split_paths(&folders) {
        files(&folder, &mut paths);
    }
    let mut refused: BTreeMap<String, u32> = BTreeMap::new();
    let (mut accepted, mut invalid) = (Vec::new(), Vec::new());
    for path in &paths {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        match ::python::compile("program.py", &text) {
            Ok(_) => accepted.push((path, text)),
            Err(errors) => {
                let code = errors.first().and_then(|error| error.code).unwrap_or("none");
                *refused.entry(code.to_owned()).or_default() += 1;
                if !code.starts_with("PY") {
                    invalid.push((path, text, code));
                }
            }
        }
    }
    let texts: Vec<String> = accepted.iter().map(|(_, text)| text.clone()).collect();
    let Some(expected) = python::in_cpython(&texts) else {
        println!("no python3 of version 3.11: nothing to compare with");
        return;
    };
    let mut wrong = Vec::new();
    for ((path, text), expected) in accepted.iter().zip(&expected) {
        let (program, compiled) = match python::load("program.py", text) {
            Ok(loaded) => loaded,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        let mut options = python::options(climbing(3));
        options.limits.fuel = Some(2_000_000_000);
        let (observed, _) = filetests::observe(&program, &[], &options);
        let error = match &observed.result {
            Ok(_) => String::new(),
            Err(stop) => python::last_line(&compiled, stop),
        };
        // The driver's Python does not say which name was meant.
        let error = error.split(". Did you mean: ").next().unwrap_or("").to_owned();
        let found = Ended { output: observed.output, error };
        println!("runs: {}", path.display());
        if found != *expected {
            wrong.push(python::report("", expected, &found, &path.display().to_string()));
        }
    }
    let texts: Vec<String> = invalid.iter().map(|(_, text, _)| text.clone()).collect();
    for ((path, _, code), expected) in invalid.iter().zip(python::in_cpython(&texts).unwrap_or_default()) {
        if !expected.error.starts_with(code) {
            wrong.push(format!("{} is refused as {code}, CPython says {:?}", path.display(), expected.error));
        }
    }
    println!("{} files, {} run, refused by first code: {refused:?}", paths.len(), accepted.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
