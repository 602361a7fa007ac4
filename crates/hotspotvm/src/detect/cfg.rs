//! The control-flow graph of a function: basic blocks, their edges, and loops within a part of the graph.

use bytecode::{ControlFlow, Inst};
use std::collections::HashSet;
use std::ops::Range;

/// A basic block: instructions `start..end`.
#[derive(Clone, Debug)]
pub struct BasicBlock {
    /// Its first pc.
    pub start: u32,
    /// The pc after its last.
    pub end: u32,
    /// The blocks it can go to.
    pub successors: Vec<u32>,
    /// The blocks it can be reached from.
    pub predecessors: Vec<u32>,
}

/// The control-flow graph of a function.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// The blocks in order of their pcs.
    pub blocks: Vec<BasicBlock>,
    /// For each pc, its block.
    pub block_of: Vec<u32>,
}

impl Cfg {
    /// The graph of verified code.
    pub fn new(code: &[Inst]) -> Cfg {
        let mut leader = vec![false; code.len()];
        let mark = |leader: &mut Vec<bool>, pc: usize| {
            if let Some(slot) = leader.get_mut(pc) {
                *slot = true;
            }
        };
        mark(&mut leader, 0);
        for (pc, inst) in code.iter().enumerate() {
            match inst.op.info().flow {
                ControlFlow::Next => {}
                ControlFlow::Jump | ControlFlow::Branch => {
                    mark(&mut leader, inst.arg as usize);
                    mark(&mut leader, pc + 1);
                }
                ControlFlow::End => mark(&mut leader, pc + 1),
            }
        }
        let mut blocks: Vec<BasicBlock> = Vec::new();
        let mut block_of = Vec::with_capacity(code.len());
        for (pc, &leads) in leader.iter().enumerate() {
            if leads {
                let start = pc as u32;
                blocks.push(BasicBlock {
                    start,
                    end: start,
                    successors: Vec::new(),
                    predecessors: Vec::new(),
                });
            }
            if let Some(block) = blocks.last_mut() {
                block.end = pc as u32 + 1;
            }
            block_of.push(blocks.len() as u32 - 1);
        }
        for at in 0..blocks.len() {
            let last = code[blocks[at].end as usize - 1];
            let next = block_of.get(blocks[at].end as usize).copied();
            let target = block_of.get(last.arg as usize).copied();
            let (a, b) = match last.op.info().flow {
                ControlFlow::Next => (next, None),
                ControlFlow::Jump => (target, None),
                ControlFlow::Branch => (next, target),
                ControlFlow::End => (None, None),
            };
            for successor in a.into_iter().chain(b) {
                if !blocks[at].successors.contains(&successor) {
                    blocks[at].successors.push(successor);
                    blocks[successor as usize].predecessors.push(at as u32);
                }
            }
        }
        Cfg { blocks, block_of }
    }

    /// What can be seen of the graph from `entry` without leaving `inside`.
    pub fn subgraph(&self, entry: u32, inside: impl Fn(u32) -> bool) -> Subgraph {
        Subgraph::new(self, entry, &inside)
    }
}

/// A part of the graph with one entry: its order, its dominators, its loops.
///
/// Retreating edges are those that go against the reverse postorder. The part is *reducible* if the target of each
/// dominates its source; then each such target heads a natural loop.
#[derive(Clone, Debug, Default)]
pub struct Subgraph {
    /// The blocks in reverse postorder, the entry first.
    pub order: Vec<u32>,
    /// The retreating edges whose targets do not dominate their sources: (source, target).
    pub irreducible: Vec<(u32, u32)>,
    /// Its natural loops.
    pub loops: Loops,
}

/// "No position": not in the part of the graph.
const OUTSIDE: u32 = u32::MAX;

impl Subgraph {
    fn new(cfg: &Cfg, entry: u32, inside: &dyn Fn(u32) -> bool) -> Subgraph {
        let count = cfg.blocks.len();
        let mut order = Vec::new();
        let mut seen = vec![false; count];
        let mut path: Vec<(u32, usize)> = vec![(entry, 0)];
        seen[entry as usize] = true;
        while let Some((block, next)) = path.last_mut() {
            match cfg.blocks[*block as usize].successors.get(*next) {
                Some(&successor) => {
                    *next += 1;
                    if inside(successor) && !seen[successor as usize] {
                        seen[successor as usize] = true;
                        path.push((successor, 0));
                    }
                }
                None => {
                    order.push(*block);
                    path.pop();
                }
            }
        }
        order.reverse();
        let mut position = vec![OUTSIDE; count];
        for (at, &block) in order.iter().enumerate() {
            position[block as usize] = at as u32;
        }
        let dominators = dominators(cfg, &order, &position);
        let mut retreating = Vec::new();
        let mut irreducible = Vec::new();
        for (at, &block) in order.iter().enumerate() {
            for &successor in &cfg.blocks[block as usize].successors {
                let to = position[successor as usize];
                if to != OUTSIDE && to <= at as u32 {
                    retreating.push((block, successor));
                    if !dominates(&dominators, to, at as u32) {
                        irreducible.push((block, successor));
                    }
                }
            }
        }
        let loops = Loops::new(cfg, &order, &position, &retreating, &irreducible);
        Subgraph { order, irreducible, loops }
    }
}

/// The natural loops of a part of the graph, and how they nest. A natural loop is a header that dominates all blocks
/// which go back to it, and everything that reaches one of these without passing the header; of two such loops, one
/// contains the other or they share no block. Finding them takes about as long as looking at each edge once, however
/// many and however deep they are.
#[derive(Clone, Debug, Default)]
pub struct Loops {
    /// Inner loops come before those around them.
    loops: Vec<NaturalLoop>,
    /// For each block of the function, the innermost loop that it is in.
    innermost: Vec<u32>,
    /// The blocks that are in loops, those of one loop, inner ones included, side by side.
    blocks: Vec<u32>,
}

/// One of them.
#[derive(Clone, Debug)]
struct NaturalLoop {
    header: u32,
    /// The loop around it, or [`OUTSIDE`].
    parent: u32,
    /// How many bytecode instructions it has.
    instructions: u32,
    /// Which of [`Loops::blocks`] it has.
    blocks: Range<u32>,
}

impl Loops {
    fn new(
        cfg: &Cfg,
        order: &[u32],
        position: &[u32],
        retreating: &[(u32, u32)],
        irreducible: &[(u32, u32)],
    ) -> Loops {
        let mut found = Loops { innermost: vec![OUTSIDE; cfg.blocks.len()], ..Loops::default() };
        let other_ways_in: HashSet<u32> = irreducible.iter().map(|(_, to)| *to).collect();
        let mut back: Vec<(u32, u32)> =
            retreating.iter().copied().filter(|(_, to)| !other_ways_in.contains(to)).collect();
        // An inner header comes after the outer one in the order: backwards, inner loops are found first.
        back.sort_unstable_by_key(|&(_, to)| std::cmp::Reverse(position[to as usize]));
        // For each loop, one around it or itself: followed to its end, the outermost so far.
        let mut around: Vec<u32> = Vec::new();
        for edges in back.chunk_by(|a, b| a.1 == b.1) {
            let (id, header) = (found.loops.len() as u32, edges[0].1);
            found.loops.push(NaturalLoop { header, parent: OUTSIDE, instructions: 0, blocks: 0..0 });
            around.push(id);
            found.innermost[header as usize] = id;
            let mut work: Vec<u32> = edges.iter().map(|(from, _)| *from).collect();
            while let Some(block) = work.pop() {
                if position[block as usize] == OUTSIDE {
                    continue;
                }
                let inner = found.innermost[block as usize];
                if inner == OUTSIDE {
                    found.innermost[block as usize] = id;
                    work.extend(&cfg.blocks[block as usize].predecessors);
                    continue;
                }
                let outermost = outermost(&mut around, inner);
                if outermost != id {
                    around[outermost as usize] = id;
                    found.loops[outermost as usize].parent = id;
                    work.extend(&cfg.blocks[found.loops[outermost as usize].header as usize].predecessors);
                }
            }
        }
        found.place_blocks(cfg, order);
        found
    }

    /// Puts the blocks of each loop side by side.
    fn place_blocks(&mut self, cfg: &Cfg, order: &[u32]) {
        let in_loops = || order.iter().copied().filter(|&block| self.innermost[block as usize] != OUTSIDE);
        // How many blocks each loop has, first without those of inner loops, then with them.
        let mut own = vec![0u32; self.loops.len()];
        let mut instructions = vec![0u32; self.loops.len()];
        for block in in_loops() {
            let (id, block) = (self.innermost[block as usize] as usize, &cfg.blocks[block as usize]);
            own[id] += 1;
            instructions[id] += block.end - block.start;
        }
        let mut all = own.clone();
        for id in 0..self.loops.len() {
            let parent = self.loops[id].parent as usize;
            if parent != OUTSIDE as usize {
                all[parent] += all[id];
                instructions[parent] += instructions[id];
            }
        }
        // Where the next inner loop of each goes: behind the blocks that are in none.
        let mut next: Vec<u32> = vec![0; self.loops.len()];
        let mut end = 0;
        for id in (0..self.loops.len()).rev() {
            let parent = self.loops[id].parent as usize;
            let start = if parent == OUTSIDE as usize { &mut end } else { &mut next[parent] };
            let range = *start..*start + all[id];
            *start = range.end;
            next[id] = range.start + own[id];
            (self.loops[id].blocks, self.loops[id].instructions) = (range, instructions[id]);
        }
        let mut free: Vec<u32> = self.loops.iter().map(|l| l.blocks.start).collect();
        let mut blocks = vec![0; end as usize];
        for block in in_loops() {
            let free = &mut free[self.innermost[block as usize] as usize];
            blocks[*free as usize] = block;
            *free += 1;
        }
        self.blocks = blocks;
    }

    fn of_header(&self, header: u32) -> Option<&NaturalLoop> {
        let innermost = *self.innermost.get(header as usize)?;
        self.loops.get(innermost as usize).filter(|found| found.header == header)
    }

    /// Whether a block is the header of a loop.
    pub fn is_header(&self, block: u32) -> bool {
        self.of_header(block).is_some()
    }

    /// The header of the innermost loop that a block is in.
    pub fn innermost(&self, block: u32) -> Option<u32> {
        Some(self.loops.get(self.innermost[block as usize] as usize)?.header)
    }

    /// The blocks of the loop with this header, those of inner loops included; none if it heads no loop.
    pub fn body(&self, header: u32) -> &[u32] {
        let range = self.of_header(header).map_or(0..0, |found| found.blocks.clone());
        &self.blocks[range.start as usize..range.end as usize]
    }

    /// How many bytecode instructions the loop with this header has.
    pub fn instructions(&self, header: u32) -> u32 {
        self.of_header(header).map_or(0, |found| found.instructions)
    }

    /// Whether the way from one block to another leads out of a loop.
    pub fn leaves(&self, from: u32, to: u32) -> bool {
        let range =
            |block: u32| Some(self.loops.get(self.innermost[block as usize] as usize)?.blocks.clone());
        match (range(from), range(to)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(from), Some(to)) => !(from.start <= to.start && to.end <= from.end),
        }
    }
}

/// The outermost loop around one, by the links set so far, which get shorter on the way.
fn outermost(around: &mut [u32], id: u32) -> u32 {
    let mut end = id;
    while around[end as usize] != end {
        end = around[end as usize];
    }
    let mut at = id;
    while at != end {
        at = std::mem::replace(&mut around[at as usize], end);
    }
    end
}

/// Immediate dominators as positions in `order` (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm").
fn dominators(cfg: &Cfg, order: &[u32], position: &[u32]) -> Vec<u32> {
    let mut idom = vec![OUTSIDE; order.len()];
    idom[0] = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for (at, &block) in order.iter().enumerate().skip(1) {
            let mut new = OUTSIDE;
            // The later ones first: along a chain of blocks that all lead here, each step is short then.
            for &predecessor in cfg.blocks[block as usize].predecessors.iter().rev() {
                let p = position[predecessor as usize];
                if p == OUTSIDE || idom[p as usize] == OUTSIDE {
                    continue;
                }
                new = if new == OUTSIDE { p } else { common(&idom, p, new) };
            }
            if idom[at] != new {
                idom[at] = new;
                changed = true;
            }
        }
    }
    idom
}

fn common(idom: &[u32], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        while a > b {
            a = idom[a as usize];
        }
        while b > a {
            b = idom[b as usize];
        }
    }
    a
}

fn dominates(idom: &[u32], a: u32, mut b: u32) -> bool {
    while b > a {
        b = idom[b as usize];
    }
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytecode::Op;

    fn code(text: &[(Op, u32)]) -> Vec<Inst> {
        text.iter().map(|&(op, arg)| Inst::new(op, arg)).collect()
    }

    fn whole(cfg: &Cfg) -> Subgraph {
        cfg.subgraph(0, |_| true)
    }

    fn headers(graph: &Subgraph) -> Vec<u32> {
        graph.order.iter().copied().filter(|&block| graph.loops.is_header(block)).collect()
    }

    fn body(graph: &Subgraph, header: u32) -> Vec<u32> {
        let mut body = graph.loops.body(header).to_vec();
        body.sort_unstable();
        body
    }

    #[test]
    fn a_loop_with_two_latches_and_two_exits_is_one_loop() {
        let code = code(&[
            (Op::LoadLocal, 0),
            (Op::JumpIfZero, 8),
            (Op::LoadLocal, 1),
            (Op::JumpIfZero, 0),
            (Op::LoadLocal, 2),
            (Op::JumpIfNotZero, 8),
            (Op::Nop, 0),
            (Op::Jump, 0),
            (Op::Halt, 0),
        ]);
        let cfg = Cfg::new(&code);
        let graph = whole(&cfg);
        assert_eq!(headers(&graph), [0]);
        assert_eq!(graph.irreducible, []);
        assert_eq!(body(&graph, 0), [0, 1, 2, 3]);
        assert_eq!(graph.loops.instructions(0), 8);
        assert!(graph.loops.leaves(2, 4) && !graph.loops.leaves(2, 0) && !graph.loops.leaves(4, 0));
    }

    #[test]
    fn nested_loops_have_two_headers_and_the_inner_body_is_inside() {
        let code = code(&[
            (Op::Nop, 0),
            (Op::LoadLocal, 0), // 1: outer
            (Op::JumpIfZero, 7),
            (Op::LoadLocal, 1), // 3: inner
            (Op::JumpIfZero, 6),
            (Op::Jump, 3),
            (Op::Jump, 1),
            (Op::Halt, 0),
        ]);
        let cfg = Cfg::new(&code);
        let graph = whole(&cfg);
        let (outer, inner) = (cfg.block_of[1], cfg.block_of[3]);
        let between = cfg.block_of[6];
        assert_eq!(headers(&graph), [outer, inner]);
        assert_eq!(body(&graph, inner), [inner, cfg.block_of[5]]);
        assert_eq!(body(&graph, outer), [outer, inner, cfg.block_of[5], between]);
        assert_eq!((graph.loops.instructions(inner), graph.loops.instructions(outer)), (3, 6));
        assert_eq!(graph.loops.innermost(between), Some(outer));
        let leaves = |from, to| graph.loops.leaves(from, to);
        assert!(
            leaves(inner, between) && leaves(inner, outer) && !leaves(outer, inner) && !leaves(inner, inner)
        );
    }

    #[test]
    fn a_loop_with_two_entries_is_irreducible() {
        let code = code(&[
            (Op::LoadLocal, 0),
            (Op::JumpIfZero, 4),
            (Op::Nop, 0), // 2
            (Op::Nop, 0),
            (Op::LoadLocal, 1), // 4: entered from 1 and from 3
            (Op::JumpIfZero, 2),
            (Op::Halt, 0),
        ]);
        let cfg = Cfg::new(&code);
        assert_eq!(whole(&cfg).irreducible.len(), 1);
        assert!(headers(&whole(&cfg)).is_empty());
    }

    #[test]
    fn a_loop_with_its_test_below_can_be_seen_from_its_body() {
        let code = code(&[
            (Op::Jump, 3),
            (Op::Nop, 0), // 1: body
            (Op::Nop, 0),
            (Op::LoadLocal, 0), // 3: test, the header
            (Op::JumpIfNotZero, 1),
            (Op::Halt, 0),
        ]);
        let cfg = Cfg::new(&code);
        let graph = whole(&cfg);
        let header = cfg.block_of[3];
        assert_eq!(headers(&graph), [header]);
        let entry = cfg.block_of[1];
        let part = cfg.subgraph(entry, |b| graph.loops.body(header).contains(&b));
        assert_eq!(headers(&part), [entry]);
        assert_eq!(part.irreducible, []);
    }
}
