//! Definite assignment: which names may be read before they have a value. A flag must be kept for those.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`, between [`crate::scope`] and
//! [`crate::lower`]. Invariants: a name that is not reported always has a value where it is read; and the work is
//! linear in the size of the program. Where more would be needed to be sure, a name counts as one that may have no
//! value, which costs a look at its flag and nothing else.

use crate::ast::{Block, Clause, Comprehension, ExceptHandler, Expr, ExprKind, Name, Stmt, StmtKind, Target};
use crate::scope::{Binding, Scopes, deleted_names, own_exprs, parts, target_exprs, target_names};
use std::collections::{HashMap, HashSet};

/// Which names may be read before they have a value.
pub struct Unbound {
    /// Names of the module.
    pub module: HashSet<Name>,
    /// For each function, its own.
    pub functions: Vec<HashSet<Name>>,
}

/// Finds the names that may be read before they have a value.
pub fn unbound(body: &Block, scopes: &Scopes) -> Unbound {
    let names: Vec<Name> = scopes.module.keys().cloned().collect();
    let mut module = Flow::new(&names);
    module.calls = Some(Calls::new(scopes, &module.numbers));
    module.budget += module.calls.as_ref().map_or(0, |calls| STEPS * calls.size());
    module.block(body);
    let functions = scopes.functions.iter().map(|function| {
        let imports = function.names.imports.keys();
        let names: Vec<Name> = function.names.locals.iter().chain(imports).cloned().collect();
        let mut flow = Flow::new(&names);
        function.def.names().for_each(|name| flow.assign(name));
        flow.block(&function.def.body);
        flow.unbound
    });
    let mut unbound = Unbound { functions: functions.collect(), module: module.unbound };
    // What is deleted anywhere may be without a value everywhere.
    deleted_names(body, &mut |name| _ = unbound.module.insert(name.clone()));
    for (function, own) in scopes.functions.iter().zip(&mut unbound.functions) {
        deleted_names(&function.def.body, &mut |name| {
            let names = if function.names.has(name) { &mut *own } else { &mut unbound.module };
            names.insert(name.clone());
        });
    }
    unbound
}

/// How often each name, function and call may be looked at again where states meet or functions are called.
const STEPS: usize = 64;

/// The names that one of several ways has made certain; `None` if control does not come through it.
type Way = Option<Vec<u32>>;

/// The functions of the module as calls see them.
struct Calls<'a> {
    scopes: &'a Scopes,
    /// For each function the names of the module that it reads by itself.
    reads: Vec<Vec<u32>>,
    /// What it and all that it calls may read is certain for good, or known not to be.
    settled: Vec<bool>,
    /// In which round a function was met last.
    met: Vec<u32>,
    round: u32,
}

impl<'a> Calls<'a> {
    fn new(scopes: &'a Scopes, numbers: &HashMap<Name, u32>) -> Calls<'a> {
        let reads =
            scopes.functions.iter().map(|f| f.outer.iter().filter_map(|n| numbers.get(n).copied()).collect());
        let count = scopes.functions.len();
        Calls { scopes, reads: reads.collect(), settled: vec![false; count], met: vec![0; count], round: 0 }
    }

    fn size(&self) -> usize {
        let edges: usize = self.scopes.functions.iter().map(|f| f.calls.len()).sum();
        let reads: usize = self.reads.iter().map(Vec::len).sum();
        self.reads.len() + edges + reads
    }
}

/// Walks code in the order in which it runs and keeps the names that are certain to have a value. A loop needs one walk:
/// going round can only add names, so the first arrival has the fewest.
struct Flow<'a> {
    numbers: HashMap<Name, u32>,
    names: Vec<Name>,
    /// For each name that is certain, its place in `log`.
    certain: Vec<Option<u32>>,
    /// The names that are certain, in the order in which they became so: to go back to an earlier state is to take
    /// later ones back.
    log: Vec<u32>,
    /// Control never comes here.
    dead: bool,
    /// How many branches and loops are around, and how many names were certain before the outermost.
    nesting: usize,
    base: usize,
    /// For each loop around, how many names were certain before it, and what is at its `break`s.
    loops: Vec<(usize, Vec<Way>)>,
    calls: Option<Calls<'a>>,
    unbound: HashSet<Name>,
    /// How often each name was met while states are joined.
    counts: Vec<u32>,
    budget: usize,
}

impl Flow<'_> {
    fn new(names: &[Name]) -> Flow<'static> {
        Flow {
            numbers: names.iter().cloned().zip(0..).collect(),
            names: names.to_vec(),
            certain: vec![None; names.len()],
            log: Vec::new(),
            dead: false,
            nesting: 0,
            base: 0,
            loops: Vec::new(),
            calls: None,
            unbound: HashSet::new(),
            counts: vec![0; names.len()],
            budget: STEPS * names.len(),
        }
    }

    fn assign(&mut self, name: &Name) {
        if let Some(&number) = self.numbers.get(name) {
            self.make_certain(number);
        }
    }

    fn make_certain(&mut self, number: u32) {
        let place = &mut self.certain[number as usize];
        if !self.dead && place.is_none() {
            *place = Some(self.log.len() as u32);
            self.log.push(number);
        }
    }

    fn read(&mut self, name: &Name) {
        if self.dead {
            return;
        }
        if let Some(&number) = self.numbers.get(name)
            && self.certain[number as usize].is_none()
        {
            self.unbound.insert(name.clone());
        }
    }

    /// Takes back what became certain since there were so many names.
    fn undo(&mut self, mark: usize) -> Vec<u32> {
        let later = self.log.split_off(mark);
        for &number in &later {
            self.certain[number as usize] = None;
        }
        later
    }

    /// One of several ways: does the work, goes back, and says what it has made certain.
    fn way(&mut self, work: impl FnOnce(&mut Self)) -> Way {
        let (mark, dead) = (self.log.len(), self.dead);
        self.nested(work);
        let names = self.undo(mark);
        let way = (!self.dead).then_some(names);
        self.dead = dead;
        way
    }

    /// Does work that is not done whenever control comes by, or whose outcome is not yet joined.
    fn nested(&mut self, work: impl FnOnce(&mut Self)) {
        if self.nesting == 0 {
            self.base = self.log.len();
        }
        self.nesting += 1;
        work(self);
        self.nesting -= 1;
    }

    /// After several ways, what all of them have made certain. Each begins when so many names were certain; since
    /// `mark` they became so on the way to them.
    fn join(&mut self, mark: usize, ways: Vec<(usize, Way)>) {
        let live: Vec<(usize, Vec<u32>)> =
            ways.into_iter().filter_map(|(start, way)| way.map(|names| (start, names))).collect();
        let between = self.undo(mark);
        if live.is_empty() {
            self.dead = true;
            return;
        }
        let mut later = live.len() as u32;
        let mut starts = live.iter().map(|(start, _)| *start).peekable();
        for (at, &number) in between.iter().enumerate() {
            while starts.next_if(|&start| start <= mark + at).is_some() {
                later -= 1;
            }
            self.counts[number as usize] = later;
        }
        for &number in live.iter().flat_map(|(_, names)| names) {
            self.counts[number as usize] += 1;
        }
        for &number in between.iter().chain(live.iter().flat_map(|(_, names)| names)) {
            if std::mem::take(&mut self.counts[number as usize]) == live.len() as u32 {
                self.make_certain(number);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        block.iter().for_each(|stmt| self.stmt(stmt));
    }

    /// Names count as assigned when all other parts have been evaluated: some are earlier, which only costs a flag.
    fn target(&mut self, target: &Target) {
        target_exprs(target, &mut |expr| self.expr(expr));
        target_names(target, &mut |name, _| self.assign(name));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::If { branches, otherwise } => {
                let mark = self.log.len();
                let mut ways = Vec::new();
                self.nested(|flow| {
                    for (test, block) in branches {
                        flow.expr(test);
                        ways.push((flow.log.len(), flow.way(|flow| flow.block(block))));
                    }
                    ways.push((flow.log.len(), flow.way(|flow| flow.block(otherwise))));
                });
                self.join(mark, ways);
            }
            StmtKind::While { test, body, otherwise } => {
                let forever = crate::lower::is_true(test);
                self.expr(test);
                self.enter_loop(body, otherwise, forever, None);
            }
            StmtKind::For { target, iter, body, otherwise } => {
                self.expr(iter);
                self.enter_loop(body, otherwise, false, Some(target));
            }
            StmtKind::Break => {
                if let (false, Some((mark, breaks))) = (self.dead, self.loops.last_mut()) {
                    let names = &self.log[*mark..];
                    let left = self.budget.checked_sub(names.len());
                    self.budget = left.unwrap_or(0);
                    breaks.push(Some(left.map_or_else(Vec::new, |_| names.to_vec())));
                }
                self.dead = true;
            }
            StmtKind::Continue => self.dead = true,
            StmtKind::Try { body, handlers, otherwise, finally } => {
                self.attempt(body, handlers, otherwise, finally);
            }
            StmtKind::Return(_)
            | StmtKind::Raise { .. }
            | StmtKind::RaiseAgain
            | StmtKind::RaiseValue { .. } => {
                own_exprs(stmt, &mut |expr| self.expr(expr));
                self.dead = true;
            }
            StmtKind::Augmented { target, value, .. } => {
                target_names(target, &mut |name, _| self.read(name));
                target_exprs(target, &mut |expr| self.expr(expr));
                self.expr(value);
                target_names(target, &mut |name, _| self.assign(name));
            }
            StmtKind::Assert { test, message } => {
                self.expr(test);
                _ = self.way(|flow| message.iter().for_each(|m| flow.expr(m)));
            }
            StmtKind::Def(def) => {
                own_exprs(stmt, &mut |expr| self.expr(expr));
                self.assign(&def.name);
            }
            StmtKind::Import(bindings) => bindings.iter().for_each(|(name, ..)| self.assign(name)),
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                targets.iter().for_each(|t| self.target(t));
            }
            _ => own_exprs(stmt, &mut |expr| self.expr(expr)),
        }
    }

    /// An exception may come anywhere in a `try`: nothing that it assigns is certain in its handlers and in `finally`.
    fn attempt(&mut self, body: &Block, handlers: &[ExceptHandler], otherwise: &Block, finally: &Block) {
        let mark = self.log.len();
        let mut ways = vec![(
            mark,
            self.way(|flow| {
                flow.block(body);
                flow.block(otherwise);
            }),
        )];
        for handler in handlers {
            let way = self.way(|flow| {
                handler.class.iter().for_each(|class| flow.expr(class));
                handler.name.iter().for_each(|(name, _)| flow.assign(name));
                flow.block(&handler.body);
            });
            ways.push((mark, way));
        }
        let last = self.way(|flow| flow.block(finally));
        self.join(mark, ways);
        match last {
            Some(names) => names.into_iter().for_each(|number| self.make_certain(number)),
            None => self.dead = true,
        }
    }

    fn enter_loop(&mut self, body: &Block, otherwise: &Block, forever: bool, target: Option<&Target>) {
        let mark = self.log.len();
        let was_dead = self.dead;
        self.loops.push((mark, Vec::new()));
        _ = self.way(|flow| {
            target.into_iter().for_each(|target| flow.target(target));
            flow.block(body);
        });
        let breaks = self.loops.pop().map(|(_, breaks)| breaks).unwrap_or_default();
        self.dead = was_dead || forever;
        let end = self.way(|flow| flow.block(otherwise));
        self.dead = was_dead;
        self.join(mark, breaks.into_iter().chain([end]).map(|way| (mark, way)).collect());
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.read(name),
            ExprKind::Named { name, value, .. } => {
                self.expr(value);
                self.assign(name);
            }
            ExprKind::Bool(_, all) => {
                let mut all = all.iter();
                all.next().into_iter().for_each(|first| self.expr(first));
                _ = self.way(|flow| all.for_each(|operand| flow.expr(operand)));
            }
            ExprKind::If { test, then, otherwise } => {
                self.expr(test);
                let mark = self.log.len();
                let ways = [then, otherwise].map(|side| (mark, self.way(|flow| flow.expr(side))));
                self.join(mark, ways.into());
            }
            ExprKind::Compare(first, rest) => {
                self.expr(first);
                let mut rest = rest.iter();
                rest.next().into_iter().for_each(|(_, second)| self.expr(second));
                _ = self.way(|flow| rest.for_each(|(_, operand)| flow.expr(operand)));
            }
            ExprKind::Comprehension(comprehension) => self.comprehension(comprehension),
            _ => {
                parts(expr, &mut |part| self.expr(part));
                self.call(expr);
            }
        }
    }

    /// What it iterates over first is evaluated in any case, the rest perhaps never.
    fn comprehension(&mut self, comprehension: &Comprehension) {
        let Comprehension { element, value, clauses, .. } = comprehension;
        clauses.first().into_iter().for_each(|first| self.expr(&first.iter));
        _ = self.way(|flow| {
            for (at, Clause { target, iter, conditions }) in clauses.iter().enumerate() {
                if at > 0 {
                    flow.expr(iter);
                }
                flow.target(target);
                conditions.iter().for_each(|test| flow.expr(test));
            }
            flow.expr(element);
            value.iter().for_each(|value| flow.expr(value));
        });
    }

    /// A call at module level runs code that reads names of the module.
    fn call(&mut self, expr: &Expr) {
        if let Some(calls) = &self.calls
            && !self.dead
            && let ExprKind::Call { callee, .. } = &expr.kind
            && let ExprKind::Name(name) = &callee.kind
            && let Some(Binding::Function(index)) = calls.scopes.module.get(name)
        {
            self.call_function(*index);
        }
    }

    fn call_function(&mut self, index: usize) {
        let Some(calls) = &mut self.calls else { return };
        calls.round += 1;
        let base = if self.nesting == 0 { self.log.len() } else { self.base };
        let (mut met, mut work) = (Vec::new(), vec![index]);
        let mut is_settled = true;
        while let Some(index) = work.pop() {
            if calls.settled[index] || std::mem::replace(&mut calls.met[index], calls.round) == calls.round {
                continue;
            }
            met.push(index);
            let callees = &calls.scopes.functions[index].calls;
            let Some(left) = self.budget.checked_sub(1 + calls.reads[index].len() + callees.len()) else {
                // Whatever a function reads may be without a value.
                let all = calls.reads.iter().flatten().map(|&number| self.names[number as usize].clone());
                self.unbound.extend(all);
                calls.settled.fill(true);
                return;
            };
            self.budget = left;
            for &number in &calls.reads[index] {
                match self.certain[number as usize] {
                    Some(place) if (place as usize) < base => {}
                    Some(_) => is_settled = false,
                    None => _ = self.unbound.insert(self.names[number as usize].clone()),
                }
            }
            work.extend(callees);
        }
        if is_settled {
            met.into_iter().for_each(|index| calls.settled[index] = true);
        }
    }
}
