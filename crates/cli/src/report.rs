//! How a command ends: its exit code, and the one message that explains it.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`: it is how the command answers the
//! shell. Invariant: nothing here panics, standard error closed or not.

use crate::{streams, text};
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

/// How a command ended: its exit code. Also listed in `hotspot --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    /// All is well.
    Ok = 0,
    /// The program raised an error that nothing caught.
    Raised = 1,
    /// Wrong usage, or a program that cannot be read or is refused. (clap uses the same number.)
    Refused = 2,
    /// The program reached a limit.
    Limit = 3,
    /// Input or output failed.
    Io = 4,
    /// Two ways to run the same program gave two answers.
    Differs = 5,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    /// What to say; empty if all is said already, or nobody is there to read it.
    message: String,
    help: Option<String>,
}

impl Failure {
    /// Wrong usage, or a file that cannot be read.
    pub(crate) fn refused(message: impl Into<String>) -> Failure {
        Failure { status: Status::Refused, message: message.into(), help: None }
    }

    /// The command ends like this, and has said why.
    pub(crate) fn silent(status: Status) -> Failure {
        Failure { status, message: String::new(), help: None }
    }

    /// Writing failed. A reader who went away is no news, as for other commands of the system.
    pub(crate) fn output(what: &str, error: &std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure::silent(Status::Io);
        }
        Failure::io(format!("cannot write {what}: {}", io_words(error)))
    }

    /// Input or output failed.
    pub(crate) fn io(message: impl Into<String>) -> Failure {
        Failure { status: Status::Io, message: message.into(), help: None }
    }

    /// The same with a line of advice.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// Says it on standard error.
    pub(crate) fn show(&self) -> Status {
        if !self.message.is_empty() {
            complain(&format!("error: {}", text::line(&self.message)));
        }
        if let Some(help) = &self.help {
            complain(&format!("  help: {}", text::line(help)));
        }
        self.status
    }
}

/// For how long a message may wait for somebody to read it, if not for ever.
static PATIENCE: OnceLock<Duration> = OnceLock::new();

/// From here on nobody waits long for a reader of standard error: a program that must end by a certain time ends then.
pub(crate) fn be_brief() {
    let _ = PATIENCE.set(Duration::from_millis(20));
}

/// Writes a line to standard error; if that fails, nobody is listening.
pub(crate) fn complain(line: &str) {
    say(&format!("{line}\n"));
}

/// Writes lines to standard error; the same holds.
pub(crate) fn say(lines: &str) {
    match PATIENCE.get() {
        Some(patience) => streams::say_within(*patience, lines.as_bytes()),
        None => {
            let _ = std::io::stderr().lock().write_all(lines.as_bytes());
        }
    }
}

/// The same, for text with colours: where standard error is no terminal, or the environment refuses them, without them.
pub(crate) fn say_in_colour(lines: &str) {
    match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => say(&anstream::adapter::strip_str(lines).to_string()),
        _ => say(lines),
    }
}

/// Writes text to standard output.
///
/// # Errors
/// If that fails.
pub(crate) fn show(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output("standard output", &error))
}

/// What the system says, without its error number.
pub(crate) fn io_words(error: &std::io::Error) -> String {
    let words = error.to_string();
    match words.find(" (os error ") {
        Some(end) => words[..end].to_owned(),
        None => words,
    }
}
