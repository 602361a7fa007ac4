//! If-conversion: both sides of a small branch that nobody can predict are computed, and one is selected.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: where the profile says that a branch goes either way often, and both its sides are short, have no effects and
//! join at once, what they compute moves before the branch, `select`s take its place, and the branch goes away. The
//! sides' charges become one, of the greater amount, and what the cheaper side did not need is given back by a
//! `refund_if`. Why: a branch that is predicted wrongly costs some fifteen cycles, a select one.
//!
//! ```text
//!     charge 5 exit @0                              charge 9 exit @0
//!     v3: bool = int_compare lt v1, v2              v3: bool = int_compare lt v1, v2
//!     branch v3, b2, b3 true 50%                    v6: int = int_sub_wrap v1, v2
//! b2:                                               v8: int = int_select v3, v2, v6
//!     charge 2 exit @1                              refund_if 2 v3
//!     jump b4(v2)                             =>    exit return @3    ; of v8
//! b3:
//!     charge 4 exit @2
//!     v6: int = int_sub_fits v1, v2
//!     jump b4(v6)
//! b4(v7: int):
//!     exit return @3    ; of v7
//! ```
//!
//! Where the other side leaves an operand as it is, `x + y` on one side becomes `x + select(c, y, 0)`, without a select
//! behind it: that is shorter, what was proved of it still holds, and it leaves on overflow only where it would have
//! been executed. So checked additions and products may be moved too.
//!
//! Invariants:
//! - what is moved cannot leave where the other side is meant, nor trap, nor is anything assumed of it that was proved only for its side: `_fits` becomes `_wrap`;
//! - all is charged by a charge that was there before the branch, as in [`super::charges`]: leaving earlier than necessary
//!   cannot be observed, and exits say what was paid ahead;
//! - without a profile, nothing is done, and neither where a counter decides: that is a pattern which the processor learns.
//!
//! Measured on a Xeon, user time of whole processes with the pass against without (`--disable-pass ifconv`), medians, pinned: the kernel `coin`
//! 0.35; one bit of pseudo-random numbers counted 0.39, the smaller of two of them taken 0.34, floats of a logistic map summed apart 0.45. The
//! profile counts and sees no patterns, so there is a price where the processor learns one: a bit that changes in each round, 1.8. (By a counter's lowest bit it was 1.57, hence
//! what counters decide is left out.) Products on the way make the select late: collatz with them converted took 1.17, hence they weigh more.
//!
//! Source of the idea: Allen, Kennedy, Porterfield, Warren, "Conversion of Control Dependence to Data Dependence" (1983).

use super::charges::{add_to_last, last_charge, paid, pay_ahead};
use super::{Changed, PassCx, Replacements, definitions};
use crate::analysis::{Cfg, Dominators, LoopId, Loops};
use crate::data::{Ahead, Block, Function, Imm, Inst, Origin, StateId, Target, Terminator, Type, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use crate::reason::ExitReason;
use crate::remark::{Remark, Topic};
use rustc_hash::FxHashMap;

/// In how many of a hundred cases a branch has to go the rarer way, at least: what goes one way more often is predicted
/// well enough.
const LEAST_PERCENT: u8 = 20;
/// How much work a side may be, in cheap instructions.
const MOST_WORK: usize = 4;
/// How many values may differ at the join.
const MOST_SELECTS: usize = 4;
/// How many instructions back what a condition comes from is looked at.
const MOST_STEPS: u32 = 6;

/// Converts all branches that are worth it, inner ones first.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let mut ways = vec![0; f.blocks.len()];
    for &block in &cfg.rpo {
        for target in f.blocks[block.index()].end.targets() {
            ways[target.block.index()] += 1;
        }
    }
    if !cfg.rpo.iter().any(|block| is_unforeseeable(&f.blocks[block.index()].end)) {
        return Changed::No;
    }
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    let mut homes = vec![None; f.types.len()];
    for &block in &cfg.rpo {
        let data = &f.blocks[block.index()];
        for value in data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result)) {
            homes[value.index()] = Some(block);
        }
    }
    let (defs, to) = (definitions(f, &cfg), Replacements::new(f));
    let counters = counters(f, &cfg, &loops, &defs);
    let mut converter = Converter { f, cx, cfg: &cfg, loops: &loops, ways, counters, homes, defs, to };
    let mut changed = false;
    for &block in cfg.rpo.iter().rev() {
        // What was behind the join is now part of the block, and may end with the next branch.
        while converter.ways[block.index()] != 0 || block.0 == 0 {
            if !converter.convert(block) {
                break;
            }
            changed = true;
        }
    }
    let mut to = converter.to;
    if changed {
        let cfg = Cfg::new(f);
        to.apply(f, &cfg);
    }
    changed.into()
}

/// Whether a block ends with a branch that goes either way often.
fn is_unforeseeable(end: &Terminator) -> bool {
    match end {
        Terminator::Branch { percent: Some(percent), .. } => {
            (LEAST_PERCENT..=100 - LEAST_PERCENT).contains(percent)
        }
        _ => false,
    }
}

/// Marks the parameters of loops' headers to which each way back gives the parameter itself, with constants added or subtracted.
fn counters(f: &Function, cfg: &Cfg, loops: &Loops, defs: &[Option<Inst>]) -> Vec<bool> {
    use Opcode as O;
    let is_constant = |value: Value| matches!(defs[value.index()], Some(Inst { op: O::ConstInt, .. }));
    let is_step = |inst: &Inst| {
        matches!(inst.op, O::IntAdd | O::IntAddFits | O::IntSub | O::IntSubFits) && is_constant(inst.args[1])
    };
    let counts = |param: Value, mut value: Value| {
        let mut steps = 0;
        while value != param {
            match &defs[value.index()] {
                Some(inst) if is_step(inst) && steps < MOST_STEPS => value = inst.args[0],
                _ => return false,
            }
            steps += 1;
        }
        true
    };
    let mut counters = vec![false; f.types.len()];
    for header in loops.loops.iter().map(|one| one.header) {
        let back = |pred: &&Block| cfg.position(**pred) >= cfg.position(header);
        let backs = || {
            let ends = cfg.preds(header).iter().filter(back).map(|pred| &f.blocks[pred.index()].end);
            ends.flat_map(Terminator::targets).filter(|target| target.block == header)
        };
        for (i, &param) in f.blocks[header.index()].params.iter().enumerate() {
            counters[param.index()] = backs().all(|target| counts(param, target.args[i]));
        }
    }
    counters
}

/// One way from a branch to where both join.
#[derive(Clone)]
struct Side {
    /// The block on the way, if there is one.
    block: Option<Block>,
    join: Block,
    args: Vec<Value>,
    /// What is charged on the way.
    charged: Ahead,
}

/// How an instruction may be executed although it is not known whether it should be.
#[derive(Clone, Copy)]
enum Speculation {
    /// As this operation: it cannot leave, and assumes nothing.
    As(Opcode),
    /// With an operand that makes it do nothing where it should not be executed, since it may leave.
    Masked(Opcode),
    /// As this operation, with this constant in place of the second operand: then it cannot leave.
    With(Opcode, i64),
    /// It does something if its operand is true: that, and that it is meant.
    If,
    /// It counts that control has come there, which it has where it is meant.
    Count,
}

struct Converter<'a> {
    f: &'a mut Function,
    cx: &'a PassCx,
    /// The blocks as they were.
    cfg: &'a Cfg,
    loops: &'a Loops,
    /// For each block, how many edges lead to it.
    ways: Vec<u32>,
    /// Whether each value is a loop's counter.
    counters: Vec<bool>,
    /// The block that defines each value.
    homes: Vec<Option<Block>>,
    defs: Vec<Option<Inst>>,
    /// What stands for the parameters of joins that are gone.
    to: Replacements,
}

impl Converter<'_> {
    /// Converts the branch at the end of a block, if there is one and it is worth it.
    fn convert(&mut self, block: Block) -> bool {
        let end = &self.f.blocks[block.index()].end;
        let Terminator::Branch { condition, then, otherwise, .. } = end else { return false };
        if !is_unforeseeable(end) {
            return false;
        }
        let condition = self.to.find(*condition);
        let forms = [self.forms(then), self.forms(otherwise)];
        let mut pairs = forms[0].iter().flat_map(|a| forms[1].iter().map(move |b| [a, b]));
        let joins = pairs.find(|[a, b]| a.join == b.join);
        let Some(mut sides) = joins.map(|[a, b]| [a.clone(), b.clone()]) else { return false };
        if sides[0].join.0 == 0 || !sides.iter().all(|side| self.is_cheap(side)) {
            return false;
        }
        for side in &mut sides {
            for arg in &mut side.args {
                *arg = self.to.find(*arg);
            }
        }
        if let Some(inside) = self.loops.innermost(block)
            && self.is_foreseeable(condition, inside, MOST_STEPS)
        {
            return false;
        }
        let selects = sides[0].args.iter().zip(&sides[1].args).filter(|(a, b)| a != b).count();
        let most = sides[0].charged.greater(sides[1].charged);
        if selects > MOST_SELECTS || !self.can_prepay(block, most) || !self.cx.spend() {
            return false;
        }
        let data = &self.f.blocks[block.index()];
        let at = data.insts.last().map_or(data.origin, |inst| inst.origin);
        self.cx.say(|| Remark::at(Topic::Selected, at, 2));
        self.prepay(block, most);
        self.replace(block, condition, sides, most);
        true
    }

    /// Whether a value of a loop follows a pattern from round to round: it stays the same, or comes from a counter and
    /// a few divisions, masks and comparisons.
    fn is_foreseeable(&self, value: Value, inside: LoopId, steps: u32) -> bool {
        use Opcode as O;
        let Some(&Some(home)) = self.homes.get(value.index()) else { return false };
        if !self.loops.contains(inside, home) {
            return true;
        }
        let Some(inst) = self.defs[value.index()] else { return self.counters[value.index()] };
        match inst.op {
            O::ConstInt | O::ConstBool => return true,
            O::IntAdd | O::IntAddFits | O::IntSub | O::IntSubFits | O::IntAnd | O::IntShr | O::IntCompare => {
            }
            O::IntMod | O::IntModNonNeg | O::IntFloorDiv | O::IntFloorDivNonNeg | O::BoolNot => {}
            _ => return false,
        }
        steps > 0 && inst.args().iter().all(|&arg| self.is_foreseeable(arg, inside, steps - 1))
    }

    /// The ways that an edge may be part of: through a block of its own, or by itself.
    fn forms(&self, target: &Target) -> Vec<Side> {
        let mut forms = Vec::new();
        let data = &self.f.blocks[target.block.index()];
        if let Terminator::Jump(next) = &data.end
            && self.ways[target.block.index()] == 1
            && data.params.is_empty()
        {
            let charges = data.insts.iter().filter_map(Ahead::of);
            let charged = charges.fold(Ahead::default(), Ahead::plus);
            let (block, args) = (Some(target.block), next.args.clone());
            forms.push(Side { block, join: next.block, args, charged });
        }
        let (join, args) = (target.block, target.args.clone());
        forms.push(Side { block: None, join, args, charged: Ahead::default() });
        forms
    }

    /// Whether all that is on this way may be executed on the other one too, and costs little.
    fn is_cheap(&self, side: &Side) -> bool {
        let Some(block) = side.block else { return true };
        let (mut work, mut has_state) = (0, false);
        for inst in &self.f.blocks[block.index()].insts {
            work += match (inst.op, self.speculation(inst)) {
                (Opcode::Charge, _) => {
                    has_state = true;
                    0
                }
                // Its frame state is needed.
                (_, Some(Speculation::With(Opcode::IntShr, _))) if !has_state => return false,
                (_, Some(Speculation::As(op))) if op.operands().is_empty() => 0,
                // What comes next waits for a product whether it is needed or not.
                (Opcode::IntMulFits | Opcode::IntMulWrap, Some(_)) => 3,
                (Opcode::IntMul | Opcode::IntMulNonNeg, Some(_)) => 4,
                (_, Some(Speculation::As(_) | Speculation::With(..))) => 1,
                (_, Some(Speculation::Masked(_) | Speculation::If)) => 2,
                (_, Some(Speculation::Count)) => 0,
                (_, None) => return false,
            };
        }
        work <= MOST_WORK
    }

    fn speculation(&self, inst: &Inst) -> Option<Speculation> {
        use Opcode as O;
        let constant = |value: Value| match self.defs.get(value.index()) {
            Some(Some(Inst { imm: Imm::Int(value), .. })) => Some(*value),
            _ => None,
        };
        // Exact for negative dividends too, which `_nonneg` divisions are not.
        let power = |value: Value| constant(value).filter(|&value| value > 0 && value.count_ones() == 1);
        Some(match inst.op {
            O::ConstInt | O::ConstFloat | O::ConstBool | O::ConstBoxed => Speculation::As(inst.op),
            O::IntAnd | O::IntOr | O::IntXor | O::IntNot | O::IntCompare => Speculation::As(inst.op),
            O::IntAddWrap | O::IntSubWrap | O::IntMulWrap => Speculation::As(inst.op),
            O::IntToFloat | O::BoolToInt | O::BoolNot | O::BoxFloat | O::BoxBool => Speculation::As(inst.op),
            O::FloatAdd | O::FloatSub | O::FloatMul | O::FloatNeg | O::FloatCompare => {
                Speculation::As(inst.op)
            }
            O::IntSelect | O::FloatSelect | O::BoolSelect | O::BoxedSelect => Speculation::As(inst.op),
            O::IntAddFits => Speculation::As(O::IntAddWrap),
            O::IntSubFits => Speculation::As(O::IntSubWrap),
            O::IntMulFits => Speculation::As(O::IntMulWrap),
            O::IntAdd | O::IntSub | O::IntMul => Speculation::Masked(inst.op),
            O::IntMulNonNeg => Speculation::Masked(O::IntMul),
            // With such a count it cannot leave.
            O::IntShr if constant(inst.args[1]).is_some_and(|count| count >= 0) => Speculation::As(O::IntShr),
            O::IntFloorDiv | O::IntFloorDivNonNeg => {
                Speculation::With(O::IntShr, i64::from(power(inst.args[1])?.trailing_zeros()))
            }
            O::IntMod | O::IntModNonNeg => Speculation::With(O::IntAnd, power(inst.args[1])? - 1),
            O::RefundIf | O::CountIf => Speculation::If,
            O::Count => Speculation::Count,
            _ => return None,
        })
    }

    /// Whether there are charges before the end of a block that can take more.
    fn can_prepay(&self, block: Block, more: Ahead) -> bool {
        let insts = &self.f.blocks[block.index()].insts;
        if more == Ahead::default() || last_charge(self.f, block).is_some() {
            return true;
        }
        let preds = self.cfg.preds(block);
        let takes = |&pred: &Block| {
            self.cfg.position(pred) < self.cfg.position(block)
                && matches!(self.f.blocks[pred.index()].end, Terminator::Jump(_))
                && last_charge(self.f, pred).is_some()
        };
        !preds.is_empty() && preds.iter().all(takes) && insts.iter().all(|inst| inst.op != Opcode::Call)
    }

    fn prepay(&mut self, block: Block, more: Ahead) {
        if more == Ahead::default() {
            return;
        }
        if last_charge(self.f, block).is_some() {
            return add_to_last(self.f, block, more);
        }
        for &pred in self.cfg.preds(block) {
            add_to_last(self.f, pred, more);
        }
        let all = 0..self.f.blocks[block.index()].insts.len();
        pay_ahead(self.f, block, all, more);
    }

    /// Puts what the sides compute, and the selects, in place of the branch.
    fn replace(&mut self, block: Block, condition: Value, mut sides: [Side; 2], most: Ahead) {
        let mut out = std::mem::take(&mut self.f.blocks[block.index()].insts);
        let origin = out.last().map_or(self.f.blocks[block.index()].origin, |inst| inst.origin);
        let mut made = Made { condition, opposite: None, origin };
        for this in 0..2 {
            let Some(side) = sides[this].block else { continue };
            let insts = std::mem::take(&mut self.f.blocks[side.index()].insts);
            self.side(&mut made, &insts, this, &mut sides, most, &mut out);
            let never = Terminator::Exit { reason: ExitReason::Unreached, state: StateId(u32::MAX) };
            self.f.blocks[side.index()].end = never;
            self.ways[side.index()] = 0;
        }
        let mut selected: FxHashMap<(Value, Value), Value> = FxHashMap::default();
        let mut args = Vec::with_capacity(sides[0].args.len());
        made.origin = origin;
        for i in 0..sides[0].args.len() {
            let (mut a, mut b) = (sides[0].args[i], sides[1].args[i]);
            if a == b {
                args.push(a);
                continue;
            }
            if is(Bug::SelectSwapped) {
                (a, b) = (b, a);
            }
            let known = selected.get(&(a, b)).copied();
            let value = known.unwrap_or_else(|| self.select(&made, [a, b], &mut out));
            selected.insert((a, b), value);
            args.push(value);
        }
        for (this, side) in sides.iter().enumerate() {
            let this = if is(Bug::RefundOtherSide) { 1 - this } else { this };
            let rest = most.minus(side.charged).unwrap_or_default();
            if rest != Ahead::default() {
                let holds = self.holds(&mut made, this, &mut out);
                self.emit(Opcode::RefundIf, &[holds], rest.imm(), origin, &mut out);
            }
        }
        let join = sides[0].join;
        self.f.blocks[block.index()].insts = out;
        self.ways[join.index()] -= 1;
        if self.ways[join.index()] > 1 || join == block {
            self.f.blocks[block.index()].end = Terminator::Jump(Target { block: join, args });
            return;
        }
        self.ways[join.index()] = 0;
        let never = Terminator::Exit { reason: ExitReason::Unreached, state: StateId(u32::MAX) };
        let data = &mut self.f.blocks[join.index()];
        let (params, insts) = (std::mem::take(&mut data.params), std::mem::take(&mut data.insts));
        let end = std::mem::replace(&mut data.end, never);
        for (param, arg) in params.into_iter().zip(args) {
            self.to.set(param, arg);
        }
        let data = &mut self.f.blocks[block.index()];
        data.insts.extend(insts);
        data.end = end;
    }

    /// What a side computes, so that it does no harm where the other one is meant.
    fn side(
        &mut self,
        made: &mut Made,
        insts: &[Inst],
        this: usize,
        sides: &mut [Side; 2],
        most: Ahead,
        out: &mut Vec<Inst>,
    ) {
        let (mut charged, mut poll) = (Ahead::default(), None);
        // What masked operations give on the other side: their operand.
        let mut unchanged: FxHashMap<Value, Value> = FxHashMap::default();
        for inst in insts {
            made.origin = inst.origin;
            if let Some(charge) = Ahead::of(inst) {
                charged = charged.plus(charge);
                poll = inst.state;
                continue;
            }
            let Some(how) = self.speculation(inst) else { continue };
            if let (Some(result), Some(neutral)) = (inst.result, neutral(inst.op)) {
                // The operand that stays, and so is what the other side gives instead of the result.
                let args = &sides[this].args;
                let places: Vec<usize> = (0..args.len()).filter(|&i| args[i] == result).collect();
                let [a, b, _] = inst.args.map(|arg| self.to.find(arg));
                let on_other = |value: Value| unchanged.get(&value).copied().unwrap_or(value);
                let stays = |value| places.iter().any(|&i| sides[1 - this].args[i] == on_other(value));
                let commutes = !matches!(inst.op, Opcode::IntSub | Opcode::IntSubFits);
                let [kept, masked] = if commutes && !stays(a) && stays(b) { [b, a] } else { [a, b] };
                let op = match how {
                    Speculation::Masked(op) => Some(op),
                    _ => stays(kept).then_some(inst.op),
                };
                if let Some(op) = op {
                    let neutral = self.emit_value(
                        Type::Int,
                        Opcode::ConstInt,
                        &[],
                        Imm::Int(neutral),
                        made.origin,
                        out,
                    );
                    let choice = if this == 0 { [masked, neutral] } else { [neutral, masked] };
                    let operand = if is(Bug::NotMasked) { masked } else { self.select(made, choice, out) };
                    let rest = most.minus(charged).unwrap_or_default();
                    let state = inst.state.map(|state| paid(self.f, state, rest));
                    out.push(Inst { op, args: [kept, operand, Value(0)], imm: Imm::None, state, ..*inst });
                    let other = on_other(kept);
                    unchanged.insert(result, other);
                    for i in places {
                        if sides[1 - this].args[i] == other {
                            sides[1 - this].args[i] = result;
                        }
                    }
                    continue;
                }
            }
            match how {
                Speculation::As(op) | Speculation::Masked(op) => out.push(Inst { op, ..*inst }),
                Speculation::With(op, with) => {
                    let with =
                        self.emit_value(Type::Int, Opcode::ConstInt, &[], Imm::Int(with), made.origin, out);
                    let state = poll.filter(|_| op.exit_reason().is_some());
                    out.push(Inst { op, args: [inst.args[0], with, Value(0)], state, ..*inst });
                }
                Speculation::Count if is(Bug::CountOfBothSides) => out.push(*inst),
                Speculation::Count => {
                    let holds = self.holds(made, this, out);
                    self.emit(Opcode::CountIf, &[holds], inst.imm, inst.origin, out);
                }
                Speculation::If => {
                    let no = self.emit_value(
                        Type::Bool,
                        Opcode::ConstBool,
                        &[],
                        Imm::Bool(false),
                        made.origin,
                        out,
                    );
                    let asked = inst.args[0];
                    let choice = if this == 0 { [asked, no] } else { [no, asked] };
                    let holds = self.select(made, choice, out);
                    out.push(Inst { args: [holds, Value(0), Value(0)], ..*inst });
                }
            }
        }
    }

    fn emit(&mut self, op: Opcode, args: &[Value], imm: Imm, origin: Origin, out: &mut Vec<Inst>) {
        let mut all = [Value(0); 3];
        all[..args.len()].copy_from_slice(args);
        out.push(Inst { op, args: all, imm, state: None, result: None, origin });
    }

    fn emit_value(
        &mut self,
        ty: Type,
        op: Opcode,
        args: &[Value],
        imm: Imm,
        origin: Origin,
        out: &mut Vec<Inst>,
    ) -> Value {
        let result = self.f.new_value(ty);
        self.emit(op, args, imm, origin, out);
        if let Some(inst) = out.last_mut() {
            inst.result = Some(result);
        }
        result
    }

    /// The first value if the condition holds, else the second.
    fn select(&mut self, made: &Made, [a, b]: [Value; 2], out: &mut Vec<Inst>) -> Value {
        let ty = self.f.ty(a);
        let op = match ty {
            Type::Int => Opcode::IntSelect,
            Type::Float => Opcode::FloatSelect,
            Type::Bool => Opcode::BoolSelect,
            Type::Boxed => Opcode::BoxedSelect,
        };
        self.emit_value(ty, op, &[made.condition, a, b], Imm::None, made.origin, out)
    }

    /// A bool that says whether this side is meant.
    fn holds(&mut self, made: &mut Made, side: usize, out: &mut Vec<Inst>) -> Value {
        if side == 0 {
            return made.condition;
        }
        if let Some(opposite) = made.opposite {
            return opposite;
        }
        let (op, args, imm) = match self.defs.get(made.condition.index()) {
            Some(&Some(Inst { op: Opcode::IntCompare, imm: Imm::Cmp(cmp), args: [a, b, _], .. })) => {
                (Opcode::IntCompare, vec![a, b], Imm::Cmp(cmp.negated()))
            }
            _ => (Opcode::BoolNot, vec![made.condition], Imm::None),
        };
        let opposite = self.emit_value(Type::Bool, op, &args, imm, made.origin, out);
        made.opposite = Some(opposite);
        opposite
    }
}

/// What is known while a branch is replaced.
struct Made {
    condition: Value,
    opposite: Option<Value>,
    origin: Origin,
}

/// The operand with which an operation gives its other operand, the first one if it matters.
fn neutral(op: Opcode) -> Option<i64> {
    match op {
        Opcode::IntAdd | Opcode::IntSub | Opcode::IntAddFits | Opcode::IntSubFits => Some(0),
        Opcode::IntOr | Opcode::IntXor => Some(0),
        Opcode::IntMul | Opcode::IntMulFits | Opcode::IntMulNonNeg => Some(1),
        Opcode::IntAnd => Some(-1),
        _ => None,
    }
}
