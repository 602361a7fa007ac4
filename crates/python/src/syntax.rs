//! Errors of syntax as CPython 3.11 tells them: the first one, in its words.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`, behind the parser. CPython says
//! "invalid syntax" wherever it has nothing better to say, and so does this module; what more it says is here, by kind
//! of error. Nothing of the parser's own words is shown: each kind has a row, and rustc names a new one.

mod context;

use crate::ast::Span;
use crate::convert::span;
use crate::report::{Report, SyntaxClass};
use crate::scan::{Scanned, Wrong};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as py, Expr, Mod};
use ruff_python_parser::{
    InterpolatedStringErrorType as FStringError, LexicalErrorType, ParseError, ParseErrorType, Parsed,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// What CPython says where it has no more to say.
const INVALID: &str = "invalid syntax";

/// Reports the first error, if there is one.
pub fn report(parsed: &Parsed<Mod>, scanned: Scanned, report: &mut Report<'_>) {
    let teller = Teller { text: report.source.text, tree: parsed.syntax() };
    let parser = first_error(parsed.errors()).map(|error| teller.tell(error));
    let newer = parsed.unsupported_syntax_errors().iter().min_by_key(|error| error.range.start());
    let newer = newer.map(|error| wrong(error.range, INVALID));
    let found = match (parser.or(newer), scanned.error) {
        // The tokenizer is asked about the rest of the text, too, unless the indentation is wrong.
        (Some(found), Some(error))
            if found.message == "unexpected indent" && found.span.start < error.span.start =>
        {
            found
        }
        (_, Some(error)) => error,
        (Some(found), None) => match scanned.open {
            Some((open, bracket))
                if report.source.line(found.span.start) > report.source.line(open.start) =>
            {
                never_closed(open, bracket)
            }
            Some((open, bracket)) if found.span.end as usize >= report.source.text.trim_end().len() => {
                never_closed(open, bracket)
            }
            _ => found,
        },
        (None, None) => return,
    };
    // What is missing at the end is missing on the last line that has anything.
    let end = report.source.text.trim_end().len() as u32;
    let span = if found.span.start > end { Span { start: end, end } } else { found.span };
    report.syntax_of(found.class, span, found.message);
}

/// The error that CPython would find first. To the parser a wrong target begins where the statement does; to CPython,
/// an expression that is not complete is none.
fn first_error(errors: &[ParseError]) -> Option<&ParseError> {
    let first = errors.iter().min_by_key(|error| error.location.start())?;
    let inside = |error: &&ParseError| {
        error.error == ParseErrorType::ExpectedExpression
            && error.location.start() <= first.location.end() + TextSize::from(1)
    };
    match first.error {
        ParseErrorType::InvalidAssignmentTarget => errors.iter().find(inside).or(Some(first)),
        _ => Some(first),
    }
}

fn never_closed(open: Span, bracket: char) -> Wrong {
    Wrong { span: open, class: SyntaxClass::Syntax, message: format!("'{bracket}' was never closed") }
}

fn wrong(at: TextRange, message: impl Into<String>) -> Wrong {
    Wrong { span: span(at), class: SyntaxClass::Syntax, message: message.into() }
}

struct Teller<'a> {
    text: &'a str,
    tree: &'a Mod,
}

impl Teller<'_> {
    fn tell(&self, error: &ParseError) -> Wrong {
        let class = match &error.error {
            ParseErrorType::UnexpectedIndentation
            | ParseErrorType::Lexical(LexicalErrorType::IndentationError) => SyntaxClass::Indentation,
            ParseErrorType::OtherError(text) if text.starts_with("Expected an indented block") => {
                SyntaxClass::Indentation
            }
            _ => SyntaxClass::Syntax,
        };
        Wrong { span: span(error.location), class, message: self.message(error) }
    }

    fn message(&self, error: &ParseError) -> String {
        use ParseErrorType as Kind;
        let at = error.location;
        let words = match &error.error {
            Kind::OtherError(text) => return self.other(text, at),
            Kind::StringAnnotationError(_) => INVALID,
            Kind::EmptySlice
            | Kind::EmptyGlobalNames
            | Kind::EmptyNonlocalNames
            | Kind::EmptyDeleteTargets
            | Kind::EmptyImportNames
            | Kind::EmptyTypeParams
            | Kind::UnparenthesizedNamedExpression
            | Kind::UnparenthesizedTupleExpression
            | Kind::InvalidLambdaExpressionUsage
            | Kind::InvalidYieldExpressionUsage
            | Kind::InvalidStarPatternUsage
            | Kind::UnexpectedTokenAfterAsync(_)
            | Kind::UnexpectedIpythonEscapeCommand
            | Kind::UnexpectedExpressionToken
            | Kind::SimpleAndCompoundStatementOnSameLine => INVALID,
            Kind::SimpleStatementsOnSameLine => return self.two_in_a_line(at),
            Kind::UnparenthesizedGeneratorExpression => "Generator expression must be parenthesized",
            Kind::ExpectedExpression => self.no_expression(at),
            Kind::InvalidStarredExpressionUsage => self.star(at),
            Kind::InvalidMatchPatternTarget => "cannot use '_' as a target",
            Kind::ParamAfterVarKeywordParam => "arguments cannot follow var-keyword argument",
            Kind::NonDefaultParamAfterDefaultParam => "non-default argument follows default argument",
            Kind::VarParameterWithDefault => "var-positional argument cannot have default value",
            Kind::InvalidAssignmentTarget => return self.target(at, Place::Assignment),
            Kind::InvalidNamedAssignmentTarget => return self.target(at, Place::Named),
            Kind::InvalidAnnotatedAssignmentTarget => "illegal target for annotation",
            Kind::InvalidAugmentedAssignmentTarget => return self.target(at, Place::Augmented),
            Kind::InvalidDeleteTarget => return self.target(at, Place::Delete),
            Kind::PositionalAfterKeywordArgument => "positional argument follows keyword argument",
            Kind::PositionalAfterKeywordUnpacking => "positional argument follows keyword argument unpacking",
            Kind::InvalidArgumentUnpackingOrder => {
                "iterable argument unpacking follows keyword argument unpacking"
            }
            Kind::IterableUnpackingInComprehension => "iterable unpacking cannot be used in comprehension",
            Kind::ExpectedKeywordParam => "named arguments must follow bare *",
            Kind::ExpectedRealNumber => "real number required in complex literal",
            Kind::ExpectedImaginaryNumber => "imaginary number required in complex literal",
            Kind::ExpectedToken { expected, found } => self.expected(*expected, *found, at),
            Kind::UnexpectedIndentation => "unexpected indent",
            Kind::FStringError(FStringError::UnclosedLbrace) if self.after(at).starts_with(is_word) => {
                "f-string: invalid syntax. Perhaps you forgot a comma?"
            }
            Kind::FStringError(kind) | Kind::TStringError(kind) => f_string(kind),
            Kind::Lexical(
                LexicalErrorType::UnicodeError
                | LexicalErrorType::MissingUnicodeLbrace
                | LexicalErrorType::MissingUnicodeRbrace,
            ) => return self.escape(at),
            Kind::Lexical(kind) => lexical(kind),
        };
        words.to_owned()
    }

    fn other(&self, text: &str, at: TextRange) -> String {
        match text {
            "Only one '*' separator allowed" | "Only one '*' parameter allowed" => {
                "* argument may appear only once"
            }
            "Only one '**' parameter allowed" => "arguments cannot follow var-keyword argument",
            "Only one '/' separator allowed" => "/ may appear only once",
            "'/' parameter must appear before '*' parameter" => "/ must be ahead of *",
            "Expected a parameter name" => return self.keyword(at),
            "Only single target (not list) can be annotated" => {
                "only single target (not list) can be annotated"
            }
            "Only single target (not tuple) can be annotated" => {
                "only single target (not tuple) can be annotated"
            }
            "Expected `except` or `finally` after `try` block" => "expected 'except' or 'finally' block",
            "Trailing comma not allowed" if self.line_before(at).starts_with("from") => {
                "trailing comma not allowed without surrounding parentheses"
            }
            "Multiple exception types must be parenthesized when using `as`" => {
                "multiple exception types must be parenthesized"
            }
            "Cannot have both 'except' and 'except*' on the same 'try'" => {
                "cannot have both 'except' and 'except*' on the same 'try'"
            }
            "Expected one or more exception types" => "expected one or more exception types",
            _ => return self.block(text, at).unwrap_or_else(|| INVALID.to_owned()),
        }
        .to_owned()
    }

    /// "Expected an indented block after `if` statement".
    fn block(&self, text: &str, at: TextRange) -> Option<String> {
        let after = text.strip_prefix("Expected an indented block after ")?.replace('`', "'");
        // The head is the last line before this place that is not empty.
        let before = self.text.get(..usize::from(at.start()))?.trim_end();
        let head = self.head(before)?;
        let line = 1 + head.bytes().filter(|&b| b == b'\n').count();
        let after = match &*after {
            "'class' definition" => "class definition".to_owned(),
            _ if after.ends_with("statement") || after.ends_with("definition") => after,
            clause => format!("{} statement", clause.trim_end_matches(" clause").trim_end_matches(" block")),
        };
        Some(format!("expected an indented block after {after} on line {line}"))
    }

    /// The text up to the beginning of the last logical line of a text, or so: comments and what is in brackets are passed over.
    fn head<'t>(&self, before: &'t str) -> Option<&'t str> {
        let mut rest = before;
        loop {
            let start = rest.rfind('\n').map_or(0, |at| at + 1);
            let line = rest.get(start..)?.trim();
            let is_comment = line.is_empty() || line.starts_with('#');
            let first = line.split(|c: char| !c.is_alphanumeric()).next()?;
            let begins = matches!(
                first,
                "if" | "elif"
                    | "else"
                    | "for"
                    | "while"
                    | "def"
                    | "class"
                    | "with"
                    | "try"
                    | "except"
                    | "finally"
                    | "match"
                    | "case"
                    | "async"
            );
            if (!is_comment && begins) || start == 0 {
                return rest.get(..start);
            }
            rest = rest.get(..start)?.trim_end_matches('\n');
        }
    }

    fn target(&self, at: TextRange, place: Place) -> String {
        let mut find = Find { at, found: None, parent: None, in_list: false, stmt: None };
        match self.tree {
            Mod::Module(module) => find.visit_body(&module.body),
            Mod::Expression(expression) => find.visit_expr(&expression.body),
        }
        let name = match find.found {
            Some(expr) => expression_name(expr),
            None if matches!(place, Place::Augmented) => "tuple",
            None => return INVALID.to_owned(),
        };
        // CPython takes what stands just before the first `=` for a comparison.
        let is_first = match find.stmt {
            Some(py::Stmt::Assign(assign)) => {
                let behind = self.behind(at).trim_start_matches([')', ' ']);
                let closed = find.in_list && self.behind(at).starts_with([')', ']', ',']);
                let first = assign.targets.first();
                behind.starts_with('=')
                    && !closed
                    && first.is_some_and(|first| first.range().contains_range(at))
            }
            _ => false,
        };
        let is_constant = matches!(name, "True" | "False" | "None" | "ellipsis" | "lambda");
        let is_bare_yield = name == "yield expression" && !self.before(at).ends_with('(');
        match place {
            Place::Delete => format!("cannot delete {name}"),
            Place::Augmented => format!("'{name}' is an illegal expression for augmented assignment"),
            Place::Named => format!("cannot use assignment expressions with {name}"),
            Place::Assignment if is_bare_yield && !find.in_list => {
                "assignment to yield expression not possible".to_owned()
            }
            Place::Assignment if is_first && !is_constant => {
                format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?")
            }
            Place::Assignment => format!("cannot assign to {name}"),
        }
    }
}

/// Where something stands that cannot be assigned to.
#[derive(Clone, Copy)]
enum Place {
    Assignment,
    Named,
    Augmented,
    Delete,
}

/// Finds the expression at a place, and whether it is part of a tuple or list.
struct Find<'a> {
    at: TextRange,
    found: Option<&'a Expr>,
    parent: Option<&'a Expr>,
    in_list: bool,
    /// The innermost statement around it.
    stmt: Option<&'a py::Stmt>,
}

impl<'a> Visitor<'a> for Find<'a> {
    fn visit_stmt(&mut self, stmt: &'a py::Stmt) {
        if self.found.is_none() && stmt.range().contains_range(self.at) {
            self.stmt = Some(stmt);
            visitor::walk_stmt(self, stmt);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.found.is_some() || !expr.range().contains_range(self.at) {
            return;
        }
        if expr.range() == self.at {
            self.found = Some(expr);
            self.in_list = matches!(self.parent, Some(Expr::Tuple(_) | Expr::List(_) | Expr::Starred(_)));
            return;
        }
        let parent = self.parent.replace(expr);
        visitor::walk_expr(self, expr);
        self.parent = parent;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What CPython calls an expression.
fn expression_name(expr: &Expr) -> &'static str {
    match expr {
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Name(_) => "name",
        Expr::List(_) => "list",
        Expr::Tuple(_) => "tuple",
        Expr::Lambda(_) => "lambda",
        Expr::Call(_) => "function call",
        Expr::BoolOp(_) | Expr::BinOp(_) | Expr::UnaryOp(_) => "expression",
        Expr::Generator(_) => "generator expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Await(_) => "await expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::FString(_) | Expr::TString(_) => "f-string expression",
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) => "literal",
        Expr::BooleanLiteral(b) if b.value => "True",
        Expr::BooleanLiteral(_) => "False",
        Expr::NoneLiteral(_) => "None",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::Compare(_) => "comparison",
        Expr::If(_) => "conditional expression",
        Expr::Named(_) => "named expression",
        Expr::Slice(_) | Expr::IpyEscapeCommand(_) => "expression",
    }
}

fn f_string(kind: &FStringError) -> &'static str {
    match kind {
        FStringError::UnclosedLbrace => "f-string: expecting '}'",
        FStringError::InvalidConversionFlag => {
            "f-string: invalid conversion character: expected 's', 'r', or 'a'"
        }
        FStringError::SingleRbrace => "f-string: single '}' is not allowed",
        FStringError::UnterminatedString | FStringError::UnterminatedTripleQuotedString => {
            "unterminated string literal"
        }
        FStringError::LambdaWithoutParentheses => "f-string: invalid syntax",
        FStringError::ConversionFlagNotImmediatelyAfterExclamation => {
            "f-string: invalid conversion character: expected 's', 'r', or 'a'"
        }
        FStringError::NewlineInFormatSpec => "unterminated string literal",
    }
}

/// What the scan has not found by itself.
fn lexical(kind: &LexicalErrorType) -> &'static str {
    match kind {
        LexicalErrorType::StringError
        | LexicalErrorType::Eof
        | LexicalErrorType::UnrecognizedToken { .. } => INVALID,
        LexicalErrorType::UnclosedStringError => "unterminated string literal",
        LexicalErrorType::UnicodeError
        | LexicalErrorType::MissingUnicodeLbrace
        | LexicalErrorType::MissingUnicodeRbrace => {
            "(unicode error) 'unicodeescape' codec can't decode bytes"
        }
        LexicalErrorType::IndentationError => "unindent does not match any outer indentation level",
        LexicalErrorType::FStringError(kind) | LexicalErrorType::TStringError(kind) => f_string(kind),
        LexicalErrorType::InvalidByteLiteral => "bytes can only contain ASCII literal characters",
        LexicalErrorType::LineContinuationError => "unexpected character after line continuation character",
        LexicalErrorType::OtherError(_) => INVALID,
    }
}
