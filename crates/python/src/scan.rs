//! A look at the text before it is parsed: how deeply it nests, and what CPython's tokenizer would say of it.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. The parser, this front end and
//! the trees between them recurse as deeply as the program nests, however long it is; so programs that nest deeper than
//! CPython allows are refused here, by counting tokens ([`crate::depth`]). The counts are estimates from above: a
//! program that passes nests no deeper than they say.
//!
//! CPython tokenizes with rules of its own, and what its tokenizer says comes before what the parser says; so those
//! rules are here, and the words are CPython 3.11's.

use crate::ast::Span;
use crate::depth::{Depth, Token};
use crate::report::SyntaxClass;

/// How deeply parentheses, brackets and braces may nest, as in CPython.
pub const MAX_BRACKETS: usize = 200;
/// How deeply blocks may nest, as in CPython.
pub const MAX_INDENTS: usize = 100;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub span: Span,
    pub class: SyntaxClass,
    pub message: String,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Scanned {
    /// How deep the program nests.
    pub depth: usize,
    /// It nests too deeply to be parsed.
    pub too_deep: Option<Wrong>,
    /// What CPython's tokenizer would stop at.
    pub error: Option<Wrong>,
    /// The innermost bracket that is open at the end.
    pub open: Option<(Span, char)>,
}

/// Looks through a text.
pub fn scan(text: &str) -> Scanned {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        brackets: Vec::new(),
        indents: vec![(0, 0)],
        depth: Depth::default(),
        scanned: Scanned::default(),
    };
    scanner.run();
    let mut scanned = scanner.scanned;
    scanned.depth = scanner.depth.deepest();
    scanned.open = scanner.brackets.last().map(|open| (open.span, open.bracket as char));
    scanned
}

struct Open {
    bracket: u8,
    span: Span,
    line: usize,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The line, from 1.
    line: usize,
    brackets: Vec<Open>,
    /// The blocks around: columns where tabs count to the next multiple of 8, and where they count as one.
    indents: Vec<(usize, usize)>,
    depth: Depth,
    scanned: Scanned,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut at_line_start = true;
        while let Some(byte) = self.peek(0) {
            if self.scanned.too_deep.is_some() {
                return;
            }
            if std::mem::take(&mut at_line_start) {
                self.indentation();
                continue;
            }
            match byte {
                b'#' => self.skip_line(),
                b'\n' => {
                    self.new_line();
                    if self.brackets.is_empty() {
                        self.depth.token(Token::NewLine);
                        at_line_start = true;
                    }
                }
                b'\\' => self.continuation(),
                b'"' | b'\'' => self.string(self.at),
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number(),
                byte if is_word(byte) => self.word(),
                _ => self.operator(byte),
            }
            if self.depth.is_too_deep() && self.scanned.too_deep.is_none() {
                let message = "maximum recursion depth exceeded during compilation".to_owned();
                let span = self.here(1);
                self.scanned.too_deep = Some(Wrong { span, class: SyntaxClass::Recursion, message });
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn new_line(&mut self) {
        self.at += 1;
        self.line += 1;
    }

    fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at.max(start) as u32 }
    }

    /// So many bytes before this place.
    fn here(&self, length: usize) -> Span {
        self.span(self.at.saturating_sub(length))
    }

    /// The first error counts: CPython stops there.
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.error_of(SyntaxClass::Syntax, span, message);
    }

    fn error_of(&mut self, class: SyntaxClass, span: Span, message: impl Into<String>) {
        self.scanned.error.get_or_insert_with(|| Wrong { span, class, message: message.into() });
    }

    fn indentation(&mut self) {
        let start = self.at;
        let (mut column, mut other) = (0, 0);
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' => (column, other) = (column + 1, other + 1),
                b'\t' => (column, other) = ((column / 8 + 1) * 8, other + 1),
                b'\x0c' => (column, other) = (0, 0),
                _ => break,
            }
            self.at += 1;
        }
        // Lines without code have no indentation.
        if matches!(self.peek(0), None | Some(b'\n' | b'#' | b'\\')) {
            return;
        }
        let span = self.span(start);
        let inconsistent = "inconsistent use of tabs and spaces in indentation";
        let top = |scanner: &Self| scanner.indents.last().copied().unwrap_or_default();
        if column > top(self).0 {
            if other <= top(self).1 {
                self.error_of(SyntaxClass::Tab, span, inconsistent);
            }
            if self.indents.len() >= MAX_INDENTS {
                let message = "too many levels of indentation".to_owned();
                self.scanned.too_deep = Some(Wrong { span, class: SyntaxClass::Indentation, message });
            }
            self.indents.push((column, other));
            self.depth.block(self.indents.len());
            return;
        }
        while column < top(self).0 {
            self.indents.pop();
        }
        if column != top(self).0 {
            let message = "unindent does not match any outer indentation level";
            self.error_of(SyntaxClass::Indentation, span, message);
        } else if other != top(self).1 {
            self.error_of(SyntaxClass::Tab, span, inconsistent);
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    fn continuation(&mut self) {
        self.at += 1;
        match self.peek(0) {
            Some(b'\n') => {
                self.new_line();
                if self.peek(0).is_none() {
                    self.error(self.here(1), "unexpected EOF while parsing");
                }
            }
            None => self.error(self.here(1), "unexpected EOF while parsing"),
            Some(_) => self.error(self.here(1), "unexpected character after line continuation character"),
        }
    }

    /// A string whose prefix, if it has one, begins at `start`. To this tokenizer one with a prefix `f` is like any
    /// other; what its values hold counts as code.
    fn string(&mut self, start: usize) {
        let quote = self.bytes[self.at];
        let is_formatted = self.bytes[start..self.at].iter().any(|b| matches!(b, b'f' | b'F'));
        let triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        let first_line = self.line;
        self.at += if triple { 3 } else { 1 };
        let mut values = 0;
        loop {
            match self.peek(0) {
                Some(byte)
                    if byte == quote && (!triple || self.bytes[self.at..].starts_with(&[quote; 3])) =>
                {
                    self.at += if triple { 3 } else { 1 };
                    break;
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek(0) {
                        Some(b'\n') => self.new_line(),
                        Some(_) => self.at += 1,
                        None => {}
                    }
                }
                Some(b'\n') if triple => self.new_line(),
                Some(b'\n') | None => {
                    let kind = if triple { "triple-quoted string" } else { "string" };
                    // At the end of the text the line that would follow does not count.
                    let ended = self.peek(0).is_none() && self.text.ends_with('\n');
                    let last = if ended { self.line - 1 } else { self.line }.max(first_line);
                    let message = format!("unterminated {kind} literal (detected at line {last})");
                    let span = Span { start: start as u32, end: start as u32 + 1 };
                    self.error(span, message);
                    break;
                }
                Some(byte) => {
                    self.at += 1;
                    if is_formatted && (values > 0 || byte == b'{') {
                        match byte {
                            b'{' | b'(' | b'[' => {
                                values += 1;
                                self.depth.token(Token::Open);
                                self.too_many_brackets(values);
                            }
                            b'}' | b')' | b']' => {
                                values -= 1;
                                self.depth.token(Token::Close);
                            }
                            b'+' | b'*' | b'-' | b'/' | b'.' | b'~' | b'|' | b'&' | b'^' | b'%' => {
                                self.depth.token(Token::Unary);
                            }
                            // In a value, words are operators as elsewhere.
                            b' ' => self.depth.token(Token::Unary),
                            b':' | b',' => self.depth.token(Token::Comma),
                            _ => {}
                        }
                        if self.depth.is_too_deep() {
                            break;
                        }
                    }
                }
            }
        }
        (0..values).for_each(|_| self.depth.token(Token::Close));
        self.depth.token(Token::Operand);
    }

    fn digits(&mut self, is_digit: impl Fn(u8) -> bool) -> bool {
        let start = self.at;
        while self.peek(0).is_some_and(|b| {
            is_digit(b) || (b == b'_' && self.at > start && self.peek(1).is_some_and(&is_digit))
        }) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) {
        self.depth.token(Token::Operand);
        let start = self.at;
        let base = match (self.bytes[start], self.peek(1).map(|b| b.to_ascii_lowercase())) {
            (b'0', Some(b'x')) => Some(("hexadecimal", 16)),
            (b'0', Some(b'o')) => Some(("octal", 8)),
            (b'0', Some(b'b')) => Some(("binary", 2)),
            _ => None,
        };
        if let Some((name, radix)) = base {
            self.at += 2;
            if self.peek(0) == Some(b'_') {
                self.at += 1;
            }
            let any = self.digits(|b| (b as char).is_digit(radix));
            match self.peek(0) {
                Some(digit @ b'0'..=b'9') => {
                    self.at += 1;
                    let message = format!("invalid digit '{}' in {name} literal", digit as char);
                    self.error(self.here(1), message);
                }
                _ if !any => self.error(self.here(1), format!("invalid {name} literal")),
                _ => {}
            }
            return self.end_of_number(name);
        }
        self.digits(|b| b.is_ascii_digit());
        let integer = start..self.at;
        let mut is_integer = true;
        if self.peek(0) == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits(|b| b.is_ascii_digit());
        }
        if let Some(b'e' | b'E') = self.peek(0) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                is_integer = false;
                self.at += 1 + sign;
                self.digits(|b| b.is_ascii_digit());
            }
        }
        if let Some(b'j' | b'J') = self.peek(0) {
            self.at += 1;
            return self.end_of_number("imaginary");
        }
        let digits = &self.bytes[integer];
        if is_integer && digits.first() == Some(&b'0') && digits.iter().any(|b| matches!(b, b'1'..=b'9')) {
            let message = "leading zeros in decimal integer literals are not permitted; \
                           use an 0o prefix for octal integers";
            self.error(self.span(start), message);
        }
        self.end_of_number("decimal");
    }

    /// What may stand directly behind a number: keywords that an expression goes on with, and what is no part of a word.
    fn end_of_number(&mut self, kind: &str) {
        const MAY_FOLLOW: [&str; 8] = ["and", "else", "for", "if", "in", "is", "not", "or"];
        let rest = self.text.get(self.at..).unwrap_or("");
        let word = self.peek(0).is_some_and(is_word);
        if word && !MAY_FOLLOW.iter().any(|keyword| rest.starts_with(keyword)) {
            self.at += 1;
            self.error(self.here(1), format!("invalid {kind} literal"));
            self.at -= 1;
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or("");
        let is_prefix = word.len() <= 2 && word.bytes().all(|b| b"rRbBuUfF".contains(&b));
        if is_prefix && matches!(self.peek(0), Some(b'"' | b'\'')) {
            return self.string(start);
        }
        if !word.is_ascii() {
            self.check_identifier(start, word);
        }
        let token = match word {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            "in" => Token::In,
            "is" => Token::Is,
            "if" | "else" | "yield" => Token::Conditional,
            "lambda" => Token::Lambda,
            "await" => Token::Unary,
            "for" | "async" | "from" | "as" | "return" | "elif" | "while" | "assert" | "del" | "import"
            | "raise" | "case" | "match" | "with" | "def" | "class" | "try" | "except" | "finally"
            | "global" | "nonlocal" => Token::Keyword,
            _ => Token::Operand,
        };
        self.depth.token(token);
    }

    /// Names are letters, digits and their like of any language.
    fn check_identifier(&mut self, start: usize, word: &str) {
        let fits = |at: usize, c: char| {
            c == '_'
                || c.is_ascii_alphanumeric()
                || if at == 0 { is_identifier_start(c) } else { is_identifier_part(c) }
        };
        let Some((at, wrong)) = word.char_indices().find(|&(at, c)| !fits(at, c)) else { return };
        let code = u32::from(wrong);
        let span = Span { start: (start + at) as u32, end: (start + at + wrong.len_utf8()) as u32 };
        let shown = wrong.is_control() || wrong.is_whitespace() || is_format(wrong);
        let message = match shown {
            true => format!("invalid non-printable character U+{code:04X}"),
            false => format!("invalid character '{wrong}' (U+{code:04X})"),
        };
        self.error(span, message);
    }

    fn too_many_brackets(&mut self, more: usize) {
        if self.brackets.len() + more > MAX_BRACKETS && self.scanned.too_deep.is_none() {
            let message = "too many nested parentheses".to_owned();
            self.scanned.too_deep = Some(Wrong { span: self.here(1), class: SyntaxClass::Syntax, message });
        }
    }

    fn operator(&mut self, byte: u8) {
        let start = self.at;
        self.at += 1;
        let token = match byte {
            b'(' | b'[' | b'{' => {
                let (bracket, line) = (byte, self.line);
                self.brackets.push(Open { bracket, span: self.span(start), line });
                self.too_many_brackets(0);
                Token::Open
            }
            b')' | b']' | b'}' => {
                self.close(byte);
                Token::Close
            }
            b',' => Token::Comma,
            b';' => Token::Semicolon,
            b'.' => Token::Postfix,
            b':' if self.peek(0) == Some(b'=') => {
                self.at += 1;
                Token::Conditional
            }
            b':' => Token::Colon,
            b'=' if self.peek(0) == Some(b'=') => {
                self.at += 1;
                Token::Compare
            }
            b'=' => Token::Equal,
            b'!' if self.peek(0) == Some(b'=') => {
                self.at += 1;
                Token::Compare
            }
            b'<' | b'>' if self.peek(0) != Some(byte) => {
                if self.peek(0) == Some(b'=') {
                    self.at += 1;
                }
                Token::Compare
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'<' | b'>' => {
                let doubled = self.peek(0) == Some(byte) && b"*/<>".contains(&byte);
                self.at += usize::from(doubled);
                if self.peek(0) == Some(b'=') {
                    self.at += 1;
                    self.depth.token(Token::Equal);
                    return;
                }
                match byte {
                    b'|' => Token::Binary(0),
                    b'^' => Token::Binary(1),
                    b'&' => Token::Binary(2),
                    b'<' | b'>' => Token::Binary(3),
                    b'+' | b'-' => Token::Binary(4),
                    b'*' if doubled => Token::Power,
                    _ => Token::Binary(5),
                }
            }
            b'~' => Token::Unary,
            byte if byte < b' ' || byte == 0x7f => {
                self.error(self.span(start), format!("invalid non-printable character U+{byte:04X}"));
                return;
            }
            _ => return,
        };
        self.depth.token(token);
    }

    fn close(&mut self, bracket: u8) {
        let span = self.here(1);
        let shown = bracket as char;
        let Some(open) = self.brackets.pop() else {
            return self.error(span, format!("unmatched '{shown}'"));
        };
        let fits = matches!((open.bracket, bracket), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
        if !fits {
            let other = open.bracket as char;
            let line = if open.line == self.line { String::new() } else { format!(" on line {}", open.line) };
            let message =
                format!("closing parenthesis '{shown}' does not match opening parenthesis '{other}'{line}");
            self.error(span, message);
        }
    }
}

fn is_identifier_start(c: char) -> bool {
    c.is_alphabetic()
}

fn is_identifier_part(c: char) -> bool {
    // Marks and connecting punctuation are parts of names, too; those are few enough beyond letters and digits to be let pass.
    c.is_alphanumeric() || (!c.is_whitespace() && !c.is_control() && !is_symbol(c) && !is_format(c))
}

/// Symbols, punctuation and pictures that often find their way into programs.
fn is_symbol(c: char) -> bool {
    matches!(u32::from(c),
        0xa1..=0xa9 | 0xab..=0xb4 | 0xb6 | 0xb8 | 0xb9 | 0xbb..=0xbf | 0xd7 | 0xf7 | 0x2010..=0x203e | 0x2041..=0x2053 | 0x2055..=0x205e
        | 0x20a0..=0x20cf | 0x2190..=0x2bff | 0x3001..=0x3004 | 0x3008..=0x3020 | 0xff01..=0xff0f | 0xff1a..=0xff20 | 0x1f000..=0x1faff)
}

/// Characters that nobody sees.
fn is_format(c: char) -> bool {
    matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0001..=0xe007f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        scan(text).error.map(|wrong| wrong.message)
    }

    #[test]
    fn ordinary_programs_are_shallow() {
        let text = "def f(a, b):\n    # ((((\n    s = '(((('\n    return (a + [b][0]) * f\"{a + b}\"\n";
        let scanned = scan(text);
        assert!(scanned.depth < 25 && scanned.error.is_none() && scanned.too_deep.is_none(), "{scanned:?}");
        for piece in [
            "a + b, ",
            "x and ",
            "x or ",
            "x < ",
            "x and not y or ",
            "x + y == ",
            "f(x) * 2 <= ",
            "x not in y is not ",
        ] {
            let wide = format!("f({}x)\n", piece.repeat(100_000));
            assert!(scan(&wide).depth < 25, "{piece}: {}", scan(&wide).depth);
        }
        assert!(scan(&"x = ".repeat(100_000)).depth < 15);
    }

    #[test]
    fn what_nests_too_deeply_is_found() {
        let deep = |text: String| scan(&text).too_deep.map(|wrong| wrong.class);
        assert_eq!(deep("(".repeat(300)), Some(SyntaxClass::Syntax));
        assert_eq!(deep(format!("f'{}'", "{".repeat(300))), Some(SyntaxClass::Syntax));
        let pieces = [
            "1+",
            "not ",
            "-",
            "lambda: ",
            "lambda a, b: ",
            "1 if 1 else ",
            "x ** -",
            "a.",
            "f()",
            "x[0]",
            "(x)",
            "await ",
            "a + lambda: ",
            "if x: ",
        ];
        for piece in pieces {
            let text = if piece.ends_with([')', ']']) {
                format!("f{}", piece.repeat(10_000))
            } else {
                piece.repeat(10_000)
            };
            assert_eq!(deep(text), Some(SyntaxClass::Recursion), "{piece}");
        }
        let blocks: String = (0..120).map(|i| format!("{}if a:\n", " ".repeat(i))).collect();
        assert_eq!(deep(blocks), Some(SyntaxClass::Indentation));
    }

    #[test]
    fn the_tokenizers_errors_have_its_words() {
        let is = |text: &str, message: &str| assert_eq!(error(text).as_deref(), Some(message), "{text}");
        is("x = 'a\n", "unterminated string literal (detected at line 1)");
        is("x = '''a\n\n", "unterminated triple-quoted string literal (detected at line 2)");
        is("f(1))", "unmatched ')'");
        is("f(1\n]", "closing parenthesis ']' does not match opening parenthesis '(' on line 1");
        is("0xg", "invalid hexadecimal literal");
        is("0b12", "invalid digit '2' in binary literal");
        is("1abc", "invalid decimal literal");
        is("x = 5€", "invalid decimal literal");
        is("x = €", "invalid character '€' (U+20AC)");
        is("if x:\n\ty\n        z\n", "inconsistent use of tabs and spaces in indentation");
        assert_eq!(error("x = 1if y else 0x1for 1_000 1e5 .5 5. 0 00 0_0 1j\n"), None);
        assert_eq!(scan("f(\n[1").open.map(|(span, c)| (span.start, c)), Some((3, '[')));
    }
}
