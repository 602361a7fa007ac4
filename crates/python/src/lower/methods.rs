//! Calls of methods. Which method a value has is known when the program runs; which names any has, before.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.

use super::displays::has_star;
use super::{Code, Lower};
use crate::ast::{Expr, ExprKind, Keyword, Made, Name, Span};
use crate::feature::Feature;
use crate::names;
use bytecode::{Builtin1, CallForm, Const, Op, Routine};

impl Lower<'_, '_, '_> {
    /// `base.name(...)`. `callee` is where the method's name ends: that is its line in tracebacks.
    pub(super) fn call_method(
        &mut self,
        code: &mut Code,
        (base, name, callee): (&Expr, &Name, Span),
        args: &[Expr],
        keywords: &[Keyword],
    ) {
        let end = Span { start: callee.end.saturating_sub(1), end: callee.end };
        let count = args.len() + keywords.len();
        if !names::is_method(name) || has_star(args) || count > CallForm::MOST as usize {
            match args.iter().find(|arg| matches!(arg.kind, ExprKind::Starred(_))) {
                _ if !names::is_method(name) => self.refuse_name(callee, Feature::Method, name),
                Some(star) => self.refuse(star.span, Feature::StarArgument),
                None => self.refuse(callee, Feature::TooLong),
            }
            self.look_at(code, base);
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        if !self.method_base(code, base, name) {
            self.expr(code, base);
        }
        match (&**name, args, keywords) {
            ("join", [Expr { kind: ExprKind::Comprehension(c), span }], []) if c.made == Made::Values => {
                self.list_of_values(code, c, *span);
            }
            ("extend", [Expr { kind: ExprKind::Comprehension(c), span }], []) if c.made == Made::Values => {
                return self.extend(code, c, *span, end);
            }
            _ => {
                args.iter().for_each(|arg| self.expr(code, arg));
                keywords.iter().for_each(|keyword| self.expr(code, &keyword.value));
            }
        }
        let mut form = format!("{name} {count}");
        for keyword in keywords {
            form.push(' ');
            form.push_str(&keyword.name);
        }
        self.method(code, &form, end);
    }

    /// A method of a type and not of a value, as in `dict.fromkeys(a)`: of a value of the type, which it does not look at.
    fn method_base(&mut self, code: &mut Code, base: &Expr, name: &str) -> bool {
        let ExprKind::Name(class) = &base.kind else { return false };
        if self.binding(code, class).is_some() {
            return false;
        }
        match (&**class, name) {
            ("dict", "fromkeys") => _ = code.f.emit(Op::Dict, 0),
            ("str", "maketrans") => self.push_str(code, ""),
            ("int", "from_bytes") => self.push(code, Const::Int(0)),
            ("float", "fromhex") => self.push(code, Const::Float(0.0)),
            ("bytes", "fromhex" | "maketrans") => self.bytes(code, "", base.span),
            _ => return false,
        }
        true
    }

    /// `a.extend(b for c in d)`: a list grows while the values are computed, which they may depend on. Everything else gets them in a
    /// list.
    fn extend(&mut self, code: &mut Code, c: &crate::ast::Comprehension, span: Span, end: Span) {
        let (other, filled, done) = (code.f.label(), code.f.label(), code.f.label());
        let this = self.store_temp(code);
        let source = self.first_source(code, c, span);
        code.f.emit(Op::LoadLocal, this);
        code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
        self.push_str(code, "list");
        code.f.op(Op::Eq);
        code.f.op(Op::Dup);
        let is_list = self.store_temp(code);
        code.f.jump(Op::JumpIfZero, other);
        code.f.emit(Op::LoadLocal, this);
        code.f.jump(Op::Jump, filled);
        code.f.bind(other);
        code.f.emit(Op::List, 0);
        code.f.bind(filled);
        self.collect_from(code, c, source, Routine::Append, span);
        code.f.emit(Op::LoadLocal, is_list);
        code.f.jump(Op::JumpIfNotZero, done);
        let values = self.store_temp(code);
        code.f.emit(Op::LoadLocal, this);
        code.f.emit(Op::LoadLocal, values);
        self.method(code, "extend 1", end);
        code.f.bind(done);
        code.f.op(Op::Pop);
        self.push(code, Const::None);
        [values, is_list, this].into_iter().for_each(|slot| code.release(slot));
    }
}
