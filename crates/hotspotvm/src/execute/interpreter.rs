//! The interpreter: the [`Machine`] whose values are values.
//!
//! It runs until something needs the engine ([`Leave`]), with its registers in local variables, and puts them back into the [`Vm`]
//! when it leaves. Four rules keep the generic semantics as fast as a hand-written loop (measured: 0.80 to 1.00 of its
//! time; a shared `step()?` costs 1.1 to 2.6 times as much):
//!
//! 1. the dispatch arms are expanded per opcode by the table's macro, each ending in `Ok(()) => continue, Err(e) => return`;
//! 2. [`Leave`] has no payload (that stays in the [`Vm`]) and is as wide as a value, since a narrower one would share a word of a
//!    `Result` with values, which the optimizer would then take apart and put together again;
//! 3. the machine is a local that never escapes to a function that is not inlined: slow paths get its parts by value;
//! 4. primitives are `#[inline(always)]`.
//!
//! Unsafe code reads and writes stack, cells and sites through pointers without checks. What makes that sound is the
//! verifier's proof, carried by [`bytecode::Verified`]: heights, slots, targets and indices are in range at every pc. The stack's end is
//! checked once per call against the frame's size.

use super::fusion::{Code, for_each_fusion};
use super::slow::{self, Numbers, kind};
use super::vm::{Cell, Frame, FunctionState, Vm};
use crate::profile::{Arrival, Feedback, How, Kinds, Site};
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Single, UnOp};
use bytecode::semantics::{Meaning, meaning};
use runtime::{Value, num};
use std::hint::cold_path;
use std::marker::PhantomData;

/// Why the interpreter leaves its loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
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
    /// The program has ended; `result` is set.
    Done,
    /// The program stops at `regs.pc`; `stop` is set.
    Stopped,
}

/// The registers: what changes with every few instructions, and so few that the processor's suffice. `vm.regs.function` and
/// `vm.regs.base` are always right; the rest of `vm.regs` is so after [`Interpreter::save`].
struct Interpreter<'v> {
    /// The next instruction.
    pc: *mut Cell,
    /// The end of the operands.
    sp: *mut Value,
    /// The locals.
    base: *mut Value,
    fuel: i64,
    cells: *mut Cell,
    /// Where the site of the cell at address 0 would be: a cell's site is there plus [`SITE_PER_CELL`] times its address.
    sites: *mut Site,
    vm: &'v mut Vm,
}

const SITE_PER_CELL: usize = size_of::<Site>() / size_of::<Cell>();
const _: () = assert!(size_of::<Site>() == SITE_PER_CELL * size_of::<Cell>());

/// Runs the current call from `regs.pc` until something needs the engine.
pub fn interpret(vm: &mut Vm) -> Leave {
    let regs = vm.regs;
    debug_assert!(regs.sp as usize <= vm.stack.len() && regs.base <= regs.sp);
    let stack = vm.stack.as_mut_ptr().cast::<Value>();
    let function = &mut vm.functions[regs.function as usize];
    debug_assert!((regs.pc as usize) < function.cells.len());
    let cells = function.cells.as_mut_ptr();
    let sites = origin(function);
    // SAFETY: `regs` keeps the Vm's invariant: pc inside the function, base and sp inside the stack.
    let (pc, base, sp) =
        unsafe { (cells.add(regs.pc as usize), stack.add(regs.base as usize), stack.add(regs.sp as usize)) };
    let mut machine = Interpreter { pc, sp, base, fuel: vm.slice, cells, sites, vm };
    machine.run()
}

/// Puts two registers back. Not inlined: the compiler would rather compute the differences at every dispatch.
///
/// # Safety
/// `pc` must point into the cells, one past the end included, and `sp` into the stack.
#[inline(never)]
unsafe fn save(vm: &mut Vm, pc: *mut Cell, cells: *mut Cell, sp: *mut Value) {
    // SAFETY: as the caller promises.
    unsafe {
        vm.regs.pc = pc.offset_from(cells) as u32;
        vm.regs.sp = sp.offset_from(vm.stack.as_mut_ptr().cast()) as u32;
    }
}

/// Where the site of the cell at address 0 would be.
#[inline(always)]
fn origin(function: &mut FunctionState) -> *mut Site {
    let cells = function.cells.as_mut_ptr().addr();
    function.sites.as_mut_ptr().wrapping_byte_sub(cells.wrapping_mul(SITE_PER_CELL))
}

/// Executes one instruction of an arm. If it fails, its operands go back to the stack, and the arm is over.
macro_rules! part {
    ($run:lifetime $code:ident $step:ident $Part:ident) => {
        match $step.execute::<meaning::$Part>() {
            Ok(()) => {}
            Err(Break::Leave(leave)) => {
                $step.flush();
                break $run leave;
            }
            Err(Break::Again) => {
                $step.flush();
                $code = $step.on.again();
                continue;
            }
        }
    };
}

macro_rules! define_run {
    ({$($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*}
     $($S:ident $shape:ident [$($Part:ident)*];)*) => {
        impl Interpreter<'_> {
            #[inline(always)]
            fn run(&mut self) -> Leave {
                let mut code = self.next();
                let leave = 'run: loop {
                    match code {
                        $(Code::$V => {
                            let mut step = Step::<Plain>::new(self);
                            part!('run code step $V);
                            code = self.next();
                        })*
                        $(Code::$S => {
                            let mut step = Step::<$shape>::new(self);
                            $(part!('run code step $Part);)*
                            step.flush();
                            code = self.next();
                        })*
                    }
                };
                self.leave(leave)
            }
        }
    };
}

macro_rules! define_run_of {
    ($($rows:tt)*) => { for_each_fusion!(define_run { $($rows)* }); };
}
bytecode::for_each_op!(define_run_of);

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
        unsafe { save(self.vm, self.pc, self.cells, self.sp) };
        self.vm.slice = self.fuel;
    }

    /// Control has come to `pc`.
    #[inline(always)]
    fn arrive(&mut self, how: How) -> Option<Leave> {
        let site = self.sites.wrapping_byte_add(self.pc.addr().wrapping_mul(SITE_PER_CELL));
        // SAFETY: `pc` is inside the function, and sites are as many as cells.
        let arrival = unsafe { (*site).arrive(how, &mut self.fuel) };
        leave_for(arrival, how)
    }

    /// How to execute the next instruction.
    #[inline(always)]
    fn next(&self) -> Code {
        // SAFETY: the verifier has proved that control never runs past a function's last instruction.
        unsafe { (*self.pc).code }
    }

    /// The instruction that was fetched last is to be executed again, alone and as it is written.
    #[inline(always)]
    fn again(&mut self) -> Code {
        // SAFETY: `pc` is past the instruction that was fetched last, so there is one before it.
        unsafe {
            self.pc = self.pc.sub(1);
            Code::of((*self.pc).op)
        }
    }

    /// Makes a function the current one; the caller sets `base` and `sp`.
    #[inline(always)]
    fn switch_to(&mut self, function: u32) {
        self.vm.regs.function = function;
        // SAFETY: the verifier has proved that function indices are in range; frames hold only such indices.
        let state = unsafe { &mut *self.vm.functions.as_mut_ptr().add(function as usize) };
        self.cells = state.cells.as_mut_ptr();
        self.sites = origin(state);
    }

    #[inline(always)]
    fn call(&mut self, function: u32) -> Option<Leave> {
        // SAFETY: the verifier has proved that function indices are in range.
        let callee = unsafe { &*self.vm.functions.as_ptr().add(function as usize) };
        let (params, locals, size) = (callee.params as usize, callee.locals as usize, callee.frame_size);
        // SAFETY: the verifier has proved that the arguments are on the operand stack.
        let base = unsafe { self.sp.sub(params) };
        // SAFETY: both point into the stack.
        let used = (unsafe { base.offset_from(self.vm.stack.as_mut_ptr().cast()) }) as usize;
        if self.vm.at_max_depth() {
            self.vm.stop_depth();
            return Some(Leave::Stopped);
        }
        if used + size as usize > self.vm.stack.len() {
            self.vm.stop_stack();
            return Some(Leave::Stopped);
        }
        // SAFETY: both point into the function's cells.
        let pc = (unsafe { self.pc.offset_from(self.cells) }) as u32;
        let regs = self.vm.regs;
        self.vm.frames.push(Frame { function: regs.function, pc, base: regs.base });
        self.base = base;
        self.vm.regs.base = used as u32;
        for slot in params..locals {
            // SAFETY: the frame's size was just checked against the stack's end.
            unsafe { *base.add(slot) = Value::NONE };
        }
        // SAFETY: as above.
        self.sp = unsafe { base.add(locals) };
        self.switch_to(function);
        self.pc = self.cells;
        self.arrive(How::Call)
    }

    #[inline(always)]
    fn ret(&mut self, value: Value) -> Option<Leave> {
        match self.vm.frames.pop() {
            Some(frame) => {
                self.sp = self.base;
                self.switch_to(frame.function);
                // SAFETY: the frame was made by `call` or by deoptimisation, from a pc and a base in range.
                unsafe {
                    self.pc = self.cells.add(frame.pc as usize);
                    self.base = self.vm.stack.as_mut_ptr().cast::<Value>().add(frame.base as usize);
                }
                self.vm.regs.base = frame.base;
                self.push(value);
                None
            }
            None => {
                self.vm.result = value;
                Some(Leave::Done)
            }
        }
    }

    #[inline(always)]
    fn halt(&mut self) -> Option<Leave> {
        // SAFETY: the function index is in range, and both pointers are into the stack.
        let height = unsafe {
            let locals = (*self.vm.functions.as_ptr().add(self.vm.regs.function as usize)).locals;
            self.sp.offset_from(self.base) as u32 - locals
        };
        self.vm.result = if height > 0 { self.pop() } else { Value::NONE };
        Some(Leave::Done)
    }

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
}

/// Which arm of the dispatch is executing, for what is then known beforehand.
trait Shape {
    /// Whether instructions are fused: then only the fast paths are here, and everything else is [`Break::Again`].
    const FUSED: bool;
    /// How the jump at the end arrives at its target, if that was looked at when the program was loaded.
    const HOW: Option<How>;
}

macro_rules! define_shapes {
    ($($(#[$doc:meta])* $Shape:ident $fused:literal $how:expr;)*) => {$(
        $(#[$doc])*
        struct $Shape;
        impl Shape for $Shape {
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
enum Break {
    /// The engine is needed.
    Leave(Leave),
    /// A fused instruction's fast path does not apply. Its operands are on the stack again, and nothing was done: it is
    /// executed once more, plainly.
    Again,
}

/// The machine of one arm of the dispatch. What fused instructions push stays in local variables for the next of them to pop:
/// since an arm has no loops, the compiler knows at every place which variables are in use. They go to the stack when the arm
/// ends, in whatever way, and before control goes elsewhere.
struct Step<'i, 'v, S> {
    on: &'i mut Interpreter<'v>,
    held: u32,
    a: Value,
    b: Value,
    c: Value,
    d: Value,
    shape: PhantomData<S>,
}

impl<'i, 'v, S: Shape> Step<'i, 'v, S> {
    #[inline(always)]
    fn new(on: &'i mut Interpreter<'v>) -> Self {
        let no = Value::NONE;
        Step { on, held: 0, a: no, b: no, c: no, d: no, shape: PhantomData }
    }

    /// Fetches and executes the next instruction.
    #[inline(always)]
    fn execute<M: Meaning>(&mut self) -> Flow<Self> {
        // SAFETY: `pc` is inside the function; after its last instruction, one past the end, where it is not read.
        let arg = unsafe {
            debug_assert_eq!((*self.on.pc).op, M::OP);
            let arg = (*self.on.pc).arg;
            self.on.pc = self.on.pc.add(1);
            arg
        };
        M::apply(self, arg)
    }

    /// Puts what is held on the stack.
    #[inline(always)]
    fn flush(&mut self) {
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
    fn record(&mut self, seen: Feedback) {
        // SAFETY: `pc` is past the instruction being executed, so there is one before it.
        unsafe { (*self.on.pc.sub(1)).feedback.record(seen) };
    }

    #[inline(always)]
    fn fast<T>(&mut self, result: Option<T>) -> Flow<Self, Option<T>> {
        if result.is_none() {
            self.record(Feedback::FAILED);
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

    /// Control goes to `target` of the same function.
    #[inline(always)]
    fn transfer(&mut self, target: u32) -> Flow<Self> {
        // SAFETY: the verifier has proved that targets are inside the function.
        let target = unsafe { self.on.cells.add(target as usize) };
        let how = S::HOW.unwrap_or(if target < self.on.pc { How::Back } else { How::Forward });
        debug_assert_eq!(how == How::Back, target < self.on.pc);
        self.on.pc = target;
        flow(self.on.arrive(how))
    }
}

impl<S: Shape> Machine for Step<'_, '_, S> {
    type Value = Value;
    type Int = i64;
    type Float = f64;
    type Bool = bool;
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
        // SAFETY: the verifier has proved that constant indices are in range.
        unsafe { *self.on.vm.constants.as_ptr().add(k as usize) }
    }

    #[inline(always)]
    fn local(&mut self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that local slots are in range.
        unsafe { *self.on.base.add(slot as usize) }
    }

    #[inline(always)]
    fn set_local(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `local`.
        unsafe { *self.on.base.add(slot as usize) = value };
    }

    #[inline(always)]
    fn global(&mut self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that global slots are in range.
        unsafe { *self.on.vm.globals.as_ptr().add(slot as usize) }
    }

    #[inline(always)]
    fn set_global(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `global`.
        unsafe { *self.on.vm.globals.as_mut_ptr().add(slot as usize) = value };
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
        if S::FUSED {
            return self.again(&[a, b]);
        }
        let (seen, numbers) = slow::classify(self.on.vm, a, b, mixed);
        self.record(seen);
        Ok(match numbers {
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
        if S::FUSED {
            return self.again(&[a]);
        }
        self.record(Feedback::single(kind(self.on.vm, a)));
        Ok(self.on.vm.store.as_i64(a).map_or(Single::Other, Single::Int))
    }

    #[inline(always)]
    fn truth(&mut self, a: Value) -> Flow<Self, bool> {
        if let Some(x) = a.as_small_int() {
            self.record(Feedback::single(Kinds::INT));
            return Ok(x != 0);
        }
        if let Some(x) = a.as_bool() {
            self.record(Feedback::single(Kinds::BOOL));
            return Ok(x);
        }
        if S::FUSED {
            return self.again(&[a]);
        }
        self.record(Feedback::single(kind(self.on.vm, a)));
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
    fn jump(&mut self, target: u32) -> Flow<Self> {
        self.flush();
        self.transfer(target)
    }

    #[inline(always)]
    fn branch(&mut self, condition: bool, when: bool, target: u32) -> Flow<Self> {
        self.flush();
        if condition == when { self.transfer(target) } else { flow(self.on.arrive(How::Forward)) }
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

/// Why an arrival needs the engine, if it does.
#[inline(always)]
pub fn leave_for(arrival: Arrival, how: How) -> Option<Leave> {
    if arrival == Arrival::Go {
        return None;
    }
    cold_path();
    match (arrival, how) {
        (Arrival::Go, _) => None,
        (Arrival::Slice, How::Back) => Some(Leave::SliceBackEdge),
        (Arrival::Slice, How::Forward) => Some(Leave::Slice),
        (Arrival::Slice, How::Call) => Some(Leave::SliceCall),
        (Arrival::Trigger, How::Call) => Some(Leave::EntryTrigger),
        (Arrival::Trigger, _) => Some(Leave::LoopTrigger),
    }
}
