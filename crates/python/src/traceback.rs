//! Why a program ended, in Python's form.
//!
//! It stands after `profile -> detect -> compile -> cache -> execute -> deoptimise`, and needs nothing of it but places.

use crate::Compiled;
use crate::report::{Source, Text};
use std::fmt::Write;

/// One of the calls that were active.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The instruction.
    pub pc: u32,
    /// The source line, if known.
    pub line: Option<u32>,
}

/// How many equal lines are shown before the others are counted.
const SHOWN_EQUAL: usize = 3;

/// How many calls are shown at most, the innermost ones.
const SHOWN: usize = 1000;

/// The traceback as Python prints it, without the last line feed. `error` is its last line: class and message.
pub fn traceback(compiled: &Compiled, file: &str, text: &str, frames: &[Frame<'_>], error: &str) -> String {
    let mut out = String::from("Traceback (most recent call last):\n");
    let text = Text::new(text);
    let source = Source::new(file, &text);
    let mut equal = 0;
    let mut before: Option<(&str, u32)> = None;
    let last = &frames[frames.len().saturating_sub(SHOWN)..];
    let calls = last.iter().flat_map(|f| compiled.inlined.calls(f.function, f.pc, f.line.unwrap_or(0)));
    let calls: Vec<(&str, u32)> = calls.collect();
    for &(function, line) in &calls[calls.len().saturating_sub(SHOWN)..] {
        let place = (function, line);
        equal = if before == Some(place) { equal + 1 } else { close(&mut out, equal) };
        before = Some(place);
        if equal >= SHOWN_EQUAL {
            continue;
        }
        // Writing to a string cannot fail.
        _ = writeln!(out, "  File \"{file}\", line {line}, in {function}");
        let shown = start(source.line_text(line).trim());
        if !shown.is_empty() {
            _ = writeln!(out, "    {shown}");
        }
    }
    close(&mut out, equal);
    out.push_str(&compiled.error(frames.last(), error));
    out
}

/// The first characters of a source line: there may be as many calls as lines are long.
fn start(line: &str) -> &str {
    const SHOWN: usize = 1000;
    line.char_indices().nth(SHOWN).map_or(line, |(end, _)| &line[..end])
}

/// Counts the equal lines that were not shown.
fn close(out: &mut String, equal: usize) -> usize {
    if equal >= SHOWN_EQUAL {
        let times = equal + 1 - SHOWN_EQUAL;
        let plural = if times == 1 { "" } else { "s" };
        _ = writeln!(out, "  [Previous line repeated {times} more time{plural}]");
    }
    0
}

/// Other words for an error.
#[derive(Debug)]
pub enum Wording {
    /// The operator is one that assigns.
    Augmented,
    /// The value with a star is the only argument of this function.
    StarArgument(String),
}

impl Compiled {
    /// An error in Python's words, which depend on what the program has written where it failed.
    pub fn error(&self, frame: Option<&Frame<'_>>, error: &str) -> String {
        const OPERATOR: &str = "TypeError: unsupported operand type(s) for ";
        const STAR: &str = "TypeError: Value after * must be";
        let wording = frame.and_then(|frame| self.wordings.get(&(frame.function.to_owned(), frame.pc)));
        match wording {
            Some(Wording::Augmented) => {
                if let Some((operator, operands)) =
                    error.strip_prefix(OPERATOR).and_then(|rest| rest.split_once(": "))
                {
                    let operator = operator.strip_suffix(" or pow()").unwrap_or(operator);
                    return format!("{OPERATOR}{operator}=: {operands}");
                }
            }
            Some(Wording::StarArgument(function)) => {
                if let Some(rest) = error.strip_prefix(STAR) {
                    return format!("TypeError: {function}() argument after * must be{rest}");
                }
            }
            None => {}
        }
        error.to_owned()
    }
}
