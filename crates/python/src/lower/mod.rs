//! From the tree to bytecode.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Each Python function becomes a function, the
//! module's own code the entry function `<module>`. What holds:
//!
//! - Variables of functions are locals. Variables of the module are globals if a function uses them, else locals of the entry
//!   function: nobody can see the difference, and the compilers like locals better.
//! - A variable that may be read before it has a value has a flag beside it, which is looked at before each read.
//! - Operands are evaluated in Python's order, each once. What must wait is in a local that the program cannot name.
//! - An expression leaves one value on the operand stack, a statement none.

mod builtins;
mod calls;
mod expr;
mod print;
mod stmt;

use crate::ast::{Block, Expr, ExprKind, Name, Span, Stmt, StmtKind, Target};
use crate::feature::Feature;
use crate::names;
use crate::report::{Report, Source};
use crate::scope::{Binding, Scopes, Unbound};
use crate::{Compiled, MODULE};
use bytecode::build::{FunctionBuilder, Label, ProgramBuilder};
use bytecode::{Const, FuncId, Op};
use std::collections::{HashMap, HashSet};

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Local(u32),
    Global(u32),
}

/// The labels of a loop around.
struct Loop {
    done: Label,
    again: Label,
}

/// What all functions share.
struct Lower<'a, 'r, 's> {
    program: ProgramBuilder,
    report: &'r mut Report<'s>,
    source: &'s Source<'s>,
    scopes: &'a Scopes,
    unbound: &'a Unbound,
    /// The bytecode function of each Python function.
    ids: Vec<FuncId>,
    /// Where defaults of parameters are kept that are not constants: by function and parameter.
    defaults: HashMap<(usize, usize), u32>,
    /// The augmented assignments: in errors their operators are written `+=`.
    augmented: HashSet<(String, u32)>,
}

/// One function while its code is made.
struct Code {
    f: FunctionBuilder,
    /// Index of the Python function; none for the module's own code.
    scope: Option<usize>,
    places: HashMap<Name, Place>,
    /// The flags of those that may be without a value.
    flags: HashMap<Name, Place>,
    free: Vec<u32>,
    loops: Vec<Loop>,
}

/// Makes the program; what is not supported goes to the report, and then the program is of no use.
pub fn lower(
    body: &Block,
    scopes: &Scopes,
    unbound: &Unbound,
    source: &Source<'_>,
    report: &mut Report<'_>,
) -> Compiled {
    // The report's source is the same one, with the report's lifetime.
    let own = report.source;
    debug_assert!(std::ptr::eq(own.text, source.text));
    let mut lower = Lower {
        program: ProgramBuilder::new(source.name),
        report,
        source: own,
        scopes,
        unbound,
        ids: Vec::new(),
        defaults: HashMap::new(),
        augmented: HashSet::new(),
    };
    let argv = argv_use(body, scopes);
    let entry = lower.program.declare(MODULE);
    lower.program.set_entry(entry);
    lower.refuse_imports();
    for function in &scopes.functions {
        let name = lower.free_function_name(&function.def.name);
        lower.ids.push(lower.program.declare(&name));
    }
    let module = lower.module(body, argv);
    lower.program.define(entry, module);
    for index in 0..scopes.functions.len() {
        let code = lower.function(index);
        lower.program.define(lower.ids[index], code);
    }
    let Lower { program, augmented, .. } = lower;
    Compiled { program: program.finish(), augmented, arguments: argv }
}

/// What is known to count as true.
pub fn is_true(expr: &Expr) -> bool {
    known_truth(expr) == Some(true)
}

/// Whether a constant counts as true.
fn known_truth(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Const(constant) => Some(match constant {
            Const::None => false,
            Const::Bool(b) => *b,
            Const::Int(i) => *i != 0,
            Const::BigInt(_) => true,
            Const::Float(f) => *f != 0.0,
            Const::Str(s) => !s.is_empty(),
        }),
        _ => None,
    }
}

/// How many arguments of the program it asks for: none if it does not look at `sys.argv`, else one more than the
/// largest index.
fn argv_use(body: &Block, scopes: &Scopes) -> Option<u32> {
    let mut most = None;
    let mut look = |expr: &Expr| {
        let is_argv = |e: &Expr| match &e.kind {
            ExprKind::Attribute(_, name) => &**name == "argv",
            ExprKind::Name(_) => true,
            _ => false,
        };
        match &expr.kind {
            ExprKind::Subscript(base, index) if is_argv(base) => {
                if let ExprKind::Const(Const::Int(i)) = index.kind {
                    most = most.max(Some(i.clamp(0, i64::from(MAX_ARGV)) as u32 + 1));
                }
            }
            ExprKind::Attribute(_, name) if &**name == "argv" => most = most.max(Some(0)),
            _ => {}
        }
    };
    crate::scope::each_expr(body, &mut look);
    for function in &scopes.functions {
        crate::scope::each_expr(&function.def.body, &mut look);
    }
    let imported = |import: &crate::ast::Import| !format!("{import:?}").contains("Nothing");
    let any_import = scopes.module.values().any(|b| matches!(b, Binding::Import(i) if imported(i)))
        || scopes.functions.iter().any(|f| f.names.imports.values().any(|(i, _)| imported(i)));
    most.filter(|_| any_import)
}

/// The largest index of `sys.argv` that a program may use.
const MAX_ARGV: u32 = 255;

impl Lower<'_, '_, '_> {
    fn refuse(&mut self, span: Span, feature: Feature) {
        self.report.unsupported(span, feature);
    }

    fn refuse_name(&mut self, span: Span, feature: Feature, name: &str) {
        self.report.unsupported_name(span, feature, name);
    }

    /// Imports must come before what uses them: then they need no flags.
    fn refuse_imports(&mut self) {
        let Unbound { module, functions } = self.unbound;
        let early =
            module.iter().filter(|name| matches!(self.scopes.module.get(*name), Some(Binding::Import(_))));
        for name in early {
            let span = self.scopes.import_spans.get(name).copied().unwrap_or_default();
            self.report.unsupported_name(span, Feature::ConditionalImport, name);
        }
        for (function, names) in self.scopes.functions.iter().zip(functions) {
            for name in names {
                if let Some((_, span)) = function.names.imports.get(name) {
                    self.report.unsupported_name(*span, Feature::ConditionalImport, name);
                }
            }
        }
    }

    /// The name of a function in the program: its own, unless there is one like it already.
    fn free_function_name(&self, name: &str) -> String {
        let mut free = name.to_owned();
        while self.program.find_function(&free).is_some() {
            free.push('\'');
        }
        free
    }

    fn constant(&mut self, constant: Const) -> u32 {
        self.program.constant(constant)
    }

    fn module(&mut self, body: &Block, argv: Option<u32>) -> FunctionBuilder {
        let mut f = FunctionBuilder::new(MODULE, &[]);
        let arguments = argv.map(|count| {
            let count = count + 1;
            (0..count).map(|at| f.param(&argv_name(at))).collect::<Vec<u32>>()
        });
        let mut code = Code {
            f,
            scope: None,
            places: HashMap::new(),
            flags: HashMap::new(),
            free: Vec::new(),
            loops: Vec::new(),
        };
        for slot in arguments.into_iter().flatten() {
            code.f.emit(Op::LoadLocal, slot);
            let global = self.program.global(&argv_name(slot));
            code.f.emit(Op::StoreGlobal, global);
        }
        for name in &self.scopes.variables {
            if !self.scopes.shared.contains(name) {
                code.places.insert(name.clone(), Place::Local(code.f.local(name)));
            }
        }
        // Flags start out false, whether they are of variables or of functions.
        let mut flagged: Vec<&Name> = self.unbound.module.iter().collect();
        flagged.sort();
        for name in flagged {
            let place = if self.scopes.shared.contains(name) {
                Place::Global(self.program.global(&flag_name(name)))
            } else {
                Place::Local(code.f.local(&flag_name(name)))
            };
            self.push(&mut code, Const::Bool(false));
            store(&mut code, place);
            code.flags.insert(name.clone(), place);
        }
        self.block(&mut code, body);
        self.push(&mut code, Const::None);
        code.f.op(Op::Halt);
        code.f
    }

    fn function(&mut self, index: usize) -> FunctionBuilder {
        let scopes = self.scopes;
        let function = &scopes.functions[index];
        let name = self.program.function(self.ids[index]).map_or_else(String::new, |f| f.name.clone());
        let mut f = FunctionBuilder::new(&name, &[]);
        let mut places = HashMap::new();
        for (at, name) in function.names.locals.iter().enumerate() {
            let slot = if at < function.def.params.len() { f.param(name) } else { f.local(name) };
            places.insert(name.clone(), Place::Local(slot));
        }
        let mut code = Code {
            f,
            scope: Some(index),
            places,
            flags: HashMap::new(),
            free: Vec::new(),
            loops: Vec::new(),
        };
        let mut flagged: Vec<&Name> = self.unbound.functions[index].iter().collect();
        flagged.sort();
        code.f.set_line(self.source.line(function.def.name_span.start));
        for name in flagged {
            let place = Place::Local(code.f.local(&flag_name(name)));
            self.push(&mut code, Const::Bool(false));
            store(&mut code, place);
            code.flags.insert(name.clone(), place);
        }
        self.block(&mut code, &function.def.body);
        if !ends(&function.def.body) {
            self.push(&mut code, Const::None);
            code.f.op(Op::Ret);
        }
        code.f
    }

    fn push(&mut self, code: &mut Code, constant: Const) {
        let index = self.constant(constant);
        code.f.emit(Op::Push, index);
    }

    fn push_str(&mut self, code: &mut Code, text: &str) {
        self.push(code, Const::Str(text.into()));
    }

    /// What follows is at this place of the source.
    fn at(&self, code: &mut Code, span: Span) {
        code.f.set_line(self.source.line(span.start));
    }

    /// What a name means in this code, if it is not a builtin.
    fn binding(&self, code: &Code, name: &Name) -> Option<Binding> {
        if let Some(index) = code.scope {
            let names = &self.scopes.functions[index].names;
            if names.has(name) {
                return Some(Binding::Variable);
            }
            if let Some((import, _)) = names.imports.get(name) {
                return Some(Binding::Import(import.clone()));
            }
        }
        self.scopes.module.get(name).cloned()
    }

    /// Whether a name is local to this code's function.
    fn is_local(&self, code: &Code, name: &Name) -> bool {
        code.scope.is_some_and(|index| self.scopes.functions[index].names.has(name))
    }

    /// Where a variable is, and where its flag is if it needs one.
    fn place(&mut self, code: &Code, name: &Name) -> (Place, Option<Place>) {
        if let Some(&place) = code.places.get(name) {
            return (place, code.flags.get(name).copied());
        }
        (Place::Global(self.program.global(name)), self.global_flag(code, name))
    }

    /// The flag of a name of the module.
    fn global_flag(&mut self, code: &Code, name: &Name) -> Option<Place> {
        if !self.unbound.module.contains(name) {
            return None;
        }
        match code.flags.get(name) {
            Some(&flag) if code.scope.is_none() => Some(flag),
            _ => Some(Place::Global(self.program.global(&flag_name(name)))),
        }
    }

    /// Pops a value into a variable.
    fn assign(&mut self, code: &mut Code, name: &Name, span: Span) {
        match self.binding(code, name) {
            Some(Binding::Variable) => {}
            _ => return self.refuse_name(span, Feature::FunctionRebound, name),
        }
        let (place, flag) = self.place(code, name);
        store(code, place);
        if let Some(flag) = flag {
            self.push(code, Const::Bool(true));
            store(code, flag);
        }
    }

    /// Pushes the value of a variable.
    fn read(&mut self, code: &mut Code, name: &Name, span: Span) {
        let (place, flag) = self.place(code, name);
        if let Some(flag) = flag {
            let local = self.is_local(code, name);
            self.check_bound(code, flag, name, span, local);
        }
        load(code, place);
    }

    /// Raises Python's error unless the flag says that there is a value.
    fn check_bound(&mut self, code: &mut Code, flag: Place, name: &Name, span: Span, local: bool) {
        if names::is_builtin(name) && !local {
            // Python would find the builtin here.
            return self.refuse_name(span, Feature::FunctionRebound, name);
        }
        let fine = code.f.label();
        load(code, flag);
        code.f.jump(Op::JumpIfNotZero, fine);
        if local {
            let message =
                format!("cannot access local variable '{name}' where it is not associated with a value");
            self.raise(code, "UnboundLocalError", &message);
        } else {
            self.raise_name_error(code, name);
        }
        code.f.bind(fine);
    }

    fn raise_name_error(&mut self, code: &mut Code, name: &Name) {
        let locals = code.scope.map(|index| &self.scopes.functions[index].names);
        let imports = |names: &'_ crate::scope::Names| names.imports.keys().cloned().collect::<Vec<Name>>();
        let mut candidates: Vec<Name> = locals.map(|names| names.locals.clone()).unwrap_or_default();
        candidates.extend(locals.map(imports).unwrap_or_default());
        let mut globals: Vec<&str> = self.scopes.module.keys().map(|n| &**n).collect();
        globals.sort_unstable();
        let globals = names::MODULE_NAMES.into_iter().chain(globals);
        let suggestion = names::suggest(name, candidates.iter().map(|n| &**n))
            .or_else(|| names::suggest(name, globals))
            .or_else(|| names::suggest(name, names::all_builtins()));
        let mut message = format!("name '{name}' is not defined");
        if let Some(suggestion) = suggestion {
            message.push_str(&format!(". Did you mean: '{suggestion}'?"));
        }
        self.raise(code, "NameError", &message);
    }

    /// Ends the program with an error.
    fn raise(&mut self, code: &mut Code, class: &str, message: &str) {
        self.push_str(code, class);
        self.push_str(code, message);
        code.f.op(Op::Raise);
    }

    /// A local that the program cannot name, to be given back with [`Code::release`].
    fn store_temp(&mut self, code: &mut Code) -> u32 {
        let slot = code.temp();
        code.f.emit(Op::StoreLocal, slot);
        slot
    }
}

impl Code {
    /// A local that the program cannot name.
    fn temp(&mut self) -> u32 {
        match self.free.pop() {
            Some(slot) => slot,
            None => self.f.local("(temporary)"),
        }
    }

    fn release(&mut self, slot: u32) {
        self.free.push(slot);
    }
}

fn load(code: &mut Code, place: Place) {
    match place {
        Place::Local(slot) => code.f.emit(Op::LoadLocal, slot),
        Place::Global(slot) => code.f.emit(Op::LoadGlobal, slot),
    };
}

fn store(code: &mut Code, place: Place) {
    match place {
        Place::Local(slot) => code.f.emit(Op::StoreLocal, slot),
        Place::Global(slot) => code.f.emit(Op::StoreGlobal, slot),
    };
}

/// The name of the flag that says whether a variable has a value.
fn flag_name(name: &str) -> String {
    format!("(has {name})")
}

/// The name of an argument: the count, then the arguments themselves.
fn argv_name(at: u32) -> String {
    match at {
        0 => "len(sys.argv)".to_owned(),
        at => format!("sys.argv[{}]", at - 1),
    }
}

/// Whether control never gets past the end of a block.
fn ends(block: &Block) -> bool {
    block.iter().any(stmt_ends)
}

fn stmt_ends(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::If { branches, otherwise } => branches.iter().all(|(_, b)| ends(b)) && ends(otherwise),
        StmtKind::While { test, body, .. } => is_true(test) && !breaks(body),
        _ => false,
    }
}

/// Whether a loop's body can leave the loop by `break`.
fn breaks(block: &Block) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Break => true,
        StmtKind::If { branches, otherwise } => branches.iter().any(|(_, b)| breaks(b)) || breaks(otherwise),
        StmtKind::While { otherwise, .. } | StmtKind::For { otherwise, .. } => breaks(otherwise),
        _ => false,
    })
}

/// The names in a target, if it has no other parts and none twice.
fn simple_names(targets: &[Target]) -> Option<Vec<(&Name, Span)>> {
    let mut names: Vec<(&Name, Span)> = Vec::new();
    for target in targets {
        match target {
            Target::Name(name, span) if !names.iter().any(|(known, _)| *known == name) => {
                names.push((name, *span))
            }
            _ => return None,
        }
    }
    Some(names)
}
