//! Constant folding and algebra.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: computes what is known now; drops operations that do nothing (`x + 0`), boxes that are unboxed again,
//! comparisons turned round; turns divisions by powers of two into shifts, masks and products; turns branches on
//! constants into jumps, and what surely leaves into an exit. Why: the builders translate one opcode at a time and
//! unbox and box at each seam.
//!
//! ```text
//!     v1: boxed = box_int v0                       v1: boxed = box_int v0
//!     v2: int = guard_int v1 exit @0
//!     v3: int = const_int 8                        v3: int = const_int 8
//!                                                  v6: int = const_int 7
//!     v4: int = int_mod v2, v3 exit @0         =>  v4: int = int_and v0, v6
//! ```
//!
//! Invariants: results are those of Python's ints and floats, so `x + 0.0` stays (it changes the sign of zero), nothing
//! is folded to a NaN, and a result that does not fit is an exit and not a number. What replaces a value dominates it.
//! Source of the idea: any compiler's peephole rules; each rule here is argued where it stands.
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: collatz 1.13, a loop over four
//! globals 1.16, sum and nested loops 1.05, other kernels 1.00.

use super::{Changed, PassCx, Replacements};
use crate::analysis::Cfg;
use crate::data::{Function, Imm, Inst, Origin, Terminator, Type, Value};
use crate::eval::{compare, float_sqrt, float_to_int, int_binary, is_exact_float};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use bytecode::{BinOp, Cmp};

/// What becomes of an instruction.
enum Action {
    /// Its result is this value, which dominates it.
    Same(Value),
    /// It computes its result thus.
    Become(Opcode, [Value; 3], Imm),
    /// It leaves, whenever control comes to it.
    Leave,
}

const NO_ARGS: [Value; 3] = [Value(0); 3];

fn int(value: i64) -> Option<Action> {
    Some(Action::Become(Opcode::ConstInt, NO_ARGS, Imm::Int(value)))
}

fn boolean(value: bool) -> Option<Action> {
    Some(Action::Become(Opcode::ConstBool, NO_ARGS, Imm::Bool(value)))
}

/// Floats fold unless they would fold to a NaN, whose bits are not ours to choose.
fn float(value: f64) -> Option<Action> {
    (!value.is_nan()).then(|| Action::Become(Opcode::ConstFloat, NO_ARGS, Imm::Float(value.to_bits())))
}

fn unary(op: Opcode, a: Value) -> Option<Action> {
    Some(Action::Become(op, [a, Value(0), Value(0)], Imm::None))
}

fn binary(op: Opcode, a: Value, b: Value) -> Option<Action> {
    Some(Action::Become(op, [a, b, Value(0)], Imm::None))
}

fn comparison(op: Opcode, cmp: Cmp, a: Value, b: Value) -> Option<Action> {
    Some(Action::Become(op, [a, b, Value(0)], Imm::Cmp(cmp)))
}

struct Folder<'a> {
    f: &'a mut Function,
    /// The instruction that defines each value, as far as the walk has come.
    defs: Vec<Option<Inst>>,
    /// The block that is being rewritten.
    out: Vec<Inst>,
}

impl Folder<'_> {
    fn def(&self, value: Value) -> Option<&Inst> {
        self.defs.get(value.index())?.as_ref()
    }

    fn imm(&self, value: Value) -> Imm {
        self.def(value).map_or(Imm::None, |inst| inst.imm)
    }

    fn int(&self, value: Value) -> Option<i64> {
        if let Imm::Int(i) = self.imm(value) { Some(i) } else { None }
    }

    fn float(&self, value: Value) -> Option<f64> {
        if let Imm::Float(bits) = self.imm(value) { Some(f64::from_bits(bits)) } else { None }
    }

    fn bool(&self, value: Value) -> Option<bool> {
        if let Imm::Bool(b) = self.imm(value) { Some(b) } else { None }
    }

    /// The operand, if the value is this operation's result.
    fn operand(&self, value: Value, op: Opcode) -> Option<Value> {
        self.def(value).filter(|inst| inst.op == op).map(|inst| inst.args[0])
    }

    fn push(&mut self, inst: Inst) {
        if let Some(result) = inst.result {
            if self.defs.len() <= result.index() {
                self.defs.resize(result.index() + 1, None);
            }
            self.defs[result.index()] = Some(inst);
        }
        self.out.push(inst);
    }

    /// A new instruction without exit, before the one looked at.
    fn insert(&mut self, op: Opcode, args: [Value; 3], imm: Imm, origin: Origin) -> Value {
        let result = self.f.new_value(op.result().unwrap_or(Type::Boxed));
        self.push(Inst { op, args, imm, state: None, result: Some(result), origin });
        result
    }

    fn const_int(&mut self, value: i64, origin: Origin) -> Value {
        self.insert(Opcode::ConstInt, NO_ARGS, Imm::Int(value), origin)
    }

    fn simplify(&mut self, inst: &Inst) -> Option<Action> {
        use Opcode as O;
        let [a, b, _] = inst.args;
        match inst.op {
            O::IntAdd
            | O::IntSub
            | O::IntMul
            | O::IntAddFits
            | O::IntSubFits
            | O::IntMulFits
            | O::IntFloorDiv
            | O::IntMod
            | O::IntAnd
            | O::IntOr
            | O::IntXor
            | O::IntShl
            | O::IntShr => self.int_binary(inst),
            O::IntNeg => match self.int(a) {
                Some(i) => i.checked_neg().map_or(Some(Action::Leave), int),
                // The inner one did not leave, so neither does the outer one: the result is the first operand.
                None => self.operand(a, O::IntNeg).map(Action::Same),
            },
            O::IntAbs => match self.int(a) {
                Some(i) => i.checked_abs().map_or(Some(Action::Leave), int),
                None => self.operand(a, O::IntAbs).map(|_| Action::Same(a)),
            },
            O::IntNot => match self.int(a) {
                Some(i) => int(!i),
                None => self.operand(a, O::IntNot).map(Action::Same),
            },
            O::IntNonZero => match self.int(a)? {
                0 => Some(Action::Leave),
                _ => Some(Action::Same(a)),
            },
            O::IntCompare => self.int_compare(inst),
            O::IntToFloat => float(self.int(a)? as f64),
            O::IntToFloatExact => {
                let i = self.int(a)?;
                if is_exact_float(i) { float(i as f64) } else { Some(Action::Leave) }
            }
            O::BoolToInt => int(i64::from(self.bool(a)?)),
            O::BoolNot => self.bool_not(a),
            O::FloatAdd | O::FloatSub | O::FloatMul | O::FloatDiv => self.float_binary(inst),
            O::FloatNeg => match self.float(a) {
                Some(x) => float(-x),
                None => self.operand(a, O::FloatNeg).map(Action::Same),
            },
            O::FloatAbs => match self.float(a) {
                Some(x) => float(x.abs()),
                None if self.operand(a, O::FloatAbs).is_some() => Some(Action::Same(a)),
                None => self.operand(a, O::FloatNeg).and_then(|inner| unary(O::FloatAbs, inner)),
            },
            O::FloatSqrt => float_sqrt(self.float(a)?).map_or(Some(Action::Leave), float),
            O::FloatToInt => match self.float(a) {
                Some(x) => float_to_int(x).map_or(Some(Action::Leave), int),
                // An int that became a float without loss.
                None => self.operand(a, O::IntToFloatExact).map(Action::Same),
            },
            O::FloatCompare => match (self.float(a), self.float(b), inst.imm) {
                (Some(x), Some(y), Imm::Cmp(cmp)) => boolean(compare(cmp, x, y)),
                (Some(_), None, Imm::Cmp(cmp)) => comparison(O::FloatCompare, cmp.swapped(), b, a),
                _ => None,
            },
            // A boxed value has no identity: the box of what was unboxed is the value it came from.
            O::BoxInt => self.operand(a, O::GuardInt).map(Action::Same),
            O::BoxFloat => self.operand(a, O::GuardFloat).map(Action::Same),
            O::BoxBool => self.operand(a, O::GuardBool).map(Action::Same),
            O::GuardInt | O::GuardFloat | O::GuardBool => {
                let boxed = self.def(a)?;
                match boxed.op {
                    O::BoxInt | O::BoxFloat | O::BoxBool => {
                        let same = boxed.op.operands().first().copied() == inst.op.result();
                        Some(if same { Action::Same(boxed.args[0]) } else { Action::Leave })
                    }
                    _ => None,
                }
            }
            O::Truth => {
                let boxed = *self.def(a)?;
                match boxed.op {
                    O::BoxBool => Some(Action::Same(boxed.args[0])),
                    O::BoxInt => {
                        let zero = self.const_int(0, inst.origin);
                        comparison(O::IntCompare, Cmp::Ne, boxed.args[0], zero)
                    }
                    // NaN counts as true, and differs from 0.0.
                    O::BoxFloat => {
                        let zero = self.insert(O::ConstFloat, NO_ARGS, Imm::Float(0), inst.origin);
                        comparison(O::FloatCompare, Cmp::Ne, boxed.args[0], zero)
                    }
                    _ => None,
                }
            }
            O::CallBinary => self.call_binary(inst),
            _ => None,
        }
    }

    fn int_binary(&mut self, inst: &Inst) -> Option<Action> {
        use Opcode as O;
        let [a, b, _] = inst.args;
        let (x, y) = (self.int(a), self.int(b));
        if let (Some(x), Some(y)) = (x, y) {
            return int_binary(inst.op, x, y).map_or(Some(Action::Leave), int);
        }
        let commutes = matches!(
            inst.op,
            O::IntAdd | O::IntMul | O::IntAddFits | O::IntMulFits | O::IntAnd | O::IntOr | O::IntXor
        );
        if x.is_some() && commutes {
            return binary(inst.op, b, a);
        }
        let same = a == b;
        match (inst.op, y) {
            (O::IntAdd | O::IntAddFits | O::IntSub | O::IntSubFits | O::IntOr | O::IntXor, Some(0))
            | (O::IntMul | O::IntMulFits | O::IntFloorDiv, Some(1))
            | (O::IntAnd, Some(-1))
            | (O::IntShl | O::IntShr, Some(0)) => Some(Action::Same(a)),
            (O::IntMul | O::IntMulFits | O::IntAnd, Some(0)) | (O::IntMod, Some(1 | -1)) => int(0),
            (O::IntOr, Some(-1)) => int(-1),
            (O::IntXor, Some(-1)) => unary(O::IntNot, a),
            (O::IntSub | O::IntSubFits | O::IntXor, _) if same => int(0),
            (O::IntAnd | O::IntOr, _) if same => Some(Action::Same(a)),
            // Both leave exactly if the double of x does not fit.
            (O::IntMul, Some(2)) => binary(O::IntAdd, a, a),
            (O::IntMulFits, Some(2)) => binary(O::IntAddFits, a, a),
            (O::IntSubFits, Some(y)) if y != i64::MIN => {
                let opposite = self.const_int(-y, inst.origin);
                binary(O::IntAddFits, a, opposite)
            }
            // What wraps wraps in any order: the rounds of an unrolled loop need not wait for each other.
            (O::IntAddFits, Some(y)) => {
                let inner = *self.def(a).filter(|inner| inner.op == O::IntAddFits)?;
                let sum = self.int(inner.args[1])?.checked_add(y)?;
                let sum = self.const_int(sum, inst.origin);
                binary(O::IntAddFits, inner.args[0], sum)
            }
            (O::IntAnd, Some(mask)) => {
                let inner = *self.def(a).filter(|inner| inner.op == O::IntAnd)?;
                let both = self.int(inner.args[1])? & mask;
                let both = self.const_int(both, inst.origin);
                binary(O::IntAnd, inner.args[0], both)
            }
            (O::IntFloorDiv | O::IntMod, Some(0)) => Some(Action::Leave),
            (O::IntShl | O::IntShr, Some(..0)) => Some(Action::Leave),
            // An arithmetic shift rounds towards minus infinity, as `//` does.
            (O::IntFloorDiv, Some(y)) if y > 0 && y.count_ones() == 1 => {
                let count = self.const_int(i64::from(y.trailing_zeros()), inst.origin);
                binary(O::IntShr, a, count)
            }
            // The remainder of `//` has the divisor's sign: for 2**k it is the k low bits.
            (O::IntMod, Some(y))
                if (y > 0 || is(Bug::FoldModNegative)) && y.unsigned_abs().is_power_of_two() =>
            {
                let mask = self.const_int(y.wrapping_abs().wrapping_sub(1), inst.origin);
                binary(O::IntAnd, a, mask)
            }
            _ => None,
        }
    }

    fn int_compare(&mut self, inst: &Inst) -> Option<Action> {
        let [a, b, _] = inst.args;
        let Imm::Cmp(cmp) = inst.imm else { return None };
        match (self.int(a), self.int(b)) {
            (Some(x), Some(y)) => boolean(compare(cmp, x, y)),
            (Some(_), None) => comparison(Opcode::IntCompare, cmp.swapped(), b, a),
            (None, y) => {
                if a == b {
                    return boolean(cmp.holds(std::cmp::Ordering::Equal));
                }
                // A bool as an int is 0 or 1: the comparison is the bool, its opposite, or decided.
                let truth = self.operand(a, Opcode::BoolToInt)?;
                match (compare(cmp, 0, y?), compare(cmp, 1, y?)) {
                    (false, true) => Some(Action::Same(truth)),
                    (true, false) => unary(Opcode::BoolNot, truth),
                    (decided, _) => boolean(decided),
                }
            }
        }
    }

    fn bool_not(&self, a: Value) -> Option<Action> {
        if let Some(b) = self.bool(a) {
            return boolean(!b);
        }
        let inner = self.def(a)?;
        let [x, y, _] = inner.args;
        match (inner.op, inner.imm) {
            (Opcode::BoolNot, _) => Some(Action::Same(x)),
            (Opcode::IntCompare, Imm::Cmp(cmp)) => comparison(Opcode::IntCompare, cmp.negated(), x, y),
            // The other comparisons are all false with NaN, and so are their opposites.
            (Opcode::FloatCompare, Imm::Cmp(cmp))
                if matches!(cmp, Cmp::Eq | Cmp::Ne) || is(Bug::FoldNanCompare) =>
            {
                comparison(Opcode::FloatCompare, cmp.negated(), x, y)
            }
            _ => None,
        }
    }

    fn float_binary(&mut self, inst: &Inst) -> Option<Action> {
        use Opcode as O;
        let [a, b, _] = inst.args;
        let (x, y) = (self.float(a), self.float(b));
        if inst.op == O::FloatDiv && y == Some(0.0) {
            return Some(Action::Leave);
        }
        if let (Some(x), Some(y)) = (x, y) {
            return float(match inst.op {
                O::FloatAdd => x + y,
                O::FloatSub => x - y,
                O::FloatMul => x * y,
                _ => x / y,
            });
        }
        if x.is_some() && matches!(inst.op, O::FloatAdd | O::FloatMul) {
            return binary(inst.op, b, a);
        }
        let y = y?;
        match inst.op {
            O::FloatMul | O::FloatDiv if y == 1.0 => Some(Action::Same(a)),
            // Only these zeros are neutral for a zero of either sign.
            O::FloatSub if y.to_bits() == 0.0f64.to_bits() => Some(Action::Same(a)),
            O::FloatAdd if y.to_bits() == (-0.0f64).to_bits() || y == 0.0 && is(Bug::FoldNegativeZero) => {
                Some(Action::Same(a))
            }
            // Dividing by a power of two is multiplying by its inverse, as long as both are normal numbers.
            O::FloatDiv if y.is_normal() && y.recip().is_normal() && y.to_bits() << 12 == 0 => {
                let inverse =
                    self.insert(O::ConstFloat, NO_ARGS, Imm::Float(y.recip().to_bits()), inst.origin);
                binary(O::FloatMul, a, inverse)
            }
            _ => None,
        }
    }

    /// The general form on operands whose types are known after all, where the fast form cannot leave.
    fn call_binary(&mut self, inst: &Inst) -> Option<Action> {
        use Opcode as O;
        let [a, b, _] = inst.args;
        let Imm::BinOp(op) = inst.imm else { return None };
        let (a, b) = (*self.def(a)?, *self.def(b)?);
        let (x, y) = (a.args[0], b.args[0]);
        match (a.op, b.op, op) {
            (O::BoxInt, O::BoxInt, BinOp::Compare(cmp)) => {
                let result = self.insert(O::IntCompare, [x, y, Value(0)], Imm::Cmp(cmp), inst.origin);
                unary(O::BoxBool, result)
            }
            (O::BoxFloat, O::BoxFloat, BinOp::Compare(cmp)) => {
                let result = self.insert(O::FloatCompare, [x, y, Value(0)], Imm::Cmp(cmp), inst.origin);
                unary(O::BoxBool, result)
            }
            (O::BoxFloat, O::BoxFloat, BinOp::Add | BinOp::Sub | BinOp::Mul) => {
                let fast = match op {
                    BinOp::Add => O::FloatAdd,
                    BinOp::Sub => O::FloatSub,
                    _ => O::FloatMul,
                };
                let result = self.insert(fast, [x, y, Value(0)], Imm::None, inst.origin);
                unary(O::BoxFloat, result)
            }
            _ => None,
        }
    }
}

/// Folds until one walk over the function is done.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let mut to = Replacements::new(f);
    let defs = vec![None; f.types.len()];
    let mut folder = Folder { f, defs, out: Vec::new() };
    let mut changed = false;
    for &block in &cfg.rpo {
        let insts = std::mem::take(&mut folder.f.blocks[block.index()].insts);
        folder.out = Vec::with_capacity(insts.len());
        let mut leaves = None;
        'insts: for mut inst in insts {
            to.rewrite(&mut inst);
            // One rule may make way for another, but no more than a few times.
            for _ in 0..4 {
                if cx.fuel_left() == 0 {
                    break;
                }
                let Some(action) = folder.simplify(&inst) else { break };
                cx.spend();
                changed = true;
                match action {
                    Action::Same(value) => {
                        if let Some(result) = inst.result {
                            to.set(result, value);
                        }
                        continue 'insts;
                    }
                    Action::Become(op, args, imm) => {
                        let state = inst.state.filter(|_| op.exit_reason().is_some());
                        inst = Inst { op, args, imm, state, ..inst };
                    }
                    Action::Leave => {
                        leaves = inst.op.exit_reason().zip(inst.state);
                        break 'insts;
                    }
                }
            }
            folder.push(inst);
        }
        let out = std::mem::take(&mut folder.out);
        let end = leaves.map(|(reason, state)| Terminator::Exit { reason, state });
        let end = end.or_else(|| folder.branch(&mut to, block));
        let data = &mut folder.f.blocks[block.index()];
        data.insts = out;
        if let Some(end) = end
            && (leaves.is_some() || cx.spend())
        {
            data.end = end;
            changed = true;
        }
    }
    to.apply(folder.f, &cfg);
    changed.into()
}

impl Folder<'_> {
    /// The simpler end of a block that ends with a branch, if there is one.
    fn branch(&self, to: &mut Replacements, block: crate::data::Block) -> Option<Terminator> {
        let Terminator::Branch { condition, then, otherwise, percent } = &self.f.blocks[block.index()].end
        else {
            return None;
        };
        let condition = to.find(*condition);
        if let Some(known) = self.bool(condition) {
            return Some(Terminator::Jump(if known { then.clone() } else { otherwise.clone() }));
        }
        if then == otherwise {
            return Some(Terminator::Jump(then.clone()));
        }
        let opposite = self.operand(condition, Opcode::BoolNot)?;
        let percent = percent.map(|percent| 100u8.saturating_sub(percent));
        let (then, otherwise) = (otherwise.clone(), then.clone());
        Some(Terminator::Branch { condition: opposite, then, otherwise, percent })
    }
}
