//! `hotspot explain`: runs a program, and says in plain words what was compiled of it, what was not, and why.
//!
//! It looks on while the engine goes through `profile -> detect -> compile -> cache -> execute -> deoptimise`:
//! [`model`] collects and derives, [`words`] makes sentences, [`ledger`] counts what compiling cost and brought,
//! [`render`] shows it all. Invariant: standard output is the program's alone, unless the explanation was sent there; a
//! program that ends early is explained up to there.

mod ledger;
pub(crate) mod live;
mod model;
mod render;
mod words;

pub(crate) use model::{Collector, Explanation, Facts};

use crate::args::ExplainArgs;
use crate::load::{self, Loaded};
use crate::python::Python;
use crate::report::{self, Failure, Status};
use crate::run::{self, OutFile};
use crate::streams::{self, Failed};
use hotspotvm::runtime::num::Output;
use hotspotvm::{Engine, Io, Options, Stop};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// Runs the command.
///
/// # Errors
/// If the program did not start, there is no such function, or a file could not be written.
pub(crate) fn explain(args: &ExplainArgs) -> Result<Status, Failure> {
    let started = Instant::now();
    let path = args.program.program();
    let loaded = load::load(path, args.program.language.language)?;
    let python = loaded.python.as_ref();
    let arguments = run::arguments(&loaded.program, python, args.program.args())?;
    let facts = Facts::new(loaded.program.program(), &loaded.text);
    let scope = render::Scope { function: args.function.clone(), line: args.line, all: args.all };
    check_scope(&scope, &facts, &loaded)?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let file = args.output.as_deref().filter(|_| !to_stdout);
    let mut file = file.map(|file| OutFile::create(path, file)).transpose()?;

    let mut options = args.engine.options();
    if let Some(python) = python {
        options = python.options(options, args.engine.has_depth());
    }
    let hurried = options.limits.timeout.is_some();
    if hurried {
        report::be_brief();
    }
    options.limits.started = Some(started);
    let failed = Failed::default();
    let io = streams::real(path == "-", hurried, &failed);
    let (explanation, stop) = observed(&loaded, options, &arguments, io, facts.clone());
    let mut status = ended(stop.as_ref(), python, &failed);
    if status == Status::Ok && failed.has_failed() {
        status = failed.show();
    }

    let plain = to_stdout || file.is_some();
    let text = if args.json {
        render::json(&explanation, &scope)
    } else {
        let text = render::text(&explanation, &facts, &scope);
        if plain { anstream::adapter::strip_str(&text).to_string() } else { text }
    };
    match &mut file {
        Some(file) => {
            file.text(&text);
            file.finish()?;
        }
        None if to_stdout => report::show(&text)?,
        None => report::say_in_colour(&text),
    }
    Ok(status)
}

/// Runs a program with details and times, and explains it; and how it ended, if not well.
pub(crate) fn observed(
    loaded: &Loaded,
    options: Options,
    arguments: &[Output],
    io: Io,
    facts: Facts,
) -> (Explanation, Option<Stop>) {
    let mut engine = Engine::new(Options { details: true, timing: true, ..options });
    let collector = Rc::new(RefCell::new(Collector::new(facts)));
    let listener = Rc::clone(&collector);
    engine.on_log(move |entry| listener.borrow_mut().entry(entry));
    let outcome = engine.run(Arc::clone(&loaded.program), arguments, io);
    let explanation = collector.take().finish(&outcome.stats);
    (explanation, outcome.result.err())
}

fn ended(stop: Option<&Stop>, python: Option<&Python>, failed: &Failed) -> Status {
    stop.map_or(Status::Ok, |stop| run::ended(stop, python, failed))
}

/// Refuses a function or a line that the program does not have, before it runs.
fn check_scope(scope: &render::Scope, facts: &Facts, loaded: &Loaded) -> Result<(), Failure> {
    if let Some(name) = &scope.function
        && !facts.has_function(name)
    {
        const SHOWN: usize = 8;
        let functions = &loaded.program.program().functions;
        let mut names: Vec<&str> = functions.iter().take(SHOWN).map(|f| f.name.as_str()).collect();
        if functions.len() > SHOWN {
            names.push("...");
        }
        let failure = Failure::refused(format!("the program has no function `{name}`"));
        return Err(failure.with_help(format!("its functions are {}", names.join(", "))));
    }
    match scope.line {
        Some(line) if !loaded.text.is_empty() && line as usize > loaded.text.lines().count() => {
            Err(Failure::refused(format!("the program has no line {line}")))
        }
        _ => Ok(()),
    }
}
