//! The natural loops of a function and how they nest.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. A natural loop is a header
//! that dominates the start of an edge back to it, and what reaches that edge without passing the header. Loops with
//! one header are one loop. Cycles with two entries have no such header and are no loop here: passes that ask for loops
//! leave them alone.
//!
//! Invariant: of two loops, one contains the other or they share no block.

use super::{Cfg, Dominators};
use crate::data::Block;

/// A loop's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoopId(pub u32);

/// A natural loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The block through which control enters.
    pub header: Block,
    /// The blocks with an edge back to the header.
    pub latches: Vec<Block>,
    /// The innermost loop around this one.
    pub parent: Option<LoopId>,
}

/// All natural loops.
#[derive(Clone, Debug)]
pub struct Loops {
    /// The loops, inner ones before those around them.
    pub loops: Vec<Loop>,
    of_block: Vec<Option<LoopId>>,
}

impl Loops {
    /// Finds them.
    pub fn new(cfg: &Cfg, tree: &Dominators) -> Loops {
        let mut found = Loops { loops: Vec::new(), of_block: vec![None; cfg.position.len()] };
        let mut work = Vec::new();
        // An inner header comes after the outer one in reverse postorder: backwards, inner loops are found first.
        for &header in cfg.rpo.iter().rev() {
            let mut latches: Vec<Block> =
                cfg.preds(header).iter().copied().filter(|&pred| tree.dominates(header, pred)).collect();
            latches.dedup();
            if latches.is_empty() {
                continue;
            }
            let id = LoopId(found.loops.len() as u32);
            work.extend_from_slice(&latches);
            found.loops.push(Loop { header, latches, parent: None });
            while let Some(block) = work.pop() {
                match found.of_block[block.index()] {
                    None => {
                        found.of_block[block.index()] = Some(id);
                        if block != header {
                            work.extend_from_slice(cfg.preds(block));
                        }
                    }
                    Some(inner) => {
                        let outermost = found.outermost(inner);
                        if outermost != id {
                            found.loops[outermost.0 as usize].parent = Some(id);
                            work.extend_from_slice(cfg.preds(found.loops[outermost.0 as usize].header));
                        }
                    }
                }
            }
            if found.of_block[header.index()].is_none() {
                found.of_block[header.index()] = Some(id);
            }
        }
        found
    }

    fn outermost(&self, mut id: LoopId) -> LoopId {
        while let Some(parent) = self.loops[id.0 as usize].parent {
            id = parent;
        }
        id
    }

    /// The innermost loop that a block is in.
    pub fn innermost(&self, block: Block) -> Option<LoopId> {
        self.of_block.get(block.index()).copied().flatten()
    }

    /// Whether a block is in this loop or one inside it.
    pub fn contains(&self, id: LoopId, block: Block) -> bool {
        let mut at = self.innermost(block);
        while let Some(inner) = at {
            if inner == id {
                return true;
            }
            at = self.loops[inner.0 as usize].parent;
        }
        false
    }

    /// How many loops a block is in.
    pub fn depth(&self, block: Block) -> u32 {
        let mut depth = 0;
        let mut at = self.innermost(block);
        while let Some(inner) = at {
            depth += 1;
            at = self.loops[inner.0 as usize].parent;
        }
        depth
    }
}
