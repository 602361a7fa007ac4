//! Loop-invariant code motion.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: moves to the block before a loop what computes the same in each round: instructions that cannot leave, reads
//! of globals that the loop does not write, and guards and checked arithmetic that every entry of the loop executes
//! before anything else can happen. Why: a guard on a value from outside the loop is paid once and not once a round.
//!
//! ```text
//!     jump b1(v1)                                   v3: int = guard_int v0 exit @1
//! b1(v2: int):                                      jump b1(v1)
//!     v3: int = guard_int v0 exit @0            b1(v2: int):
//!     v4: int = int_add v2, v3 exit @0     =>       v4: int = int_add v2, v3 exit @0
//!     jump b1(v4)                                   jump b1(v4)
//! @0 = f0:pc4 execute locals[v0 v2] stack[]     @1 = f0:pc4 execute locals[v0 v1] stack[]
//! ```
//!
//! Invariants: what is moved and can leave gets a frame state of its own, with the values that the header's parameters
//! have on entry: the interpreter goes on at the same place with the same frame, nothing having happened between. A
//! loop gets a block before it only if something moves there. Source of the idea: Aho et al., code motion; the rule for
//! guards is that of anticipated expressions, kept to the simple case.
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: a sum of floats with products that
//! stay the same 1.31; 1.00 on the kernels, which have none.

use super::{Changed, PassCx};
use crate::analysis::intervals::Interval;
use crate::analysis::{Cfg, Dominators, LoopId, Loops};
use crate::data::{Block, BlockData, Function, Imm, Inst, StateId, Target, Terminator, Value};
use crate::op::{Effect, Opcode, Slots};
use crate::planted::{Bug, is};
use crate::remark::{Remark, Topic};
use rustc_hash::{FxHashMap, FxHashSet};

struct Motion<'a> {
    f: &'a mut Function,
    cx: &'a PassCx,
    cfg: &'a Cfg,
    /// The block that defines each value, kept up to date as instructions move.
    home: Vec<Block>,
    /// For each block, the number of the loop for which it was last looked at: the block is in that loop.
    inside: Vec<u32>,
    /// The number of the loop looked at, from 1.
    number: u32,
}

impl Motion<'_> {
    fn is_outside(&self, value: Value) -> bool {
        self.inside[self.home[value.index()].index()] != self.number
    }

    /// Whether the frame state can be told at the loop's entry.
    fn is_known_on_entry(&self, state: StateId, params: &[Value]) -> bool {
        let mut at = Some(state);
        while let Some(id) = at {
            let frame = &self.f.states[id.index()];
            if !frame.values().all(|value| self.is_outside(value) || params.contains(&value)) {
                return false;
            }
            at = frame.caller;
        }
        true
    }

    /// The frame state with the header's parameters replaced by what they are on entry.
    fn state_on_entry(
        &mut self,
        state: StateId,
        params: &[Value],
        args: &[Value],
        made: &mut FxHashMap<StateId, StateId>,
    ) -> StateId {
        let shift = usize::from(is(Bug::LicmState));
        self.f.rename_state(state, made, |value| {
            let i = params.iter().position(|&param| param == value)?;
            Some(args[(i + shift) % args.len()])
        })
    }

    /// The block before the loop, whose only way is into the loop: one that is there, or a new one.
    fn preheader(&mut self, header: Block) -> Block {
        let mut outside: Vec<Block> = self
            .cfg
            .preds(header)
            .iter()
            .copied()
            .filter(|pred| self.inside[pred.index()] != self.number)
            .collect();
        if let [only] = outside[..]
            && matches!(self.f.blocks[only.index()].end, Terminator::Jump(_))
        {
            return only;
        }
        outside.sort_unstable();
        outside.dedup();
        let new = Block(self.f.blocks.len() as u32);
        let params: Vec<Value> = self.f.blocks[header.index()].params.clone();
        let params: Vec<Value> = params.into_iter().map(|param| self.f.new_value(self.f.ty(param))).collect();
        self.home.resize(self.f.types.len(), new);
        self.inside.push(0);
        for pred in outside {
            for target in self.f.blocks[pred.index()].end.targets_mut() {
                if target.block == header {
                    target.block = new;
                }
            }
        }
        let origin = self.f.blocks[header.index()].origin;
        let end = Terminator::Jump(Target { block: header, args: params.clone() });
        self.f.blocks.push(BlockData { params, insts: Vec::new(), end, origin });
        new
    }

    /// Moves what can be moved out of one loop, whose blocks are given in reverse postorder; gives the block before it
    /// if anything moved.
    fn one_loop(&mut self, header: Block, blocks: &[Block]) -> Option<Block> {
        self.number += 1;
        let mut written = FxHashSet::default();
        let mut calls = false;
        let mut slots: Vec<Slots> = Vec::new();
        for &block in blocks {
            self.inside[block.index()] = self.number;
            for inst in &self.f.blocks[block.index()].insts {
                // A callee may write any global.
                calls |= inst.op == Opcode::Call && !is(Bug::LicmPastCall);
                if let (Opcode::StoreGlobal, Imm::Slot(slot)) = (inst.op, inst.imm) {
                    written.insert(slot);
                }
                let writes = inst.op.writes(inst.imm);
                if writes != Slots::None && !slots.contains(&writes) && !is(Bug::LicmPastSlot) {
                    slots.push(writes);
                }
            }
        }
        let params = self.f.blocks[header.index()].params.clone();
        let mut made = FxHashMap::default();
        let mut before = None;
        // Whether whoever enters the loop comes here with nothing having happened since.
        let mut first = true;
        for &block in blocks {
            first &= block == header;
            let insts = std::mem::take(&mut self.f.blocks[block.index()].insts);
            let mut stay = Vec::with_capacity(insts.len());
            for mut inst in insts {
                let quiet = match inst.op.effect() {
                    Effect::Pure => true,
                    Effect::Read => !calls && !matches!(inst.imm, Imm::Slot(slot) if written.contains(&slot)),
                    Effect::Load => !slots.iter().any(|writes| writes.overlap(inst.op.reads())),
                    Effect::Write | Effect::Call => false,
                };
                let movable = quiet
                    && !inst.op.is_bound()
                    && inst.args().iter().all(|&arg| self.is_outside(arg))
                    && inst.state.is_none_or(|state| first && self.is_known_on_entry(state, &params));
                if movable && self.cx.spend() {
                    if inst.state.is_some() {
                        let topic =
                            if matches!(inst.op, Opcode::GuardInt | Opcode::GuardFloat | Opcode::GuardBool) {
                                Topic::GuardHoisted
                            } else {
                                Topic::Hoisted
                            };
                        self.cx.say(|| Remark::about(self.f, topic, &inst, |_| (None, Interval::ALL)));
                    }
                    let to = *before.get_or_insert_with(|| self.preheader(header));
                    if let Some(state) = inst.state {
                        let args = match &self.f.blocks[to.index()].end {
                            Terminator::Jump(target) => target.args.clone(),
                            _ => Vec::new(),
                        };
                        inst.state = Some(self.state_on_entry(state, &params, &args, &mut made));
                    }
                    self.hoist(inst, to);
                    continue;
                }
                let happens =
                    matches!(inst.op.effect(), Effect::Write | Effect::Call) && !is(Bug::LicmPastEffect);
                first &= !happens && (inst.state.is_none() || is(Bug::LicmPastEffect));
                stay.push(inst);
            }
            self.f.blocks[block.index()].insts = stay;
        }
        before
    }

    fn hoist(&mut self, inst: Inst, to: Block) {
        if let Some(result) = inst.result {
            self.home[result.index()] = to;
        }
        self.f.blocks[to.index()].insts.push(inst);
    }
}

/// Moves code out of all natural loops, inner ones first, so that code can move out of several.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    let mut blocks: Vec<Vec<Block>> = vec![Vec::new(); loops.loops.len()];
    let mut home = vec![Block(0); f.types.len()];
    for &block in &cfg.rpo {
        let mut at = loops.innermost(block);
        while let Some(LoopId(id)) = at {
            blocks[id as usize].push(block);
            at = loops.loops[id as usize].parent;
        }
        let data = &f.blocks[block.index()];
        for value in data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result)) {
            home[value.index()] = block;
        }
    }
    let inside = vec![0; f.blocks.len()];
    let mut motion = Motion { f, cx, cfg: &cfg, home, inside, number: 0 };
    let mut changed = false;
    for (i, one) in loops.loops.iter().enumerate() {
        let known = motion.f.blocks.len();
        let Some(before) = motion.one_loop(one.header, &blocks[i]) else { continue };
        changed = true;
        if before.index() >= known {
            // A new block: it belongs to the loops around, right before this loop's header.
            let mut at = one.parent;
            while let Some(LoopId(id)) = at {
                let list = &mut blocks[id as usize];
                let place = list.iter().position(|&block| block == one.header).unwrap_or(list.len());
                list.insert(place, before);
                at = loops.loops[id as usize].parent;
            }
        }
    }
    changed.into()
}
