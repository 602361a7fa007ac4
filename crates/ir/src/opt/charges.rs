//! Charges merged: one look at the fuel for a stretch of code instead of one at every jump.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: charges move up into an earlier one, so that few are left:
//! - within a block, or between calls in a block, all but the first move into the first;
//! - from where ways join, into the ends of all the ways;
//! - from both sides of a branch before it, as far as they are equal; from the side that stays in a loop, altogether.
//!
//! An instruction in between that leaves has then been charged for code that the interpreter will run, so its frame
//! state says how much was paid *ahead*, and the engine gives it back. Where control goes another way than was paid
//! for, out of a loop, a `refund` gives it back.
//!
//! Why: a charge is a compare, a branch and a subtraction. The loop of a sum has two (after its test, and at its
//! back-edge), and loops are bound by branches: 2.5 cycles a round with both, 2.0 with one. The rounds of an unrolled
//! loop share one.
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
//! - nothing moves but into a charge that is there, whose frame state says where to go on;
//! - nothing moves across a call: the callee charges too, and must find what the interpreter would have left it. But what
//!   the call itself charges, before it, moves like a charge.
//!
//! Source of the idea: the gas metering of WebAssembly runtimes, which charge per stretch; the refund is what makes it exact.
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: countdown 2.62, sum 1.69, changing
//! 1.48, popcount 1.31, digits 1.20, hofstadter 1.17, ackermann 1.12; mean of 29 kernels 1.13.

use super::{Changed, PassCx};
use crate::analysis::{Cfg, Dominators, Loops};
use crate::data::{Ahead, Block, BlockData, Function, Imm, Inst, StateId, Target, Terminator, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Runs the pass.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let mut changed = false;
    for block in 0..f.blocks.len() {
        changed |= merge(f, Block(block as u32), cx);
    }
    let cfg = Cfg::new(f);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    // From the end to the beginning, so that what has moved can move on. Back-edges are not followed.
    for &block in cfg.rpo.iter().rev() {
        changed |= lift_from_branch(f, &cfg, &loops, block, cx);
        changed |= lift_from_join(f, &cfg, block, cx);
    }
    changed.into()
}

impl Ahead {
    pub(super) fn of(inst: &Inst) -> Option<Ahead> {
        match (inst.op, inst.imm) {
            (Opcode::Charge, Imm::Charge { cost, rounds }) => Some(Ahead { cost, rounds }),
            _ => None,
        }
    }

    pub(super) fn plus(self, other: Ahead) -> Ahead {
        let cost = self.cost.saturating_add(other.cost);
        Ahead { cost, rounds: self.rounds.saturating_add(other.rounds) }
    }

    /// The greater of either.
    pub(super) fn greater(self, other: Ahead) -> Ahead {
        Ahead { cost: self.cost.max(other.cost), rounds: self.rounds.max(other.rounds) }
    }

    /// The difference, if it is not negative in either.
    pub(super) fn minus(self, other: Ahead) -> Option<Ahead> {
        let cost = self.cost.checked_sub(other.cost)?;
        Some(Ahead { cost, rounds: self.rounds.checked_sub(other.rounds)? })
    }

    pub(super) fn imm(self) -> Imm {
        Imm::Charge { cost: self.cost, rounds: self.rounds }
    }
}

/// Tells the exits of these instructions that so much more was paid ahead.
pub(super) fn pay_ahead(f: &mut Function, block: Block, insts: Range<usize>, more: Ahead) {
    if is(Bug::ChargeNotAhead) {
        return;
    }
    let mut made: FxHashMap<StateId, StateId> = FxHashMap::default();
    for at in insts {
        if let Some(state) = f.blocks[block.index()].insts[at].state {
            let paid = *made.entry(state).or_insert_with(|| paid(f, state, more));
            f.blocks[block.index()].insts[at].state = Some(paid);
        }
    }
}

pub(super) fn paid(f: &mut Function, state: StateId, more: Ahead) -> StateId {
    let mut paid = f.states[state.index()].clone();
    paid.ahead = paid.ahead.plus(more);
    f.new_state(paid)
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
        if let Some(charge) = Ahead::of(&inst) {
            let all = ahead.plus(charge);
            if at > first && cx.spend() {
                ahead = all;
                moved.push(at);
            } else {
                f.blocks[block.index()].insts[at].imm = all.imm();
                ahead = Ahead::default();
            }
        } else if ahead != Ahead::default() {
            pay_ahead(f, block, at..at + 1, ahead);
        }
    }
    for &at in &moved {
        f.blocks[block.index()].insts.remove(at);
    }
    changed || !moved.is_empty()
}

/// The first charge of a block, if no call comes before it.
fn first_charge(f: &Function, block: Block) -> Option<(usize, Ahead)> {
    let insts = &f.blocks[block.index()].insts;
    let at = insts.iter().position(|inst| matches!(inst.op, Opcode::Charge | Opcode::Call))?;
    Some((at, Ahead::of(&insts[at])?))
}

/// The last charge of a block, if no call comes behind it: it can take more.
pub(super) fn last_charge(f: &Function, block: Block) -> Option<(usize, Ahead)> {
    let insts = &f.blocks[block.index()].insts;
    let at = insts.iter().rposition(|inst| matches!(inst.op, Opcode::Charge | Opcode::Call))?;
    Some((at, Ahead::of(&insts[at])?))
}

/// Adds to a block's last charge, if it has one.
pub(super) fn add_to_last(f: &mut Function, block: Block, more: Ahead) {
    let Some((at, charge)) = last_charge(f, block) else { return };
    let insts = &mut f.blocks[block.index()].insts;
    insts[at].imm = charge.plus(more).imm();
    let end = insts.len();
    pay_ahead(f, block, at + 1..end, more);
}

/// Takes a part of a block's first charge away, which has been paid before control came here.
fn take_from_first(f: &mut Function, block: Block, part: Ahead) {
    let Some((at, charge)) = first_charge(f, block) else { return };
    match charge.minus(part) {
        Some(Ahead { cost: 0, rounds: 0 }) | None => {
            f.blocks[block.index()].insts.remove(at);
            pay_ahead(f, block, 0..at, part);
        }
        Some(rest) => {
            f.blocks[block.index()].insts[at].imm = rest.imm();
            pay_ahead(f, block, 0..at + 1, part);
        }
    }
}

/// Moves the first charge of a block where ways join, no loop's header, into all the blocks that go there and nowhere else.
fn lift_from_join(f: &mut Function, cfg: &Cfg, block: Block, cx: &PassCx) -> bool {
    let preds = cfg.preds(block);
    let Some((_, charge)) = first_charge(f, block) else { return false };
    let takes = |&pred: &Block| {
        cfg.position(pred) < cfg.position(block)
            && matches!(f.blocks[pred.index()].end, Terminator::Jump(_))
            && last_charge(f, pred).is_some()
    };
    if preds.is_empty() || !preds.iter().all(takes) || !cx.spend() {
        return false;
    }
    take_from_first(f, block, charge);
    for &pred in preds {
        add_to_last(f, pred, charge);
    }
    true
}

/// Moves the first charges of a branch's sides before it.
fn lift_from_branch(f: &mut Function, cfg: &Cfg, loops: &Loops, block: Block, cx: &PassCx) -> bool {
    let Terminator::Branch { then, otherwise, .. } = &f.blocks[block.index()].end else { return false };
    let sides = [then.block, otherwise.block];
    if sides[0] == sides[1] || last_charge(f, block).is_none() {
        return false;
    }
    let leaves = sides.map(|side| loops.innermost(block).is_some_and(|inner| !loops.contains(inner, side)));
    let charges = sides
        .map(|side| first_charge(f, side).filter(|_| cfg.preds(side).len() == 1).map(|(_, charge)| charge));
    match (leaves, charges) {
        ([false, true], [Some(charge), _]) if cx.spend() => {
            take_from_first(f, sides[0], charge);
            leave_paid(f, cfg, block, 1, charge);
            add_to_last(f, block, charge);
            true
        }
        ([true, false], [_, Some(charge)]) if cx.spend() => {
            take_from_first(f, sides[1], charge);
            leave_paid(f, cfg, block, 0, charge);
            add_to_last(f, block, charge);
            true
        }
        ([true, true] | [false, false], [Some(a), Some(b)]) => {
            let common = Ahead { cost: a.cost.min(b.cost), rounds: a.rounds.min(b.rounds) };
            // A charge of nothing but rounds is not worth having.
            let leaves_rounds = |charge: Ahead| charge.cost == common.cost && charge.rounds != common.rounds;
            if common.cost == 0 || leaves_rounds(a) || leaves_rounds(b) || !cx.spend() {
                return false;
            }
            take_from_first(f, sides[0], common);
            take_from_first(f, sides[1], common);
            add_to_last(f, block, common);
            true
        }
        _ => false,
    }
}

/// Sees to it that on one side of a block's branch what was paid, but is not due there, is given back.
fn leave_paid(f: &mut Function, cfg: &Cfg, block: Block, side: usize, paid_for: Ahead) {
    let Some(target) = f.blocks[block.index()].end.targets().nth(side).cloned() else { return };
    let to = target.block;
    if cfg.preds(to).len() == 1 {
        // The charge that comes next is less by as much.
        if let Some((_, charge)) = first_charge(f, to)
            && charge.minus(paid_for).is_some()
        {
            take_from_first(f, to, paid_for);
            return;
        }
        // It leaves: the engine gives it back.
        let data = &f.blocks[to.index()];
        if let Terminator::Exit { reason, state } = data.end
            && data.insts.iter().all(|inst| inst.op != Opcode::Call)
        {
            let insts = 0..data.insts.len();
            pay_ahead(f, to, insts, paid_for);
            let state = paid(f, state, paid_for);
            f.blocks[to.index()].end = Terminator::Exit { reason, state };
            return;
        }
    }
    if is(Bug::ChargeNotRefunded) {
        return;
    }
    let origin = f.blocks[to.index()].origin;
    let (op, args, imm) = (Opcode::Refund, [Value(0); 3], paid_for.imm());
    let refund = Inst { op, args, imm, state: None, result: None, origin };
    if cfg.preds(to).len() == 1 {
        f.blocks[to.index()].insts.insert(0, refund);
        return;
    }
    let new = Block(f.blocks.len() as u32);
    f.blocks.push(BlockData {
        params: Vec::new(),
        insts: vec![refund],
        end: Terminator::Jump(target),
        origin,
    });
    if let Some(target) = f.blocks[block.index()].end.targets_mut().nth(side) {
        *target = Target { block: new, args: Vec::new() };
    }
}
