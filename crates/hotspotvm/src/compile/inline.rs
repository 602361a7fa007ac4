//! Inlining: the body of a function in place of a call.
//!
//! **Stage 3, compile.** *Which* calls are inlined is decided by size and profile: a unit may grow by [`BUDGET`] instructions; each function gives its
//! calls shares of what it was given, in proportion to how often they are made, and a call whose callee fits its share is inlined, the callee
//! passing on what is left. So recursion is unrolled as far as it pays, evenly on all sides, and a call that is never made costs nothing.
//!
//! *How*: the callee is translated with the arguments as its locals, whatever their types are there; what it returns joins behind the call. Its frame states
//! have the frame that waits as their caller, so an exit rebuilds the frames of all inlined calls.
//!
//! Invariants:
//! - fuel is charged as the call charges it, and the depth of calls is looked at before the first inlined call of a path, for as many
//!   levels as there can be: leaving at the call, the interpreter makes it, or raises the error;
//! - decisions depend on the program and its profile alone.

use super::builder::{Builder, Ended, SymbolicFrame};
use super::region::Traversal;
use crate::detect::policy::{TINY, Unanswered};
use crate::reason::Reason;
use bytecode::Op;
use bytecode::machine::Flow;
use ir::planted::{Bug, is};
use ir::{Block, ExitReason, Imm, Opcode, Origin, Resume, Target, Terminator, Type, Value};
use runtime::Value as Boxed;
use std::rc::Rc;

/// How many bytecode instructions inlining may add to a unit.
pub const BUDGET: u32 = 400;
/// How much beyond it may be inlined of functions that have no code to be called.
pub(super) const OVERDRAFT: u32 = 200;
/// How many calls are inlined within each other at the most.
pub const MAX_LEVELS: u32 = 8;
/// How often a function may stand within itself, itself included.
pub const MAX_RECURSION: usize = 4;
/// A call that is made less often than this of a hundred executions of the function around it is not inlined.
const MIN_PERCENT: u64 = 2;
/// A call that is made at least this often of a hundred should be answered.
const OFTEN_PERCENT: u64 = 25;

/// What a scope may still inline.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inlining {
    /// Instructions that its calls may add.
    budget: u32,
    /// How often its calls were made, all together.
    calls: u64,
    /// How often it was entered, or its loop went round.
    rounds: u64,
}

/// What was decided about a call, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The function that calls.
    pub function: u32,
    /// Where.
    pub pc: u32,
    /// What it calls.
    pub callee: u32,
    /// How many instructions that has.
    pub instructions: u32,
    /// How often the call is made, of a hundred executions of the function around it.
    pub percent: u64,
    /// Why not; `None` if it was inlined.
    pub refused: Option<Reason>,
    /// For how many copies of the call this was decided.
    pub copies: u32,
}

impl Builder<'_> {
    /// What a scope starts with.
    pub(super) fn inlining_of(&mut self, function: u32, budget: u32, walk: &Traversal) -> Inlining {
        let counts = self.counts(function);
        let cells = &self.request.vm.functions[function as usize].cells;
        let (cfg, region) = (&walk.graph.cfg, &walk.region);
        let entry = region.graph.order.first().map_or(0, |&block| cfg.blocks[block as usize].start);
        let blocks = region.graph.order.iter().map(|&block| &cfg.blocks[block as usize]);
        let pcs = blocks.flat_map(|block| block.start..block.end);
        let calls = pcs.filter(|&pc| cells[pc as usize].op == Op::Call).map(|pc| counts[pc as usize]).sum();
        Inlining { budget, calls, rounds: counts[entry as usize].max(1) }
    }

    /// A call: inlined, or of the method that answers it, or left to the interpreter.
    pub(super) fn call_function(&mut self, callee: u32) -> Flow<Self> {
        let method = (self.request.callee)(callee);
        let counts = self.counts(self.scope().function);
        let (made, inlining) = (counts[self.pc as usize], self.scope().inlining);
        let percent = made.saturating_mul(100) / inlining.rounds;
        if self.request.inlining {
            let share = u128::from(inlining.budget) * u128::from(made) / u128::from(inlining.calls.max(1));
            let decided = self.consider(callee, share as u32, percent, method.is_some());
            self.note(callee, percent, decided.as_ref().err());
            if let Ok(walk) = decided {
                let size = walk.region.instructions(&walk.graph.cfg);
                return self.inline(callee, walk, (share as u32).saturating_sub(size));
            }
        }
        match method {
            Some(method) => self.call_method(callee, method),
            None => {
                if self.request.provisional {
                    return Err(self.leave(ExitReason::NoCode));
                }
                if percent >= OFTEN_PERCENT {
                    let (function, pc) = (self.scope().function, self.pc);
                    self.unanswered.push(Unanswered { function, pc, callee, percent: percent.min(100) });
                }
                Err(self.leave(ExitReason::Call))
            }
        }
    }

    /// Whether to inline a call; why not.
    fn consider(
        &mut self,
        callee: u32,
        share: u32,
        percent: u64,
        has_method: bool,
    ) -> Result<Traversal, Reason> {
        let vm = self.request.vm;
        if vm.functions[callee as usize].sites[0].runs == 0 {
            return Err(Reason::NeverCalled {});
        }
        if percent < MIN_PERCENT {
            return Err(Reason::SeldomCalled { percent });
        }
        if self.scopes.len() as u32 > MAX_LEVELS {
            return Err(Reason::InlineTooDeep { levels: MAX_LEVELS });
        }
        if self.scopes.iter().filter(|scope| scope.function == callee).count() >= MAX_RECURSION {
            return Err(Reason::InlineRecursion { times: MAX_RECURSION as u32 });
        }
        let size = vm.functions[callee as usize].cells.len() as u32;
        if size > BUDGET {
            return Err(Reason::InlineTooLarge { size, most: BUDGET });
        }
        let graph = self.request.graphs.get(vm, callee);
        let region = graph.whole_function()?;
        let size = region.instructions(&graph.cfg);
        if size > share.max(TINY) {
            if has_method || size > self.overdraft {
                return Err(Reason::InlineOverBudget { by: size - share });
            }
            self.overdraft -= size;
        }
        Ok(Traversal::new(graph, Rc::new(region)))
    }

    fn note(&mut self, callee: u32, percent: u64, refused: Option<&Reason>) {
        let instructions = self.request.vm.functions[callee as usize].cells.len() as u32;
        let note = Note {
            function: self.scope().function,
            pc: self.pc,
            callee,
            instructions,
            percent: percent.min(100),
            refused: refused.cloned(),
            copies: 1,
        };
        let same = |n: &&mut Note| {
            (n.function, n.pc, n.callee, n.refused.is_some())
                == (note.function, note.pc, note.callee, note.refused.is_some())
        };
        match self.notes.iter_mut().find(same) {
            Some(known) => known.copies += 1,
            None => self.notes.push(note),
        }
    }

    /// Translates the callee in place of the call at the current pc.
    fn inline(&mut self, callee: u32, walk: Traversal, budget: u32) -> Flow<Self> {
        let inlining = self.inlining_of(callee, budget, &walk);
        let outer = (self.scopes.len() + 1, self.pc);
        self.start_inlined(callee, walk, inlining);
        let walked = self.walk();
        debug_assert_eq!(outer.0, self.scopes.len());
        let (returns, frame) = self.end_inlined();
        if let Err(why) = walked {
            self.failed.get_or_insert(why);
        }
        self.pc = outer.1;
        match self.join(returns) {
            Some(value) => {
                self.frame = frame;
                self.frame.deep = true;
                self.frame.stack.push(value);
                self.popped.clear();
                self.op_state = None;
                Ok(())
            }
            // It never comes back by itself.
            None => Err(Ended),
        }
    }

    /// Makes the call at the current pc active, inlined.
    pub(super) fn start_inlined(&mut self, callee: u32, walk: Traversal, inlining: Inlining) {
        let state = self.state();
        let vm = self.request.vm;
        let function = &vm.functions[callee as usize];
        if !self.frame.deep {
            // One more, for a call that is not inlined.
            let levels = Imm::Depth(MAX_LEVELS + u32::from(!is(Bug::DepthOneTooFew)));
            self.f.append(self.block, Opcode::CheckDepth, &[], levels, Some(state), self.origin());
            self.frame.deep = true;
        }
        let cost = vm.program.facts(bytecode::FuncId(callee)).run_costs[0];
        let cost = if is(Bug::InlinedCallFree) { 0 } else { cost };
        self.charge(self.block, Origin { function: callee, pc: 0 }, cost, false, state);
        let first = self.frame.stack.len() - function.params as usize;
        let args = self.frame.stack.split_off(first);
        self.popped.clear();
        let goes_on = self.pc + u32::from(!is(Bug::InlinedExitPc));
        let waiting = self.new_state(goes_on, Resume::Execute);
        let mut locals: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        if locals.len() < function.locals as usize {
            let none = self.emit(Opcode::ConstBoxed, &[], Imm::Boxed(Boxed::NONE.bits()));
            locals.resize(function.locals as usize, Some(none));
        }
        let path: Rc<[u32]> = self.scope().path.iter().copied().chain([self.pc]).collect();
        self.open_scope(callee, path, Some(waiting), walk, inlining);
        let callee_frame = SymbolicFrame { locals, stack: Vec::new(), deep: true };
        let frame = std::mem::replace(&mut self.frame, callee_frame);
        self.scope_mut().waiting = Some((frame, self.pc));
        self.pc = 0;
    }

    /// Closes the innermost scope: where it returned, and the frame that waited.
    fn end_inlined(&mut self) -> (Vec<(Block, Value)>, SymbolicFrame) {
        let scope = self.scopes.pop();
        debug_assert!(scope.as_ref().is_some_and(|scope| scope.waiting.is_some()));
        match scope {
            Some(scope) => {
                let empty = || SymbolicFrame { locals: Vec::new(), stack: Vec::new(), deep: false };
                (scope.returns, scope.waiting.map_or_else(empty, |(frame, _)| frame))
            }
            None => (Vec::new(), self.frame.clone()),
        }
    }

    /// Brings all returns of an inlined call together; its result.
    fn join(&mut self, returns: Vec<(Block, Value)>) -> Option<Value> {
        let &(from, value) = returns.first()?;
        if returns.len() == 1 {
            self.block = from;
            return Some(value);
        }
        let ty = self.f.ty(value);
        let ty = if returns.iter().all(|&(_, value)| self.f.ty(value) == ty) { ty } else { Type::Boxed };
        let block = self.f.new_block(self.origin());
        let result = self.f.add_param(block, ty);
        for (from, value) in returns {
            let value = if ty == Type::Boxed { self.boxed_in(from, value) } else { value };
            self.f.blocks[from.index()].end = Terminator::Jump(Target { block, args: vec![value] });
        }
        self.block = block;
        Some(result)
    }
}
