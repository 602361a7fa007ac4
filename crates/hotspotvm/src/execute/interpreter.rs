//! The interpreter: its registers, its dispatch, and everything that it reads and writes unchecked.
//!
//! Part of `execute` in `profile -> detect -> compile -> cache -> execute -> deoptimise`. `Step` is the `Machine` by
//! which it executes the opcodes' meanings, [`crate::abi::fusion`] says which instructions are executed as one.
//!
//! It runs until something needs the engine ([`Leave`]), with its registers in local variables, and puts them back into
//! the [`Vm`] when it leaves. Four rules keep the generic semantics as fast as a hand-written loop (on a prototype with
//! 8 opcodes 0.80 to 1.00 of its time; a shared `step()?` costs 1.1 to 2.6 times as much):
//!
//! 1. the dispatch arms are expanded per opcode and per fused sequence by macros, each ending by fetching the next code or breaking out of the loop;
//! 2. [`Leave`] has no payload (that stays in the [`Vm`]) and is as wide as a value, since a narrower one would share a word of a
//!    `Result` with values, which the optimizer would then take apart and put together again;
//! 3. the machine is a local that never escapes to a function that is not inlined: slow paths get its parts by value;
//! 4. primitives are `#[inline(always)]`.
//!
//! Unsafe code reads and writes stack, cells and sites through pointers without checks. What makes that sound is the
//! verifier's proof, carried by [`bytecode::Verified`]: heights, slots, targets and indices are in range at every pc.
//! The stack's end is checked once per call against the frame's size.

use super::step::{Back, Break, Forward, Next, Plain, Step};
use crate::abi::fusion::{Code, for_each_fusion};
use crate::abi::vm::{Cell, Frame, FunctionState, Vm};
use crate::profile::{Arrival, Feedback, How, Site};
use bytecode::Op;
use bytecode::semantics::meaning;
use runtime::Value;
use std::hint::cold_path;

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
    /// Control has returned to `regs.pc`, from a call that baseline code made.
    Return,
    /// The program has ended; `result` is set.
    Done,
    /// The program stops at `regs.pc`; `stop` is set.
    Stopped,
}

/// The registers: what changes with every few instructions, and so few that the processor's suffice. `vm.regs.function` and
/// `vm.regs.base` are always right; the rest of `vm.regs` is so after [`Interpreter::save`].
pub(super) struct Interpreter<'v> {
    /// The next instruction.
    pc: *mut Cell,
    /// The end of the operands.
    sp: *mut Value,
    /// The locals.
    base: *mut Value,
    pub(super) fuel: i64,
    cells: *mut Cell,
    /// Where the site of the cell at address 0 would be: a cell's site is there plus [`SITE_PER_CELL`] times its address.
    sites: *mut Site,
    pub(super) vm: &'v mut Vm,
}

const SITE_PER_CELL: usize = size_of::<Site>() / size_of::<Cell>();
const _: () = assert!(size_of::<Site>() == SITE_PER_CELL * size_of::<Cell>());

/// Runs the current call from `regs.pc` until something needs the engine.
pub fn interpret(vm: &mut Vm) -> Leave {
    Interpreter::new(vm).run()
}

/// Executes the instruction at `regs.pc` alone: for compiled code that has no fast path for it, and for recording traces.
///
/// # Errors
/// Why the engine is needed. For an instruction that does not transfer control that is [`Leave::Stopped`]: the program must stop there.
pub fn step(vm: &mut Vm) -> Result<(), Leave> {
    let mut machine = Interpreter::new(vm);
    // SAFETY: `regs` keeps the Vm's invariant: the pc is inside the function.
    let cell = unsafe { *machine.pc };
    // SAFETY: at most one past the end, where it is not read.
    machine.pc = unsafe { machine.pc.add(1) };
    match bytecode::semantics::step(&mut Step::<Plain>::new(&mut machine), cell.op, cell.arg) {
        Ok(()) => {
            machine.save();
            Ok(())
        }
        Err(Break::Leave(leave)) => Err(machine.leave(leave)),
        Err(Break::Again) => {
            debug_assert!(false, "only fused instructions are executed again");
            Ok(())
        }
    }
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

impl<'v> Interpreter<'v> {
    #[inline(always)]
    fn new(vm: &'v mut Vm) -> Interpreter<'v> {
        let regs = vm.regs;
        debug_assert!(regs.sp as usize <= vm.stack.len() && regs.base <= regs.sp);
        let stack = vm.stack.as_mut_ptr().cast::<Value>();
        let function = &mut vm.functions[regs.function as usize];
        debug_assert!((regs.pc as usize) < function.cells.len());
        let cells = function.cells.as_mut_ptr();
        let sites = origin(function);
        // SAFETY: `regs` keeps the Vm's invariant: pc inside the function, base and sp inside the stack.
        let (pc, base, sp) = unsafe {
            (cells.add(regs.pc as usize), stack.add(regs.base as usize), stack.add(regs.sp as usize))
        };
        Interpreter { pc, sp, base, fuel: vm.slice, cells, sites, vm }
    }
}

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
    pub(super) fn save(&mut self) {
        // SAFETY: all pointers are into the allocations that they are measured against.
        unsafe { save(self.vm, self.pc, self.cells, self.sp) };
        self.vm.slice = self.fuel;
    }

    /// Control has come to `pc`.
    #[inline(always)]
    pub(super) fn arrive(&mut self, how: How) -> Option<Leave> {
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
    pub(super) fn again(&mut self) -> Code {
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
    pub(super) fn call(&mut self, function: u32) -> Option<Leave> {
        // SAFETY: the verifier has proved that function indices are in range.
        let callee = unsafe { &*self.vm.functions.as_ptr().add(function as usize) };
        let (params, locals, size) = (callee.params as usize, callee.locals as usize, callee.frame_size);
        let hand_over = callee.hand_over;
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
        if self.vm.frames.len() == self.vm.frames.capacity() && !self.vm.more_frames() {
            return Some(Leave::Stopped);
        }
        // SAFETY: both point into the function's cells.
        let pc = (unsafe { self.pc.offset_from(self.cells) }) as u32;
        let regs = self.vm.regs;
        let frame = Frame { native: 0, function: regs.function, pc, delta: used as u32 - regs.base };
        self.vm.frames.push(frame);
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
        match self.arrive(How::Call) {
            None if hand_over => Some(Leave::EntryTrigger),
            leave => leave,
        }
    }

    #[inline(always)]
    pub(super) fn ret(&mut self, value: Value) -> Option<Leave> {
        match self.vm.frames.pop() {
            Some(frame) => {
                self.sp = self.base;
                self.switch_to(frame.function);
                // SAFETY: the frame was made by a call, here or in compiled code, or by deoptimisation, from a pc and a base
                // in range.
                unsafe {
                    self.pc = self.cells.add(frame.pc as usize);
                    self.base = self.base.sub(frame.delta as usize);
                }
                self.vm.regs.base -= frame.delta;
                self.push(value);
                (frame.native != 0).then_some(Leave::Return)
            }
            None => {
                self.vm.result = value;
                Some(Leave::Done)
            }
        }
    }

    #[inline(always)]
    pub(super) fn halt(&mut self) -> Option<Leave> {
        // SAFETY: the function index is in range, and both pointers are into the stack.
        let height = unsafe {
            let locals = (*self.vm.functions.as_ptr().add(self.vm.regs.function as usize)).locals;
            self.sp.offset_from(self.base) as u32 - locals
        };
        self.vm.result = if height > 0 { self.pop() } else { Value::NONE };
        Some(Leave::Done)
    }

    #[inline(always)]
    pub(super) fn push(&mut self, value: Value) {
        // SAFETY: the verifier has proved the height; the frame's size was checked when it was entered.
        unsafe {
            *self.sp = value;
            self.sp = self.sp.add(1);
        }
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) -> Value {
        // SAFETY: the verifier has proved that there is an operand.
        unsafe {
            self.sp = self.sp.sub(1);
            *self.sp
        }
    }

    /// Takes so many operands from the stack.
    #[inline(always)]
    pub(super) fn drop_operands(&mut self, count: u32) {
        // SAFETY: the verifier has proved that there are so many operands.
        self.sp = unsafe { self.sp.sub(count as usize) };
    }

    /// An operand, so far below the top.
    #[inline(always)]
    pub(super) fn peek(&self, depth: u32) -> Value {
        // SAFETY: the verifier has proved that there are so many operands: meanings look at none but those that they take.
        unsafe { *self.sp.sub(depth as usize + 1) }
    }

    #[inline(always)]
    pub(super) fn constant(&self, k: u32) -> Value {
        // SAFETY: the verifier has proved that constant indices are in range.
        unsafe { *self.vm.constants.as_ptr().add(k as usize) }
    }

    #[inline(always)]
    pub(super) fn local(&self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that local slots are in range.
        unsafe { *self.base.add(slot as usize) }
    }

    #[inline(always)]
    pub(super) fn set_local(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `local`.
        unsafe { *self.base.add(slot as usize) = value };
    }

    #[inline(always)]
    pub(super) fn global(&self, slot: u32) -> Value {
        // SAFETY: the verifier has proved that global slots are in range.
        unsafe { *self.vm.globals.as_ptr().add(slot as usize) }
    }

    #[inline(always)]
    pub(super) fn set_global(&mut self, slot: u32, value: Value) {
        // SAFETY: as for `global`.
        unsafe { *self.vm.globals.as_mut_ptr().add(slot as usize) = value };
    }

    /// Goes past the next instruction, which has this operation; gives its argument.
    #[inline(always)]
    pub(super) fn fetch(&mut self, op: Op) -> u32 {
        // SAFETY: `pc` is inside the function; after its last instruction, one past the end, where it is not read.
        unsafe {
            debug_assert_eq!((*self.pc).op, op);
            let arg = (*self.pc).arg;
            self.pc = self.pc.add(1);
            arg
        }
    }

    /// Adds to the feedback of the instruction that was fetched last.
    #[inline(always)]
    pub(super) fn record(&mut self, seen: Feedback) {
        // SAFETY: `pc` is past that instruction, so there is one before it.
        unsafe { (*self.pc.sub(1)).feedback.record(seen) };
    }

    /// Control goes to `target` of the same function; how, unless that is known.
    #[inline(always)]
    pub(super) fn transfer(&mut self, target: u32, how: Option<How>) -> Option<Leave> {
        // SAFETY: the verifier has proved that targets are inside the function.
        let target = unsafe { self.cells.add(target as usize) };
        let how = how.unwrap_or(if target < self.pc { How::Back } else { How::Forward });
        debug_assert_eq!(how == How::Back, target < self.pc);
        self.pc = target;
        self.arrive(how)
    }
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
