//! `for`, and the loops of comprehensions.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. A loop over a
//! `range` counts: bounds are evaluated once, the count is a local that the program cannot name, and the loop's variable is
//! assigned when a round begins, so that nothing that the body assigns disturbs it. Every other loop asks an iterator, which is in
//! such a local, too. Loops are opened and closed by themselves, so that comprehensions of many clauses need no recursion.

use super::displays::{has_star, is_constant};
use super::{Code, Loop, Lower};
use crate::ast::{Block, Comprehension, Expr, ExprKind, Made, Span, Target, UnaryOp};
use crate::convert::written;
use bytecode::build::Label;
use bytecode::{Builtin1, Const, Op};

/// What a loop goes over; it has been evaluated.
pub(super) enum Source {
    /// A local that holds an iterator.
    Iterator(u32),
    /// Locals: what comes next, the end, the step unless it is known.
    Range { next: u32, end: End, step: Step },
}

/// Where a range ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    Constant(i64),
    Local(u32),
}

/// The step of a range.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Known(i64),
    /// Locals that hold it, and how many rounds are left.
    Local {
        step: u32,
        rounds: u32,
    },
}

/// A loop that is open: its body follows.
pub(super) struct Rounds {
    source: Source,
    top: Label,
    /// Where the next round begins.
    pub again: Label,
    /// Where the loop goes when there are no more rounds.
    no: Label,
    /// Behind its `else`.
    pub done: Label,
    span: Span,
}

impl Lower<'_, '_, '_> {
    pub(super) fn for_loop(
        &mut self,
        code: &mut Code,
        target: &Target,
        iter: &Expr,
        body: &Block,
        otherwise: &Block,
    ) {
        if let ExprKind::Comprehension(c) = &iter.kind
            && c.made == Made::Values
        {
            return self.for_values(code, target, (c, iter.span), body, otherwise);
        }
        let source = self.source(code, target, iter, iter.span);
        let rounds = self.open(code, source, target, iter.span);
        code.loops.push(Loop { done: rounds.done, again: rounds.again, guards: code.guards.len() });
        self.block(code, body);
        code.loops.pop();
        let done = rounds.done;
        self.close(code, rounds);
        self.block(code, otherwise);
        code.f.bind(done);
    }

    /// A loop over a generator expression: its body is in the loops of that.
    fn for_values(
        &mut self,
        code: &mut Code,
        target: &Target,
        (c, span): (&Comprehension, Span),
        body: &Block,
        otherwise: &Block,
    ) {
        let (again, done) = (code.f.label(), code.f.label());
        let source = self.first_source(code, c, span);
        let outside = code.inside;
        self.rounds(code, c, source, span, &mut |lower, code| {
            lower.expr(code, &c.element);
            lower.outside(code, outside, |lower, code| {
                lower.store_target(code, target);
                code.loops.push(Loop { done, again, guards: code.guards.len() });
                lower.block(code, body);
                code.loops.pop();
            });
            code.f.bind(again);
        });
        self.block(code, otherwise);
        code.f.bind(done);
    }

    /// Evaluates what a loop goes over.
    pub(super) fn source(&mut self, code: &mut Code, target: &Target, iter: &Expr, span: Span) -> Source {
        if let Some(arguments) = self.as_range(code, iter) {
            return self.range(code, target, arguments, iter.span);
        }
        match &iter.kind {
            ExprKind::Set(items) if items.iter().all(is_constant) => {
                self.constant_set(code, items, iter.span);
            }
            _ => self.expr(code, iter),
        }
        self.at(code, span);
        code.f.op(Op::Iter);
        Source::Iterator(self.store_temp(code))
    }

    /// Begins a round, or goes where it ends; the target has its value.
    pub(super) fn open(&mut self, code: &mut Code, source: Source, target: &Target, span: Span) -> Rounds {
        let (top, no, done) = (code.f.label(), code.f.label(), code.f.label());
        code.f.bind(top);
        self.at(code, span);
        let again = match &source {
            Source::Iterator(iterator) => {
                code.f.emit(Op::LoadLocal, *iterator);
                code.f.op(Op::IterMore);
                code.f.jump(Op::JumpIfZero, no);
                code.f.emit(Op::LoadLocal, *iterator);
                code.f.op(Op::IterValue);
                top
            }
            Source::Range { next, end, step } => {
                match step {
                    Step::Known(step) => {
                        code.f.emit(Op::LoadLocal, *next);
                        self.end(code, *end);
                        code.f.op(if *step > 0 { Op::Lt } else { Op::Gt });
                    }
                    Step::Local { rounds, .. } => {
                        code.f.emit(Op::LoadLocal, *rounds);
                        self.push(code, Const::Int(0));
                        code.f.op(Op::Gt);
                    }
                }
                code.f.jump(Op::JumpIfZero, no);
                code.f.emit(Op::LoadLocal, *next);
                code.f.label()
            }
        };
        self.store_target(code, target);
        Rounds { source, top, again, no, done, span }
    }

    /// Ends a round. What follows runs when there are no more; then the label `done` is to be bound.
    pub(super) fn close(&mut self, code: &mut Code, rounds: Rounds) {
        let Rounds { source, top, again, no, span, .. } = rounds;
        match source {
            Source::Iterator(iterator) => code.release(iterator),
            Source::Range { next, step, .. } => {
                code.f.bind(again);
                self.at(code, span);
                code.f.emit(Op::LoadLocal, next);
                match step {
                    Step::Known(step) if step < 0 && step != i64::MIN => {
                        self.push(code, Const::Int(-step));
                        code.f.op(Op::Sub);
                    }
                    Step::Known(step) => {
                        self.push(code, Const::Int(step));
                        code.f.op(Op::Add);
                    }
                    Step::Local { step, .. } => {
                        code.f.emit(Op::LoadLocal, step);
                        code.f.op(Op::Add);
                    }
                }
                code.f.emit(Op::StoreLocal, next);
                if let Step::Local { rounds, .. } = step {
                    code.f.emit(Op::LoadLocal, rounds);
                    self.push(code, Const::Int(1));
                    code.f.op(Op::Sub);
                    code.f.emit(Op::StoreLocal, rounds);
                }
            }
        }
        code.f.jump(Op::Jump, top);
        code.f.bind(no);
    }

    /// The arguments, if an expression is a call of the builtin `range` with one to three of them.
    fn as_range<'e>(&self, code: &Code, expr: &'e Expr) -> Option<&'e [Expr]> {
        let ExprKind::Call { callee, args, keywords } = &expr.kind else { return None };
        let ExprKind::Name(name) = &callee.kind else { return None };
        let fits = &**name == "range" && self.binding(code, name).is_none() && keywords.is_empty();
        let fits = fits && !has_star(args);
        (fits && (1..=3).contains(&args.len())).then_some(args)
    }

    fn range(&mut self, code: &mut Code, target: &Target, arguments: &[Expr], span: Span) -> Source {
        let variable = match target {
            Target::Name(name, _) => written(name),
            _ => "target",
        };
        let (start, stop, step) = match arguments {
            [start, stop] => (Some(start), stop, None),
            [start, stop, step, ..] => (Some(start), stop, Some(step)),
            [stop, ..] => (None, stop, None),
            [] => return Source::Iterator(code.temp()),
        };
        // All are evaluated before one is looked at. Nobody can tell where that cannot fail, or the others have no effect.
        let mut held = Vec::new();
        let first = arguments.iter().position(|arg| known(arg).is_none()).unwrap_or(arguments.len());
        let mut later = arguments.iter().skip(first + 1);
        if !later.all(|arg| self.is_plain(code, arg) || known(arg).is_some()) {
            for arg in arguments {
                self.expr(code, arg);
                held.push(self.store_temp(code));
            }
        }
        let known_step = step.map_or(Some(1), known);
        let next = code.f.local(&format!("(next {variable})"));
        match start {
            Some(start) => self.index(code, start, held.first(), span),
            None => self.push(code, Const::Int(0)),
        }
        code.f.emit(Op::StoreLocal, next);
        let end = match known(stop) {
            Some(end) => End::Constant(end),
            None => {
                self.index(code, stop, held.get(usize::from(start.is_some())), span);
                let slot = code.f.local(&format!("(end of {variable})"));
                code.f.emit(Op::StoreLocal, slot);
                End::Local(slot)
            }
        };
        let step = match (known_step, step) {
            (Some(0), _) => {
                self.at(code, span);
                self.raise(code, "ValueError", "range() arg 3 must not be zero");
                Step::Known(1)
            }
            (Some(step), _) => Step::Known(step),
            (None, Some(given)) => {
                self.index(code, given, held.get(2), span);
                let step = code.f.local(&format!("(step of {variable})"));
                let rounds = code.f.local(&format!("(rounds of {variable})"));
                code.f.emit(Op::StoreLocal, step);
                self.count_rounds(code, next, end, step);
                code.f.emit(Op::StoreLocal, rounds);
                Step::Local { step, rounds }
            }
            (None, None) => Step::Known(1),
        };
        held.into_iter().rev().for_each(|slot| code.release(slot));
        Source::Range { next, end, step }
    }

    /// Pushes an argument of `range`: an int.
    fn index(&mut self, code: &mut Code, expr: &Expr, held: Option<&u32>, span: Span) {
        match held {
            Some(&slot) => _ = code.f.emit(Op::LoadLocal, slot),
            None => self.expr(code, expr),
        }
        if !matches!(expr.kind, ExprKind::Const(Const::Int(_))) {
            self.at(code, span);
            code.f.emit(Op::Builtin1, Builtin1::Index.number());
        }
    }

    fn end(&mut self, code: &mut Code, end: End) {
        match end {
            End::Constant(value) => self.push(code, Const::Int(value)),
            End::Local(slot) => _ = code.f.emit(Op::LoadLocal, slot),
        }
    }

    /// Pushes how many rounds a loop has whose step is not known.
    fn count_rounds(&mut self, code: &mut Code, next: u32, end: End, step: u32) {
        let (fine, down, counted) = (code.f.label(), code.f.label(), code.f.label());
        code.f.emit(Op::LoadLocal, step);
        code.f.jump(Op::JumpIfNotZero, fine);
        self.raise(code, "ValueError", "range() arg 3 must not be zero");
        code.f.bind(fine);
        code.f.emit(Op::LoadLocal, step);
        self.push(code, Const::Int(0));
        code.f.op(Op::Gt);
        code.f.jump(Op::JumpIfZero, down);
        // (end - start + step - 1) // step
        self.end(code, end);
        code.f.emit(Op::LoadLocal, next);
        code.f.op(Op::Sub);
        code.f.emit(Op::LoadLocal, step);
        code.f.op(Op::Add);
        self.push(code, Const::Int(1));
        code.f.op(Op::Sub);
        code.f.emit(Op::LoadLocal, step);
        code.f.op(Op::FloorDiv);
        code.f.jump(Op::Jump, counted);
        code.f.bind(down);
        // (start - end - step - 1) // -step
        code.f.emit(Op::LoadLocal, next);
        self.end(code, end);
        code.f.op(Op::Sub);
        code.f.emit(Op::LoadLocal, step);
        code.f.op(Op::Sub);
        self.push(code, Const::Int(1));
        code.f.op(Op::Sub);
        code.f.emit(Op::LoadLocal, step);
        code.f.op(Op::Neg);
        code.f.op(Op::FloorDiv);
        code.f.bind(counted);
    }
}

/// The int that an expression is written as.
fn known(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Const(Const::Int(i)) => Some(*i),
        ExprKind::Unary(UnaryOp::Neg, operand) => match operand.kind {
            ExprKind::Const(Const::Int(i)) => i.checked_neg(),
            _ => None,
        },
        _ => None,
    }
}
