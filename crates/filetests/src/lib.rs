//! Differential testing: one program, every way to run it, the same answer.
//!
//! [`observe`] runs a program under one [`Configuration`] and records everything that a program or its host can observe. [`disagreements`] does it
//! for all of them and compares with the plain interpreter. [`generate`] makes programs that are worth running so. The
//! files under `tests/filetests` go the same way, and carry the output that they must have.

#![forbid(unsafe_code)]

pub mod generate;

use hotspotvm::bytecode::{self, Verified};
use hotspotvm::{Engine, Io, Options, Output, Stop, Stress, runtime};
use std::cell::RefCell;
use std::io::Write;
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
        let limits = runtime::num::NumberLimits { max_str_digits: 0, ..Default::default() };
        runtime::num::repr(value.operand(), &limits).unwrap_or_else(|error| error.to_string())
    });
    let output = String::from_utf8_lossy(&capture.0.borrow()).into_owned();
    let instructions = outcome.stats.interpreter_instructions + outcome.stats.jit_instructions;
    (Observed { result, output, fuel: outcome.stats.fuel_used, instructions }, outcome.stats)
}

/// The plain interpreter.
pub fn interpreted(base: &Options) -> Configuration {
    Configuration { name: "interpreted".to_string(), options: Options { jit: false, ..base.clone() } }
}

/// All ways to run a program that must agree with [`interpreted`]. `seed` varies which exits are forced.
pub fn configurations(base: &Options, seed: u64) -> Vec<Configuration> {
    let mut all = Vec::new();
    let mut add = |name: String, threshold: u64, stress: Stress| {
        let options = Options { hotspot_threshold: threshold, jit: true, stress, ..base.clone() };
        all.push(Configuration { name, options });
    };
    for threshold in THRESHOLDS {
        add(format!("threshold {threshold}"), threshold, Stress::default());
    }
    for round in 0..4 {
        let seed = seed.wrapping_mul(4) + round;
        let stress = Stress { exits: Some(seed), ..Stress::default() };
        add(format!("threshold 2, exits forced by seed {seed}"), 2, stress);
    }
    add("threshold 2, collecting always".to_string(), 2, Stress { collect: true, ..Stress::default() });
    add("threshold 2, slices of 50".to_string(), 2, Stress { slice: Some(50), ..Stress::default() });
    let all_stress = Stress { exits: Some(seed ^ 0x5555), collect: true, slice: Some(17), unfused: false };
    add("threshold 1, all stress".to_string(), 1, all_stress);
    let unfused = Stress { unfused: true, ..Stress::default() };
    add("threshold 64, unfused".to_string(), 64, unfused.clone());
    let interpreted = interpreted(base).options;
    for (name, stress) in [
        ("interpreted, unfused", unfused),
        ("interpreted, slices of 7", Stress { slice: Some(7), ..Stress::default() }),
        ("interpreted, collecting always", Stress { collect: true, ..Stress::default() }),
    ] {
        let options = Options { stress, ..interpreted.clone() };
        all.push(Configuration { name: name.to_string(), options });
    }
    all
}

/// Runs a program in every way; gives a report for each that differs from the plain interpreter, and what that one observed.
pub fn disagreements(
    program: &Arc<Verified>,
    arguments: &[Output],
    base: &Options,
    seed: u64,
) -> (Observed, Vec<String>) {
    let (expected, _) = observe(program, arguments, &interpreted(base).options);
    let mut reports = Vec::new();
    for configuration in configurations(base, seed) {
        let (found, stats) = observe(program, arguments, &configuration.options);
        if found != expected {
            reports.push(format!(
                "{}: differs\n  expected {expected:?}\n  found    {found:?}\n  compilations {}",
                configuration.name, stats.compilations
            ));
        }
    }
    (expected, reports)
}
