//! Expressions.
//!
//! Part of the Python front end, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.

use super::{Code, Lower, known_truth};
use crate::ast::{
    BoolOp, Comparison, Conversion, Expr, ExprKind, Import, Module, Name, Piece, Span, UnaryOp,
};
use crate::feature::Feature;
use crate::names;
use crate::scope::Binding;
use bytecode::build::Label;
use bytecode::{Augmented, BinOp, Builtin1, Builtin2, Cmp, Const, Op, Routine};

/// The opcode of an operator.
pub(super) fn operator(op: BinOp) -> Op {
    match op {
        BinOp::Add => Op::Add,
        BinOp::Sub => Op::Sub,
        BinOp::Mul => Op::Mul,
        BinOp::Div => Op::Div,
        BinOp::FloorDiv => Op::FloorDiv,
        BinOp::Mod => Op::Mod,
        BinOp::Pow => Op::Pow,
        BinOp::And => Op::And,
        BinOp::Or => Op::Or,
        BinOp::Xor => Op::Xor,
        BinOp::Shl => Op::Shl,
        BinOp::Shr => Op::Shr,
        BinOp::Compare(cmp) => comparison(cmp),
        BinOp::Augmented(Augmented::Add) => Op::InplaceAdd,
        BinOp::Augmented(Augmented::Sub) => Op::InplaceSub,
        BinOp::Augmented(Augmented::Mul) => Op::InplaceMul,
        BinOp::Augmented(Augmented::And) => Op::InplaceAnd,
        BinOp::Augmented(Augmented::Or) => Op::InplaceOr,
        BinOp::Augmented(Augmented::Xor) => Op::InplaceXor,
        BinOp::Call(_) => Op::Builtin2,
    }
}

fn comparison(cmp: Cmp) -> Op {
    match cmp {
        Cmp::Eq => Op::Eq,
        Cmp::Ne => Op::Ne,
        Cmp::Lt => Op::Lt,
        Cmp::Le => Op::Le,
        Cmp::Gt => Op::Gt,
        Cmp::Ge => Op::Ge,
    }
}

impl Lower<'_, '_, '_> {
    pub(super) fn expr(&mut self, code: &mut Code, expr: &Expr) {
        self.at(code, expr.span);
        match &expr.kind {
            ExprKind::Const(constant) => self.push(code, constant.clone()),
            ExprKind::Name(name) => self.name(code, name, expr.span),
            ExprKind::Unary(op, operand) => self.unary(code, *op, operand, expr.span),
            ExprKind::Binary(op, left, right) => {
                self.expr(code, left);
                self.expr(code, right);
                self.at(code, expr.span);
                code.f.op(operator(*op));
            }
            ExprKind::Bool(op, operands) => {
                let done = code.f.label();
                let jump = match op {
                    BoolOp::And => Op::JumpIfZero,
                    BoolOp::Or => Op::JumpIfNotZero,
                };
                for (at, operand) in operands.iter().enumerate() {
                    self.expr(code, operand);
                    if at + 1 < operands.len() {
                        code.f.op(Op::Dup);
                        code.f.jump(jump, done);
                        code.f.op(Op::Pop);
                    }
                }
                code.f.bind(done);
            }
            ExprKind::Compare(first, rest) => self.compare(code, first, rest, expr.span),
            ExprKind::If { test, then, otherwise } => {
                let (no, done) = (code.f.label(), code.f.label());
                self.jump_unless(code, test, no);
                self.expr(code, then);
                code.f.jump(Op::Jump, done);
                code.f.bind(no);
                self.expr(code, otherwise);
                code.f.bind(done);
            }
            ExprKind::Named { name, name_span, value } => {
                self.expr(code, value);
                code.f.op(Op::Dup);
                self.assign(code, name, *name_span);
            }
            ExprKind::Call { callee, args, keywords } => self.call(code, callee, args, keywords, expr.span),
            ExprKind::FString(pieces) => self.f_string(code, pieces),
            ExprKind::Attribute(base, attribute) => self.attribute(code, base, attribute, expr.span),
            ExprKind::Subscript(base, index) => self.subscript(code, base, index, expr.span),
            ExprKind::Slice(bounds) => self.slice(code, bounds, expr.span),
            ExprKind::Tuple(items) => self.tuple(code, items, expr.span),
            ExprKind::List(items) => self.list(code, items, expr.span),
            ExprKind::Set(items) => self.set(code, items, expr.span),
            ExprKind::Dict(items) => self.dict(code, items, expr.span),
            ExprKind::Bytes(text) => self.bytes(code, text, expr.span),
            ExprKind::Comprehension(comprehension) => self.comprehension(code, comprehension, expr.span),
            ExprKind::Starred(value) => {
                self.refuse(expr.span, Feature::StarArgument);
                self.expr(code, value);
            }
            ExprKind::Refused => self.push(code, Const::None),
        }
    }

    /// Looks for what is not supported in an expression that will not run.
    pub(super) fn look_at(&mut self, code: &mut Code, expr: &Expr) {
        self.expr(code, expr);
        code.f.op(Op::Pop);
    }

    fn name(&mut self, code: &mut Code, name: &Name, span: Span) {
        match self.binding(code, name) {
            Some(Binding::Variable) => return self.read(code, name, span),
            Some(Binding::Function(_)) => self.refuse_name(span, Feature::FunctionValue, name),
            Some(Binding::Import(import)) => return self.import_value(code, &import, span),
            None if &**name == "__name__" => return self.push_str(code, "__main__"),
            None if names::is_builtin(name) => {
                self.refuse_name(span, Feature::Builtin, name);
            }
            None => {
                // What follows is never reached, which the verifier sees.
                return self.raise_name_error(code, name);
            }
        }
        self.push(code, Const::None);
    }

    /// The value of something imported.
    fn import_value(&mut self, code: &mut Code, import: &Import, span: Span) {
        match import {
            Import::Module(_) => self.refuse(span, Feature::ModuleValue),
            Import::Item(Module::Math, item) => {
                if let Some(value) = names::math_constant(item) {
                    return self.push(code, Const::Float(value));
                }
                let feature =
                    if names::is_math_function(item) { Feature::FunctionValue } else { Feature::ImportItem };
                self.refuse_name(span, feature, item);
            }
            Import::Item(Module::Sys, item) if &**item == "maxsize" => {
                return self.push(code, Const::Int(i64::MAX));
            }
            Import::Item(Module::Sys, item) if &**item == "argv" => self.refuse(span, Feature::Argv),
            Import::Item(_, item) => self.refuse_name(span, Feature::ImportItem, item),
        }
        self.push(code, Const::None);
    }

    /// What an expression means if it is something imported: `math.pi`, or `pi` after `from math import pi`.
    pub(super) fn as_import(&self, code: &Code, expr: &Expr) -> Option<Import> {
        match &expr.kind {
            ExprKind::Name(name) => match self.binding(code, name) {
                Some(Binding::Import(import)) => Some(import),
                _ => None,
            },
            ExprKind::Attribute(base, attribute) => match &base.kind {
                ExprKind::Name(name) => match self.binding(code, name) {
                    Some(Binding::Import(Import::Module(module))) => {
                        Some(Import::Item(module, attribute.clone()))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn is_argv(&self, code: &Code, expr: &Expr) -> bool {
        matches!(self.as_import(code, expr), Some(Import::Item(Module::Sys, item)) if &*item == "argv")
    }

    fn attribute(&mut self, code: &mut Code, base: &Expr, attribute: &Name, span: Span) {
        if let ExprKind::Name(name) = &base.kind
            && let Some(Binding::Import(Import::Module(module))) = self.binding(code, name)
        {
            return self.import_value(code, &Import::Item(module, attribute.clone()), span);
        }
        // `type(x).__name__`
        if let ("__name__", ExprKind::Call { callee, args, keywords }) = (&**attribute, &base.kind)
            && let (ExprKind::Name(name), [arg], []) = (&callee.kind, &**args, &**keywords)
            && &**name == "type"
            && self.binding(code, name).is_none()
        {
            self.expr(code, arg);
            code.f.emit(Op::Builtin1, Builtin1::TypeName.number());
            return;
        }
        if &**attribute == "args" {
            self.expr(code, base);
            self.at(code, span);
            code.f.emit(Op::Routine, Routine::ExceptionArgs.number());
            return;
        }
        self.refuse_name(span, Feature::Attribute, attribute);
        self.look_at(code, base);
        self.push(code, Const::None);
    }

    fn subscript(&mut self, code: &mut Code, base: &Expr, index: &Expr, span: Span) {
        if self.is_argv(code, base) {
            let ExprKind::Const(Const::Int(at)) = index.kind else {
                self.refuse(span, Feature::Argv);
                return self.push(code, Const::None);
            };
            let Some(at) = u32::try_from(at).ok().filter(|&at| at <= super::MAX_ARGV) else {
                self.refuse(span, Feature::Argv);
                return self.push(code, Const::None);
            };
            let count = self.program.global(&super::argv_name(0));
            let value = self.program.global(&super::argv_name(at + 1));
            let fine = code.f.label();
            code.f.emit(Op::LoadGlobal, count);
            self.push(code, Const::Int(i64::from(at)));
            code.f.op(Op::Gt);
            code.f.jump(Op::JumpIfNotZero, fine);
            self.raise(code, "IndexError", "list index out of range");
            code.f.bind(fine);
            code.f.emit(Op::LoadGlobal, value);
            return;
        }
        // `divmod(a, b)[0]`
        if let Some((a, b)) = self.as_divmod(code, base)
            && let ExprKind::Const(Const::Int(at @ (0 | 1))) = index.kind
        {
            let builtin = if at == 0 { Builtin2::DivmodQuotient } else { Builtin2::DivmodRemainder };
            self.expr(code, a);
            self.expr(code, b);
            self.at(code, span);
            code.f.emit(Op::Builtin2, builtin.number());
            return;
        }
        self.expr(code, base);
        self.expr(code, index);
        self.at(code, span);
        code.f.op(Op::Index);
    }

    /// Both results of `divmod`, in locals.
    pub(super) fn divmod(&mut self, code: &mut Code, x: &Expr, y: &Expr, span: Span) -> [u32; 2] {
        self.expr(code, x);
        self.expr(code, y);
        self.at(code, span);
        code.f.op(Op::Over);
        code.f.op(Op::Over);
        code.f.emit(Op::Builtin2, Builtin2::DivmodQuotient.number());
        let quotient = self.store_temp(code);
        code.f.emit(Op::Builtin2, Builtin2::DivmodRemainder.number());
        let remainder = self.store_temp(code);
        [quotient, remainder]
    }

    /// The arguments, if an expression is a call of the builtin `divmod`.
    pub(super) fn as_divmod<'e>(&self, code: &Code, expr: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
        let ExprKind::Call { callee, args, keywords } = &expr.kind else { return None };
        let (ExprKind::Name(name), [a, b], []) = (&callee.kind, &**args, &**keywords) else { return None };
        (&**name == "divmod" && self.binding(code, name).is_none()).then_some((a, b))
    }

    fn unary(&mut self, code: &mut Code, op: UnaryOp, operand: &Expr, span: Span) {
        // A number with a sign is a constant, as in CPython.
        if let (UnaryOp::Neg, ExprKind::Const(constant)) = (op, &operand.kind) {
            let negated = match constant {
                Const::Int(i) => i.checked_neg().map(Const::Int),
                Const::BigInt(i) => Some(Const::int(-i.clone())),
                Const::Float(f) => Some(Const::Float(-f)),
                _ => None,
            };
            if let Some(negated) = negated {
                return self.push(code, negated);
            }
        }
        self.expr(code, operand);
        self.at(code, span);
        match op {
            UnaryOp::Not => code.f.op(Op::Not),
            UnaryOp::Neg => code.f.op(Op::Neg),
            UnaryOp::Invert => code.f.op(Op::Invert),
            UnaryOp::Pos => code.f.emit(Op::Builtin1, Builtin1::Pos.number()),
        };
    }

    /// Whether reading the expression again gives the same, and neither fails nor does anything.
    pub(super) fn is_plain(&self, code: &Code, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Const(_) => true,
            ExprKind::Name(name) => {
                matches!(code.places.get(name), Some(super::Place::Local(_)))
                    && !code.flags.contains_key(name)
            }
            _ => false,
        }
    }

    /// `a < b < c`: each operand once, and no more of them than needed.
    fn compare(&mut self, code: &mut Code, first: &Expr, rest: &[(Comparison, Expr)], span: Span) {
        if let [only] = rest
            && self.compare_types(code, first, only, span)
        {
            return;
        }
        self.expr(code, first);
        let done = code.f.label();
        for (at, (op, right)) in rest.iter().enumerate() {
            let last = at + 1 == rest.len();
            self.expr(code, right);
            if last {
                self.compare_one(code, *op, span);
            } else {
                let held = (!self.is_plain(code, right)).then(|| {
                    code.f.op(Op::Dup);
                    self.store_temp(code)
                });
                self.compare_one(code, *op, span);
                code.f.op(Op::Dup);
                code.f.jump(Op::JumpIfZero, done);
                code.f.op(Op::Pop);
                self.read_held(code, held, right);
            }
        }
        code.f.bind(done);
    }

    /// Pushes an operand again that was put aside.
    fn read_held(&mut self, code: &mut Code, held: Option<u32>, expr: &Expr) {
        match held {
            Some(slot) => {
                code.f.emit(Op::LoadLocal, slot);
                code.release(slot);
            }
            None => self.expr(code, expr),
        }
    }

    fn compare_one(&mut self, code: &mut Code, op: Comparison, span: Span) {
        self.at(code, span);
        match op {
            Comparison::Order(cmp) => _ = code.f.op(comparison(cmp)),
            Comparison::Is { negated } => {
                code.f.emit(Op::Builtin2, Builtin2::Is.number());
                if negated {
                    code.f.op(Op::Not);
                }
            }
            Comparison::In { negated } => {
                code.f.emit(Op::Builtin2, Builtin2::In.number());
                if negated {
                    code.f.op(Op::Not);
                }
            }
        }
    }

    /// Goes to a label if an expression counts as false, else on.
    pub(super) fn jump_unless(&mut self, code: &mut Code, expr: &Expr, target: Label) {
        self.jump_on(code, expr, false, target);
    }

    /// Goes to a label if the truth of an expression is `when`, else on.
    pub(super) fn jump_on(&mut self, code: &mut Code, expr: &Expr, when: bool, target: Label) {
        if let Some(known) = known_truth(expr) {
            if known == when {
                self.at(code, expr.span);
                code.f.jump(Op::Jump, target);
            }
            return;
        }
        match &expr.kind {
            ExprKind::Unary(UnaryOp::Not, operand) => self.jump_on(code, operand, !when, target),
            ExprKind::Bool(op, operands) => {
                // With `and`, the first false one decides; with `or`, the first true one.
                let decides = *op == BoolOp::Or;
                let past = code.f.label();
                for (at, operand) in operands.iter().enumerate() {
                    if at + 1 == operands.len() {
                        self.jump_on(code, operand, when, target);
                    } else {
                        self.jump_on(code, operand, decides, if decides == when { target } else { past });
                    }
                }
                code.f.bind(past);
            }
            ExprKind::Compare(first, rest) if rest.len() > 1 => {
                let past = code.f.label();
                self.expr(code, first);
                for (at, (op, right)) in rest.iter().enumerate() {
                    self.expr(code, right);
                    if at + 1 == rest.len() {
                        self.compare_one(code, *op, expr.span);
                        code.f.jump(if when { Op::JumpIfNotZero } else { Op::JumpIfZero }, target);
                    } else {
                        let held = (!self.is_plain(code, right)).then(|| {
                            code.f.op(Op::Dup);
                            self.store_temp(code)
                        });
                        self.compare_one(code, *op, expr.span);
                        code.f.jump(Op::JumpIfZero, if when { past } else { target });
                        self.read_held(code, held, right);
                    }
                }
                code.f.bind(past);
            }
            _ => {
                self.expr(code, expr);
                self.at(code, expr.span);
                code.f.jump(if when { Op::JumpIfNotZero } else { Op::JumpIfZero }, target);
            }
        }
    }

    /// The pieces of an f-string as one str.
    pub(super) fn f_string(&mut self, code: &mut Code, pieces: &[Piece]) {
        let mut text = String::new();
        let mut any = false;
        for piece in pieces {
            match piece {
                Piece::Text(more) => text.push_str(more),
                Piece::Value { value, conversion, spec } => {
                    if !text.is_empty() {
                        self.push_str(code, &text);
                        text.clear();
                        self.append(code, &mut any);
                    }
                    self.formatted(code, value, *conversion, spec);
                    self.append(code, &mut any);
                }
            }
        }
        if !text.is_empty() || !any {
            self.push_str(code, &text);
            self.append(code, &mut any);
        }
    }

    fn append(&mut self, code: &mut Code, any: &mut bool) {
        if std::mem::replace(any, true) {
            code.f.op(Op::Add);
        }
    }

    /// A value in an f-string as a str.
    pub(super) fn formatted(
        &mut self,
        code: &mut Code,
        value: &Expr,
        conversion: Conversion,
        spec: &[Piece],
    ) {
        self.expr(code, value);
        self.at(code, value.span);
        let conversion = match conversion {
            Conversion::None => None,
            Conversion::Str => Some(Builtin1::Str),
            Conversion::Repr => Some(Builtin1::Repr),
            Conversion::Ascii => Some(Builtin1::Ascii),
        };
        if let Some(builtin) = conversion {
            code.f.emit(Op::Builtin1, builtin.number());
        }
        if !spec.is_empty() {
            self.f_string(code, spec);
            self.at(code, value.span);
            code.f.emit(Op::Builtin2, Builtin2::Format.number());
        } else if conversion.is_none() {
            code.f.emit(Op::Builtin1, Builtin1::Str.number());
        }
    }
}
