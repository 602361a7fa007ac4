//! `try`, and what leaves it: `return`, `break` and `continue` in its middle.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! Where control leaves a `try` for a place outside of it, it first passes everything that is around it, from the inside out: it ends
//! the `try`, says that an exception is no longer being handled, and runs what is in `finally`. That code exists once, however many ways
//! lead there: each notes in a variable where it goes on afterwards. So the code is as long as the program, and no `finally` in a
//! `finally` doubles it.

use super::{Code, Lower};
use crate::ast::{Block, ExceptHandler, Expr, ExprKind, Name, Span};
use crate::feature::Feature;
use crate::names;
use bytecode::build::Label;
use bytecode::{Builtin2, Const, Op, Routine};

/// Where control goes when it has passed everything around it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    /// To the caller, with the value in this local.
    Return(u32),
    /// To a label, past what is around it beyond so many.
    Label(Label, usize),
}

/// Something that control must pass when it leaves.
#[derive(Debug)]
pub(super) enum Guard {
    /// A `try`.
    Try,
    /// A handler of exceptions, in a `try` of its own: this local has what was being handled before.
    Handler { before: u32 },
    /// The body of a `try` with a `finally`.
    Finally(Finally),
    /// What is in a `finally`.
    Final { why: u32, before: u32 },
}

/// A `finally` that ways out of its `try` lead to.
#[derive(Debug)]
pub(super) struct Finally {
    /// The local that says why control comes.
    why: u32,
    code: Label,
    /// Where it goes on, by the number that `why` is.
    goals: Vec<Goal>,
}

/// Why control comes to a `finally`: because the `try` is over, because of an exception, or on its way to one of the goals, which follow.
const OVER: i64 = 0;
const EXCEPTION: i64 = 1;
const FIRST_GOAL: i64 = 2;

impl Lower<'_, '_, '_> {
    pub(super) fn attempt(
        &mut self,
        code: &mut Code,
        body: &Block,
        handlers: &[ExceptHandler],
        otherwise: &Block,
        finally: &Block,
    ) {
        if finally.is_empty() {
            self.except(code, body, handlers, otherwise);
        } else {
            self.finally(code, finally, |lower, code| {
                if handlers.is_empty() {
                    lower.block(code, body);
                    lower.block(code, otherwise);
                } else {
                    lower.except(code, body, handlers, otherwise);
                }
            });
        }
    }

    fn except(&mut self, code: &mut Code, body: &Block, handlers: &[ExceptHandler], otherwise: &Block) {
        let (handler, failed, done) = (code.f.label(), code.f.label(), code.f.label());
        code.f.jump(Op::Try, handler);
        code.guards.push(Guard::Try);
        self.block(code, body);
        code.guards.pop();
        code.f.op(Op::EndTry);
        self.block(code, otherwise);
        code.f.jump(Op::Jump, done);

        code.f.bind(handler);
        let exception = self.store_temp(code);
        let before = self.handle(code, exception);
        code.f.jump(Op::Try, failed);
        code.guards.push(Guard::Handler { before });
        for clause in handlers {
            self.at(code, clause.span);
            let next = code.f.label();
            if let Some(class) = &clause.class {
                code.f.emit(Op::LoadLocal, exception);
                self.classes(code, class);
                code.f.emit(Op::Routine, Routine::ExceptionIs.number());
                code.f.jump(Op::JumpIfZero, next);
            }
            if let Some((name, span)) = &clause.name {
                code.f.emit(Op::LoadLocal, exception);
                self.assign(code, name, *span);
            }
            self.block(code, &clause.body);
            self.forget(code, clause);
            self.leave_handler(code, before);
            code.f.jump(Op::Jump, done);
            code.f.bind(next);
        }
        code.guards.pop();
        self.leave_handler(code, before);
        code.f.emit(Op::LoadLocal, exception);
        code.f.op(Op::Reraise);

        // An exception in a handler: the one that was being handled is no more.
        code.f.bind(failed);
        self.restore(code, before);
        for clause in handlers {
            self.forget(code, clause);
        }
        code.f.op(Op::Reraise);
        code.f.bind(done);
        code.release(exception);
        code.release(before);
    }

    /// An exception's name has no value after its clause.
    fn forget(&mut self, code: &mut Code, clause: &ExceptHandler) {
        if let Some((name, _)) = &clause.name {
            self.unbind(code, name);
        }
    }

    /// Pushes the names of the classes that a clause handles.
    fn classes(&mut self, code: &mut Code, class: &Expr) {
        match &class.kind {
            ExprKind::Name(name) if self.is_exception_class(code, name) => self.push_str(code, name),
            ExprKind::Tuple(classes) => {
                for class in classes {
                    match &class.kind {
                        ExprKind::Name(name) if self.is_exception_class(code, name) => {
                            self.push_str(code, name)
                        }
                        _ => self.refuse_class(code, class.span),
                    }
                }
                code.f.emit(Op::Tuple, classes.len() as u32);
            }
            _ => self.refuse_class(code, class.span),
        }
    }

    fn refuse_class(&mut self, code: &mut Code, span: Span) {
        self.refuse(span, Feature::ExceptClass);
        self.push_str(code, "Exception");
    }

    /// Whether a name is a builtin class of exceptions.
    pub(super) fn is_exception_class(&self, code: &Code, name: &Name) -> bool {
        names::is_exception(name) && self.binding(code, name).is_none()
    }

    /// Says that an exception is being handled; gives the local that has what was before.
    fn handle(&mut self, code: &mut Code, exception: u32) -> u32 {
        code.f.emit(Op::LoadLocal, exception);
        code.f.emit(Op::Routine, Routine::Handled.number());
        self.store_temp(code)
    }

    /// Says that what was being handled before is being handled again.
    fn restore(&mut self, code: &mut Code, before: u32) {
        code.f.emit(Op::LoadLocal, before);
        code.f.emit(Op::Routine, Routine::Handled.number());
        code.f.op(Op::Pop);
    }

    fn leave_handler(&mut self, code: &mut Code, before: u32) {
        code.f.op(Op::EndTry);
        self.restore(code, before);
    }

    /// The same, if an exception brought control to a `finally`.
    fn restore_if_raised(&mut self, code: &mut Code, why: u32, before: u32) {
        let other = code.f.label();
        self.jump_unless_why(code, why, EXCEPTION, other);
        self.restore(code, before);
        code.f.bind(other);
    }

    fn jump_unless_why(&mut self, code: &mut Code, why: u32, is: i64, to: Label) {
        code.f.emit(Op::LoadLocal, why);
        self.push(code, Const::Int(is));
        code.f.op(Op::Eq);
        code.f.jump(Op::JumpIfZero, to);
    }

    fn set_why(&mut self, code: &mut Code, why: u32, is: i64) {
        self.push(code, Const::Int(is));
        code.f.emit(Op::StoreLocal, why);
    }

    fn finally(&mut self, code: &mut Code, finally: &Block, body: impl FnOnce(&mut Self, &mut Code)) {
        let (raised, start, failed, done) = (code.f.label(), code.f.label(), code.f.label(), code.f.label());
        let (why, exception, before) = (code.temp(), code.temp(), code.temp());
        code.f.jump(Op::Try, raised);
        code.guards.push(Guard::Finally(Finally { why, code: start, goals: Vec::new() }));
        body(self, code);
        let goals = match code.guards.pop() {
            Some(Guard::Finally(guard)) => guard.goals,
            _ => Vec::new(),
        };
        code.f.op(Op::EndTry);
        self.set_why(code, why, OVER);
        code.f.jump(Op::Jump, start);

        code.f.bind(raised);
        code.f.emit(Op::StoreLocal, exception);
        self.set_why(code, why, EXCEPTION);
        code.f.emit(Op::LoadLocal, exception);
        code.f.emit(Op::Routine, Routine::Handled.number());
        code.f.emit(Op::StoreLocal, before);

        code.f.bind(start);
        code.f.jump(Op::Try, failed);
        code.guards.push(Guard::Final { why, before });
        self.block(code, finally);
        code.guards.pop();
        code.f.op(Op::EndTry);
        let over = code.f.label();
        self.jump_unless_why(code, why, EXCEPTION, over);
        self.restore(code, before);
        code.f.emit(Op::LoadLocal, exception);
        code.f.op(Op::Reraise);
        code.f.bind(over);
        for (number, goal) in (FIRST_GOAL..).zip(goals) {
            let next = code.f.label();
            self.jump_unless_why(code, why, number, next);
            self.leave(code, goal);
            code.f.bind(next);
        }
        code.f.jump(Op::Jump, done);

        code.f.bind(failed);
        self.restore_if_raised(code, why, before);
        code.f.op(Op::Reraise);
        code.f.bind(done);
        for temporary in [why, exception, before] {
            code.release(temporary);
        }
    }

    /// Goes to a goal, past all that is around this place.
    pub(super) fn leave(&mut self, code: &mut Code, goal: Goal) {
        let until = match goal {
            Goal::Return(_) => 0,
            Goal::Label(_, depth) => depth,
        };
        for at in (until..code.guards.len()).rev() {
            match &mut code.guards[at] {
                Guard::Try => _ = code.f.op(Op::EndTry),
                &mut Guard::Handler { before } => self.leave_handler(code, before),
                &mut Guard::Final { why, before } => {
                    code.f.op(Op::EndTry);
                    self.restore_if_raised(code, why, before);
                }
                Guard::Finally(Finally { why, code: start, goals }) => {
                    goals.push(goal);
                    let (why, start, number) = (*why, *start, FIRST_GOAL + goals.len() as i64 - 1);
                    code.f.op(Op::EndTry);
                    self.set_why(code, why, number);
                    code.f.jump(Op::Jump, start);
                    return;
                }
            }
        }
        match goal {
            Goal::Return(value) => {
                code.f.emit(Op::LoadLocal, value);
                code.f.op(Op::Ret);
            }
            Goal::Label(label, _) => _ = code.f.jump(Op::Jump, label),
        }
    }

    /// `return`, with the value on the stack.
    pub(super) fn leave_function(&mut self, code: &mut Code) {
        if code.guards.is_empty() {
            code.f.op(Op::Ret);
            return;
        }
        // One local for all of them: only one return is under way.
        let value = match code.returned {
            Some(slot) => slot,
            None => code.f.local("(returned)"),
        };
        code.returned = Some(value);
        code.f.emit(Op::StoreLocal, value);
        self.leave(code, Goal::Return(value));
    }

    /// `raise`: what is being handled.
    pub(super) fn raise_again(&mut self, code: &mut Code) {
        let some = code.f.label();
        self.push(code, Const::None);
        code.f.emit(Op::Routine, Routine::Handled.number());
        let exception = self.store_temp(code);
        code.f.emit(Op::LoadLocal, exception);
        code.f.emit(Op::Routine, Routine::Handled.number());
        code.f.op(Op::Pop);
        code.f.emit(Op::LoadLocal, exception);
        self.push(code, Const::None);
        code.f.emit(Op::Builtin2, Builtin2::Is.number());
        code.f.jump(Op::JumpIfZero, some);
        self.raise(code, "RuntimeError", "No active exception to reraise");
        code.f.bind(some);
        code.f.emit(Op::LoadLocal, exception);
        code.f.op(Op::Reraise);
        code.release(exception);
    }

    /// `raise value from cause`.
    pub(super) fn raise_value(&mut self, code: &mut Code, value: &Expr, cause: Option<&Expr>, span: Span) {
        self.exception(code, value);
        if let Some(cause) = cause {
            self.exception(code, cause);
            self.at(code, span);
            code.f.emit(Op::Routine, Routine::Because.number());
        }
        self.at(code, span);
        code.f.op(Op::RaiseValue);
    }

    /// Pushes an exception: a class makes one of its own.
    fn exception(&mut self, code: &mut Code, value: &Expr) {
        match &value.kind {
            ExprKind::Name(name) if self.is_exception_class(code, name) => {
                self.new_exception(code, name, &[]);
            }
            _ => self.expr(code, value),
        }
    }

    /// Pushes a new exception of a class.
    pub(super) fn new_exception(&mut self, code: &mut Code, class: &str, args: &[Expr]) {
        self.push_str(code, class);
        args.iter().for_each(|arg| self.expr(code, arg));
        code.f.emit(Op::Tuple, args.len() as u32);
        code.f.emit(Op::Routine, Routine::Exception.number());
    }
}
