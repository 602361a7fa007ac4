//! The assembler: programs as text (`.hasm`).
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: it makes the programs that
//! [`mod@crate::verify`] reads. What it makes is in canonical form (see [`crate::build::canonical`]); whether it
//! is *right* is the verifier's question. Invariants: no source makes it panic, its memory is linear in the
//! source, and every error names the exact bytes it means.
//!
//! # The text
//!
//! ```text
//! global total                  ; globals of the program, in order of their slots
//!
//! func main(n)                  ; a function and its parameters
//!     local acc                 ; more locals (optional: storing to a new name declares it)
//!     PUSH 0                    # mnemonics in any case; comments start with ; or #
//!     store_local acc
//! loop:                         ; a label, on its own line or before an instruction
//!     load_local n              ; a local by name, or by slot number
//!     jump_if_zero done         ; a target by label, or by pc
//!     load_local acc
//!     load_local n
//!     call add_up               ; a function by name, or by index
//!     store_local acc
//!     load_local n
//!     push 1                    ; 1, 0xff, 1_000, 1.5, 1e9, inf, nan, "text\n", true, false, none
//!     sub
//!     store_local n
//!     jump loop
//! done:
//!     load_local acc
//!     ret
//! end                           ; optional
//!
//! func add_up(a, b)
//!     load_local a
//!     load_local b
//!     add
//!     ret
//! ```
//!
//! - One instruction or declaration a line. `global`, `func`, `end` and `entry` may stand anywhere after one another.
//! - Names are a letter or `_` and then letters, digits, `_` and `.`; any other name stands in double quotes.
//! - `entry NAME` says which function runs first; without it, `main` does, or else the first one. `entry NAME open` says
//!   too that it takes up to as many arguments as it has locals ([`Program::open_entry`]).
//! - **Locals.** Parameters come first, then those declared with `local`, then those inferred from the names that are
//!   stored to, in order of first use. Loading a name that is neither declared nor ever stored to is an error.
//! - **A file without `func`** is the body of an open entry function named `main`, without parameters. There, slot
//!   numbers declare locals too, and so does loading a name: declared ones come first, then slots up to the
//!   largest number used (those without a name are called `l0`, `l1`, ... by slot), then names in order of first use. A named
//!   local thus never shares a slot with a number by accident.
//! - **The end.** A jump to just past the last instruction ends the program: then, and where a file without `func` runs
//!   off its end, a `halt` is appended.

mod literal;
mod resolve;
mod suggest;
mod token;

pub use literal::MAX_DECIMAL_DIGITS;
pub(crate) use literal::name_text;

use crate::build::{FunctionBuilder, ProgramBuilder};
use crate::builtin::{Builtin1, Builtin2};
use crate::diagnostic::{Collector, Diagnostic, MAX_DIAGNOSTICS, Place};
use crate::ops::{Op, Operand};
use crate::program::{Const, FuncId, Program};
use crate::routine::Routine;
use crate::verify::{MAX_FUNCTIONS, MAX_GLOBALS, MAX_LOCALS};
use literal::{is_identifier, shown};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use token::{Kind, Token};

/// The longest source text, in bytes.
pub const MAX_SOURCE: usize = 16 << 20;

const DIRECTIVES: [&str; 5] = ["func", "local", "global", "entry", "end"];

/// Assembles a program from text; see the [module](self) for the language. `source_name` is for messages.
///
/// # Errors
/// What is wrong with the text: at least one error, at most [`MAX_DIAGNOSTICS`] in order of the text and a last one that
/// counts the rest. Each has line, column and span.
pub fn assemble(source_name: &str, source: &str) -> Result<Program, Vec<Diagnostic>> {
    if source.len() > MAX_SOURCE {
        let place = Place { source_name: source_name.to_owned(), ..Place::default() };
        let message = format!("the source has {} bytes; {MAX_SOURCE} are allowed", source.len());
        return Err(vec![Diagnostic::error(message, place)]);
    }
    let mut assembler = Assembler::new(source_name, source);
    assembler.read_lines();
    assembler.finish()
}

/// An instruction whose argument is known only at the end of its function or of the file.
#[derive(Clone, Copy)]
struct Fixup {
    pc: u32,
    /// The operand's bytes in the source.
    start: usize,
    end: usize,
}

/// The function being read.
struct Body {
    builder: FunctionBuilder,
    /// The function it defines; none if that name is already taken.
    id: Option<FuncId>,
    /// Whether it is the body of a file without `func`.
    implicit: bool,
    /// Whether its header could not be read, so that nobody knows its locals.
    is_broken: bool,
    locals: HashMap<String, u32>,
    /// Where each label points, and where it was written.
    labels: BTreeMap<String, (u32, usize)>,
    /// Operands that are locals or targets.
    fixups: Vec<Fixup>,
}

impl Body {
    fn new(name: &str, id: Option<FuncId>, implicit: bool) -> Body {
        Body {
            builder: FunctionBuilder::new(name, &[]),
            id,
            implicit,
            is_broken: false,
            locals: HashMap::new(),
            labels: BTreeMap::new(),
            fixups: Vec::new(),
        }
    }
}

struct Assembler<'a> {
    source_name: &'a str,
    source: &'a str,
    errors: Collector,
    program: ProgramBuilder,
    body: Option<Body>,
    /// Operands that are globals or functions, by the function they are in.
    shared: Vec<(FuncId, Op, Fixup)>,
    /// The operand of `entry`, and whether the entry is open.
    entry: Option<(Range<usize>, bool)>,
    /// Where each function's name was written.
    defined_at: Vec<usize>,
    /// Whether the file has no `func`.
    is_bare: bool,
    /// Whether the code that stands outside any function here has drawn its error.
    told_outside: bool,
    line: u32,
}

impl<'a> Assembler<'a> {
    fn new(source_name: &'a str, source: &'a str) -> Assembler<'a> {
        let is_bare = !source.lines().any(|line| {
            let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let rest = line.get(4..).unwrap_or("");
            line.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("func"))
                && !rest.starts_with(|c: char| c == ':' || c == '_' || c == '.' || c.is_alphanumeric())
        });
        let mut program = ProgramBuilder::new(source_name);
        let mut defined_at = Vec::new();
        let body = is_bare.then(|| {
            program.set_open_entry(true);
            defined_at.push(0);
            Body::new("main", Some(program.declare("main")), true)
        });
        Assembler {
            source_name,
            source,
            errors: Collector::default(),
            program,
            body,
            shared: Vec::new(),
            entry: None,
            defined_at,
            is_bare,
            told_outside: false,
            line: 0,
        }
    }

    fn text(&self, span: &Range<usize>) -> &'a str {
        self.source.get(span.clone()).unwrap_or("")
    }

    fn line_of(&self, offset: usize) -> usize {
        1 + self.source.as_bytes()[..offset].iter().filter(|&&b| b == b'\n').count()
    }

    fn error(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let (source, source_name) = (self.source, self.source_name);
        if self.errors.count() >= MAX_DIAGNOSTICS {
            self.errors.add(|| Diagnostic::error("", Place::default()));
            return;
        }
        let line = self.line_of(span.start) as u32;
        let before = &source[..span.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let before = before[line_start..].trim_start_matches('\u{feff}');
        let place = Place {
            source_name: source_name.to_owned(),
            line,
            column: before.chars().count() as u32 + 1,
            span: Some(span),
            function: self.body.as_ref().map(|b| b.builder.name().to_owned()),
            pc: None,
        };
        let error = Diagnostic::error(message, place);
        self.errors.add(|| Diagnostic { hint, ..error });
    }

    /// Where a name was defined first, if the answer will be read: finding the line takes time.
    fn first_defined(&self, offset: usize) -> Option<String> {
        let is_read = self.errors.count() < MAX_DIAGNOSTICS;
        is_read.then(|| format!("it is first defined on line {}", self.line_of(offset)))
    }

    /// "did you mean", if something is like the name and the answer will be read.
    fn did_you_mean<'b>(&self, name: &str, names: impl IntoIterator<Item = &'b str>) -> Option<String> {
        let is_read = self.errors.count() < MAX_DIAGNOSTICS;
        let closest = is_read.then(|| suggest::closest(name, names)).flatten()?;
        Some(format!("did you mean `{}`?", name_text(closest)))
    }

    fn read_lines(&mut self) {
        let mut tokens = Vec::new();
        let mut base = 0;
        for line in self.source.split_inclusive('\n') {
            self.line += 1;
            let skipped = if base == 0 && line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
            tokens.clear();
            token::tokenize(&line[skipped..], base + skipped, &mut tokens);
            self.read_line(&tokens);
            base += line.len();
        }
        self.end_function();
    }

    fn read_line(&mut self, mut tokens: &[Token]) {
        let mut labelled = None;
        while let [name, colon, rest @ ..] = tokens
            && colon.kind == Kind::Colon
        {
            self.read_label(name);
            labelled = Some(name.span());
            tokens = rest;
        }
        let Some((first, rest)) = tokens.split_first() else { return };
        let word = self.text(&first.span());
        if first.kind != Kind::Word {
            let message = format!("expected an instruction, found `{}`", shown(word));
            return self.error(first.span(), message, None);
        }
        if let Some(directive) = DIRECTIVES.iter().find(|d| d.eq_ignore_ascii_case(word)) {
            if let Some(label) = labelled {
                let message = format!("a label can't stand before `{directive}`");
                return self.error(label, message, None);
            }
            return match *directive {
                "func" => self.read_func(first.span(), rest),
                "local" => self.read_names(first.span(), rest, Self::declare_local),
                "global" => self.read_names(first.span(), rest, Self::declare_global),
                "entry" => self.read_entry(first.span(), rest),
                _ => self.read_end(first.span(), rest),
            };
        }
        self.read_instruction(first.span(), word, rest);
    }

    fn read_label(&mut self, token: &Token) {
        let (span, text) = (token.span(), self.text(&token.span()));
        if token.kind != Kind::Word || !is_identifier(text) {
            let message = format!("`{}` can't be a label", shown(text));
            let hint = if text.starts_with(|c: char| c.is_ascii_digit()) {
                "labels are names; the pc of an instruction is not written down"
            } else {
                "labels are a letter or `_`, then letters, digits, `_` and `.`"
            };
            return self.error(span, message, Some(hint.to_owned()));
        }
        let Some(body) = &mut self.body else { return self.stands_outside(span, "this label") };
        let here = body.builder.here();
        match body.labels.get(text) {
            Some(&(_, first)) => {
                let hint = self.first_defined(first);
                self.error(span, format!("label `{}` is already defined", shown(text)), hint);
            }
            None => {
                body.labels.insert(text.to_owned(), (here, span.start));
            }
        }
    }

    fn stands_outside(&mut self, span: Range<usize>, what: &str) {
        if std::mem::replace(&mut self.told_outside, true) {
            return;
        }
        let hint = "write `func main()` before it, or put it into the function it belongs to";
        self.error(span, format!("{what} stands outside any function"), Some(hint.to_owned()));
    }

    /// A name that is declared: plain or quoted.
    fn read_name(&mut self, token: &Token) -> Option<String> {
        let (span, text) = (token.span(), self.text(&token.span()));
        match token.kind {
            Kind::Str => self.read_string(span, text),
            Kind::Word if is_identifier(text) => Some(text.to_owned()),
            Kind::OpenStr => {
                self.unterminated(span);
                None
            }
            Kind::Word => {
                let hint = "names are a letter or `_`, then letters, digits, `_` and `.`; others stand in double quotes";
                self.error(span, format!("`{}` is not a name", shown(text)), Some(hint.to_owned()));
                None
            }
            _ => {
                self.error(span, format!("expected a name, found `{text}`"), None);
                None
            }
        }
    }

    fn read_string(&mut self, span: Range<usize>, text: &str) -> Option<String> {
        match literal::unquote(text) {
            Ok(string) => Some(string),
            Err(bad) => {
                self.error(span.start + bad.range.start..span.start + bad.range.end, bad.message, bad.hint);
                None
            }
        }
    }

    fn unterminated(&mut self, span: Range<usize>) {
        let hint = "a string ends with `\"` on the line where it starts; write a line feed as `\\n`";
        self.error(span, "this string is not closed", Some(hint.to_owned()));
    }

    fn superfluous(&mut self, rest: &[Token], message: String) {
        if let [first, .., last] | [first @ last] = rest {
            self.error(first.span().start..last.span().end, message, None);
        }
    }

    /// The names of `local a, b` or `global a, b`.
    fn read_names(
        &mut self,
        span: Range<usize>,
        rest: &[Token],
        declare: fn(&mut Self, Range<usize>, String),
    ) {
        if rest.is_empty() {
            let word = self.text(&span).to_ascii_lowercase();
            let end = span.end;
            return self.error(
                end..end,
                format!("`{word}` needs a name"),
                Some(format!("write `{word} x, y`")),
            );
        }
        for (i, token) in rest.iter().enumerate() {
            let is_last = i + 1 == rest.len();
            if i % 2 == 1 {
                if token.kind != Kind::Comma {
                    let text = shown(self.text(&token.span()));
                    return self.error(
                        token.span(),
                        format!("expected `,` between names, found `{text}`"),
                        None,
                    );
                }
                if is_last {
                    return self.error(token.span(), "expected a name after `,`", None);
                }
            } else if let Some(name) = self.read_name(token) {
                declare(self, token.span(), name);
            }
        }
    }

    fn declare_local(&mut self, span: Range<usize>, name: String) {
        let Some(body) = &mut self.body else { return self.stands_outside(span, "this local") };
        if body.locals.contains_key(&name) {
            return self.error(span, format!("local `{}` is already declared", shown(&name)), None);
        }
        if body.locals.len() >= MAX_LOCALS {
            return self.error(span, format!("a function has at most {MAX_LOCALS} locals"), None);
        }
        let slot = body.builder.local(&name);
        body.locals.insert(name, slot);
    }

    fn declare_global(&mut self, span: Range<usize>, name: String) {
        if self.program.find_global(&name).is_some() {
            return self.error(span, format!("global `{}` is already declared", shown(&name)), None);
        }
        if self.program.globals().len() >= MAX_GLOBALS {
            return self.error(span, format!("a program has at most {MAX_GLOBALS} globals"), None);
        }
        self.program.global(&name);
    }

    fn read_func(&mut self, span: Range<usize>, rest: &[Token]) {
        self.end_function();
        self.told_outside = false;
        let end = span.end;
        let shape = || Some("write `func name(a, b)`".to_owned());
        // A header that can't be read still opens a function, so that its body draws no errors of its own.
        self.body = Some(Body { is_broken: true, ..Body::new("", None, false) });
        let Some((name_token, rest)) = rest.split_first() else {
            return self.error(end..end, "`func` needs a name", shape());
        };
        let Some(name) = self.read_name(name_token) else { return };
        let name_span = name_token.span();
        let id = match self.program.find_function(&name) {
            Some(first) => {
                let first = self.defined_at.get(first.0 as usize).copied().unwrap_or(0);
                let hint = self.first_defined(first);
                let message = format!("function `{}` is already defined", shown(&name));
                self.error(name_span.clone(), message, hint);
                None
            }
            None if self.defined_at.len() >= MAX_FUNCTIONS => {
                self.error(
                    name_span.clone(),
                    format!("a program has at most {MAX_FUNCTIONS} functions"),
                    None,
                );
                None
            }
            None => {
                self.defined_at.push(name_span.start);
                Some(self.program.declare(&name))
            }
        };
        self.body = Some(Body { is_broken: true, ..Body::new(&name, id, false) });
        let Some((open, rest)) = rest.split_first() else {
            return self.error(
                name_span.end..name_span.end,
                "expected `(` after the function's name",
                shape(),
            );
        };
        if open.kind != Kind::Open {
            let text = shown(self.text(&open.span()));
            let message = format!("expected `(` after the function's name, found `{text}`");
            return self.error(open.span(), message, shape());
        }
        let Some(close) = rest.iter().position(|t| t.kind == Kind::Close) else {
            let end = rest.last().unwrap_or(open).span().end;
            return self.error(end..end, "expected `)` after the parameters", shape());
        };
        let (params, after) = (&rest[..close], &rest[close + 1..]);
        if let Some(body) = &mut self.body {
            body.is_broken = false;
        }
        if !params.is_empty() {
            self.read_names(span, params, Self::declare_param);
        }
        self.superfluous(after, "nothing can follow `)` here".to_owned());
    }

    fn declare_param(&mut self, span: Range<usize>, name: String) {
        let Some(body) = &mut self.body else { return };
        if body.locals.contains_key(&name) {
            return self.error(span, format!("there are two parameters named `{}`", shown(&name)), None);
        }
        if body.locals.len() >= MAX_LOCALS {
            return self.error(span, format!("a function has at most {MAX_LOCALS} locals"), None);
        }
        let slot = body.builder.param(&name);
        body.locals.insert(name, slot);
    }

    fn read_entry(&mut self, span: Range<usize>, rest: &[Token]) {
        let Some((name, rest)) = rest.split_first() else {
            let hint = "write `entry main`".to_owned();
            return self.error(span.end..span.end, "`entry` needs the name of a function", Some(hint));
        };
        let (open, rest) = match rest.split_first() {
            Some((word, rest)) if self.text(&word.span()).eq_ignore_ascii_case("open") => (true, rest),
            _ => (false, rest),
        };
        if !rest.is_empty() {
            return self.superfluous(rest, "only `open` can follow the name of the entry".to_owned());
        }
        if self.entry.is_some() {
            return self.error(span, "the entry is already named", None);
        }
        if matches!(name.kind, Kind::Word | Kind::Str) {
            self.entry = Some((name.span(), open));
        } else {
            self.read_name(name);
        }
    }

    fn read_end(&mut self, span: Range<usize>, rest: &[Token]) {
        if self.is_bare || self.body.is_none() {
            return self.error(span, "`end` without `func`", None);
        }
        self.end_function();
        self.superfluous(rest, "nothing can follow `end`".to_owned());
    }

    fn read_instruction(&mut self, span: Range<usize>, word: &str, rest: &[Token]) {
        let line = self.line;
        let op = Op::from_mnemonic(word);
        let Some(body) = &mut self.body else { return self.stands_outside(span, "this instruction") };
        body.builder.set_line(line);
        // Wrong lines leave an instruction too, so that the pcs of the others are right.
        let pc = body.builder.op(op.unwrap_or(Op::Nop));
        let Some(op) = op else {
            let names = Op::ALL.iter().map(|op| op.info().mnemonic).chain(DIRECTIVES);
            let hint = self.did_you_mean(word, names);
            return self.error(span, format!("unknown instruction `{}`", shown(word)), hint);
        };
        let expected = expected(op.info().operand);
        match rest {
            [] if op.info().operand == Operand::None => {}
            [] => self.error(
                span.end..span.end,
                format!("`{op}` needs an operand"),
                Some(format!("expected {expected}")),
            ),
            rest if op.info().operand == Operand::None => {
                self.superfluous(rest, format!("`{op}` takes no operand"));
            }
            [operand] => self.read_operand(op, pc, operand),
            [_, rest @ ..] => self.superfluous(rest, format!("`{op}` takes one operand")),
        }
    }

    fn read_operand(&mut self, op: Op, pc: u32, token: &Token) {
        let (span, text) = (token.span(), self.text(&token.span()));
        let expected = expected(op.info().operand);
        let is_const = matches!(op.info().operand, Operand::Const | Operand::Form);
        match token.kind {
            Kind::Word | Kind::Str => {}
            Kind::OpenStr => return self.unterminated(span),
            _ => return self.error(span, format!("expected {expected}, found `{text}`"), None),
        }
        if is_const {
            let constant = if token.kind == Kind::Str {
                self.read_string(span, text).map(|s| Const::Str(s.into()))
            } else {
                match literal::parse_word(text) {
                    Ok(constant) => Some(constant),
                    Err(bad) => {
                        let range = span.start + bad.range.start..span.start + bad.range.end;
                        self.error(range, bad.message, bad.hint);
                        None
                    }
                }
            };
            if let (Some(constant), Some(body)) = (constant, &mut self.body) {
                // A function that will be dropped must not leave constants behind.
                let index = if body.id.is_some() { self.program.constant(constant) } else { 0 };
                body.builder.patch(pc, index);
            }
            return;
        }
        if token.kind == Kind::Str && self.read_string(span.clone(), text).is_none() {
            return;
        }
        match op.info().operand {
            Operand::Builtin1 | Operand::Builtin2 | Operand::Routine => {
                return self.read_builtin(op, pc, span, text);
            }
            Operand::Count | Operand::Pairs | Operand::Number => {
                match (text.parse(), &mut self.body) {
                    (Ok(number), Some(body)) => body.builder.patch(pc, number),
                    (Ok(_), None) => {}
                    (Err(_), _) => {
                        self.error(span, format!("expected {expected}, found `{}`", shown(text)), None)
                    }
                }
                return;
            }
            _ => {}
        }
        let fixup = Fixup { pc, start: span.start, end: span.end };
        let Some(body) = &mut self.body else { return };
        match op.info().operand {
            Operand::Local | Operand::Target => body.fixups.push(fixup),
            _ => {
                if let Some(id) = body.id {
                    self.shared.push((id, op, fixup));
                }
            }
        }
    }
}

impl Assembler<'_> {
    /// The operand of `builtin1`, `builtin2` and `routine`.
    fn read_builtin(&mut self, op: Op, pc: u32, span: Range<usize>, name: &str) {
        let (number, names): (_, Vec<&str>) = match op.info().operand {
            Operand::Builtin1 => (
                Builtin1::from_name(name).map(Builtin1::number),
                Builtin1::ALL.iter().map(|b| b.name()).collect(),
            ),
            Operand::Builtin2 => (
                Builtin2::from_name(name).map(Builtin2::number),
                Builtin2::ALL.iter().map(|b| b.name()).collect(),
            ),
            _ => {
                let named = Routine::ALL.iter().filter(|r| r.inputs().is_some());
                (Routine::from_name(name).map(Routine::number), named.map(|r| r.name()).collect())
            }
        };
        match (number, &mut self.body) {
            (Some(number), Some(body)) => body.builder.patch(pc, number),
            (Some(_), None) => {}
            (None, _) => {
                let message = format!("`{}` is not {}", shown(name), expected(op.info().operand));
                let hint = self.did_you_mean(name, names);
                self.error(span, message, hint);
            }
        }
    }
}

/// What an operand can be, for messages.
fn expected(operand: Operand) -> &'static str {
    match operand {
        Operand::None => "nothing",
        Operand::Const => "a number, a \"string\", true, false or none",
        Operand::Local => "the name or slot number of a local",
        Operand::Global => "the name or slot number of a global",
        Operand::Func => "the name or index of a function",
        Operand::Target => "a label or a pc",
        Operand::Builtin1 => "the name of a builtin function of one value",
        Operand::Builtin2 => "the name of a builtin function of two values",
        Operand::Count | Operand::Pairs | Operand::Number => "a number",
        Operand::Form => {
            "a method's name, the number of arguments and the keywords of the last ones: \"append 1\""
        }
        Operand::Routine => "the name of a routine",
    }
}
