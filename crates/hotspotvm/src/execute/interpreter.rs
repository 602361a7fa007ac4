//! The interpreter: the [`Machine`] whose values are values.
//!
//! It runs until something needs the engine ([`Leave`]), with its registers in local variables, and puts them back into the [`Vm`]
//! when it leaves. Four rules keep the generic semantics as fast as a hand-written loop (measured: 0.80 to 1.00 of its
//! time; a shared `step()?` costs 1.1 to 2.6 times as much):
//!
//! 1. the dispatch arms are expanded per opcode by the table's macro, each ending in `Ok(()) => continue, Err(e) => return`;
//! 2. [`Leave`] is one byte, its payload stays in the [`Vm`];
//! 3. the machine is a local that never escapes to a function that is not inlined: slow paths get its parts by value;
//! 4. primitives are `#[inline(always)]`.
//!
//! Unsafe code reads and writes stack, cells and sites through pointers without checks. What makes that sound is the
//! verifier's proof, carried by [`bytecode::Verified`]: heights, slots, targets and indices are in range at every pc. The stack's end is
//! checked once per call against the frame's size.

use super::vm::{Cell, Frame, FunctionState, Vm};
use crate::profile::{Arrival, Feedback, How, Kinds, Site};
use bytecode::Op;
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Single, UnOp};
use runtime::num::{self, Output};
use runtime::{StopKind, Value};

/// Why the interpreter leaves its loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Leave {
    /// Control is on its way to `regs.pc` by a forward transfer, and the slice does not cover the run there.
    Slice,
    /// The same by a call.
    SliceCall,
    /// The same by a backward jump.
    SliceBackEdge,
    /// Control has arrived at `regs.pc` by a backward jump, and a trigger was reached.
    LoopTrigger,
    /// Control has arrived at `regs.pc`, a function's entry, and a trigger was reached.
    EntryTrigger,
    /// Control has returned to `regs.pc`, from a call that baseline code made.
    Return,
    /// The program has ended; `result` is set.
    Done,
    /// The program stops at `regs.pc`; `stop` is set.
    Stopped,
}

struct Interpreter<'v> {
    /// The next instruction.
    pc: *mut Cell,
    /// The end of the operands.
    sp: *mut Value,
    /// The locals.
    base: *mut Value,
    fuel: i64,
    code: *mut Cell,
    sites: *mut Site,
    constants: *const Value,
    globals: *mut Value,
    functions: *mut FunctionState,
    function: u32,
    stack: *mut Value,
    vm: &'v mut Vm,
}

/// Runs the current call from `regs.pc` until something needs the engine.
pub fn interpret(vm: &mut Vm) -> Leave {
    Interpreter::new(vm).run()
}

/// Executes the instruction at `regs.pc` alone, for compiled code that has no fast path for it. Not for transfers of control.
///
/// # Errors
/// [`Leave::Stopped`] if the program must stop there.
pub fn step(vm: &mut Vm) -> Result<(), Leave> {
    let mut machine = Interpreter::new(vm);
    // SAFETY: `regs` keeps the Vm's invariant: the pc is inside the function.
    let cell = unsafe { *machine.pc };
    debug_assert!(!cell.op.transfers());
    // SAFETY: at most one past the end, where it is not read.
    machine.pc = unsafe { machine.pc.add(1) };
    match bytecode::semantics::step(&mut machine, cell.op, cell.arg) {
        Ok(()) => {
            machine.save();
            Ok(())
        }
        Err(leave) => Err(machine.leave(leave)),
    }
}

impl<'v> Interpreter<'v> {
    #[inline(always)]
    fn new(vm: &'v mut Vm) -> Interpreter<'v> {
        let regs = vm.regs;
        let functions = vm.functions.as_mut_ptr();
        let stack = vm.stack.as_mut_ptr().cast::<Value>();
        debug_assert!(regs.sp as usize <= vm.stack.len() && regs.base <= regs.sp);
        let function = &mut vm.functions[regs.function as usize];
        debug_assert!((regs.pc as usize) < function.cells.len());
        let (code, sites) = (function.cells.as_mut_ptr(), function.sites.as_mut_ptr());
        // SAFETY: `regs` keeps the Vm's invariant: pc inside the function, base and sp inside the stack.
        let (pc, base, sp) = unsafe {
            (code.add(regs.pc as usize), stack.add(regs.base as usize), stack.add(regs.sp as usize))
        };
        Interpreter {
            pc,
            sp,
            base,
            fuel: vm.slice,
            code,
            sites,
            constants: vm.constants.as_ptr(),
            globals: vm.globals.as_mut_ptr(),
            functions,
            function: regs.function,
            stack,
            vm,
        }
    }
}

macro_rules! define_run {
    ($($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*) => {
        impl Interpreter<'_> {
            #[inline(always)]
            fn run(&mut self) -> Leave {
                loop {
                    // SAFETY: the verifier has proved that control never runs past a function's last instruction.
                    let cell = unsafe { *self.pc };
                    // SAFETY: at most one past the end, where it is not read.
                    self.pc = unsafe { self.pc.add(1) };
                    match cell.op {
                        $(Op::$V => match bytecode::apply_op!($operand $f self, cell.arg) {
                            Ok(()) => continue,
                            Err(leave) => return self.leave(leave),
                        },)*
                    }
                }
            }
        }
    };
}
bytecode::for_each_op!(define_run);

impl Interpreter<'_> {
    /// Puts the registers back. A stop happens *at* the instruction that was fetched last, everything else before the next one.
    #[inline(always)]
    fn leave(&mut self, leave: Leave) -> Leave {
        self.save();
        if leave == Leave::Stopped || leave == Leave::Done {
            self.vm.regs.pc -= 1;
        }
        leave
    }

    #[inline(always)]
    fn save(&mut self) {
        // SAFETY: all pointers are into the allocations that they are measured against.
        unsafe {
            self.vm.regs.pc = self.pc.offset_from(self.code) as u32;
            self.vm.regs.base = self.base.offset_from(self.stack) as u32;
            self.vm.regs.sp = self.sp.offset_from(self.stack) as u32;
        }
        self.vm.regs.function = self.function;
        self.vm.slice = self.fuel;
    }

    #[inline(always)]
    fn record(&mut self, seen: Feedback) {
        // SAFETY: `pc` is past the instruction being executed, so there is one before it.
        unsafe { (*self.pc.sub(1)).feedback.record(seen) };
    }

    #[inline(always)]
    fn fast<T>(&mut self, result: Option<T>) -> Flow<Self, Option<T>> {
        if result.is_none() {
            self.record(Feedback::FAILED);
        }
        Ok(result)
    }

    /// Control goes to `target`.
    #[inline(always)]
    fn transfer(&mut self, target: u32, how: How) -> Flow<Self> {
        // SAFETY: the verifier has proved that targets are inside the function; sites are as many as cells.
        let arrival = unsafe {
            self.pc = self.code.add(target as usize);
            (*self.sites.add(target as usize)).arrive(how, &mut self.fuel)
        };
        leave_for(arrival, how).map_or(Ok(()), Err)
    }

    /// The pc of the instruction being executed.
    #[inline(always)]
    fn current(&self) -> u32 {
        // SAFETY: both point into the function's cells.
        (unsafe { self.pc.offset_from(self.code) }) as u32 - 1
    }

    /// Makes a function the current one; the caller sets `base` and `sp`.
    #[inline(always)]
    fn switch_to(&mut self, function: u32) {
        self.function = function;
        // SAFETY: the verifier has proved that function indices are in range; frames hold only such indices.
        unsafe {
            let state = self.functions.add(function as usize);
            self.code = (*state).cells.as_mut_ptr();
            self.sites = (*state).sites.as_mut_ptr();
        }
    }

    #[inline(always)]
    fn general(&mut self, result: Value) -> Flow<Self, Value> {
        self.fuel = self.vm.slice;
        if result == Value::REFUSED { Err(Leave::Stopped) } else { Ok(result) }
    }
}

impl Machine for Interpreter<'_> {
    type Value = Value;
    type Int = i64;
    type Float = f64;
    type Bool = bool;
    type Exit = Leave;

    #[inline(always)]
    fn push(&mut self, value: Value) {
        // SAFETY: the verifier has proved the height; the frame's size was checked when it was entered.
        unsafe {
            *self.sp = value;
            self.sp = self.sp.add(1);
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Value {
        // SAFETY: the verifier has proved that there is an operand.
        unsafe {
            self.sp = self.sp.sub(1);
            *self.sp
        }
    }

    #[inline(always)]
    fn constant(&mut self, k: u32) -> Value {
        // SAFETY: the verifier has proved that constant indices are in range.
        unsafe { *self.constants.add(k as usize) }
    }

    #[inline(always)]
    fn local(&mut self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that local slots are in range.
        unsafe { *self.base.add(slot as usize) }
    }

    #[inline(always)]
    fn set_local(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `local`.
        unsafe { *self.base.add(slot as usize) = value };
    }

    #[inline(always)]
    fn global(&mut self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that global slots are in range.
        unsafe { *self.globals.add(slot as usize) }
    }

    #[inline(always)]
    fn set_global(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `global`.
        unsafe { *self.globals.add(slot as usize) = value };
    }

    #[inline(always)]
    fn pair(&mut self, a: Value, b: Value, mixed: Mixed) -> Flow<Self, Pair<Self>> {
        if let Some((x, y)) = Value::both_small(a, b) {
            self.record(Feedback::INTS);
            return Ok(Pair::Ints(x, y));
        }
        if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
            self.record(Feedback::pair(Kinds::FLOAT, Kinds::FLOAT));
            return Ok(if mixed == Mixed::Never { Pair::Other } else { Pair::Floats(x, y) });
        }
        let seen = Feedback::pair(kind(self.vm, a), kind(self.vm, b));
        self.record(if a.as_reference().or(b.as_reference()).is_some() { seen.and_large() } else { seen });
        Ok(match classify(self.vm, a, b, mixed) {
            Numbers::Ints(x, y) => Pair::Ints(x, y),
            Numbers::Floats(x, y) => Pair::Floats(x, y),
            Numbers::Other => Pair::Other,
        })
    }

    #[inline(always)]
    fn single(&mut self, a: Value) -> Flow<Self, Single<Self>> {
        if let Some(x) = a.as_small_int() {
            self.record(Feedback::single(Kinds::INT));
            return Ok(Single::Int(x));
        }
        if let Some(x) = a.as_float() {
            self.record(Feedback::single(Kinds::FLOAT));
            return Ok(Single::Float(x));
        }
        self.record(Feedback::single(kind(self.vm, a)).and_large());
        Ok(self.vm.store.as_i64(a).map_or(Single::Other, Single::Int))
    }

    #[inline(always)]
    fn truth(&mut self, a: Value) -> Flow<Self, bool> {
        if let Some(x) = a.as_bool() {
            self.record(Feedback::single(Kinds::BOOL));
            return Ok(x);
        }
        if let Some(x) = a.as_small_int() {
            self.record(Feedback::single(Kinds::INT));
            return Ok(x != 0);
        }
        self.record(Feedback::single(kind(self.vm, a)));
        Ok(self.vm.store.truth(a))
    }

    #[inline(always)]
    fn box_int(&mut self, a: i64) -> Value {
        match Value::small_int(a) {
            Some(value) => value,
            None => large_int(self.vm, a),
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
    fn float_compare(&mut self, cmp: Cmp, a: f64, b: f64) -> bool {
        num::compare_float(cmp, a, b)
    }

    #[inline(always)]
    fn bool_not(&mut self, a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn binary(&mut self, op: BinOp, a: Value, b: Value) -> Flow<Self, Value> {
        self.save();
        let result = general_binary(self.vm, op, a, b);
        self.general(result)
    }

    #[inline(always)]
    fn unary(&mut self, op: UnOp, a: Value) -> Flow<Self, Value> {
        self.save();
        let result = general_unary(self.vm, op, a);
        self.general(result)
    }

    #[inline(always)]
    fn jump(&mut self, target: u32) -> Flow<Self> {
        self.transfer(target, how(self.current(), target))
    }

    #[inline(always)]
    fn branch(&mut self, condition: bool, when: bool, target: u32) -> Flow<Self> {
        let current = self.current();
        if condition == when {
            self.transfer(target, how(current, target))
        } else {
            self.transfer(current + 1, How::Forward)
        }
    }

    #[inline(always)]
    fn call(&mut self, function: u32) -> Flow<Self> {
        // SAFETY: the verifier has proved that function indices are in range.
        let callee = unsafe { &*self.functions.add(function as usize) };
        let (params, locals, size) = (callee.params as usize, callee.locals as usize, callee.frame_size);
        let hand_over = callee.hand_over;
        // SAFETY: the verifier has proved that the arguments are on the operand stack.
        let base = unsafe { self.sp.sub(params) };
        // SAFETY: both point into the stack.
        let used = (unsafe { base.offset_from(self.stack) }) as usize;
        if self.vm.at_max_depth() {
            self.vm.stop_depth();
            return Err(Leave::Stopped);
        }
        if used + size as usize > self.vm.stack.len() {
            self.vm.stop_stack();
            return Err(Leave::Stopped);
        }
        // SAFETY: pointers into one allocation.
        let delta = (unsafe { base.offset_from(self.base) }) as u32;
        let frame = Frame { native: 0, function: self.function, pc: self.current() + 1, delta };
        self.vm.frames.push(frame);
        self.base = base;
        for slot in params..locals {
            // SAFETY: the frame's size was just checked against the stack's end.
            unsafe { *base.add(slot) = Value::NONE };
        }
        // SAFETY: as above.
        self.sp = unsafe { base.add(locals) };
        self.switch_to(function);
        self.transfer(0, How::Call)?;
        if hand_over { Err(Leave::EntryTrigger) } else { Ok(()) }
    }

    #[inline(always)]
    fn ret(&mut self, value: Value) -> Flow<Self> {
        match self.vm.frames.pop() {
            Some(frame) => {
                self.sp = self.base;
                self.switch_to(frame.function);
                // SAFETY: the frame was made by a call, here or in compiled code, or by deoptimisation, from a pc and a
                // base in range.
                unsafe {
                    self.pc = self.code.add(frame.pc as usize);
                    self.base = self.base.sub(frame.delta as usize);
                }
                self.push(value);
                if frame.native == 0 { Ok(()) } else { Err(Leave::Return) }
            }
            None => {
                self.vm.result = value;
                Err(Leave::Done)
            }
        }
    }

    #[inline(always)]
    fn halt(&mut self) -> Flow<Self> {
        // SAFETY: the function index is in range, and both pointers are into the stack.
        let height = unsafe {
            let locals = (*self.functions.add(self.function as usize)).locals;
            self.sp.offset_from(self.base) as u32 - locals
        };
        self.vm.result = if height > 0 { self.pop() } else { Value::NONE };
        Err(Leave::Done)
    }

    #[inline(always)]
    fn print(&mut self, value: Value) -> Flow<Self> {
        self.save();
        let result = general_print(self.vm, value, false);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn print_char(&mut self, value: Value) -> Flow<Self> {
        self.save();
        let result = general_print(self.vm, value, true);
        self.general(result).map(|_| ())
    }

    #[inline(always)]
    fn input(&mut self) -> Flow<Self, Value> {
        self.save();
        let result = general_input(self.vm);
        self.general(result)
    }
}

/// Why an arrival needs the engine, if it does.
#[inline(always)]
pub fn leave_for(arrival: Arrival, how: How) -> Option<Leave> {
    match (arrival, how) {
        (Arrival::Go, _) => None,
        (Arrival::Slice, How::Back) => Some(Leave::SliceBackEdge),
        (Arrival::Slice, How::Forward) => Some(Leave::Slice),
        (Arrival::Slice, How::Call) => Some(Leave::SliceCall),
        (Arrival::Trigger, How::Call) => Some(Leave::EntryTrigger),
        (Arrival::Trigger, _) => Some(Leave::LoopTrigger),
    }
}

/// How a jump from one place to another arrives.
#[inline(always)]
fn how(from: u32, to: u32) -> How {
    if to <= from { How::Back } else { How::Forward }
}

/// The kind of a value, for feedback.
#[inline(never)]
pub fn kind(vm: &Vm, a: Value) -> Kinds {
    if vm.store.as_i64(a).is_some() {
        Kinds::INT
    } else if a.as_float().is_some() {
        Kinds::FLOAT
    } else if a.as_bool().is_some() {
        Kinds::BOOL
    } else {
        Kinds::OTHER
    }
}

enum Numbers {
    Ints(i64, i64),
    Floats(f64, f64),
    Other,
}

/// The rarer pairs: ints of more than 48 bits, an int beside a float.
#[inline(never)]
fn classify(vm: &Vm, a: Value, b: Value, mixed: Mixed) -> Numbers {
    let store = &vm.store;
    let exact = |i: i64| (i.unsigned_abs() <= 1 << 53 || mixed == Mixed::Rounded).then_some(i as f64);
    match ((store.as_i64(a), a.as_float()), (store.as_i64(b), b.as_float())) {
        ((Some(x), _), (Some(y), _)) => Numbers::Ints(x, y),
        _ if mixed == Mixed::Never => Numbers::Other,
        ((Some(x), _), (_, Some(y))) => exact(x).map_or(Numbers::Other, |x| Numbers::Floats(x, y)),
        ((_, Some(x)), (Some(y), _)) => exact(y).map_or(Numbers::Other, |y| Numbers::Floats(x, y)),
        _ => Numbers::Other,
    }
}

#[cold]
#[inline(never)]
fn large_int(vm: &mut Vm, a: i64) -> Value {
    vm.store.int(a)
}

#[inline(never)]
fn general_binary(vm: &mut Vm, op: BinOp, a: Value, b: Value) -> Value {
    match vm.store.binary_cost(op, a, b) {
        Ok(cost) if vm.pay(cost, &[a, b]).is_err() => Value::REFUSED,
        Ok(_) => match vm.store.binary(op, a, b) {
            Ok(value) => value,
            Err(error) => refused(vm, error),
        },
        Err(error) => refused(vm, error),
    }
}

#[inline(never)]
fn general_unary(vm: &mut Vm, op: UnOp, a: Value) -> Value {
    if vm.pay(vm.store.unary_cost(op, a), &[a]).is_err() {
        return Value::REFUSED;
    }
    match vm.store.unary(op, a) {
        Ok(value) => value,
        Err(error) => refused(vm, error),
    }
}

#[inline(never)]
fn general_print(vm: &mut Vm, a: Value, character: bool) -> Value {
    if vm.check_interrupts().is_err() || vm.pay(vm.print_cost(a), &[a]).is_err() {
        return Value::REFUSED;
    }
    let result = if character { vm.store.print_char(a) } else { vm.store.print(a) };
    match result {
        Ok(()) => Value::NONE,
        Err(error) => refused(vm, error),
    }
}

#[inline(never)]
fn general_input(vm: &mut Vm) -> Value {
    if vm.check_interrupts().is_err() {
        return Value::REFUSED;
    }
    let limit = vm.store.limits.max_str_bytes;
    let output = vm.store.io.read_line(limit).map_or(Output::None, |line| num::parse_argument(&line));
    let bytes = match &output {
        Output::Str(s) => s.len() as u64,
        Output::Big(i) => size_of_val(i.as_sign_words().1) as u64,
        _ => 0,
    };
    if vm.pay(num::Cost { fuel: 0, result_bytes: bytes }, &[]).is_err() {
        return Value::REFUSED;
    }
    vm.store.value(output)
}

#[cold]
fn refused(vm: &mut Vm, error: num::NumError) -> Value {
    vm.stop_number(error);
    debug_assert!(matches!(vm.stop, Some((StopKind::Error(_) | StopKind::Limit(_), _))));
    Value::REFUSED
}
