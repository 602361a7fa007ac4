//! The control-flow graph of a function: basic blocks, their edges, and loops within a part of the graph.

use bytecode::{ControlFlow, Inst};
use std::collections::HashSet;

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
#[derive(Clone, Debug)]
pub struct Subgraph {
    /// The blocks in reverse postorder, the entry first.
    pub order: Vec<u32>,
    /// The edges that go back: (source, target).
    pub retreating: Vec<(u32, u32)>,
    /// The retreating edges whose targets do not dominate their sources: (source, target).
    pub irreducible: Vec<(u32, u32)>,
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
        Subgraph { order, retreating, irreducible }
    }

    /// The headers of natural loops, in order of the graph: targets of retreating edges, which dominate all of these.
    pub fn headers(&self) -> Vec<u32> {
        let mut heads: HashSet<u32> = self.retreating.iter().map(|(_, to)| *to).collect();
        for (_, to) in &self.irreducible {
            heads.remove(to);
        }
        self.order.iter().copied().filter(|block| heads.contains(block)).collect()
    }

    /// The natural loop of a header: all blocks that reach one of its retreating edges without passing the header.
    pub fn loop_body(&self, cfg: &Cfg, header: u32) -> Vec<bool> {
        let mut within = vec![false; cfg.blocks.len()];
        for &block in &self.order {
            within[block as usize] = true;
        }
        let mut body = vec![false; cfg.blocks.len()];
        body[header as usize] = true;
        let mut work: Vec<u32> =
            self.retreating.iter().filter(|(_, to)| *to == header).map(|(from, _)| *from).collect();
        while let Some(block) = work.pop() {
            if within[block as usize] && !std::mem::replace(&mut body[block as usize], true) {
                work.extend(&cfg.blocks[block as usize].predecessors);
            }
        }
        body
    }
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
            for &predecessor in &cfg.blocks[block as usize].predecessors {
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
        assert_eq!(graph.headers(), [0]);
        assert_eq!(graph.retreating.len(), 2);
        assert_eq!(graph.irreducible, []);
        assert_eq!(graph.loop_body(&cfg, 0), [true, true, true, true, false]);
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
        assert_eq!(graph.headers(), [outer, inner]);
        let body = graph.loop_body(&cfg, inner);
        assert!(body[inner as usize] && !body[outer as usize]);
        assert!(graph.loop_body(&cfg, outer)[inner as usize]);
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
        assert!(whole(&cfg).headers().is_empty());
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
        assert_eq!(graph.headers(), [header]);
        let body = graph.loop_body(&cfg, header);
        let entry = cfg.block_of[1];
        let part = cfg.subgraph(entry, |b| body[b as usize]);
        assert_eq!(part.headers(), [entry]);
        assert_eq!(part.irreducible, []);
    }
}
