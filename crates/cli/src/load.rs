//! Reading programs: files or standard input, text or container.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: what it gives the engine is
//! verified. Invariants: a container is known by its content, whatever its name; never more than [`MAX_FILE`] bytes are read.

use crate::language::{Known, Language};
use crate::python::Python;
use crate::render;
use crate::report::{self, Failure, Status};
use hotspotvm::bytecode::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Place, Severity};
use hotspotvm::bytecode::{Program, Verified, assemble, container, verify};
use hotspotvm::runtime::{LimitKind, Stop, StopKind};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// The name of standard input in messages.
const STDIN: &str = "<stdin>";

/// A file's content.
pub(crate) struct Source {
    /// Its name, for messages.
    pub(crate) name: String,
    bytes: Vec<u8>,
    /// The language that was asked for.
    asked: Option<Language>,
}

impl Source {
    /// Reads a file, or standard input if the name is `-`. If it is a text, `language` says which kind.
    ///
    /// # Errors
    /// What the system says, and files that are too large.
    pub(crate) fn read(path: &str, language: Option<Language>) -> Result<Source, String> {
        let (name, result) = if path == "-" {
            (STDIN, read_bytes(std::io::stdin().lock()))
        } else {
            (path, std::fs::File::open(path).and_then(read_bytes))
        };
        match result {
            Ok(bytes) if bytes.len() as u64 > MAX_FILE => {
                Err(format!("cannot read `{name}`: it has more than {} MiB", MAX_FILE >> 20))
            }
            Ok(bytes) => Ok(Source { name: name.to_owned(), bytes, asked: language }),
            Err(error) => Err(format!("cannot read `{name}`: {}", report::io_words(&error))),
        }
    }

    /// Whether it is a container.
    pub(crate) fn is_container(&self) -> bool {
        container::is_container(&self.bytes)
    }

    /// The text, if it is one: for showing lines of it.
    pub(crate) fn text(&self) -> Option<&str> {
        if self.is_container() { None } else { std::str::from_utf8(&self.bytes).ok() }
    }

    /// Its language, if it is a text.
    pub(crate) fn language(&self) -> Option<Known> {
        self.text().map(|text| Known::of(self.asked, &self.name, text))
    }

    /// Advice for when it is refused: it may be in another language than the one it was read as.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.language()?.doubt(self.text()?)
    }

    /// The program in it, not yet verified, and what is to be known of it if it is in Python.
    ///
    /// # Errors
    /// What the assembler, the Python front end or the container's reader says.
    pub(crate) fn program(&self) -> Result<(Program, Option<Python>), Vec<Diagnostic>> {
        let refuse = |message: String, hint: &str| {
            let place = Place { source_name: self.name.clone(), ..Place::default() };
            let error = Diagnostic::error(message, place);
            vec![if hint.is_empty() { error } else { error.with_hint(hint) }]
        };
        if self.is_container() {
            return container::read(&self.bytes)
                .map(|program| (program, None))
                .map_err(|error| refuse(error.to_string(), ""));
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => match Known::of(self.asked, &self.name, text).language {
                Language::Python => {
                    Python::compile(&self.name, text).map(|(program, python)| (program, Some(python)))
                }
                Language::Asm => assemble(&self.name, text).map(|program| (program, None)),
            },
            Err(error) => {
                let at = error.valid_up_to();
                let line = self.bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1;
                let message =
                    format!("this is not UTF-8 text (at byte {at}, line {line}), and not a container");
                Err(refuse(message, "a program is Python, assembly text, or a file made by `hotspot asm`"))
            }
        }
    }

    /// The program in it, verified.
    ///
    /// # Errors
    /// What the assembler, the Python front end, the container's reader or the verifier says.
    pub(crate) fn verified(&self) -> Result<(Verified, Option<Python>), Vec<Diagnostic>> {
        let (program, python) = self.program()?;
        Ok((verify(program)?, python))
    }
}

fn read_bytes(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A program that is ready to run.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The program.
    pub(crate) program: Arc<Verified>,
    /// What is to be known of it if it is in Python.
    pub(crate) python: Option<Python>,
    /// The program's warnings, rendered.
    pub(crate) warnings: String,
    /// Its text; empty if it is a container.
    pub(crate) text: String,
}

/// Reads and verifies a program; if it is refused, says why on standard error.
///
/// # Errors
/// If it cannot be read or is refused.
pub(crate) fn load(path: &str, language: Option<Language>) -> Result<Loaded, Failure> {
    verified(&Source::read(path, language).map_err(Failure::refused)?)
}

/// The same within the time that the program may take since `started`, reading and checking included. When that is over,
/// the whole process ends, as it does when a program has run for too long: nothing has been begun that could be lost.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_within(
    timeout: Option<Duration>,
    started: Instant,
    path: &str,
    language: Option<Language>,
) -> Result<Loaded, Failure> {
    let Some(timeout) = timeout else { return load(path, language) };
    let left = timeout.saturating_sub(started.elapsed());
    let (loaded, wait) = mpsc::channel::<()>();
    let watch = std::thread::Builder::new().spawn(move || {
        if wait.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            let (kind, message) = (StopKind::Limit(LimitKind::Time), format!("{timeout:?} are over"));
            report::complain(
                &Stop { kind, message, trace: Vec::new(), left_out: 0, earlier: Vec::new() }.headline(),
            );
            std::process::exit(Status::Limit as i32);
        }
    });
    let result = load(path, language);
    drop(loaded);
    // Without a thread the engine finds out, a little later.
    if let Ok(watch) = watch {
        _ = watch.join();
    }
    result
}

/// The program of a source, ready to run; if it is refused, says why on standard error.
///
/// # Errors
/// If it is refused.
pub(crate) fn verified(source: &Source) -> Result<Loaded, Failure> {
    let (program, python) = source.verified().map_err(|errors| refuse(&errors, source))?;
    // Code that a front end made and that nothing reaches is no mistake of the program's author.
    let warnings = if python.is_some() { String::new() } else { render::all(program.warnings(), source) };
    let text = source.text().unwrap_or("").to_owned();
    Ok(Loaded { program: Arc::new(program), python, warnings, text })
}

/// Says on standard error why a program is refused.
pub(crate) fn refuse(errors: &[Diagnostic], source: &Source) -> Failure {
    report::say_in_colour(&render::all(errors, source));
    report::complain(&summary(errors, &source.name));
    let failure = Failure::silent(Status::Refused);
    match source.doubt() {
        Some(doubt) => failure.with_help(doubt),
        None => failure,
    }
}

/// `2 errors in a.hasm`.
pub(crate) fn summary(diagnostics: &[Diagnostic], name: &str) -> String {
    let name = crate::text::line(name);
    if diagnostics.len() > MAX_DIAGNOSTICS {
        return format!("more than {MAX_DIAGNOSTICS} errors in {name}");
    }
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    format!("{} in {name}", crate::text::counted(errors, "error"))
}

/// Refuses to overwrite a program by what is made from it.
///
/// # Errors
/// If both names mean one file.
pub(crate) fn keep_apart(program: &str, output: &Path) -> Result<(), Failure> {
    let same = match (std::fs::canonicalize(program), std::fs::canonicalize(output)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    if same {
        let message = format!("`{}` is the program itself; it is not overwritten", output.display());
        return Err(Failure::refused(message));
    }
    Ok(())
}
