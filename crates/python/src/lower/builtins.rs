//! Calls of builtin functions and of `math`'s.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Most are one instruction. `min` and `max` are comparisons and jumps, so that every tier knows them as such.

use super::{Code, Lower};
use crate::ast::{Expr, ExprKind, Keyword, Name, Span};
use crate::feature::Feature;
use crate::names;
use bytecode::{Builtin1, Builtin2, Const, Op};

impl Lower<'_, '_, '_> {
    pub(super) fn call_builtin(
        &mut self,
        code: &mut Code,
        name: &Name,
        name_span: Span,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        if &**name == "print" {
            self.print(code, args, keywords, span);
            return self.push(code, Const::None);
        }
        if !keywords.is_empty() {
            let feature = if names::has_builtin(name) { Feature::BuiltinCall } else { Feature::Builtin };
            self.refuse_name(name_span, feature, name);
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        let one = |builtin: Builtin1| Some(Ok(builtin));
        let two = |builtin: Builtin2| Some(Err(builtin));
        let instruction = match (&**name, args.len()) {
            ("abs", 1) => one(Builtin1::Abs),
            ("int", 1) => one(Builtin1::Int),
            ("int", 2) => two(Builtin2::IntBase),
            ("float", 1) => one(Builtin1::Float),
            ("str", 1) => one(Builtin1::Str),
            ("repr", 1) => one(Builtin1::Repr),
            ("ascii", 1) => one(Builtin1::Ascii),
            ("round", 1) => one(Builtin1::Round),
            ("round", 2) => two(Builtin2::RoundTo),
            ("len", 1) if !self.is_argv(code, &args[0]) => one(Builtin1::Len),
            ("ord", 1) => one(Builtin1::Ord),
            ("chr", 1) => one(Builtin1::Chr),
            ("bin", 1) => one(Builtin1::Bin),
            ("oct", 1) => one(Builtin1::Oct),
            ("hex", 1) => one(Builtin1::Hex),
            ("format", 1) => one(Builtin1::Str),
            ("format", 2) => two(Builtin2::Format),
            _ => None,
        };
        if let Some(instruction) = instruction {
            if let Some(known) = known_float(name, args) {
                return self.push(code, Const::Float(known));
            }
            args.iter().for_each(|arg| self.expr(code, arg));
            self.at(code, span);
            match instruction {
                Ok(builtin) => code.f.emit(Op::Builtin1, builtin.number()),
                Err(builtin) => code.f.emit(Op::Builtin2, builtin.number()),
            };
            return;
        }
        match (&**name, args) {
            ("int", []) => self.push(code, Const::Int(0)),
            ("float", []) => self.push(code, Const::Float(0.0)),
            ("bool", []) => self.push(code, Const::Bool(false)),
            ("str", []) => self.push_str(code, ""),
            ("bool", [a]) => {
                self.expr(code, a);
                self.at(code, span);
                code.f.op(Op::Not);
                code.f.op(Op::Not);
            }
            ("pow", [a, b]) => {
                self.expr(code, a);
                self.expr(code, b);
                self.at(code, span);
                code.f.op(Op::Pow);
            }
            ("pow", [a, b, c]) => {
                [a, b, c].into_iter().for_each(|arg| self.expr(code, arg));
                self.at(code, span);
                code.f.op(Op::PowMod);
            }
            ("min", [_, _, ..]) => self.extreme(code, Op::Lt, args, span),
            ("max", [_, _, ..]) => self.extreme(code, Op::Gt, args, span),
            ("len", [_]) => {
                let count = self.program.global(&super::argv_name(0));
                code.f.emit(Op::LoadGlobal, count);
            }
            ("isinstance", [a, class]) => self.is_instance(code, a, class, span),
            ("divmod", [a, b]) => {
                self.refuse(span, Feature::Tuple);
                self.look_at(code, a);
                self.look_at(code, b);
                self.push(code, Const::None);
            }
            _ => {
                let feature = match (names::has_builtin(name), &**name) {
                    (_, "range") => Feature::RangeValue,
                    (true, _) => Feature::BuiltinCall,
                    (false, _) => Feature::Builtin,
                };
                self.refuse_name(name_span, feature, name);
                self.look_at_arguments(code, args, keywords);
                self.push(code, Const::None);
            }
        }
    }

    /// `min` and `max`: the first of those than which none is less, or greater.
    fn extreme(&mut self, code: &mut Code, better: Op, args: &[Expr], span: Span) {
        let mut slots = Vec::new();
        let assigns = self.assigns(args);
        for arg in args {
            if self.is_plain(code, arg) && !assigns {
                slots.push(None);
            } else {
                self.expr(code, arg);
                slots.push(Some(self.store_temp(code)));
            }
        }
        let push = |lower: &mut Self, code: &mut Code, at: usize| match slots[at] {
            Some(slot) => _ = code.f.emit(Op::LoadLocal, slot),
            None => lower.expr(code, &args[at]),
        };
        push(self, code, 0);
        for at in 1..args.len() {
            // best -- best other: if the other is better, it is the best.
            push(self, code, at);
            self.at(code, span);
            let keep = code.f.label();
            code.f.op(Op::Over);
            // best other best -> other best, best below.
            push(self, code, at);
            code.f.op(Op::Swap);
            code.f.op(better);
            let done = code.f.label();
            code.f.jump(Op::JumpIfZero, keep);
            code.f.op(Op::Swap);
            code.f.bind(keep);
            code.f.op(Op::Pop);
            code.f.bind(done);
        }
        slots.into_iter().flatten().rev().for_each(|slot| code.release(slot));
    }

    /// Whether evaluating the arguments may assign a variable.
    fn assigns(&self, args: &[Expr]) -> bool {
        fn named(expr: &Expr) -> bool {
            let mut found = matches!(expr.kind, ExprKind::Named { .. });
            crate::scope::parts(expr, &mut |part| found |= named(part));
            found
        }
        args.iter().any(named)
    }

    /// `isinstance(a, int)` and its like, by the names of types.
    fn is_instance(&mut self, code: &mut Code, a: &Expr, class: &Expr, span: Span) {
        let classes: Vec<&Expr> = match &class.kind {
            ExprKind::Tuple(parts) => parts.iter().collect(),
            _ => vec![class],
        };
        let mut types = Vec::new();
        for class in classes {
            match &class.kind {
                ExprKind::Name(name) if self.binding(code, name).is_none() => match &**name {
                    "int" => types.extend(["int", "bool"]),
                    "bool" => types.push("bool"),
                    "float" => types.push("float"),
                    "str" => types.push("str"),
                    "object" => types.extend(["int", "bool", "float", "str", "NoneType"]),
                    // No value here is of any other type.
                    "list" | "dict" | "tuple" | "set" | "frozenset" | "bytes" | "bytearray" | "complex"
                    | "range" => {}
                    _ => self.refuse_name(class.span, Feature::BuiltinCall, "isinstance"),
                },
                _ => self.refuse_name(class.span, Feature::BuiltinCall, "isinstance"),
            }
        }
        self.expr(code, a);
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

    pub(super) fn call_math(
        &mut self,
        code: &mut Code,
        item: &Name,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) {
        if names::math_constant(item).is_some() {
            self.refuse_name(span, Feature::CallOfValue, item);
            return self.push(code, Const::None);
        }
        let function = names::math_function(item);
        if function.is_none() || !keywords.is_empty() {
            let feature = if function.is_none() { Feature::ImportItem } else { Feature::BuiltinCall };
            self.refuse_name(span, feature, item);
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        // Those that take any number of ints.
        if let Some(names::Math::Fold(builtin)) = function {
            let mut args = args.iter();
            match args.next() {
                None => self.push(code, Const::Int(i64::from(builtin == Builtin2::Lcm))),
                Some(first) => {
                    let rest: Vec<&Expr> = args.collect();
                    self.expr(code, first);
                    if rest.is_empty() {
                        // gcd(a) is gcd(a, a).
                        code.f.op(Op::Dup);
                        self.at(code, span);
                        code.f.emit(Op::Builtin2, builtin.number());
                    }
                    self.fold(code, builtin, &rest, span);
                }
            }
            return;
        }
        let instruction = match (function, args.len()) {
            (Some(names::Math::One(builtin)), 1) => Some(Ok(builtin)),
            (Some(names::Math::Two(builtin)), 2) => Some(Err(builtin)),
            (Some(names::Math::Log), 1) => Some(Ok(Builtin1::Log)),
            (Some(names::Math::Log), 2) => Some(Err(Builtin2::LogBase)),
            _ => None,
        };
        match instruction {
            Some(instruction) => {
                args.iter().for_each(|arg| self.expr(code, arg));
                self.at(code, span);
                match instruction {
                    Ok(builtin) => code.f.emit(Op::Builtin1, builtin.number()),
                    Err(builtin) => code.f.emit(Op::Builtin2, builtin.number()),
                };
            }
            None => {
                self.refuse_name(span, Feature::BuiltinCall, item);
                self.look_at_arguments(code, args, keywords);
                self.push(code, Const::None);
            }
        }
    }

    /// The first argument is on the stack; the others are all evaluated before any is used.
    fn fold(&mut self, code: &mut Code, builtin: Builtin2, rest: &[&Expr], span: Span) {
        if let [only] = rest {
            self.expr(code, only);
            self.at(code, span);
            code.f.emit(Op::Builtin2, builtin.number());
            return;
        }
        let mut slots = Vec::new();
        for arg in rest {
            self.expr(code, arg);
            slots.push(self.store_temp(code));
        }
        self.at(code, span);
        for &slot in &slots {
            code.f.emit(Op::LoadLocal, slot);
            code.f.emit(Op::Builtin2, builtin.number());
        }
        slots.into_iter().rev().for_each(|slot| code.release(slot));
    }
}

/// `float("inf")` and the like are constants.
fn known_float(name: &str, args: &[Expr]) -> Option<f64> {
    let [Expr { kind: ExprKind::Const(Const::Str(text)), .. }] = args else { return None };
    if name != "float" {
        return None;
    }
    match &*text.to_ascii_lowercase() {
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        "nan" | "+nan" | "-nan" => Some(f64::NAN),
        _ => None,
    }
}
