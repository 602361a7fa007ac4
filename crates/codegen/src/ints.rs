//! Int and float arithmetic that can leave.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is part of *compile*'s last step.
//!
//! Invariant: a division instruction is reached only with a divisor that is neither 0 nor -1, so it cannot trap.

use crate::error::CodegenError;
use crate::exits::Undo;
use crate::lower::{Lowering, WRONG_PROOF};
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I32, I64};
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData};
use ir::planted::{Bug, is};
use ir::{Imm, Inst, Opcode};

impl Lowering<'_, '_> {
    /// Adds or subtracts, in place, and leaves if the result is beyond what can be reached without overflow. The
    /// exits get the overwritten operand back from the wrapped result.
    ///
    /// Cranelift has no "add, then jump on overflow": from `sadd_overflow` it makes `add; seto; test; jne`, of which
    /// [`crate::peephole`] makes `add; jo`; that takes fewer instructions, and no more nor fewer cycles in the loops
    /// below. With a constant operand the result is compared with the least or greatest that does not overflow instead,
    /// which takes `add; cmp; jl`. Cycles per round of a countdown and of a sum, whose loops have one such instruction
    /// (Zen 3, also with 64-bit operands beyond 32 bits):
    ///
    /// - the overflow flag: 2.0, 3.0;
    /// - comparing the result with the operand: 2.0, 3.0 (the operand needs a register of its own);
    /// - the limit from memory next to the code: 2.0, 3.0;
    /// - the limit in a register all through the loop: 1.5, 2.5;
    /// - comparing the operand with a 32-bit limit first, and exactly in cold code: 1.5, 2.5, but 4.0 instead of 2.0 for a loop
    ///   that works on ints beyond 32 bits.
    pub fn int_add_sub(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let adds = inst.op == Opcode::IntAdd;
        let [mut x, mut y, _] = inst.args;
        let [mut a, mut b] = [a, b];
        // The first operand is the one overwritten: better not a constant, and better one that has no other use.
        let uses = |v: ir::Value| self.summary.uses[v.index()];
        if adds && (self.known_int(x).is_some() || (self.known_int(y).is_none() && uses(y) < uses(x))) {
            std::mem::swap(&mut x, &mut y);
            std::mem::swap(&mut a, &mut b);
        }
        let (result, overflow) = match added_constant(inst.op, self.known_int(y)) {
            Some(d) => {
                let result = if adds { self.b.ins().iadd(a, b) } else { self.b.ins().isub(a, b) };
                let limit = self.limit(d);
                let beyond = if d >= 0 { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
                (result, self.b.ins().icmp(beyond, result, limit))
            }
            None if adds => self.b.ins().sadd_overflow(a, b),
            None => self.b.ins().ssub_overflow(a, b),
        };
        let undo = (x != y).then_some(Undo { value: x, result, other: y, added: adds });
        self.leave_if(overflow, inst, undo)?;
        Ok(result)
    }

    /// Multiplies; there is nothing cheaper than the overflow flag, and no way to undo.
    pub fn int_mul(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let (result, overflow) = self.b.ins().smul_overflow(a, b);
        self.leave_if(overflow, inst, None)?;
        Ok(result)
    }

    /// Multiplies ints that are not negative: by a constant, one comparison with the greatest that still fits tells
    /// all, and is not on the way from the operand to the product.
    pub fn int_mul_nonneg(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let (x, factor) = match [inst.args[0], inst.args[1]].map(|arg| self.known_int(arg)) {
            [_, Some(factor @ 1..)] => (a, factor),
            [Some(factor @ 1..), _] => (b, factor),
            _ => return self.int_mul(inst, a, b),
        };
        let most = self.iconst(i64::MAX / factor);
        let beyond = self.b.ins().icmp(IntCC::SignedGreaterThan, x, most);
        self.leave_if(beyond, inst, None)?;
        Ok(self.b.ins().imul(a, b))
    }

    /// Stops the process where an operation's operands are not what a pass has proved.
    pub fn check_proof(&mut self, op: Opcode, a: clif::Value, b: clif::Value) {
        let wrong = match op {
            Opcode::IntAddFits => self.b.ins().sadd_overflow(a, b).1,
            Opcode::IntSubFits => self.b.ins().ssub_overflow(a, b).1,
            Opcode::IntMulFits => self.b.ins().smul_overflow(a, b).1,
            Opcode::IntMulNonNeg | Opcode::IntFloorDivNonNeg | Opcode::IntModNonNeg => {
                let least = i64::from(op != Opcode::IntMulNonNeg);
                let a = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, a, 0);
                let b = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, b, least);
                self.b.ins().bor(a, b)
            }
            _ => return,
        };
        self.b.ins().trapnz(wrong, WRONG_PROOF);
    }

    pub fn int_neg(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let least = self.iconst(i64::MIN);
        let overflow = self.b.ins().icmp(IntCC::Equal, a, least);
        self.leave_if(overflow, inst, None)?;
        Ok(self.b.ins().ineg(a))
    }

    pub fn int_abs(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let least = self.iconst(i64::MIN);
        let overflow = self.b.ins().icmp(IntCC::Equal, a, least);
        if !is(Bug::AbsOfLeast) {
            self.leave_if(overflow, inst, None)?;
        }
        Ok(self.b.ins().iabs(a))
    }

    /// Shifts up and back again: what does not come back has not fitted.
    pub fn int_shl(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        match self.known_int(inst.args[1]) {
            Some(0..64) => {}
            Some(_) => self.leave_always(inst)?,
            None => {
                let out_of_range = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, b, 63);
                self.leave_if(out_of_range, inst, None)?;
            }
        }
        let result = self.b.ins().ishl(a, b);
        let back = self.b.ins().sshr(result, b);
        let lost = self.b.ins().icmp(IntCC::NotEqual, back, a);
        self.leave_if(lost, inst, None)?;
        Ok(result)
    }

    /// All counts from 63 on give the sign alone.
    pub fn int_shr(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        match self.known_int(inst.args[1]) {
            Some(n @ 0..) => return Ok(self.b.ins().sshr_imm_u(a, n.min(63))),
            Some(_) => self.leave_always(inst)?,
            None => {
                let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, b, 0);
                self.leave_if(negative, inst, None)?;
            }
        }
        let large = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, b, 63);
        let most = self.iconst(63);
        let count = self.b.ins().select(large, most, b);
        Ok(self.b.ins().sshr(a, count))
    }

    /// Divides, rounding down.
    pub fn int_floordiv(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        match self.known_int(inst.args[1]) {
            Some(0) => {
                self.leave_always(inst)?;
                Ok(self.iconst(0))
            }
            Some(-1) => {
                let least = self.iconst(i64::MIN);
                let overflow = self.b.ins().icmp(IntCC::Equal, a, least);
                self.leave_if(overflow, inst, None)?;
                Ok(self.b.ins().ineg(a))
            }
            Some(d @ 1..) => Ok(self.floordiv_by(a, d)),
            Some(_) => Ok(self.floordiv_checked(a, b)),
            None => {
                let join = self.unless_0_or_minus_1(inst, b)?;
                let least = self.iconst(i64::MIN);
                let overflow = self.b.ins().icmp(IntCC::Equal, a, least);
                self.leave_if_cold(overflow, inst)?;
                let negated = self.b.ins().ineg(a);
                self.b.ins().jump(join.result, &[BlockArg::Value(negated)]);
                self.b.switch_to_block(join.divide);
                let quotient = self.floordiv_checked(a, b);
                Ok(self.rejoin(join.result, quotient))
            }
        }
    }

    /// The remainder that goes with [`Self::int_floordiv`]: it has the divisor's sign.
    pub fn int_mod(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        match self.known_int(inst.args[1]) {
            Some(0) => {
                self.leave_always(inst)?;
                Ok(self.iconst(0))
            }
            Some(-1) => Ok(self.iconst(0)),
            Some(d @ 1..) if d & (d - 1) == 0 => {
                let mask = self.iconst(d - 1);
                Ok(self.b.ins().band(a, mask))
            }
            Some(d @ 1..) => {
                let quotient = self.floordiv_by(a, d);
                let whole = self.b.ins().imul(quotient, b);
                Ok(self.b.ins().isub(a, whole))
            }
            Some(_) => Ok(self.mod_checked(a, b)),
            None => {
                let join = self.unless_0_or_minus_1(inst, b)?;
                let zero = self.iconst(0);
                self.b.ins().jump(join.result, &[BlockArg::Value(zero)]);
                self.b.switch_to_block(join.divide);
                let remainder = self.mod_checked(a, b);
                Ok(self.rejoin(join.result, remainder))
            }
        }
    }

    /// Divides an int that is not negative by one that is positive.
    pub fn int_floordiv_nonneg(&mut self, inst: &Inst, a: clif::Value, b: clif::Value) -> clif::Value {
        match self.known_int(inst.args[1]) {
            Some(d @ 1..) => self.div_by(a, d),
            _ => self.divide(a, b, |this, a, b| this.b.ins().udiv(a, b)),
        }
    }

    /// The remainder that goes with [`Self::int_floordiv_nonneg`].
    pub fn int_mod_nonneg(&mut self, inst: &Inst, a: clif::Value, b: clif::Value) -> clif::Value {
        match self.known_int(inst.args[1]) {
            Some(d @ 1..) => {
                let quotient = self.div_by(a, d);
                let whole = self.b.ins().imul(quotient, b);
                self.b.ins().isub(a, whole)
            }
            _ => self.divide(a, b, |this, a, b| this.b.ins().urem(a, b)),
        }
    }

    /// Divides unsigned ints, in 32 bits if both have no more: where the processor divides 64 bits bit by bit, that is
    /// several times as fast, and where it does not, the test costs next to nothing beside the division.
    fn divide(
        &mut self,
        a: clif::Value,
        b: clif::Value,
        op: impl Fn(&mut Self, clif::Value, clif::Value) -> clif::Value,
    ) -> clif::Value {
        let (narrow, wide, join) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(join, I64);
        let either = self.b.ins().bor(a, b);
        let high = self.b.ins().ushr_imm_u(either, 32);
        self.b.ins().brif(high, wide, &[], narrow, &[]);
        for (block, is_narrow) in [(narrow, true), (wide, false)] {
            self.b.seal_block(block);
            self.b.switch_to_block(block);
            let result = if is_narrow {
                let (a, b) = (self.b.ins().ireduce(I32, a), self.b.ins().ireduce(I32, b));
                let result = op(self, a, b);
                self.b.ins().uextend(I64, result)
            } else {
                op(self, a, b)
            };
            self.b.ins().jump(join, &[BlockArg::Value(result)]);
        }
        self.b.seal_block(join);
        self.b.switch_to_block(join);
        self.b.block_params(join)[0]
    }

    /// Leaves if the divisor is 0. What follows is emitted into a cold block where it is -1; [`Join::divide`] is where
    /// it is neither.
    fn unless_0_or_minus_1(&mut self, inst: &Inst, b: clif::Value) -> Result<Join, CodegenError> {
        let join = Join { divide: self.b.create_block(), result: self.b.create_block() };
        self.b.append_block_param(join.result, I64);
        let next = self.b.ins().iadd_imm_s(b, 1);
        let special = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, next, 1);
        self.unlikely(special, join.divide, &[]);
        self.b.seal_block(join.divide);
        let zero = self.b.ins().icmp_imm_u(IntCC::Equal, b, 0);
        self.leave_if_cold(zero, inst)?;
        Ok(join)
    }

    /// `a // b` for a divisor that is neither 0 nor -1.
    fn floordiv_checked(&mut self, a: clif::Value, b: clif::Value) -> clif::Value {
        let quotient = self.b.ins().sdiv(a, b);
        let whole = self.b.ins().imul(quotient, b);
        let rest = self.b.ins().isub(a, whole);
        let inexact_and_signs_differ = self.rounds_up(rest, b);
        let step = self.b.ins().uextend(I64, inexact_and_signs_differ);
        self.b.ins().isub(quotient, step)
    }

    /// `a % b` for a divisor that is neither 0 nor -1.
    fn mod_checked(&mut self, a: clif::Value, b: clif::Value) -> clif::Value {
        let rest = self.b.ins().srem(a, b);
        let moved = self.b.ins().iadd(rest, b);
        let wrong_sign = self.rounds_up(rest, b);
        self.b.ins().select(wrong_sign, moved, rest)
    }

    /// Whether a remainder of truncating division belongs to a quotient that was rounded up: it is not 0 and its sign is not the
    /// divisor's.
    fn rounds_up(&mut self, rest: clif::Value, divisor: clif::Value) -> clif::Value {
        let signs = self.b.ins().bxor(rest, divisor);
        let differ = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let inexact = self.b.ins().icmp_imm_u(IntCC::NotEqual, rest, 0);
        self.b.ins().band(differ, inexact)
    }

    /// `a // d` for a positive constant, without a division: a shift, or a multiplication by the reciprocal.
    ///
    /// `~(~a // d)` equals `a // d` rounded down, so flipping negative operands before and after leaves one
    /// case, operands below 2**63, for which a 64-bit reciprocal is always exact.
    fn floordiv_by(&mut self, a: clif::Value, d: i64) -> clif::Value {
        if d & (d - 1) == 0 {
            return self.b.ins().sshr_imm_u(a, i64::from(d.trailing_zeros()));
        }
        let sign = self.b.ins().sshr_imm_u(a, 63);
        let flipped = self.b.ins().bxor(a, sign);
        let quotient = self.div_by(flipped, d);
        self.b.ins().bxor(quotient, sign)
    }

    /// `a / d` for a positive constant and an operand that is not negative.
    fn div_by(&mut self, a: clif::Value, d: i64) -> clif::Value {
        if d & (d - 1) == 0 {
            return self.b.ins().ushr_imm_u(a, i64::from(d.trailing_zeros()));
        }
        let (reciprocal, shift) = reciprocal(d);
        let reciprocal = self.iconst(reciprocal as i64);
        let high = self.b.ins().umulhi(a, reciprocal);
        self.b.ins().ushr_imm_u(high, i64::from(shift))
    }

    pub fn int_to_float_exact(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let half = self.iconst(1 << 53);
        let range = self.iconst(1 << 54);
        let shifted = self.b.ins().iadd(a, half);
        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThan, shifted, range);
        self.leave_if(beyond, inst, None)?;
        Ok(self.b.ins().fcvt_from_sint(F64, a))
    }

    /// One branch: a comparison with 0.0 that does not order the two holds as well.
    pub fn float_sqrt(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let zero = self.b.ins().f64const(0.0);
        let none = self.b.ins().fcmp(FloatCC::UnorderedOrLessThan, a, zero);
        if !is(Bug::RootOfNegative) {
            self.leave_if(none, inst, None)?;
        }
        Ok(self.b.ins().sqrt(a))
    }

    /// The conversion is the one that saturates, since the other one brings traps along; here neither can happen.
    pub fn float_to_int(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let magnitude = self.b.ins().fabs(a);
        let bits = if is(Bug::IntOfLarge) { 64 } else { 62 };
        let limit = self.b.ins().f64const((1u128 << bits) as f64);
        let beyond = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, magnitude, limit);
        self.leave_if(beyond, inst, None)?;
        Ok(self.b.ins().fcvt_to_sint_sat(I64, a))
    }

    /// Looks for a zero divisor of either sign in its bits: that is one branch, where comparing floats takes two
    /// because of NaN.
    pub fn float_div(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        b: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let known = match self.summary.constants[inst.args[1].index()] {
            Some(Imm::Float(bits)) => Some(bits << 1 == 0),
            _ => None,
        };
        match known {
            Some(false) => {}
            Some(true) => self.leave_always(inst)?,
            None => {
                let bits = self.b.ins().bitcast(I64, MemFlagsData::new(), b);
                let magnitude = self.b.ins().iadd(bits, bits);
                let zero = self.b.ins().icmp_imm_u(IntCC::Equal, magnitude, 0);
                self.leave_if(zero, inst, None)?;
            }
        }
        Ok(self.b.ins().fdiv(a, b))
    }
}

/// What an addition or subtraction adds, if that is known: its second operand is.
pub(crate) fn added_constant(op: Opcode, operand: Option<i64>) -> Option<i64> {
    match op {
        Opcode::IntAdd => operand,
        Opcode::IntSub => operand?.checked_neg(),
        _ => None,
    }
}

/// The least result of adding `d >= 0`, or the greatest of adding `d < 0`, that is not an overflow.
pub(crate) fn limit_of(d: i64) -> i64 {
    let d = if is(Bug::OverflowLimit) && d > 0 { d - 1 } else { d };
    if d >= 0 { i64::MIN + d } else { i64::MAX + d }
}

/// The blocks of a division with special divisors.
struct Join {
    /// Where the divisor is ordinary.
    divide: clif::Block,
    /// Where the result arrives, as a parameter.
    result: clif::Block,
}

/// `m` and `s` such that `x / d` is `(x * m) >> (64 + s)` for all `x` below 2**63; `d` is at least 3 and not a power of two.
///
/// With `l` the least number such that `d < 2**l`, `m` is `2**(63 + l) / d` rounded up, which is below 2**64. Then
/// `m * d` exceeds `2**(63 + l)` by at most `d <= 2**l`, which is the condition for exactness.
fn reciprocal(d: i64) -> (u64, u32) {
    let l = 64 - (d as u64).leading_zeros();
    let m = (1u128 << (63 + l)) / d as u128 + 1;
    (m as u64, l - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reciprocals_divide_exactly() {
        let divisors =
            [3, 5, 6, 7, 9, 10, 11, 100, 641, 1000, 1_000_000_007, (1 << 32) + 1, i64::MAX - 1, i64::MAX];
        for d in divisors {
            let (m, s) = reciprocal(d);
            let near = |x: u64| [x.saturating_sub(1), x, x + 1];
            let multiples =
                [1, 2, 3, 1 << 20, i64::MAX as u64 / d as u64].map(|k| (d as u64).wrapping_mul(k));
            for x in multiples.into_iter().chain([0, 1 << 62, i64::MAX as u64 - 1]).flat_map(near) {
                if x <= i64::MAX as u64 {
                    let q = ((u128::from(x) * u128::from(m)) >> (64 + s)) as u64;
                    assert_eq!(q, x / d as u64, "{x} / {d}");
                }
            }
        }
    }
}
