//! Translation along a function's graph: the blocks of a region, or of a whole function, in reverse postorder.
//!
//! **Stage 3, compile.**
//!
//! - **Joins.** A block with several ways in takes as parameters what differs between them. A loop's header
//!   takes the locals that the loop writes. If a loop brings back another type than it started with, that parameter is *widened* to boxed and
//!   the whole is built again: the types only go up, so this ends.
//! - **Ways never taken** while profiling are exits, until two such assumptions about the place were wrong.
//! - **Fuel** is charged where the interpreter charges it: where control transfers, for the run that follows.

use super::builder::{Builder, Built, Request, Slot, SymbolicFrame};
use crate::detect::{FunctionGraph, Region};
use crate::reason::Reason;
use bytecode::ControlFlow;
use ir::planted::{Bug, is};
use ir::{Block, ExitReason, Resume, Target, Terminator, Type, Value};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// How often types are widened one by one before all loops start boxed.
const MAX_ATTEMPTS: u32 = 8;

/// A way into a block that has not been started yet.
#[derive(Clone)]
struct Edge {
    from: Block,
    frame: SymbolicFrame,
}

/// Where translation stands in the graph of a function.
#[derive(Clone)]
pub(super) struct Traversal {
    pub graph: Rc<FunctionGraph>,
    pub region: Rc<Region>,
    /// For each bytecode block, the ways in seen so far.
    pending: Vec<Vec<Edge>>,
    /// For each loop header that has been started, its IR block and what its parameters stand for.
    headers: HashMap<u32, (Block, Vec<Slot>)>,
}

impl Traversal {
    /// At the entry of a region.
    pub fn new(graph: Rc<FunctionGraph>, region: Rc<Region>) -> Traversal {
        let pending = graph.cfg.blocks.iter().map(|_| Vec::new()).collect();
        Traversal { graph, region, pending, headers: HashMap::new() }
    }

    /// For a function whose graph is not walked.
    pub fn elsewhere(&self) -> Traversal {
        let (graph, region) = (self.graph.clone(), self.region.clone());
        Traversal { graph, region, pending: Vec::new(), headers: HashMap::new() }
    }
}

/// Builds the IR of a region, or of a method that is the whole region.
///
/// # Errors
/// Why it can't be compiled.
pub fn build(request: &Request<'_>, region: &Rc<Region>) -> Result<Built, Reason> {
    // What cannot be built because of what is inlined may well be built without.
    match build_as(request, region) {
        Err(_) if request.inlining => build_as(&Request { inlining: false, ..*request }, region),
        built => built,
    }
}

fn build_as(request: &Request<'_>, region: &Rc<Region>) -> Result<Built, Reason> {
    let graph = request.graphs.get(request.vm, request.function);
    let mut widened = HashSet::new();
    for attempt in 0..=MAX_ATTEMPTS {
        let walk = Traversal::new(graph.clone(), region.clone());
        let mut builder = Builder::new(request, &widened, attempt == MAX_ATTEMPTS, walk);
        if let Some(signature) = request.method {
            builder.start_method(signature)?;
        }
        builder.walk()?;
        if builder.conflicts.is_empty() {
            return Ok(builder.finish());
        }
        debug_assert!(attempt < MAX_ATTEMPTS, "nothing is left to widen");
        widened.extend(builder.conflicts);
    }
    Err(Reason::TypesDoNotSettle {})
}

impl Builder<'_> {
    /// Translates the innermost scope from its entry.
    pub(super) fn walk(&mut self) -> Result<(), Reason> {
        let entry = Edge { from: self.block, frame: self.frame.clone() };
        let walk = &mut self.scope_mut().walk;
        let region = walk.region.clone();
        walk.pending[region.graph.order[0] as usize].push(entry);
        for &block in &region.graph.order {
            let edges = std::mem::take(&mut self.scope_mut().walk.pending[block as usize]);
            if edges.is_empty() {
                continue;
            }
            self.start_block(block, edges, region.graph.loops.is_header(block));
            self.translate_block(block)?;
        }
        Ok(())
    }

    /// Starts a bytecode block: finds out what differs between the ways in, makes it parameters, and ends the ways in with jumps.
    fn start_block(&mut self, block: u32, mut edges: Vec<Edge>, is_header: bool) {
        let start = self.scope().walk.graph.cfg.blocks[block as usize].start;
        if !is_header && edges.len() == 1 {
            if let Some(edge) = edges.pop() {
                self.block = edge.from;
                self.frame = edge.frame;
            }
            return;
        }
        let written = if is_header { self.written_in_loop(block) } else { Vec::new() };
        let first = edges[0].frame.clone();
        let mut slots = Vec::new();
        for slot in 0..first.locals.len() as u32 {
            let differs = edges.iter().any(|e| e.frame.locals[slot as usize] != first.locals[slot as usize]);
            if differs || written.get(slot as usize).copied().unwrap_or(false) {
                slots.push(Slot::Local(slot));
            }
        }
        for depth in 0..first.stack.len() as u32 {
            let differs = edges.iter().any(|e| e.frame.stack[depth as usize] != first.stack[depth as usize]);
            if differs || is_header {
                slots.push(Slot::Stack(depth));
            }
        }
        let target = self.f.new_block(self.origin_at(start));
        self.state_entries += slots.len() * edges.len();
        self.frame = first;
        self.frame.deep = edges.iter().all(|edge| edge.frame.deep || is(Bug::DepthAtJoin));
        for &slot in &slots {
            let mut ty = None;
            for edge in &edges {
                let value = self.value_in(&edge.frame, slot);
                let this = self.f.ty(value);
                ty = Some(if ty.is_none_or(|t| t == this) { this } else { Type::Boxed });
            }
            let widen = is_header
                && (self.widen_all || self.widened.contains(&(self.scope().path.clone(), block, slot)));
            let ty = if widen { Type::Boxed } else { ty.unwrap_or(Type::Boxed) };
            let param = self.f.add_param(target, ty);
            match slot {
                Slot::Local(slot) => self.frame.locals[slot as usize] = Some(param),
                Slot::Stack(depth) => self.frame.stack[depth as usize] = param,
            }
        }
        for edge in &edges {
            self.enter_block(edge.from, &edge.frame, block, target, &slots);
        }
        if is_header {
            self.scope_mut().walk.headers.insert(block, (target, slots));
        }
        self.block = target;
    }

    /// Ends `from` with a jump to a block that has been started.
    pub(super) fn enter_block(
        &mut self,
        from: Block,
        frame: &SymbolicFrame,
        block: u32,
        target: Block,
        slots: &[Slot],
    ) {
        let mut args: Vec<Value> = Vec::with_capacity(slots.len());
        for (i, &slot) in slots.iter().enumerate() {
            let wanted = self.f.ty(self.f.blocks[target.index()].params[i]);
            let value = self.value_in(frame, slot);
            if self.f.ty(value) == wanted {
                args.push(value);
            } else if wanted == Type::Boxed {
                args.push(self.boxed_in(from, value));
            } else {
                let path = self.scope().path.clone();
                self.conflicts.push((path, block, slot));
                args.push(value);
            }
        }
        self.f.blocks[from.index()].end = Terminator::Jump(Target { block: target, args });
    }

    /// Whether a way from the current instruction to a bytecode block leads out of a loop.
    fn leaves_loop(&self, to: u32) -> bool {
        let walk = &self.scope().walk;
        walk.region.graph.loops.leaves(walk.graph.cfg.block_of[self.pc as usize], to)
    }

    /// Which locals the loop of this header writes.
    fn written_in_loop(&self, header: u32) -> Vec<bool> {
        let scope = self.scope();
        let blocks = &scope.walk.graph.cfg.blocks;
        let mut written = vec![false; self.frame.locals.len()];
        for &block in scope.walk.region.graph.loops.body(header) {
            let block = &blocks[block as usize];
            for cell in &scope.cells[block.start as usize..block.end as usize] {
                if cell.op == bytecode::Op::StoreLocal {
                    written[cell.arg as usize] = true;
                }
            }
        }
        written
    }

    fn translate_block(&mut self, block: u32) -> Result<(), Reason> {
        let (start, end) = {
            let block = &self.scope().walk.graph.cfg.blocks[block as usize];
            (block.start, block.end)
        };
        for pc in start..end {
            if !self.translate(pc)? {
                return Ok(());
            }
            debug_assert_eq!(self.scope().cells[pc as usize].op.info().flow, ControlFlow::Next);
        }
        // Control falls into the next block: no transfer, no charge.
        self.pc = end;
        self.popped.clear();
        let from = self.block;
        self.edge(from, end, None);
        Ok(())
    }

    /// Control goes from the end of `from` to `pc`: by a transfer (`Some`: whether it is a back-edge) or by falling through.
    pub(super) fn edge(&mut self, from: Block, pc: u32, transfer: Option<bool>) {
        let walk = &self.scope().walk;
        let block = walk.graph.cfg.block_of[pc as usize];
        let resume = transfer.map_or(Resume::Execute, |back_edge| Resume::Transfer { back_edge });
        if !walk.region.inside[block as usize] {
            let state = self.new_state(pc, resume);
            self.f.blocks[from.index()].end = Terminator::Exit { reason: ExitReason::RegionEnd, state };
            return;
        }
        // Code that never ran would only make the types of what joins behind it worse. (Behind a loop that is still
        // running, that says nothing.)
        if transfer == Some(false)
            && self.request.prune
            && self.counts(self.scope().function)[pc as usize] == 0
            && !self.leaves_loop(block)
        {
            let state = self.new_state(pc, resume);
            self.f.blocks[from.index()].end = Terminator::Exit { reason: ExitReason::Unreached, state };
            return;
        }
        if let Some(back_edge) = transfer {
            let state = self.new_state(pc, resume);
            let cost = self.scope().facts.run_costs[pc as usize];
            self.charge(from, self.origin_at(pc), cost, back_edge, state);
        }
        let frame = self.frame.clone();
        match self.scope().walk.headers.get(&block) {
            Some((target, slots)) => {
                let (target, slots) = (*target, slots.clone());
                self.enter_block(from, &frame, block, target, &slots);
            }
            None => self.scope_mut().walk.pending[block as usize].push(Edge { from, frame }),
        }
    }
}
