//! Traces: the ways that control was seen to take, as a tree, and their translation.
//!
//! **Stage 3, compile.** A trace is recorded while the interpreter executes ([`crate::engine`] steps it): what is written down is only how each branch went
//! and what became of each call, since everything else follows. The first trace starts where a loop, or a function, has become hot, its *anchor*, and ends when control is back
//! there, or when the function returns. Where it leaves that way later on, often enough, the way it takes instead is recorded too and grown onto the
//! tree. So all traces from one anchor are one unit of code, in which ways part but never join, except at anchors: what is known
//! on a way stays known. Where a trace comes to a loop that has a tree of its own, it takes in a copy of that tree, and goes on where control leaves the copy: so a nest
//! of loops is a nest of loops.
//!
//! Invariants:
//! - a way that is not compiled leaves by [`ExitReason::SideExit`], whose frame state says which side of which decision it is;
//! - a tree only grows, so sides keep their numbers; node 0 is where it starts;
//! - a way may close at each loop that it is in, in the call of the function in which it came to it.
//!
//! Source of the idea: trace trees (Gal and Franz, HotpathVM, 2006).

use super::builder::{Builder, Built, Ended, Request, Scope, Slot, SymbolicFrame};
use super::inline::{Inlining, MAX_LEVELS};
use super::region::Traversal;
use crate::reason::Reason;
use bytecode::machine::Flow;
use ir::planted::{Bug, is};
use ir::{Block, ExitReason, Resume, Target, Terminator, Type, Value};
use std::collections::HashSet;
use std::rc::Rc;

/// The most instructions of one trace, calls included.
pub const MAX_TRACE: u32 = 600;
/// The most instructions of a tree.
pub const MAX_TREE: u32 = 3_000;
/// The most loops that a node of a tree may be in: each tells them all.
const MAX_NESTED: usize = 16;
/// The most traces of a tree.
pub const MAX_TRACES: u32 = 40;
/// How often a function may stand within itself on a trace, itself included: the ways through a recursion multiply with
/// each level.
pub const MAX_RECURSION: usize = 2;
/// How often types are widened one by one before the anchor's variables start boxed.
const MAX_ATTEMPTS: u32 = 8;
/// What the numbers of anchors among loop headers start with.
const ANCHORS: u32 = 1 << 31;

/// A point at which something is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Node {
    /// Nothing was recorded beyond this.
    #[default]
    Open,
    /// A branch: the nodes on its two sides, taken first.
    Branch([Option<u32>; 2]),
    /// A call, and the node that comes next.
    Call { inlined: bool, next: u32 },
    /// A loop begins.
    Loop(Anchor),
}

/// Where ways close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// In how many inlined calls.
    pub depth: u32,
    /// The function.
    pub function: u32,
    /// Where.
    pub pc: u32,
    /// The node from which control goes on.
    body: u32,
}

/// All traces from one anchor.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// For each node, the loops that it is in.
    inside: Vec<Rc<[Anchor]>>,
    /// How many traces it is made of.
    pub traces: u32,
    /// How many instructions they have together.
    pub instructions: u32,
    /// How many calls are inlined within each other.
    pub levels: u32,
    /// Whether it is a function from its entry, to be called; else a loop.
    pub is_method: bool,
    /// Sides from which recording was given up, and how often.
    tried: Vec<(u32, u32)>,
}

impl Tree {
    /// A loop without any trace.
    pub fn of_loop(function: u32, pc: u32) -> Tree {
        Tree::new(false, &[Anchor { depth: 0, function, pc, body: 0 }])
    }

    /// A function without any trace.
    pub fn of_method() -> Tree {
        Tree::new(true, &[])
    }

    fn new(is_method: bool, inside: &[Anchor]) -> Tree {
        Tree {
            nodes: vec![Node::Open],
            inside: vec![inside.into()],
            traces: 0,
            instructions: 0,
            levels: 0,
            is_method,
            tried: Vec::new(),
        }
    }

    /// Whether it may grow by one more trace.
    pub fn may_grow(&self) -> bool {
        self.traces < MAX_TRACES && self.instructions < MAX_TREE
    }

    /// Whether a trace has been grown onto this side.
    pub fn has_grown(&self, side: u32) -> bool {
        let node = self.nodes.get((side / 2) as usize);
        matches!(node, Some(Node::Branch(sides)) if sides[(side % 2) as usize].is_some())
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

    /// The loops that a side leads out of, or stays in.
    pub fn inside(&self, side: u32) -> Rc<[Anchor]> {
        self.inside.get((side / 2) as usize).cloned().unwrap_or_else(|| Rc::new([]))
    }

    fn add(&mut self, inside: &[Anchor]) -> u32 {
        self.nodes.push(Node::Open);
        self.inside.push(inside.into());
        self.nodes.len() as u32 - 1
    }

    /// Grows a side of a branch, in these loops; the node there. None if there is something already.
    pub fn grow_side(&mut self, side: u32, inside: &[Anchor]) -> Option<u32> {
        let new = self.nodes.len() as u32;
        match self.nodes.get_mut((side / 2) as usize) {
            Some(Node::Branch(sides)) if sides[(side % 2) as usize].is_none() => {
                sides[(side % 2) as usize] = Some(new);
            }
            _ => return None,
        }
        Some(self.add(inside))
    }

    /// Writes down how a branch went; the node behind it. None if something else was decided there.
    pub fn branch(&mut self, node: u32, taken: bool, inside: &[Anchor]) -> Option<u32> {
        let at = self.nodes.get_mut(node as usize).filter(|at| **at == Node::Open)?;
        *at = Node::Branch([None, None]);
        self.grow_side(node * 2 + u32::from(!taken), inside)
    }

    /// Writes down what became of a call; the node behind it, or in it. None if something else was decided there.
    pub fn call(&mut self, node: u32, inlined: bool, inside: &[Anchor]) -> Option<u32> {
        let next = self.nodes.len() as u32;
        let at = self.nodes.get_mut(node as usize).filter(|at| **at == Node::Open)?;
        *at = Node::Call { inlined, next };
        Some(self.add(inside))
    }

    /// Takes in a copy of another tree, that of a loop, which begins in this depth: the number by which its nodes are
    /// higher now, and the loop. None if something else was decided there, or it would grow too large.
    pub fn nest(&mut self, node: u32, depth: u32, inner: &Tree, inside: &[Anchor]) -> Option<(u32, Anchor)> {
        let base = self.nodes.len() as u32;
        let moved = |a: &Anchor| Anchor { depth: a.depth + depth, body: a.body + base, ..*a };
        let anchor = moved(inner.inside.first()?.first()?);
        let too_large = self.instructions + inner.instructions > MAX_TREE;
        let nested = inside.len() + inner.inside.iter().map(|list| list.len()).max().unwrap_or(0);
        if too_large || depth + inner.levels > MAX_LEVELS || nested > MAX_NESTED {
            return None;
        }
        let at = self.nodes.get_mut(node as usize).filter(|at| **at == Node::Open)?;
        *at = Node::Loop(anchor);
        self.nodes.extend(inner.nodes.iter().map(|node| match *node {
            Node::Open => Node::Open,
            Node::Branch(sides) => Node::Branch(sides.map(|side| side.map(|node| node + base))),
            Node::Call { inlined, next } => Node::Call { inlined, next: next + base },
            Node::Loop(anchor) => Node::Loop(moved(&anchor)),
        }));
        let copies =
            inner.inside.iter().map(|list| inside.iter().copied().chain(list.iter().map(moved)).collect());
        self.inside.extend(copies);
        self.instructions += inner.instructions;
        self.levels = self.levels.max(depth + inner.levels);
        Some((base, anchor))
    }
}

/// A way that is still to be translated.
struct PendingPath<'a> {
    node: u32,
    block: Block,
    frame: SymbolicFrame,
    pc: u32,
    scopes: Vec<Scope<'a>>,
    loops: Vec<Started>,
}

/// A loop whose block has been started.
#[derive(Clone)]
struct Started {
    depth: u32,
    pc: u32,
    block: Block,
    /// What its parameters stand for.
    slots: Vec<Slot>,
}

/// Where translation stands in a tree.
pub(super) struct TreeTraversal<'a> {
    tree: &'a Tree,
    node: u32,
    /// Where control goes on; `None` if the way has ended.
    next: Option<u32>,
    pending: Vec<PendingPath<'a>>,
    /// The loops that this way is in.
    loops: Vec<Started>,
}

/// Builds the IR of a tree.
///
/// # Errors
/// Why it can't be compiled.
pub fn build(request: &Request<'_>, tree: &Tree) -> Result<Built, Reason> {
    let graph = request.graphs.get(request.vm, request.function);
    let region = Rc::new(graph.nothing());
    let mut widened = HashSet::new();
    for attempt in 0..=MAX_ATTEMPTS {
        let walk = Traversal::new(graph.clone(), region.clone());
        let mut builder = Builder::new(request, &widened, attempt == MAX_ATTEMPTS, walk);
        if let Some(signature) = request.method {
            builder.start_method(signature)?;
        }
        builder.translate_tree(tree)?;
        if builder.conflicts.is_empty() {
            return Ok(builder.finish());
        }
        debug_assert!(attempt < MAX_ATTEMPTS, "nothing is left to widen");
        widened.extend(builder.conflicts);
    }
    Err(Reason::TypesDoNotSettle {})
}

impl<'a> Builder<'a> {
    /// Translates all ways of a tree.
    fn translate_tree(&mut self, tree: &'a Tree) -> Result<(), Reason> {
        let entry_pc = self.request.entry_pc;
        let mut first = !tree.is_method;
        let loops: Vec<Started> = first.then(|| self.start_loop(entry_pc)).into_iter().collect();
        let scopes = std::mem::take(&mut self.scopes);
        let frame = self.frame.clone();
        let path = PendingPath { node: 0, block: self.block, frame, pc: entry_pc, scopes, loops };
        let mut traversal =
            TreeTraversal { tree, node: 0, next: None, pending: Vec::new(), loops: Vec::new() };
        traversal.pending.push(path);
        self.traversal = Some(traversal);
        while let Some(path) = self.traversal.as_mut().and_then(|traversal| traversal.pending.pop()) {
            (self.block, self.frame, self.scopes, self.pc) = (path.block, path.frame, path.scopes, path.pc);
            if let Some(traversal) = &mut self.traversal {
                (traversal.next, traversal.node, traversal.loops) = (Some(path.pc), path.node, path.loops);
            }
            while let Some(pc) = self.traversal.as_mut().and_then(|traversal| traversal.next.take()) {
                if !std::mem::take(&mut first) && self.close(pc) {
                    break;
                }
                self.nested_loop(tree, pc);
                if self.translate(pc)?
                    && let Some(traversal) = &mut self.traversal
                {
                    // Calls and returns have said where to go on already.
                    traversal.next.get_or_insert(pc + 1);
                }
            }
        }
        Ok(())
    }

    /// In how many inlined calls this way is.
    fn depth(&self) -> u32 {
        self.scopes.len() as u32 - 1
    }

    /// The node that comes next.
    fn node(&self) -> (u32, Node) {
        let traversal = self.traversal.as_ref();
        let node = traversal.map_or(0, |traversal| traversal.node);
        (node, traversal.map_or(Node::Open, |traversal| traversal.tree.nodes[node as usize]))
    }

    /// Starts a loop, if one begins here.
    fn nested_loop(&mut self, tree: &Tree, pc: u32) {
        let (_, Node::Loop(anchor)) = self.node() else { return };
        if (anchor.depth, anchor.function, anchor.pc) != (self.depth(), self.scope().function, pc) {
            return;
        }
        debug_assert!((anchor.body as usize) < tree.nodes.len());
        self.pc = pc;
        let started = self.start_loop(pc);
        if let Some(traversal) = &mut self.traversal {
            traversal.loops.push(started);
            traversal.node = anchor.body;
        }
    }

    /// Control goes on at `pc` with the decisions of a node.
    fn go_on(&mut self, pc: Option<u32>, node: u32) {
        if let Some(traversal) = &mut self.traversal {
            (traversal.next, traversal.node) = (pc, node);
        }
    }

    /// Starts the block to which traces come back. It takes whatever the function ever writes; what a tree does not change is
    /// found out later.
    fn start_loop(&mut self, pc: u32) -> Started {
        let mut written = vec![false; self.frame.locals.len()];
        for cell in self.scope().cells.iter().filter(|cell| cell.op == bytecode::Op::StoreLocal) {
            written[cell.arg as usize] = true;
        }
        let locals = (0..written.len() as u32).filter(|&slot| written[slot as usize]).map(Slot::Local);
        let locals = locals.skip(usize::from(is(Bug::TraceStaleLocal)));
        let stack = (0..self.frame.stack.len() as u32).map(Slot::Stack);
        let slots: Vec<Slot> = locals.chain(stack).collect();
        let (from, frame) = (self.block, self.frame.clone());
        let block = self.f.new_block(self.origin_at(pc));
        self.state_entries += slots.len();
        let (path, key) = (self.scope().path.clone(), ANCHORS + pc);
        for &slot in &slots {
            let value = self.value_in(&frame, slot);
            let widen = self.widen_all || self.widened.contains(&(path.clone(), key, slot));
            let ty = if widen { Type::Boxed } else { self.f.ty(value) };
            let param = self.f.add_param(block, ty);
            match slot {
                Slot::Local(slot) => self.frame.locals[slot as usize] = Some(param),
                Slot::Stack(depth) => self.frame.stack[depth as usize] = param,
            }
        }
        self.enter_block(from, &frame, key, block, &slots);
        self.block = block;
        Started { depth: self.depth(), pc, block, slots }
    }

    /// Ends the way if it is back where a loop began.
    fn close(&mut self, pc: u32) -> bool {
        let depth = self.depth();
        let loops = self.traversal.as_ref().map(|traversal| &traversal.loops);
        let back = |l: &&Started| (l.depth, l.pc) == (depth, pc);
        let Some(Started { block, slots, .. }) = loops.and_then(|l| l.iter().rev().find(back)).cloned()
        else {
            return false;
        };
        let (from, frame) = (self.block, self.frame.clone());
        self.state_entries += slots.len();
        self.enter_block(from, &frame, ANCHORS + pc, block, &slots);
        true
    }

    /// A jump on a trace.
    pub(super) fn trace_jump(&mut self, target: u32) -> Flow<Self> {
        let back_edge = target <= self.pc;
        let state = self.new_state(target, Resume::Transfer { back_edge });
        let cost = self.scope().facts.run_costs[target as usize];
        self.charge(self.block, self.origin_at(target), cost, back_edge, state);
        let (node, _) = self.node();
        self.go_on(Some(target), node);
        Err(Ended)
    }

    /// A branch on a trace: goes on along the sides that were recorded, and leaves by the others.
    pub(super) fn trace_branch(&mut self, condition: Value, when: bool, target: u32) -> Flow<Self> {
        let (node, Node::Branch(sides)) = self.node() else {
            // The trace ends here.
            return Err(self.leave(ExitReason::Unreached));
        };
        self.popped.clear();
        let [taken, next] = [(); 2].map(|()| self.f.new_block(self.origin()));
        let to = |block| Target { block, args: Vec::new() };
        let (then, otherwise) = if when { (to(taken), to(next)) } else { (to(next), to(taken)) };
        self.f.blocks[self.block.index()].end =
            Terminator::Branch { condition, then, otherwise, percent: None };
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
            self.charge(block, self.origin_at(pc), cost, back_edge, state);
            let (frame, scopes) = (self.frame.clone(), self.scopes.clone());
            if let Some(traversal) = &mut self.traversal {
                let loops = traversal.loops.clone();
                traversal.pending.push(PendingPath { node: child, block, frame, pc, scopes, loops });
            }
        }
        Err(Ended)
    }

    /// A call on a trace.
    pub(super) fn trace_call(&mut self, callee: u32) -> Flow<Self> {
        match self.node().1 {
            Node::Call { inlined: true, next } => {
                let walk = self.scope().walk.elsewhere();
                self.start_inlined(callee, walk, Inlining::default());
                self.go_on(Some(0), next);
                Ok(())
            }
            Node::Call { inlined: false, next } => {
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
        let (node, _) = self.node();
        let waiting = self.scopes.pop().and_then(|scope| scope.waiting);
        debug_assert!(waiting.is_some(), "only the outermost scope has nobody waiting");
        let Some((frame, pc)) = waiting else { return Err(Ended) };
        (self.frame, self.pc) = (frame, pc);
        self.frame.deep = true;
        self.frame.stack.push(value);
        let depth = self.depth();
        if let Some(traversal) = &mut self.traversal {
            traversal.loops.retain(|l| l.depth <= depth);
        }
        self.go_on(Some(pc + 1), node);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_grow_at_open_ends_only() {
        let mut tree = Tree::of_loop(0, 7);
        let inside = tree.inside(0);
        let a = tree.branch(0, true, &inside).unwrap_or(0);
        let b = tree.call(a, true, &inside).unwrap_or(0);
        assert_eq!((a, b), (1, 2));
        assert_eq!(tree.branch(0, true, &inside), None, "it has a trunk");
        assert_eq!(tree.call(a, false, &inside), None, "it is inlined");
        assert_eq!(tree.grow_side(0, &inside), None, "it is the trunk");
        assert_eq!(tree.grow_side(1, &inside), Some(3));
        assert_eq!(tree.grow_side(1, &inside), None, "it is there already");
        assert_eq!(tree.grow_side(2, &inside), None, "it is a call");
        assert_eq!(tree.tries(4), 0);
        tree.gave_up(4);
        assert_eq!(tree.tries(4), 1);
    }

    #[test]
    fn trees_nest() {
        let mut inner = Tree::of_loop(3, 5);
        let inside = inner.inside(0);
        inner.branch(0, false, &inside);
        let mut outer = Tree::of_loop(1, 7);
        let inside = outer.inside(0);
        let node = outer.branch(0, true, &inside).unwrap_or(0);
        let Some((base, anchor)) = outer.nest(node, 1, &inner, &inside) else { panic!("it fits") };
        assert_eq!((base, anchor), (2, Anchor { depth: 1, function: 3, pc: 5, body: 2 }));
        assert_eq!(outer.nodes[node as usize], Node::Loop(anchor));
        assert_eq!(outer.nodes[2], Node::Branch([None, Some(3)]));
        assert_eq!(outer.inside(2 * base).to_vec(), [inside[0], anchor]);
        // The side that the inner tree has left open.
        assert_eq!(outer.grow_side(2 * base, &inside), Some(4));
        outer.levels = 1;
        let mut deep = Tree::of_loop(1, 7);
        assert_eq!(deep.nest(0, MAX_LEVELS, &outer, &inside), None, "too many levels");
        let inside = vec![inside[0]; MAX_NESTED - 1];
        assert_eq!(deep.nest(0, 0, &outer, &inside), None, "too many loops");
    }
}
