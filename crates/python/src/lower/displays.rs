//! Lists, tuples, sets and dicts that are written out, and slices.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Values are all
//! evaluated before they are put together, as far as CPython does so: in long displays it adds one after the other, which shows in which
//! error comes first.

use super::{Code, Lower};
use crate::ast::{Expr, ExprKind, Made, Span};
use crate::traceback::Wording;
use bytecode::{Const, Op, Routine};

/// A list or set of more values than this is filled one by one.
const MOST_AT_ONCE: usize = 30;
/// A set of more constants than this comes from a frozenset.
const MOST_ONE_BY_ONE: usize = 2;
/// Nobody can tell with a list, so that it may be longer.
const MOST_OF_LIST: usize = 4096;
/// A dict of more pairs than this is filled one by one, so many of them at a time.
const MOST_PAIRS: usize = 15;

impl Lower<'_, '_, '_> {
    pub(super) fn list(&mut self, code: &mut Code, items: &[Expr], span: Span) {
        self.collected(code, items, (Op::List, MOST_OF_LIST), (Routine::Append, Routine::Extend), span);
    }

    pub(super) fn set(&mut self, code: &mut Code, items: &[Expr], span: Span) {
        if items.len() > MOST_ONE_BY_ONE && items.iter().all(is_constant) {
            code.f.emit(Op::Set, 0);
            self.constant_set(code, items, span);
            return self.routine(code, Routine::AddAll, span);
        }
        self.collected(code, items, (Op::Set, MOST_AT_ONCE), (Routine::Add, Routine::AddAll), span);
    }

    /// A set of constants is one itself to CPython: a frozenset that has been made twice, which shows in the order of its values.
    pub(super) fn constant_set(&mut self, code: &mut Code, items: &[Expr], span: Span) {
        self.tuple(code, items, span);
        self.routine(code, Routine::FrozensetOf, span);
        self.routine(code, Routine::TupleOf, span);
        self.routine(code, Routine::FrozensetOf, span);
    }

    pub(super) fn tuple(&mut self, code: &mut Code, items: &[Expr], span: Span) {
        if items.len() > MOST_OF_LIST || has_star(items) {
            self.list(code, items, span);
            self.routine(code, Routine::TupleOf, span);
            return;
        }
        items.iter().for_each(|item| self.expr(code, item));
        self.at(code, span);
        code.f.emit(Op::Tuple, items.len() as u32);
    }

    fn collected(
        &mut self,
        code: &mut Code,
        items: &[Expr],
        (op, most): (Op, usize),
        (one, all): (Routine, Routine),
        span: Span,
    ) {
        let first = match items.iter().position(|item| matches!(item.kind, ExprKind::Starred(_))) {
            _ if items.len() > most => 0,
            Some(star) => star,
            None => items.len(),
        };
        let (first, rest) = items.split_at(first);
        first.iter().for_each(|item| self.expr(code, item));
        self.at(code, span);
        code.f.emit(op, first.len() as u32);
        for item in rest {
            match &item.kind {
                ExprKind::Starred(inner) => match &inner.kind {
                    ExprKind::Comprehension(c) if c.made == Made::Values => {
                        self.collect(code, c, one, inner.span);
                    }
                    _ => {
                        self.expr(code, inner);
                        self.routine(code, all, span);
                    }
                },
                _ => {
                    self.expr(code, item);
                    self.routine(code, one, span);
                }
            }
        }
    }

    pub(super) fn dict(&mut self, code: &mut Code, items: &[(Option<Expr>, Expr)], span: Span) {
        let first = items.iter().position(|(key, _)| key.is_none()).unwrap_or(items.len());
        let first = if first > MOST_PAIRS { 0 } else { first };
        let (first, mut rest) = items.split_at(first);
        self.pairs(code, first, span);
        while let Some(((key, value), others)) = rest.split_first() {
            if key.is_none() {
                self.expr(code, value);
                self.routine(code, Routine::Merge, span);
                rest = others;
                continue;
            }
            let run = rest.iter().position(|(key, _)| key.is_none()).unwrap_or(rest.len());
            let run = run.min(MOST_PAIRS + 1);
            let (now, others) = rest.split_at(run);
            if run > MOST_PAIRS {
                for (key, value) in now {
                    key.iter().for_each(|key| self.expr(code, key));
                    self.expr(code, value);
                    self.routine(code, Routine::Insert, span);
                }
            } else {
                self.pairs(code, now, span);
                self.routine(code, Routine::Merge, span);
            }
            rest = others;
        }
    }

    /// A new dict of a few pairs.
    fn pairs(&mut self, code: &mut Code, pairs: &[(Option<Expr>, Expr)], span: Span) {
        for (key, value) in pairs {
            key.iter().for_each(|key| self.expr(code, key));
            self.expr(code, value);
        }
        self.at(code, span);
        code.f.emit(Op::Dict, pairs.len() as u32);
    }

    pub(super) fn slice(&mut self, code: &mut Code, bounds: &[Option<Expr>; 3], span: Span) {
        for bound in bounds {
            match bound {
                Some(bound) => self.expr(code, bound),
                None => self.push(code, Const::None),
            }
        }
        self.at(code, span);
        code.f.op(Op::Slice);
    }

    /// Bytes are decoded from the characters that stand for them.
    pub(super) fn bytes(&mut self, code: &mut Code, text: &str, span: Span) {
        self.push_str(code, text);
        self.push_str(code, "latin-1");
        self.method(code, "encode 1", span);
    }

    /// Pops an iterable that is the only argument of a function, with a star, and pushes a list of its values.
    pub(super) fn star_argument(&mut self, code: &mut Code, function: &str, span: Span) {
        self.at(code, span);
        code.f.emit(Op::List, 0);
        code.f.op(Op::Swap);
        let pc = code.f.here();
        let wording = Wording::StarArgument(function.to_owned());
        self.wordings.insert((code.f.name().to_owned(), pc), wording);
        self.routine(code, Routine::Extend, span);
    }

    /// Calls a routine on the values on top of the stack.
    pub(super) fn routine(&mut self, code: &mut Code, routine: Routine, span: Span) {
        self.at(code, span);
        code.f.emit(Op::Routine, routine.number());
    }

    /// Calls a method on the values on top of the stack.
    pub(super) fn method(&mut self, code: &mut Code, form: &str, span: Span) {
        self.at(code, span);
        let form = self.constant(Const::Str(form.into()));
        code.f.emit(Op::Method, form);
    }
}

/// Whether CPython evaluates an expression when it compiles it.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Bytes(_) => true,
        ExprKind::Unary(_, operand) => is_constant(operand),
        ExprKind::Binary(_, left, right) => is_constant(left) && is_constant(right),
        ExprKind::Tuple(items) => items.iter().all(is_constant),
        _ => false,
    }
}

/// The value with a star, if it is the only one and no generator expression.
pub(super) fn only_star(items: &[Expr]) -> Option<&Expr> {
    let [Expr { kind: ExprKind::Starred(value), .. }] = items else { return None };
    match &value.kind {
        ExprKind::Comprehension(c) if c.made == Made::Values => None,
        _ => Some(value),
    }
}

/// Whether there is a value with a star among some.
pub(super) fn has_star(items: &[Expr]) -> bool {
    items.iter().any(|item| matches!(item.kind, ExprKind::Starred(_)))
}
