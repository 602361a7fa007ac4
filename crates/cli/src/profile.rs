//! `hotspot profile`: how often each line and instruction of a program was executed, exactly, and where its time went.
//!
//! It looks at the whole of `profile -> detect -> compile -> cache -> execute -> deoptimise` after a run in which
//! optimized code counted as the tiers below do, and in which the engine took samples ([`hotspotvm::samples`]).
//! Invariants: standard output carries the report alone, the program's output is dropped; a program that ends early is
//! reported all the same.

mod annotate;
mod formats;

use crate::args::ProfileArgs;
use crate::load::{self, Loaded};
use crate::report::{self, Failure, Status};
use crate::streams::{Capture, Failed, SharedInput};
use crate::{native, run};
use hotspotvm::bytecode::Program;
use hotspotvm::samples::{Sample, SampleFrame};
use hotspotvm::{Engine, Executed, Stats, Tier};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// The tiers in the order in which they are shown.
const TIERS: [Tier; 3] = Tier::ALL;

/// Runs the command.
///
/// # Errors
/// If the program did not start, or something could not be written.
pub(crate) fn profile(args: &ProfileArgs) -> Result<Status, Failure> {
    let started = Instant::now();
    let path = args.program.program();
    let mut options = args.engine.options();
    let (timeout, language) = (options.limits.timeout, args.program.language.language);
    let Loaded { program, python, text: source, .. } = load::load_within(timeout, started, path, language)?;
    let arguments = run::arguments(&program, python.as_ref(), args.program.args())?;
    for file in [&args.folded, &args.speedscope, &args.firefox].into_iter().flatten() {
        load::keep_apart(path, file)?;
    }
    if let Some(python) = &python {
        options = python.options(options, args.engine.setup.max_depth.is_some());
    }
    options.limits.started = Some(started);
    options.counting = true;
    options.sampling = Some(args.every);
    let input: Box<dyn Read> =
        if path == "-" { Box::new(std::io::empty()) } else { Box::new(std::io::stdin().lock()) };
    let mut engine = Engine::new(options);
    native::watch(&mut engine, &args.native, path)?;
    let outcome = engine.run(program.clone(), &arguments, SharedInput::new(input).io(&Capture::default()));
    let status = match &outcome.result {
        Ok(_) => Status::Ok,
        Err(stop) => run::ended(stop, python.as_ref(), &Failed::default()),
    };
    let Some(executed) = outcome.executed else { return Ok(status) };
    let (stats, samples) = (outcome.stats, outcome.samples);
    let profile = Profile { program: program.program(), source, executed, samples, stats };
    for (file, text) in [
        (&args.folded, formats::folded as fn(&Profile<'_>) -> String),
        (&args.speedscope, formats::speedscope),
        (&args.firefox, formats::firefox),
    ] {
        if let Some(file) = file {
            write(file, &text(&profile))?;
        }
    }
    if args.json {
        report::show(&format!("{}\n", annotate::json(&profile)))?;
    } else {
        report::show(&annotate::text(&profile, args.lines, args.instructions))?;
    }
    Ok(status)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| Failure::output(&format!("`{}`", file.display()), &error))
}

/// What was found out about a run.
struct Profile<'a> {
    program: &'a Program,
    /// The program's text; empty if there is none.
    source: String,
    executed: Executed,
    samples: Vec<Sample>,
    stats: Stats,
}

/// Times in nanoseconds, by tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Times([u64; TIERS.len()]);

impl Times {
    fn add(&mut self, tier: Tier, nanos: u64) {
        self.0[tier as usize] += nanos;
    }

    fn of(self, tier: Tier) -> u64 {
        self.0[tier as usize]
    }

    fn all(self) -> u64 {
        self.0.iter().sum()
    }

    /// The tier that took most, if any took anything.
    fn most(self) -> Option<Tier> {
        TIERS.into_iter().rev().max_by_key(|&tier| self.of(tier)).filter(|_| self.all() > 0)
    }
}

/// What is known of a line.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// How often that of its instructions was executed which was executed most often.
    times: u64,
    /// Instructions executed.
    instructions: u64,
    /// Those of them whose run began in optimized code.
    optimized: u64,
    /// The time given to it.
    nanos: Times,
}

impl Line {
    /// The tier in which it ran most, as far as that is known.
    fn tier(&self) -> &'static str {
        if self.optimized * 2 > self.instructions {
            return Tier::Optimizing.name();
        }
        self.nanos.most().map_or("", Tier::name)
    }
}

impl Profile<'_> {
    /// All instructions executed.
    fn instructions(&self) -> u64 {
        self.executed.all.iter().flatten().sum()
    }

    /// The line of an instruction; 0 if it is not known.
    fn line_of(&self, at: SampleFrame) -> u32 {
        let function = self.program.functions.get(at.function as usize);
        function.and_then(|f| f.lines.get(at.pc as usize)).copied().unwrap_or(0)
    }

    fn name(&self, function: u32) -> &str {
        self.program.functions.get(function as usize).map_or("?", |f| f.name.as_str())
    }

    /// What is known of each line that was executed, in order.
    fn lines(&self) -> BTreeMap<u32, Line> {
        let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
        let counts = self.executed.all.iter().zip(&self.executed.optimized);
        for (function, (all, optimized)) in self.program.functions.iter().zip(counts) {
            for (&number, (&all, &optimized)) in function.lines.iter().zip(all.iter().zip(optimized)) {
                let line = lines.entry(number).or_default();
                line.times = line.times.max(all);
                line.instructions += all;
                line.optimized += optimized;
            }
        }
        for sample in &self.samples {
            if let Some(&innermost) = sample.frames.first() {
                lines.entry(self.line_of(innermost)).or_default().nanos.add(sample.tier, sample.nanos);
            }
        }
        lines.retain(|_, line| line.instructions > 0 || line.nanos.all() > 0);
        lines
    }

    /// The time given to each function itself, without what it called that is not inlined.
    fn functions(&self) -> Vec<Times> {
        let mut times = vec![Times::default(); self.program.functions.len()];
        for sample in &self.samples {
            if let Some(times) = sample.frames.first().and_then(|at| times.get_mut(at.function as usize)) {
                times.add(sample.tier, sample.nanos);
            }
        }
        times
    }

    /// The time of each tier: exact.
    fn times(&self) -> Times {
        let mut times = Times::default();
        for sample in &self.samples {
            times.add(sample.tier, sample.nanos);
        }
        times
    }

    /// Instructions by tier: exact.
    fn instructions_by_tier(&self) -> Times {
        let mut by_tier = Times::default();
        by_tier.add(Tier::Interpreter, self.stats.interpreter_instructions);
        for unit in &self.stats.units {
            by_tier.add(unit.tier, unit.instructions);
        }
        by_tier
    }
}
