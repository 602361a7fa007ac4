//! `--compare REV`: instructions executed now and at another revision, counted by valgrind's callgrind.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Unlike times,
//! counts hardly depend on the machine or on what else it does, so that a change of 2 % shows. Each number is the
//! difference of two runs, chosen so that only one part of HotspotVM is left in it. Both revisions run the programs of
//! this tree, compiling while the program waits. Invariant: a part that cannot be counted at a revision is a dash.

use super::generate;
use super::peers::Places;
use super::stats::median;
use super::table::count;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A change from which on the comparison fails.
const WORSE: f64 = 0.02;

/// One run: a program below `benches` or the folder of generated ones, its size, and options.
#[derive(Clone, Copy)]
struct Run {
    program: &'static str,
    size: Option<u32>,
    options: &'static [&'static str],
}

/// A part of HotspotVM: what is left if the second run is taken from the first.
struct Part {
    name: &'static str,
    with: Run,
    without: Option<Run>,
    /// How often to count; the median is taken. Compilers use hash tables, which are seeded anew in each process: about
    /// half a per cent. The rest counts the same each time.
    times: usize,
}

const INTERPRETER: &[&str] = &["--max-tier", "interpreter"];
const BASELINE: &[&str] = &["--deterministic", "--hotspot-threshold", "1", "--max-tier", "baseline"];
const OPTIMIZING: &[&str] = &["--deterministic", "--hotspot-threshold", "1", "--optimizing-threshold", "1"];

const fn run(program: &'static str, size: u32, options: &'static [&'static str]) -> Run {
    Run { program, size: Some(size), options }
}

/// One tier executing: the same program in two sizes.
const fn executing(
    name: &'static str,
    program: &'static str,
    sizes: (u32, u32),
    options: &'static [&'static str],
) -> Part {
    Part {
        name,
        with: run(program, sizes.1, options),
        without: Some(run(program, sizes.0, options)),
        times: 1,
    }
}

/// One compiler: the same program with it and without.
const fn compiling(
    name: &'static str,
    program: &'static str,
    size: u32,
    options: (&'static [&'static str], &'static [&'static str]),
) -> Part {
    Part { name, with: run(program, size, options.1), without: Some(run(program, size, options.0)), times: 3 }
}

const PARTS: [Part; 17] = [
    Part {
        name: "start",
        with: Run { program: "startup/empty", size: None, options: &[] },
        without: None,
        times: 3,
    },
    Part {
        name: "load a thousand functions",
        with: run("functions", 0, INTERPRETER),
        without: Some(Run { program: "startup/empty", size: None, options: INTERPRETER }),
        times: 1,
    },
    executing("interpret countdown", "kernels/countdown", (1_000, 301_000), INTERPRETER),
    executing("interpret nested", "kernels/nested", (10, 400), INTERPRETER),
    executing("interpret fib", "kernels/fib", (5, 20), INTERPRETER),
    executing("interpret mandelbrot", "kernels/mandelbrot", (5, 35), INTERPRETER),
    compiling("baseline compiler, many functions", "functions", 2, (INTERPRETER, BASELINE)),
    compiling("baseline compiler, one large function", "large", 60, (INTERPRETER, BASELINE)),
    executing("baseline code, nested", "kernels/nested", (50, 1_000), BASELINE),
    executing("baseline code, fib", "kernels/fib", (12, 22), BASELINE),
    compiling("optimizing compiler, nested", "kernels/nested", 20, (BASELINE, OPTIMIZING)),
    compiling("optimizing compiler, fib", "kernels/fib", 12, (BASELINE, OPTIMIZING)),
    compiling("optimizing compiler, newton", "kernels/newton", 10, (BASELINE, OPTIMIZING)),
    executing("optimized code, nested", "kernels/nested", (100, 3_000), OPTIMIZING),
    executing("optimized code, fib", "kernels/fib", (15, 27), OPTIMIZING),
    executing("optimized code, mandelbrot", "kernels/mandelbrot", (20, 200), OPTIMIZING),
    executing("optimized code, collatz", "kernels/collatz", (500, 100_000), OPTIMIZING),
];

/// Counts for this tree and for a revision, and prints both; whether nothing got worse by 2 %.
///
/// # Errors
/// If there is no valgrind or no such revision, or it can't be built.
pub fn compare(places: &Places, revision: &str) -> Result<bool, String> {
    let generated = places.build.join("generated");
    generate::write(&generated)?;
    let (hash, before) = build_revision(places, revision)?;
    let benches = places.root.join("benches");
    println!("Instructions executed, counted by callgrind: at {hash}, now, and the change\n");
    let mut fine = true;
    for part in &PARTS {
        eprintln!("{}", part.name);
        let of = |hotspot: &Path| {
            let counted = |run: &Run| instructions(hotspot, run, &benches, &generated, &places.build);
            let mut counts = Vec::new();
            for _ in 0..part.times {
                let without = part.without.as_ref().map_or(Ok(0), counted)?;
                counts.push(counted(&part.with)?.saturating_sub(without) as f64);
            }
            Ok::<u64, String>(median(&counts).unwrap_or(0.0) as u64)
        };
        let then = of(&before).map_err(|what| eprintln!("  at {hash}: {what}")).ok();
        let now = of(&places.hotspot).map_err(|what| eprintln!("  now: {what}")).ok();
        let change = then.zip(now).and_then(|(then, now)| change(then, now));
        fine &= change.is_none_or(|c| c < WORSE);
        let shown = |n: Option<u64>| n.map_or("-".to_owned(), |n| count(n as f64));
        let changed = change.map_or("-".to_owned(), |c| format!("{:+.1} %{}", c * 100.0, mark(c)));
        println!("{:<40} {:>15} {:>15}  {changed}", part.name, shown(then), shown(now));
    }
    Ok(fine)
}

/// What is larger now by so much, as a fraction; `None` if there was nothing.
fn change(then: u64, now: u64) -> Option<f64> {
    (then > 0).then(|| now as f64 / then as f64 - 1.0)
}

fn mark(change: f64) -> &'static str {
    match change {
        c if c >= WORSE => "  worse",
        c if c <= -WORSE => "  better",
        _ => "",
    }
}

/// The hash of a revision and the `hotspot` built from it, in a folder of its own that is kept.
fn build_revision(places: &Places, revision: &str) -> Result<(String, PathBuf), String> {
    let git = |arguments: &[&str]| {
        let out = Command::new("git").current_dir(&places.root).args(arguments).output();
        let out = out.map_err(|error| format!("can't start git: {error}"))?;
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned());
        }
        Err(format!("git: {}", String::from_utf8_lossy(&out.stderr).trim()))
    };
    let hash = git(&["rev-parse", "--verify", "--short=10", &format!("{revision}^{{commit}}")])?;
    let folder = places.build.join(format!("revision-{hash}"));
    let hotspot = folder.join("target/release/hotspot");
    if !hotspot.exists() {
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("can't make {}: {error}", folder.display()))?;
        let archive = folder.join("source.tar").display().to_string();
        git(&["archive", "--format=tar", "--output", &archive, &hash])?;
        let unpacked = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder).status();
        if !unpacked.is_ok_and(|status| status.success()) {
            return Err(format!("can't unpack {archive}"));
        }
        super::build_hotspot(&folder, &folder.join("target"))?;
    }
    Ok((hash, hotspot))
}

/// How many instructions a run executes.
fn instructions(
    hotspot: &Path,
    run: &Run,
    benches: &Path,
    generated: &Path,
    scratch: &Path,
) -> Result<u64, String> {
    let out = scratch.join("callgrind.out");
    let mut command = Command::new("valgrind");
    // Machine code is in a mapped file, where valgrind does not expect code to change when memory is used again.
    command.args(["--tool=callgrind", "--smc-check=all"]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(hotspot).arg("run").args(run.options).arg(source(run.program, benches, generated));
    command.args(run.size.map(|size| OsString::from(size.to_string())));
    let done = command.output().map_err(|error| format!("can't start valgrind: {error}"))?;
    let told = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let last = told.lines().rfind(|line| !line.starts_with("==")).unwrap_or("it failed");
        return Err(last.to_owned());
    }
    collected(&told).ok_or_else(|| "callgrind told no number".to_owned())
}

fn source(program: &str, benches: &Path, generated: &Path) -> PathBuf {
    match program.split_once('/') {
        Some(("startup", name)) => benches.join(format!("startup/{name}.hasm")),
        Some((folder, name)) => benches.join(format!("{folder}/{name}/{name}.hasm")),
        None => generated.join(format!("{program}/{program}.hasm")),
    }
}

/// The number in callgrind's line `==1== Collected : 730514`.
fn collected(told: &str) -> Option<u64> {
    told.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_is_understood() {
        let told = "==1== Events    : Ir\n==1== Collected : 730514\n==1== \n";
        assert_eq!(collected(told), Some(730_514));
        assert_eq!(collected("==1== nothing"), None);
    }

    #[test]
    fn changes_of_two_per_cent_are_marked() {
        assert_eq!(change(1000, 1020).map(mark), Some("  worse"));
        assert_eq!(change(1000, 1019).map(mark), Some(""));
        assert_eq!(change(1000, 980).map(mark), Some("  better"));
        assert_eq!(change(0, 5), None);
    }

    #[test]
    fn all_programs_exist() {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches");
        let generated = Path::new("generated");
        for part in &PARTS {
            for run in std::iter::once(&part.with).chain(&part.without) {
                let path = source(run.program, &benches, generated);
                assert!(path.starts_with(generated) || path.exists(), "{}: {}", part.name, path.display());
            }
        }
    }
}
