//! What the passes know about a function's shape: order of blocks, predecessors, dominators, loops.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. An analysis is a value computed from a
//! function; whoever changes the blocks' ends computes it again.
//!
//! Invariants: blocks that the entry does not reach are in no list; nothing here panics on a malformed function,
//! so that [`crate::verify`] may build on it.

pub mod dominators;
pub mod intervals;
pub mod loops;

pub use dominators::Dominators;
pub use loops::{Loop, LoopId, Loops};

use crate::data::{Block, Function};

/// Order and predecessors of the blocks that the entry reaches.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// The reached blocks in reverse postorder: the entry first, a block before what it dominates.
    pub rpo: Vec<Block>,
    /// The position of each block in `rpo`; `u32::MAX` for one that is not reached.
    position: Vec<u32>,
    preds: Vec<Vec<Block>>,
}

impl Cfg {
    /// Computes it; targets that do not exist are ignored.
    pub fn new(f: &Function) -> Cfg {
        let count = f.blocks.len();
        let mut postorder = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        let mut preds = vec![Vec::new(); count];
        let mut work: Vec<(Block, usize)> = Vec::new();
        if count != 0 {
            seen[0] = true;
            work.push((Block(0), 0));
        }
        while let Some((block, next)) = work.last_mut() {
            let from = *block;
            let target = f.blocks[from.index()].end.targets().nth(*next).map(|t| t.block);
            *next += 1;
            match target {
                Some(to) if to.index() < count => {
                    preds[to.index()].push(from);
                    if !seen[to.index()] {
                        seen[to.index()] = true;
                        work.push((to, 0));
                    }
                }
                Some(_) => {}
                None => {
                    postorder.push(from);
                    work.pop();
                }
            }
        }
        postorder.reverse();
        let mut position = vec![u32::MAX; count];
        for (i, block) in postorder.iter().enumerate() {
            position[block.index()] = i as u32;
        }
        Cfg { rpo: postorder, position, preds }
    }

    /// Whether the entry reaches this block.
    pub fn is_reached(&self, block: Block) -> bool {
        self.position.get(block.index()).is_some_and(|&p| p != u32::MAX)
    }

    /// Where a block stands in [`Cfg::rpo`]; `u32::MAX` if it is not reached.
    pub fn position(&self, block: Block) -> u32 {
        self.position.get(block.index()).copied().unwrap_or(u32::MAX)
    }

    /// The reached blocks that can go to this one; twice if both sides of a branch do.
    pub fn preds(&self, block: Block) -> &[Block] {
        self.preds.get(block.index()).map_or(&[], Vec::as_slice)
    }
}
