//! All checks in one command.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: every step runs, whatever
//! the ones before it said; the answer is "well" only if all of them are.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A step: its heading, cargo's arguments, and one more environment variable.
struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: Option<(&'static str, &'static str)>,
}

const STEPS: [Step; 4] = [
    Step { name: "fmt", arguments: &["fmt", "--all", "--check"], environment: None },
    Step {
        name: "clippy",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        environment: None,
    },
    Step {
        name: "doc",
        arguments: &["doc", "--workspace", "--no-deps"],
        environment: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
    Step { name: "test", arguments: &["test", "--workspace"], environment: None },
];

/// Runs all steps and `tidy`; whether all went well.
///
/// # Errors
/// If cargo can't be started or the tree can't be read.
pub fn run(root: &Path) -> Result<bool, String> {
    let mut failed = Vec::new();
    for step in STEPS {
        let passed = timed(step.name, || cargo(root, &step))?;
        if !passed {
            failed.push(step.name);
        }
    }
    if !timed("tidy", || crate::run_tidy(root))? {
        failed.push("tidy");
    }
    match failed.as_slice() {
        [] => println!("\nall checks passed"),
        names => println!("\nfailed: {}", names.join(", ")),
    }
    Ok(failed.is_empty())
}

/// Does something under a heading, and says how it went and how long it took.
fn timed(name: &str, work: impl FnOnce() -> Result<bool, String>) -> Result<bool, String> {
    println!("\n== {name} ==");
    let start = Instant::now();
    let passed = work()?;
    let verdict = if passed { "passed" } else { "FAILED" };
    println!("== {name}: {verdict} after {:.1} s ==", start.elapsed().as_secs_f64());
    Ok(passed)
}

fn cargo(root: &Path, step: &Step) -> Result<bool, String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root).args(step.arguments).envs(step.environment);
    let status = command.status().map_err(|error| format!("can't start cargo: {error}"))?;
    Ok(status.success())
}
