//! Statements.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.

use super::tries::Goal;
use super::{Code, Loop, Lower, default_name, ends, is_true, store};
use crate::ast::{Block, Expr, ExprKind, Function, Name, Span, Stmt, StmtKind};
use crate::feature::Feature;
use crate::names;
use crate::scope::Binding;
use bytecode::{Builtin1, Const, Op};

impl Lower<'_, '_, '_> {
    pub(super) fn block(&mut self, code: &mut Code, block: &Block) {
        for stmt in block {
            self.stmt(code, stmt);
        }
    }

    fn stmt(&mut self, code: &mut Code, stmt: &Stmt) {
        self.at(code, stmt.span);
        match &stmt.kind {
            StmtKind::Expr(Expr { kind: ExprKind::Const(_), .. }) => {}
            StmtKind::Expr(expr) => {
                if !self.statement_call(code, expr) {
                    self.expr(code, expr);
                    code.f.op(Op::Pop);
                }
            }
            StmtKind::Assign { targets, value } => self.assignment(code, targets, value),
            StmtKind::Augmented { target, op, value } => self.augmented(code, target, *op, value, stmt.span),
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.delete(code, target)),
            StmtKind::If { branches, otherwise } => self.branches(code, branches, otherwise),
            StmtKind::While { test, body, otherwise } => {
                let (top, no, done) = (code.f.label(), code.f.label(), code.f.label());
                code.f.bind(top);
                self.jump_unless(code, test, no);
                code.loops.push(Loop { done, again: top, guards: code.guards.len() });
                self.block(code, body);
                code.loops.pop();
                if !ends(body) {
                    code.f.jump(Op::Jump, top);
                }
                code.f.bind(no);
                if !is_true(test) {
                    self.block(code, otherwise);
                }
                code.f.bind(done);
            }
            StmtKind::For { target, iter, body, otherwise } => {
                self.for_loop(code, target, iter, body, otherwise)
            }
            StmtKind::Def(def) => self.definition(code, def),
            StmtKind::Return(value) => {
                match value {
                    Some(value) => self.expr(code, value),
                    None => self.push(code, Const::None),
                }
                self.at(code, stmt.span);
                self.leave_function(code);
            }
            StmtKind::Break => {
                if let Some(goal) = code.loops.last().map(|l| Goal::Label(l.done, l.guards)) {
                    self.leave(code, goal);
                }
            }
            StmtKind::Continue => {
                if let Some(goal) = code.loops.last().map(|l| Goal::Label(l.again, l.guards)) {
                    self.leave(code, goal);
                }
            }
            StmtKind::Try { body, handlers, otherwise, finally } => {
                self.attempt(code, body, handlers, otherwise, finally);
            }
            StmtKind::RaiseAgain => self.raise_again(code),
            StmtKind::RaiseValue { value, cause } => {
                self.raise_value(code, value, cause.as_ref(), stmt.span);
            }
            StmtKind::Pass | StmtKind::Global(_) | StmtKind::Declared(_) | StmtKind::Refused => {}
            StmtKind::Assert { test, message } => {
                let fine = code.f.label();
                self.jump_on(code, test, true, fine);
                self.at(code, stmt.span);
                self.push_str(code, "AssertionError");
                self.raise_with(code, message.as_ref(), false);
                code.f.bind(fine);
            }
            StmtKind::Raise { class, class_span, message } => {
                if self.binding(code, class).is_some() || !names::is_exception(class) {
                    self.refuse_name(*class_span, Feature::CallOfValue, class);
                }
                self.push_str(code, class);
                self.raise_with(code, message.as_ref(), &**class == "KeyError");
            }
            StmtKind::Import(bindings) => self.import(code, bindings),
        }
    }

    /// Pops a class and raises it with a message. `quoted`: the message is shown as `repr` writes it.
    fn raise_with(&mut self, code: &mut Code, message: Option<&Expr>, quoted: bool) {
        match message {
            Some(message) => {
                self.expr(code, message);
                let builtin = if quoted { Builtin1::Repr } else { Builtin1::Str };
                code.f.emit(Op::Builtin1, builtin.number());
            }
            None => self.push_str(code, ""),
        }
        code.f.op(Op::Raise);
    }

    fn import(&mut self, code: &mut Code, bindings: &[(Name, crate::ast::Import, Span)]) {
        for (_, import, span) in bindings {
            if let crate::ast::Import::Item(module, item) = import
                && !names::has_item(*module, item)
            {
                self.refuse_name(*span, Feature::ImportItem, item);
            }
        }
        code.f.op(Op::Nop);
    }

    fn branches(&mut self, code: &mut Code, branches: &[(Expr, Block)], otherwise: &Block) {
        let done = code.f.label();
        for (at, (test, block)) in branches.iter().enumerate() {
            let next = code.f.label();
            self.jump_unless(code, test, next);
            self.block(code, block);
            let last = at + 1 == branches.len() && otherwise.is_empty();
            if !last && !ends(block) {
                code.f.jump(Op::Jump, done);
            }
            code.f.bind(next);
        }
        self.block(code, otherwise);
        code.f.bind(done);
    }

    /// The `def` itself: evaluates defaults, and says that the function is there.
    fn definition(&mut self, code: &mut Code, def: &Function) {
        let Some(Binding::Function(index)) = self.scopes.module.get(&def.name).cloned() else { return };
        for (at, param) in def.params.iter().enumerate() {
            let Some(default) = &param.default else { continue };
            if matches!(default.kind, ExprKind::Const(_)) {
                continue;
            }
            self.expr(code, default);
            let global = self.program.global(&default_name(index, at));
            code.f.emit(Op::StoreGlobal, global);
        }
        if let Some(flag) = self.global_flag(code, &def.name) {
            self.push(code, Const::Bool(true));
            store(code, flag);
        }
    }
}
