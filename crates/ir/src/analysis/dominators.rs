//! The dominator tree.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. The method is that of Cooper, Harvey and
//! Kennedy, "A Simple, Fast Dominance Algorithm" (2001): walk in reverse postorder, intersect the predecessors'
//! dominators by climbing the tree built so far, until nothing changes.
//!
//! Invariant: `a` dominates `b` exactly if `b`'s interval of tree positions lies within `a`'s.

use super::Cfg;
use crate::data::Block;

/// Which blocks lie on every path to a block.
#[derive(Clone, Debug)]
pub struct Dominators {
    idom: Vec<Option<Block>>,
    /// The blocks that each block dominates immediately, in reverse postorder.
    children: Vec<Vec<Block>>,
    /// First and last position of each block's subtree in a walk of the tree.
    span: Vec<(u32, u32)>,
}

impl Dominators {
    /// Computes them.
    pub fn new(cfg: &Cfg) -> Dominators {
        let count = cfg.position.len();
        // By position in reverse postorder; `u32::MAX` is "not known yet".
        let mut idom = vec![u32::MAX; cfg.rpo.len()];
        if let Some(entry) = idom.first_mut() {
            *entry = 0;
        }
        let mut changed = true;
        while changed {
            changed = false;
            for (at, &block) in cfg.rpo.iter().enumerate().skip(1) {
                let mut best = u32::MAX;
                // The later ones first: along a chain of blocks that all lead here, each step is short then.
                for &pred in cfg.preds(block).iter().rev() {
                    let pred = cfg.position(pred);
                    if idom[pred as usize] == u32::MAX {
                        continue;
                    }
                    best = if best == u32::MAX { pred } else { intersect(&idom, best, pred) };
                }
                if idom[at] != best {
                    idom[at] = best;
                    changed = true;
                }
            }
        }

        let mut tree = Dominators {
            idom: vec![None; count],
            children: vec![Vec::new(); count],
            span: vec![(u32::MAX, 0); count],
        };
        for (at, &block) in cfg.rpo.iter().enumerate().skip(1) {
            let parent = cfg.rpo[idom[at] as usize];
            tree.idom[block.index()] = Some(parent);
            tree.children[parent.index()].push(block);
        }
        let mut next = 0;
        let mut work: Vec<(Block, bool)> = cfg.rpo.first().map(|&entry| (entry, false)).into_iter().collect();
        while let Some((block, left)) = work.pop() {
            if left {
                tree.span[block.index()].1 = next - 1;
                continue;
            }
            tree.span[block.index()].0 = next;
            next += 1;
            work.push((block, true));
            work.extend(tree.children[block.index()].iter().rev().map(|&child| (child, false)));
        }
        tree
    }

    /// The nearest other block on every path to this one; `None` for the entry and what is not reached.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.idom.get(block.index()).copied().flatten()
    }

    /// The blocks whose nearest dominator this is, in reverse postorder.
    pub fn children(&self, block: Block) -> &[Block] {
        self.children.get(block.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether `a` lies on every path to `b`; a block dominates itself. False if either is not reached.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        match (self.span.get(a.index()), self.span.get(b.index())) {
            (Some(a), Some(b)) => a.0 != u32::MAX && b.0 != u32::MAX && a.0 <= b.0 && b.0 <= a.1,
            _ => false,
        }
    }
}

fn intersect(idom: &[u32], mut a: u32, mut b: u32) -> u32 {
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

/// A walk of the dominator tree, each block before what it dominates, telling when a block's subtree is done.
pub(crate) enum Step {
    /// Control comes to this block.
    Enter(Block),
    /// Everything that the block entered last and not left yet dominates has been seen.
    Leave,
}

/// Walks the dominator tree from the entry; among siblings in reverse postorder.
pub(crate) fn walk(cfg: &Cfg, tree: &Dominators, mut visit: impl FnMut(Step)) {
    let mut work: Vec<Step> = cfg.rpo.first().map(|&entry| Step::Enter(entry)).into_iter().collect();
    while let Some(step) = work.pop() {
        if let Step::Enter(block) = step {
            work.push(Step::Leave);
            work.extend(tree.children(block).iter().rev().map(|&child| Step::Enter(child)));
        }
        visit(step);
    }
}
