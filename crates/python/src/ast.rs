//! The tree of a program: what of Python this front end has, and no more.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`, between [`crate::convert`], which makes it
//! from the parser's tree, and [`crate::lower`], which makes bytecode of it. What is not supported is [`ExprKind::Refused`] or
//! [`StmtKind::Refused`]: it has been reported, and nothing will run.

use bytecode::{BinOp, Const};
use std::rc::Rc;

/// A name of the program.
pub type Name = Rc<str>;

/// Bytes of the source, from and to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// An expression and where it stands.
#[derive(Debug)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

/// `and`, `or`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoolOp {
    And,
    Or,
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    Neg,
    Pos,
    Invert,
}

/// A comparison, in the widest sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Order(bytecode::Cmp),
    Is { negated: bool },
    In { negated: bool },
}

/// How a value in an f-string becomes text before it is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    None,
    Str,
    Repr,
    Ascii,
}

/// A piece of an f-string.
#[derive(Debug)]
pub enum Piece {
    Text(String),
    Value { value: Expr, conversion: Conversion, spec: Vec<Piece> },
}

/// An argument by name.
#[derive(Debug)]
pub struct Keyword {
    pub name: Name,
    pub span: Span,
    pub value: Expr,
}

#[derive(Debug)]
pub enum ExprKind {
    Const(Const),
    Name(Name),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinOp, Box<Expr>, Box<Expr>),
    Bool(BoolOp, Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    If {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Named {
        name: Name,
        name_span: Span,
        value: Box<Expr>,
    },
    Call {
        callee: Box<Expr>,
        args: Vec<Expr>,
        keywords: Vec<Keyword>,
    },
    FString(Vec<Piece>),
    Attribute(Box<Expr>, Name),
    Subscript(Box<Expr>, Box<Expr>),
    /// `start:stop:step` in the brackets of a subscript.
    Slice(Box<[Option<Expr>; 3]>),
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    Set(Vec<Expr>),
    /// Keys and values; a value without a key is a mapping of which all items are taken (`**a`).
    Dict(Vec<(Option<Expr>, Expr)>),
    /// `*a` among the values of a display or the arguments of a call.
    Starred(Box<Expr>),
    /// Each byte as the character with its number.
    Bytes(Rc<str>),
    Comprehension(Box<Comprehension>),
    Refused,
}

/// What a comprehension makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    List,
    Set,
    Dict,
    /// Its values one by one: a generator expression.
    Values,
}

impl Made {
    /// What tracebacks call its code.
    pub fn code_name(self) -> &'static str {
        match self {
            Made::List => "<listcomp>",
            Made::Set => "<setcomp>",
            Made::Dict => "<dictcomp>",
            Made::Values => "<genexpr>",
        }
    }
}

/// A comprehension or a generator expression. Its variables have names that no other has, see [`crate::convert`].
#[derive(Debug)]
pub struct Comprehension {
    pub made: Made,
    /// The value, or the key of a dict.
    pub element: Expr,
    /// The value of a dict.
    pub value: Option<Expr>,
    /// At least one.
    pub clauses: Vec<Clause>,
}

/// `for target in iter if condition`.
#[derive(Debug)]
pub struct Clause {
    pub target: Target,
    pub iter: Expr,
    pub conditions: Vec<Expr>,
}

/// What is assigned to.
#[derive(Debug)]
pub enum Target {
    Name(Name, Span),
    Tuple(Vec<Target>, Span),
    /// `*a` inside of a tuple: at most one.
    Star(Box<Target>),
    Subscript {
        base: Expr,
        index: Expr,
        span: Span,
    },
    Refused,
}

pub type Block = Vec<Stmt>;

/// A statement and where it stands.
#[derive(Debug)]
pub struct Stmt {
    pub span: Span,
    pub kind: StmtKind,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Param {
    pub name: Name,
    pub default: Option<Expr>,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    pub name: Name,
    pub name_span: Span,
    /// Those that only positions fill, then those that names may fill, then those that only names fill.
    pub params: Vec<Param>,
    /// How many of them only positions fill.
    pub positional_only: usize,
    /// How many of them positions may fill.
    pub positional: usize,
    /// `*rest`: a tuple of the other positions.
    pub rest: Option<Name>,
    /// `**others`: a dict of the other names.
    pub others: Option<Name>,
    pub body: Block,
}

impl Function {
    /// The names of all parameters, as the bytecode function has them.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.params.iter().map(|param| &param.name).chain(&self.rest).chain(&self.others)
    }
}

/// A module that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    Math,
    Sys,
    /// What only annotations and the parser need: `from __future__ import annotations`, `typing`.
    Nothing,
}

/// What an import binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Import {
    Module(Module),
    Item(Module, Name),
}

/// `except class as name`.
#[derive(Debug)]
pub struct ExceptHandler {
    pub span: Span,
    pub class: Option<Expr>,
    pub name: Option<(Name, Span)>,
    pub body: Block,
}

#[derive(Debug)]
pub enum StmtKind {
    Expr(Expr),
    Assign {
        targets: Vec<Target>,
        value: Expr,
    },
    /// The target is a name or a subscript.
    Augmented {
        target: Target,
        op: BinOp,
        value: Expr,
    },
    Delete(Vec<Target>),
    /// An annotation without a value: the name is local, and that is all.
    Declared(Name),
    If {
        branches: Vec<(Expr, Block)>,
        otherwise: Block,
    },
    While {
        test: Expr,
        body: Block,
        otherwise: Block,
    },
    For {
        target: Target,
        iter: Expr,
        body: Block,
        otherwise: Block,
    },
    Def(Rc<Function>),
    Return(Option<Expr>),
    Break,
    Continue,
    Pass,
    Global(Vec<Name>),
    Assert {
        test: Expr,
        message: Option<Expr>,
    },
    Try {
        body: Block,
        handlers: Vec<ExceptHandler>,
        otherwise: Block,
        finally: Block,
    },
    /// `raise`
    RaiseAgain,
    /// `raise value from cause`, in general.
    RaiseValue {
        value: Expr,
        cause: Option<Expr>,
    },
    Raise {
        class: Name,
        class_span: Span,
        message: Option<Expr>,
    },
    Import(Vec<(Name, Import, Span)>),
    Refused,
}
