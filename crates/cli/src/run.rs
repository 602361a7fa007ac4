//! `hotspot run`: runs a program, and shows of it what was asked for.
//!
//! It looks on while the engine goes through `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants:
//! standard output is the program's alone; files that were asked for are opened before the program starts and
//! completed after an error too.

use crate::args::RunArgs;
use crate::export::{Export, Format};
use crate::load::{self, Loaded};
use crate::log::{self, Log};
use crate::native;
use crate::python::Python;
use crate::report::{self, Failure, Status, complain};
use crate::statistics::{self, Misses};
use crate::streams::{self, Failed};
use crate::text;
use hotspotvm::bytecode::{Function, Verified};
use hotspotvm::runtime::num::{NumberLimits, Output, Watch, parse_argument, repr};
use hotspotvm::runtime::{Stop, StopKind};
use hotspotvm::{Engine, LogEntry, Stats, Tier};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

/// Runs the command.
///
/// # Errors
/// If the program did not start, or a file could not be written.
pub(crate) fn run(args: &RunArgs) -> Result<Status, Failure> {
    // Reading and checking the program is part of the time that it may take.
    let started = Instant::now();
    let path = args.program.program();
    let mut options = args.engine.options();
    let (timeout, language) = (options.limits.timeout, args.program.language.language);
    let hurried = timeout.is_some();
    if hurried {
        report::be_brief();
    }
    let Loaded { program, python, warnings, text: source } =
        load::load_within(timeout, started, path, language)?;
    let arguments = arguments(&program, python.as_ref(), args.program.args())?;
    let trace = args.trace.as_deref().map(|file| OutFile::create(path, file)).transpose()?;
    let exports = [(&args.chrome_trace, Format::Chrome), (&args.iongraph, Format::Iongraph)].into_iter();
    let exports = exports.filter_map(|(file, format)| Some((file.as_deref()?, format)));
    let exports = exports.map(|(file, format)| Exporting::create(path, file, format));
    let exports = exports.collect::<Result<Vec<Exporting>, Failure>>()?;
    let stats_file = args.stats_json.as_deref().map(|file| OutFile::create(path, file)).transpose()?;
    if args.verbose {
        report::say_in_colour(&warnings);
    }

    if let Some(python) = &python {
        options = python.options(options, args.engine.has_depth());
    }
    if args.no_jit {
        options.max_tier = Tier::Interpreter;
    }
    options.limits.started = Some(started);
    options.timing = args.stats || args.stats_json.is_some() || args.chrome_trace.is_some();
    let dumps = !args.dump.is_empty();
    options.listings = args.listings || dumps || args.iongraph.is_some();
    options.passes.dumped.clone_from(&args.dump);
    if args.iongraph.is_some() {
        options.passes.dumped = hotspotvm::pass_names().into_iter().map(str::to_owned).collect();
    }
    let mut engine = Engine::new(options);
    native::watch(&mut engine, &args.native, path)?;
    let log = (args.verbose || args.listings).then(|| Log::new(&source, args.listings));
    let seen = Rc::new(RefCell::new(Seen { log, dumps, trace, exports, misses: Misses::default() }));
    if args.stats || dumps || seen.borrow().is_asked_for() {
        let seen = Rc::clone(&seen);
        engine.on_log(move |entry| seen.borrow_mut().entry(entry));
    }

    let failed = Failed::default();
    let outcome = engine.run(program, &arguments, streams::real(path == "-", hurried, &failed));
    let mut seen = seen.borrow_mut();
    let seen = &mut *seen;
    let mut status = match &outcome.result {
        Ok(result) => {
            if let Some(log) = &mut seen.log {
                log.result(&shown(result));
            }
            Status::Ok
        }
        Err(stop) => {
            if let Some(log) = &mut seen.log {
                log.finish();
            }
            ended(stop, python.as_ref(), &failed)
        }
    };
    // The last of the output goes out when the program has ended already.
    if status == Status::Ok && failed.has_failed() {
        status = failed.show();
    }
    if args.stats {
        report::say(&statistics::table(&outcome.stats, &seen.misses));
    }
    if let Some(mut file) = stats_file {
        file.stats(&outcome.stats);
        file.finish()?;
    }
    if let Some(trace) = &mut seen.trace {
        trace.finish()?;
    }
    seen.exports.iter_mut().try_for_each(Exporting::finish)?;
    Ok(status)
}

/// What is made of the events of a run.
struct Seen {
    log: Option<Log>,
    dumps: bool,
    trace: Option<OutFile>,
    exports: Vec<Exporting>,
    misses: Misses,
}

impl Seen {
    /// Whether anybody wants to see events as such.
    fn is_asked_for(&self) -> bool {
        self.log.is_some() || self.trace.is_some() || !self.exports.is_empty()
    }

    fn entry(&mut self, entry: &LogEntry) {
        let event = &entry.event;
        self.misses.note(event);
        if let Some(log) = &mut self.log {
            log.event(event);
        }
        // A log with listings has them already.
        if self.dumps
            && !self.log.as_ref().is_some_and(Log::has_listings)
            && let Some(text) = log::dumped(event)
        {
            complain(text.trim_end());
        }
        if let Some(trace) = &mut self.trace {
            trace.json_line(entry);
        }
        for export in &mut self.exports {
            export.entry(entry);
        }
    }
}

/// The program's arguments as values.
///
/// # Errors
/// If the entry function does not take so many. A program in Python takes any number of them.
pub(crate) fn arguments(
    program: &Verified,
    python: Option<&Python>,
    words: &[String],
) -> Result<Vec<Output>, Failure> {
    if let Some(python) = python {
        return Ok(python.arguments(words));
    }
    let program = program.program();
    if let Some(entry) = program.functions.get(program.entry as usize) {
        let most = if program.open_entry { entry.locals.len() } else { entry.params as usize };
        let least = if program.open_entry { 0 } else { most };
        if words.len() < least || words.len() > most {
            return Err(wrong_number(entry, least, most, words));
        }
    }
    Ok(words.iter().map(|word| parse_argument(word)).collect())
}

fn wrong_number(entry: &Function, least: usize, most: usize, words: &[String]) -> Failure {
    const SHOWN: usize = 8;
    let mut names = entry.locals.iter().take(most.min(SHOWN)).cloned().collect::<Vec<_>>().join(", ");
    if most > SHOWN {
        names.push_str(", ...");
    }
    let bound = if least == most { "" } else { "at most " };
    let takes = match most {
        0 => "no arguments".to_owned(),
        _ => format!("{bound}{} ({names})", text::counted(most, "argument")),
    };
    let given = match words.len() {
        0 => "none was given".to_owned(),
        1 => "1 was given".to_owned(),
        more => format!("{more} were given"),
    };
    let failure = Failure::refused(format!("`{}` takes {takes}, but {given}", entry.name));
    match words.iter().find(|word| word.starts_with("--") && word.len() > 2) {
        Some(word) => {
            failure.with_help(format!("options of hotspot stand before PROGRAM; so should `{word}`"))
        }
        None if words.len() < least => {
            failure.with_help("arguments follow the program: hotspot run PROGRAM ARGS")
        }
        None => failure,
    }
}

/// Says why a program ended early, and what that means for the exit code.
pub(crate) fn ended(stop: &Stop, python: Option<&Python>, failed: &Failed) -> Status {
    let status = match stop.kind {
        StopKind::Error(_) => Status::Raised,
        StopKind::Limit(_) => Status::Limit,
        StopKind::Io => Status::Io,
    };
    if status == Status::Io && failed.is_broken_pipe() {
        return status;
    }
    match python {
        Some(python) if !stop.trace.is_empty() => complain(&python.traceback(stop)),
        _ => complain(&text::lines(&stop.to_string())),
    }
    status
}

/// A value for people: as its language writes it, however long.
pub(crate) fn shown(value: &Output) -> String {
    let limits = NumberLimits { max_str_digits: 0, max_str_bytes: u64::MAX, ..NumberLimits::default() };
    repr(value.operand(), &Watch::unhurried(limits)).unwrap_or_else(|error| error.to_string())
}

/// A log being written in another format.
struct Exporting {
    name: String,
    export: Export<BufWriter<File>>,
    failure: Option<std::io::Error>,
}

impl Exporting {
    fn create(program: &str, path: &Path, format: Format) -> Result<Exporting, Failure> {
        load::keep_apart(program, path)?;
        let name = format!("`{}`", path.display());
        let export = File::create(path).and_then(|file| Export::new(format, BufWriter::new(file)));
        match export {
            Ok(export) => Ok(Exporting { name, export, failure: None }),
            Err(error) => Err(Failure::output(&name, &error)),
        }
    }

    fn entry(&mut self, entry: &LogEntry) {
        if self.failure.is_none() {
            self.failure = self.export.entry(entry).err();
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match self.failure.take().or_else(|| self.export.finish().err()) {
            Some(error) => Err(Failure::output(&self.name, &error)),
            None => Ok(()),
        }
    }
}

/// A file being written. Its first failure is kept until the end, so that a program is not disturbed by it.
pub(crate) struct OutFile {
    name: String,
    writer: BufWriter<File>,
    failure: Option<std::io::Error>,
}

impl OutFile {
    /// Creates it; never in place of the program.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn create(program: &str, path: &Path) -> Result<OutFile, Failure> {
        load::keep_apart(program, path)?;
        let name = format!("`{}`", path.display());
        match File::create(path) {
            Ok(file) => Ok(OutFile { name, writer: BufWriter::new(file), failure: None }),
            Err(error) => Err(Failure::output(&name, &error)),
        }
    }

    fn note(&mut self, result: std::io::Result<()>) {
        if let (Err(error), None) = (result, &self.failure) {
            self.failure = Some(error);
        }
    }

    fn json_line(&mut self, entry: &LogEntry) {
        if self.failure.is_none() {
            let result = serde_json::to_writer(&mut self.writer, entry).map_err(std::io::Error::from);
            let result = result.and_then(|()| self.writer.write_all(b"\n"));
            self.note(result);
        }
    }

    /// Appends text.
    pub(crate) fn text(&mut self, text: &str) {
        let result = self.writer.write_all(text.as_bytes());
        self.note(result);
    }

    fn stats(&mut self, stats: &Stats) {
        let result = serde_json::to_writer_pretty(&mut self.writer, stats).map_err(std::io::Error::from);
        let result = result.and_then(|()| self.writer.write_all(b"\n"));
        self.note(result);
    }

    /// Completes it.
    ///
    /// # Errors
    /// The first failure, if there was one.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush();
        self.note(flushed);
        match self.failure.take() {
            // A pipe given as a file is still a file that was asked for: its loss is told.
            Some(error) => {
                let message = format!("cannot write {}: {}", self.name, report::io_words(&error));
                Err(Failure::io(message))
            }
            None => Ok(()),
        }
    }
}
