//! Removes code whose results nobody needs.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: removes instructions that have no effect, cannot raise ([`crate::Opcode::may_raise`]) and whose results are
//! unused, parameters of blocks that are unused, also around loops, and what unreached blocks hold. Why: other passes
//! leave code behind that only was needed for what they replaced.
//!
//! ```text
//!     v2: int = int_add_fits v0, v1    =>
//!     exit return @1                       exit return @1
//! ```
//!
//! Invariants: a use by a frame state counts if an exit that stays names the state; numbers stay, unreached blocks are left empty
//! ([`super::compact`] drops them). Source of the idea: mark and sweep from what is observable (Cytron et al. 1991).
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: 1.00, since the code generator
//! makes nothing of what is dead. It is for those who read the IR: that of generated programs is 5.5 % longer without
//! it.

use super::{Changed, PassCx, params};
use crate::analysis::Cfg;
use crate::data::{Block, Function, Inst, StateId, Terminator, Value};
use crate::op::Effect;
use crate::planted::{Bug, is};
use crate::reason::ExitReason;

#[derive(Clone, Copy)]
enum Definition {
    Nothing,
    Inst(Block, u32),
    Param(Block, u32),
}

struct Marker<'a> {
    f: &'a Function,
    live: Vec<bool>,
    seen_states: Vec<bool>,
    work: Vec<Value>,
}

impl Marker<'_> {
    fn value(&mut self, value: Value) {
        if !std::mem::replace(&mut self.live[value.index()], true) {
            self.work.push(value);
        }
    }

    fn state(&mut self, state: StateId) {
        let f = self.f;
        let mut at = Some(state);
        while let Some(id) = at {
            if std::mem::replace(&mut self.seen_states[id.index()], true) {
                break;
            }
            let frame = &f.states[id.index()];
            for value in frame.values() {
                self.value(value);
            }
            at = frame.caller;
        }
    }

    fn inst(&mut self, inst: &Inst) {
        let f = self.f;
        for &arg in f.args(inst) {
            self.value(arg);
        }
        if let Some(state) = inst.state {
            self.state(state);
        }
    }
}

/// Whether an instruction stays even if its result is unused.
fn is_needed(inst: &Inst) -> bool {
    inst.op.may_raise() && !is(Bug::DeadError) || matches!(inst.op.effect(), Effect::Write | Effect::Call)
}

/// Removes them.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let mut definitions = vec![Definition::Nothing; f.types.len()];
    let mut edges: Vec<Vec<&crate::data::Target>> = vec![Vec::new(); f.blocks.len()];
    let mut marker = Marker {
        f,
        live: vec![false; f.types.len()],
        seen_states: vec![false; f.states.len()],
        work: Vec::new(),
    };
    for &block in &cfg.rpo {
        let data = &f.blocks[block.index()];
        for (i, param) in data.params.iter().enumerate() {
            definitions[param.index()] = Definition::Param(block, i as u32);
        }
        for (i, inst) in data.insts.iter().enumerate() {
            if let Some(result) = inst.result {
                definitions[result.index()] = Definition::Inst(block, i as u32);
            }
            if is_needed(inst) {
                if let Some(result) = inst.result {
                    marker.live[result.index()] = true;
                }
                marker.inst(inst);
            }
        }
        if let Some(value) = data.end.value() {
            marker.value(value);
        }
        if let Terminator::Exit { state, .. } = data.end {
            marker.state(state);
        }
        for target in data.end.targets() {
            edges[target.block.index()].push(target);
        }
    }
    while let Some(value) = marker.work.pop() {
        match definitions[value.index()] {
            Definition::Nothing => {}
            Definition::Inst(block, i) => marker.inst(&f.blocks[block.index()].insts[i as usize]),
            Definition::Param(block, i) => {
                for target in &edges[block.index()] {
                    marker.value(target.args[i as usize]);
                }
            }
        }
    }
    let live = marker.live;

    // All or nothing: dead code uses dead code, and half of it cannot stay.
    let dead = cfg.rpo.iter().any(|&block| {
        let data = &f.blocks[block.index()];
        let dead_inst =
            |inst: &Inst| !is_needed(inst) && inst.result.is_some_and(|result| !live[result.index()]);
        data.insts.iter().any(dead_inst)
            || (block.0 != 0 && data.params.iter().any(|param| !live[param.index()]))
    });
    let may_remove = dead && cx.spend();
    let mut removed: Vec<Vec<bool>> = Vec::with_capacity(f.blocks.len());
    let mut changed = false;
    let mut dead_params = false;
    for (b, block) in f.blocks.iter_mut().enumerate() {
        if !cfg.is_reached(Block(b as u32)) {
            changed |= !block.insts.is_empty() || !block.params.is_empty();
            block.insts.clear();
            block.params.clear();
            block.end = Terminator::Exit { reason: ExitReason::Unreached, state: StateId(u32::MAX) };
            removed.push(Vec::new());
            continue;
        }
        let before = block.insts.len();
        if !may_remove {
            removed.push(Vec::new());
            continue;
        }
        block.insts.retain(|inst| is_needed(inst) || inst.result.is_none_or(|result| live[result.index()]));
        changed |= block.insts.len() != before;
        removed.push(block.params.iter().map(|param| b != 0 && !live[param.index()]).collect());
        dead_params |= removed[b].contains(&true);
    }
    if dead_params {
        params::remove(f, &cfg, &removed);
        changed = true;
    }
    changed.into()
}
