//! Why a program stopped before its end, as a value with a place.
//!
//! [`StopKind::Error`] is the program's own fault, with Python's class and words; [`StopKind::Limit`] is the host's
//! decision, which the program cannot catch.

use crate::num::ErrorKind;
use std::sync::Arc;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Instructions.
    Fuel,
    /// Wall-clock time.
    Time,
    /// The host cancelled the program.
    Cancelled,
    /// Calls within calls.
    Depth,
    /// Locals and operands of all active calls together.
    Stack,
    /// Bytes of heap objects.
    Heap,
    /// Bits of one int, or bytes of one str.
    Size,
    /// Bytes of output.
    Output,
}

impl LimitKind {
    /// The name in messages and statistics.
    pub fn name(self) -> &'static str {
        match self {
            LimitKind::Fuel => "fuel",
            LimitKind::Time => "time",
            LimitKind::Cancelled => "cancelled",
            LimitKind::Depth => "depth",
            LimitKind::Stack => "stack",
            LimitKind::Heap => "heap",
            LimitKind::Size => "size",
            LimitKind::Output => "output",
        }
    }
}

/// Why a program stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// It raised an error that nothing caught.
    Error(ErrorKind),
    /// It reached a limit.
    Limit(LimitKind),
    /// Standard output or input failed.
    Io,
}

/// Where in a program: one line of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The function's name, shortened to [`MOST_NAME_CHARACTERS`]; shared by all places in it.
    pub function: Arc<str>,
    /// The instruction.
    pub pc: u32,
    /// The source line, if known.
    pub line: Option<u32>,
}

/// A program's early end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub kind: StopKind,
    /// Why, in words.
    pub message: String,
    /// Where: the active calls, innermost last. Empty only if the program had not started. Of very many calls there are the first
    /// [`OUTERMOST`] and the last [`INNERMOST`].
    pub trace: Vec<Place>,
    /// How many calls are missing between those.
    pub left_out: usize,
    /// The exceptions that came before it, the first one first.
    pub earlier: Vec<Earlier>,
}

/// How an exception belongs to the one that was raised after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The later one was raised because of it.
    Cause,
    /// The later one was raised while it was being handled.
    Context,
}

impl Link {
    /// What Python says between the two.
    pub fn words(self) -> &'static str {
        match self {
            Link::Cause => "The above exception was the direct cause of the following exception:",
            Link::Context => "During handling of the above exception, another exception occurred:",
        }
    }
}

/// An exception that came before the one that has ended the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its class and message.
    pub headline: String,
    /// The calls that it has ended, innermost last.
    pub trace: Vec<Place>,
    /// How it belongs to the next one.
    pub link: Link,
}

/// How many of the outermost calls a traceback has at least, if there are so many.
pub const OUTERMOST: usize = 16;
/// How many of the innermost calls a traceback has at least, if there are so many: what Python shows.
pub const INNERMOST: usize = 1000;
/// Characters of a function's name that are shown.
pub const MOST_NAME_CHARACTERS: usize = 1000;

/// A function's name as a traceback has it.
pub fn shown_name(name: &str) -> Arc<str> {
    match name.char_indices().nth(MOST_NAME_CHARACTERS) {
        Some((end, _)) => format!("{}...", &name[..end]).into(),
        None => name.into(),
    }
}

impl Stop {
    /// The place itself: the innermost call.
    pub fn place(&self) -> Option<&Place> {
        self.trace.last()
    }

    /// One line: `ZeroDivisionError: division by zero`.
    pub fn headline(&self) -> String {
        match &self.kind {
            StopKind::Error(kind) if self.message.is_empty() => kind.name().to_string(),
            StopKind::Error(kind) => format!("{}: {}", kind.name(), self.message),
            StopKind::Limit(kind) => format!("{} limit: {}", kind.name(), self.message),
            StopKind::Io => self.message.clone(),
        }
    }
}

/// How many lines of a traceback are shown at either end when there are very many.
const SHOWN_AT_EACH_END: usize = 8;

impl std::fmt::Display for Stop {
    /// The traceback, innermost call last, and the headline, as Python prints them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Earlier { headline, trace, link } in &self.earlier {
            write_calls(f, trace, 0)?;
            writeln!(f, "{headline}\n\n{}\n", link.words())?;
        }
        write_calls(f, &self.trace, self.left_out)?;
        f.write_str(&self.headline())
    }
}

/// Writes a traceback without its last line. So many calls are missing in the middle.
fn write_calls(f: &mut std::fmt::Formatter<'_>, trace: &[Place], left_out: usize) -> std::fmt::Result {
    if !trace.is_empty() {
        writeln!(f, "Traceback (most recent call last):")?;
    }
    let hidden = trace.len().saturating_sub(2 * SHOWN_AT_EACH_END);
    debug_assert!(left_out == 0 || hidden > 0);
    for (i, place) in trace.iter().enumerate() {
        if hidden > 0 && i == SHOWN_AT_EACH_END {
            writeln!(f, "  ... {} more calls ...", hidden + left_out)?;
        }
        if hidden > 0 && (SHOWN_AT_EACH_END..SHOWN_AT_EACH_END + hidden).contains(&i) {
            continue;
        }
        write!(f, "  in {}, pc {}", place.function, place.pc)?;
        if let Some(line) = place.line {
            write!(f, ", line {line}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

impl std::error::Error for Stop {}
