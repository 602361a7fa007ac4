//! What stands around an error of syntax, as far as CPython's words depend on it.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! These look at the text, and strings in it can mislead them: then the words are not CPython's, but the place is.

use super::{INVALID, Teller};
use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, Mod};
use ruff_text_size::{Ranged, TextRange};

impl Teller<'_> {
    pub(super) fn before(&self, at: TextRange) -> &str {
        self.text.get(..usize::from(at.start())).unwrap_or("").trim_end()
    }

    pub(super) fn after(&self, at: TextRange) -> &str {
        self.text.get(usize::from(at.start())..).unwrap_or("").trim_start()
    }

    pub(super) fn behind(&self, at: TextRange) -> &str {
        self.text.get(usize::from(at.end())..).unwrap_or("").trim_start()
    }

    /// The word before a place, if there is nothing but blanks between them.
    fn word_before(&self, at: TextRange) -> &str {
        let before = self.text.get(..usize::from(at.start())).unwrap_or("").trim_end_matches([' ', '\t']);
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        before.get(start..).unwrap_or("")
    }

    /// The line up to a place.
    pub(super) fn line_before(&self, at: TextRange) -> &str {
        self.before(at).rsplit('\n').next().unwrap_or("").trim_start()
    }

    pub(super) fn is_in_def(&self, at: TextRange) -> bool {
        let line = self.line_before(at);
        line.strip_prefix("async ").unwrap_or(line).starts_with("def ")
    }

    /// The innermost bracket that is open before a place.
    fn bracket(&self, at: TextRange) -> Option<char> {
        let mut closed = 0usize;
        for c in self.before(at).chars().rev() {
            match c {
                ')' | ']' | '}' => closed += 1,
                '(' | '[' | '{' if closed == 0 => return Some(c),
                '(' | '[' | '{' => closed -= 1,
                _ => {}
            }
        }
        None
    }

    fn is_in_f_string(&self, at: TextRange) -> bool {
        let mut find = FStrings { at, found: false };
        match self.tree {
            Mod::Module(module) => find.visit_body(&module.body),
            Mod::Expression(expression) => find.visit_expr(&expression.body),
        }
        find.found
    }

    /// An expression is missing.
    pub(super) fn no_expression(&self, at: TextRange) -> &'static str {
        let (before, after) = (self.before(at), self.after(at));
        if self.is_in_f_string(at) {
            return match (before.ends_with('{'), after.chars().next()) {
                (true, Some('}' | '!' | ':')) => "f-string: empty expression not allowed",
                (true, Some('\'' | '"')) => "f-string: expecting '}'",
                _ => "f-string: invalid syntax",
            };
        }
        if before.ends_with(':') && after.starts_with(['}', ',']) && self.bracket(at) == Some('{') {
            return "expression expected after dictionary key and ':'";
        }
        if before.ends_with('=') && after.starts_with([')', ',']) && self.is_in_def(at) {
            return "expected default value expression";
        }
        if before.ends_with("->") && after.starts_with(':') {
            return "expected ':'";
        }
        INVALID
    }

    /// A star where it means nothing.
    pub(super) fn star(&self, at: TextRange) -> &'static str {
        let before = self.before(at);
        match self.behind(at).starts_with(':') {
            true => INVALID,
            false if before.ends_with('(') => "cannot use starred expression here",
            false if before.ends_with(':') && self.bracket(at) == Some('{') => {
                "cannot use a starred expression in a dictionary value"
            }
            false => "can't use starred expression here",
        }
    }

    /// Two statements in a line.
    pub(super) fn two_in_a_line(&self, at: TextRange) -> String {
        match self.word_before(at) {
            name @ ("print" | "exec") => {
                format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?")
            }
            _ => INVALID.to_owned(),
        }
    }

    /// Another token than the one that should come.
    pub(super) fn expected(&self, expected: TokenKind, found: TokenKind, at: TextRange) -> &'static str {
        use TokenKind as T;
        let word = self.word_before(at);
        let bracket = self.bracket(at);
        let is_operand = matches!(found, T::Name | T::Int | T::Float | T::Complex | T::String);
        match expected {
            T::Colon if found == T::Equal && self.is_test(at) => MEANT_EQUAL,
            T::Comma | T::Rbrace | T::Rsqb if found == T::Equal && self.is_test(at) => MEANT_EQUAL,
            T::Colon if bracket == Some('{') => "':' expected after dictionary key",
            T::Colon if found == T::Newline || (self.is_in_def(at) && bracket.is_none()) => "expected ':'",
            T::Colon if matches!(word, "else" | "try" | "finally" | "except") => "expected ':'",
            T::Comma | T::Rpar | T::Rsqb | T::Rbrace
                if is_operand && bracket.is_some() && !self.is_in_def(at) =>
            {
                "invalid syntax. Perhaps you forgot a comma?"
            }
            T::Lpar if word != "import" => "expected '('",
            T::Else => "expected 'else' after 'if' expression",
            _ => INVALID,
        }
    }

    /// Whether a value is wanted here that is looked at, not assigned.
    fn is_test(&self, at: TextRange) -> bool {
        let first = self.line_before(at).split(' ').next().unwrap_or("");
        matches!(first, "if" | "elif" | "while") || matches!(self.bracket(at), Some('{' | '['))
    }

    /// What is given a value by name in a call, and is no name; or no parameter in a definition.
    pub(super) fn keyword(&self, at: TextRange) -> String {
        match self.text.get(std::ops::Range::<usize>::from(at)) {
            Some(name @ ("True" | "False" | "None")) => format!("cannot assign to {name}"),
            _ if self.behind(at).starts_with('=') => {
                "expression cannot contain assignment, perhaps you meant \"==\"?".to_owned()
            }
            _ => INVALID.to_owned(),
        }
    }

    /// Why a string cannot be decoded: what is wrong with its escape that ends before a place, and where in the string
    /// that stands.
    pub(super) fn escape(&self, at: TextRange) -> String {
        let to = self.text.get(..usize::from(at.end())).unwrap_or("");
        let all = [r"\x", r"\u", r"\U", r"\N"];
        let Some(start) = all.iter().filter_map(|escape| to.rfind(escape)).max() else {
            return INVALID.to_owned();
        };
        let escape = self.text.get(start..).unwrap_or("");
        let string = to[..start].rfind(['\'', '"']).map_or(0, |quote| quote + 1);
        // CPython writes what is not ASCII as escapes of ten characters first.
        let position: usize = to[string..start].chars().map(|c| if c.is_ascii() { 1 } else { 10 }).sum();
        let digits = escape[2..].chars().take_while(char::is_ascii_hexdigit).count();
        let quote = escape.find(['\'', '"', '\n']).unwrap_or(escape.len());
        let (length, words) = match &escape[..2] {
            r"\x" => (2 + digits, r"truncated \xXX escape"),
            r"\u" => (2 + digits, r"truncated \uXXXX escape"),
            r"\U" if digits >= 8 => (10, "illegal Unicode character"),
            r"\U" => (2 + digits, r"truncated \UXXXXXXXX escape"),
            _ => match escape.find('}') {
                Some(brace) if brace < quote && escape[2..].starts_with('{') && brace > 3 => {
                    (brace + 1, "unknown Unicode character name")
                }
                _ if escape[2..].starts_with('{') => (quote, r"malformed \N character escape"),
                _ => (2, r"malformed \N character escape"),
            },
        };
        let last = position + length - 1;
        format!(
            "(unicode error) 'unicodeescape' codec can't decode bytes in position {position}-{last}: {words}"
        )
    }
}

const MEANT_EQUAL: &str = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";

/// Finds out whether a place is inside of an f-string.
struct FStrings {
    at: TextRange,
    found: bool,
}

impl<'a> Visitor<'a> for FStrings {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.found || !expr.range().contains_range(self.at) {
            return;
        }
        self.found = expr.is_f_string_expr();
        visitor::walk_expr(self, expr);
    }
}
