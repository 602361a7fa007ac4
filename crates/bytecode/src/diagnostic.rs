//! What the assembler and the verifier say about a program: messages that name a place.
//!
//! They stand before `profile -> detect -> compile -> cache -> execute -> deoptimise`: nothing that draws an
//! error here is ever run. Invariants: a [`Place::span`] lies inside the source text on character boundaries,
//! lines and columns start at 1, and 0 means unknown.

use std::fmt;
use std::ops::Range;

/// How many diagnostics one run gives at most; a last one says how many more there are.
pub const MAX_DIAGNOSTICS: usize = 50;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program is accepted, but something in it looks wrong.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// Where something is: in a source text, in a program, or both, as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The name of the source, usually a file name; may be empty.
    pub source_name: String,
    /// The line, from 1; 0 if unknown.
    pub line: u32,
    /// The column in characters, from 1; 0 if unknown.
    pub column: u32,
    /// The bytes of the source text that are meant.
    pub span: Option<Range<usize>>,
    /// The name of the function.
    pub function: Option<String>,
    /// The pc in that function.
    pub pc: Option<u32>,
}

impl fmt::Display for Place {
    /// `file:line:column`; without a line, `file: function, pc`, as far as known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.source_name.is_empty() { "<program>" } else { &self.source_name })?;
        if self.line != 0 {
            write!(f, ":{}", self.line)?;
            if self.column != 0 {
                write!(f, ":{}", self.column)?;
            }
            return Ok(());
        }
        if let Some(function) = &self.function {
            write!(f, ": function `{function}`")?;
            if let Some(pc) = self.pc {
                write!(f, ", pc {pc}")?;
            }
        }
        Ok(())
    }
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it refuses the program.
    pub severity: Severity,
    /// What is wrong, without its place; one line.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// What was expected, or what to do about it; one line.
    pub hint: Option<String>,
    /// A short name of the kind of mistake that does not change, where it has one.
    pub code: Option<&'static str>,
}

impl Diagnostic {
    /// An error without a hint.
    pub fn error(message: impl Into<String>, place: Place) -> Diagnostic {
        Diagnostic { severity: Severity::Error, message: message.into(), place, hint: None, code: None }
    }

    /// A warning without a hint.
    pub fn warning(message: impl Into<String>, place: Place) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, message: message.into(), place, hint: None, code: None }
    }

    /// The same with a code.
    pub fn with_code(mut self, code: &'static str) -> Diagnostic {
        self.code = Some(code);
        self
    }

    /// The same with a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: error: message`, and the hint on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(String::new, |code| format!("[{code}]"));
        write!(f, "{}: {}{code}: {}", self.place, self.severity, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Collects diagnostics up to [`MAX_DIAGNOSTICS`] and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    kept: Vec<Diagnostic>,
    dropped: usize,
}

impl Collector {
    /// Takes one, made only if there is room: what makes a good message may be slow.
    pub(crate) fn add(&mut self, make: impl FnOnce() -> Diagnostic) {
        if self.kept.len() < MAX_DIAGNOSTICS {
            self.kept.push(make());
        } else {
            self.dropped += 1;
        }
    }

    /// How many there were so far, dropped ones included.
    pub(crate) fn count(&self) -> usize {
        self.kept.len() + self.dropped
    }

    /// All that were kept; the last one says how many were not.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut kept = self.kept;
        if self.dropped > 0
            && let Some(last) = kept.last()
        {
            let severity = last.severity;
            let what = if self.dropped == 1 { severity.to_string() } else { format!("{severity}s") };
            let place = Place { source_name: last.place.source_name.clone(), ..Place::default() };
            kept.push(Diagnostic {
                severity,
                message: format!("and {} more {what}", self.dropped),
                place,
                hint: None,
                code: None,
            });
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_show_what_is_known() {
        let mut place = Place { source_name: "a.hasm".into(), line: 3, column: 7, ..Place::default() };
        let shown = Diagnostic::error("no", place.clone()).with_hint("yes").to_string();
        assert_eq!(shown, "a.hasm:3:7: error: no\n  hint: yes");
        place.column = 0;
        assert_eq!(Diagnostic::warning("hm", place.clone()).to_string(), "a.hasm:3: warning: hm");
        place.line = 0;
        place.function = Some("f".into());
        place.pc = Some(4);
        assert_eq!(place.to_string(), "a.hasm: function `f`, pc 4");
        assert_eq!(Place::default().to_string(), "<program>");
    }

    #[test]
    fn the_rest_is_counted() {
        let mut all = Collector::default();
        for i in 0..53 {
            all.add(|| Diagnostic::error(format!("{i}"), Place::default()));
        }
        assert_eq!(all.count(), 53);
        let all = all.finish();
        assert_eq!(all.len(), 51);
        assert_eq!(all[50].message, "and 3 more errors");
    }
}
