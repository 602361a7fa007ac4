//! The Python front end: a subset of Python 3.11 to bytecode.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: [`compile`] makes a program of a
//! source text, and nothing after it knows that it was Python. The ways of a text:
//!
//! ```text
//! text -> scan: does it nest too deeply -> the parser -> syntax: its errors -> check: what CPython refuses and the parser does not
//!      -> convert: our tree -> scope: what names mean -> lower: bytecode
//! ```
//!
//! What holds: a program that is not supported as a whole is refused as a whole, before anything of it runs, with a
//! place and a reason for each construct; a program that is accepted does what CPython 3.11 does with it, but for the
//! deviations that are listed in `docs/python/deviations`. No text, whatever it holds, makes this crate panic or
//! exhaust the stack.

#![forbid(unsafe_code)]

mod ast;
mod check;
mod convert;
mod definite;
mod depth;
mod feature;
mod inlined;
mod lower;
mod names;
mod report;
mod scan;
mod scope;
mod syntax;
mod traceback;

pub use feature::Feature;
pub use traceback::{Frame, traceback};

use ast::Span;
use bytecode::diagnostic::Place;
use bytecode::{Const, Diagnostic, Program};
use report::{Report, Source, Text};
use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use scan::{Scanned, Wrong};
use std::collections::HashMap;

/// The name of the function that a module's own code becomes, as in Python's tracebacks.
pub const MODULE: &str = "<module>";

/// The longest source that is read, in bytes.
pub const MAX_SOURCE: usize = 1 << 20;

/// How many calls may be active until the program says otherwise, as in CPython: one more is a `RecursionError`.
pub const RECURSION_LIMIT: u32 = 1000;

/// Programs that nest deeper than this are looked at on a thread with a stack of their own.
const DEEP: usize = 100;
/// The stack of that thread, in bytes; the system gives what is used of it.
const DEEP_STACK: usize = 256 << 20;

/// A program in Python as bytecode, and what must be known of it besides.
#[derive(Debug)]
pub struct Compiled {
    /// The program, not yet verified. Its entry function takes what [`Compiled::arguments`] gives.
    pub program: Program,
    wordings: HashMap<(String, u32), traceback::Wording>,
    inlined: inlined::Inlined,
    arguments: Option<u32>,
}

impl Compiled {
    /// The arguments of the entry function, from the name of the program and the words that follow it: nothing if the
    /// program does not look at `sys.argv`.
    pub fn arguments(&self, name: &str, words: &[String]) -> Vec<Const> {
        let Some(wanted) = self.arguments else { return Vec::new() };
        let all = std::iter::once(name).chain(words.iter().map(String::as_str));
        let text = |word: &str| Const::Str(word.into());
        let mut arguments = vec![Const::Int(words.len() as i64 + 1)];
        arguments.extend(all.map(text).chain(std::iter::repeat(Const::None)).take(wanted as usize));
        arguments
    }
}

/// Makes a program of a source text.
///
/// # Errors
/// Why the text is refused: errors of syntax, or else all constructs that are not supported, in the order of the text.
pub fn compile(name: &str, text: &str) -> Result<Compiled, Vec<Diagnostic>> {
    let text = Text::new(text);
    let source = Source::new(name, &text);
    let mut report = Report::new(&source);
    if check_text(source.text, &mut report).is_err() {
        return Err(report.finish());
    }
    let mut scanned = scan::scan(source.text);
    if let Some(deep) = scanned.too_deep.take() {
        let Wrong { span, class, message } = scanned.error.unwrap_or(deep);
        report.syntax_of(class, span, message);
        return Err(report.finish());
    }
    if scanned.depth <= DEEP {
        return compile_here(&source, scanned);
    }
    let work = || compile_here(&source, scanned);
    let deep = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    deep.unwrap_or_else(|| {
        let nowhere = Place { source_name: name.to_owned(), ..Place::default() };
        let message = "the system has no stack for a program that nests so deeply";
        Err(vec![Diagnostic::error(message, nowhere)])
    })
}

/// What can be said without parsing.
fn check_text(text: &str, report: &mut Report<'_>) -> Result<(), Span> {
    let at = |at: usize, length: usize| Span { start: at as u32, end: (at + length) as u32 };
    if text.len() > MAX_SOURCE {
        report.unsupported(Span::default(), Feature::TooLong);
        return Err(Span::default());
    }
    if let Some(zero) = text.find('\0') {
        report.syntax(at(zero, 1), "source code string cannot contain null bytes");
        return Err(at(zero, 1));
    }
    // An encoding is declared in one of the first two lines.
    let mut start = 0;
    for line in text.split_inclusive('\n').take(2) {
        let comment = line.trim_start_matches([' ', '\t', '\x0c']);
        if !comment.starts_with('#') && !comment.trim().is_empty() {
            break;
        }
        let declared = comment.find("coding").map(|found| &comment[found + "coding".len()..]);
        if let Some(rest) = declared.and_then(|rest| rest.strip_prefix([':', '='])) {
            let rest = rest.trim_start_matches([' ', '\t']);
            let encoding: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect();
            let normal = encoding.to_ascii_lowercase().replace('_', "-");
            if !matches!(&*normal, "" | "utf-8" | "utf8" | "utf-8-sig" | "ascii" | "us-ascii" | "u8") {
                report.unsupported(at(start, line.trim_end().len()), Feature::Encoding);
                return Err(at(start, line.len()));
            }
        }
        start += line.len();
    }
    Ok(())
}

fn compile_here(source: &Source<'_>, scanned: Scanned) -> Result<Compiled, Vec<Diagnostic>> {
    let mut report = Report::new(source);
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY311);
    // Behind what CPython's tokenizer stops at, the parser would go by rules of its own, and nest deeper than was counted.
    let stop = scanned.error.as_ref().map(|error| source.line_start(error.span.start));
    let parsed = parse_unchecked(&source.text[..stop.unwrap_or(source.text.len())], options);
    syntax::report(&parsed, scanned, &mut report);
    let Some(module) = parsed.try_into_module().filter(|_| !report.has_syntax_errors()) else {
        if report.is_empty() {
            report.syntax(Span::default(), "invalid syntax");
        }
        return Err(report.finish());
    };
    let body = module.into_suite();
    check::check(&body, &mut report);
    if report.has_syntax_errors() {
        return Err(report.finish());
    }
    let body = convert::convert(&body, &mut report);
    let scopes = scope::resolve(&body, &mut report);
    let unbound = definite::unbound(&body, &scopes);
    let compiled = lower::lower(&body, &scopes, &unbound, source, &mut report);
    if report.is_empty() { Ok(compiled) } else { Err(report.finish()) }
}
