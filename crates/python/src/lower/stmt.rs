//! Statements.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! A `for` over a `range` becomes a loop that counts: bounds are evaluated once, the count is a local that the program
//! cannot name, and the loop's variable is assigned when a round begins, so that nothing that the body assigns disturbs
//! it.

use super::expr::operator;
use super::{Code, Loop, Lower, default_name, ends, is_true, simple_names, store};
use crate::ast::{Block, Expr, ExprKind, Function, Name, Span, Stmt, StmtKind, Target};
use crate::feature::Feature;
use crate::names;
use crate::scope::Binding;
use bytecode::{Builtin1, Builtin2, Const, Op};

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
            StmtKind::Augmented { name, name_span, op, value } => {
                match self.binding(code, name) {
                    Some(Binding::Variable) => self.read(code, name, *name_span),
                    _ => {
                        self.refuse_name(*name_span, Feature::FunctionRebound, name);
                        self.push(code, Const::None);
                    }
                }
                self.expr(code, value);
                self.at(code, stmt.span);
                let pc = code.f.op(operator(*op));
                self.augmented.insert((code.f.name().to_owned(), pc));
                self.assign(code, name, *name_span);
            }
            StmtKind::If { branches, otherwise } => self.branches(code, branches, otherwise),
            StmtKind::While { test, body, otherwise } => {
                let (top, no, done) = (code.f.label(), code.f.label(), code.f.label());
                code.f.bind(top);
                self.jump_unless(code, test, no);
                code.loops.push(Loop { done, again: top });
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
                code.f.op(Op::Ret);
            }
            StmtKind::Break => {
                if let Some(done) = code.loops.last().map(|l| l.done) {
                    code.f.jump(Op::Jump, done);
                }
            }
            StmtKind::Continue => {
                if let Some(again) = code.loops.last().map(|l| l.again) {
                    code.f.jump(Op::Jump, again);
                }
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
                    self.refuse_name(*class_span, Feature::Raise, class);
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

    fn assignment(&mut self, code: &mut Code, targets: &[Target], value: &Expr) {
        let tuples = targets.iter().any(|t| matches!(t, Target::Tuple(..)));
        if !tuples {
            self.expr(code, value);
            for (at, target) in targets.iter().enumerate() {
                if at + 1 < targets.len() {
                    code.f.op(Op::Dup);
                }
                match target {
                    Target::Name(name, span) => self.assign(code, name, *span),
                    _ => _ = code.f.op(Op::Pop),
                }
            }
            return;
        }
        let only = match targets {
            [Target::Tuple(parts, _)] => simple_names(parts),
            _ => None,
        };
        // `a, b = divmod(x, y)`
        if let Some((x, y)) = self.as_divmod(code, value) {
            return self.divmod(code, targets, only.as_deref(), x, y, value.span);
        }
        let ExprKind::Tuple(values) = &value.kind else {
            self.refuse(value.span, Feature::Unpacking);
            return self.look_at(code, value);
        };
        // As many names as values, no name twice: in which order they are stored nobody can tell.
        if let Some(names) = only
            && names.len() == values.len()
        {
            values.iter().for_each(|value| self.expr(code, value));
            for (name, span) in names.into_iter().rev() {
                self.at(code, span);
                self.assign(code, name, span);
            }
            return;
        }
        let held = self.hold(code, values);
        for target in targets {
            self.unpack(code, target, &held);
        }
        self.release(code, held);
    }

    /// Evaluates what stands in tuples, from left to right.
    fn hold(&mut self, code: &mut Code, values: &[Expr]) -> Vec<Held> {
        let mut all = Vec::new();
        for value in values {
            all.push(match &value.kind {
                ExprKind::Tuple(parts) => Held::Tuple(self.hold(code, parts), value.span),
                _ => {
                    self.expr(code, value);
                    Held::Value(self.store_temp(code))
                }
            });
        }
        all
    }

    fn release(&mut self, code: &mut Code, held: Vec<Held>) {
        for one in held {
            match one {
                Held::Value(slot) => code.release(slot),
                Held::Tuple(parts, _) => self.release(code, parts),
            }
        }
    }

    fn unpack(&mut self, code: &mut Code, target: &Target, held: &[Held]) {
        match target {
            Target::Tuple(parts, span) => {
                self.at(code, *span);
                let (wanted, given) = (parts.len(), held.len());
                if wanted != given {
                    let message = if given > wanted {
                        format!("too many values to unpack (expected {wanted})")
                    } else {
                        format!("not enough values to unpack (expected {wanted}, got {given})")
                    };
                    return self.raise(code, "ValueError", &message);
                }
                for (part, one) in parts.iter().zip(held) {
                    match (part, one) {
                        (Target::Name(name, span), Held::Value(slot)) => {
                            code.f.emit(Op::LoadLocal, *slot);
                            self.assign(code, name, *span);
                        }
                        (Target::Name(..), Held::Tuple(_, span)) => self.refuse(*span, Feature::Tuple),
                        (Target::Tuple(..), Held::Tuple(inner, _)) => self.unpack(code, part, inner),
                        (Target::Tuple(_, span), Held::Value(..)) => self.refuse(*span, Feature::Unpacking),
                        (Target::Refused, _) => {}
                    }
                }
            }
            // The whole tuple would be its value.
            Target::Name(_, span) => self.refuse(*span, Feature::Tuple),
            Target::Refused => {}
        }
    }

    fn divmod(
        &mut self,
        code: &mut Code,
        targets: &[Target],
        names: Option<&[(&Name, Span)]>,
        x: &Expr,
        y: &Expr,
        span: Span,
    ) {
        self.expr(code, x);
        self.expr(code, y);
        self.at(code, span);
        code.f.op(Op::Over);
        code.f.op(Op::Over);
        code.f.emit(Op::Builtin2, Builtin2::DivmodQuotient.number());
        let quotient = self.store_temp(code);
        code.f.emit(Op::Builtin2, Builtin2::DivmodRemainder.number());
        let remainder = self.store_temp(code);
        if let Some([(q, q_span), (r, r_span)]) = names {
            code.f.emit(Op::LoadLocal, quotient);
            self.assign(code, q, *q_span);
            code.f.emit(Op::LoadLocal, remainder);
            self.assign(code, r, *r_span);
        } else {
            let held = vec![Held::Value(quotient), Held::Value(remainder)];
            targets.iter().for_each(|target| self.unpack(code, target, &held));
        }
        code.release(remainder);
        code.release(quotient);
    }

    fn for_loop(&mut self, code: &mut Code, target: &Target, iter: &Expr, body: &Block, otherwise: &Block) {
        let Some(arguments) = self.as_range(code, iter) else {
            self.refuse(iter.span, Feature::Iteration);
            self.look_at_iterable(code, iter);
            self.block_in_loop(code, body);
            return self.block(code, otherwise);
        };
        let Target::Name(variable, variable_span) = target else {
            if let Target::Tuple(_, span) = target {
                self.refuse(*span, Feature::Unpacking);
            }
            self.block_in_loop(code, body);
            return self.block(code, otherwise);
        };
        let constant = |expr: &Expr| match &expr.kind {
            ExprKind::Const(Const::Int(i)) => Some(*i),
            ExprKind::Unary(crate::ast::UnaryOp::Neg, operand) => match operand.kind {
                ExprKind::Const(Const::Int(i)) => i.checked_neg(),
                _ => None,
            },
            _ => None,
        };
        let (start, stop, step) = match arguments {
            [stop] => (None, stop, None),
            [start, stop] => (Some(start), stop, None),
            [start, stop, step, ..] => (Some(start), stop, Some(step)),
            [] => return,
        };
        let known_step = step.map_or(Some(1), constant);
        let next = code.f.local(&format!("(next {variable})"));
        match start {
            Some(start) => self.index(code, start, iter.span),
            None => self.push(code, Const::Int(0)),
        }
        code.f.emit(Op::StoreLocal, next);
        // A constant needs no local, nor does a local that the loop does not assign.
        let end = match constant(stop) {
            Some(end) => End::Constant(end),
            None => {
                self.index(code, stop, iter.span);
                let slot = code.f.local(&format!("(end of {variable})"));
                code.f.emit(Op::StoreLocal, slot);
                End::Local(slot)
            }
        };
        let parts = Range { variable, variable_span: *variable_span, next, span: iter.span };
        match known_step {
            Some(0) => {
                self.at(code, iter.span);
                self.raise(code, "ValueError", "range() arg 3 must not be zero");
            }
            Some(step) => self.counted(code, &parts, &end, step, body, otherwise),
            None => {
                if let Some(step) = step {
                    self.index(code, step, iter.span);
                }
                self.any_step(code, &parts, &end, body, otherwise);
            }
        }
    }

    fn block_in_loop(&mut self, code: &mut Code, body: &Block) {
        let (done, again) = (code.f.label(), code.f.label());
        code.f.bind(again);
        code.loops.push(Loop { done, again });
        self.block(code, body);
        code.loops.pop();
        code.f.bind(done);
    }

    /// Looks for what else is not supported in what a loop iterates over.
    fn look_at_iterable(&mut self, code: &mut Code, iter: &Expr) {
        match &iter.kind {
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.look_at(code, arg)),
            ExprKind::Tuple(parts) => parts.iter().for_each(|part| self.look_at(code, part)),
            _ => {}
        }
    }

    /// The arguments, if an expression is a call of the builtin `range` with one to three of them.
    fn as_range<'e>(&self, code: &Code, expr: &'e Expr) -> Option<&'e [Expr]> {
        let ExprKind::Call { callee, args, keywords } = &expr.kind else { return None };
        let ExprKind::Name(name) = &callee.kind else { return None };
        let fits = &**name == "range" && self.binding(code, name).is_none() && keywords.is_empty();
        (fits && (1..=3).contains(&args.len())).then_some(args)
    }

    /// Pushes an argument of `range`: an int.
    fn index(&mut self, code: &mut Code, expr: &Expr, span: Span) {
        self.expr(code, expr);
        if !matches!(expr.kind, ExprKind::Const(Const::Int(_))) {
            self.at(code, span);
            code.f.emit(Op::Builtin1, Builtin1::Index.number());
        }
    }

    /// A loop whose step is known.
    fn counted(
        &mut self,
        code: &mut Code,
        range: &Range<'_>,
        end: &End,
        step: i64,
        body: &Block,
        otherwise: &Block,
    ) {
        let (top, again, no, done) = (code.f.label(), code.f.label(), code.f.label(), code.f.label());
        code.f.bind(top);
        self.at(code, range.span);
        code.f.emit(Op::LoadLocal, range.next);
        self.end(code, end);
        code.f.op(if step > 0 { Op::Lt } else { Op::Gt });
        code.f.jump(Op::JumpIfZero, no);
        code.f.emit(Op::LoadLocal, range.next);
        self.assign(code, range.variable, range.variable_span);
        code.loops.push(Loop { done, again });
        self.block(code, body);
        code.loops.pop();
        code.f.bind(again);
        self.at(code, range.span);
        code.f.emit(Op::LoadLocal, range.next);
        if step < 0 && step != i64::MIN {
            self.push(code, Const::Int(-step));
            code.f.op(Op::Sub);
        } else {
            self.push(code, Const::Int(step));
            code.f.op(Op::Add);
        }
        code.f.emit(Op::StoreLocal, range.next);
        code.f.jump(Op::Jump, top);
        code.f.bind(no);
        self.block(code, otherwise);
        code.f.bind(done);
    }

    fn end(&mut self, code: &mut Code, end: &End) {
        match end {
            End::Constant(value) => self.push(code, Const::Int(*value)),
            End::Local(slot) => _ = code.f.emit(Op::LoadLocal, *slot),
        }
    }

    /// A loop whose step is on the stack: the rounds are counted beforehand.
    fn any_step(&mut self, code: &mut Code, range: &Range<'_>, end: &End, body: &Block, otherwise: &Block) {
        let step = code.f.local(&format!("(step of {})", range.variable));
        let rounds = code.f.local(&format!("(rounds of {})", range.variable));
        code.f.emit(Op::StoreLocal, step);
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
        code.f.emit(Op::LoadLocal, range.next);
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
        code.f.emit(Op::LoadLocal, range.next);
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
        code.f.emit(Op::StoreLocal, rounds);
        let (top, again, no, done) = (code.f.label(), code.f.label(), code.f.label(), code.f.label());
        code.f.bind(top);
        self.at(code, range.span);
        code.f.emit(Op::LoadLocal, rounds);
        self.push(code, Const::Int(0));
        code.f.op(Op::Gt);
        code.f.jump(Op::JumpIfZero, no);
        code.f.emit(Op::LoadLocal, range.next);
        self.assign(code, range.variable, range.variable_span);
        code.loops.push(Loop { done, again });
        self.block(code, body);
        code.loops.pop();
        code.f.bind(again);
        self.at(code, range.span);
        code.f.emit(Op::LoadLocal, range.next);
        code.f.emit(Op::LoadLocal, step);
        code.f.op(Op::Add);
        code.f.emit(Op::StoreLocal, range.next);
        code.f.emit(Op::LoadLocal, rounds);
        self.push(code, Const::Int(1));
        code.f.op(Op::Sub);
        code.f.emit(Op::StoreLocal, rounds);
        code.f.jump(Op::Jump, top);
        code.f.bind(no);
        self.block(code, otherwise);
        code.f.bind(done);
    }
}

/// A value that waits to be stored, or a tuple of such.
enum Held {
    Value(u32),
    Tuple(Vec<Held>, Span),
}

/// The variable of a loop, and the local that counts.
struct Range<'a> {
    variable: &'a Name,
    variable_span: Span,
    next: u32,
    span: Span,
}

/// Where a loop ends.
enum End {
    Constant(i64),
    Local(u32),
}
