//! Calls of builtin functions and of `math`'s.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Most are one instruction. `min` and `max` are comparisons and jumps, so that every tier knows them as such.

use super::displays::{has_star, only_star};
use super::{Code, Lower};
use crate::ast::{Expr, ExprKind, Keyword, Made, Name, Span};
use crate::feature::Feature;
use crate::names;
use bytecode::{Builtin1, Builtin2, Const, Op, Routine};

/// What a call of a builtin function becomes, behind its arguments.
enum Simple {
    Constant(Const),
    One(Builtin1),
    Two(Builtin2),
    Ops(&'static [Op]),
    /// An empty value.
    Empty(Op),
    Routine(Routine),
    /// A routine whose last argument has this default.
    Missing(Const, Routine),
}

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
        // `key=None` is as good as none.
        let no_key = |keyword: &Keyword| &*keyword.name == "key" && is_none(&keyword.value);
        if let ("sorted" | "min" | "max", [keyword]) = (&**name, keywords)
            && no_key(keyword)
        {
            return self.call_builtin(code, name, name_span, args, &[], span);
        }
        let values = match args.first().map(|first| &first.kind) {
            Some(ExprKind::Comprehension(c)) if c.made == Made::Values => Some(&**c),
            _ => None,
        };
        if let (Some(c), Some((first, more))) = (values, args.split_first())
            && self.consume(code, name, c, (more, keywords), first.span)
        {
            return;
        }
        if let ("min" | "max", true, []) = (&**name, has_star(args), keywords) {
            return self.extreme_of_all(code, name, args, span);
        }
        if has_star(args) && &**name != "zip" {
            self.refuse_stars(args);
            self.look_at_arguments(code, args, keywords);
            return self.push(code, Const::None);
        }
        if self.call_simple(code, name, args, keywords, span)
            || self.call_of_objects(code, name, args, keywords, span)
        {
            return;
        }
        let feature = if names::has_builtin(name) { Feature::BuiltinCall } else { Feature::Builtin };
        self.refuse_name(name_span, feature, name);
        self.look_at_arguments(code, args, keywords);
        self.push(code, Const::None);
    }

    /// Those that are one instruction, or a few without a jump: whether it is one of them.
    fn call_simple(
        &mut self,
        code: &mut Code,
        name: &str,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> bool {
        // A second argument may be given by name, if it has one.
        let second = match (name, keywords) {
            (_, []) => None,
            ("int", [keyword]) if &*keyword.name == "base" => Some(&keyword.value),
            ("round", [keyword]) if &*keyword.name == "ndigits" => Some(&keyword.value),
            ("sum" | "enumerate", [keyword]) if &*keyword.name == "start" => Some(&keyword.value),
            _ => return false,
        };
        if second.is_some() && args.len() != 1 {
            return false;
        }
        if let Some(known) = known_float(name, args) {
            self.push(code, Const::Float(known));
            return true;
        }
        let mut all: Vec<&Expr> = args.iter().collect();
        all.extend(second);
        let constant = |constant| Some(Simple::Constant(constant));
        let one = |builtin: Builtin1| Some(Simple::One(builtin));
        let two = |builtin: Builtin2| Some(Simple::Two(builtin));
        let routine = |routine: Routine| Some(Simple::Routine(routine));
        let missing = |constant, routine| Some(Simple::Missing(constant, routine));
        let simple = match (name, all.len()) {
            ("int", 0) => constant(Const::Int(0)),
            ("float", 0) => constant(Const::Float(0.0)),
            ("bool", 0) => constant(Const::Bool(false)),
            ("str", 0) => constant(Const::Str("".into())),
            ("abs", 1) => one(Builtin1::Abs),
            ("int", 1) => one(Builtin1::Int),
            ("int", 2) => two(Builtin2::IntBase),
            ("float", 1) => one(Builtin1::Float),
            ("str", 1) => one(Builtin1::Str),
            ("repr", 1) => one(Builtin1::Repr),
            ("ascii", 1) => one(Builtin1::Ascii),
            ("round", 1) => one(Builtin1::Round),
            ("round", 2) => two(Builtin2::RoundTo),
            ("len", 1) if !self.is_argv(code, all[0]) => one(Builtin1::Len),
            ("ord", 1) => one(Builtin1::Ord),
            ("chr", 1) => one(Builtin1::Chr),
            ("bin", 1) => one(Builtin1::Bin),
            ("oct", 1) => one(Builtin1::Oct),
            ("hex", 1) => one(Builtin1::Hex),
            ("format", 1) => one(Builtin1::Str),
            ("format", 2) => two(Builtin2::Format),
            ("bool", 1) => Some(Simple::Ops(&[Op::Not, Op::Not])),
            ("pow", 2) => Some(Simple::Ops(&[Op::Pow])),
            ("pow", 3) => Some(Simple::Ops(&[Op::PowMod])),
            ("slice", 3) => Some(Simple::Ops(&[Op::Slice])),
            ("list", 0) => Some(Simple::Empty(Op::List)),
            ("tuple", 0) => Some(Simple::Empty(Op::Tuple)),
            ("set", 0) => Some(Simple::Empty(Op::Set)),
            ("list", 1) => routine(Routine::ListOf),
            ("tuple", 1) => routine(Routine::TupleOf),
            ("set", 1) => routine(Routine::SetOf),
            ("frozenset", 1) => routine(Routine::FrozensetOf),
            ("range", 3) => routine(Routine::Range),
            ("range", 2) => missing(Const::Int(1), Routine::Range),
            ("enumerate", 1) => missing(Const::Int(0), Routine::Enumerate),
            ("enumerate", 2) => routine(Routine::Enumerate),
            ("reversed", 1) => routine(Routine::Reversed),
            ("sum", 1) => missing(Const::Int(0), Routine::Sum),
            ("sum", 2) => routine(Routine::Sum),
            ("any", 1) => routine(Routine::Any),
            ("all", 1) => routine(Routine::All),
            ("iter", 1) => routine(Routine::IterOf),
            ("next", 1) => routine(Routine::Next),
            ("next", 2) => routine(Routine::NextOr),
            ("hash", 1) => routine(Routine::Hash),
            ("id", 1) => routine(Routine::Id),
            ("callable", 1) => routine(Routine::Callable),
            ("bytes", 1) => routine(Routine::BytesOf),
            ("bytearray", 1) => routine(Routine::BytearrayOf),
            _ => None,
        };
        let Some(simple) = simple else { return false };
        all.into_iter().for_each(|arg| self.expr(code, arg));
        self.at(code, span);
        match simple {
            Simple::Constant(constant) => self.push(code, constant),
            Simple::One(builtin) => _ = code.f.emit(Op::Builtin1, builtin.number()),
            Simple::Two(builtin) => _ = code.f.emit(Op::Builtin2, builtin.number()),
            Simple::Ops(ops) => ops.iter().for_each(|&op| _ = code.f.op(op)),
            Simple::Empty(op) => _ = code.f.emit(op, 0),
            Simple::Routine(routine) => self.routine(code, routine, span),
            Simple::Missing(constant, routine) => {
                self.push(code, constant);
                self.routine(code, routine, span);
            }
        }
        true
    }

    /// Those whose arguments have forms of their own: whether it is one of them.
    fn call_of_objects(
        &mut self,
        code: &mut Code,
        name: &str,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> bool {
        let keyword = |wanted: &str| match keywords {
            [Keyword { name, value, .. }] if &**name == wanted => Some(value),
            _ => None,
        };
        match (name, args, keywords) {
            ("min", [_, _, ..], []) => self.extreme(code, Op::Lt, args, span),
            ("max", [_, _, ..], []) => self.extreme(code, Op::Gt, args, span),
            ("min" | "max", [a], []) => {
                self.expr(code, a);
                let routine = if name == "min" { Routine::Min } else { Routine::Max };
                self.routine(code, routine, span);
            }
            ("min" | "max", [a], _) if let Some(default) = keyword("default") => {
                self.expr(code, a);
                self.expr(code, default);
                let routine = if name == "min" { Routine::MinOr } else { Routine::MaxOr };
                self.routine(code, routine, span);
            }
            ("sorted", [a], []) => {
                self.expr(code, a);
                self.push(code, Const::Bool(false));
                self.routine(code, Routine::Sorted, span);
            }
            ("sorted", [a], _) if let Some(reverse) = keyword("reverse") => {
                self.expr(code, a);
                self.expr(code, reverse);
                self.routine(code, Routine::Sorted, span);
            }
            ("range", [stop], []) => {
                self.push(code, Const::Int(0));
                self.expr(code, stop);
                self.push(code, Const::Int(1));
                self.routine(code, Routine::Range, span);
            }
            ("slice", [stop], []) => {
                self.push(code, Const::None);
                self.expr(code, stop);
                self.push(code, Const::None);
                code.f.op(Op::Slice);
            }
            ("slice", [start, stop], []) => {
                self.expr(code, start);
                self.expr(code, stop);
                self.push(code, Const::None);
                code.f.op(Op::Slice);
            }
            ("zip", _, []) => self.zip(code, args, None, span),
            ("zip", _, _) if let Some(strict) = keyword("strict") => self.zip(code, args, Some(strict), span),
            ("dict", [] | [_], _) => self.dict_call(code, args.first(), keywords, span),
            ("frozenset", [], []) => {
                code.f.emit(Op::Tuple, 0);
                self.routine(code, Routine::FrozensetOf, span);
            }
            ("bytes", [], []) => self.bytes(code, "", span),
            ("bytearray", [], []) => {
                code.f.emit(Op::Tuple, 0);
                self.routine(code, Routine::BytearrayOf, span);
            }
            ("len", [_], []) => {
                let count = self.program.global(&super::argv_name(0));
                code.f.emit(Op::LoadGlobal, count);
            }
            ("isinstance", [a, class], []) => self.is_instance(code, a, class, span),
            ("divmod", [x, y], []) => {
                let [quotient, remainder] = self.divmod(code, x, y, span);
                code.f.emit(Op::LoadLocal, quotient);
                code.f.emit(Op::LoadLocal, remainder);
                code.f.emit(Op::Tuple, 2);
                code.release(remainder);
                code.release(quotient);
            }
            _ => return false,
        }
        true
    }

    /// `max(*a)`: of one value it is that of what is in it.
    fn extreme_of_all(&mut self, code: &mut Code, name: &str, args: &[Expr], span: Span) {
        match only_star(args) {
            Some(values) => {
                self.expr(code, values);
                self.star_argument(code, name, span);
            }
            None => self.list(code, args, span),
        }
        let values = self.store_temp(code);
        let (some, all) = (code.f.label(), code.f.label());
        code.f.emit(Op::LoadLocal, values);
        code.f.jump(Op::JumpIfNotZero, some);
        self.raise(code, "TypeError", &format!("{name} expected at least 1 argument, got 0"));
        code.f.bind(some);
        code.f.emit(Op::LoadLocal, values);
        code.f.op(Op::Dup);
        code.f.emit(Op::Builtin1, Builtin1::Len.number());
        self.push(code, Const::Int(1));
        code.f.op(Op::Eq);
        code.f.jump(Op::JumpIfZero, all);
        self.push(code, Const::Int(0));
        code.f.op(Op::Index);
        code.f.bind(all);
        self.routine(code, if name == "min" { Routine::Min } else { Routine::Max }, span);
        code.release(values);
    }

    fn zip(&mut self, code: &mut Code, args: &[Expr], strict: Option<&Expr>, span: Span) {
        let only = only_star(args);
        match only {
            Some(iterables) => self.expr(code, iterables),
            None => self.tuple(code, args, span),
        }
        match strict {
            Some(strict) => self.expr(code, strict),
            None => self.push(code, Const::Bool(false)),
        }
        if only.is_some() {
            code.f.op(Op::Swap);
            self.star_argument(code, "zip", span);
            self.routine(code, Routine::TupleOf, span);
            code.f.op(Op::Swap);
        }
        self.routine(code, Routine::Zip, span);
    }

    /// `dict(a, key=value)`.
    fn dict_call(&mut self, code: &mut Code, of: Option<&Expr>, keywords: &[Keyword], span: Span) {
        of.into_iter().for_each(|of| self.expr(code, of));
        if of.is_some() && keywords.is_empty() {
            return self.routine(code, Routine::DictOf, span);
        }
        for keyword in keywords {
            self.push_str(code, &keyword.name);
            self.expr(code, &keyword.value);
        }
        self.at(code, span);
        code.f.emit(Op::Dict, keywords.len() as u32);
        if of.is_some() {
            code.f.op(Op::Swap);
            self.routine(code, Routine::DictOf, span);
            code.f.op(Op::Swap);
            self.routine(code, Routine::Merge, span);
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
    pub(super) fn assigns(&self, args: &[Expr]) -> bool {
        fn named(expr: &Expr) -> bool {
            let mut found = matches!(expr.kind, ExprKind::Named { .. });
            crate::scope::parts(expr, &mut |part| found |= named(part));
            found
        }
        args.iter().any(named)
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

/// Whether an expression is `None`.
fn is_none(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(Const::None))
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
