//! Types, where a program looks at them: `isinstance(a, int)`, `type(a) is list`, `type(a) == type(b)`. No type has subclasses but `int`,
//! so that the names of types say it all.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.

use super::{Code, Lower};
use crate::ast::{Comparison, Expr, ExprKind, Span};
use crate::feature::Feature;
use crate::names;
use bytecode::{Builtin1, Builtin2, Cmp, Const, Op};

/// What an expression is that is a type.
enum Type<'e> {
    /// `type(a)`.
    Of(&'e Expr),
    /// A builtin class, or `type(None)`, by name.
    Class(&'static str),
}

impl Lower<'_, '_, '_> {
    fn as_type<'e>(&self, code: &Code, expr: &'e Expr) -> Option<Type<'e>> {
        match &expr.kind {
            ExprKind::Name(name) if self.binding(code, name).is_none() => match &**name {
                "int" => Some(Type::Class("int")),
                name => names::class(name).map(Type::Class),
            },
            ExprKind::Call { callee, args, keywords } => match (&callee.kind, &**args, &**keywords) {
                (ExprKind::Name(name), [arg], [])
                    if &**name == "type" && self.binding(code, name).is_none() =>
                {
                    match &arg.kind {
                        ExprKind::Const(Const::None) => Some(Type::Class("NoneType")),
                        ExprKind::Starred(_) => None,
                        _ => Some(Type::Of(arg)),
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn type_name(&mut self, code: &mut Code, of: &Type<'_>, span: Span) {
        match of {
            Type::Class(name) => self.push_str(code, name),
            Type::Of(value) => {
                self.expr(code, value);
                self.at(code, span);
                code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
            }
        }
    }

    /// A comparison of types: whether it is one.
    pub(super) fn compare_types(
        &mut self,
        code: &mut Code,
        left: &Expr,
        (op, right): &(Comparison, Expr),
        span: Span,
    ) -> bool {
        let Some(of) = self.as_type(code, left) else { return false };
        match op {
            Comparison::Order(Cmp::Eq | Cmp::Ne) | Comparison::Is { .. } => {
                let Some(other) = self.as_type(code, right) else { return false };
                self.type_name(code, &of, left.span);
                self.type_name(code, &other, right.span);
                let negated = matches!(op, Comparison::Order(Cmp::Ne) | Comparison::Is { negated: true });
                self.at(code, span);
                code.f.op(if negated { Op::Ne } else { Op::Eq });
            }
            Comparison::In { negated } => {
                let (ExprKind::Tuple(items) | ExprKind::List(items) | ExprKind::Set(items)) = &right.kind
                else {
                    return false;
                };
                let classes: Vec<Type<'_>> =
                    items.iter().filter_map(|item| self.as_type(code, item)).collect();
                if classes.len() < items.len() {
                    return false;
                }
                self.type_name(code, &of, left.span);
                classes.iter().for_each(|class| self.type_name(code, class, right.span));
                self.at(code, span);
                code.f.emit(Op::Tuple, classes.len() as u32);
                code.f.emit(Op::Builtin2, Builtin2::In.number());
                if *negated {
                    code.f.op(Op::Not);
                }
            }
            Comparison::Order(_) => return false,
        }
        true
    }

    /// The names of the types of which something may be an instance; everything is one of `object`.
    fn class_names(&mut self, code: &Code, class: &Expr, types: &mut Vec<&'static str>) {
        match &class.kind {
            ExprKind::Tuple(parts) => parts.iter().for_each(|part| self.class_names(code, part, types)),
            ExprKind::Name(name) if &**name == "object" && self.binding(code, name).is_none() => {
                types.push("object");
            }
            _ => match self.as_type(code, class) {
                Some(Type::Class("int")) => types.extend(["int", "bool"]),
                Some(Type::Class(name)) => types.push(name),
                _ => self.refuse_name(class.span, Feature::BuiltinCall, "isinstance"),
            },
        }
    }

    /// `isinstance(a, int)` and its like, by the names of types.
    pub(super) fn is_instance(&mut self, code: &mut Code, a: &Expr, class: &Expr, span: Span) {
        let mut types = Vec::new();
        self.class_names(code, class, &mut types);
        self.expr(code, a);
        if types.contains(&"object") {
            code.f.op(Op::Pop);
            return self.push(code, Const::Bool(true));
        }
        self.at(code, span);
        code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
        let name = self.store_temp(code);
        let done = code.f.label();
        self.push(code, Const::Bool(false));
        for class in types {
            code.f.op(Op::Pop);
            code.f.emit(Op::LoadLocal, name);
            self.push_str(code, class);
            code.f.op(Op::Eq);
            code.f.op(Op::Dup);
            code.f.jump(Op::JumpIfNotZero, done);
        }
        code.f.bind(done);
        code.release(name);
    }
}
