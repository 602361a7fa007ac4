//! What each name means: a local, a variable of the module, a function, an import.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`, between the tree and
//! [`crate::lower`]. In Python a name that is assigned anywhere in a function is local to all of it. Functions and
//! imports have one meaning in the whole program here: a name that is a function and something else is refused.

use crate::ast::{
    Block, Clause, Expr, ExprKind, Function, Import, Name, Piece, Span, Stmt, StmtKind, Target,
};
use crate::feature::Feature;
use crate::report::Report;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What a name of the module is.
#[derive(Clone, Debug)]
pub enum Binding {
    Variable,
    /// Index into [`Scopes::functions`].
    Function(usize),
    Import(Import),
}

/// A function and its names.
pub struct FunctionScope {
    pub def: Rc<Function>,
    pub names: Names,
    /// Names of the module that it reads, writes or calls.
    pub outer: HashSet<Name>,
    pub calls: HashSet<usize>,
}

/// The names of a function, or of the module's own code.
#[derive(Default)]
pub struct Names {
    /// Its variables in order of appearance, parameters first.
    pub locals: Vec<Name>,
    known: HashSet<Name>,
    pub globals: HashSet<Name>,
    pub imports: HashMap<Name, (Import, Span)>,
}

impl Names {
    pub fn has(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    fn add(&mut self, name: &Name) {
        if !self.globals.contains(name) && self.known.insert(name.clone()) {
            self.locals.push(name.clone());
        }
    }
}

/// The names of a program.
pub struct Scopes {
    pub module: HashMap<Name, Binding>,
    /// Variables of the module, in order of appearance.
    pub variables: Vec<Name>,
    pub functions: Vec<FunctionScope>,
    /// Variables of the module that functions read or write.
    pub shared: HashSet<Name>,
    /// Where the module's imports stand.
    pub import_spans: HashMap<Name, Span>,
}

/// Calls `work` with each expression of a block, and with each part of it, but not with those of functions in it.
pub fn each_expr(block: &Block, work: &mut dyn FnMut(&Expr)) {
    fn one(expr: &Expr, work: &mut dyn FnMut(&Expr)) {
        work(expr);
        parts(expr, &mut |part| one(part, work));
    }
    for stmt in block {
        own_exprs(stmt, &mut |expr| one(expr, work));
        inner_blocks(stmt, &mut |block| each_expr(block, work));
    }
}

/// Finds out what all names mean.
pub fn resolve(body: &Block, report: &mut Report<'_>) -> Scopes {
    let mut scopes = Scopes {
        module: HashMap::new(),
        variables: Vec::new(),
        functions: Vec::new(),
        shared: HashSet::new(),
        import_spans: HashMap::new(),
    };
    let mut top = Names::default();
    let mut defs = Vec::new();
    let mut imports = Vec::new();
    collect(body, true, &mut top, &mut defs, &mut imports, report);
    for name in &top.locals {
        scopes.variable(name);
    }
    for (def, _) in &defs {
        let index = scopes.functions.len();
        scopes.functions.push(function_scope(def.clone(), report));
        // Where it is a variable too, each assignment to it is reported.
        if let Some(Binding::Function(_)) = scopes.module.insert(def.name.clone(), Binding::Function(index)) {
            report.unsupported_name(def.name_span, Feature::FunctionRebound, &def.name);
        }
    }
    for (name, import, span) in imports {
        scopes.import_spans.entry(name.clone()).or_insert(span);
        match scopes.module.insert(name.clone(), Binding::Import(import.clone())) {
            None => {}
            // The same import twice means the same.
            Some(Binding::Import(first)) if first == import => {}
            Some(_) => report.unsupported_name(span, Feature::FunctionRebound, &name),
        }
    }
    // Functions may bring variables of the module into being.
    let declared: Vec<(Name, Span)> = scopes
        .functions
        .iter()
        .flat_map(|f| f.names.globals.iter().map(|name| (name.clone(), f.def.name_span)))
        .collect();
    for (name, _) in declared {
        if !scopes.module.contains_key(&name) {
            scopes.variable(&name);
        }
    }
    let mut functions = std::mem::take(&mut scopes.functions);
    for function in &mut functions {
        let mut uses = Uses {
            names: &function.names,
            outer: HashSet::new(),
            calls: HashSet::new(),
            module: &scopes.module,
        };
        uses.block(&function.def.body);
        let rebound = assigned_globals(&function.def.body, &function.names);
        for (name, span) in rebound {
            if !matches!(scopes.module.get(&name), Some(Binding::Variable)) {
                report.unsupported_name(span, Feature::FunctionRebound, &name);
            }
        }
        (function.outer, function.calls) = (uses.outer, uses.calls);
        function.outer.extend(function.names.globals.iter().cloned());
    }
    scopes.functions = functions;
    for function in &scopes.functions {
        scopes.shared.extend(function.outer.iter().cloned());
    }
    scopes
}

impl Scopes {
    fn variable(&mut self, name: &Name) {
        if self.module.insert(name.clone(), Binding::Variable).is_none() {
            self.variables.push(name.clone());
        }
    }
}

fn function_scope(def: Rc<Function>, report: &mut Report<'_>) -> FunctionScope {
    let mut names = Names::default();
    declared_globals(&def.body, &mut names.globals);
    def.names().for_each(|name| names.add(name));
    let (mut defs, mut imports) = (Vec::new(), Vec::new());
    collect(&def.body, true, &mut names, &mut defs, &mut imports, report);
    for (name, import, span) in imports {
        let rebound = names.has(&name) || names.globals.contains(&name);
        let first = names.imports.insert(name.clone(), (import.clone(), span));
        if rebound || first.is_some_and(|(first, _)| first != import) {
            report.unsupported_name(span, Feature::FunctionRebound, &name);
        }
    }
    FunctionScope { def, names, outer: HashSet::new(), calls: HashSet::new() }
}

fn declared_globals(block: &Block, globals: &mut HashSet<Name>) {
    for stmt in block {
        if let StmtKind::Global(names) = &stmt.kind {
            globals.extend(names.iter().cloned());
        }
        inner_blocks(stmt, &mut |block| declared_globals(block, globals));
    }
}

/// Calls `work` with each block of a statement, but not with a function's body.
fn inner_blocks<'a>(stmt: &'a Stmt, work: &mut dyn FnMut(&'a Block)) {
    match &stmt.kind {
        StmtKind::If { branches, otherwise } => {
            branches.iter().for_each(|(_, block)| work(block));
            work(otherwise);
        }
        StmtKind::While { body, otherwise, .. } | StmtKind::For { body, otherwise, .. } => {
            work(body);
            work(otherwise);
        }
        StmtKind::Try { body, handlers, otherwise, finally } => {
            work(body);
            handlers.iter().for_each(|handler| work(&handler.body));
            work(otherwise);
            work(finally);
        }
        _ => {}
    }
}

/// Calls `work` with each expression of a statement itself, in the order in which they are evaluated, but not with
/// those of its blocks.
pub fn own_exprs<'a>(stmt: &'a Stmt, work: &mut dyn FnMut(&'a Expr)) {
    match &stmt.kind {
        StmtKind::Expr(expr) => work(expr),
        StmtKind::Assign { targets, value } => {
            work(value);
            targets.iter().for_each(|target| target_exprs(target, work));
        }
        StmtKind::Augmented { target, value, .. } => {
            target_exprs(target, work);
            work(value);
        }
        StmtKind::Delete(targets) => targets.iter().for_each(|target| target_exprs(target, work)),
        StmtKind::If { branches, .. } => branches.iter().for_each(|(test, _)| work(test)),
        StmtKind::While { test, .. } => work(test),
        StmtKind::For { target, iter, .. } => {
            work(iter);
            target_exprs(target, work);
        }
        StmtKind::Def(def) => def.params.iter().filter_map(|p| p.default.as_ref()).for_each(work),
        StmtKind::Return(value) => value.iter().for_each(work),
        StmtKind::Assert { test, message } => {
            work(test);
            message.iter().for_each(work);
        }
        StmtKind::Raise { message, .. } => message.iter().for_each(work),
        StmtKind::RaiseValue { value, cause } => {
            work(value);
            cause.iter().for_each(work);
        }
        StmtKind::Try { handlers, .. } => handlers.iter().filter_map(|h| h.class.as_ref()).for_each(work),
        _ => {}
    }
}

/// Calls `work` with the expressions in a target.
pub fn target_exprs<'a>(target: &'a Target, work: &mut dyn FnMut(&'a Expr)) {
    match target {
        Target::Name(..) | Target::Refused => {}
        Target::Tuple(parts, _) => parts.iter().for_each(|part| target_exprs(part, work)),
        Target::Star(part) => target_exprs(part, work),
        Target::Subscript { base, index, .. } => {
            work(base);
            work(index);
        }
    }
}

/// Calls `work` with the names in a target that get a value.
pub fn target_names<'a>(target: &'a Target, work: &mut dyn FnMut(&'a Name, Span)) {
    match target {
        Target::Name(name, span) => work(name, *span),
        Target::Tuple(parts, _) => parts.iter().for_each(|part| target_names(part, work)),
        Target::Star(part) => target_names(part, work),
        Target::Subscript { .. } | Target::Refused => {}
    }
}

/// Calls `work` with the parts of an expression, in the order in which they are evaluated.
pub fn parts<'a>(expr: &'a Expr, work: &mut dyn FnMut(&'a Expr)) {
    fn pieces<'a>(all: &'a [Piece], work: &mut dyn FnMut(&'a Expr)) {
        for piece in all {
            if let Piece::Value { value, spec, .. } = piece {
                work(value);
                pieces(spec, work);
            }
        }
    }
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Bytes(_) | ExprKind::Name(_) | ExprKind::Refused => {}
        ExprKind::Unary(_, a)
        | ExprKind::Attribute(a, _)
        | ExprKind::Named { value: a, .. }
        | ExprKind::Starred(a) => work(a),
        ExprKind::Binary(_, a, b) | ExprKind::Subscript(a, b) => {
            work(a);
            work(b);
        }
        ExprKind::Bool(_, all) | ExprKind::Tuple(all) | ExprKind::List(all) | ExprKind::Set(all) => {
            all.iter().for_each(work);
        }
        ExprKind::Dict(items) => {
            for (key, value) in items {
                key.iter().for_each(&mut *work);
                work(value);
            }
        }
        ExprKind::Slice(bounds) => bounds.iter().flatten().for_each(work),
        ExprKind::Comprehension(comprehension) => {
            for Clause { target, iter, conditions } in &comprehension.clauses {
                work(iter);
                target_exprs(target, work);
                conditions.iter().for_each(&mut *work);
            }
            work(&comprehension.element);
            comprehension.value.iter().for_each(work);
        }
        ExprKind::Compare(first, rest) => {
            work(first);
            rest.iter().for_each(|(_, right)| work(right));
        }
        ExprKind::If { test, then, otherwise } => {
            work(test);
            work(then);
            work(otherwise);
        }
        ExprKind::Call { callee, args, keywords } => {
            work(callee);
            args.iter().for_each(&mut *work);
            keywords.iter().for_each(|k| work(&k.value));
        }
        ExprKind::FString(all) => pieces(all, work),
    }
}

type Imported = (Name, Import, Span);

/// Collects what a block binds. `top`: it is the function's own block, not one inside of a statement.
fn collect(
    block: &Block,
    top: bool,
    names: &mut Names,
    defs: &mut Vec<(Rc<Function>, Span)>,
    imports: &mut Vec<Imported>,
    report: &mut Report<'_>,
) {
    for stmt in block {
        own_exprs(stmt, &mut |expr| collect_named(expr, names));
        match &stmt.kind {
            StmtKind::Declared(name) => names.add(name),
            StmtKind::Def(def) => defs.push((def.clone(), stmt.span)),
            StmtKind::Import(bindings) => {
                for (name, import, span) in bindings {
                    if !top {
                        report.unsupported(*span, Feature::ConditionalImport);
                    }
                    imports.push((name.clone(), import.clone(), *span));
                }
            }
            StmtKind::Try { handlers, .. } => {
                handlers.iter().filter_map(|h| h.name.as_ref()).for_each(|(name, _)| names.add(name));
            }
            _ => stmt_targets(stmt, &mut |target| target_names(target, &mut |name, _| names.add(name))),
        }
        inner_blocks(stmt, &mut |block| collect(block, false, names, defs, imports, report));
    }
}

/// Calls `work` with the targets of a statement itself; what is deleted counts.
fn stmt_targets<'a>(stmt: &'a Stmt, work: &mut dyn FnMut(&'a Target)) {
    match &stmt.kind {
        StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => targets.iter().for_each(work),
        StmtKind::For { target, .. } | StmtKind::Augmented { target, .. } => work(target),
        _ => {}
    }
}

/// Adds the names that an expression gives a value to: by `:=`, or as variables of comprehensions.
fn collect_named(expr: &Expr, names: &mut Names) {
    expr_names(expr, &mut |name, _| names.add(name));
    parts(expr, &mut |part| collect_named(part, names));
}

/// Calls `work` with the names that an expression itself gives a value to.
fn expr_names<'a>(expr: &'a Expr, work: &mut dyn FnMut(&'a Name, Span)) {
    match &expr.kind {
        ExprKind::Named { name, name_span, .. } => work(name, *name_span),
        ExprKind::Comprehension(comprehension) => {
            comprehension.clauses.iter().for_each(|clause| target_names(&clause.target, work));
        }
        _ => {}
    }
}

/// Calls `work` with each name that a block deletes.
pub fn deleted_names<'a>(block: &'a Block, work: &mut dyn FnMut(&'a Name)) {
    for stmt in block {
        if let StmtKind::Delete(targets) = &stmt.kind {
            targets.iter().for_each(|target| target_names(target, &mut |name, _| work(name)));
        }
        if let StmtKind::Try { handlers, .. } = &stmt.kind {
            handlers.iter().filter_map(|h| h.name.as_ref()).for_each(|(name, _)| work(name));
        }
        inner_blocks(stmt, &mut |block| deleted_names(block, work));
    }
}

/// The names that a function declares global and assigns, each with a place.
fn assigned_globals(body: &Block, names: &Names) -> Vec<(Name, Span)> {
    fn named(expr: &Expr, all: &mut Vec<(Name, Span)>) {
        expr_names(expr, &mut |name, span| all.push((name.clone(), span)));
        parts(expr, &mut |part| named(part, all));
    }
    fn walk(block: &Block, all: &mut Vec<(Name, Span)>) {
        for stmt in block {
            own_exprs(stmt, &mut |expr| named(expr, all));
            stmt_targets(stmt, &mut |target| {
                target_names(target, &mut |name, span| all.push((name.clone(), span)));
            });
            if let StmtKind::Try { handlers, .. } = &stmt.kind {
                all.extend(handlers.iter().filter_map(|h| h.name.clone()));
            }
            inner_blocks(stmt, &mut |block| walk(block, all));
        }
    }
    let mut all = Vec::new();
    walk(body, &mut all);
    all.retain(|(name, _)| names.globals.contains(name));
    all
}

/// Which names of the module a function uses.
struct Uses<'a> {
    names: &'a Names,
    module: &'a HashMap<Name, Binding>,
    outer: HashSet<Name>,
    calls: HashSet<usize>,
}

impl Uses<'_> {
    fn block(&mut self, block: &Block) {
        for stmt in block {
            own_exprs(stmt, &mut |expr| self.expr(expr));
            inner_blocks(stmt, &mut |block| self.block(block));
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Name(name) = &expr.kind
            && !self.names.has(name)
            && !self.names.imports.contains_key(name)
            && let Some(binding) = self.module.get(name)
        {
            self.outer.insert(name.clone());
            if let Binding::Function(index) = binding {
                self.calls.insert(*index);
            }
        }
        parts(expr, &mut |part| self.expr(part));
    }
}
