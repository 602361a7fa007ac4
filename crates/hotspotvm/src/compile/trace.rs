//! Traces: the ways that control was seen to take, as a tree, and their translation.
//!
//! **Stage 3, compile.** A trace is recorded while the interpreter executes ([`crate::engine`] steps it): what is written down is only how each branch went
//! and what became of each call, since everything else follows. The first trace starts where a loop, or a function, has become hot, its *anchor*, and ends when control is back
//! there, or when the function returns. Where it leaves that way later on, often enough, the way it takes instead is recorded too and grown onto the
//! tree. So all traces from one anchor are one unit of code, in which ways part but never join, except at the anchor: what is known
//! on a way stays known. A nest of loops becomes a tree at its innermost loop, whose ways out lead through the outer loops and back.
//!
//! Invariants:
//! - a way that is not compiled leaves by [`ExitReason::SideExit`], whose frame state says which side of which decision it is;
//! - a tree only grows; node 0 is where it starts.
//!
//! Source of the idea: trace trees (Gal and Franz, HotpathVM, 2006).

use super::builder::{Builder, Built, Ended, Frame, Request, Scope, Slot};
use super::inline::Inlining;
use super::region::Walk;
use bytecode::machine::Flow;
use ir::planted::{Bug, is};
use ir::{Block, ExitReason, Resume, Target, Terminator, Type, Value};
use std::collections::HashSet;
use std::rc::Rc;

/// The most instructions of one trace, calls included.
pub const MAX_TRACE: u32 = 600;
/// The most instructions of a tree.
pub const MAX_TREE: u32 = 3_000;
/// The most traces of a tree.
pub const MAX_TRACES: u32 = 40;
/// How often types are widened one by one before the anchor's variables start boxed.
const MAX_ATTEMPTS: u32 = 8;
/// The key of the anchor among loop headers.
const ANCHOR: u32 = u32::MAX;

/// What was decided at a branch or a call while recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The branch was taken.
    Taken,
    /// It was not.
    NotTaken,
    /// The call is part of the trace.
    Inlined,
    /// The callee's method is called.
    Called,
}

/// A point at which ways part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Node {
    /// Nothing was recorded beyond this.
    #[default]
    Open,
    /// A branch: the nodes on its two sides, taken first.
    Branch([Option<u32>; 2]),
    /// A call, and the node that comes next.
    Call { inlined: bool, next: u32 },
}

/// All traces from one anchor.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// How many traces it is made of.
    pub traces: u32,
    /// How many instructions they have together.
    pub instructions: u32,
    /// Whether it is a function from its entry, to be called; else a loop.
    pub is_method: bool,
    /// Sides that are not to be recorded any more, and how often each was tried.
    tried: Vec<(u32, u32)>,
}

impl Tree {
    /// A tree without any trace.
    pub fn new(is_method: bool) -> Tree {
        Tree { nodes: vec![Node::Open], traces: 0, instructions: 0, is_method, tried: Vec::new() }
    }

    /// Whether it may grow by one more trace.
    pub fn may_grow(&self) -> bool {
        self.traces < MAX_TRACES && self.instructions < MAX_TREE
    }

    /// How often recording from this side was given up.
    pub fn tries(&self, side: u32) -> u32 {
        self.tried.iter().find(|(s, _)| *s == side).map_or(0, |&(_, tries)| tries)
    }

    /// Recording from this side was given up.
    pub fn gave_up(&mut self, side: u32) {
        match self.tried.iter_mut().find(|(s, _)| *s == side) {
            Some((_, tries)) => *tries += 1,
            None => self.tried.push((side, 1)),
        }
    }

    /// Grows a trace onto the tree: from its start, or from a side of a decision. `false` if there is something already.
    pub fn grow(&mut self, side: Option<u32>, choices: &[Choice], instructions: u32) -> bool {
        let mut node = match side {
            None if self.nodes[0] == Node::Open => 0,
            Some(side) => {
                let new = self.nodes.len() as u32;
                match self.nodes.get_mut((side / 2) as usize) {
                    Some(Node::Branch(sides)) if sides[(side % 2) as usize].is_none() => {
                        sides[(side % 2) as usize] = Some(new);
                    }
                    _ => return false,
                }
                self.nodes.push(Node::Open);
                new
            }
            None => return false,
        };
        for &choice in choices {
            let next = self.nodes.len() as u32;
            self.nodes.push(Node::Open);
            self.nodes[node as usize] = match choice {
                Choice::Taken => Node::Branch([Some(next), None]),
                Choice::NotTaken => Node::Branch([None, Some(next)]),
                Choice::Inlined => Node::Call { inlined: true, next },
                Choice::Called => Node::Call { inlined: false, next },
            };
            node = next;
        }
        self.traces += 1;
        self.instructions += instructions;
        true
    }
}

/// A way that is still to be translated.
struct Way<'a> {
    node: u32,
    block: Block,
    frame: Frame,
    pc: u32,
    scopes: Vec<Scope<'a>>,
}

/// Where translation stands in a tree.
pub(super) struct Climb<'a> {
    tree: &'a Tree,
    node: u32,
    /// Where control goes on; `None` if the way has ended.
    next: Option<u32>,
    ways: Vec<Way<'a>>,
    /// The anchor's block, and what its parameters stand for.
    anchor: Option<(Block, Vec<Slot>)>,
}

/// Builds the IR of a tree.
///
/// # Errors
/// Why it can't be compiled, in words.
pub fn build(request: &Request<'_>, tree: &Tree) -> Result<Built, String> {
    let graph = request.graphs.get(request.vm, request.function);
    let region = Rc::new(graph.nothing());
    let mut widened = HashSet::new();
    for attempt in 0..=MAX_ATTEMPTS {
        let walk = Walk::new(graph.clone(), region.clone());
        let mut builder = Builder::new(request, &widened, attempt == MAX_ATTEMPTS, walk);
        if let Some(signature) = request.method {
            builder.start_method(signature)?;
        }
        builder.climb(tree)?;
        if builder.conflicts.is_empty() {
            return Ok(builder.finish());
        }
        debug_assert!(attempt < MAX_ATTEMPTS, "nothing is left to widen");
        widened.extend(builder.conflicts);
    }
    Err("the types of its variables do not settle".to_string())
}

impl<'a> Builder<'a> {
    /// Translates all ways of a tree.
    fn climb(&mut self, tree: &'a Tree) -> Result<(), String> {
        let anchor = (!tree.is_method).then(|| self.start_anchor());
        let entry_pc = self.request.entry_pc;
        let scopes = std::mem::take(&mut self.scopes);
        let way = Way { node: 0, block: self.block, frame: self.frame.clone(), pc: entry_pc, scopes };
        self.climb = Some(Climb { tree, node: 0, next: None, ways: vec![way], anchor });
        let mut first = true;
        while let Some(way) = self.climb.as_mut().and_then(|climb| climb.ways.pop()) {
            let Way { node, block, frame, pc, scopes } = way;
            (self.block, self.frame, self.scopes) = (block, frame, scopes);
            self.go_on(Some(pc), node);
            while let Some(pc) = self.climb.as_mut().and_then(|climb| climb.next.take()) {
                if !std::mem::take(&mut first) && self.close(pc) {
                    break;
                }
                if self.translate(pc)? {
                    let node = self.climb.as_ref().map_or(0, |climb| climb.node);
                    let next = self.climb.as_ref().and_then(|climb| climb.next);
                    // Calls and returns have said where to go on already.
                    self.go_on(next.or(Some(pc + 1)), node);
                }
            }
        }
        Ok(())
    }

    /// Control goes on at `pc` with the decisions of a node.
    fn go_on(&mut self, pc: Option<u32>, node: u32) {
        if let Some(climb) = &mut self.climb {
            (climb.next, climb.node) = (pc, node);
        }
    }

    /// Starts the block to which traces come back. It takes whatever the function ever writes; what a tree does not change is
    /// found out later.
    fn start_anchor(&mut self) -> (Block, Vec<Slot>) {
        let mut written = vec![false; self.frame.locals.len()];
        for cell in self.scope().cells.iter().filter(|cell| cell.op == bytecode::Op::StoreLocal) {
            written[cell.arg as usize] = true;
        }
        let locals = (0..written.len() as u32).filter(|&slot| written[slot as usize]).map(Slot::Local);
        let locals = locals.skip(usize::from(is(Bug::TraceStaleLocal)));
        let stack = (0..self.frame.stack.len() as u32).map(Slot::Stack);
        let slots: Vec<Slot> = locals.chain(stack).collect();
        let (from, frame) = (self.block, self.frame.clone());
        let target = self.f.new_block(self.request.entry_pc);
        let path: Rc<[u32]> = Rc::new([]);
        for &slot in &slots {
            let value = self.value_in(&frame, slot);
            let widen = self.widen_all || self.widened.contains(&(path.clone(), ANCHOR, slot));
            let ty = if widen { Type::Boxed } else { self.f.ty(value) };
            let param = self.f.add_param(target, ty);
            match slot {
                Slot::Local(slot) => self.frame.locals[slot as usize] = Some(param),
                Slot::Stack(depth) => self.frame.stack[depth as usize] = param,
            }
        }
        self.enter_block(from, &frame, ANCHOR, target, &slots);
        self.block = target;
        (target, slots)
    }

    /// Ends the way if it is back at the anchor.
    fn close(&mut self, pc: u32) -> bool {
        if pc != self.request.entry_pc || self.scopes.len() != 1 {
            return false;
        }
        let Some((target, slots)) = self.climb.as_ref().and_then(|climb| climb.anchor.clone()) else {
            return false;
        };
        let (from, frame) = (self.block, self.frame.clone());
        self.enter_block(from, &frame, ANCHOR, target, &slots);
        true
    }

    /// A jump on a trace.
    pub(super) fn trace_jump(&mut self, target: u32) -> Flow<Self> {
        let back_edge = target <= self.pc;
        let state = self.new_state(target, Resume::Transfer { back_edge });
        let cost = self.scope().facts.run_costs[target as usize];
        self.charge(self.block, cost, back_edge, state);
        let node = self.climb.as_ref().map_or(0, |climb| climb.node);
        self.go_on(Some(target), node);
        self.ended = true;
        Ok(())
    }

    /// A branch on a trace: goes on along the sides that were recorded, and leaves by the others.
    pub(super) fn trace_branch(&mut self, condition: Value, when: bool, target: u32) -> Flow<Self> {
        let node = self.climb.as_ref().map_or(0, |climb| climb.node);
        let sides = match self.climb.as_ref().map(|climb| climb.tree.nodes[node as usize]) {
            Some(Node::Branch(sides)) => sides,
            // The trace was given up here.
            _ => return Err(self.leave(ExitReason::Unreached)),
        };
        self.popped.clear();
        let taken = self.f.new_block(self.pc);
        let next = self.f.new_block(self.pc);
        let to = |block| Target { block, args: Vec::new() };
        let (then, otherwise) = if when { (to(taken), to(next)) } else { (to(next), to(taken)) };
        self.f.blocks[self.block.index()].end = Terminator::Branch { condition, then, otherwise };
        self.go_on(None, node);
        let sides = [(sides[0], taken, target, target <= self.pc), (sides[1], next, self.pc + 1, false)];
        for (number, (child, block, pc, back_edge)) in sides.into_iter().enumerate() {
            let state = self.new_state(pc, Resume::Transfer { back_edge });
            let Some(child) = child else {
                self.f.states[state.index()].side = Some(node * 2 + number as u32);
                self.f.blocks[block.index()].end = Terminator::Exit { reason: ExitReason::SideExit, state };
                continue;
            };
            let cost = self.scope().facts.run_costs[pc as usize];
            self.charge(block, cost, back_edge, state);
            let (frame, scopes) = (self.frame.clone(), self.scopes.clone());
            if let Some(climb) = &mut self.climb {
                climb.ways.push(Way { node: child, block, frame, pc, scopes });
            }
        }
        self.ended = true;
        Ok(())
    }

    /// A call on a trace.
    pub(super) fn trace_call(&mut self, callee: u32) -> Flow<Self> {
        let node = self.climb.as_ref().map_or(0, |climb| climb.node);
        match self.climb.as_ref().map(|climb| climb.tree.nodes[node as usize]) {
            Some(Node::Call { inlined: true, next }) => {
                let walk = self.scope().walk.elsewhere();
                self.start_inlined(callee, walk, Inlining::default());
                self.go_on(Some(0), next);
                Ok(())
            }
            Some(Node::Call { inlined: false, next }) => {
                let Some(method) = (self.request.callee)(callee) else {
                    return Err(self.leave(ExitReason::Call));
                };
                self.call_method(callee, method)?;
                let pc = self.pc + 1;
                self.go_on(Some(pc), next);
                Ok(())
            }
            _ => Err(self.leave(ExitReason::Unreached)),
        }
    }

    /// Returns from an inlined call of a trace.
    pub(super) fn trace_return(&mut self, value: Value) -> Flow<Self> {
        let node = self.climb.as_ref().map_or(0, |climb| climb.node);
        let waiting = self.scopes.pop().and_then(|scope| scope.waiting);
        debug_assert!(waiting.is_some(), "only the outermost scope has nobody waiting");
        let Some((frame, pc)) = waiting else { return Err(Ended) };
        self.frame = frame;
        self.frame.deep = true;
        self.frame.stack.push(value);
        self.go_on(Some(pc + 1), node);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_grow_at_open_sides_only() {
        use Choice::{Called, Inlined, NotTaken, Taken};
        let mut tree = Tree::new(false);
        assert!(tree.grow(None, &[Taken, Inlined, NotTaken], 10));
        assert!(!tree.grow(None, &[Taken], 10), "it has a trunk");
        // The side of the first branch that was not taken.
        assert!(tree.grow(Some(1), &[Called], 5));
        assert!(!tree.grow(Some(1), &[Called], 5), "it is there already");
        assert!(!tree.grow(Some(0), &[], 5), "it is the trunk");
        assert!(!tree.grow(Some(2), &[], 5), "it is a call");
        assert_eq!((tree.traces, tree.instructions), (2, 15));
        assert_eq!(tree.tries(4), 0);
        tree.gave_up(4);
        assert_eq!(tree.tries(4), 1);
    }
}
