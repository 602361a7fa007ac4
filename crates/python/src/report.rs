//! What is wrong with a program: errors of syntax, and constructs that are not supported, each with its place.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants: a program about which
//! anything was reported does not run; where its syntax is wrong, that alone is told, as in Python.

use crate::ast::Span;
use crate::feature::Feature;
use bytecode::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Place};
use std::borrow::Cow;

/// A text as Python reads it: without a mark of its byte order, and with line feeds where lines end.
pub struct Text<'a> {
    pub text: Cow<'a, str>,
    /// How many bytes were left out in front.
    skipped: usize,
    /// Before which bytes a carriage return was left out.
    removed: Vec<usize>,
}

impl<'a> Text<'a> {
    pub fn new(given: &'a str) -> Text<'a> {
        let text = given.strip_prefix('\u{feff}').unwrap_or(given);
        let skipped = given.len() - text.len();
        if !text.contains('\r') {
            return Text { text: text.into(), skipped, removed: Vec::new() };
        }
        let (mut out, mut removed) = (String::with_capacity(text.len()), Vec::new());
        let mut lines = text.split('\r');
        out.push_str(lines.next().unwrap_or(""));
        for line in lines {
            match line.strip_prefix('\n') {
                Some(_) => removed.push(out.len()),
                None => out.push('\n'),
            }
            out.push_str(line);
        }
        Text { text: out.into(), skipped, removed }
    }

    /// Where a byte is in the text that was given.
    fn given(&self, at: usize) -> usize {
        self.skipped + at + self.removed.partition_point(|&before| before <= at)
    }
}

/// The source, and where its lines start.
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
    given: &'a Text<'a>,
    starts: Vec<u32>,
}

impl<'a> Source<'a> {
    pub fn new(name: &'a str, given: &'a Text<'a>) -> Source<'a> {
        let text = &*given.text;
        let starts = text.bytes().zip(1..).filter(|&(byte, _)| byte == b'\n').map(|(_, next)| next);
        Source { name, text, given, starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: u32) -> u32 {
        self.starts.partition_point(|&start| start <= at) as u32
    }

    /// The text of a line, with what ends it; nothing if there is no such line.
    pub fn line_text(&self, line: u32) -> &'a str {
        let start = |line: u32| self.starts.get(line as usize).map(|&at| at as usize);
        let Some(from) = line.checked_sub(1).and_then(start) else { return "" };
        self.text.get(from..start(line).unwrap_or(self.text.len())).unwrap_or("")
    }

    /// The first byte of the line of a byte.
    pub fn line_start(&self, at: u32) -> usize {
        self.starts.get(self.line(at) as usize - 1).map_or(0, |&start| start as usize)
    }

    /// The text of a span; nothing if it is not one of this source.
    pub fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// A span as a place for people.
    pub fn place(&self, span: Span) -> Place {
        let line = self.line(span.start);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        let before = self.slice(Span { start, end: span.start });
        Place {
            source_name: self.name.to_owned(),
            line,
            column: before.chars().count() as u32 + 1,
            span: Some(
                self.given.given(span.start as usize)..self.given.given(span.end.max(span.start) as usize),
            ),
            ..Place::default()
        }
    }
}

/// The class of an error of syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxClass {
    Syntax,
    Indentation,
    Tab,
    Recursion,
}

impl SyntaxClass {
    pub fn name(self) -> &'static str {
        match self {
            SyntaxClass::Syntax => "SyntaxError",
            SyntaxClass::Indentation => "IndentationError",
            SyntaxClass::Tab => "TabError",
            SyntaxClass::Recursion => "RecursionError",
        }
    }
}

/// Collects what is wrong.
pub struct Report<'a> {
    pub source: &'a Source<'a>,
    syntax: Vec<(Span, SyntaxClass, String)>,
    unsupported: Vec<(Span, Feature, Option<String>)>,
}

impl<'a> Report<'a> {
    pub fn new(source: &'a Source<'a>) -> Report<'a> {
        Report { source, syntax: Vec::new(), unsupported: Vec::new() }
    }

    /// An error of syntax, in CPython's words where it has them.
    pub fn syntax(&mut self, span: Span, message: impl Into<String>) {
        self.syntax_of(SyntaxClass::Syntax, span, message);
    }

    /// The same of another class.
    pub fn syntax_of(&mut self, class: SyntaxClass, span: Span, message: impl Into<String>) {
        self.syntax.push((span, class, message.into()));
    }

    /// A construct that is not supported.
    pub fn unsupported(&mut self, span: Span, feature: Feature) {
        self.unsupported.push((span, feature, None));
    }

    /// The same, with the name of what is meant.
    pub fn unsupported_name(&mut self, span: Span, feature: Feature, name: &str) {
        self.unsupported.push((span, feature, Some(name.to_owned())));
    }

    /// Whether the syntax is wrong.
    pub fn has_syntax_errors(&self) -> bool {
        !self.syntax.is_empty()
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.syntax.is_empty() && self.unsupported.is_empty()
    }

    /// The first error of syntax; if there is none, all that is not supported in the order of the source: at most
    /// [`MAX_DIAGNOSTICS`], and a last one that counts the rest.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let source = self.source;
        let mut all: Vec<Diagnostic>;
        if self.syntax.is_empty() {
            // One construct may be met twice, by what encloses it and by itself.
            self.unsupported.sort_by_key(|(span, feature, _)| (span.start, span.end, feature.code()));
            self.unsupported.dedup_by_key(|(span, feature, _)| (span.start, feature.code()));
            let make = |(span, feature, name): (Span, Feature, Option<String>)| {
                let what = match name {
                    Some(name) => format!("`{name}`: {}", feature.name()),
                    None => feature.name().to_owned(),
                };
                Diagnostic::error(format!("not supported: {what}"), source.place(span))
                    .with_hint(feature.hint())
                    .with_code(feature.code())
            };
            let count = self.unsupported.len();
            all = self.unsupported.into_iter().take(MAX_DIAGNOSTICS).map(make).collect();
            count_rest(source, &mut all, count);
        } else {
            // CPython stops at the first.
            self.syntax.sort_by_key(|(span, ..)| span.start);
            self.syntax.truncate(1);
            let make = |(span, class, message): (Span, SyntaxClass, String)| {
                Diagnostic::error(format!("{}: {message}", class.name()), source.place(span))
                    .with_code(class.name())
            };
            all = self.syntax.into_iter().map(make).collect();
        }
        all
    }
}

fn count_rest(source: &Source<'_>, all: &mut Vec<Diagnostic>, count: usize) {
    if count > MAX_DIAGNOSTICS {
        let rest = count - MAX_DIAGNOSTICS;
        let what = if rest == 1 { "error" } else { "errors" };
        let place = Place { source_name: source.name.to_owned(), ..Place::default() };
        all.push(Diagnostic::error(format!("and {rest} more {what}"), place));
    }
}
