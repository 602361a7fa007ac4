//! The emitter as a [`Machine`]: what each primitive is in machine code.
//!
//! Part of stage 3, compile. A primitive changes no register but those that it has taken for itself, and the flags only after
//! [`Emitter::settle`]: so whatever the meaning has computed so far stays as it is. One that needs a certain register borrows it
//! ([`super::numbers`]). Effects are left out where the interpreter has executed the instruction.

use super::asm::{Alu, BASE, CX, Cond, FloatOp, RAX, RDX, Reg, Shift, TAG};
use super::emit::{Asked, Emitter, Plan, Test};
use super::numbers::{Float, Int};
use super::stubs::{
    FALSE_BITS, FRAME_DELTA, FRAME_NATIVE, FRAME_PLACE, FRAME_SIZE, FRAMES, FRAMES_END, FRAMES_TOP,
    FUNCTIONS, GLOBALS, STACK_END,
};
use super::values::{FTMP, Item, PINS, Repr, TMP};
use crate::abi::baseline::{BaselineExit, FunctionEntry};
use crate::profile::{Feedback, Kinds};
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
use bytecode::{Builtin1, FormFacts, Routine, Shape};
use runtime::Value;
use std::convert::Infallible;

fn signed(cmp: Cmp) -> Cond {
    match cmp {
        Cmp::Eq => Cond::Equal,
        Cmp::Ne => Cond::NotEqual,
        Cmp::Lt => Cond::Less,
        Cmp::Le => Cond::LessEqual,
        Cmp::Gt => Cond::Greater,
        Cmp::Ge => Cond::GreaterEqual,
    }
}

impl Emitter<'_> {
    fn general(&mut self) -> Item {
        self.step_in_line();
        Item::Mem
    }

    /// What a general register holds, as a value of its own: not in one that mirrors a local, which may change.
    fn own(&mut self, r: Reg) -> Item {
        if !PINS.contains(&r) {
            return Item::Gpr(r, Repr::Boxed);
        }
        let to = self.take();
        self.asm.mov(to, r);
        Item::Gpr(to, Repr::Boxed)
    }
}

/// An object whose slots are known: there is none here.
#[derive(Clone, Copy)]
pub enum NoObject {}

impl Machine for Emitter<'_> {
    type Value = Item;
    type Int = Int;
    type Float = Float;
    type Bool = Test;
    type Object = NoObject;
    type Exit = Infallible;

    fn push(&mut self, value: Item) {
        // An instruction that the interpreter executed has left its result in its slot.
        let item = match value {
            _ if self.stepped || self.out_of_registers => Item::Mem,
            // Something else has needed the flags since.
            Item::Flags(_) => match self.asked[self.fused] {
                Asked::Reg(r) => Item::Gpr(r, Repr::Bool),
                Asked::Flags(_) => value,
            },
            value => value,
        };
        self.push_item(item);
    }

    fn pop(&mut self) -> Item {
        self.pop_item()
    }

    fn constant(&mut self, k: u32) -> Item {
        Item::Const(self.request.constants[k as usize].bits())
    }

    fn local(&mut self, slot: u32) -> Item {
        match self.writes.iter().rev().find(|(written, _)| *written == slot) {
            Some(&(_, value)) => value,
            None => Item::Local(slot),
        }
    }

    fn set_local(&mut self, slot: u32, value: Item) {
        if !self.stepped {
            self.writes.push((slot, value));
        }
    }

    fn global(&mut self, slot: u32) -> Item {
        let to = self.take();
        self.asm.load(TMP, CX, GLOBALS);
        self.asm.load(to, TMP, 8 * slot as i32);
        Item::Gpr(to, Repr::Boxed)
    }

    fn set_global(&mut self, slot: u32, value: Item) {
        if self.stepped {
            return;
        }
        self.settle();
        let to = self.take();
        let r = self.boxed(value, to);
        self.asm.load(TMP, CX, GLOBALS);
        self.asm.store(TMP, 8 * slot as i32, r);
    }

    fn pair(&mut self, a: Item, b: Item, mixed: Mixed) -> Flow<Self, Pair<Self>> {
        self.speculated = true;
        self.maybe_fail();
        Ok(match self.plan {
            Plan::Ints => {
                let (x, y) = (self.int(a), self.int(b));
                self.record(Feedback::INTS);
                Pair::Ints(x, y)
            }
            Plan::Floats if mixed != Mixed::Never => {
                let (left, right) = (self.seen.left(), self.seen.right());
                let (x, y) = (self.float(a, left), self.float(b, right));
                Pair::Floats(x, y)
            }
            Plan::Floats | Plan::General => Pair::Other,
        })
    }

    fn single(&mut self, a: Item) -> Flow<Self, Single<Self>> {
        self.speculated = true;
        self.maybe_fail();
        Ok(match self.plan {
            Plan::Ints => {
                let x = self.int(a);
                self.record(Feedback::single(Kinds::INT));
                Single::Int(x)
            }
            Plan::Floats => Single::Float(self.float(a, self.seen.left())),
            Plan::General => Single::Other,
        })
    }

    fn truth(&mut self, a: Item) -> Flow<Self, Test> {
        self.asked_truth = true;
        self.settle();
        Ok(match a {
            Item::Flags(cond) => self.in_flags(cond),
            Item::Gpr(r, Repr::Bool | Repr::Shifted | Repr::Raw) => {
                self.asm.test(r);
                self.in_flags(Cond::NotEqual)
            }
            Item::Const(bits) if Value::from_bits(bits).as_bool().is_some() => {
                Test::Known(bits == Value::TRUE.bits())
            }
            Item::Const(bits) if Value::from_bits(bits).as_small_int().is_some() => {
                Test::Known(Value::from_bits(bits).as_small_int() != Some(0))
            }
            Item::Float(x) => {
                // Not a number counts as true, and compares as "unordered" with "equal" set: the mask has it right.
                self.asm.float_zero(FTMP);
                self.asm.float_equal_mask(FTMP, x);
                self.asm.float_bits(TMP, FTMP);
                self.asm.test(TMP);
                self.in_flags(Cond::Equal)
            }
            Item::Gpr(_, Repr::Boxed) | Item::Local(_) | Item::Const(_) => {
                self.maybe_fail();
                let fail = self.fail_label();
                if self.seen.left() == Kinds::BOOL {
                    let r = self.boxed(a, TMP);
                    self.asm.mov(TMP, r);
                    self.asm.alu_mem(Alu::Sub, TMP, CX, FALSE_BITS);
                    self.asm.alu_imm(Alu::Cmp, TMP, 1);
                    self.asm.jump_if(Cond::Above, fail);
                    self.in_flags(Cond::Equal)
                } else {
                    // The least int as an unsigned number is 0.
                    self.record(Feedback::single(Kinds::INT));
                    let r = self.boxed(a, TMP);
                    self.asm.alu(Alu::Cmp, r, TAG);
                    self.asm.jump_if(Cond::Below, fail);
                    self.in_flags(Cond::NotEqual)
                }
            }
            // The interpreter has executed the instruction.
            Item::Mem if self.stepped => Test::Known(true),
            Item::Mem => {
                self.fail_with("an operand was not loaded");
                Test::Known(true)
            }
        })
    }

    fn box_int(&mut self, a: Int) -> Item {
        match a {
            Int::Const(i) => match Value::small_int(i) {
                Some(value) => Item::Const(value.bits()),
                None => {
                    self.fail_with("a constant does not fit");
                    Item::Const(0)
                }
            },
            Int::Boxed(r) => self.own(r),
            Int::Shifted(r) => Item::Gpr(r, Repr::Shifted),
            Int::Raw(r) => Item::Gpr(r, Repr::Raw),
        }
    }

    fn box_float(&mut self, a: Float) -> Item {
        match a {
            Float::Const(bits) => Item::Const(Value::float(f64::from_bits(bits)).bits()),
            Float::Boxed(r) => self.own(r),
            Float::Reg(x) => Item::Float(x),
            Float::OfInt(_) => Item::Float(self.float_copy(a)),
        }
    }

    fn box_bool(&mut self, a: Test) -> Item {
        let (number, negated) = match a {
            Test::Known(known) => return Item::Const(Value::bool(known).bits()),
            Test::Asked { number, negated } => (number, negated),
        };
        let cond = match self.asked[number] {
            Asked::Reg(r) if !negated => return Item::Gpr(r, Repr::Bool),
            _ => self.flags(number, negated),
        };
        if std::mem::take(&mut self.fuse) {
            self.fused = self.asked.len();
            self.in_flags(cond);
            return Item::Flags(cond);
        }
        let to = self.take();
        self.asm.set(cond, to);
        Item::Gpr(to, Repr::Bool)
    }

    fn int_const(&mut self, i: i64) -> Int {
        if Value::small_int(i).is_some() {
            return Int::Const(i);
        }
        let to = self.take();
        self.asm.constant(to, i as u64);
        Int::Raw(to)
    }

    fn float_const(&mut self, f: f64) -> Float {
        Float::Const(f.to_bits())
    }

    fn int_add(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(match (a, b) {
            (Int::Const(a), Int::Const(b)) => small(a + b),
            // So that the constant is the operand that may be immediate.
            (Int::Const(_), b) => Some(self.int_op(Alu::Add, b, a, true)),
            (a, b) => Some(self.int_op(Alu::Add, a, b, true)),
        })
    }

    fn int_sub(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(match (a, b) {
            (Int::Const(a), Int::Const(b)) => small(a - b),
            (a, b) => Some(self.int_op(Alu::Sub, a, b, true)),
        })
    }

    fn int_mul(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        if let (Int::Const(a), Int::Const(b)) = (a, b) {
            return Ok(a.checked_mul(b).and_then(small));
        }
        let (a, b) = if matches!(a, Int::Const(_)) { (b, a) } else { (a, b) };
        // The product may be of 64 bits: both raw.
        let to = self.take();
        match b {
            Int::Const(b) if let Ok(b) = i32::try_from(b) => {
                let from = self.raw_in(a, to);
                self.asm.multiply_imm(to, from, b);
            }
            b => {
                let from = self.raw_in(a, to);
                self.asm.mov(to, from);
                let with = self.raw_in(b, TMP);
                self.asm.multiply(to, with);
            }
        }
        let fail = self.fail_label();
        self.asm.jump_if(Cond::Overflow, fail);
        Ok(Some(Int::Raw(to)))
    }

    fn int_div(&mut self, a: Int, b: Int) -> Flow<Self, Option<Float>> {
        // Small ints are floats without loss, and their quotient is rounded once.
        if matches!((a, b), (Int::Raw(_), _) | (_, Int::Raw(_))) || b.is(0) {
            return Ok(None);
        }
        let by = self.raw_in(b, TMP);
        if !matches!(b, Int::Const(_)) {
            let fail = self.fail_label();
            self.asm.test(by);
            self.asm.jump_if(Cond::Equal, fail);
        }
        self.asm.int_to_float(FTMP, by);
        let to = self.float_copy(Float::OfInt(a));
        self.asm.float_op(FloatOp::Div, to, FTMP);
        Ok(Some(Float::Reg(to)))
    }

    fn int_floordiv(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(self.divide(a, b, false))
    }

    fn int_mod(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(self.divide(a, b, true))
    }

    fn int_neg(&mut self, a: Int) -> Flow<Self, Option<Int>> {
        if let Int::Const(i) = a {
            return Ok(small(-i));
        }
        let (to, result) = self.copy(a);
        let fail = self.fail_label();
        self.asm.neg(to);
        self.asm.jump_if(Cond::Overflow, fail);
        Ok(Some(result))
    }

    fn int_abs(&mut self, a: Int) -> Flow<Self, Option<Int>> {
        if let Int::Const(i) = a {
            return Ok(small(i.abs()));
        }
        let (to, result) = self.copy(a);
        // Flips the bits of a negative one and adds 1; of the least int, that overflows.
        let fail = self.fail_label();
        self.asm.mov(TMP, to);
        self.asm.shift(Shift::Arithmetic, TMP, 63);
        self.asm.alu(Alu::Xor, to, TMP);
        self.asm.alu(Alu::Sub, to, TMP);
        self.asm.jump_if(Cond::Overflow, fail);
        Ok(Some(result))
    }

    fn int_and(&mut self, a: Int, b: Int) -> Int {
        match (a, b) {
            (Int::Const(a), Int::Const(b)) => Int::Const(a & b),
            (Int::Const(_), b) => self.int_op(Alu::And, b, a, false),
            (a, b) => self.int_op(Alu::And, a, b, false),
        }
    }

    fn int_or(&mut self, a: Int, b: Int) -> Int {
        match (a, b) {
            (Int::Const(a), Int::Const(b)) => Int::Const(a | b),
            (Int::Const(_), b) => self.int_op(Alu::Or, b, a, false),
            (a, b) => self.int_op(Alu::Or, a, b, false),
        }
    }

    fn int_xor(&mut self, a: Int, b: Int) -> Int {
        match (a, b) {
            (Int::Const(a), Int::Const(b)) => Int::Const(a ^ b),
            (Int::Const(_), b) => self.int_op(Alu::Xor, b, a, false),
            (a, b) => self.int_op(Alu::Xor, a, b, false),
        }
    }

    fn int_not(&mut self, a: Int) -> Int {
        if let Int::Const(i) = a {
            return Int::Const(!i);
        }
        let (to, result) = self.copy(a);
        self.asm.not(to);
        if let Int::Shifted(_) = result {
            self.asm.alu_imm(Alu::And, to, -0x1_0000);
        }
        result
    }

    fn int_shl(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        let Int::Const(by @ 0..=62) = b else { return Ok(None) };
        let (to, check) = (self.raw_copy(a), self.take());
        let fail = self.fail_label();
        // The operand is needed once more.
        let kept = match a {
            Int::Raw(r) => r,
            _ => {
                self.asm.mov(TMP, to);
                TMP
            }
        };
        self.asm.shift(Shift::Left, to, by as u8);
        self.asm.mov(check, to);
        self.asm.shift(Shift::Arithmetic, check, by as u8);
        self.asm.alu(Alu::Cmp, check, kept);
        self.asm.jump_if(Cond::NotEqual, fail);
        Ok(Some(Int::Raw(to)))
    }

    fn int_shr(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        let Int::Const(by @ 0..) = b else { return Ok(None) };
        let by = by.min(63) as u8;
        let (to, result) = self.copy(a);
        self.asm.shift(Shift::Arithmetic, to, by);
        if let Int::Shifted(_) = result {
            self.asm.alu_imm(Alu::And, to, -0x1_0000);
        }
        Ok(Some(result))
    }

    fn int_to_float(&mut self, a: Int) -> Float {
        Float::OfInt(a)
    }

    fn int_compare(&mut self, cmp: Cmp, a: Int, b: Int) -> Test {
        let (cmp, a, b) = match (a, b) {
            (Int::Const(a), Int::Const(b)) => return Test::Known(cmp.holds(a.cmp(&b))),
            (Int::Const(_), _) => (cmp.swapped(), b, a),
            _ => (cmp, a, b),
        };
        self.settle();
        match (a, b) {
            // Equal ints have equal boxes.
            (Int::Boxed(x), Int::Boxed(y)) if matches!(cmp, Cmp::Eq | Cmp::Ne) => {
                self.asm.alu(Alu::Cmp, x, y);
            }
            (Int::Raw(x), Int::Const(i)) if let Ok(i) = i32::try_from(i) => {
                self.asm.alu_imm(Alu::Cmp, x, i);
            }
            (Int::Raw(_), b) | (_, b @ Int::Raw(_)) => {
                let y = self.raw_in(b, TMP);
                let to = if y == TMP { self.take() } else { TMP };
                let x = self.raw_in(a, to);
                self.asm.alu(Alu::Cmp, x, y);
            }
            (a, Int::Const(i)) if let Ok(i) = i32::try_from(i << 16) => {
                let x = self.shifted_in(a, TMP);
                self.asm.alu_imm(Alu::Cmp, x, i);
            }
            (a, b) => {
                let y = self.shifted_in(b, TMP);
                let to = if y == TMP { self.take() } else { TMP };
                let x = self.shifted_in(a, to);
                self.asm.alu(Alu::Cmp, x, y);
            }
        }
        self.in_flags(signed(cmp))
    }

    fn int_select(&mut self, condition: Test, a: Int, b: Int) -> Int {
        let (number, negated) = match condition {
            Test::Known(known) => return if known { a } else { b },
            Test::Asked { number, negated } => (number, negated),
        };
        // Copying changes the flags.
        self.settle();
        let (to, with, result);
        if matches!((a, b), (Int::Raw(_), _) | (_, Int::Raw(_))) {
            to = self.raw_copy(b);
            with = self.raw_in(a, TMP);
            result = Int::Raw(to);
        } else {
            to = self.shifted_copy(b);
            with = self.shifted_in(a, TMP);
            result = Int::Shifted(to);
        }
        let cond = self.flags(number, negated);
        self.asm.mov_if(cond, to, with);
        result
    }

    fn float_select(&mut self, condition: Test, a: Float, b: Float) -> Float {
        let (number, negated) = match condition {
            Test::Known(known) => return if known { a } else { b },
            Test::Asked { number, negated } => (number, negated),
        };
        self.settle();
        let to = self.take();
        let r = self.float_bits_in(b, to);
        self.asm.mov(to, r);
        let with = self.float_bits_in(a, TMP);
        let cond = self.flags(number, negated);
        self.asm.mov_if(cond, to, with);
        Float::Boxed(to)
    }

    fn float_add(&mut self, a: Float, b: Float) -> Float {
        self.float_op(FloatOp::Add, a, b)
    }

    fn float_sub(&mut self, a: Float, b: Float) -> Float {
        self.float_op(FloatOp::Sub, a, b)
    }

    fn float_mul(&mut self, a: Float, b: Float) -> Float {
        self.float_op(FloatOp::Mul, a, b)
    }

    fn float_div(&mut self, a: Float, b: Float) -> Flow<Self, Option<Float>> {
        self.settle();
        let (fail, by) = (self.fail_label(), self.float_reg(b));
        // Not a number is not equal to zero.
        self.asm.float_zero(FTMP);
        self.asm.float_equal_mask(FTMP, by);
        self.asm.float_bits(TMP, FTMP);
        self.asm.test(TMP);
        self.asm.jump_if(Cond::NotEqual, fail);
        Ok(Some(self.float_op(FloatOp::Div, a, Float::Reg(by))))
    }

    fn float_neg(&mut self, a: Float) -> Float {
        self.settle();
        let to = self.take_float();
        let r = self.float_bits_in(a, TMP);
        self.asm.mov(TMP, r);
        self.asm.flip_sign_bit(TMP);
        self.asm.float_from_bits(to, TMP);
        Float::Reg(to)
    }

    fn float_abs(&mut self, a: Float) -> Float {
        self.settle();
        let to = self.take_float();
        let r = self.float_bits_in(a, TMP);
        self.asm.mov(TMP, r);
        self.asm.shift(Shift::Left, TMP, 1);
        self.asm.shift(Shift::Right, TMP, 1);
        self.asm.float_from_bits(to, TMP);
        Float::Reg(to)
    }

    fn float_sqrt(&mut self, a: Float) -> Flow<Self, Option<Float>> {
        self.settle();
        let (fail, to) = (self.fail_label(), self.take_float());
        let x = self.float_in(a, to);
        // "Below" holds of what is not a number as well.
        self.asm.float_zero(FTMP);
        self.asm.float_compare(x, FTMP);
        self.asm.jump_if(Cond::Below, fail);
        self.asm.float_op(FloatOp::Sqrt, to, x);
        Ok(Some(Float::Reg(to)))
    }

    fn float_to_int(&mut self, a: Float, rounding: Rounding) -> Flow<Self, Option<Int>> {
        self.settle();
        let (to, fail, x) = (self.take(), self.fail_label(), self.float_reg(a));
        // The least int is the answer where there is none: the only one from which 1 cannot be taken.
        self.asm.float_to_int(to, x);
        self.asm.alu_imm(Alu::Cmp, to, 1);
        self.asm.jump_if(Cond::Overflow, fail);
        if rounding == Rounding::Truncate {
            return Ok(Some(Int::Raw(to)));
        }
        // One more or less where cutting off the decimals went the wrong way.
        let done = self.asm.label();
        self.asm.int_to_float(FTMP, to);
        if rounding == Rounding::Floor {
            self.asm.float_compare(FTMP, x);
        } else {
            self.asm.float_compare(x, FTMP);
        }
        self.asm.jump_if(Cond::BelowEqual, done);
        let op = if rounding == Rounding::Floor { Alu::Sub } else { Alu::Add };
        self.asm.alu_imm(op, to, 1);
        self.asm.bind(done);
        Ok(Some(Int::Raw(to)))
    }

    fn float_compare(&mut self, cmp: Cmp, a: Float, b: Float) -> Test {
        self.settle();
        // "Below" holds of what is not a number as well, so the operands stand so that "above" is asked.
        let (a, b) = if matches!(cmp, Cmp::Lt | Cmp::Le) { (b, a) } else { (a, b) };
        let y = self.float_reg(b);
        let x = self.float_in(a, FTMP);
        let cond = match cmp {
            Cmp::Lt | Cmp::Gt => {
                self.asm.float_compare(x, y);
                Cond::Above
            }
            Cmp::Le | Cmp::Ge => {
                self.asm.float_compare(x, y);
                Cond::AboveEqual
            }
            Cmp::Eq | Cmp::Ne => {
                self.asm.float_mov(FTMP, x);
                self.asm.float_equal_mask(FTMP, y);
                self.asm.float_bits(TMP, FTMP);
                self.asm.test(TMP);
                if cmp == Cmp::Eq { Cond::NotEqual } else { Cond::Equal }
            }
        };
        self.in_flags(cond)
    }

    fn bool_not(&mut self, a: Test) -> Test {
        match a {
            Test::Known(known) => Test::Known(!known),
            Test::Asked { number, negated } => Test::Asked { number, negated: !negated },
        }
    }

    fn binary(&mut self, _: BinOp, _: Item, _: Item) -> Flow<Self, Item> {
        Ok(self.general())
    }

    fn unary(&mut self, _: UnOp, _: Item) -> Flow<Self, Item> {
        Ok(self.general())
    }

    fn setting(&mut self, _: Builtin1, _: Item) -> Flow<Self, Item> {
        // The limit on calls is in the context that this code was entered with, and how many are active is not in the
        // Vm's frames.
        self.leave_in_line();
        Ok(Item::Mem)
    }

    fn routine(&mut self, _: Routine, inputs: u32, _: u32) -> Flow<Self, Item> {
        // The interpreter takes all of them from memory.
        self.flush_below(0);
        let result = self.general();
        self.discard(inputs);
        Ok(result)
    }

    fn form(&mut self, form: u32) -> FormFacts {
        let facts = self.request.forms.get(form as usize).copied().unwrap_or_default();
        // Objects have no fast paths here.
        FormFacts { known: None, ..facts }
    }

    fn none(&mut self) -> Item {
        Item::Const(Value::NONE.bits())
    }

    fn peek(&mut self, _: u32) -> Item {
        Item::Mem
    }

    fn object(&mut self, _: Item, _: &'static [Shape]) -> Flow<Self, Option<(Shape, NoObject)>> {
        Ok(None)
    }

    fn field(&mut self, no: NoObject, _: u32) -> NoObject {
        match no {}
    }

    fn count(&mut self, no: NoObject, _: u32) -> Int {
        match no {}
    }

    fn set_count(&mut self, no: NoObject, _: u32, _: Int) {
        match no {}
    }

    fn size(&mut self, no: NoObject) -> Int {
        match no {}
    }

    fn int_index(&mut self, _: Int, _: Int) -> Flow<Self, Option<Int>> {
        Ok(None)
    }

    fn int_below(&mut self, _: Int, _: Int) -> Flow<Self, Option<Int>> {
        Ok(None)
    }

    fn element(&mut self, no: NoObject, _: Int) -> Item {
        match no {}
    }

    fn storable(&mut self, _: Item) -> Flow<Self, Option<Item>> {
        Ok(None)
    }

    fn set_element(&mut self, no: NoObject, _: Int, _: Item) {
        match no {}
    }

    fn pow_mod(&mut self, _: Item, _: Item, _: Item) -> Flow<Self, Item> {
        Ok(self.general())
    }

    fn jump(&mut self, target: u32) -> Flow<Self> {
        self.jump_to(target);
        Ok(())
    }

    fn branch(&mut self, condition: Test, when: bool, target: u32) -> Flow<Self> {
        self.branch_on(condition, when, target);
        Ok(())
    }

    fn call(&mut self, function: u32) -> Flow<Self> {
        self.flush_below(0);
        let callee = &self.request.functions[function as usize];
        let height = self.stack.len() - callee.params as usize;
        let delta = self.slot(height);
        let interpret = self.exit(self.pc, BaselineExit::Execute);
        // Room on the stack of values and in the list of frames; if there is none, the interpreter finds out and says so.
        self.asm.address(RDX, BASE, delta + 8 * callee.frame_size as i32);
        self.asm.alu_mem(Alu::Cmp, RDX, CX, STACK_END);
        self.asm.jump_if(Cond::Above, interpret);
        self.asm.load(RAX, CX, FRAMES_TOP);
        self.asm.alu_mem(Alu::Cmp, RAX, CX, FRAMES_END);
        self.asm.jump_if(Cond::AboveEqual, interpret);
        let back = self.asm.label();
        self.asm.address_of(RDX, back);
        self.asm.store(RAX, FRAME_NATIVE, RDX);
        self.asm.constant(RDX, u64::from(self.pc + 1) << 32 | u64::from(self.request.function));
        self.asm.store(RAX, FRAME_PLACE, RDX);
        self.asm.store_u32(RAX, FRAME_DELTA, delta as u32 / 8);
        self.asm.alu_imm(Alu::Add, RAX, FRAME_SIZE);
        self.asm.store(CX, FRAMES_TOP, RAX);
        self.asm.alu_imm(Alu::Add, BASE, delta);
        self.asm.constant(RDX, u64::from(function));
        self.asm.load(RAX, CX, FUNCTIONS);
        self.asm.jump_mem(RAX, (function as usize * size_of::<FunctionEntry>()) as i32);
        self.asm.bind(back);
        self.asm.alu_imm(Alu::Sub, BASE, delta);
        self.load_sites();
        self.load_pins();
        self.reset_stack(height + 1);
        Ok(())
    }

    fn ret(&mut self, value: Item) -> Flow<Self> {
        let to = self.take();
        let r = self.boxed(value, to);
        self.asm.mov(to, r);
        let (interpret, frames, native) = (self.asm.label(), self.take(), TMP);
        self.asm.load(frames, CX, FRAMES_TOP);
        self.asm.alu_mem(Alu::Cmp, frames, CX, FRAMES);
        self.asm.jump_if(Cond::Equal, interpret);
        self.asm.load(native, frames, FRAME_NATIVE - FRAME_SIZE);
        self.asm.test(native);
        self.asm.jump_if(Cond::Equal, interpret);
        // The callee's first local is where the caller's operand goes.
        self.asm.store(BASE, 0, to);
        self.asm.alu_imm(Alu::Sub, frames, FRAME_SIZE);
        self.asm.store(CX, FRAMES_TOP, frames);
        self.asm.jump_reg(native);
        self.asm.out_of_line();
        self.asm.bind(interpret);
        // The whole operand stack as it was.
        let depth = self.stack.len();
        self.asm.store(BASE, self.slot(depth), to);
        self.flush_below(0);
        self.leave(self.pc, BaselineExit::Execute);
        self.asm.in_line();
        Ok(())
    }

    fn halt(&mut self) -> Flow<Self> {
        self.flush_below(0);
        self.leave(self.pc, BaselineExit::Execute);
        Ok(())
    }

    fn raise_value(&mut self, _: Item, _: bool) -> Flow<Self> {
        // Its operands are on the stack again for the interpreter.
        self.step_in_line();
        Ok(())
    }

    fn raise(&mut self, _: Item, _: Item) -> Flow<Self> {
        // Its operands are on the stack again for the interpreter.
        self.step_in_line();
        Ok(())
    }

    fn print(&mut self, _: Item) -> Flow<Self> {
        self.step_in_line();
        Ok(())
    }

    fn print_char(&mut self, _: Item) -> Flow<Self> {
        self.step_in_line();
        Ok(())
    }

    fn input(&mut self) -> Flow<Self, Item> {
        Ok(self.general())
    }
}

fn small(i: i64) -> Option<Int> {
    Value::small_int(i).map(|_| Int::Const(i))
}
