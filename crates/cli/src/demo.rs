//! `hotspot demo`: the whole sentence `profile -> detect -> compile -> cache -> execute -> deoptimise`, seen on two small loops.
//!
//! It looks on like any other command: all that it shows are events, listings and statistics that every user of the
//! engine gets. Invariant: where nothing can be compiled, it still runs, and says why.

use crate::compare::{self, Subject, Trouble};
use crate::log::listed;
use crate::report::{self, Failure, Status};
use crate::streams::{Capture, SharedInput};
use crate::text::{self, Table, thousands};
use hotspotvm::bytecode::{Verified, assemble, verify};
use hotspotvm::runtime::num::Output;
use hotspotvm::{Engine, Event, Options, Stats, Tier};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

const COUNTDOWN: &str = include_str!("../../../examples/countdown.hasm");
const SUM: &str = include_str!("../../../examples/sum.hasm");

/// Enough rounds for a fraction of a second in the interpreter.
const MANY: i64 = 10_000_000;

/// How often the third demonstration runs each way.
const RUNS: u32 = 3;

/// How many events are shown at the most.
const SHOWN_EVENTS: usize = 16;

/// Runs the command.
///
/// # Errors
/// If standard output fails, or a program gives a wrong answer.
pub(crate) fn demo() -> Result<Status, Failure> {
    report::show(&countdown()?)?;
    report::show(&sum()?)?;
    report::show(&times()?)?;
    Ok(Status::Ok)
}

/// A run whose events and output were kept.
struct Seen {
    output: String,
    stats: Stats,
    events: Vec<Event>,
}

impl Seen {
    /// Why nothing was compiled, if nothing was.
    fn why_not(&self) -> Option<String> {
        if self.stats.compilations > 0 {
            return None;
        }
        let why = self.events.iter().find_map(|event| match event {
            Event::NoJit { why } | Event::Refuse { why, .. } => Some(text::line(&why.to_string())),
            _ => None,
        });
        Some(why.unwrap_or_else(|| "the engine gave no reason".to_owned()))
    }

    /// Where the rounds of the only loop ran, of which there were so many.
    fn where_it_ran(&self, rounds: u64) -> String {
        let stats = &self.stats;
        let mut table = Table::new(&["ran", "rounds", "instructions"]);
        let interpreted = rounds.saturating_sub(stats.jit_iterations);
        table.row("interpreted", &[thousands(interpreted), thousands(stats.interpreter_instructions)]);
        table.row("as machine code", &[thousands(stats.jit_iterations), thousands(stats.jit_instructions)]);
        table.text()
    }
}

fn program(name: &str, source: &str) -> Result<Arc<Verified>, Failure> {
    let verified = assemble(name, source).and_then(verify).map_err(|errors| {
        let first = errors.first().map_or_else(String::new, ToString::to_string);
        Failure::refused(format!("the demonstration's program is broken: {first}"))
    })?;
    Ok(Arc::new(verified))
}

fn see(program: &Arc<Verified>, argument: i64, options: Options) -> Result<Seen, Failure> {
    let mut engine = Engine::new(options);
    let events: Rc<RefCell<Vec<Event>>> = Rc::default();
    let heard = Rc::clone(&events);
    engine.on_event(move |event| heard.borrow_mut().push(event.clone()));
    let capture = Capture::default();
    let io = SharedInput::new(Box::new(std::io::empty())).io(&capture);
    let outcome = engine.run(Arc::clone(program), &[Output::Int(argument)], io);
    match outcome.result {
        Ok(_) => {
            let output = capture.get().text().trim_end().to_owned();
            Ok(Seen { output, stats: outcome.stats, events: events.take() })
        }
        Err(stop) => Err(wrong(&stop.headline())),
    }
}

fn wrong(what: &str) -> Failure {
    report::complain(&format!("error: a demonstration went wrong: {}", text::line(what)));
    Failure::silent(Status::Differs)
}

fn expect(seen: &Seen, expected: &str) -> Result<(), Failure> {
    if seen.output == expected {
        return Ok(());
    }
    Err(wrong(&format!("expected `{expected}`, got `{}`", seen.output)))
}

/// A program without the comment that it begins with.
fn code(source: &str) -> String {
    let lines = source.lines().skip_while(|line| line.starts_with(';') || line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

fn heading(title: &str) -> String {
    format!("{title}\n{}\n\n", "=".repeat(title.chars().count()))
}

fn paragraph(text: &str) -> String {
    text::wrapped("", text) + "\n"
}

fn countdown() -> Result<String, Failure> {
    const FROM: i64 = 10_000;
    let program = program("countdown.hasm", COUNTDOWN)?;
    const SOON: u64 = 100;
    let options = Options {
        optimizing_threshold: SOON,
        deterministic: true,
        timing: true,
        listings: true,
        ..Options::default()
    };
    let threshold = options.hotspot_threshold;
    let seen = see(&program, FROM, options)?;
    expect(&seen, "0")?;
    let mut out = heading("1. A loop gets hot and is compiled");
    out.push_str(&paragraph(&format!(
        "This program counts down from {}. It starts out interpreted; the interpreter counts how often it comes back to \
         each loop. A place that ran {threshold} times is hot (`--hotspot-threshold`) and is compiled quickly, in one pass. What stays hot \
         for long is compiled again, and optimized (`--optimizing-threshold`; here after {SOON} more rounds).",
        thousands(FROM as u64)
    )));
    out.push_str(&text::indented(&code(COUNTDOWN), 4));
    out.push_str("\nWhat happened, step by step:\n\n");
    out.push_str(&told(&seen.events));
    if let Some(why) = seen.why_not() {
        out.push('\n');
        out.push_str(&text::wrapped(
            "",
            &format!("Nothing was compiled here: {why}. The result is the same, it only takes longer."),
        ));
    }
    if let Some(listing) = seen.events.iter().find_map(listing_of) {
        out.push_str("\nThe optimized loop in its four forms:\n\n");
        out.push_str(&listed(listing));
    }
    out.push_str("\nWhere the rounds ran:\n\n");
    out.push_str(&seen.where_it_ran(FROM as u64));
    out.push('\n');
    Ok(out)
}

fn listing_of(event: &Event) -> Option<&hotspotvm::Listing> {
    match event {
        Event::CompileEnd { listing, .. } => listing.as_deref().filter(|listing| !listing.ir.is_empty()),
        _ => None,
    }
}

/// The events, a line or two each.
fn told(events: &[Event]) -> String {
    let mut out = String::new();
    for event in events.iter().take(SHOWN_EVENTS) {
        let told = text::line(&event.to_string());
        let rest = told.strip_prefix(event.name()).unwrap_or(&told);
        out.push_str(&text::wrapped(&format!("    {:<15}", event.name()), rest));
    }
    if events.len() > SHOWN_EVENTS {
        out.push_str(&format!("    ... and {} more\n", text::counted(events.len() - SHOWN_EVENTS, "step")));
    }
    out
}

fn sum() -> Result<String, Failure> {
    const TO: i64 = 1_000;
    const EXPECTED: &str = "500500";
    let program = program("sum.hasm", SUM)?;
    let compiled = see(&program, TO, Options::default())?;
    let interpreted = see(&program, TO, Options { max_tier: Tier::Interpreter, ..Options::default() })?;
    expect(&compiled, EXPECTED)?;
    expect(&interpreted, EXPECTED)?;
    let mut out = heading("2. The answer does not depend on who gives it");
    out.push_str(&paragraph(&format!(
        "The sum of all numbers from 1 to {}, once only interpreted and once with compiling. The interpreter's half-done sum \
         goes into the machine code, and the end result comes back.",
        thousands(TO as u64)
    )));
    let mut table = Table::new(&["", "printed", "rounds as machine code", "fuel used"]);
    for (name, seen) in [("only interpreted", &interpreted), ("with compiling", &compiled)] {
        let (rounds, fuel) = (seen.stats.jit_iterations, seen.stats.fuel_used);
        table.row(name, &[seen.output.clone(), thousands(rounds), thousands(fuel)]);
    }
    out.push_str(&table.text());
    out.push('\n');
    Ok(out)
}

fn times() -> Result<String, Failure> {
    let subject = Subject {
        program: program("sum.hasm", SUM)?,
        arguments: vec![Output::Int(MANY)],
        input: SharedInput::new(Box::new(std::io::empty())),
    };
    let mut out = heading("3. What it is good for");
    out.push_str(&paragraph(&format!(
        "The same sum up to {}, {RUNS} times each way. Both print the same and use the same fuel.",
        thousands(MANY as u64)
    )));
    let comparison =
        compare::measure(&subject, &Options::default(), RUNS).map_err(|trouble| match trouble {
            Trouble::Time(stop) => wrong(&stop.headline()),
            Trouble::Differs(message) => wrong(&message),
        })?;
    out.push_str(&comparison.table());
    out.push('\n');
    out.push_str(&comparison.words());
    out.push('\n');
    out.push_str(&text::wrapped(
        "Next:       ",
        "these programs are examples/countdown.hasm and examples/sum.hasm. `hotspot run --verbose PROGRAM` shows all this for \
         a program of yours; `hotspot --help` shows the rest.",
    ));
    Ok(out)
}
