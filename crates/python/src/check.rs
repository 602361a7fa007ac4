//! What CPython refuses and the parser lets pass: rules about where things may stand and what names may mean.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. It looks at the parser's whole
//! tree, at what is not supported as well, so that a program that is wrong is told so. The words are CPython 3.11's.

use crate::convert::span;
use crate::report::Report;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as py, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How deeply loops, `try` and `with` may nest in one another.
const MAX_BLOCKS: usize = 20;

/// Checks a program.
pub fn check(body: &[Stmt], report: &mut Report<'_>) {
    let mut checker = Checker { report, scopes: Vec::new(), loops: 0, blocks: 0 };
    checker.open(Kind::Module, Vec::new());
    checker.future_imports(body);
    checker.visit_body(body);
    checker.close();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
}

/// What a scope has done with a name so far.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    parameter: bool,
    assigned: bool,
    used: bool,
    annotated: bool,
    global: bool,
    nonlocal: bool,
}

struct Scope {
    kind: Kind,
    names: HashMap<String, Use>,
    yields: bool,
    value_returns: Vec<TextRange>,
    nonlocals: Vec<(String, TextRange)>,
    /// What functions inside declare `nonlocal`.
    wanted_inside: Vec<(String, TextRange)>,
    /// Around it: loops and blocks, which do not reach into a function.
    loops: usize,
    blocks: usize,
}

struct Checker<'r, 's> {
    report: &'r mut Report<'s>,
    scopes: Vec<Scope>,
    loops: usize,
    blocks: usize,
}

impl Checker<'_, '_> {
    fn error(&mut self, at: impl Ranged, message: impl Into<String>) {
        self.report.syntax(span(at.range()), message);
    }

    fn open(&mut self, kind: Kind, names: Vec<&str>) {
        let (loops, blocks) = (std::mem::take(&mut self.loops), std::mem::take(&mut self.blocks));
        let parameter = Use { parameter: true, ..Use::default() };
        let names = names.into_iter().map(|name| (name.to_owned(), parameter)).collect();
        let (value_returns, nonlocals, wanted_inside) = (Vec::new(), Vec::new(), Vec::new());
        self.scopes.push(Scope {
            kind,
            names,
            yields: false,
            value_returns,
            nonlocals,
            wanted_inside,
            loops,
            blocks,
        });
    }

    fn close(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        (self.loops, self.blocks) = (scope.loops, scope.blocks);
        if scope.kind == Kind::AsyncFunction && scope.yields {
            for at in scope.value_returns {
                self.error(at, "'return' with value in async generator");
            }
        }
        // What inner functions want from outside: from here, if this is a function that binds it, else from further out.
        let is_function = matches!(scope.kind, Kind::Function | Kind::AsyncFunction | Kind::Lambda);
        let binds = |name: &String| {
            let found = scope.names.get(name).copied().unwrap_or_default();
            is_function && (found.assigned || found.parameter) && !found.global && !found.nonlocal
        };
        let mut wanted = scope.nonlocals;
        wanted.extend(scope.wanted_inside.into_iter().filter(|(name, _)| !binds(name)));
        match self.scopes.last_mut() {
            Some(outer) => outer.wanted_inside.extend(wanted),
            None => {
                for (name, at) in wanted {
                    self.error(at, format!("no binding for nonlocal '{name}' found"));
                }
            }
        }
    }

    fn scope(&self) -> Option<&Scope> {
        self.scopes.last()
    }

    fn kind(&self) -> Kind {
        self.scope().map_or(Kind::Module, |scope| scope.kind)
    }

    /// The scope of the function or so that this stands in, comprehensions aside.
    fn function_kind(&self) -> Kind {
        let found = self.scopes.iter().rev().find(|scope| scope.kind != Kind::Comprehension);
        found.map_or(Kind::Module, |scope| scope.kind)
    }

    fn note(&mut self, name: &str, what: impl Fn(&mut Use)) {
        if let Some(scope) = self.scopes.last_mut() {
            what(scope.names.entry(name.to_owned()).or_default());
        }
    }

    fn bind(&mut self, name: &str, at: TextRange) {
        if name == "__debug__" {
            self.error(at, "cannot assign to __debug__");
        }
        self.note(name, |n| n.assigned = true);
    }

    fn future_imports(&mut self, body: &[Stmt]) {
        const FEATURES: [&str; 10] = [
            "nested_scopes",
            "generators",
            "division",
            "absolute_import",
            "with_statement",
            "print_function",
            "unicode_literals",
            "barry_as_FLUFL",
            "generator_stop",
            "annotations",
        ];
        let mut allowed = true;
        for (at, stmt) in body.iter().enumerate() {
            match stmt {
                Stmt::ImportFrom(import) if import.module.as_deref() == Some("__future__") => {
                    if !allowed {
                        self.error(import, "from __future__ imports must occur at the beginning of the file");
                    }
                    for alias in import.names.iter().filter(|alias| !FEATURES.contains(&&*alias.name)) {
                        match &*alias.name {
                            "braces" => self.error(alias, "not a chance"),
                            name => self.error(alias, format!("future feature {name} is not defined")),
                        }
                    }
                }
                Stmt::Expr(expr) if at == 0 && expr.value.is_string_literal_expr() => {}
                _ => allowed = false,
            }
        }
    }

    fn declare(&mut self, names: &[py::Identifier], at: TextRange, global: bool) {
        let word = if global { "global" } else { "nonlocal" };
        if !global && self.kind() == Kind::Module {
            return self.error(at, "nonlocal declaration not allowed at module level");
        }
        for name in names {
            let known = self.scope().and_then(|scope| scope.names.get(&**name)).copied().unwrap_or_default();
            let wrong = if known.parameter {
                Some(format!("name '{name}' is parameter and {word}"))
            } else if (global && known.nonlocal) || (!global && known.global) {
                Some(format!("name '{name}' is nonlocal and global"))
            } else if known.annotated {
                Some(format!("annotated name '{name}' can't be {word}"))
            } else if known.assigned {
                Some(format!("name '{name}' is assigned to before {word} declaration"))
            } else if known.used {
                Some(format!("name '{name}' is used prior to {word} declaration"))
            } else {
                None
            };
            if let Some(message) = wrong {
                self.error(at, message);
            }
            self.note(name, |n| if global { n.global = true } else { n.nonlocal = true });
            if !global && let Some(scope) = self.scopes.last_mut() {
                scope.nonlocals.push((name.to_string(), at));
            }
        }
    }

    fn parameters<'a>(&mut self, parameters: &'a py::Parameters) -> Vec<&'a str> {
        let mut seen: HashSet<&str> = HashSet::new();
        for parameter in parameters.iter() {
            let name = parameter.name();
            if !seen.insert(name) {
                self.error(name, format!("duplicate argument '{name}' in function definition"));
            }
            if name.as_str() == "__debug__" {
                self.error(name, "cannot assign to __debug__");
            }
        }
        parameters.iter().map(|parameter| parameter.name().as_str()).collect()
    }

    /// A target of an assignment, a loop or so: stars are allowed inside tuples and lists, one in each.
    fn target(&mut self, target: &Expr, nested: bool) {
        match target {
            Expr::Starred(starred) if !nested => {
                self.error(starred, "starred assignment target must be in a list or tuple");
            }
            Expr::Tuple(py::ExprTuple { elts, .. }) | Expr::List(py::ExprList { elts, .. }) => {
                if elts.iter().filter(|e| e.is_starred_expr()).count() > 1 {
                    self.error(target, "multiple starred expressions in assignment");
                }
                elts.iter().for_each(|e| self.target(e, true));
            }
            Expr::Starred(starred) => self.target(&starred.value, true),
            _ => {}
        }
    }

    /// An expression where a star means nothing.
    fn no_star(&mut self, expr: &Expr) {
        if expr.is_starred_expr() {
            self.error(expr, "can't use starred expression here");
        }
    }

    fn block(&mut self, at: impl Ranged, is_loop: bool, work: impl FnOnce(&mut Self)) {
        self.blocks += 1;
        self.loops += usize::from(is_loop);
        if self.blocks == MAX_BLOCKS + 1 {
            self.error(at, "too many statically nested blocks");
        }
        work(self);
        self.blocks -= 1;
        self.loops -= usize::from(is_loop);
    }

    fn function(&mut self, def: &py::StmtFunctionDef) {
        self.bind(&def.name, def.name.range);
        def.decorator_list.iter().for_each(|d| self.visit_decorator(d));
        for parameter in def.parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
        for parameter in def.parameters.iter() {
            if let Some(annotation) = parameter.annotation() {
                self.visit_expr(annotation);
            }
        }
        if let Some(returns) = &def.returns {
            self.visit_expr(returns);
        }
        let names = self.parameters(&def.parameters);
        self.open(if def.is_async { Kind::AsyncFunction } else { Kind::Function }, names);
        self.visit_body(&def.body);
        self.close();
    }

    fn comprehension(&mut self, parts: &[&Expr], generators: &[py::Comprehension], is_generator: bool) {
        if let Some(first) = generators.first() {
            self.iterable(&first.iter);
        }
        let is_async = generators.iter().any(|g| g.is_async);
        let allowed = !is_async || is_generator || self.function_kind() == Kind::AsyncFunction;
        if let Some(first) = generators.first().filter(|_| !allowed) {
            self.error(first, "asynchronous comprehension outside of an asynchronous function");
        }
        self.open(Kind::Comprehension, Vec::new());
        for (at, generator) in generators.iter().enumerate() {
            self.target(&generator.target, false);
            self.visit_expr(&generator.target);
            // These are its iteration variables, which nothing else in it may assign to.
            self.iteration_variables(&generator.target);
            if at > 0 {
                self.iterable(&generator.iter);
            }
            generator.ifs.iter().for_each(|test| self.visit_expr(test));
        }
        parts.iter().for_each(|part| {
            self.no_star(part);
            self.visit_expr(part);
        });
        self.close();
    }

    fn iteration_variables(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.note(&name.id, |n| n.parameter = true),
            Expr::Tuple(py::ExprTuple { elts, .. }) | Expr::List(py::ExprList { elts, .. }) => {
                elts.iter().for_each(|e| self.iteration_variables(e));
            }
            Expr::Starred(starred) => self.iteration_variables(&starred.value),
            _ => {}
        }
    }

    /// What a comprehension iterates over must not assign.
    fn iterable(&mut self, iter: &Expr) {
        if contains_named(iter) {
            self.error(iter, "assignment expression cannot be used in a comprehension iterable expression");
        }
        self.visit_expr(iter);
    }

    fn named(&mut self, named: &py::ExprNamed) {
        self.visit_expr(&named.value);
        let Expr::Name(target) = &*named.target else { return };
        let inner: Vec<&Scope> =
            self.scopes.iter().rev().take_while(|scope| scope.kind == Kind::Comprehension).collect();
        let rebinds = inner.iter().any(|scope| scope.names.get(&*target.id).is_some_and(|n| n.parameter));
        let (in_comprehension, function) = (!inner.is_empty(), self.function_kind());
        if rebinds {
            let name = &target.id;
            let message =
                format!("assignment expression cannot rebind comprehension iteration variable '{name}'");
            self.error(target, message);
        } else if in_comprehension && function == Kind::Class {
            self.error(target, "assignment expression within a comprehension cannot be used in a class body");
        }
        // The name is the enclosing function's.
        if let Some(scope) = self.scopes.iter_mut().rev().find(|scope| scope.kind != Kind::Comprehension) {
            scope.names.entry(target.id.to_string()).or_default().assigned = true;
        }
        if &*target.id == "__debug__" {
            self.error(target, "cannot assign to __debug__");
        }
    }

    fn yields(&mut self, at: TextRange, word: &str, from: bool) {
        let kind = self.kind();
        match kind {
            Kind::Module | Kind::Class => self.error(at, format!("'{word}' outside function")),
            Kind::AsyncFunction if from => self.error(at, "'yield from' inside async function"),
            Kind::Comprehension => self.error(at, "'yield' inside list comprehension"),
            _ => {}
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.yields = true;
        }
    }

    fn match_statement(&mut self, matching: &py::StmtMatch) {
        self.visit_expr(&matching.subject);
        let last = matching.cases.len().saturating_sub(1);
        for (at, case) in matching.cases.iter().enumerate() {
            let mut names = Captures::new();
            self.pattern(&case.pattern, &mut names);
            if at < last && case.guard.is_none() {
                self.irrefutable(&case.pattern);
            }
            for (name, range) in names {
                self.bind(&name, range);
            }
            if let Some(guard) = &case.guard {
                self.visit_expr(guard);
            }
            self.visit_body(&case.body);
        }
    }

    fn irrefutable(&mut self, pattern: &py::Pattern) {
        if let py::Pattern::MatchAs(py::PatternMatchAs { pattern: None, name, .. }) = pattern {
            match name {
                Some(name) => {
                    let message = format!("name capture '{name}' makes remaining patterns unreachable");
                    self.error(pattern, message);
                }
                None => self.error(pattern, "wildcard makes remaining patterns unreachable"),
            }
        }
    }

    fn capture(&mut self, name: Option<&py::Identifier>, names: &mut Captures) {
        let Some(name) = name else { return };
        if names.insert(name.to_string(), name.range).is_some() {
            self.error(name, format!("multiple assignments to name '{name}' in pattern"));
        }
    }

    fn pattern(&mut self, pattern: &py::Pattern, names: &mut Captures) {
        match pattern {
            py::Pattern::MatchValue(value) => self.visit_expr(&value.value),
            py::Pattern::MatchSingleton(_) => {}
            py::Pattern::MatchSequence(sequence) => {
                if sequence.patterns.iter().filter(|p| p.is_match_star()).count() > 1 {
                    self.error(pattern, "multiple starred expressions in sequence pattern");
                }
                sequence.patterns.iter().for_each(|p| self.pattern(p, names));
            }
            py::Pattern::MatchMapping(mapping) => {
                mapping.keys.iter().for_each(|key| self.visit_expr(key));
                mapping.patterns.iter().for_each(|p| self.pattern(p, names));
                self.capture(mapping.rest.as_ref(), names);
            }
            py::Pattern::MatchClass(class) => {
                self.visit_expr(&class.cls);
                let mut attributes: HashSet<&str> = HashSet::new();
                for keyword in &class.arguments.keywords {
                    if !attributes.insert(&keyword.attr) {
                        let message = format!("attribute name repeated in class pattern: {}", keyword.attr);
                        self.error(keyword, message);
                    }
                    self.pattern(&keyword.pattern, names);
                }
                class.arguments.patterns.iter().for_each(|p| self.pattern(p, names));
            }
            py::Pattern::MatchStar(star) => self.capture(star.name.as_ref(), names),
            py::Pattern::MatchAs(capture) => {
                if let Some(inner) = &capture.pattern {
                    self.pattern(inner, names);
                }
                self.capture(capture.name.as_ref(), names);
            }
            py::Pattern::MatchOr(or) => {
                let mut first: Option<Captures> = None;
                let last = or.patterns.len().saturating_sub(1);
                for (at, alternative) in or.patterns.iter().enumerate() {
                    let mut own = Captures::new();
                    self.pattern(alternative, &mut own);
                    if at < last {
                        self.irrefutable(alternative);
                    }
                    let first = first.get_or_insert_with(|| own.clone());
                    if !first.keys().eq(own.keys()) {
                        self.error(pattern, "alternative patterns bind different names");
                    }
                }
                names.extend(first.unwrap_or_default());
            }
        }
    }
}

/// The names that a pattern binds, in alphabetical order, and where.
type Captures = BTreeMap<String, TextRange>;

/// Whether an expression assigns, not counting what its lambdas do when they are called.
fn contains_named(expr: &Expr) -> bool {
    struct Find(bool);
    impl<'a> Visitor<'a> for Find {
        fn visit_expr(&mut self, expr: &'a Expr) {
            self.0 |= expr.is_named_expr();
            if !self.0 {
                visitor::walk_expr(self, expr);
            }
        }
    }
    let mut find = Find(false);
    find.visit_expr(expr);
    find.0
}

impl<'a> Visitor<'a> for Checker<'_, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => return self.function(def),
            Stmt::ClassDef(class) => {
                self.bind(&class.name, class.name.range);
                class.decorator_list.iter().for_each(|d| self.visit_decorator(d));
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                self.open(Kind::Class, Vec::new());
                self.visit_body(&class.body);
                return self.close();
            }
            Stmt::Return(ret) => {
                match self.function_kind() {
                    Kind::Function | Kind::AsyncFunction => {}
                    _ => self.error(ret, "'return' outside function"),
                }
                if let (Some(_), Some(scope)) = (&ret.value, self.scopes.last_mut()) {
                    scope.value_returns.push(ret.range);
                }
            }
            Stmt::Break(_) if self.loops == 0 => self.error(stmt, "'break' outside loop"),
            Stmt::Continue(_) if self.loops == 0 => self.error(stmt, "'continue' not properly in loop"),
            Stmt::Global(global) => self.declare(&global.names, global.range, true),
            Stmt::Nonlocal(nonlocal) => self.declare(&nonlocal.names, nonlocal.range, false),
            Stmt::Assign(assign) => {
                self.no_star(&assign.value);
                assign.targets.iter().for_each(|target| self.target(target, false));
            }
            Stmt::AugAssign(assign) => self.no_star(&assign.value),
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), true) = (&*assign.target, assign.simple) {
                    let known = self.scope().and_then(|scope| scope.names.get(&*name.id)).copied();
                    let known = known.unwrap_or_default();
                    if known.global && self.kind() != Kind::Module {
                        self.error(assign, format!("annotated name '{}' can't be global", name.id));
                    } else if known.nonlocal {
                        self.error(assign, format!("annotated name '{}' can't be nonlocal", name.id));
                    }
                    self.note(&name.id, |n| n.annotated = true);
                }
            }
            Stmt::Expr(expr) => self.no_star(&expr.value),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    if let Expr::Name(name) = target {
                        self.note(&name.id, |n| n.assigned = true);
                    }
                }
            }
            Stmt::For(for_loop) => {
                if for_loop.is_async && self.function_kind() != Kind::AsyncFunction {
                    self.error(for_loop, "'async for' outside async function");
                }
                self.target(&for_loop.target, false);
                self.visit_expr(&for_loop.iter);
                self.visit_expr(&for_loop.target);
                self.block(for_loop, true, |c| c.visit_body(&for_loop.body));
                return self.visit_body(&for_loop.orelse);
            }
            Stmt::While(while_loop) => {
                self.visit_expr(&while_loop.test);
                self.block(while_loop, true, |c| c.visit_body(&while_loop.body));
                return self.visit_body(&while_loop.orelse);
            }
            Stmt::With(with) => {
                if with.is_async && self.function_kind() != Kind::AsyncFunction {
                    self.error(with, "'async with' outside async function");
                }
                for item in &with.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.target(target, false);
                        self.visit_expr(target);
                    }
                }
                return self.block(with, false, |c| c.visit_body(&with.body));
            }
            Stmt::Try(attempt) => {
                let last = attempt.handlers.len().saturating_sub(1);
                for (at, handler) in attempt.handlers.iter().enumerate() {
                    let py::ExceptHandler::ExceptHandler(handler) = handler;
                    if handler.type_.is_none() && at < last {
                        self.error(handler, "default 'except:' must be last");
                    }
                    if let Some(name) = &handler.name {
                        self.bind(name, name.range);
                    }
                }
                return self.block(attempt, false, |c| visitor::walk_stmt(c, stmt));
            }
            Stmt::Match(matching) => return self.match_statement(matching),
            Stmt::Import(import) => {
                for alias in &import.names {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.bind(bound.split('.').next().unwrap_or(""), alias.range);
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    if &*alias.name == "*" {
                        if self.kind() != Kind::Module {
                            self.error(import, "import * only allowed at module level");
                        }
                        continue;
                    }
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name), alias.range);
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => match name.ctx {
                py::ExprContext::Store => self.bind(&name.id, name.range),
                py::ExprContext::Del if &*name.id == "__debug__" => {
                    self.error(name, "cannot delete __debug__");
                }
                _ => self.note(&name.id, |n| n.used = true),
            },
            Expr::Attribute(attribute) => {
                if attribute.ctx.is_store() && &*attribute.attr == "__debug__" {
                    self.error(attribute, "cannot assign to __debug__");
                }
                self.visit_expr(&attribute.value);
            }
            Expr::Named(named) => self.named(named),
            Expr::Lambda(lambda) => {
                let mut names = Vec::new();
                if let Some(parameters) = &lambda.parameters {
                    for parameter in parameters.iter_non_variadic_params() {
                        if let Some(default) = &parameter.default {
                            self.visit_expr(default);
                        }
                    }
                    names = self.parameters(parameters);
                }
                self.open(Kind::Lambda, names);
                self.visit_expr(&lambda.body);
                self.close();
            }
            Expr::ListComp(c) => self.comprehension(&[&c.elt], &c.generators, false),
            Expr::SetComp(c) => self.comprehension(&[&c.elt], &c.generators, false),
            Expr::DictComp(c) => {
                let key = c.key.as_deref();
                let parts: Vec<&Expr> = key.into_iter().chain([&*c.value]).collect();
                self.comprehension(&parts, &c.generators, false);
            }
            Expr::Generator(c) => self.comprehension(&[&c.elt], &c.generators, true),
            Expr::Yield(y) => {
                self.yields(y.range, "yield", false);
                visitor::walk_expr(self, expr);
            }
            Expr::YieldFrom(y) => {
                self.yields(y.range, "yield", true);
                visitor::walk_expr(self, expr);
            }
            Expr::Await(a) => {
                match self.function_kind() {
                    Kind::AsyncFunction => {}
                    Kind::Module | Kind::Class => self.error(a, "'await' outside function"),
                    _ => self.error(a, "'await' outside async function"),
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Call(call) => {
                let mut names: HashSet<&str> = HashSet::new();
                for keyword in &call.arguments.keywords {
                    let Some(name) = &keyword.arg else { continue };
                    if !names.insert(name) {
                        self.error(keyword, format!("keyword argument repeated: {name}"));
                    }
                    if name.as_str() == "__debug__" {
                        self.error(keyword, "cannot assign to __debug__");
                    }
                }
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
