//! The emitter as a [`Machine`]: what each primitive is in machine code.
//!
//! Part of stage 3, compile. A fast path never changes a register that an operand came in, so that its slow path finds all operands
//! where they were.

use super::asm::{Alu, BASE, CX, Cond, FloatOp, RAX, RDX, Shift, TAG};
use super::emit::{Emitter, Plan, Test};
use super::numbers::{Float, Int, b_is};
use super::stubs::{
    FALSE_BITS, FRAME_DELTA, FRAME_NATIVE, FRAME_PLACE, FRAME_SIZE, FRAMES, FRAMES_END, FRAMES_TOP,
    FUNCTIONS, GLOBALS, STACK_END,
};
use super::values::{FTMP, Item, Repr, TMP};
use crate::abi::baseline::{BaselineExit, FunctionEntry};
use crate::profile::{Feedback, Kinds};
use bytecode::Builtin1;
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
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
}

impl Machine for Emitter<'_> {
    type Value = Item;
    type Int = Int;
    type Float = Float;
    type Bool = Test;
    type Exit = Infallible;

    fn push(&mut self, value: Item) {
        // An instruction that the interpreter executed has left its result in its slot.
        if self.stepped {
            self.stack.push(Item::Mem);
        } else {
            self.push_item(value);
        }
    }

    fn pop(&mut self) -> Item {
        self.pop_item()
    }

    fn constant(&mut self, k: u32) -> Item {
        Item::Const(self.request.constants[k as usize].bits())
    }

    fn local(&mut self, slot: u32) -> Item {
        Item::Local(slot)
    }

    fn set_local(&mut self, slot: u32, value: Item) {
        self.write_local(slot, value);
    }

    fn global(&mut self, slot: u32) -> Item {
        let to = self.take();
        self.asm.load(TMP, CX, GLOBALS);
        self.asm.load(to, TMP, 8 * slot as i32);
        Item::Gpr(to, Repr::Boxed)
    }

    fn set_global(&mut self, slot: u32, value: Item) {
        let to = self.take();
        let r = self.boxed(value, to);
        self.asm.load(TMP, CX, GLOBALS);
        self.asm.store(TMP, 8 * slot as i32, r);
    }

    fn pair(&mut self, a: Item, b: Item, mixed: Mixed) -> Flow<Self, Pair<Self>> {
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
        Ok(match a {
            Item::Flags(cond) => Test::Flags(cond),
            Item::Gpr(r, Repr::Bool | Repr::Shifted | Repr::Raw) => {
                self.asm.test(r);
                Test::Flags(Cond::NotEqual)
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
                Test::Flags(Cond::Equal)
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
                    Test::Flags(Cond::Equal)
                } else {
                    // The least int as an unsigned number is 0.
                    self.record(Feedback::single(Kinds::INT));
                    let r = self.boxed(a, TMP);
                    self.asm.alu(Alu::Cmp, r, TAG);
                    self.asm.jump_if(Cond::Below, fail);
                    Test::Flags(Cond::NotEqual)
                }
            }
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
            Int::Shifted(r, _) => Item::Gpr(r, Repr::Shifted),
            Int::Raw(r, _) => Item::Gpr(r, Repr::Raw),
        }
    }

    fn box_float(&mut self, a: Float) -> Item {
        Item::Float(a.0)
    }

    fn box_bool(&mut self, a: Test) -> Item {
        match a {
            Test::Known(known) => Item::Const(Value::bool(known).bits()),
            Test::Flags(cond) if self.fuse => Item::Flags(cond),
            Test::Flags(cond) => {
                let to = self.take();
                self.asm.set(cond, to);
                Item::Gpr(to, Repr::Bool)
            }
        }
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
        if let Int::Const(b) = b
            && let Ok(b) = i32::try_from(b)
        {
            let (from, to) = match a {
                Int::Raw(r, false) => (r, self.take()),
                a => {
                    let r = self.raw_copy(a);
                    (r, r)
                }
            };
            self.asm.multiply_imm(to, from, b);
            let fail = self.fail_label();
            self.asm.jump_if(Cond::Overflow, fail);
            return Ok(Some(Int::Raw(to, true)));
        }
        let with = match (a, b) {
            // The same register would be shifted twice.
            (Int::Shifted(x, _), Int::Shifted(y, _)) if x == y => None,
            _ => Some(self.raw_in(b, TMP)),
        };
        let to = self.raw_copy(a);
        self.asm.multiply(to, with.unwrap_or(to));
        let fail = self.fail_label();
        self.asm.jump_if(Cond::Overflow, fail);
        Ok(Some(Int::Raw(to, true)))
    }

    fn int_div(&mut self, a: Int, b: Int) -> Flow<Self, Option<Float>> {
        // Small ints are floats without loss, and their quotient is rounded once.
        if matches!((a, b), (Int::Raw(..), _) | (_, Int::Raw(..))) || b_is(b, 0) {
            return Ok(None);
        }
        let by = self.raw_in(b, TMP);
        if !matches!(b, Int::Const(_)) {
            let fail = self.fail_label();
            self.asm.test(by);
            self.asm.jump_if(Cond::Equal, fail);
        }
        let (x, y) = (self.take_float(), self.take_float());
        self.asm.int_to_float(y, by);
        let r = self.raw_in(a, TMP);
        self.asm.int_to_float(x, r);
        self.asm.float_op(FloatOp::Div, x, y);
        Ok(Some(Float(x, true)))
    }

    fn int_floordiv(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(self.divide(a, b, false))
    }

    fn int_mod(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        Ok(self.divide(a, b, true))
    }

    fn int_neg(&mut self, a: Int) -> Flow<Self, Option<Int>> {
        let (to, result) = match a {
            Int::Const(i) => return Ok(small(-i)),
            Int::Shifted(..) => {
                let to = self.shifted_copy(a);
                (to, Int::Shifted(to, true))
            }
            Int::Raw(..) => {
                let to = self.raw_copy(a);
                (to, Int::Raw(to, true))
            }
        };
        let fail = self.fail_label();
        self.asm.neg(to);
        self.asm.jump_if(Cond::Overflow, fail);
        Ok(Some(result))
    }

    fn int_abs(&mut self, a: Int) -> Flow<Self, Option<Int>> {
        let (to, result) = match a {
            Int::Const(i) => return Ok(small(i.abs())),
            Int::Shifted(..) => {
                let to = self.shifted_copy(a);
                (to, Int::Shifted(to, true))
            }
            Int::Raw(..) => {
                let to = self.raw_copy(a);
                (to, Int::Raw(to, true))
            }
        };
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
        match a {
            Int::Const(i) => Int::Const(!i),
            Int::Shifted(..) => {
                let to = self.shifted_copy(a);
                self.asm.not(to);
                self.asm.alu_imm(Alu::And, to, -0x1_0000);
                Int::Shifted(to, true)
            }
            Int::Raw(..) => {
                let to = self.raw_copy(a);
                self.asm.not(to);
                Int::Raw(to, true)
            }
        }
    }

    fn int_shl(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        let Int::Const(by @ 0..=62) = b else { return Ok(None) };
        let to = self.raw_copy(a);
        let from = match a {
            Int::Raw(_, true) | Int::Shifted(_, true) => None,
            _ => Some(a),
        };
        let fail = self.fail_label();
        // The operand is needed once more; if this was its only copy, one is kept.
        let kept = match from {
            Some(Int::Raw(r, _)) => r,
            _ => {
                self.asm.mov(TMP, to);
                TMP
            }
        };
        self.asm.shift(Shift::Left, to, by as u8);
        let check = self.take();
        self.asm.mov(check, to);
        self.asm.shift(Shift::Arithmetic, check, by as u8);
        self.asm.alu(Alu::Cmp, check, kept);
        self.asm.jump_if(Cond::NotEqual, fail);
        Ok(Some(Int::Raw(to, true)))
    }

    fn int_shr(&mut self, a: Int, b: Int) -> Flow<Self, Option<Int>> {
        let Int::Const(by @ 0..) = b else { return Ok(None) };
        let by = by.min(63) as u8;
        Ok(Some(match a {
            Int::Shifted(..) => {
                let to = self.shifted_copy(a);
                self.asm.shift(Shift::Arithmetic, to, by);
                self.asm.alu_imm(Alu::And, to, -0x1_0000);
                Int::Shifted(to, true)
            }
            a => {
                let to = self.raw_copy(a);
                self.asm.shift(Shift::Arithmetic, to, by);
                Int::Raw(to, true)
            }
        }))
    }

    fn int_to_float(&mut self, a: Int) -> Float {
        let x = self.take_float();
        let r = self.raw_in(a, TMP);
        self.asm.int_to_float(x, r);
        Float(x, true)
    }

    fn int_compare(&mut self, cmp: Cmp, a: Int, b: Int) -> Test {
        let (cmp, a, b) = match (a, b) {
            (Int::Const(a), Int::Const(b)) => return Test::Known(cmp.holds(a.cmp(&b))),
            (Int::Const(_), _) => (cmp.swapped(), b, a),
            _ => (cmp, a, b),
        };
        match (a, b) {
            (Int::Shifted(x, _), Int::Const(i)) if i32::try_from(i << 16).is_ok() => {
                self.asm.alu_imm(Alu::Cmp, x, (i << 16) as i32);
            }
            (Int::Shifted(x, _), Int::Const(i)) => {
                self.asm.constant(TMP, (i << 16) as u64);
                self.asm.alu(Alu::Cmp, x, TMP);
            }
            (Int::Shifted(x, _), Int::Shifted(y, _)) => self.asm.alu(Alu::Cmp, x, y),
            (a, b) => {
                let y = self.raw_in(b, TMP);
                let to = if matches!(a, Int::Shifted(..)) { self.take() } else { TMP };
                let x = self.raw_in(a, to);
                self.asm.alu(Alu::Cmp, x, y);
            }
        }
        Test::Flags(signed(cmp))
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
        let fail = self.fail_label();
        // Not a number is not equal to zero.
        self.asm.float_zero(FTMP);
        self.asm.float_equal_mask(FTMP, b.0);
        self.asm.float_bits(TMP, FTMP);
        self.asm.test(TMP);
        self.asm.jump_if(Cond::NotEqual, fail);
        Ok(Some(self.float_op(FloatOp::Div, a, b)))
    }

    fn float_neg(&mut self, a: Float) -> Float {
        let to = if a.1 { a.0 } else { self.take_float() };
        self.asm.float_bits(TMP, a.0);
        self.asm.flip_sign_bit(TMP);
        self.asm.float_from_bits(to, TMP);
        Float(to, true)
    }

    fn float_abs(&mut self, a: Float) -> Float {
        let to = if a.1 { a.0 } else { self.take_float() };
        self.asm.float_bits(TMP, a.0);
        self.asm.shift(Shift::Left, TMP, 1);
        self.asm.shift(Shift::Right, TMP, 1);
        self.asm.float_from_bits(to, TMP);
        Float(to, true)
    }

    fn float_sqrt(&mut self, a: Float) -> Flow<Self, Option<Float>> {
        let fail = self.fail_label();
        // "Below" holds of what is not a number as well.
        self.asm.float_zero(FTMP);
        self.asm.float_compare(a.0, FTMP);
        self.asm.jump_if(Cond::Below, fail);
        let to = if a.1 { a.0 } else { self.take_float() };
        self.asm.float_op(FloatOp::Sqrt, to, a.0);
        Ok(Some(Float(to, true)))
    }

    fn float_to_int(&mut self, a: Float, rounding: Rounding) -> Flow<Self, Option<Int>> {
        let to = self.take();
        let fail = self.fail_label();
        // The least int is the answer where there is none: the only one from which 1 cannot be taken.
        self.asm.float_to_int(to, a.0);
        self.asm.alu_imm(Alu::Cmp, to, 1);
        self.asm.jump_if(Cond::Overflow, fail);
        if rounding == Rounding::Truncate {
            return Ok(Some(Int::Raw(to, true)));
        }
        // One more or less where cutting off the decimals went the wrong way.
        let done = self.asm.label();
        self.asm.int_to_float(FTMP, to);
        if rounding == Rounding::Floor {
            self.asm.float_compare(FTMP, a.0);
        } else {
            self.asm.float_compare(a.0, FTMP);
        }
        self.asm.jump_if(Cond::BelowEqual, done);
        let op = if rounding == Rounding::Floor { Alu::Sub } else { Alu::Add };
        self.asm.alu_imm(op, to, 1);
        self.asm.bind(done);
        Ok(Some(Int::Raw(to, true)))
    }

    fn float_compare(&mut self, cmp: Cmp, a: Float, b: Float) -> Test {
        // "Below" holds of what is not a number as well, so the operands stand so that "above" is asked.
        match cmp {
            Cmp::Lt => self.asm.float_compare(b.0, a.0),
            Cmp::Le => self.asm.float_compare(b.0, a.0),
            Cmp::Gt => self.asm.float_compare(a.0, b.0),
            Cmp::Ge => self.asm.float_compare(a.0, b.0),
            Cmp::Eq | Cmp::Ne => {
                self.asm.float_mov(FTMP, a.0);
                self.asm.float_equal_mask(FTMP, b.0);
                self.asm.float_bits(TMP, FTMP);
                self.asm.test(TMP);
            }
        }
        Test::Flags(match cmp {
            Cmp::Lt | Cmp::Gt => Cond::Above,
            Cmp::Le | Cmp::Ge => Cond::AboveEqual,
            Cmp::Eq => Cond::NotEqual,
            Cmp::Ne => Cond::Equal,
        })
    }

    fn bool_not(&mut self, a: Test) -> Test {
        match a {
            Test::Known(known) => Test::Known(!known),
            Test::Flags(cond) => Test::Flags(cond.negated()),
        }
    }

    fn binary(&mut self, _: BinOp, _: Item, _: Item) -> Flow<Self, Item> {
        Ok(self.general())
    }

    fn unary(&mut self, _: UnOp, _: Item) -> Flow<Self, Item> {
        Ok(self.general())
    }

    fn setting(&mut self, _: Builtin1, _: Item) -> Flow<Self, Item> {
        // The limit on calls is in the context that this code was entered with, and how many are active is not in the Vm's frames.
        self.leave_in_line();
        Ok(Item::Mem)
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
