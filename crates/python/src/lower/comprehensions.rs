//! Comprehensions, and generator expressions that a builtin function consumes at once.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Both are loops in
//! the function around: no function is made and called, as CPython does. Tracebacks show one nevertheless, see
//! [`crate::inlined`]; so for each instruction it is noted whether CPython would execute it inside or outside.

use super::loops::{Rounds, Source};
use super::{Code, Lower};
use crate::ast::{Clause, Comprehension, Expr, ExprKind, Keyword, Made, Span};
use crate::feature::Feature;
use bytecode::{Const, Op, Routine};

/// What becomes of each value.
type Consume<'c> = dyn FnMut(&mut Lower<'_, '_, '_>, &mut Code) + 'c;

impl Lower<'_, '_, '_> {
    pub(super) fn comprehension(&mut self, code: &mut Code, c: &Comprehension, span: Span) {
        let (op, routine) = match c.made {
            Made::List => (Op::List, Routine::Append),
            Made::Set => (Op::Set, Routine::Add),
            Made::Dict => (Op::Dict, Routine::Insert),
            Made::Values => {
                self.refuse(span, Feature::Comprehension);
                (Op::List, Routine::Append)
            }
        };
        let source = self.first_source(code, c, span);
        self.at(code, span);
        code.f.emit(op, 0);
        self.rounds(code, c, source, span, &mut |lower, code| {
            lower.expr(code, &c.element);
            c.value.iter().for_each(|value| lower.expr(code, value));
            lower.routine(code, routine, span);
        });
    }

    /// What a comprehension iterates over first, evaluated.
    pub(super) fn first_source(&mut self, code: &mut Code, c: &Comprehension, span: Span) -> Option<Source> {
        c.clauses.first().map(|first| self.source(code, &first.target, &first.iter, span))
    }

    /// The loops of a comprehension around what becomes of its values.
    pub(super) fn rounds(
        &mut self,
        code: &mut Code,
        c: &Comprehension,
        mut first: Option<Source>,
        span: Span,
        consume: &mut Consume<'_>,
    ) {
        let outside = self.enter(code, c.made.code_name(), span);
        let mut opened: Vec<Rounds> = Vec::new();
        for Clause { target, iter, conditions } in &c.clauses {
            let source = match first.take() {
                Some(source) => source,
                None => self.source(code, target, iter, span),
            };
            let rounds = self.open(code, source, target, span);
            conditions.iter().for_each(|test| self.jump_unless(code, test, rounds.again));
            opened.push(rounds);
        }
        consume(self, code);
        for rounds in opened.into_iter().rev() {
            let done = rounds.done;
            self.close(code, rounds);
            code.f.bind(done);
        }
        self.inside(code, outside);
    }

    /// Does something that CPython does outside of the generator expression.
    pub(super) fn outside(
        &mut self,
        code: &mut Code,
        outside: Option<u32>,
        work: impl FnOnce(&mut Self, &mut Code),
    ) {
        let inside = code.inside;
        self.inside(code, outside);
        work(self, code);
        self.inside(code, inside);
    }

    /// Adds the values of a generator expression to the list or set on top of the stack.
    pub(super) fn collect(&mut self, code: &mut Code, c: &Comprehension, routine: Routine, span: Span) {
        let source = self.first_source(code, c, span);
        self.collect_from(code, c, source, routine, span);
    }

    pub(super) fn collect_from(
        &mut self,
        code: &mut Code,
        c: &Comprehension,
        source: Option<Source>,
        routine: Routine,
        span: Span,
    ) {
        let outside = code.inside;
        self.rounds(code, c, source, span, &mut |lower, code| {
            lower.expr(code, &c.element);
            lower.outside(code, outside, |lower, code| lower.routine(code, routine, span));
        });
    }

    /// A list of the values of a generator expression.
    pub(super) fn list_of_values(&mut self, code: &mut Code, c: &Comprehension, span: Span) {
        code.f.emit(Op::List, 0);
        self.collect(code, c, Routine::Append, span);
    }

    /// A builtin function of a generator expression; whether it is one that consumes all of it at once, or as much as it needs.
    pub(super) fn consume(
        &mut self,
        code: &mut Code,
        name: &str,
        c: &Comprehension,
        (more, keywords): (&[Expr], &[Keyword]),
        span: Span,
    ) -> bool {
        match (name, more, keywords) {
            ("list", [], []) => self.list_of_values(code, c, span),
            ("tuple", [], []) => {
                self.list_of_values(code, c, span);
                self.routine(code, Routine::TupleOf, span);
            }
            ("set", [], []) => self.set_of_values(code, c, span),
            ("frozenset", [], []) => {
                self.set_of_values(code, c, span);
                self.routine(code, Routine::FrozensetOf, span);
            }
            ("dict", [], []) => return self.dict_of_values(code, c, span),
            ("sorted", [], []) => {
                self.list_of_values(code, c, span);
                self.push(code, Const::Bool(false));
                self.routine(code, Routine::Sorted, span);
            }
            ("sorted", [], [Keyword { name, value, .. }]) if &**name == "reverse" => {
                let source = self.first_source(code, c, span);
                self.expr(code, value);
                let reverse = self.store_temp(code);
                code.f.emit(Op::List, 0);
                self.collect_from(code, c, source, Routine::Append, span);
                code.f.emit(Op::LoadLocal, reverse);
                code.release(reverse);
                self.routine(code, Routine::Sorted, span);
            }
            ("any", [], []) => self.any_or_all(code, c, true, span),
            ("all", [], []) => self.any_or_all(code, c, false, span),
            ("sum", [], []) => self.sum(code, c, None, span),
            ("sum", [start], []) => self.sum(code, c, Some(start), span),
            ("sum", [], [Keyword { name, value, .. }]) if &**name == "start" => {
                self.sum(code, c, Some(value), span);
            }
            ("min", [], []) => self.extreme_value(code, c, Op::Lt, name, None, span),
            ("max", [], []) => self.extreme_value(code, c, Op::Gt, name, None, span),
            ("min", [], [Keyword { name: key, value, .. }]) if &**key == "default" => {
                self.extreme_value(code, c, Op::Lt, name, Some(value), span);
            }
            ("max", [], [Keyword { name: key, value, .. }]) if &**key == "default" => {
                self.extreme_value(code, c, Op::Gt, name, Some(value), span);
            }
            _ => return false,
        }
        true
    }

    fn set_of_values(&mut self, code: &mut Code, c: &Comprehension, span: Span) {
        code.f.emit(Op::Set, 0);
        self.collect(code, c, Routine::Add, span);
    }

    /// `dict((key, value) for ...)`: of pairs that are written out, so that none is made.
    fn dict_of_values(&mut self, code: &mut Code, c: &Comprehension, span: Span) -> bool {
        let ExprKind::Tuple(pair) = &c.element.kind else { return false };
        let [key, value] = &**pair else { return false };
        if super::displays::has_star(pair) {
            return false;
        }
        code.f.emit(Op::Dict, 0);
        let source = self.first_source(code, c, span);
        let outside = code.inside;
        self.rounds(code, c, source, span, &mut |lower, code| {
            lower.expr(code, key);
            lower.expr(code, value);
            lower.outside(code, outside, |lower, code| lower.routine(code, Routine::Insert, span));
        });
        true
    }

    /// Stops at the first value whose truth decides.
    fn any_or_all(&mut self, code: &mut Code, c: &Comprehension, decides: bool, span: Span) {
        let (found, done) = (code.f.label(), code.f.label());
        let source = self.first_source(code, c, span);
        self.rounds(code, c, source, span, &mut |lower, code| {
            lower.jump_on(code, &c.element, decides, found);
        });
        self.push(code, Const::Bool(!decides));
        code.f.jump(Op::Jump, done);
        code.f.bind(found);
        self.push(code, Const::Bool(decides));
        code.f.bind(done);
    }

    fn sum(&mut self, code: &mut Code, c: &Comprehension, start: Option<&Expr>, span: Span) {
        let source = self.first_source(code, c, span);
        match start {
            None => self.push(code, Const::Int(0)),
            Some(start) => match &start.kind {
                ExprKind::Const(Const::Int(_) | Const::Float(_)) => self.expr(code, start),
                // The sum of nothing says what cannot be a start.
                _ => {
                    code.f.emit(Op::Tuple, 0);
                    self.expr(code, start);
                    self.routine(code, Routine::Sum, span);
                }
            },
        }
        let total = self.store_temp(code);
        let outside = code.inside;
        self.rounds(code, c, source, span, &mut |lower, code| {
            code.f.emit(Op::LoadLocal, total);
            lower.expr(code, &c.element);
            lower.outside(code, outside, |lower, code| {
                lower.at(code, span);
                code.f.op(Op::Add);
            });
            code.f.emit(Op::StoreLocal, total);
        });
        code.f.emit(Op::LoadLocal, total);
        code.release(total);
    }

    /// `min` and `max`: the first of those than which none is less, or greater.
    fn extreme_value(
        &mut self,
        code: &mut Code,
        c: &Comprehension,
        better: Op,
        name: &str,
        default: Option<&Expr>,
        span: Span,
    ) {
        let source = self.first_source(code, c, span);
        let default = default.map(|default| {
            self.expr(code, default);
            self.store_temp(code)
        });
        let (best, any) = (code.temp(), code.temp());
        self.push(code, Const::Bool(false));
        code.f.emit(Op::StoreLocal, any);
        let outside = code.inside;
        self.rounds(code, c, source, span, &mut |lower, code| {
            let (take, next) = (code.f.label(), code.f.label());
            lower.expr(code, &c.element);
            code.f.emit(Op::LoadLocal, any);
            code.f.jump(Op::JumpIfZero, take);
            lower.outside(code, outside, |lower, code| {
                code.f.op(Op::Dup);
                code.f.emit(Op::LoadLocal, best);
                lower.at(code, span);
                code.f.op(better);
            });
            code.f.jump(Op::JumpIfNotZero, take);
            code.f.op(Op::Pop);
            code.f.jump(Op::Jump, next);
            code.f.bind(take);
            code.f.emit(Op::StoreLocal, best);
            lower.push(code, Const::Bool(true));
            code.f.emit(Op::StoreLocal, any);
            code.f.bind(next);
        });
        let (some, done) = (code.f.label(), code.f.label());
        code.f.emit(Op::LoadLocal, any);
        code.f.jump(Op::JumpIfNotZero, some);
        self.at(code, span);
        match default {
            Some(slot) => {
                code.f.emit(Op::LoadLocal, slot);
                code.f.jump(Op::Jump, done);
                code.release(slot);
            }
            None => self.raise(code, "ValueError", &format!("{name}() arg is an empty sequence")),
        }
        code.f.bind(some);
        code.f.emit(Op::LoadLocal, best);
        code.f.bind(done);
        code.release(any);
        code.release(best);
    }
}
