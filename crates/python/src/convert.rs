//! From the parser's tree to ours. Besides [`crate::check`] this is the only module that knows the parser's types.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. What is not supported is reported
//! here if its form alone tells; what depends on what a name means is [`crate::lower`]'s to report.

use crate::ast::{
    Block, BoolOp, Clause, Comparison, Comprehension, Conversion, ExceptHandler, Expr, ExprKind, Function,
    Import, Keyword, Made, Module, Name, Param, Piece, Span, Stmt, StmtKind, Target, UnaryOp,
};
use crate::feature::Feature;
use crate::names;
use crate::report::Report;
use bytecode::{BinOp, Cmp, Const};
use dashu_int::IBig;
use ruff_python_ast as py;
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashMap;
use std::rc::Rc;

/// The most digits of an int literal in base ten, as in CPython.
const MAX_DIGITS: usize = 4300;

/// A range of the parser's as ours.
pub fn span(range: TextRange) -> Span {
    Span { start: range.start().into(), end: range.end().into() }
}

/// Converts a program; what is not supported goes to the report.
pub fn convert(body: &[py::Stmt], report: &mut Report<'_>) -> Block {
    let mut converter = Converter { report, inside_function: false, comprehensions: Vec::new(), count: 0 };
    converter.block(body)
}

struct Converter<'r, 's> {
    report: &'r mut Report<'s>,
    inside_function: bool,
    /// The variables of the comprehensions around, each with the name that it has in our tree: one that no program can write, so that
    /// it is a variable of the function around like any other.
    comprehensions: Vec<HashMap<String, Name>>,
    /// How many comprehensions there are.
    count: u32,
}

/// What stands between the name of a variable of a comprehension and its number.
const HIDDEN: char = '\'';

/// A name as the program has it.
pub fn written(name: &str) -> &str {
    name.split(HIDDEN).next().unwrap_or(name)
}

/// Whether it is a variable of a comprehension.
pub fn is_hidden(name: &str) -> bool {
    name.contains(HIDDEN)
}

fn name(identifier: &str) -> Name {
    Name::from(identifier)
}

impl Converter<'_, '_> {
    fn refuse(&mut self, at: impl Ranged, feature: Feature) {
        self.report.unsupported(span(at.range()), feature);
    }

    /// Reports a construct by its first word or so: what it encloses is looked at by itself.
    fn refuse_head(&mut self, at: impl Ranged, head: usize, feature: Feature) {
        let whole = span(at.range());
        let end = (whole.start + head as u32).min(whole.end);
        self.report.unsupported(Span { start: whole.start, end }, feature);
    }

    fn block(&mut self, body: &[py::Stmt]) -> Block {
        body.iter().map(|stmt| self.stmt(stmt)).collect()
    }

    fn stmt(&mut self, stmt: &py::Stmt) -> Stmt {
        let kind = self.stmt_kind(stmt);
        Stmt { span: span(stmt.range()), kind }
    }

    fn stmt_kind(&mut self, stmt: &py::Stmt) -> StmtKind {
        match stmt {
            py::Stmt::FunctionDef(def) => self.function(def),
            py::Stmt::ClassDef(class) => {
                self.refuse(&class.name, Feature::Class);
                // Its methods are not functions inside a function; but what they hold is looked at.
                for inner in &class.body {
                    match inner {
                        py::Stmt::FunctionDef(def) => _ = self.block(&def.body),
                        other => _ = self.stmt(other),
                    }
                }
                StmtKind::Refused
            }
            py::Stmt::Return(ret) => StmtKind::Return(ret.value.as_deref().map(|v| self.expr(v))),
            py::Stmt::Delete(delete) => {
                StmtKind::Delete(delete.targets.iter().map(|t| self.target(t)).collect())
            }
            // Newer than the Python that this is: an error of syntax by now.
            py::Stmt::TypeAlias(_) => StmtKind::Refused,
            py::Stmt::Assign(assign) => {
                let value = self.expr(&assign.value);
                let targets = assign.targets.iter().map(|t| self.target(t)).collect();
                StmtKind::Assign { targets, value }
            }
            py::Stmt::AugAssign(assign) => {
                let value = self.expr(&assign.value);
                let op = self.operator(assign.op, assign.range);
                StmtKind::Augmented { target: self.target(&assign.target), op, value }
            }
            py::Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
                (target, Some(value)) => {
                    let value = self.expr(value);
                    StmtKind::Assign { targets: vec![self.target(target)], value }
                }
                (py::Expr::Name(target), None) if assign.simple => StmtKind::Declared(name(&target.id)),
                (py::Expr::Name(_), None) => StmtKind::Pass,
                // The parts are evaluated, and that is all.
                (py::Expr::Subscript(target), None) => {
                    let parts = vec![self.expr(&target.value), self.expr(&target.slice)];
                    StmtKind::Expr(Expr { span: span(target.range), kind: ExprKind::Tuple(parts) })
                }
                (other, None) => {
                    self.target(other);
                    StmtKind::Refused
                }
            },
            py::Stmt::For(for_loop) => {
                if for_loop.is_async {
                    self.refuse_head(for_loop, 5, Feature::Async);
                }
                let iter = self.expr(&for_loop.iter);
                let target = self.target(&for_loop.target);
                let body = self.block(&for_loop.body);
                let otherwise = self.block(&for_loop.orelse);
                StmtKind::For { target, iter, body, otherwise }
            }
            py::Stmt::While(while_loop) => {
                let test = self.expr(&while_loop.test);
                let body = self.block(&while_loop.body);
                let otherwise = self.block(&while_loop.orelse);
                StmtKind::While { test, body, otherwise }
            }
            py::Stmt::If(branch) => {
                let mut branches = vec![(self.expr(&branch.test), self.block(&branch.body))];
                let mut otherwise = Vec::new();
                for clause in &branch.elif_else_clauses {
                    match &clause.test {
                        Some(test) => branches.push((self.expr(test), self.block(&clause.body))),
                        None => otherwise = self.block(&clause.body),
                    }
                }
                StmtKind::If { branches, otherwise }
            }
            py::Stmt::With(with) => {
                self.refuse_head(with, 4, if with.is_async { Feature::Async } else { Feature::With });
                with.items.iter().for_each(|item| _ = self.expr(&item.context_expr));
                self.block(&with.body);
                StmtKind::Refused
            }
            py::Stmt::Match(matching) => {
                self.refuse_head(matching, 5, Feature::Match);
                self.expr(&matching.subject);
                matching.cases.iter().for_each(|case| _ = self.block(&case.body));
                StmtKind::Refused
            }
            py::Stmt::Raise(raise) => self.raise(raise),
            py::Stmt::Try(attempt) => {
                if attempt.is_star {
                    self.refuse_head(attempt, 3, Feature::ExceptStar);
                }
                let body = self.block(&attempt.body);
                let handlers = attempt.handlers.iter().map(|handler| {
                    let py::ExceptHandler::ExceptHandler(handler) = handler;
                    ExceptHandler {
                        span: span(handler.range),
                        class: handler.type_.as_deref().map(|class| self.expr(class)),
                        name: handler.name.as_ref().map(|n| (name(n), span(n.range))),
                        body: self.block(&handler.body),
                    }
                });
                let handlers = handlers.collect();
                let otherwise = self.block(&attempt.orelse);
                StmtKind::Try { body, handlers, otherwise, finally: self.block(&attempt.finalbody) }
            }
            py::Stmt::Assert(assert) => StmtKind::Assert {
                test: self.expr(&assert.test),
                message: assert.msg.as_deref().map(|m| self.expr(m)),
            },
            py::Stmt::Import(import) => self.import(import),
            py::Stmt::ImportFrom(import) => self.import_from(import),
            py::Stmt::Global(global) => StmtKind::Global(global.names.iter().map(|n| name(n)).collect()),
            py::Stmt::Nonlocal(nonlocal) => {
                self.refuse_head(nonlocal, 8, Feature::Nonlocal);
                StmtKind::Refused
            }
            py::Stmt::Expr(expr) => match &*expr.value {
                // A comment of sorts.
                py::Expr::EllipsisLiteral(_) | py::Expr::BytesLiteral(_) => StmtKind::Pass,
                value => StmtKind::Expr(self.expr(value)),
            },
            py::Stmt::Pass(_) => StmtKind::Pass,
            py::Stmt::Break(_) => StmtKind::Break,
            py::Stmt::Continue(_) => StmtKind::Continue,
            py::Stmt::IpyEscapeCommand(_) => StmtKind::Refused,
        }
    }

    fn function(&mut self, def: &py::StmtFunctionDef) -> StmtKind {
        if def.is_async {
            self.refuse_head(def, 5, Feature::Async);
        }
        for decorator in &def.decorator_list {
            self.refuse(decorator, Feature::Decorator);
        }
        let parameters = &def.parameters;
        let mut params = Vec::new();
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        for parameter in all {
            let default = parameter.default.as_deref().map(|d| self.expr(d));
            params.push(Param { name: name(&parameter.parameter.name), default });
        }
        let is_nested = std::mem::replace(&mut self.inside_function, true);
        if is_nested {
            self.refuse(&def.name, Feature::NestedFunction);
        }
        let body = self.block(&def.body);
        self.inside_function = is_nested;
        if is_nested {
            return StmtKind::Refused;
        }
        StmtKind::Def(Rc::new(Function {
            name: name(&def.name),
            name_span: span(def.name.range()),
            params,
            positional_only: parameters.posonlyargs.len(),
            positional: parameters.posonlyargs.len() + parameters.args.len(),
            rest: parameters.vararg.as_ref().map(|star| name(&star.name)),
            others: parameters.kwarg.as_ref().map(|star| name(&star.name)),
            body,
        }))
    }

    /// What says no more than a class and a text needs no exception as a value.
    fn raise(&mut self, raise: &py::StmtRaise) -> StmtKind {
        let Some(value) = raise.exc.as_deref() else { return StmtKind::RaiseAgain };
        let simple = match value {
            py::Expr::Name(class) if names::is_exception(&class.id) => Some((class, None)),
            py::Expr::Call(call) => match (&*call.func, &*call.arguments.args, &*call.arguments.keywords) {
                (py::Expr::Name(class), [], []) => Some((class, None)),
                (py::Expr::Name(class), [text @ (py::Expr::StringLiteral(_) | py::Expr::FString(_))], []) => {
                    Some((class, Some(text)))
                }
                _ => None,
            },
            _ => None,
        };
        match simple {
            Some((class, message))
                if raise.cause.is_none() && names::is_exception(&class.id) && &*class.id != "KeyError" =>
            {
                let message = message.map(|message| self.expr(message));
                StmtKind::Raise { class: name(&class.id), class_span: span(class.range), message }
            }
            _ => StmtKind::RaiseValue {
                value: self.expr(value),
                cause: raise.cause.as_deref().map(|cause| self.expr(cause)),
            },
        }
    }

    fn import(&mut self, import: &py::StmtImport) -> StmtKind {
        let mut bindings = Vec::new();
        for alias in &import.names {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            match module(&alias.name) {
                Some(module) => {
                    bindings.push((name(bound), Import::Module(module), span(alias.range)));
                }
                None => self.report.unsupported_name(span(alias.range), Feature::Import, &alias.name),
            }
        }
        StmtKind::Import(bindings)
    }

    fn import_from(&mut self, import: &py::StmtImportFrom) -> StmtKind {
        let source = import.module.as_ref().map_or("", |m| m.as_str());
        let Some(module) = module(source).filter(|_| import.level == 0) else {
            let at = import.module.as_ref().map_or(import.range, |m| m.range());
            self.report.unsupported_name(span(at), Feature::Import, source);
            return StmtKind::Refused;
        };
        let mut bindings = Vec::new();
        for alias in &import.names {
            if &*alias.name == "*" {
                self.refuse(alias, Feature::ImportStar);
                continue;
            }
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            bindings.push((name(bound), Import::Item(module, name(&alias.name)), span(alias.range)));
        }
        StmtKind::Import(bindings)
    }

    fn target(&mut self, target: &py::Expr) -> Target {
        match target {
            py::Expr::Name(target) => Target::Name(self.variable(&target.id), span(target.range)),
            py::Expr::Tuple(py::ExprTuple { elts, range, .. })
            | py::Expr::List(py::ExprList { elts, range, .. }) => {
                let mut parts = Vec::new();
                for part in elts {
                    parts.push(self.target(part));
                }
                Target::Tuple(parts, span(*range))
            }
            py::Expr::Starred(starred) => Target::Star(Box::new(self.target(&starred.value))),
            py::Expr::Subscript(target) => Target::Subscript {
                base: self.expr(&target.value),
                index: self.expr(&target.slice),
                span: span(target.range),
            },
            py::Expr::Attribute(attribute) => {
                self.report.unsupported_name(span(attribute.range), Feature::Attribute, &attribute.attr);
                self.expr(&attribute.value);
                Target::Refused
            }
            other => {
                self.expr(other);
                Target::Refused
            }
        }
    }

    /// The name of a variable in our tree.
    fn variable(&self, written: &str) -> Name {
        let known = self.comprehensions.iter().rev().find_map(|names| names.get(written));
        known.cloned().unwrap_or_else(|| name(written))
    }

    /// What a comprehension iterates over first is evaluated outside of it.
    fn comprehension(
        &mut self,
        made: Made,
        element: &py::Expr,
        value: Option<&py::Expr>,
        generators: &[py::Comprehension],
    ) -> ExprKind {
        let Some((first, rest)) = generators.split_first() else { return ExprKind::Refused };
        let iter = self.expr(&first.iter);
        self.count += 1;
        let mut names = HashMap::new();
        for generator in generators {
            if generator.is_async {
                self.refuse_head(generator, 5, Feature::Async);
            }
            self.hide(&generator.target, &mut names);
        }
        self.comprehensions.push(names);
        let mut clauses = vec![self.clause(first, iter)];
        for generator in rest {
            let iter = self.expr(&generator.iter);
            clauses.push(self.clause(generator, iter));
        }
        let element = self.expr(element);
        let value = value.map(|value| self.expr(value));
        self.comprehensions.pop();
        ExprKind::Comprehension(Box::new(Comprehension { made, element, value, clauses }))
    }

    fn clause(&mut self, generator: &py::Comprehension, iter: Expr) -> Clause {
        Clause { target: self.target(&generator.target), iter, conditions: self.exprs(&generator.ifs) }
    }

    /// Gives names to the variables in a target of a comprehension.
    fn hide(&self, target: &py::Expr, names: &mut HashMap<String, Name>) {
        match target {
            py::Expr::Name(target) => {
                let hidden = format!("{}{HIDDEN}{}", target.id, self.count);
                names.insert(target.id.to_string(), Name::from(hidden));
            }
            py::Expr::Tuple(py::ExprTuple { elts, .. }) | py::Expr::List(py::ExprList { elts, .. }) => {
                elts.iter().for_each(|part| self.hide(part, names));
            }
            py::Expr::Starred(starred) => self.hide(&starred.value, names),
            _ => {}
        }
    }

    fn operator(&mut self, op: py::Operator, range: TextRange) -> BinOp {
        match op {
            py::Operator::Add => BinOp::Add,
            py::Operator::Sub => BinOp::Sub,
            py::Operator::Mult => BinOp::Mul,
            py::Operator::Div => BinOp::Div,
            py::Operator::Mod => BinOp::Mod,
            py::Operator::Pow => BinOp::Pow,
            py::Operator::LShift => BinOp::Shl,
            py::Operator::RShift => BinOp::Shr,
            py::Operator::BitOr => BinOp::Or,
            py::Operator::BitXor => BinOp::Xor,
            py::Operator::BitAnd => BinOp::And,
            py::Operator::FloorDiv => BinOp::FloorDiv,
            py::Operator::MatMult => {
                self.report.unsupported(span(range), Feature::MatMul);
                BinOp::Mul
            }
        }
    }

    fn expr(&mut self, expr: &py::Expr) -> Expr {
        let kind = self.expr_kind(expr);
        Expr { span: span(expr.range()), kind }
    }

    fn boxed(&mut self, expr: &py::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn exprs(&mut self, exprs: &[py::Expr]) -> Vec<Expr> {
        exprs.iter().map(|e| self.expr(e)).collect()
    }

    fn expr_kind(&mut self, expr: &py::Expr) -> ExprKind {
        match expr {
            py::Expr::BoolOp(b) => {
                let op = match b.op {
                    py::BoolOp::And => BoolOp::And,
                    py::BoolOp::Or => BoolOp::Or,
                };
                ExprKind::Bool(op, self.exprs(&b.values))
            }
            py::Expr::Named(named) => match &*named.target {
                py::Expr::Name(target) => ExprKind::Named {
                    name: self.variable(&target.id),
                    name_span: span(target.range),
                    value: self.boxed(&named.value),
                },
                _ => ExprKind::Refused,
            },
            py::Expr::BinOp(binary) => {
                let (left, right) = (self.boxed(&binary.left), self.boxed(&binary.right));
                let op = self.operator(binary.op, binary.range);
                ExprKind::Binary(op, left, right)
            }
            py::Expr::UnaryOp(unary) => {
                let op = match unary.op {
                    py::UnaryOp::Invert => UnaryOp::Invert,
                    py::UnaryOp::Not => UnaryOp::Not,
                    py::UnaryOp::UAdd => UnaryOp::Pos,
                    py::UnaryOp::USub => UnaryOp::Neg,
                };
                ExprKind::Unary(op, self.boxed(&unary.operand))
            }
            py::Expr::If(choice) => ExprKind::If {
                test: self.boxed(&choice.test),
                then: self.boxed(&choice.body),
                otherwise: self.boxed(&choice.orelse),
            },
            py::Expr::Compare(compare) => {
                let first = self.boxed(&compare.left);
                let rest = compare.ops.iter().zip(&compare.comparators);
                let rest = rest.map(|(op, right)| (comparison(*op), self.expr(right))).collect();
                ExprKind::Compare(first, rest)
            }
            py::Expr::Call(call) => self.call(call),
            py::Expr::FString(f) => {
                let mut pieces = Vec::new();
                for part in &f.value {
                    match part {
                        py::FStringPart::Literal(text) => pieces.push(Piece::Text(text.value.to_string())),
                        py::FStringPart::FString(f) => self.pieces(&f.elements, &mut pieces),
                    }
                }
                ExprKind::FString(pieces)
            }
            py::Expr::StringLiteral(text) => ExprKind::Const(Const::Str(text.value.to_str().into())),
            py::Expr::NumberLiteral(number) => self.number(number),
            py::Expr::BooleanLiteral(b) => ExprKind::Const(Const::Bool(b.value)),
            py::Expr::NoneLiteral(_) => ExprKind::Const(Const::None),
            py::Expr::Attribute(attribute) => {
                ExprKind::Attribute(self.boxed(&attribute.value), name(&attribute.attr))
            }
            py::Expr::Subscript(subscript) => {
                ExprKind::Subscript(self.boxed(&subscript.value), self.boxed(&subscript.slice))
            }
            py::Expr::Name(n) => ExprKind::Name(self.variable(&n.id)),
            py::Expr::Tuple(tuple) => ExprKind::Tuple(self.exprs(&tuple.elts)),
            py::Expr::List(list) => ExprKind::List(self.exprs(&list.elts)),
            py::Expr::Set(set) => ExprKind::Set(self.exprs(&set.elts)),
            py::Expr::Dict(dict) => {
                let items = dict.items.iter();
                let items = items.map(|i| (i.key.as_ref().map(|key| self.expr(key)), self.expr(&i.value)));
                ExprKind::Dict(items.collect())
            }
            py::Expr::Starred(starred) => ExprKind::Starred(self.boxed(&starred.value)),
            py::Expr::Slice(slice) => {
                let parts = [&slice.lower, &slice.upper, &slice.step];
                ExprKind::Slice(Box::new(parts.map(|part| part.as_deref().map(|part| self.expr(part)))))
            }
            py::Expr::BytesLiteral(bytes) => {
                ExprKind::Bytes(bytes.value.bytes().map(char::from).collect::<String>().into())
            }
            py::Expr::ListComp(c) => self.comprehension(Made::List, &c.elt, None, &c.generators),
            py::Expr::SetComp(c) => self.comprehension(Made::Set, &c.elt, None, &c.generators),
            py::Expr::DictComp(c) => match &c.key {
                Some(key) => self.comprehension(Made::Dict, key, Some(&c.value), &c.generators),
                // Newer than the Python that this is: an error of syntax by now.
                None => ExprKind::Refused,
            },
            py::Expr::Generator(c) => self.comprehension(Made::Values, &c.elt, None, &c.generators),
            other => {
                self.refuse_expr(other);
                ExprKind::Refused
            }
        }
    }

    /// What has no form in our tree; its parts are looked at nevertheless.
    fn refuse_expr(&mut self, expr: &py::Expr) {
        match expr {
            py::Expr::Lambda(lambda) => {
                self.refuse_head(lambda, 6, Feature::Lambda);
                self.expr(&lambda.body);
            }
            py::Expr::Await(_) => self.refuse_head(expr, 5, Feature::Async),
            py::Expr::Yield(_) | py::Expr::YieldFrom(_) => self.refuse_head(expr, 5, Feature::Generator),
            py::Expr::EllipsisLiteral(_) => self.refuse(expr, Feature::Ellipsis),
            // Template strings are newer than the Python that this is.
            _ => {}
        }
    }

    fn call(&mut self, call: &py::ExprCall) -> ExprKind {
        let callee = self.boxed(&call.func);
        let args = self.exprs(&call.arguments.args);
        let mut keywords = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.expr(&keyword.value);
            match &keyword.arg {
                Some(arg) => keywords.push(Keyword { name: name(arg), span: span(keyword.range), value }),
                None => self.refuse(keyword, Feature::StarArgument),
            }
        }
        ExprKind::Call { callee, args, keywords }
    }

    fn pieces(&mut self, elements: &py::InterpolatedStringElements, pieces: &mut Vec<Piece>) {
        for element in elements {
            match element {
                py::InterpolatedStringElement::Literal(text) => {
                    pieces.push(Piece::Text(text.value.to_string()));
                }
                py::InterpolatedStringElement::Interpolation(part) => {
                    let value = self.expr(&part.expression);
                    let mut spec = Vec::new();
                    if let Some(format) = &part.format_spec {
                        self.pieces(&format.elements, &mut spec);
                    }
                    let mut conversion = match part.conversion {
                        py::ConversionFlag::None => Conversion::None,
                        py::ConversionFlag::Str => Conversion::Str,
                        py::ConversionFlag::Repr => Conversion::Repr,
                        py::ConversionFlag::Ascii => Conversion::Ascii,
                    };
                    if let Some(text) = &part.debug_text {
                        pieces.push(Piece::Text(text.as_str().to_owned()));
                        if conversion == Conversion::None && part.format_spec.is_none() {
                            conversion = Conversion::Repr;
                        }
                    }
                    pieces.push(Piece::Value { value, conversion, spec });
                }
            }
        }
    }

    fn number(&mut self, number: &py::ExprNumberLiteral) -> ExprKind {
        match &number.value {
            py::Number::Float(f) => ExprKind::Const(Const::Float(*f)),
            py::Number::Complex { .. } => {
                self.refuse(number, Feature::Complex);
                ExprKind::Refused
            }
            py::Number::Int(_) => {
                let text: String =
                    self.report.source.slice(span(number.range)).chars().filter(|&c| c != '_').collect();
                let (radix, digits) = match text.get(..2) {
                    Some("0x" | "0X") => (16, &text[2..]),
                    Some("0o" | "0O") => (8, &text[2..]),
                    Some("0b" | "0B") => (2, &text[2..]),
                    _ => (10, &*text),
                };
                if radix == 10 && digits.len() > MAX_DIGITS {
                    let message = format!(
                        "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion: value has {} digits; \
                         use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge \
                         integer literals to avoid decimal conversion limits.",
                        digits.len()
                    );
                    self.report.syntax(span(number.range), message);
                    return ExprKind::Refused;
                }
                if digits.len() > bytecode::verify::MAX_INT_BITS / 4 {
                    self.refuse(number, Feature::TooLargeInt);
                    return ExprKind::Refused;
                }
                match IBig::from_str_radix(digits, radix) {
                    Ok(value) => ExprKind::Const(Const::int(value)),
                    Err(_) => {
                        self.report.syntax(span(number.range), "invalid number");
                        ExprKind::Refused
                    }
                }
            }
        }
    }
}

fn module(name: &str) -> Option<Module> {
    match name {
        "math" => Some(Module::Math),
        "sys" => Some(Module::Sys),
        "__future__" | "typing" => Some(Module::Nothing),
        _ => None,
    }
}

fn comparison(op: py::CmpOp) -> Comparison {
    match op {
        py::CmpOp::Eq => Comparison::Order(Cmp::Eq),
        py::CmpOp::NotEq => Comparison::Order(Cmp::Ne),
        py::CmpOp::Lt => Comparison::Order(Cmp::Lt),
        py::CmpOp::LtE => Comparison::Order(Cmp::Le),
        py::CmpOp::Gt => Comparison::Order(Cmp::Gt),
        py::CmpOp::GtE => Comparison::Order(Cmp::Ge),
        py::CmpOp::Is => Comparison::Is { negated: false },
        py::CmpOp::IsNot => Comparison::Is { negated: true },
        py::CmpOp::In => Comparison::In { negated: false },
        py::CmpOp::NotIn => Comparison::In { negated: true },
    }
}
