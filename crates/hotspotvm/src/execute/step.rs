//! The [`Machine`] of one arm of the interpreter's dispatch: an instruction alone, or several that are fused.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. What must be read and written
//! unchecked is in [`super::interpreter`]; here is what the instructions' primitives make of it. The four rules there
//! hold here.

use super::interpreter::{Interpreter, Leave};
use super::slow::{self, Numbers};
use crate::abi::values::kind;
use crate::profile::{Feedback, How, Kinds};
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
use bytecode::semantics::Meaning;
use bytecode::{Builtin1, FormFacts, Routine, Shape};
use runtime::{Heap, Value, num};
use std::hint::cold_path;
use std::marker::PhantomData;

/// Which arm of the dispatch is executing, for what is then known beforehand.
pub(super) trait Fused {
    /// Whether instructions are fused: then only the fast paths are here, and everything else is [`Break::Again`].
    const FUSED: bool;
    /// How the jump at the end arrives at its target, if that was looked at when the program was loaded.
    const HOW: Option<How>;
}

macro_rules! define_shapes {
    ($($(#[$doc:meta])* $Fused:ident $fused:literal $how:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $Fused;
        impl Fused for $Fused {
            const FUSED: bool = $fused;
            const HOW: Option<How> = $how;
        }
    )*};
}

define_shapes! {
    /// One instruction, in all generality.
    Plain false None;
    /// Fused instructions without a jump.
    Next true None;
    /// Fused instructions that end with a forward jump.
    Forward true Some(How::Forward);
    /// Fused instructions that end with a backward jump.
    Back true Some(How::Back);
}

/// Why an arm of the dispatch ends before its end.
pub(super) enum Break {
    /// The engine is needed.
    Leave(Leave),
    /// A fused instruction's fast path does not apply. Its operands are on the stack again, and nothing was done: it is
    /// executed once more, plainly.
    Again,
}

/// The machine of one arm of the dispatch. What fused instructions push stays in local variables for the next of them to pop:
/// since an arm has no loops, the compiler knows at every place which variables are in use. They go to the stack when the arm
/// ends, in whatever way, and before control goes elsewhere.
pub(super) struct Step<'i, 'v, S> {
    pub(super) on: &'i mut Interpreter<'v>,
    held: u32,
    a: Value,
    b: Value,
    c: Value,
    d: Value,
    shape: PhantomData<S>,
}

impl<'i, 'v, S: Fused> Step<'i, 'v, S> {
    #[inline(always)]
    pub(super) fn new(on: &'i mut Interpreter<'v>) -> Self {
        let no = Value::NONE;
        Step { on, held: 0, a: no, b: no, c: no, d: no, shape: PhantomData }
    }

    /// Fetches and executes the next instruction.
    #[inline(always)]
    pub(super) fn execute<M: Meaning>(&mut self) -> Flow<Self> {
        let arg = self.on.fetch(M::OP);
        M::apply(self, arg)
    }

    /// Puts what is held on the stack.
    #[inline(always)]
    pub(super) fn flush(&mut self) {
        let Step { on, held, a, b, c, d, .. } = self;
        if *held > 0 {
            on.push(*a);
        }
        if *held > 1 {
            on.push(*b);
        }
        if *held > 2 {
            on.push(*c);
        }
        if *held > 3 {
            on.push(*d);
        }
        *held = 0;
    }

    #[inline(always)]
    fn fast<T>(&mut self, result: Option<T>) -> Flow<Self, Option<T>> {
        if result.is_none() {
            self.on.record(Feedback::FAILED);
        }
        Ok(result)
    }

    /// The fast path does not apply to these operands.
    #[inline(always)]
    fn again<T>(&mut self, operands: &[Value]) -> Flow<Self, T> {
        cold_path();
        for &operand in operands {
            self.push(operand);
        }
        Err(Break::Again)
    }

    #[inline(always)]
    fn general(&mut self, result: Value) -> Flow<Self, Value> {
        self.on.fuel = self.on.vm.slice;
        if result == Value::REFUSED { Err(Break::Leave(Leave::Stopped)) } else { Ok(result) }
    }
}

impl<S: Fused> Machine for Step<'_, '_, S> {
    type Value = Value;
    type Int = i64;
    type Float = f64;
    type Bool = bool;
    type Object = Value;
    type Exit = Break;

    #[inline(always)]
    fn push(&mut self, value: Value) {
        if !S::FUSED {
            return self.on.push(value);
        }
        if self.held == 4 {
            self.flush();
        }
        match self.held {
            0 => self.a = value,
            1 => self.b = value,
            2 => self.c = value,
            _ => self.d = value,
        }
        self.held += 1;
    }

    #[inline(always)]
    fn pop(&mut self) -> Value {
        if self.held == 0 {
            return self.on.pop();
        }
        self.held -= 1;
        match self.held {
            0 => self.a,
            1 => self.b,
            2 => self.c,
            _ => self.d,
        }
    }

    #[inline(always)]
    fn constant(&mut self, k: u32) -> Value {
        self.on.constant(k)
    }

    #[inline(always)]
    fn local(&mut self, slot: u32) -> Value {
        self.on.local(slot)
    }

    #[inline(always)]
    fn set_local(&mut self, slot: u32, value: Value) {
        self.on.set_local(slot, value);
    }

    #[inline(always)]
    fn global(&mut self, slot: u32) -> Value {
        self.on.global(slot)
    }

    #[inline(always)]
    fn set_global(&mut self, slot: u32, value: Value) {
        self.on.set_global(slot, value);
    }

    #[inline(always)]
    fn pair(&mut self, a: Value, b: Value, mixed: Mixed) -> Flow<Self, Pair<Self>> {
        if let Some((x, y)) = Value::both_small(a, b) {
            self.on.record(Feedback::INTS);
            return Ok(Pair::Ints(x, y));
        }
        if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
            self.on.record(Feedback::pair(Kinds::FLOAT, Kinds::FLOAT));
            return Ok(if mixed == Mixed::Never { Pair::Other } else { Pair::Floats(x, y) });
        }
        if S::FUSED {
            return self.again(&[a, b]);
        }
        let (seen, numbers) = slow::classify(self.on.vm, a, b, mixed);
        self.on.record(seen);
        Ok(match numbers {
            Numbers::Ints(x, y) => Pair::Ints(x, y),
            Numbers::Floats(x, y) => Pair::Floats(x, y),
            Numbers::Other => Pair::Other,
        })
    }

    #[inline(always)]
    fn single(&mut self, a: Value) -> Flow<Self, Single<Self>> {
        if let Some(x) = a.as_small_int() {
            self.on.record(Feedback::single(Kinds::INT));
            return Ok(Single::Int(x));
        }
        if let Some(x) = a.as_float() {
            self.on.record(Feedback::single(Kinds::FLOAT));
            return Ok(Single::Float(x));
        }
        if S::FUSED {
            return self.again(&[a]);
        }
        self.on.record(Feedback::single(kind(self.on.vm, a)).and_large());
        Ok(self.on.vm.store.as_i64(a).map_or(Single::Other, Single::Int))
    }

    #[inline(always)]
    fn truth(&mut self, a: Value) -> Flow<Self, bool> {
        if let Some(x) = a.as_small_int() {
            self.on.record(Feedback::single(Kinds::INT));
            return Ok(x != 0);
        }
        if let Some(x) = a.as_bool() {
            self.on.record(Feedback::single(Kinds::BOOL));
            return Ok(x);
        }
        if S::FUSED {
            return self.again(&[a]);
        }
        self.on.record(Feedback::single(kind(self.on.vm, a)));
        Ok(self.on.vm.store.truth(a))
    }

    #[inline(always)]
    fn box_int(&mut self, a: i64) -> Value {
        match Value::small_int(a) {
            Some(value) => value,
            None => slow::large_int(self.on.vm, a),
        }
    }

    #[inline(always)]
    fn box_float(&mut self, a: f64) -> Value {
        Value::float(a)
    }

    #[inline(always)]
    fn box_bool(&mut self, a: bool) -> Value {
        Value::bool(a)
    }

    #[inline(always)]
    fn int_const(&mut self, i: i64) -> i64 {
        i
    }

    #[inline(always)]
    fn float_const(&mut self, f: f64) -> f64 {
        f
    }

    #[inline(always)]
    fn int_add(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(a.checked_add(b))
    }

    #[inline(always)]
    fn int_sub(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(a.checked_sub(b))
    }

    #[inline(always)]
    fn int_mul(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(a.checked_mul(b))
    }

    #[inline(always)]
    fn int_div(&mut self, a: i64, b: i64) -> Flow<Self, Option<f64>> {
        self.fast(num::truediv_i64(a, b))
    }

    #[inline(always)]
    fn int_floordiv(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(num::floordiv_i64(a, b))
    }

    #[inline(always)]
    fn int_mod(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(num::mod_i64(a, b))
    }

    #[inline(always)]
    fn int_neg(&mut self, a: i64) -> Flow<Self, Option<i64>> {
        self.fast(a.checked_neg())
    }

    #[inline(always)]
    fn int_abs(&mut self, a: i64) -> Flow<Self, Option<i64>> {
        self.fast(a.checked_abs())
    }

    #[inline(always)]
    fn int_and(&mut self, a: i64, b: i64) -> i64 {
        a & b
    }

    #[inline(always)]
    fn int_or(&mut self, a: i64, b: i64) -> i64 {
        a | b
    }

    #[inline(always)]
    fn int_xor(&mut self, a: i64, b: i64) -> i64 {
        a ^ b
    }

    #[inline(always)]
    fn int_not(&mut self, a: i64) -> i64 {
        !a
    }

    #[inline(always)]
    fn int_shl(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(num::shl_i64(a, b))
    }

    #[inline(always)]
    fn int_shr(&mut self, a: i64, b: i64) -> Flow<Self, Option<i64>> {
        self.fast(num::shr_i64(a, b))
    }

    #[inline(always)]
    fn int_to_float(&mut self, a: i64) -> f64 {
        a as f64
    }

    #[inline(always)]
    fn int_compare(&mut self, cmp: Cmp, a: i64, b: i64) -> bool {
        cmp.holds(a.cmp(&b))
    }

    #[inline(always)]
    fn float_add(&mut self, a: f64, b: f64) -> f64 {
        a + b
    }

    #[inline(always)]
    fn float_sub(&mut self, a: f64, b: f64) -> f64 {
        a - b
    }

    #[inline(always)]
    fn float_mul(&mut self, a: f64, b: f64) -> f64 {
        a * b
    }

    #[inline(always)]
    fn float_div(&mut self, a: f64, b: f64) -> Flow<Self, Option<f64>> {
        Ok((b != 0.0).then_some(a / b))
    }

    #[inline(always)]
    fn float_neg(&mut self, a: f64) -> f64 {
        -a
    }

    #[inline(always)]
    fn float_abs(&mut self, a: f64) -> f64 {
        a.abs()
    }

    #[inline(always)]
    fn float_sqrt(&mut self, a: f64) -> Flow<Self, Option<f64>> {
        self.fast((a >= 0.0).then_some(a.sqrt()))
    }

    #[inline(always)]
    fn float_to_int(&mut self, a: f64, rounding: Rounding) -> Flow<Self, Option<i64>> {
        self.fast(num::float_to_int(a, rounding))
    }

    #[inline(always)]
    fn float_compare(&mut self, cmp: Cmp, a: f64, b: f64) -> bool {
        num::compare_float(cmp, a, b)
    }

    #[inline(always)]
    fn bool_not(&mut self, a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn int_select(&mut self, condition: bool, a: i64, b: i64) -> i64 {
        if condition { a } else { b }
    }

    #[inline(always)]
    fn float_select(&mut self, condition: bool, a: f64, b: f64) -> f64 {
        if condition { a } else { b }
    }

    #[inline(always)]
    fn binary(&mut self, op: BinOp, a: Value, b: Value) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[a, b]);
        }
        self.on.save();
        let result = slow::general_binary(self.on.vm, op, a, b);
        self.general(result)
    }

    #[inline(always)]
    fn unary(&mut self, op: UnOp, a: Value) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[a]);
        }
        self.on.save();
        let result = slow::general_unary(self.on.vm, op, a);
        self.general(result)
    }

    #[inline(always)]
    fn setting(&mut self, which: Builtin1, a: Value) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[a]);
        }
        self.on.save();
        let result = slow::setting(self.on.vm, which, a);
        self.general(result)
    }

    #[inline(always)]
    fn routine(&mut self, routine: Routine, inputs: u32, detail: u32) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[]);
        }
        self.on.save();
        let result = slow::routine(self.on.vm, routine, inputs, detail);
        let result = self.general(result)?;
        self.on.drop_operands(inputs);
        Ok(result)
    }

    #[inline(always)]
    fn form(&mut self, form: u32) -> FormFacts {
        self.on.vm.forms.get(form as usize).copied().unwrap_or_default()
    }

    #[inline(always)]
    fn none(&mut self) -> Value {
        Value::NONE
    }

    #[inline(always)]
    fn peek(&mut self, depth: u32) -> Value {
        debug_assert!(!S::FUSED);
        self.on.peek(depth)
    }

    #[inline(always)]
    fn object(&mut self, a: Value, of: &'static [Shape]) -> Flow<Self, Option<(Shape, Value)>> {
        let shape = self.on.vm.store.heap.shape_of(a, of);
        self.on.record(Feedback::shape(shape));
        Ok(shape.map(|shape| (shape, a)))
    }

    #[inline(always)]
    fn field(&mut self, a: Value, slot: u32) -> Value {
        let heap = &self.on.vm.store.heap;
        heap.object(a).map_or(Value::NONE, |object| heap.slot(object, slot as usize))
    }

    #[inline(always)]
    fn count(&mut self, a: Value, slot: u32) -> i64 {
        self.field(a, slot).as_small_int().unwrap_or(0)
    }

    #[inline(always)]
    fn set_count(&mut self, a: Value, slot: u32, count: i64) {
        let heap = &mut self.on.vm.store.heap;
        if let Some(object) = heap.object(a) {
            heap.set_count(object, slot as usize, count as usize);
        }
    }

    #[inline(always)]
    fn size(&mut self, a: Value) -> i64 {
        let heap = &self.on.vm.store.heap;
        heap.object(a).map_or(0, |object| heap.slots(object).len() as i64)
    }

    #[inline(always)]
    fn int_index(&mut self, index: i64, len: i64) -> Flow<Self, Option<i64>> {
        let at = if index < 0 { index.wrapping_add(len) } else { index };
        self.fast((0..len).contains(&at).then_some(at))
    }

    #[inline(always)]
    fn int_below(&mut self, count: i64, size: i64) -> Flow<Self, Option<i64>> {
        Ok((count < size).then_some(count))
    }

    #[inline(always)]
    fn element(&mut self, storage: Value, at: i64) -> Value {
        self.field(storage, at as u32)
    }

    #[inline(always)]
    fn storable(&mut self, a: Value) -> Flow<Self, Option<Value>> {
        Ok((Heap::slot_bytes(a) == 0).then_some(a))
    }

    #[inline(always)]
    fn set_element(&mut self, storage: Value, at: i64, value: Value) {
        let heap = &mut self.on.vm.store.heap;
        if let Some(storage) = heap.object(storage) {
            heap.set_slot(storage, at as usize, value);
        }
    }

    #[inline(always)]
    fn pow_mod(&mut self, a: Value, b: Value, c: Value) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[a, b, c]);
        }
        self.on.save();
        let result = slow::general_pow_mod(self.on.vm, a, b, c);
        self.general(result)
    }

    #[inline(always)]
    fn jump(&mut self, target: u32) -> Flow<Self> {
        self.flush();
        flow(self.on.transfer(target, S::HOW))
    }

    #[inline(always)]
    fn branch(&mut self, condition: bool, when: bool, target: u32) -> Flow<Self> {
        self.flush();
        if condition == when {
            flow(self.on.transfer(target, S::HOW))
        } else {
            flow(self.on.arrive(How::Forward))
        }
    }

    #[inline(always)]
    fn call(&mut self, function: u32) -> Flow<Self> {
        self.flush();
        flow(self.on.call(function))
    }

    #[inline(always)]
    fn ret(&mut self, value: Value) -> Flow<Self> {
        self.flush();
        flow(self.on.ret(value))
    }

    #[inline(always)]
    fn halt(&mut self) -> Flow<Self> {
        self.flush();
        flow(self.on.halt())
    }

    #[inline(always)]
    fn raise_value(&mut self, exception: Value, again: bool) -> Flow<Self> {
        if S::FUSED {
            return self.again(&[exception]);
        }
        self.on.save();
        let result = slow::raise_value(self.on.vm, exception, again);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn raise(&mut self, class: Value, message: Value) -> Flow<Self> {
        if S::FUSED {
            return self.again(&[class, message]);
        }
        self.on.save();
        let result = slow::raise(self.on.vm, class, message);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn print(&mut self, value: Value) -> Flow<Self> {
        if S::FUSED {
            return self.again(&[value]);
        }
        self.on.save();
        let result = slow::general_print(self.on.vm, value, false);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn print_char(&mut self, value: Value) -> Flow<Self> {
        if S::FUSED {
            return self.again(&[value]);
        }
        self.on.save();
        let result = slow::general_print(self.on.vm, value, true);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn input(&mut self) -> Flow<Self, Value> {
        if S::FUSED {
            return self.again(&[]);
        }
        self.on.save();
        let result = slow::general_input(self.on.vm);
        self.general(result)
    }
}

/// The answer of a transfer of control.
#[inline(always)]
fn flow(leave: Option<Leave>) -> Result<(), Break> {
    leave.map_or(Ok(()), |leave| Err(Break::Leave(leave)))
}
