//! What is assigned to: names, subscripts, tuples of these in any shape.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. A value that is
//! unpacked may be a list that one of the targets changes, as in `a[1], b = a`: then all of its values are taken out before the first is
//! stored. Tuples that are written out on both sides (`a, b = b, a`) are never made.

use super::expr::operator;
use super::{Code, Lower, simple_names, store};
use crate::ast::{Expr, ExprKind, Name, Span, Target};
use crate::feature::Feature;
use crate::scope::{Binding, target_exprs};
use crate::traceback::Wording;
use bytecode::{Augmented, BinOp, Const, Op};

/// The most targets on one side of a star.
const MAX_AROUND_STAR: usize = 65_535;

impl Lower<'_, '_, '_> {
    pub(super) fn assignment(&mut self, code: &mut Code, targets: &[Target], value: &Expr) {
        if let [target] = targets {
            match target {
                Target::Subscript { base, index, span } if self.is_early(code, base, index, value) => {
                    self.expr(code, base);
                    self.expr(code, index);
                    self.expr(code, value);
                    self.at(code, *span);
                    code.f.op(Op::StoreIndex);
                    return;
                }
                Target::Tuple(parts, _) => {
                    if let Some((x, y)) = self.as_divmod(code, value)
                        && let [q, r] = &**parts
                        && !matches!((q, r), (Target::Star(_), _) | (_, Target::Star(_)))
                    {
                        return self.assign_divmod(code, q, r, (x, y), value.span);
                    }
                    if let ExprKind::Tuple(values) | ExprKind::List(values) = &value.kind
                        && values.len() == parts.len()
                        && !values.iter().any(|value| matches!(value.kind, ExprKind::Starred(_)))
                        && !parts.iter().any(|part| matches!(part, Target::Star(_)))
                    {
                        return self.assign_each(code, parts, values);
                    }
                }
                _ => {}
            }
        }
        self.expr(code, value);
        for (at, target) in targets.iter().enumerate() {
            if at + 1 < targets.len() {
                code.f.op(Op::Dup);
            }
            self.store_target(code, target);
        }
    }

    /// Whether nobody can tell that the parts of a subscript are read before the value that is assigned to it is evaluated.
    fn is_early(&self, code: &Code, base: &Expr, index: &Expr, value: &Expr) -> bool {
        self.is_plain(code, base) && self.is_plain(code, index) && !self.assigns(std::slice::from_ref(value))
    }

    /// As many values as targets, all written out.
    fn assign_each(&mut self, code: &mut Code, parts: &[Target], values: &[Expr]) {
        // No name twice: in which order they are stored nobody can tell.
        if let Some(names) = simple_names(parts) {
            values.iter().for_each(|value| self.expr(code, value));
            for (name, span) in names.into_iter().rev() {
                self.at(code, span);
                self.assign(code, name, span);
            }
            return;
        }
        let mut held = Vec::new();
        for value in values {
            self.expr(code, value);
            held.push(self.store_temp(code));
        }
        for (part, &slot) in parts.iter().zip(&held) {
            self.store_held(code, part, slot);
        }
        held.into_iter().rev().for_each(|slot| code.release(slot));
    }

    fn assign_divmod(&mut self, code: &mut Code, q: &Target, r: &Target, (x, y): (&Expr, &Expr), span: Span) {
        let [quotient, remainder] = self.divmod(code, x, y, span);
        self.store_held(code, q, quotient);
        self.store_held(code, r, remainder);
        code.release(remainder);
        code.release(quotient);
    }

    /// Pops a value into a target.
    pub(super) fn store_target(&mut self, code: &mut Code, target: &Target) {
        match target {
            Target::Name(name, span) => self.assign(code, name, *span),
            Target::Subscript { .. } => {
                let value = self.store_temp(code);
                self.store_held(code, target, value);
                code.release(value);
            }
            Target::Tuple(parts, span) => self.unpack(code, parts, *span),
            Target::Star(part) => self.store_target(code, part),
            Target::Refused => _ = code.f.op(Op::Pop),
        }
    }

    /// Stores a value that is in a local.
    fn store_held(&mut self, code: &mut Code, target: &Target, value: u32) {
        if let Target::Subscript { base, index, span } = target {
            self.expr(code, base);
            self.expr(code, index);
            code.f.emit(Op::LoadLocal, value);
            self.at(code, *span);
            code.f.op(Op::StoreIndex);
            return;
        }
        code.f.emit(Op::LoadLocal, value);
        self.store_target(code, target);
    }

    /// Pops an iterable and stores its values.
    fn unpack(&mut self, code: &mut Code, parts: &[Target], span: Span) {
        self.at(code, span);
        match parts.iter().position(|part| matches!(part, Target::Star(_))) {
            None => code.f.emit(Op::Unpack, parts.len() as u32),
            Some(before) => {
                let after = parts.len() - before - 1;
                if before.max(after) > MAX_AROUND_STAR {
                    self.refuse(span, Feature::TooLong);
                }
                code.f.emit(Op::UnpackStar, (before + (after << 16)) as u32)
            }
        };
        let mut changes = false;
        parts.iter().for_each(|part| target_exprs(part, &mut |_| changes = true));
        if changes {
            let held = self.store_temp(code);
            for at in (0..parts.len()).rev() {
                code.f.emit(Op::LoadLocal, held);
                code.f.emit(Op::Item, at as u32);
            }
            code.release(held);
            return parts.iter().for_each(|part| self.store_target(code, part));
        }
        for (at, part) in parts.iter().enumerate() {
            if at + 1 < parts.len() {
                code.f.op(Op::Dup);
            }
            self.at(code, span);
            code.f.emit(Op::Item, at as u32);
            self.store_target(code, part);
        }
        if parts.is_empty() {
            code.f.op(Op::Pop);
        }
    }

    pub(super) fn augmented(
        &mut self,
        code: &mut Code,
        target: &Target,
        op: BinOp,
        value: &Expr,
        span: Span,
    ) {
        match target {
            Target::Name(name, name_span) => {
                match self.binding(code, name) {
                    Some(Binding::Variable) => self.read(code, name, *name_span),
                    _ => {
                        self.refuse_name(*name_span, Feature::FunctionRebound, name);
                        self.push(code, Const::None);
                    }
                }
                self.augment(code, op, value, span);
                self.assign(code, name, *name_span);
            }
            Target::Subscript { base, index, span: place } => {
                self.expr(code, base);
                self.expr(code, index);
                self.at(code, *place);
                code.f.op(Op::Over);
                code.f.op(Op::Over);
                code.f.op(Op::Index);
                self.augment(code, op, value, span);
                self.at(code, *place);
                code.f.op(Op::StoreIndex);
            }
            Target::Tuple(..) | Target::Star(_) | Target::Refused => self.look_at(code, value),
        }
    }

    /// Operates on the value on top of the stack.
    fn augment(&mut self, code: &mut Code, op: BinOp, value: &Expr, span: Span) {
        self.expr(code, value);
        self.at(code, span);
        let inplace = match op {
            BinOp::Add => Augmented::Add,
            BinOp::Sub => Augmented::Sub,
            BinOp::Mul => Augmented::Mul,
            BinOp::And => Augmented::And,
            BinOp::Or => Augmented::Or,
            BinOp::Xor => Augmented::Xor,
            _ => {
                let pc = code.f.op(operator(op));
                self.wordings.insert((code.f.name().to_owned(), pc), Wording::Augmented);
                return;
            }
        };
        code.f.op(operator(BinOp::Augmented(inplace)));
    }

    pub(super) fn delete(&mut self, code: &mut Code, target: &Target) {
        match target {
            Target::Name(name, span) => self.delete_name(code, name, *span),
            Target::Subscript { base, index, span } => {
                self.expr(code, base);
                self.expr(code, index);
                self.at(code, *span);
                code.f.op(Op::DeleteIndex);
            }
            Target::Tuple(parts, _) => parts.iter().for_each(|part| self.delete(code, part)),
            Target::Star(_) | Target::Refused => {}
        }
    }

    /// A variable that is deleted has a flag, and no longer holds its value.
    fn delete_name(&mut self, code: &mut Code, name: &Name, span: Span) {
        match self.binding(code, name) {
            Some(Binding::Variable) => {}
            _ => return self.refuse_name(span, Feature::FunctionRebound, name),
        }
        let (place, flag) = self.place(code, name);
        let Some(flag) = flag else { return };
        let local = self.is_local(code, name);
        self.at(code, span);
        self.check_bound(code, flag, name, span, local);
        self.push(code, Const::None);
        store(code, place);
        self.push(code, Const::Bool(false));
        store(code, flag);
    }

    /// A variable has no value from here on, whether it had one or not.
    pub(super) fn unbind(&mut self, code: &mut Code, name: &Name) {
        if !matches!(self.binding(code, name), Some(Binding::Variable)) {
            return;
        }
        let (place, flag) = self.place(code, name);
        self.push(code, Const::None);
        store(code, place);
        if let Some(flag) = flag {
            self.push(code, Const::Bool(false));
            store(code, flag);
        }
    }
}
