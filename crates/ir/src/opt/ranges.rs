//! Range analysis: overflow checks that cannot fail, comparisons that are decided.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: finds for each int an interval that holds all it can be, and rewrites checked arithmetic that surely fits to
//! its `_fits` form, products and divisions whose operands are surely not negative to their `_nonneg` form, exact
//! conversions that surely are exact, and comparisons that always come out the same. Why: the code generator knows
//! nothing of ranges, and an overflow check on a loop's counter costs as much as the loop.
//!
//! ```text
//! b1(v2: int):                                      b1(v2: int):
//!     v3: bool = int_compare lt v2, v1                  v3: bool = int_compare lt v2, v1
//!     branch v3, b2, b3                                 branch v3, b2, b3
//! b2:                                          =>   b2:
//!     v5: int = int_add v2, v4 exit @0                  v5: int = int_add_fits v2, v4
//!     jump b1(v5)                                       jump b1(v5)
//! ```
//!
//! (`v4` is 1: below some int there is no greatest int.)
//!
//! Invariants:
//! - an interval is used only once a whole round has changed none: then they hold together. Rounds start from "nothing can come here", grow,
//!   and loops' headers jump to thresholds so that they end; if they do not end soon nothing is changed;
//! - a branch narrows its operands' intervals in the blocks that only its edge leads to, and on that edge's arguments;
//! - what leaves on overflow goes on with a result that fits: a result's interval is cut to 64 bits.
//!
//! Source of the idea: Cousot and Cousot's intervals with widening and narrowing (1977), constraints along dominating
//! branches as in ABCD (Bodik, Gupta, Sarkar 2000).
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: countdown 1.59, digits and primes
//! 1.48, gcd 1.45, isqrt 1.44, poly 1.41, sum 1.40, nested 1.32; mean of 29 kernels 1.15.

use super::{Changed, PassCx, definitions};
use crate::analysis::dominators::{Step, walk};
use crate::analysis::intervals::{self, Interval};
use crate::analysis::{Cfg, Dominators};
use crate::data::{Block, Function, Imm, Inst, Origin, Sign, Terminator, Type, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use crate::remark::{Remark, Topic};
use bytecode::Cmp;

/// Rounds before headers' intervals are widened to thresholds, before they are widened at once, and before giving up.
const EXACT_ROUNDS: u32 = 2;
const THRESHOLD_ROUNDS: u32 = 8;
const MOST_ROUNDS: u32 = 40;
/// Rounds that win back what widening lost.
const NARROW_ROUNDS: u32 = 2;
/// How many constants of comparisons serve as thresholds.
const MOST_THRESHOLDS: usize = 32;

#[derive(Clone, Copy, PartialEq)]
enum Round {
    Grow { number: u32 },
    Narrow,
    Rewrite,
}

struct Solver<'a> {
    cfg: &'a Cfg,
    tree: &'a Dominators,
    cx: &'a PassCx,
    defs: Vec<Option<Inst>>,
    /// The interval of each value at the place where the walk is.
    now: Vec<Interval>,
    /// Intervals to put back when the walk leaves a block.
    undo: Vec<(Value, Interval)>,
    scopes: Vec<usize>,
    /// The interval of each parameter, at its block.
    params: Vec<Interval>,
    /// For each block, where in `given` the arguments of its first and second edge begin.
    edges: Vec<[usize; 2]>,
    /// What the edges' arguments were when last looked at.
    given: Vec<Interval>,
    /// For each block, the begins of its incoming edges.
    incoming: Vec<Vec<usize>>,
    /// Whether an edge comes back to the block.
    is_header: Vec<bool>,
    /// Bounds at which widening stops, ascending; the least and the greatest int are the last ones.
    thresholds: Vec<i64>,
    grew: bool,
    changed: bool,
}

impl<'a> Solver<'a> {
    fn new(f: &Function, cfg: &'a Cfg, tree: &'a Dominators, cx: &'a PassCx) -> Solver<'a> {
        let mut params = vec![Interval::ALL; f.types.len()];
        let mut edges = vec![[0; 2]; f.blocks.len()];
        let mut incoming = vec![Vec::new(); f.blocks.len()];
        let mut is_header = vec![false; f.blocks.len()];
        let mut count = 0;
        for (at, &block) in cfg.rpo.iter().enumerate() {
            if at != 0 {
                f.blocks[block.index()]
                    .params
                    .iter()
                    .for_each(|param| params[param.index()] = Interval::NONE);
            }
            for (i, target) in f.blocks[block.index()].end.targets().enumerate() {
                edges[block.index()][i] = count;
                incoming[target.block.index()].push(count);
                count += target.args.len();
                is_header[target.block.index()] |= cfg.position(target.block) as usize <= at;
            }
        }
        for (param, input) in f.blocks[0].params.iter().zip(&f.inputs) {
            params[param.index()] = match input.sign {
                Sign::Any => Interval::ALL,
                Sign::NonNegative => Interval::new(0, i64::MAX),
                Sign::NonPositive => Interval::new(i64::MIN, 0),
            };
        }
        let defs = definitions(f, cfg);
        let mut thresholds = vec![-1, 0, 1];
        let compared = defs.iter().flatten().filter(|inst| inst.op == Opcode::IntCompare);
        for constant in compared.flat_map(|inst| inst.args).filter_map(|arg| defs[arg.index()]) {
            if let Imm::Int(value) = constant.imm
                && thresholds.len() < MOST_THRESHOLDS
            {
                thresholds.push(value);
            }
        }
        thresholds.extend([i64::MIN, i64::MAX]);
        thresholds.sort_unstable();
        Solver {
            cfg,
            tree,
            cx,
            defs,
            now: vec![Interval::ALL; f.types.len()],
            undo: Vec::new(),
            scopes: Vec::new(),
            params,
            edges,
            given: vec![Interval::NONE; count],
            incoming,
            is_header,
            thresholds,
            grew: false,
            changed: false,
        }
    }

    fn round(&mut self, f: &mut Function, round: Round) {
        let (cfg, tree) = (self.cfg, self.tree);
        walk(cfg, tree, |step| match step {
            Step::Enter(block) => {
                self.scopes.push(self.undo.len());
                if let Some(parent) = tree.idom(block)
                    && cfg.preds(block) == [parent]
                    && let Terminator::Branch { condition, then, otherwise, .. } =
                        &f.blocks[parent.index()].end
                    && then.block != otherwise.block
                {
                    self.assume(*condition, then.block == block);
                }
                self.enter(f, block, round);
                if round == Round::Rewrite {
                    self.rewrite(f, block);
                } else {
                    for inst in &f.blocks[block.index()].insts {
                        if let Some(result) = inst.result {
                            self.now[result.index()] = self.result(inst);
                        }
                    }
                    self.give(f, block);
                }
            }
            Step::Leave => {
                let start = self.scopes.pop().unwrap_or(0);
                self.restore(start);
            }
        });
    }

    fn restore(&mut self, start: usize) {
        for (value, before) in self.undo.drain(start..).rev() {
            self.now[value.index()] = before;
        }
    }

    /// Narrows the operands of a comparison that is known to hold, or not to; `false` if that cannot be.
    fn assume(&mut self, mut condition: Value, mut holds: bool) -> bool {
        loop {
            let Some(inst) = self.defs[condition.index()] else { return true };
            match (inst.op, inst.imm) {
                (Opcode::BoolNot, _) => (condition, holds) = (inst.args[0], !holds),
                (Opcode::IntCompare, Imm::Cmp(cmp)) => {
                    let cmp = if holds { cmp } else { cmp.negated() };
                    let [a, b, _] = inst.args;
                    if a == b {
                        return true;
                    }
                    let (of_a, of_b) = intervals::where_holds(cmp, self.now[a.index()], self.now[b.index()]);
                    for (value, interval) in [(a, of_a), (b, of_b)] {
                        let before = std::mem::replace(&mut self.now[value.index()], interval);
                        self.undo.push((value, before));
                    }
                    return !of_a.is_empty() && !of_b.is_empty();
                }
                _ => return true,
            }
        }
    }

    /// The parameters of a block from what its edges give.
    fn enter(&mut self, f: &Function, block: Block, round: Round) {
        for (i, &param) in f.blocks[block.index()].params.iter().enumerate() {
            let known = self.params[param.index()];
            if block.0 == 0 || f.ty(param) != Type::Int || round == Round::Rewrite {
                self.now[param.index()] = known;
                continue;
            }
            let edges = &self.incoming[block.index()];
            let comes = edges.iter().fold(Interval::NONE, |all, &edge| all.union(self.given[edge + i]));
            let new = match round {
                Round::Grow { .. } if known.covers(comes) => known,
                Round::Grow { number } => {
                    self.grew = true;
                    let grown = known.union(comes);
                    if self.is_header[block.index()] { self.widen(known, grown, number) } else { grown }
                }
                Round::Narrow | Round::Rewrite => known.meet(comes),
            };
            self.params[param.index()] = new;
            self.now[param.index()] = new;
        }
    }

    fn widen(&self, before: Interval, after: Interval, round: u32) -> Interval {
        if round < EXACT_ROUNDS || before.is_empty() {
            return after;
        }
        let mut wide = after;
        if after.lo < before.lo {
            let below = self.thresholds.iter().rev().copied().find(|&t| t <= after.lo);
            wide.lo = below.filter(|_| round < THRESHOLD_ROUNDS).unwrap_or(i64::MIN);
        }
        if after.hi > before.hi {
            let above = self.thresholds.iter().copied().find(|&t| t >= after.hi);
            wide.hi = above.filter(|_| round < THRESHOLD_ROUNDS).unwrap_or(i64::MAX);
        }
        wide
    }

    fn result(&self, inst: &Inst) -> Interval {
        let now = |value: Value| self.now[value.index()];
        let [a, b, _] = inst.args;
        match (inst.op, inst.imm) {
            (Opcode::ConstInt, Imm::Int(value)) => Interval::only(value),
            (Opcode::BoolToInt, _) => Interval::new(0, 1),
            (Opcode::FloatToInt, _) => Interval::new(-(1 << 62), 1 << 62),
            _ => match inst.op.operands() {
                [Type::Int, Type::Int] => intervals::binary(inst.op, now(a), now(b)),
                [Type::Int] => intervals::unary(inst.op, now(a)),
                _ => intervals::loaded(inst.op),
            },
        }
    }

    /// Notes what the block's edges give.
    fn give(&mut self, f: &Function, block: Block) {
        let end = &f.blocks[block.index()].end;
        for (i, target) in end.targets().enumerate() {
            let start = self.undo.len();
            let possible = match end {
                Terminator::Branch { condition, then, otherwise, .. } if then.block != otherwise.block => {
                    self.assume(*condition, i == 0)
                }
                _ => true,
            };
            let at = self.edges[block.index()][i];
            for (given, arg) in self.given[at..].iter_mut().zip(&target.args) {
                *given = if possible { self.now[arg.index()] } else { Interval::NONE };
            }
            self.restore(start);
        }
    }

    /// Rewrites a block by the intervals found.
    fn rewrite(&mut self, f: &mut Function, block: Block) {
        let insts = std::mem::take(&mut f.blocks[block.index()].insts);
        let mut out = Vec::with_capacity(insts.len());
        for inst in insts {
            if let Some(result) = inst.result {
                self.now[result.index()] = self.result(&inst);
            }
            out.push(inst);
            // An instruction of fewer operands names the first value in place of those that it lacks, and there may be none.
            let before = inst.args.map(|arg| self.now.get(arg.index()).copied().unwrap_or(Interval::NONE));
            let better = self.better(f, &inst, &mut out);
            if self.cx.remarks
                && let Some(topic) = topic(&inst, better.map(|(op, _, imm)| (op, imm)))
                && !inst.args().iter().zip(before).any(|(_, known)| known.is_empty())
            {
                let known = |value: Value| {
                    let at = inst.args.iter().position(|&arg| arg == value).unwrap_or(0);
                    (before[at].single(), before[at])
                };
                self.cx.say(|| Remark::about(f, topic, &inst, known));
            }
            if let Some((op, args, imm)) = better {
                let at = out.len() - 1;
                let state = inst.state.filter(|_| op.exit_reason().is_some());
                out[at] = Inst { op, args, imm, state, ..inst };
                self.changed = true;
            }
        }
        f.blocks[block.index()].insts = out;
    }

    /// A form of the instruction that needs no check. May insert a constant before the instruction, which is the last of `out`.
    fn better(
        &mut self,
        f: &mut Function,
        inst: &Inst,
        out: &mut Vec<Inst>,
    ) -> Option<(Opcode, [Value; 3], Imm)> {
        let [a, b, _] = inst.args;
        let (x, y) = match inst.op.operands() {
            [Type::Int, Type::Int] => (self.now[a.index()], self.now[b.index()]),
            [Type::Int] => (self.now[a.index()], Interval::ALL),
            _ => return None,
        };
        // Nothing is claimed of code that is never reached.
        if x.is_empty() || y.is_empty() {
            return None;
        }
        let mut constant = |this: &mut Self, value: i64| {
            let result = f.new_value(Type::Int);
            let imm = Imm::Int(value);
            let args = [Value(0); 3];
            let origin = inst.origin;
            let at = out.len() - 1;
            out.insert(
                at,
                Inst { op: Opcode::ConstInt, args, imm, state: None, result: Some(result), origin },
            );
            this.now.push(Interval::only(value));
            this.defs.push(None);
            this.params.push(Interval::ALL);
            result
        };
        let fits = match inst.op {
            Opcode::IntAdd => Some(Opcode::IntAddFits),
            Opcode::IntSub => Some(Opcode::IntSubFits),
            Opcode::IntMul => Some(Opcode::IntMulFits),
            _ => None,
        };
        if let Some(form) = fits
            && intervals::fits(inst.op, x, y)
        {
            return self.cx.spend().then_some((form, inst.args, Imm::None));
        }
        let least = if is(Bug::RangesSign) { -1 } else { 0 };
        // What may be 0 is looked at once; then it divides like what may not.
        if matches!(inst.op, Opcode::IntFloorDiv | Opcode::IntMod) && x.lo >= 0 && y.lo == 0 && y.hi > 0 {
            if !self.cx.spend() {
                return None;
            }
            let divisor = self.nonzero(f, inst, out);
            let form = match inst.op {
                Opcode::IntMod => Opcode::IntModNonNeg,
                _ => Opcode::IntFloorDivNonNeg,
            };
            return Some((form, [a, divisor, Value(0)], Imm::None));
        }
        let form = match inst.op {
            Opcode::IntMul if x.lo >= 0 && y.lo >= 0 => Some(Opcode::IntMulNonNeg),
            Opcode::IntFloorDiv if x.lo >= least && y.lo >= 1 => Some(Opcode::IntFloorDivNonNeg),
            Opcode::IntMod if x.lo >= least && y.lo >= 1 => Some(Opcode::IntModNonNeg),
            Opcode::CheckIndex if x.lo >= least => Some(Opcode::CheckBelow),
            _ => None,
        };
        if let Some(form) = form {
            return self.cx.spend().then_some((form, inst.args, Imm::None));
        }
        match (inst.op, inst.imm) {
            (Opcode::IntShl, _) => {
                let count = y.single().filter(|_| intervals::fits(inst.op, x, y))?;
                if !self.cx.spend() {
                    return None;
                }
                let factor = constant(self, 1 << count);
                Some((Opcode::IntMulFits, [a, factor, Value(0)], Imm::None))
            }
            (Opcode::IntNeg, _) if x.lo != i64::MIN && self.cx.spend() => {
                let zero = constant(self, 0);
                Some((Opcode::IntSubFits, [zero, a, Value(0)], Imm::None))
            }
            // With a check of its proof in test mode, as the other forms have.
            (Opcode::IntAbs, _) if (x.lo >= 0 || (x.hi <= 0 && x.lo != i64::MIN)) && self.cx.spend() => {
                let zero = constant(self, 0);
                if self.cx.check_proofs {
                    let cmp = if x.lo >= 0 { Cmp::Ge } else { Cmp::Le };
                    self.assert(f, cmp, [a, zero, Value(0)], inst.origin, out);
                }
                let form = if x.lo >= 0 {
                    (Opcode::IntAddFits, [a, zero, Value(0)])
                } else {
                    (Opcode::IntSubFits, [zero, a, Value(0)])
                };
                Some((form.0, form.1, Imm::None))
            }
            (Opcode::IntToFloatExact, _) => {
                let bits = if is(Bug::RangesExact) { 54 } else { 53 };
                let exact = Interval::new(-(1 << bits), 1 << bits).covers(x) && self.cx.spend();
                if exact && self.cx.check_proofs {
                    let (least, most) = (constant(self, -(1 << 53)), constant(self, 1 << 53));
                    self.assert(f, Cmp::Ge, [a, least, Value(0)], inst.origin, out);
                    self.assert(f, Cmp::Le, [a, most, Value(0)], inst.origin, out);
                }
                exact.then_some((Opcode::IntToFloat, inst.args, Imm::None))
            }
            (Opcode::IntCompare, Imm::Cmp(cmp)) => {
                let known = intervals::decide(cmp, x, y).filter(|_| self.cx.spend())?;
                if self.cx.check_proofs {
                    let holds = if known { cmp } else { cmp.negated() };
                    self.assert(f, holds, inst.args, inst.origin, out);
                }
                Some((Opcode::ConstBool, [Value(0); 3], Imm::Bool(known)))
            }
            _ => None,
        }
    }

    /// Inserts, before a division which is the last of `out`, one that leaves if its divisor is 0, which is not
    /// negative. Behind it, it is known not to be.
    fn nonzero(&mut self, f: &mut Function, division: &Inst, out: &mut Vec<Inst>) -> Value {
        let divisor = division.args[1];
        let result = f.new_value(Type::Int);
        let (op, args, imm) = (Opcode::IntNonZero, [divisor, Value(0), Value(0)], Imm::None);
        let at = out.len() - 1;
        out.insert(
            at,
            Inst { op, args, imm, state: division.state, result: Some(result), origin: division.origin },
        );
        let known = self.now[divisor.index()].meet(Interval::new(1, i64::MAX));
        let before = std::mem::replace(&mut self.now[divisor.index()], known);
        self.undo.push((divisor, before));
        self.now.push(known);
        self.defs.push(None);
        self.params.push(Interval::ALL);
        result
    }

    /// Inserts, before the instruction which is the last of `out`, one that looks whether a comparison holds.
    fn assert(&mut self, f: &mut Function, cmp: Cmp, args: [Value; 3], origin: Origin, out: &mut Vec<Inst>) {
        let holds = f.new_value(Type::Bool);
        let at = out.len() - 1;
        let (op, imm, state) = (Opcode::IntCompare, Imm::Cmp(cmp), None);
        out.insert(at, Inst { op, args, imm, state, result: Some(holds), origin });
        let (op, args, imm) = (Opcode::Assert, [holds, Value(0), Value(0)], Imm::None);
        out.insert(at + 1, Inst { op, args, imm, state, result: None, origin });
        self.now.push(Interval::ALL);
        self.defs.push(None);
        self.params.push(Interval::ALL);
    }
}

/// What is to be said of an instruction that became this one, or stayed as it was.
fn topic(inst: &Inst, better: Option<(Opcode, Imm)>) -> Option<Topic> {
    let is_checked = matches!(inst.op, Opcode::IntAdd | Opcode::IntSub | Opcode::IntMul);
    match better {
        None => is_checked.then_some(Topic::OverflowStayed),
        Some((Opcode::ConstBool, Imm::Bool(true))) => Some(Topic::AlwaysTrue),
        Some((Opcode::ConstBool, _)) => Some(Topic::AlwaysFalse),
        Some((Opcode::IntAddFits | Opcode::IntSubFits | Opcode::IntMulFits, _)) if is_checked => {
            Some(Topic::OverflowRemoved)
        }
        Some((Opcode::IntMulNonNeg | Opcode::IntFloorDivNonNeg | Opcode::IntModNonNeg, _)) => {
            Some(Topic::SignKnown)
        }
        Some(_) => Some(Topic::CheckRemoved),
    }
}

/// Finds the intervals and rewrites by them.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let tree = Dominators::new(&cfg);
    let mut solver = Solver::new(f, &cfg, &tree, cx);
    let mut number = 0;
    loop {
        solver.grew = false;
        solver.round(f, Round::Grow { number });
        if !solver.grew {
            break;
        }
        number += 1;
        if number == MOST_ROUNDS {
            return Changed::No;
        }
    }
    for _ in 0..NARROW_ROUNDS {
        solver.round(f, Round::Narrow);
    }
    solver.round(f, Round::Rewrite);
    solver.changed.into()
}
