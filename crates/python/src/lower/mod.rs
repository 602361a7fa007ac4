//! From the tree to bytecode.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Each Python function becomes a
//! function, the module's own code the entry function `<module>`. What holds:
//!
//! - Variables of functions are locals. Variables of the module are globals if a function uses them, else locals of the entry
//!   function: nobody can see the difference, and the compilers like locals better.
//! - A variable that may be read before it has a value has a flag beside it, which is looked at before each read.
//! - Operands are evaluated in Python's order, each once. What must wait is in a local that the program cannot name.
//! - Comprehensions are loops in the function around; their variables are locals that the program cannot name.
//! - An expression leaves one value on the operand stack, a statement none.

mod builtins;
mod calls;
mod comprehensions;
mod displays;
mod expr;
mod loops;
mod methods;
mod print;
mod stmt;
mod targets;
mod tries;
mod types;

use crate::ast::{Block, Expr, ExprKind, Import, Module, Name, Span, Stmt, StmtKind, Target};
use crate::convert::{is_hidden, written};
use crate::definite::Unbound;
use crate::feature::Feature;
use crate::inlined::Inlined;
use crate::names;
use crate::report::{Report, Source};
use crate::scope::{Binding, Scopes};
use crate::traceback::Wording;
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
    /// How many guards there are around it.
    guards: usize,
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
    /// What is said of names that are not there, by function.
    name_errors: HashMap<(Option<usize>, Name), String>,
    /// How much more code and text may be made that stands for nothing in the source.
    expansion: usize,
    /// Where errors are told in other words than the run time's.
    wordings: HashMap<(String, u32), Wording>,
    /// The code that CPython would call.
    inlined: Inlined,
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
    /// The comprehension around, by its number in [`Inlined`], and where it changes.
    inside: Option<u32>,
    changes: Vec<(u32, Option<u32>)>,
    /// What control must pass when it leaves, outermost first.
    guards: Vec<tries::Guard>,
    /// The local with the value of a `return` that is on its way.
    returned: Option<u32>,
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
        name_errors: HashMap::new(),
        expansion: MIN_EXPANSION + EXPANSION * source.text.len(),
        wordings: HashMap::new(),
        inlined: Inlined::default(),
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
    let Lower { program, wordings, inlined, .. } = lower;
    Compiled { program: program.finish(), wordings, inlined, arguments: argv }
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
    let imports =
        |import: &Import| matches!(import, Import::Module(Module::Sys) | Import::Item(Module::Sys, _));
    let any_import = scopes.module.values().any(|b| matches!(b, Binding::Import(i) if imports(i)))
        || scopes.functions.iter().any(|f| f.names.imports.values().any(|(i, _)| imports(i)));
    most.filter(|_| any_import)
}

/// For how many names that are not there it is looked for the one that was meant.
const MAX_SUGGESTIONS: usize = 50;

/// How many instructions may be made for each byte of the source that stand for none of its bytes, such as defaults of parameters
/// at each call, and how many in a short program.
const EXPANSION: usize = 16;
const MIN_EXPANSION: usize = 1 << 16;

/// The largest index of `sys.argv` that a program may use.
const MAX_ARGV: u32 = 255;

impl Lower<'_, '_, '_> {
    fn refuse(&mut self, span: Span, feature: Feature) {
        self.report.unsupported(span, feature);
    }

    /// Whether so much may be made that stands for nothing in the source; if not, the program is too large.
    fn may_expand(&mut self, size: usize, span: Span) -> bool {
        let left = self.expansion.checked_sub(size);
        if left.is_none() && self.expansion > 0 {
            self.refuse(span, Feature::TooLong);
        }
        self.expansion = left.unwrap_or(0);
        left.is_some()
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

    /// The name of a function in the program: its own, unless there is one like it already. (Then the program is refused.)
    fn free_function_name(&self, name: &str) -> String {
        match self.program.find_function(name) {
            None => name.to_owned(),
            Some(_) => format!("{name}'{}", self.ids.len()),
        }
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
            inside: None,
            changes: Vec::new(),
            guards: Vec::new(),
            returned: None,
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
        self.inlined.define(MODULE, code.changes);
        code.f
    }

    fn function(&mut self, index: usize) -> FunctionBuilder {
        let scopes = self.scopes;
        let function = &scopes.functions[index];
        let name = self.program.function(self.ids[index]).map_or_else(String::new, |f| f.name.clone());
        let mut f = FunctionBuilder::new(&name, &[]);
        let mut places = HashMap::new();
        let params = function.def.names().count();
        for (at, name) in function.names.locals.iter().enumerate() {
            let slot = if at < params { f.param(name) } else { f.local(name) };
            places.insert(name.clone(), Place::Local(slot));
        }
        let mut code = Code {
            f,
            scope: Some(index),
            places,
            flags: HashMap::new(),
            free: Vec::new(),
            loops: Vec::new(),
            inside: None,
            changes: Vec::new(),
            guards: Vec::new(),
            returned: None,
        };
        let mut flagged: Vec<&Name> = self.unbound.functions[index].iter().collect();
        flagged.sort();
        code.f.set_line(self.source.line(function.def.name_span.start));
        for name in flagged {
            let place = Place::Local(code.f.local(&flag_name(name)));
            // A parameter has a value until it is deleted.
            let is_param = function.def.names().any(|param| param == name);
            self.push(&mut code, Const::Bool(is_param));
            store(&mut code, place);
            code.flags.insert(name.clone(), place);
        }
        self.block(&mut code, &function.def.body);
        if !ends(&function.def.body) {
            self.push(&mut code, Const::None);
            code.f.op(Op::Ret);
        }
        self.inlined.define(&name, code.changes);
        code.f
    }

    /// What follows is the code of a comprehension; gives what was around.
    fn enter(&mut self, code: &mut Code, name: &'static str, span: Span) -> Option<u32> {
        let outside = code.inside;
        let number = self.inlined.add(name, self.source.line(span.start), outside);
        self.inside(code, Some(number));
        outside
    }

    /// What follows is the code of this comprehension, or of none.
    fn inside(&mut self, code: &mut Code, number: Option<u32>) {
        code.inside = number;
        code.changes.push((code.f.here(), number));
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
        // To a comprehension, the variables of the function around are somebody else's.
        if local && code.inside.is_some() && !is_hidden(name) {
            let message = format!(
                "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
            );
            self.raise(code, "NameError", &message);
        } else if local || is_hidden(name) {
            let name = written(name);
            let message =
                format!("cannot access local variable '{name}' where it is not associated with a value");
            self.raise(code, "UnboundLocalError", &message);
        } else {
            self.raise_name_error(code, name);
        }
        code.f.bind(fine);
    }

    fn raise_name_error(&mut self, code: &mut Code, name: &Name) {
        let key = (code.scope, name.clone());
        let message = match self.name_errors.get(&key) {
            Some(message) => message.clone(),
            None => {
                let mut message = format!("name '{name}' is not defined");
                if let Some(suggestion) = self.suggestion(code.scope, name) {
                    message.push_str(&format!(". Did you mean: '{suggestion}'?"));
                }
                self.name_errors.insert(key, message.clone());
                message
            }
        };
        self.raise(code, "NameError", &message);
    }

    /// Which name was meant by one that is not there. Looking for it is slow, so it is done for so many names only.
    fn suggestion(&self, scope: Option<usize>, name: &Name) -> Option<&str> {
        if self.name_errors.len() >= MAX_SUGGESTIONS {
            return None;
        }
        let own = scope.map(|index| &self.scopes.functions[index].names);
        let locals = own.into_iter().flat_map(|names| names.locals.iter().map(|n| &**n));
        let locals = locals.filter(|name| !is_hidden(name));
        let imports = own.into_iter().flat_map(|names| sorted(names.imports.keys()));
        let globals = names::MODULE_NAMES.into_iter().chain(sorted(self.scopes.module.keys()));
        names::suggest(name, locals.chain(imports))
            .or_else(|| names::suggest(name, globals))
            .or_else(|| names::suggest(name, names::all_builtins()))
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

/// Names in alphabetical order, as many as are ever looked at.
fn sorted<'n>(names: impl Iterator<Item = &'n Name>) -> Vec<&'n str> {
    let names = names.map(|name| &**name).filter(|name| !is_hidden(name));
    let mut names: Vec<&str> = names.take(names::MAX_CANDIDATES).collect();
    names.sort_unstable();
    names
}

/// The name of the flag that says whether a variable has a value.
fn flag_name(name: &str) -> String {
    format!("(has {name})")
}

/// The name of the global that holds the default of a parameter, by function and parameter.
fn default_name(function: usize, parameter: usize) -> String {
    format!("(default {} of function {})", parameter + 1, function + 1)
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
        StmtKind::Return(_)
        | StmtKind::Raise { .. }
        | StmtKind::RaiseAgain
        | StmtKind::RaiseValue { .. }
        | StmtKind::Break
        | StmtKind::Continue => true,
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
        StmtKind::Try { body, handlers, otherwise, finally } => {
            let in_handler = handlers.iter().any(|handler| breaks(&handler.body));
            in_handler || [body, otherwise, finally].into_iter().any(breaks)
        }
        _ => false,
    })
}

/// The names in a target, if it has no other parts and none twice.
fn simple_names(targets: &[Target]) -> Option<Vec<(&Name, Span)>> {
    let mut known: HashSet<&Name> = HashSet::new();
    let mut names = Vec::new();
    for target in targets {
        match target {
            Target::Name(name, span) if known.insert(name) => names.push((name, *span)),
            _ => return None,
        }
    }
    Some(names)
}
