//! Ints and floats in registers: how operands become numbers, and what is done with those.
//!
//! Part of stage 3, compile. A fast path never changes a register that an operand came in, so that its slow path finds all operands
//! where they were. What may be changed says so.

use super::asm::{Alu, CX, Cond, FloatOp, Label, RAX, RDX, Reg, Shift, TAG, Xmm};
use super::emit::Emitter;
use super::stubs::MAX_FLOAT;
use super::values::{Item, Repr, TMP};
use crate::profile::Kinds;
use runtime::Value;

/// An int known to be one.
#[derive(Clone, Copy, Debug)]
pub enum Int {
    /// Known, of 48 bits.
    Const(i64),
    /// Shifted left by 16; of 48 bits. Whether the register may be changed.
    Shifted(Reg, bool),
    /// As it is. Whether the register may be changed.
    Raw(Reg, bool),
}

/// A float in a register. Whether the register may be changed.
#[derive(Clone, Copy, Debug)]
pub struct Float(pub Xmm, pub bool);

impl Emitter<'_> {
    /// The int that an operand is, or else on to the slow path.
    pub fn int(&mut self, item: Item) -> Int {
        let fail = self.fail_label_if(|item| !matches!(item, Item::Gpr(_, Repr::Shifted | Repr::Raw)), item);
        match (item, fail) {
            (Item::Gpr(r, Repr::Shifted), _) => Int::Shifted(r, false),
            (Item::Gpr(r, Repr::Raw), _) => Int::Raw(r, false),
            (Item::Const(bits), fail) => match Value::from_bits(bits).as_small_int() {
                Some(i) => Int::Const(i),
                None => self.never(fail),
            },
            (Item::Gpr(_, Repr::Boxed) | Item::Local(_), Some(fail)) => {
                let to = self.take();
                let r = self.boxed(item, to);
                if self.seen.large() {
                    self.unbox_any(r, to, fail);
                    return Int::Raw(to, true);
                }
                self.asm.alu(Alu::Cmp, r, TAG);
                self.asm.jump_if(Cond::Below, fail);
                self.asm.mov(to, r);
                self.asm.shift(Shift::Left, to, 16);
                Int::Shifted(to, true)
            }
            (_, fail) => self.never(fail),
        }
    }

    fn fail_label_if(&mut self, needed: impl FnOnce(Item) -> bool, item: Item) -> Option<Label> {
        let small = matches!(item, Item::Const(bits) if Value::from_bits(bits).as_small_int().is_some());
        (needed(item) && !small).then(|| self.fail_label())
    }

    /// The fast path never applies.
    fn never(&mut self, fail: Option<Label>) -> Int {
        let fail = fail.unwrap_or_else(|| self.fail_label());
        self.asm.jump(fail);
        Int::Const(0)
    }

    /// The float that an operand is; an int is converted.
    pub fn float(&mut self, item: Item, kinds: Kinds) -> Float {
        match item {
            Item::Float(x) => Float(x, false),
            Item::Const(bits) => {
                let value = Value::from_bits(bits);
                let x = self.take_float();
                match (value.as_float(), value.as_small_int()) {
                    (Some(f), _) => {
                        self.asm.constant(TMP, f.to_bits());
                        self.asm.float_from_bits(x, TMP);
                    }
                    (None, Some(i)) => {
                        self.asm.constant(TMP, (i as f64).to_bits());
                        self.asm.float_from_bits(x, TMP);
                    }
                    (None, None) => {
                        let fail = self.fail_label();
                        self.asm.jump(fail);
                    }
                }
                Float(x, true)
            }
            Item::Gpr(r, Repr::Shifted) => {
                let x = self.take_float();
                self.asm.mov(TMP, r);
                self.asm.shift(Shift::Arithmetic, TMP, 16);
                self.asm.int_to_float(x, TMP);
                Float(x, true)
            }
            Item::Gpr(_, Repr::Boxed) | Item::Local(_) => {
                let x = self.take_float();
                let fail = self.fail_label();
                let r = self.boxed(item, TMP);
                if kinds == Kinds::INT {
                    self.asm.alu(Alu::Cmp, r, TAG);
                    self.asm.jump_if(Cond::Below, fail);
                    self.asm.mov(TMP, r);
                    self.asm.shift(Shift::Left, TMP, 16);
                    self.asm.shift(Shift::Arithmetic, TMP, 16);
                    self.asm.int_to_float(x, TMP);
                } else {
                    self.asm.alu_mem(Alu::Cmp, r, CX, MAX_FLOAT);
                    self.asm.jump_if(Cond::Above, fail);
                    self.asm.float_from_bits(x, r);
                }
                Float(x, true)
            }
            Item::Gpr(..) | Item::Mem | Item::Flags(_) => {
                let (x, fail) = (self.take_float(), self.fail_label());
                self.asm.jump(fail);
                Float(x, true)
            }
        }
    }

    /// An int as 64 bits in a register: where it is, or in `to`.
    pub fn raw_in(&mut self, a: Int, to: Reg) -> Reg {
        match a {
            Int::Const(i) => {
                self.asm.constant(to, i as u64);
                to
            }
            Int::Raw(r, _) => r,
            Int::Shifted(r, _) => {
                self.asm.mov(to, r);
                self.asm.shift(Shift::Arithmetic, to, 16);
                to
            }
        }
    }

    /// A copy of an int, as 64 bits, in a register that may be changed.
    pub fn raw_copy(&mut self, a: Int) -> Reg {
        match a {
            Int::Raw(r, true) => r,
            Int::Shifted(r, true) => {
                self.asm.shift(Shift::Arithmetic, r, 16);
                r
            }
            _ => {
                let to = self.take();
                let r = self.raw_in(a, to);
                self.asm.mov(to, r);
                to
            }
        }
    }

    /// A copy of a shifted or constant int, shifted, in a register that may be changed.
    pub fn shifted_copy(&mut self, a: Int) -> Reg {
        match a {
            Int::Shifted(r, true) => r,
            Int::Shifted(r, false) => {
                let to = self.take();
                self.asm.mov(to, r);
                to
            }
            Int::Const(i) => {
                let to = self.take();
                self.asm.constant(to, (i << 16) as u64);
                to
            }
            Int::Raw(..) => {
                self.fail_with("an int is not shifted");
                RAX
            }
        }
    }

    /// An operation of two ints; on registers shifted by 16 unless one of them is raw.
    pub fn int_op(&mut self, op: Alu, a: Int, b: Int, may_overflow: bool) -> Int {
        if matches!((a, b), (Int::Raw(..), _) | (_, Int::Raw(..))) {
            let to = self.raw_copy(a);
            match b {
                Int::Const(i) if i32::try_from(i).is_ok() => self.asm.alu_imm(op, to, i as i32),
                b => {
                    let r = self.raw_in(b, TMP);
                    self.asm.alu(op, to, r);
                }
            }
            if may_overflow {
                let fail = self.fail_label();
                self.asm.jump_if(Cond::Overflow, fail);
            }
            return match (op, b) {
                // What a mask leaves fits again.
                (Alu::And, Int::Const(i)) if i >= 0 => {
                    self.asm.shift(Shift::Left, to, 16);
                    Int::Shifted(to, true)
                }
                _ => Int::Raw(to, true),
            };
        }
        let to = self.shifted_copy(a);
        match b {
            Int::Const(i) => match i32::try_from(i << 16) {
                Ok(i) => self.asm.alu_imm(op, to, i),
                Err(_) => {
                    self.asm.constant(TMP, (i << 16) as u64);
                    self.asm.alu(op, to, TMP);
                }
            },
            Int::Shifted(r, _) | Int::Raw(r, _) => self.asm.alu(op, to, r),
        }
        if may_overflow {
            let fail = self.fail_label();
            self.asm.jump_if(Cond::Overflow, fail);
        }
        Int::Shifted(to, true)
    }

    /// `rax` and `rdx` = floored quotient and remainder; only one of them is right, as asked.
    pub fn divide(&mut self, a: Int, b: Int, remainder: bool) -> Option<Int> {
        if b_is(b, 0) {
            return None;
        }
        if let Int::Const(c) = b
            && c > 0
            && c & (c - 1) == 0
            && matches!(a, Int::Shifted(..))
        {
            let to = self.shifted_copy(a);
            if remainder {
                self.mask(to, (c - 1) << 16);
            } else {
                self.asm.shift(Shift::Arithmetic, to, c.trailing_zeros() as u8);
                self.asm.alu_imm(Alu::And, to, -0x1_0000);
            }
            return Some(Int::Shifted(to, true));
        }
        if let Int::Const(c @ 3..) = b
            && let Ok(c) = i32::try_from(c)
            && c & (c - 1) != 0
        {
            return Some(self.divide_by_constant(a, c, remainder));
        }
        let by = self.raw_in(b, TMP);
        if !matches!(b, Int::Const(_)) {
            let fail = self.fail_label();
            self.asm.test(by);
            self.asm.jump_if(Cond::Equal, fail);
            if matches!(a, Int::Raw(..)) {
                // The least int by -1 does not fit, and traps.
                self.asm.alu_imm(Alu::Cmp, by, -1);
                self.asm.jump_if(Cond::Equal, fail);
            }
        } else if matches!((a, b), (Int::Raw(..), Int::Const(-1))) {
            return None;
        }
        let from = self.raw_in(a, RAX);
        self.asm.mov(RAX, from);
        self.asm.divide_rax(by);
        let done = self.asm.label();
        self.asm.test(RDX);
        self.asm.jump_if(Cond::Equal, done);
        let result = if remainder {
            self.asm.mov(RAX, RDX);
            self.asm.alu(Alu::Xor, RAX, by);
            self.asm.jump_if(Cond::NotNegative, done);
            self.asm.alu(Alu::Add, RDX, by);
            RDX
        } else {
            self.asm.alu(Alu::Xor, RDX, by);
            self.asm.jump_if(Cond::NotNegative, done);
            self.asm.alu_imm(Alu::Sub, RAX, 1);
            RAX
        };
        self.asm.bind(done);
        self.regs.hold(Item::Gpr(result, Repr::Raw));
        let small = matches!(b, Int::Const(_) | Int::Shifted(..)) && remainder
            || matches!((a, b), (Int::Shifted(..), Int::Const(c)) if c > 0);
        if small {
            self.asm.shift(Shift::Left, result, 16);
            return Some(Int::Shifted(result, true));
        }
        Some(Int::Raw(result, true))
    }

    /// The same by a positive constant that is no power of two: a multiplication by its reciprocal, which takes a fourth of the time.
    fn divide_by_constant(&mut self, a: Int, c: i32, remainder: bool) -> Int {
        let (magic, shift) = reciprocal(c as u32);
        let n = self.raw_in(a, TMP);
        self.asm.constant(RAX, magic as u64);
        self.asm.multiply_rax(n);
        if magic < 0 {
            self.asm.alu(Alu::Add, RDX, n);
        }
        if shift > 0 {
            self.asm.shift(Shift::Arithmetic, RDX, shift);
        }
        // One more for a negative dividend: that rounds towards zero, and the remainder says whether the floor is below.
        self.asm.mov(RAX, n);
        self.asm.shift(Shift::Arithmetic, RAX, 63);
        self.asm.alu(Alu::Sub, RDX, RAX);
        self.asm.multiply_imm(RAX, RDX, c);
        self.asm.neg(RAX);
        self.asm.alu(Alu::Add, RAX, n);
        let done = self.asm.label();
        self.asm.jump_if(Cond::NotNegative, done);
        let result = if remainder {
            self.asm.alu_imm(Alu::Add, RAX, c);
            RAX
        } else {
            self.asm.alu_imm(Alu::Sub, RDX, 1);
            RDX
        };
        self.asm.bind(done);
        self.regs.hold(Item::Gpr(result, Repr::Raw));
        if remainder || matches!(a, Int::Shifted(..)) {
            self.asm.shift(Shift::Left, result, 16);
            return Int::Shifted(result, true);
        }
        Int::Raw(result, true)
    }

    fn mask(&mut self, to: Reg, mask: i64) {
        match i32::try_from(mask) {
            Ok(mask) => self.asm.alu_imm(Alu::And, to, mask),
            Err(_) => {
                self.asm.constant(TMP, mask as u64);
                self.asm.alu(Alu::And, to, TMP);
            }
        }
    }

    pub fn float_op(&mut self, op: FloatOp, a: Float, b: Float) -> Float {
        let to = if a.1 {
            a.0
        } else {
            let to = self.take_float();
            self.asm.float_mov(to, a.0);
            to
        };
        self.asm.float_op(op, to, b.0);
        Float(to, true)
    }
}

/// Whether an int is known to be this one.
pub fn b_is(b: Int, n: i64) -> bool {
    matches!(b, Int::Const(c) if c == n)
}

/// What to multiply with, and by how much to shift the upper half of the product, to divide an int of 64 bits by a constant of at least 2,
/// rounding towards zero once 1 is added for negative ones. The multiplier is of 65 bits if it is negative: the dividend is added to the upper half.
///
/// The method is Granlund and Montgomery's, "Division by Invariant Integers using Multiplication" (1994).
fn reciprocal(c: u32) -> (i64, u8) {
    let c = u128::from(c);
    // The greatest dividend that is one less than a multiple of the divisor.
    let greatest = (1u128 << 63) - 1 - (1u128 << 63) % c;
    let mut power = 64;
    while 1u128 << power <= greatest * (c - (1u128 << power) % c) {
        power += 1;
    }
    let magic = ((1u128 << power) + c - (1u128 << power) % c) / c;
    (magic as u64 as i64, (power - 64) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reciprocals_divide() {
        for c in (3..2_000).chain([65_535, 65_537, 1_000_003, (1 << 31) - 1]) {
            let (magic, shift) = reciprocal(c);
            for n in [0, 1, -1, i64::MAX, i64::MIN, i64::MIN + 1]
                .into_iter()
                .chain((-40..40).flat_map(|k| [-1, 0, 1].map(|d| k * i64::from(c) + d)))
                .chain((0..62).flat_map(|k| [-1, 0, 1].map(|d| (1i64 << k) + d)))
                .flat_map(|n| [n, n.wrapping_neg()])
            {
                let mut upper = ((i128::from(magic) * i128::from(n)) >> 64) as i64;
                if magic < 0 {
                    upper = upper.wrapping_add(n);
                }
                assert_eq!((upper >> shift) - (n >> 63), n / i64::from(c), "{n} / {c}");
            }
        }
    }
}
