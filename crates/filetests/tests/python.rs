//! Python programs end as they do in CPython 3.11, in every configuration.

use filetests::python::{self, Ended};
use filetests::{THRESHOLDS, configurations, disagreements_among, sample};
use hotspotvm::Options;
use std::collections::BTreeSet;

/// How many random programs a test run tries; `HOTSPOT_PROGRAMS` sets another number, `HOTSPOT_SEED` another first
/// seed, and `HOTSPOT_SAMPLE` in how many ways each is run (4), three of which are plain and go through all thresholds
/// (see [`sample`]). With `HOTSPOT_KEEP_GOING` those that differ are printed, and the rest is run all the same.
const PROGRAMS: u64 = 150;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn random_programs_end_as_in_cpython() {
    random_programs(python::program);
}

#[test]
fn random_programs_over_objects_end_as_in_cpython() {
    random_programs(python::objects::program);
}

fn random_programs(program_of: fn(u64) -> String) {
    let first = from_environment("HOTSPOT_SEED", 1);
    let programs = from_environment("HOTSPOT_PROGRAMS", PROGRAMS);
    let ways_each = from_environment("HOTSPOT_SAMPLE", 4) as usize;
    let keep_going = std::env::var_os("HOTSPOT_KEEP_GOING").is_some();
    let (mut wrong, mut errors, mut checked, mut runs) = (0, 0, 0, 0);
    let mut names = BTreeSet::new();
    let seeds: Vec<u64> = (first..first + programs).collect();
    for batch in seeds.chunks(100) {
        let texts: Vec<String> = batch.iter().map(|&seed| program_of(seed)).collect();
        let Some(expected) = python::in_cpython(&texts) else {
            println!("no python3 of version 3.11: nothing to compare with");
            return;
        };
        for ((&seed, text), expected) in batch.iter().zip(&texts).zip(&expected) {
            let (program, compiled) = match python::load("program.py", text) {
                Ok(loaded) => loaded,
                Err(error) => panic!("seed {seed} does not load: {error}\n{text}"),
            };
            let mut base = python::options(Options::default());
            base.limits.fuel = Some(50_000_000);
            let ways = sample(configurations(&base, seed), seed, ways_each);
            runs += ways.len();
            // Which exits are forced is part of some names, and different for each seed.
            names.extend(ways.iter().map(|way| way.name.split(" by seed ").next().unwrap_or("").to_owned()));
            let (observed, mut reports) = disagreements_among(&ways, &program, &[], &base);
            let error = match &observed.result {
                Ok(_) => String::new(),
                // Which name was meant is told by CPython's own printing only, not by the module that the driver uses.
                Err(stop) => {
                    let line = python::last_line(&compiled, stop);
                    line.split(". Did you mean: ").next().unwrap_or("").to_owned()
                }
            };
            let found = Ended { output: observed.output, error };
            errors += u64::from(!expected.error.is_empty());
            checked += 1;
            if found != *expected {
                reports.push(python::report(text, expected, &found, "differs from CPython"));
            }
            if !reports.is_empty() {
                let report = format!("seed {seed}:\n{}\n{text}", reports.join("\n"));
                assert!(keep_going, "{report}");
                println!("{report}");
                wrong += 1;
            }
        }
    }
    println!(
        "{checked} programs; {wrong} differ, {errors} end with an error; {runs} runs in {} ways",
        names.len()
    );
    let plain = THRESHOLDS.iter().flat_map(|n| {
        [
            format!("baseline at {n}"),
            format!("optimizing at {n}"),
            format!("baseline at {n}, optimizing soon after"),
        ]
    });
    if ways_each >= 3 && programs >= THRESHOLDS.len() as u64 {
        let missing: Vec<String> = plain.filter(|name| !names.contains(name)).collect();
        assert!(missing.is_empty(), "no program was run in these ways: {missing:?}");
    }
    assert_eq!(wrong, 0);
    // A generator that only makes programs that fail, or none that does, tests too little.
    assert!(errors > checked / 20 && errors < checked * 3 / 4, "{errors} of {checked} end with an error");
}

/// The programs in `tests/python` end as in CPython, to the last line of their tracebacks.
#[test]
fn programs_end_as_in_cpython() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "py"));
    paths.sort();
    assert!(paths.len() >= 10, "{} programs in {folder}", paths.len());
    let texts: Vec<String> = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let Some(expected) = python::run_by_cpython(&texts) else {
        println!("no python3 of version 3.11: nothing to compare with");
        return;
    };
    // All ways take minutes; without `HOTSPOT_FULL` some of them stand for all, others for each program.
    let full = std::env::var_os("HOTSPOT_FULL").is_some();
    let mut wrong = Vec::new();
    for (seed, ((path, text), (expected, file))) in (1..).zip(paths.iter().zip(&texts).zip(&expected)) {
        let (program, compiled) =
            python::load(file, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let base = python::options(Options::default());
        let mut ways = configurations(&base, seed);
        // Where garbage is collected always, these would take minutes.
        ways.retain(|way| !way.options.stress.collect);
        let ways = if full { ways } else { sample(ways, seed, WAYS_EACH) };
        let (observed, reports) = disagreements_among(&ways, &program, &[], &base);
        let error = observed
            .result
            .err()
            .map_or_else(String::new, |stop| python::traceback(&compiled, file, text, &stop));
        let found = Ended { output: observed.output, error };
        if found != *expected {
            wrong.push(python::report("", expected, &found, &format!("{} differs", path.display())));
        }
        wrong.extend(reports.into_iter().map(|report| format!("{}: {report}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// In how many ways each program of `tests/python` is run.
const WAYS_EACH: usize = 16;
