//! Charges merged: one look at the fuel for a stretch of code instead of one at every jump.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: of several charges in a block, or between calls in a block, all but the first move up into the first. An exit in between has then been charged
//! for code that the interpreter will run, so its frame state says how much was paid *ahead*, and the engine gives it back.
//! Why: a charge is a compare, a branch and a subtraction. The loop of a sum has two (after its test, and at its back-edge), and loops are bound by
//! branches: 2.5 cycles a round with both, 2.0 with one.
//!
//! ```text
//!     charge 9 exit @1                              charge 11 back_edge exit @1
//!     v7: int = int_add v5, v4 exit @2       =>     v7: int = int_add v5, v4 exit @4
//!     charge 2 back_edge exit @3                    jump b1(v8, v7)
//!     jump b1(v8, v7)                               @4 = as @2, ahead 2 back_edge
//! ```
//!
//! Invariants:
//! - a poll leaves before anything is charged, and the interpreter charges run by run; so leaving *earlier* than
//!   necessary changes nothing that can be observed;
//! - a merged charge counts at most one round: a stretch with two back-edges stays as it is;
//! - nothing moves across a call: the callee charges too, and must find what the interpreter would have left it. But what
//!   the call itself charges, before it, moves like a charge.
//!
//! Source of the idea: the gas metering of WebAssembly runtimes, which charge per stretch; the refund is what makes it exact.

use super::{Changed, PassCx};
use crate::data::{Ahead, Block, Function, Imm, Inst};
use crate::op::Opcode;
use std::ops::Range;

/// Runs the pass.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let mut changed = false;
    for block in 0..f.blocks.len() {
        changed |= merge(f, Block(block as u32), cx);
    }
    changed.into()
}

fn merge(f: &mut Function, block: Block, cx: &PassCx) -> bool {
    // Backwards, so that what is removed does not move what is still to be looked at.
    let mut changed = false;
    let mut end = f.blocks[block.index()].insts.len();
    loop {
        let insts = &f.blocks[block.index()].insts;
        // A stretch ends with a call, whose own charge is the last one in it.
        let call = insts[..end.saturating_sub(1)].iter().rposition(|inst| inst.op == Opcode::Call);
        let start = call.map_or(0, |call| call + 1);
        changed |= merge_stretch(f, block, start..end, cx);
        if start == 0 {
            return changed;
        }
        end = start;
    }
}

fn merge_stretch(f: &mut Function, block: Block, stretch: Range<usize>, cx: &PassCx) -> bool {
    let insts = &f.blocks[block.index()].insts[stretch.clone()];
    let Some(first) = insts.iter().position(|inst| inst.op == Opcode::Charge) else { return false };
    let first = stretch.start + first;
    let counts_round = |inst: &&Inst| matches!(inst.imm, Imm::Charge { back_edge: true, .. });
    if insts.iter().filter(counts_round).count() > 1 {
        return false;
    }
    // Backwards: what is on its way up, and which charges it came from.
    let mut ahead = Ahead::default();
    let mut moved = Vec::new();
    let mut changed = false;
    for at in (first..stretch.end).rev() {
        let inst = f.blocks[block.index()].insts[at];
        if let Imm::Call(id) = inst.imm
            && f.calls[id.index()].cost != 0
            && cx.spend()
        {
            ahead.cost = std::mem::take(&mut f.calls[id.index()].cost);
            changed = true;
        }
        if let Imm::Charge { cost, back_edge } = inst.imm {
            let cost = ahead.cost.saturating_add(cost);
            let back_edge = ahead.back_edge || back_edge;
            if at > first && cx.spend() {
                ahead = Ahead { cost, back_edge };
                moved.push(at);
            } else {
                f.blocks[block.index()].insts[at].imm = Imm::Charge { cost, back_edge };
                ahead = Ahead::default();
            }
        } else if let (Some(state), true) = (inst.state, ahead != Ahead::default()) {
            let mut paid = f.states[state.index()].clone();
            debug_assert!(!(paid.ahead.back_edge && ahead.back_edge), "a block counts one round");
            paid.ahead.cost = paid.ahead.cost.saturating_add(ahead.cost);
            paid.ahead.back_edge |= ahead.back_edge;
            let paid = f.new_state(paid);
            f.blocks[block.index()].insts[at].state = Some(paid);
        }
    }
    for &at in &moved {
        f.blocks[block.index()].insts.remove(at);
    }
    changed || !moved.is_empty()
}
