//! `cargo xtask fuzz`: the fuzz targets, guided by what their inputs reach, for as long as one likes.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise` and attacks all of it. The targets
//! are in `crates/filetests/src/fuzz.rs`. libFuzzer comes as source with the crate `libfuzzer-sys` (a C++ compiler
//! builds it); the stable compiler puts the counters in, by the flags below, so that no other toolchain is needed.

use std::path::Path;
use std::process::Command;

/// The targets, in the order in which they run. The same names as in `crates/filetests/src/fuzz.rs`; a test compares them.
const TARGETS: [&str; 7] = ["container", "assembly", "python", "tiers", "limits", "engine", "memory"];

/// What puts libFuzzer's counters in: what nightly's `-Zsanitizer` does, said to LLVM itself.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Ccodegen-units=1 --cfg fuzzing";

const USAGE: &str = "cargo xtask fuzz [--minutes N] [TARGET...]";

/// Builds and runs; whether every target held.
///
/// # Errors
/// If the arguments are not understood, or something cannot be built or started.
pub fn run(root: &Path, arguments: &[String]) -> Result<bool, String> {
    let (minutes, targets) = parse(arguments)?;
    let triple = host()?;
    let build = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target-dir",
            "target/fuzz",
            "--target",
            &triple,
        ])
        .env("RUSTFLAGS", FLAGS)
        .current_dir(root)
        .status();
    if !build.map_err(|error| format!("can't start cargo: {error}"))?.success() {
        return Err("the fuzzer does not build".to_owned());
    }
    let program = root.join("target/fuzz").join(&triple).join("release/hotspotvm-fuzz");
    let mut failed = Vec::new();
    for target in targets {
        let corpus = root.join("target/fuzz/corpus").join(target);
        let found = root.join("target/fuzz/artifacts").join(target);
        for folder in [&corpus, &found] {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("can't make {}: {error}", folder.display()))?;
        }
        println!("fuzz: `{target}` for {minutes} min; what fails goes to {}", found.display());
        let ran = Command::new(&program)
            .arg(format!("-max_total_time={}", minutes * 60))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args(["-timeout=20", "-rss_limit_mb=3000", "-max_len=2000", "-print_final_stats=1"])
            .arg(&corpus)
            .env("HOTSPOT_FUZZ_TARGET", target)
            .current_dir(root)
            .status();
        if !ran.map_err(|error| format!("can't start {}: {error}", program.display()))?.success() {
            failed.push(target);
        }
    }
    match failed.as_slice() {
        [] => println!("fuzz: every target held"),
        _ => println!("fuzz: failed: {}", failed.join(", ")),
    }
    Ok(failed.is_empty())
}

fn parse(arguments: &[String]) -> Result<(u64, Vec<&'static str>), String> {
    let mut minutes = 1;
    let mut targets = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--minutes" {
            let number = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
            minutes =
                number.ok_or_else(|| format!("--minutes takes a whole number of at least 1: {USAGE}"))?;
        } else {
            let known = TARGETS.into_iter().find(|target| target == word);
            let none = || format!("there is no target `{word}`; the targets are {}", TARGETS.join(", "));
            targets.push(known.ok_or_else(none)?);
        }
    }
    Ok((minutes, if targets.is_empty() { TARGETS.to_vec() } else { targets }))
}

/// The name of this machine's kind. With a target named, the flags are not for build scripts and macros.
fn host() -> Result<String, String> {
    let told =
        Command::new("rustc").arg("-vV").output().map_err(|error| format!("can't start rustc: {error}"))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "rustc does not name its host".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn targets_and_minutes_are_understood() {
        assert_eq!(parse(&words("")).unwrap(), (1, TARGETS.to_vec()));
        assert_eq!(parse(&words("--minutes 60 tiers python")).unwrap(), (60, vec!["tiers", "python"]));
        assert!(
            parse(&words("--minutes 0")).is_err() && parse(&words("tier")).unwrap_err().contains("tiers")
        );
    }

    #[test]
    fn the_targets_are_those_that_there_are() {
        let source = std::fs::read_to_string("../crates/filetests/src/fuzz.rs").unwrap();
        let names = source.split("name: \"").skip(1).filter_map(|rest| rest.split('"').next());
        assert_eq!(names.collect::<Vec<_>>(), TARGETS);
    }
}
