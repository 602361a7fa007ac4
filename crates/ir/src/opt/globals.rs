//! Loads of globals that hold what is known on all ways.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: a load is replaced by the value that was stored or loaded before, on whatever way control came. Where ways
//! with different values join, the block gets a parameter. Why: [`super::gvn`] knows what dominates a load; around a
//! loop it is the round before that has stored. With a parameter in place of the load, the value goes round the loop
//! unboxed.
//!
//! ```text
//!     store_global g0 v1                            store_global g0 v1
//!     jump b1                                       jump b1(v1)
//! b1:                                           b1(v5: boxed):
//!     v2: boxed = load_global g0           =>       v3: int = guard_int v5 exit @0
//!     v3: int = guard_int v2 exit @0                v4: boxed = box_int v3
//!     v4: boxed = box_int v3                        store_global g0 v4
//!     store_global g0 v4                            jump b1(v4)
//!     jump b1
//! ```
//!
//! Invariants: a callee may write any global, so nothing is known behind a call; stores stay, since exits show them.
//!
//! Measured: see [`super::peel`].
//!
//! Source of the idea: available expressions, and the on-demand construction of Braun et al., "Simple and Efficient
//! Construction of Static Single Assignment Form" (2013).
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: the same loop 1.11.

use super::{Changed, PassCx, Replacements};
use crate::analysis::Cfg;
use crate::data::{Block, Function, Imm, Inst, Type, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// How many globals are looked at: as many as a word has bits.
const MOST_SLOTS: usize = 64;

/// What an instruction says of a global: the slot, and what it holds from here on.
fn known_by(inst: &Inst) -> Option<(u32, Value)> {
    match (inst.op, inst.imm, inst.result) {
        (Opcode::LoadGlobal, Imm::Slot(slot), Some(result)) => Some((slot, result)),
        (Opcode::StoreGlobal, Imm::Slot(slot), _) => Some((slot, inst.args[0])),
        _ => None,
    }
}

/// What a block knows of globals at its end by itself.
#[derive(Default)]
struct Local {
    values: FxHashMap<u32, Value>,
    calls: bool,
}

impl Local {
    fn see(&mut self, inst: &Inst) {
        if inst.op == Opcode::Call && !is(Bug::GlobalsPastCall) {
            self.values.clear();
            self.calls = true;
        }
        if let Some((slot, value)) = known_by(inst) {
            self.values.insert(slot, value);
        }
    }
}

struct Forward<'a> {
    f: &'a mut Function,
    cfg: &'a Cfg,
    /// For each block, what it knows at its end.
    ends: Vec<Local>,
    /// What a global holds at the beginning of a block.
    starts: FxHashMap<(u32, Block), Value>,
    /// Parameters whose arguments have not been given yet, in the order in which they were made.
    open: VecDeque<(u32, Block)>,
}

/// Replaces the loads.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let mut slots: Vec<u32> = Vec::new();
    for inst in cfg.rpo.iter().flat_map(|block| &f.blocks[block.index()].insts) {
        if let (Opcode::LoadGlobal, Imm::Slot(slot)) = (inst.op, inst.imm)
            && !slots.contains(&slot)
            && slots.len() < MOST_SLOTS
        {
            slots.push(slot);
        }
    }
    if slots.is_empty() {
        return Changed::No;
    }
    let mut ends: Vec<Local> = f.blocks.iter().map(|_| Local::default()).collect();
    for &block in &cfg.rpo {
        f.blocks[block.index()].insts.iter().for_each(|inst| ends[block.index()].see(inst));
    }
    let known = known_at_start(&cfg, &slots, &ends);
    let mut to = Replacements::new(f);
    let mut forward = Forward { f, cfg: &cfg, ends, starts: FxHashMap::default(), open: VecDeque::new() };
    let mut changed = false;
    for &block in &cfg.rpo {
        let insts = std::mem::take(&mut forward.f.blocks[block.index()].insts);
        let mut here = Local::default();
        let mut kept = Vec::with_capacity(insts.len());
        for inst in insts {
            if let (Opcode::LoadGlobal, Imm::Slot(slot), Some(result)) = (inst.op, inst.imm, inst.result) {
                let bit = slots.iter().position(|&s| s == slot);
                let before = here.values.get(&slot).copied().or_else(|| {
                    let is_known = !here.calls && bit.is_some_and(|bit| known[block.index()] >> bit & 1 != 0);
                    is_known.then(|| forward.at_start(slot, block))
                });
                if let Some(before) = before
                    && cx.spend()
                {
                    to.set(result, before);
                    here.values.insert(slot, before);
                    changed = true;
                    continue;
                }
            }
            here.see(&inst);
            kept.push(inst);
        }
        forward.f.blocks[block.index()].insts = kept;
    }
    forward.close();
    if changed {
        to.apply(f, &cfg);
    }
    changed.into()
}

/// For each block, of which globals it is known on all ways what they hold when control comes there: one bit for each slot.
fn known_at_start(cfg: &Cfg, slots: &[u32], ends: &[Local]) -> Vec<u64> {
    let gives = |end: &Local| {
        let bits = slots.iter().enumerate().filter(|(_, slot)| end.values.contains_key(slot));
        bits.fold(0, |all, (bit, _)| all | 1 << bit)
    };
    let gives: Vec<u64> = ends.iter().map(gives).collect();
    let mut starts = vec![u64::MAX; ends.len()];
    let mut again = true;
    while again {
        again = false;
        for (at, &block) in cfg.rpo.iter().enumerate() {
            let end = |pred: &Block| match ends[pred.index()].calls {
                true => gives[pred.index()],
                false => gives[pred.index()] | starts[pred.index()],
            };
            let start = match at {
                0 => 0,
                _ => cfg.preds(block).iter().map(end).fold(u64::MAX, |all, one| all & one),
            };
            again |= start != starts[block.index()];
            starts[block.index()] = start;
        }
    }
    starts
}

impl Forward<'_> {
    /// What a global holds at the beginning of a block, where that is known.
    fn at_start(&mut self, slot: u32, block: Block) -> Value {
        let mut passed = Vec::new();
        let mut at = block;
        let found = loop {
            if let Some(&known) = self.starts.get(&(slot, at)) {
                break known;
            }
            match self.cfg.preds(at) {
                &[pred] => {
                    passed.push(at);
                    if let Some(&found) = self.ends[pred.index()].values.get(&slot) {
                        break found;
                    }
                    at = pred;
                }
                _ => {
                    let param = self.f.add_param(at, Type::Boxed);
                    self.starts.insert((slot, at), param);
                    self.open.push_back((slot, at));
                    break param;
                }
            }
        };
        for block in passed {
            self.starts.insert((slot, block), found);
        }
        found
    }

    /// Gives the new parameters their arguments.
    fn close(&mut self) {
        while let Some((slot, block)) = self.open.pop_front() {
            let mut preds = self.cfg.preds(block).to_vec();
            preds.sort_unstable();
            preds.dedup();
            for pred in preds {
                let arg = match self.ends[pred.index()].values.get(&slot) {
                    Some(&value) => value,
                    None => self.at_start(slot, pred),
                };
                for target in self.f.blocks[pred.index()].end.targets_mut() {
                    if target.block == block {
                        target.args.push(arg);
                    }
                }
            }
        }
    }
}
