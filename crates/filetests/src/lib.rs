//! Differential testing: one program, every way to run it, the same answer.
//!
//! [`observe`] runs a program under one [`Configuration`] and records everything that a program or its host can
//! observe. [`disagreements`] does it for all of them and compares with the plain interpreter. [`generate`] makes
//! programs that are worth running so. The files under `tests/filetests` go the same way, and carry the output that
//! they must have.

#![forbid(unsafe_code)]

pub mod coverage;
pub mod fuzz;
pub mod generate;
pub mod ladder;
pub mod python;
pub mod sized;

use hotspotvm::bytecode::{self, Verified};
use hotspotvm::{Engine, Io, Options, Output, Passes, Stop, Strategy, Stress, Tier, runtime};
use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// The thresholds at which everything is tried; the last is the default.
pub const THRESHOLDS: [u64; 6] = [1, 2, 3, 7, 64, hotspotvm::options::DEFAULT_HOTSPOT_THRESHOLD];

/// A way to run a program.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What it is called in reports.
    pub name: String,
    /// The settings.
    pub options: Options,
}

/// Everything that can be observed of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The result as text, or why the program stopped, with message and traceback.
    pub result: Result<String, Stop>,
    /// Standard output.
    pub output: String,
    /// Fuel used.
    pub fuel: u64,
    /// Instructions executed, by whoever.
    pub instructions: u64,
    /// How often each instruction was executed, with [`Options::counting`].
    pub executed: Option<Vec<Vec<u64>>>,
}

#[derive(Clone, Default)]
struct Capture(Rc<RefCell<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A program from its text.
///
/// # Errors
/// What the assembler or the verifier says.
pub fn load(name: &str, source: &str) -> Result<Arc<Verified>, String> {
    let text = |diagnostics: Vec<bytecode::Diagnostic>| {
        diagnostics.iter().map(|d| d.to_string()).collect::<Vec<_>>().join("\n")
    };
    let program = bytecode::assemble(name, source).map_err(text)?;
    bytecode::verify(program).map(Arc::new).map_err(text)
}

/// Runs a program and records what can be observed, and the statistics beside it.
pub fn observe(
    program: &Arc<Verified>,
    arguments: &[Output],
    options: &Options,
) -> (Observed, hotspotvm::Stats) {
    let capture = Capture::default();
    let io = Io::new(Box::new(capture.clone()), Box::new(std::io::empty()), false);
    let outcome = Engine::new(options.clone()).run(program.clone(), arguments, io);
    let result = outcome.result.map(|value| {
        let limits =
            runtime::num::NumberLimits { max_str_digits: 0, max_str_bytes: u64::MAX, ..Default::default() };
        let watch = runtime::num::Watch::unhurried(limits);
        runtime::num::repr(value.operand(), &watch).unwrap_or_else(|error| error.to_string())
    });
    let output = String::from_utf8_lossy(&capture.0.borrow()).into_owned();
    let instructions = outcome.stats.interpreter_instructions + outcome.stats.jit_instructions;
    let executed = outcome.executed.map(|executed| executed.all);
    (Observed { result, output, fuel: outcome.stats.fuel_used, instructions, executed }, outcome.stats)
}

/// Settings by which code climbs the whole ladder early: each rung after so many rounds more, in an order that does not depend on
/// the clock.
pub fn climbing(threshold: u64) -> Options {
    Options {
        hotspot_threshold: threshold,
        optimizing_threshold: threshold,
        deterministic: true,
        ..Options::default()
    }
}

/// The plain interpreter.
pub fn interpreted(base: &Options) -> Configuration {
    Configuration {
        name: "interpreted".to_string(),
        options: Options { max_tier: Tier::Interpreter, ..base.clone() },
    }
}

/// All ways to run a program that must agree with [`interpreted`]. `seed` varies which exits are forced.
pub fn configurations(base: &Options, seed: u64) -> Vec<Configuration> {
    let mut all = Vec::new();
    let mut add = |name: String, max_tier: Tier, thresholds: (u64, u64), stress: Stress| {
        let (hotspot_threshold, optimizing_threshold) = thresholds;
        let deterministic = stress.background_delay.is_none();
        let base = base.clone();
        let options =
            Options { hotspot_threshold, optimizing_threshold, max_tier, deterministic, stress, ..base };
        all.push(Configuration { name, options });
    };
    let plain = Stress::default();
    for n in THRESHOLDS {
        let skip = Stress { skip_baseline: true, ..plain.clone() };
        add(format!("baseline at {n}"), Tier::Baseline, (n, 1), plain.clone());
        add(format!("optimizing at {n}"), Tier::Optimizing, (n, 1), skip);
        add(format!("baseline at {n}, optimizing soon after"), Tier::Optimizing, (n, n), plain.clone());
    }
    for round in 0..4 {
        let seed = seed.wrapping_mul(4) + round;
        let stress = Stress { exits: Some(seed), skip_baseline: round % 2 == 0, ..plain.clone() };
        add(format!("at 2, exits forced by seed {seed}"), Tier::Optimizing, (2, 2), stress.clone());
        if !stress.skip_baseline {
            add(format!("baseline at 2, failures forced by seed {seed}"), Tier::Baseline, (2, 2), stress);
        }
    }
    for (name, skip_baseline) in [("after baseline", false), ("after the interpreter", true)] {
        let stress = Stress { background_delay: Some(seed), skip_baseline, ..plain.clone() };
        add(format!("optimizing {name}, in the background"), Tier::Optimizing, (2, 2), stress);
    }
    for tier in [Tier::Baseline, Tier::Optimizing] {
        let collect = Stress { collect: true, ..plain.clone() };
        let slices = Stress { slice: Some(50), ..plain.clone() };
        let everything =
            Stress { exits: Some(seed ^ 0x5555), collect: true, slice: Some(17), ..plain.clone() };
        add(format!("{tier} at 2, collecting always"), tier, (2, 3), collect);
        add(format!("{tier} at 2, slices of 50"), tier, (2, 3), slices);
        add(format!("{tier} at 1, all stress"), tier, (1, 1), everything);
    }
    // The same without baseline code between, so that everything is called by the interpreter or natively.
    let skip = Stress { skip_baseline: true, ..plain.clone() };
    let collect = Stress { collect: true, ..skip.clone() };
    let slices = Stress { slice: Some(50), ..skip.clone() };
    let everything = Stress { exits: Some(seed ^ 0xAAAA), collect: true, slice: Some(23), ..skip };
    add("optimizing at 2 without baseline, collecting always".to_string(), Tier::Optimizing, (2, 1), collect);
    add("optimizing at 2 without baseline, slices of 50".to_string(), Tier::Optimizing, (2, 1), slices);
    add("optimizing at 1 without baseline, all stress".to_string(), Tier::Optimizing, (1, 1), everything);
    let proofs = Stress { check_proofs: true, ..plain.clone() };
    let everything = Stress { exits: Some(seed ^ 0x3333), skip_baseline: true, ..proofs.clone() };
    add("optimizing at 2, proofs checked".to_string(), Tier::Optimizing, (2, 2), proofs);
    add("optimizing at 1, proofs checked, exits forced".to_string(), Tier::Optimizing, (1, 1), everything);
    for (name, skip_baseline) in [("after baseline", false), ("after the interpreter", true)] {
        let lying = Stress { lying: Some(seed), skip_baseline, ..plain.clone() };
        add(format!("optimizing {name}, lying profile"), Tier::Optimizing, (2, 2), lying.clone());
        let slices = Stress { slice: Some(31), lying: Some(!seed), ..lying };
        add(format!("optimizing {name}, lying profile, slices of 31"), Tier::Optimizing, (3, 1), slices);
    }
    let unfused = Stress { unfused: true, ..plain.clone() };
    add("interpreted, unfused".to_string(), Tier::Interpreter, (1, 1), unfused.clone());
    add("at 64, unfused".to_string(), Tier::Optimizing, (64, 64), unfused);
    let slices = Stress { slice: Some(7), ..plain.clone() };
    add("interpreted, slices of 7".to_string(), Tier::Interpreter, (1, 1), slices);
    let collect = Stress { collect: true, ..plain };
    add("interpreted, collecting always".to_string(), Tier::Interpreter, (1, 1), collect);
    // The other ways to choose what to optimize.
    let optimizing = all.iter().filter(|c| c.options.max_tier == Tier::Optimizing).cloned();
    let optimizing: Vec<Configuration> = optimizing.collect();
    for strategy in [Strategy::Method, Strategy::Trace] {
        for mut other in optimizing.clone() {
            other.name = format!("{strategy}s, {}", other.name);
            other.options.strategy = strategy;
            all.push(other);
        }
    }
    for mut plain in optimizing.into_iter().step_by(3) {
        plain.name.push_str(", without inlining");
        plain.options.inlining = false;
        all.push(plain);
    }
    for (pass, name) in hotspotvm::pass_names().into_iter().enumerate() {
        let skip = Stress { skip_baseline: pass % 2 == 0, ..Stress::default() };
        let passes = Passes { disabled: vec![name.to_string()], ..Passes::default() };
        let options = Options {
            hotspot_threshold: 2,
            optimizing_threshold: 2,
            deterministic: true,
            strategy: [Strategy::Region, Strategy::Method, Strategy::Trace][pass % 3],
            stress: skip,
            passes,
            ..base.clone()
        };
        all.push(Configuration { name: format!("optimizing at 2, pass {name} left out"), options });
    }
    for mut small in all.clone().into_iter().filter(|c| c.name.ends_with("soon after")) {
        small.name.push_str(", 4 KiB of code");
        small.options.limits.code_bytes = 4 << 10;
        all.push(small);
    }
    all
}

/// So many of these ways for a program, by its seed. Three are plain: baseline code, optimized code, and one after the
/// other, at a threshold that goes round with the seed; so seeds in a row have all of them after as many as there are
/// thresholds. The others take turns as well.
pub fn sample(mut all: Vec<Configuration>, seed: u64, count: usize) -> Vec<Configuration> {
    if count >= all.len() {
        return all;
    }
    // The plain ways stand first, three for each threshold.
    let others = all.split_off(3 * THRESHOLDS.len());
    let at = 3 * (seed % THRESHOLDS.len() as u64) as usize;
    let mut chosen: Vec<Configuration> = all.drain(at..at + 3).take(count).collect();
    // Neighbours among the others are alike: a step without a common divisor goes through all of them in another order.
    let (rest, total) = (count - chosen.len(), others.len());
    let step = (total / 3 + 1..).find(|&step| coprime(step, total)).unwrap_or(1);
    let first = (seed % total as u64) as usize * rest;
    chosen.extend((first..first + rest).map(|turn| others[turn % total * step % total].clone()));
    chosen
}

fn coprime(a: usize, b: usize) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

/// Runs a program in every way; gives a report for each that differs from the plain interpreter, and what that one observed.
pub fn disagreements(
    program: &Arc<Verified>,
    arguments: &[Output],
    base: &Options,
    seed: u64,
) -> (Observed, Vec<String>) {
    disagreements_among(&configurations(base, seed), program, arguments, base)
}

/// The same for these ways only.
pub fn disagreements_among(
    configurations: &[Configuration],
    program: &Arc<Verified>,
    arguments: &[Output],
    base: &Options,
) -> (Observed, Vec<String>) {
    let (expected, _) = observe(program, arguments, &interpreted(base).options);
    let mut reports = Vec::new();
    for configuration in configurations {
        // A panic is one more way to disagree, and the report says where.
        let run = || observe(program, arguments, &configuration.options);
        let Ok((found, stats)) = catch_unwind(AssertUnwindSafe(run)) else {
            reports.push(format!("{}: panics", configuration.name));
            continue;
        };
        if found != expected {
            reports.push(format!(
                "{}: differs\n  expected {expected:?}\n  found    {found:?}\n  compilations {}",
                configuration.name, stats.compilations
            ));
        }
    }
    (expected, reports)
}
