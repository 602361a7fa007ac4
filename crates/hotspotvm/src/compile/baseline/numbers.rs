//! Ints and floats: how operands become numbers, and what is done with those.
//!
//! Part of stage 3, compile. Numbers are values: a primitive changes no register but those that it has taken for
//! itself, so a meaning may use what it has got as often as it likes, and a slow path finds all operands where they
//! were. An operand that came boxed is checked at once, and unboxed only where it is used: straight into the register
//! that the result will be in.

use super::asm::{Alu, CX, Cond, FloatOp, RAX, RDX, Reg, Shift, TAG, Xmm};
use super::emit::Emitter;
use super::stubs::MAX_FLOAT;
use super::values::{FTMP, Item, Repr, TMP};
use crate::profile::Kinds;
use runtime::Value;

/// An int known to be one.
#[derive(Clone, Copy, Debug)]
pub enum Int {
    /// Known, of 48 bits.
    Const(i64),
    /// Boxed, of 48 bits.
    Boxed(Reg),
    /// Shifted left by 16; of 48 bits.
    Shifted(Reg),
    /// As it is.
    Raw(Reg),
}

impl Int {
    /// Whether it may need more than 48 bits.
    fn is_raw(self) -> bool {
        matches!(self, Int::Raw(_))
    }

    /// Whether it is known to be this one.
    pub fn is(self, n: i64) -> bool {
        matches!(self, Int::Const(c) if c == n)
    }
}

/// A float known to be one.
#[derive(Clone, Copy, Debug)]
pub enum Float {
    /// The bits of a known one.
    Const(u64),
    /// Boxed: its bits in a general register.
    Boxed(Reg),
    /// In a register.
    Reg(Xmm),
    /// The float nearest to an int.
    OfInt(Int),
}

/// Registers that an instruction of the machine needs for itself, and where what they held is meanwhile.
pub struct Borrowed<const N: usize> {
    registers: [Reg; N],
    /// Where it is what was in each of them, if something was.
    saved: [Option<Reg>; N],
    /// For a result in a register that has to be given back.
    spare: Option<Reg>,
}

impl Emitter<'_> {
    /// The int that an operand is, or else on to the slow path.
    pub fn int(&mut self, item: Item) -> Int {
        match item {
            Item::Gpr(r, Repr::Shifted) => Int::Shifted(r),
            Item::Gpr(r, Repr::Raw) => Int::Raw(r),
            Item::Const(bits) => match Value::from_bits(bits).as_small_int() {
                Some(i) => Int::Const(i),
                None => self.not_an_int(),
            },
            Item::Gpr(_, Repr::Boxed) | Item::Local(_) => {
                let fail = self.fail_label();
                let r = self.boxed_operand(item);
                self.settle();
                if self.seen.large() {
                    let to = self.take();
                    self.unbox_any(r, to, fail);
                    return Int::Raw(to);
                }
                self.asm.alu(Alu::Cmp, r, TAG);
                self.asm.jump_if(Cond::Below, fail);
                Int::Boxed(r)
            }
            Item::Gpr(_, Repr::Bool) | Item::Float(_) | Item::Mem | Item::Flags(_) => self.not_an_int(),
        }
    }

    /// The fast path never applies.
    fn not_an_int(&mut self) -> Int {
        let fail = self.fail_label();
        self.asm.jump(fail);
        Int::Const(0)
    }

    /// The float that an operand is; an int is converted.
    pub fn float(&mut self, item: Item, kinds: Kinds) -> Float {
        match item {
            Item::Float(x) => Float::Reg(x),
            Item::Const(bits) => {
                let value = Value::from_bits(bits);
                match (value.as_float(), value.as_small_int()) {
                    (Some(f), _) => Float::Const(f.to_bits()),
                    (None, Some(i)) => Float::Const((i as f64).to_bits()),
                    (None, None) => self.not_a_float(),
                }
            }
            Item::Gpr(r, Repr::Shifted) => Float::OfInt(Int::Shifted(r)),
            Item::Gpr(_, Repr::Boxed) | Item::Local(_) => {
                let fail = self.fail_label();
                let r = self.boxed_operand(item);
                self.settle();
                if kinds == Kinds::INT {
                    self.asm.alu(Alu::Cmp, r, TAG);
                    self.asm.jump_if(Cond::Below, fail);
                    Float::OfInt(Int::Boxed(r))
                } else {
                    self.asm.alu_mem(Alu::Cmp, r, CX, MAX_FLOAT);
                    self.asm.jump_if(Cond::Above, fail);
                    Float::Boxed(r)
                }
            }
            Item::Gpr(..) | Item::Mem | Item::Flags(_) => self.not_a_float(),
        }
    }

    fn not_a_float(&mut self) -> Float {
        let fail = self.fail_label();
        self.asm.jump(fail);
        Float::Const(0)
    }

    /// An operand as a value, in a register that holds it until the instruction ends.
    fn boxed_operand(&mut self, item: Item) -> Reg {
        match item {
            Item::Local(slot) if self.pin(slot).is_none() => {
                let to = self.take();
                self.boxed(item, to)
            }
            item => self.boxed(item, TMP),
        }
    }

    /// An int as 64 bits in a register: where it is, or in `to`.
    pub fn raw_in(&mut self, a: Int, to: Reg) -> Reg {
        self.settle();
        match a {
            Int::Const(i) => self.asm.constant(to, i as u64),
            Int::Raw(r) => return r,
            Int::Shifted(r) => {
                self.asm.mov(to, r);
                self.asm.shift(Shift::Arithmetic, to, 16);
            }
            Int::Boxed(r) => {
                self.asm.mov(to, r);
                self.asm.shift(Shift::Left, to, 16);
                self.asm.shift(Shift::Arithmetic, to, 16);
            }
        }
        to
    }

    /// A copy of an int, as 64 bits.
    pub fn raw_copy(&mut self, a: Int) -> Reg {
        let to = self.take();
        let r = self.raw_in(a, to);
        self.asm.mov(to, r);
        to
    }

    /// An int of 48 bits, shifted, in a register: where it is, or in `to`.
    pub fn shifted_in(&mut self, a: Int, to: Reg) -> Reg {
        self.settle();
        match a {
            Int::Const(i) => self.asm.constant(to, (i << 16) as u64),
            Int::Shifted(r) => return r,
            Int::Boxed(r) => {
                self.asm.mov(to, r);
                self.asm.shift(Shift::Left, to, 16);
            }
            Int::Raw(_) => self.fail_with("an int is not shifted"),
        }
        to
    }

    /// A copy of an int of 48 bits, shifted.
    pub fn shifted_copy(&mut self, a: Int) -> Reg {
        let to = self.take();
        let r = self.shifted_in(a, to);
        self.asm.mov(to, r);
        to
    }

    /// A copy of an int, to be changed: shifted, or raw if it may need more than 48 bits. With the name of what is there.
    pub fn copy(&mut self, a: Int) -> (Reg, Int) {
        if a.is_raw() {
            let to = self.raw_copy(a);
            (to, Int::Raw(to))
        } else {
            let to = self.shifted_copy(a);
            (to, Int::Shifted(to))
        }
    }

    /// An operation of two ints; on registers shifted by 16 unless one of them is raw.
    pub fn int_op(&mut self, op: Alu, a: Int, b: Int, may_overflow: bool) -> Int {
        let to;
        let raw = a.is_raw() || b.is_raw();
        if raw {
            to = self.raw_copy(a);
            match b {
                Int::Const(i) if i32::try_from(i).is_ok() => self.asm.alu_imm(op, to, i as i32),
                b => {
                    let r = self.raw_in(b, TMP);
                    self.asm.alu(op, to, r);
                }
            }
        } else {
            to = self.shifted_copy(a);
            match b {
                Int::Const(i) if i32::try_from(i << 16).is_ok() => {
                    self.asm.alu_imm(op, to, (i << 16) as i32);
                }
                b => {
                    let r = self.shifted_in(b, TMP);
                    self.asm.alu(op, to, r);
                }
            }
        }
        if may_overflow {
            let fail = self.fail_label();
            self.asm.jump_if(Cond::Overflow, fail);
        }
        match (op, b) {
            // What a mask leaves fits again.
            (Alu::And, Int::Const(i)) if raw && i >= 0 => {
                self.asm.shift(Shift::Left, to, 16);
                Int::Shifted(to)
            }
            _ if raw => Int::Raw(to),
            _ => Int::Shifted(to),
        }
    }

    /// Sees to it that these registers may be changed until [`Emitter::give_back`]: what they hold goes to others. All
    /// registers that this takes are taken before the first one changes, since there may be too few.
    fn borrow<const N: usize>(&mut self, registers: [Reg; N]) -> Borrowed<N> {
        self.settle();
        let free = registers.map(|r| self.regs.try_hold(r));
        let saved = free.map(|free| if free { None } else { Some(self.take()) });
        let spare = if free.contains(&false) { Some(self.take()) } else { None };
        for (r, saved) in registers.into_iter().zip(saved) {
            if let Some(saved) = saved {
                self.asm.mov(saved, r);
            }
        }
        Borrowed { registers, saved, spare }
    }

    /// Puts back what borrowed registers held. The result, in one of them, goes to another if need be, and is held; the
    /// rest is free again.
    fn give_back<const N: usize>(&mut self, borrowed: Borrowed<N>, result: Reg) -> Reg {
        let Borrowed { registers, saved, spare } = borrowed;
        let mut kept = result;
        for (r, saved) in registers.into_iter().zip(saved) {
            match (saved, spare) {
                (Some(_), Some(spare)) if r == result => {
                    self.asm.mov(spare, r);
                    kept = spare;
                }
                (None, _) if r != result => self.regs.drop_held(r),
                _ => {}
            }
        }
        for (r, saved) in registers.into_iter().zip(saved) {
            if let Some(saved) = saved {
                self.asm.mov(r, saved);
                self.regs.drop_held(saved);
            }
        }
        if let Some(spare) = spare.filter(|spare| *spare != kept) {
            self.regs.drop_held(spare);
        }
        kept
    }

    /// An int as 64 bits in a register that is not `rax` or `rdx`: where it is, or in [`TMP`].
    fn raw_aside(&mut self, a: Int) -> Reg {
        let r = self.raw_in(a, TMP);
        if r == RAX || r == RDX {
            self.asm.mov(TMP, r);
            return TMP;
        }
        r
    }

    /// The floored quotient, or the remainder; `None` if there is no fast path.
    pub fn divide(&mut self, a: Int, b: Int, remainder: bool) -> Option<Int> {
        if b.is(0) || a.is_raw() && b.is(-1) {
            return None;
        }
        if let Int::Const(c) = b
            && c > 0
            && c & (c - 1) == 0
            && !a.is_raw()
        {
            let to = self.shifted_copy(a);
            if remainder {
                self.mask(to, (c - 1) << 16);
            } else {
                self.asm.shift(Shift::Arithmetic, to, c.trailing_zeros() as u8);
                self.asm.alu_imm(Alu::And, to, -0x1_0000);
            }
            return Some(Int::Shifted(to));
        }
        if let Int::Const(c @ 3..) = b
            && let Ok(c) = i32::try_from(c)
            && c & (c - 1) != 0
        {
            return Some(self.divide_by_constant(a, c, remainder));
        }
        let by = self.raw_aside(b);
        if !matches!(b, Int::Const(_)) {
            let fail = self.fail_label();
            self.asm.test(by);
            self.asm.jump_if(Cond::Equal, fail);
            if a.is_raw() {
                // The least int by -1 does not fit, and traps.
                self.asm.alu_imm(Alu::Cmp, by, -1);
                self.asm.jump_if(Cond::Equal, fail);
            }
        }
        let borrowed = self.borrow([RAX, RDX]);
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
        let result = self.give_back(borrowed, result);
        let small = !b.is_raw() && remainder || !a.is_raw() && matches!(b, Int::Const(c) if c > 0);
        if small {
            self.asm.shift(Shift::Left, result, 16);
            return Some(Int::Shifted(result));
        }
        Some(Int::Raw(result))
    }

    /// The same by a positive constant that is no power of two: a multiplication by its reciprocal, which takes a
    /// fourth of the time.
    fn divide_by_constant(&mut self, a: Int, c: i32, remainder: bool) -> Int {
        let (magic, shift) = reciprocal(c as u32);
        let n = self.raw_aside(a);
        let borrowed = self.borrow([RAX, RDX]);
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
        let result = self.give_back(borrowed, result);
        if remainder || !a.is_raw() {
            self.asm.shift(Shift::Left, result, 16);
            return Int::Shifted(result);
        }
        Int::Raw(result)
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

    /// A float in a register: where it is, or in `to`.
    pub fn float_in(&mut self, a: Float, to: Xmm) -> Xmm {
        match a {
            Float::Reg(x) => return x,
            Float::Boxed(r) => self.asm.float_from_bits(to, r),
            Float::Const(bits) => {
                self.asm.constant(TMP, bits);
                self.asm.float_from_bits(to, TMP);
            }
            Float::OfInt(int) => {
                let r = self.raw_in(int, TMP);
                self.asm.int_to_float(to, r);
            }
        }
        to
    }

    /// A copy of a float.
    pub fn float_copy(&mut self, a: Float) -> Xmm {
        let to = self.take_float();
        let x = self.float_in(a, to);
        self.asm.float_mov(to, x);
        to
    }

    /// A float in a register that holds it until the instruction ends.
    pub fn float_reg(&mut self, a: Float) -> Xmm {
        match a {
            Float::Reg(x) => x,
            a => self.float_copy(a),
        }
    }

    /// The bits of a float in a register: where they are, or in `to`.
    pub fn float_bits_in(&mut self, a: Float, to: Reg) -> Reg {
        match a {
            Float::Boxed(r) => return r,
            Float::Const(bits) => self.asm.constant(to, bits),
            Float::Reg(_) | Float::OfInt(_) => {
                let x = self.float_in(a, FTMP);
                self.asm.float_bits(to, x);
            }
        }
        to
    }

    pub fn float_op(&mut self, op: FloatOp, a: Float, b: Float) -> Float {
        let to = self.float_copy(a);
        let by = self.float_in(b, FTMP);
        self.asm.float_op(op, to, by);
        Float::Reg(to)
    }
}

/// What to multiply with, and by how much to shift the upper half of the product, to divide an int of 64 bits by a
/// constant of at least 2, rounding towards zero once 1 is added for negative ones. The multiplier is of 65 bits if it
/// is negative: the dividend is added to the upper half.
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
