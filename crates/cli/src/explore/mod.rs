//! `hotspot explore`: runs a program once and writes what the engine did as one page that opens from disk.
//!
//! It looks on while the engine goes through `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Invariants: standard output is the program's alone, though it runs twice; the page is written after an error of the
//! program too, since that may be what it is wanted for.

mod fill;
pub(crate) mod listing;
mod recorder;
mod snapshots;

use crate::args::{ExploreArgs, Variation};
use crate::explain::{Collector, Outline};
use crate::load::{self, Loaded};
use crate::report::{Failure, Status, say};
use crate::run::{arguments, ended, shown};
use crate::streams::{Capture, Failed, SharedInput};
use crate::text;
use explorer::report::{FORMAT_VERSION, Named, Program, Report, Run, Sweep};
use hotspotvm::{Engine, Options, Stop, StopKind, Tier};
use recorder::Recorder;
use serde::Deserialize;
use snapshots::Snapshots;
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

/// Runs the command.
///
/// # Errors
/// If the program did not start, or the page could not be written.
pub(crate) fn explore(args: &ExploreArgs) -> Result<Status, Failure> {
    let path = args.program.program();
    load::keep_apart(path, &args.output)?;
    let sweeps = args.sweep.as_deref().map(sweeps).transpose()?.unwrap_or_default();
    let name = format!("`{}`", args.output.display());
    let file = File::create(&args.output).map_err(|error| Failure::output(&name, &error))?;
    let input: Box<dyn Read> =
        if path == "-" { Box::new(std::io::empty()) } else { Box::new(std::io::stdin()) };
    let input = SharedInput::new(input);
    let (status, first) = run(args, &input, None)?;
    let mut runs = vec![first];
    if let Some(beside) = &args.beside {
        runs.push(run(args, &input, Some(beside))?.1);
    }
    let tool = format!("hotspot {}", env!("CARGO_PKG_VERSION"));
    let report = Report { version: FORMAT_VERSION, tool, runs, sweeps };
    let mut writer = BufWriter::new(file);
    let written = explorer::write_page(&report, &mut writer).and_then(|()| writer.flush());
    written.map_err(|error| Failure::output(&name, &error))?;
    say(&format!("{name} is written: open it in a browser\n"));
    Ok(status)
}

/// The most that a sweep's file may have: a hundred times what the largest grid gives.
const MOST_SWEEP_BYTES: u64 = 32 << 20;

/// What a sweep measured, from the file that it wrote.
fn sweeps(file: &Path) -> Result<Vec<Sweep>, Failure> {
    #[derive(Deserialize)]
    struct Written {
        sweeps: Vec<Sweep>,
    }
    let name = format!("`{}`", file.display());
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::refused(format!("{name} is not what `hotspot sweep --json` writes: {error}"))
    };
    let mut text = String::new();
    let opened =
        File::open(file).map_err(|error| Failure::refused(format!("cannot read {name}: {error}")))?;
    opened.take(MOST_SWEEP_BYTES).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    let written: Written = serde_json::from_str(&text).map_err(|error| cannot(&error))?;
    Ok(written.sweeps)
}

/// Runs the program once; how it ended, and what is to be shown of it. The second run's output is swallowed.
fn run(
    args: &ExploreArgs,
    input: &SharedInput,
    beside: Option<&Variation>,
) -> Result<(Status, Run), Failure> {
    let started = Instant::now();
    let path = args.program.program();
    let Loaded { program, python, text, .. } = load::load(path, args.program.language.language)?;
    let words = args.program.args();
    let inputs = arguments(&program, python.as_ref(), words)?;
    let mut options = args.engine.options();
    if let Some(python) = &python {
        options = python.options(options, args.engine.has_depth());
    }
    if let Some(variation) = beside {
        variation.apply(&mut options);
    }
    let mut counting = Options { counting: true, ..options.clone() };
    counting.limits.started = None;
    options.limits.started = Some(started);
    (options.details, options.listings, options.timing) = (true, true, true);
    options.passes.dumped = hotspotvm::pass_names().into_iter().map(str::to_owned).collect();
    let settings = settings(&options);
    let mut engine = Engine::new(options);
    let recorder = Rc::new(RefCell::new(Recorder::default()));
    let collector = Rc::new(RefCell::new(Collector::new(Outline::new(program.program(), &text))));
    let (heard, told) = (Rc::clone(&recorder), Rc::clone(&collector));
    engine.on_log(move |entry| {
        heard.borrow_mut().add(entry);
        told.borrow_mut().entry(entry);
    });

    let failed = Failed::default();
    let io = if beside.is_some() { input.io(&Capture::default()) } else { input.io_shown(&failed) };
    let outcome = engine.run(program.clone(), &inputs, io);
    let status = match &outcome.result {
        Ok(_) => Status::Ok,
        Err(_) if beside.is_some() => Status::Ok,
        Err(stop) => ended(stop, python.as_ref(), &failed),
    };
    let ending = match &outcome.result {
        Ok(result) if python.is_some() => format!("ended with {}", text::line(&shown(result))),
        Ok(result) => format!("ended; its result is {}", text::line(&shown(result))),
        Err(stop) => stopped(stop),
    };
    // Counting changes code, and what is shown is the code that usually runs: so counts come from one more run, which
    // does the same.
    let mut engine = Engine::new(counting);
    let snapshots = Rc::new(RefCell::new(Snapshots::default()));
    let taken = Rc::clone(&snapshots);
    engine.on_moment(move |entry, moment| taken.borrow_mut().look(entry, moment));
    let counted = engine.run(program.clone(), &inputs, input.io(&Capture::default()));
    let executed = counted.executed.filter(|_| counted.stats.fuel_used == outcome.stats.fuel_used);
    let recorder = recorder.borrow();
    let snapshots = snapshots.borrow();
    let filled = fill::run(&fill::Traces {
        program: program.program(),
        kept: &recorder.kept,
        left_out: recorder.left_out,
        counts: &outcome.counts,
        executed: executed.as_ref(),
        snapshots: if executed.is_some() { &snapshots.taken } else { &[] },
        stats: &outcome.stats,
        explanation: &collector.take().finish(&outcome.stats),
    });
    let executed = text::thousands(filled.executed);
    let language = match (&python, text.is_empty()) {
        (Some(_), _) => "python",
        (None, false) => "hasm",
        (None, true) => "bytes",
    };
    let label = beside.map_or_else(|| "as asked".to_owned(), |variation| variation.text.clone());
    let run = Run {
        label,
        settings,
        outcome: format!("{ending} after {executed} instructions"),
        program: Program {
            name: text::line(path),
            language: language.to_owned(),
            arguments: text::line(&words.join(" ")),
            source: text,
            functions: filled.program.functions,
        },
        ..filled
    };
    Ok((status, run))
}

fn stopped(stop: &Stop) -> String {
    match stop.kind {
        StopKind::Limit(_) => format!("was stopped by a limit: {}", text::line(&stop.headline())),
        _ => format!("ended with an error: {}", text::line(&stop.headline())),
    }
}

/// The settings that decide what gets compiled, by their names on the command line.
fn settings(options: &Options) -> Vec<Named> {
    let named = |name: &str, value: String| Named { name: name.to_owned(), value };
    let mut settings = vec![named("max-tier", options.max_tier.to_string())];
    if options.max_tier > Tier::Interpreter {
        settings.push(named("hotspot-threshold", options.hotspot_threshold.to_string()));
        settings.push(named("optimizing-threshold", options.optimizing_threshold.to_string()));
        settings.push(named("strategy", options.strategy.to_string()));
        settings.push(named("inlining", if options.inlining { "yes" } else { "no" }.to_owned()));
        let background = if options.deterministic { "while the program waits" } else { "on another thread" };
        settings.push(named("compiling", background.to_owned()));
    }
    settings
}
