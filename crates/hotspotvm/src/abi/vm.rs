//! The state of a running program: frames, stack, globals, fuel, and what the profile has seen.
//!
//! All of it is plain indices, so that every stage can read it. Only the interpreter holds pointers into it, and only
//! while it runs.
//!
//! Invariants between interpreter runs:
//! - `stack[..sp]` are values; a frame's locals start at its `base`, its operands follow, the next frame's locals are
//!   the caller's arguments in place;
//! - fuel used is `total - reserve - slice`; the slice is what may be spent before limits are looked at.

use super::fusion::{Code, fuse};
use super::interrupts::Interrupts;
use super::region::Reservation;
use crate::options::Options;
use crate::profile::{Executed, Feedback, Site, counts_of_instructions, executions};
use bytecode::{FormFacts, FuncId, Inst, Op, Program, Verified};
use ir::planted::{Bug, is};
use runtime::error::Earlier;
use runtime::error::{INNERMOST, OUTERMOST, shown_name};
use runtime::num::{Cost, ErrorKind, NumError, Watch};
use runtime::object::exception::{self, Link};
use runtime::object::{Context, Fault, Outcome};
use runtime::{GivenUp, Heap, HeapFull, Io, LimitKind, Place, Stop, StopKind, Store, Value};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use zerocopy::FromZeros;

/// Instructions between two looks at limits, cancellation and garbage: the most that compiled code can be given (see
/// [`codegen::FUEL_SHIFT`]). An exit and re-entry cost about a microsecond, these several hundred.
const SLICE: i64 = codegen::MAX_SLICE;
/// The same when there is a deadline or a cancel to see within 10 ms even if every instruction takes 100 ns.
const SLICE_TIMED: i64 = 1 << 16;
/// "Unlimited" fuel: more than a century of instructions.
const PLENTY: u64 = i64::MAX as u64;

/// An instruction as the interpreter reads it, with its type feedback beside it: 8 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Cell {
    /// What to do.
    pub op: Op,
    /// How the interpreter does it, perhaps together with the instructions that follow.
    pub code: Code,
    /// What operands it has seen.
    pub feedback: Feedback,
    /// With what.
    pub arg: u32,
}

/// A function as the interpreter reads it.
#[derive(Debug)]
pub struct FunctionState {
    /// Its instructions.
    pub cells: Box<[Cell]>,
    /// Its profile: a site per instruction.
    pub sites: Box<[Site]>,
    /// The number of the counter that optimized code has for its first pc; the others follow.
    pub first_counter: u32,
    /// How many of its locals are parameters.
    pub params: u32,
    /// How many locals it has.
    pub locals: u32,
    /// Locals and operands at the most.
    pub frame_size: u32,
    /// It has baseline code, which the interpreter hands over to when it calls it.
    pub hand_over: bool,
}

/// A call that waits for another to return. All of it is known where the call is compiled.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    /// Where baseline code goes on when the callee returns; 0 if the interpreter does.
    pub native: u64,
    /// The function.
    pub function: u32,
    /// Where it goes on: the pc after its `call`.
    pub pc: u32,
    /// How far below the callee's locals its own start in the stack.
    pub delta: u32,
}

/// Where the current call stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registers {
    /// The function.
    pub function: u32,
    /// The instruction: the next one, or the one that leaves.
    pub pc: u32,
    /// Where its locals start in the stack.
    pub base: u32,
    /// The end of its operands.
    pub sp: u32,
}

/// The program must stop; [`Vm::stop`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MustStop;

/// What was counted on the way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Instructions executed in compiled code.
    pub jit_instructions: u64,
    /// Rounds of loops in compiled code.
    pub jit_iterations: u64,
    /// Fuel charged for the size of operands.
    pub size_fuel: u64,
}

/// Earlier exceptions that are shown with one, at the most.
const MOST_EARLIER: usize = 64;
/// Waiting calls for which there is room at first.
const FIRST_FRAMES: usize = 64;
/// While a program is made ready, the clock is looked at after so many instructions: a fraction of a millisecond.
const PREPARED_AT_ONCE: usize = 1 << 14;

impl FunctionState {
    fn new(program: &Verified, id: FuncId, unfused: bool) -> FunctionState {
        let (function, facts) = (&program.program().functions[id.0 as usize], program.facts(id));
        let cell = |inst: &bytecode::Inst| Cell {
            op: inst.op,
            code: Code::of(inst.op),
            feedback: Feedback::default(),
            arg: inst.arg,
        };
        let mut cells: Box<[Cell]> = function.code.iter().map(cell).collect();
        if !unfused {
            fuse(&mut cells);
        }
        FunctionState {
            cells,
            first_counter: 0,
            sites: facts.run_costs.iter().map(|&cost| Site::new(cost)).collect(),
            params: function.params,
            locals: function.locals.len() as u32,
            frame_size: function.locals.len() as u32 + facts.max_stack,
            hand_over: false,
        }
    }
}

/// The state of a running program.
pub struct Vm {
    /// The program.
    pub program: Arc<Verified>,
    /// Its functions.
    pub functions: Vec<FunctionState>,
    /// Its constants.
    pub constants: Vec<Value>,
    /// What there is to know of constants that say how a method is called.
    pub forms: Vec<FormFacts>,
    /// Where compiled code puts the arguments of a routine.
    pub arguments: Vec<u64>,
    /// Its globals.
    pub globals: Vec<Value>,
    /// Arrivals in optimized code, by counter; empty if they are not counted.
    pub counts: Vec<u64>,
    /// Locals and operands, as the bits of values. (As integers, because those can be had zeroed from the system for nothing.)
    pub stack: Vec<u64>,
    /// The calls that wait.
    pub frames: Vec<Frame>,
    /// The current call.
    pub regs: Registers,
    /// Heap, streams, sizes.
    pub store: Store,
    /// The memory that the heap's region is lent; `None` if the system refused it, or nobody needs it. Behind `store`, so that it
    /// is dropped after it.
    pub reservation: Option<Reservation>,
    /// Fuel that may be spent before limits are looked at.
    pub slice: i64,
    /// Fuel beyond the slice.
    pub reserve: u64,
    total: u64,
    slice_size: i64,
    /// The result, when the program has ended.
    pub result: Value,
    /// Why it stopped, when it did.
    pub stop: Option<(StopKind, String)>,
    /// The exception that the program has raised, if that is why it stops; else `none`.
    pub raised: Value,
    /// Whether it was raised again: then the instruction that did so is not shown.
    pub raised_again: bool,
    /// The exception that is being handled; else `none`.
    pub handled: Value,
    /// Instructions that were charged and that nobody will execute, since an error has ended their run: by function and pc of
    /// the first, how often.
    abandoned: HashMap<(u32, u32), u64>,
    /// How many they are, and how many of them were counted as compiled.
    abandoned_instructions: (u64, u64),
    /// A panic of a routine that machine code has called, until that has left.
    pub panic: Option<Box<dyn Any + Send>>,
    /// Counted so far.
    pub counters: Counters,
    /// The most active calls that the host allows, that the program does, and the lower one of them.
    host_depth: u32,
    recursion_limit: Option<u32>,
    max_depth: u32,
    largest_frame: u32,
    interrupts: Interrupts,
}

impl Vm {
    /// A program about to start with these arguments. `stack` may be the stack of an earlier run, to save clearing a new one.
    ///
    /// # Errors
    /// If the entry function does not take that many arguments, or the program does not fit its limits.
    pub fn new(
        program: Arc<Verified>,
        arguments: &[runtime::num::Output],
        mut io: Io,
        options: &Options,
        interrupts: Interrupts,
        mut stack: Vec<u64>,
    ) -> Result<Vm, Stop> {
        let limits = &options.limits;
        io.limit(limits.output_bytes, {
            let interrupts = interrupts.clone();
            Box::new(move || interrupts.are_due())
        });
        let due = interrupts.clone();
        let watch = Watch::new(limits.numbers, Box::new(move || due.are_due()));
        let words = Heap::reserve_words(limits.heap_bytes);
        // What never makes an object needs no memory for them.
        let reserved = uses_objects(program.program()).then(|| Reservation::new(words)).flatten();
        let (heap, reservation) = match reserved {
            Some((reservation, memory)) => {
                (Heap::with_reserve(limits.heap_bytes, options.stress.collect, memory), Some(reservation))
            }
            None => (Heap::new(limits.heap_bytes, options.stress.collect), None),
        };
        let mut store = Store::new(heap, io, watch);
        let constants: Vec<Value> = program.program().constants.iter().map(|c| store.constant(c)).collect();
        store.heap.pin_all();
        let too_early = |kind, message| {
            Err(Stop {
                kind: StopKind::Limit(kind),
                message,
                trace: Vec::new(),
                left_out: 0,
                earlier: Vec::new(),
            })
        };
        if store.heap.charged() > limits.heap_bytes {
            let message = format!("the program's constants do not fit {} bytes", limits.heap_bytes);
            return too_early(LimitKind::Heap, message);
        }
        let mut functions = Vec::with_capacity(program.program().functions.len());
        let mut prepared = 0;
        let mut counters = 0u32;
        for id in 0..program.program().functions.len() as u32 {
            let mut function = FunctionState::new(&program, FuncId(id), options.stress.unfused);
            function.first_counter = counters;
            counters = counters.saturating_add(function.cells.len() as u32);
            prepared += function.cells.len() + 1;
            functions.push(function);
            if prepared >= PREPARED_AT_ONCE {
                prepared = 0;
                if let Some((kind, message)) = interrupts.reason() {
                    return too_early(kind, message);
                }
            }
        }
        let entry = program.program().entry;
        let main = &functions[entry as usize];
        let wanted = if program.program().open_entry { main.locals } else { main.params };
        let given = arguments.len();
        if given > wanted as usize || (!program.program().open_entry && given != wanted as usize) {
            let name = &program.program().functions[entry as usize].name;
            let upto = if program.program().open_entry { "up to " } else { "" };
            let message = format!("{name} takes {upto}{wanted} arguments, {given} given");
            return Err(Stop {
                kind: StopKind::Error(runtime::num::ErrorKind::TypeError),
                message,
                trace: Vec::new(),
                left_out: 0,
                earlier: Vec::new(),
            });
        }
        if main.frame_size > limits.stack_values {
            return too_early(LimitKind::Stack, "the entry function's locals do not fit".to_string());
        }
        // What an earlier run has left in it is never read: everything below `sp` has been written.
        if stack.len() != limits.stack_values as usize {
            stack = match u64::new_vec_zeroed(limits.stack_values as usize) {
                Ok(stack) => stack,
                Err(_) => {
                    let message =
                        format!("the system refuses memory for a stack of {} values", limits.stack_values);
                    return too_early(LimitKind::Stack, message);
                }
            };
        }
        let locals = main.locals;
        for slot in &mut stack[..locals as usize] {
            *slot = Value::NONE.bits();
        }
        for (slot, argument) in stack.iter_mut().zip(arguments) {
            *slot = store.value(argument.clone()).bits();
        }
        let total = limits.fuel.unwrap_or(PLENTY).min(PLENTY);
        let usual = if interrupts.are_possible() { SLICE_TIMED } else { SLICE };
        let slice_size =
            options.stress.slice.or(options.sampling).map_or(usual, |s| i64::from(s).clamp(1, SLICE));
        let slice = total.min(slice_size as u64) as i64;
        let largest_frame = functions.iter().map(|f| f.frame_size).max().unwrap_or(0);
        let constants_of = program.program();
        let forms: Vec<FormFacts> = (0..constants_of.constants.len() as u32)
            .map(|k| constants_of.form(k).map_or_else(FormFacts::default, |form| FormFacts::of(&form)))
            .collect();
        // No instruction takes more than there are operands.
        let arguments = vec![0; largest_frame as usize];
        Ok(Vm {
            forms,
            arguments,
            largest_frame,
            globals: vec![Value::NONE; program.program().globals.len()],
            counts: vec![0; if options.counting { counters as usize } else { 0 }],
            program,
            functions,
            constants,
            stack,
            frames: Vec::new(),
            regs: Registers { function: entry, pc: 0, base: 0, sp: locals },
            store,
            reservation,
            slice,
            reserve: total - slice as u64,
            total,
            slice_size,
            result: Value::NONE,
            stop: None,
            raised: Value::NONE,
            raised_again: false,
            handled: Value::NONE,
            abandoned: HashMap::new(),
            abandoned_instructions: (0, 0),
            panic: None,
            counters: Counters::default(),
            host_depth: limits.depth,
            recursion_limit: limits.recursion,
            max_depth: limits.depth.min(limits.recursion.unwrap_or(u32::MAX)),
            interrupts,
        })
    }

    /// Fuel used so far.
    pub fn fuel_used(&self) -> u64 {
        self.total - self.reserve - self.slice.max(0) as u64
    }

    /// Instructions charged so far: what a run of instructions costs is charged when control arrives at it.
    pub fn charged(&self) -> u64 {
        self.fuel_used() - self.counters.size_fuel
    }

    /// Instructions executed so far, by the interpreter and in compiled code: what was charged, less what no one has
    /// executed yet of runs that are paid for.
    pub fn instructions(&self, current_run_left: u64) -> (u64, u64) {
        let waiting = |native: bool| -> u64 {
            let frames = self.frames.iter().filter(|f| (f.native != 0) == native);
            frames.map(|f| self.run_left(f.function, f.pc)).sum()
        };
        let (interpreter_waiting, native_waiting) = (waiting(false), waiting(true));
        let (abandoned, compiled_abandoned) = self.abandoned_instructions;
        let unexecuted = interpreter_waiting + native_waiting + current_run_left + abandoned;
        let all = self.charged().saturating_sub(unexecuted);
        // Baseline code counts the rest of a caller's run when it makes the call.
        let never = native_waiting + compiled_abandoned;
        let compiled = self.counters.jit_instructions.saturating_sub(never).min(all);
        (all - compiled, compiled)
    }

    /// The rest of a run, from here to the next transfer of control, is never executed, though it was charged; and counted as
    /// compiled, if that is so.
    pub fn abandon(&mut self, function: u32, pc: u32, compiled: bool) {
        // Where the instruction before transfers control, no run goes on here.
        let code = &self.program.program().functions[function as usize].code;
        if pc > 0 && code[pc as usize - 1].op.transfers() {
            return;
        }
        let left = self.run_left(function, pc);
        self.abandoned_instructions.0 += left;
        self.abandoned_instructions.1 += if compiled { left } else { 0 };
        if !self.counts.is_empty() {
            *self.abandoned.entry((function, pc)).or_default() += 1;
        }
    }

    /// The counter of arrivals at a place that optimized code has, if it is to count.
    pub fn counter(&self, function: u32, pc: u32) -> Option<u32> {
        let number = self.functions[function as usize].first_counter.checked_add(pc)?;
        ((number as usize) < self.counts.len()).then_some(number)
    }

    /// How often control has arrived so far at the run that each instruction of a function is in: in all tiers that count, and of
    /// that in optimized code.
    pub fn counted(&self, code: &[Inst], state: &FunctionState) -> (Vec<u64>, Vec<u64>) {
        let mut all = executions(code, &state.sites);
        let first = state.first_counter as usize;
        let Some(counts) = self.counts.get(first..first + code.len()) else { return (all, Vec::new()) };
        let optimized = counts_of_instructions(code, counts.iter().copied());
        for (all, optimized) in all.iter_mut().zip(&optimized) {
            *all = all.saturating_add(*optimized);
        }
        (all, optimized)
    }

    /// How often each instruction was executed so far, if everybody counts.
    pub fn executed(&self, current_run_left: u64) -> Option<Executed> {
        if self.counts.is_empty() {
            return None;
        }
        let mut executed = Executed { all: Vec::new(), optimized: Vec::new() };
        for (function, state) in self.program.program().functions.iter().zip(&self.functions) {
            let (all, optimized) = self.counted(&function.code, state);
            executed.all.push(all);
            executed.optimized.push(optimized);
        }
        // What was counted on arrival, and has not been executed since.
        let end = self.regs.pc as usize + self.run_left(self.regs.function, self.regs.pc) as usize;
        let current = (self.regs.function, end.saturating_sub(current_run_left as usize)..end);
        let waiting = self.frames.iter().map(|frame| {
            let left = self.run_left(frame.function, frame.pc) as usize;
            (frame.function, frame.pc as usize..frame.pc as usize + left)
        });
        for (function, rest) in waiting.chain([current]) {
            let (all, optimized) =
                (&mut executed.all[function as usize], &mut executed.optimized[function as usize]);
            for (all, optimized) in all[rest.clone()].iter_mut().zip(&mut optimized[rest]) {
                *all = all.saturating_sub(1);
                *optimized = (*optimized).min(*all);
            }
        }
        for (&(function, pc), &times) in &self.abandoned {
            let rest = pc as usize..pc as usize + self.run_left(function, pc) as usize;
            let (all, optimized) =
                (&mut executed.all[function as usize], &mut executed.optimized[function as usize]);
            for (all, optimized) in all[rest.clone()].iter_mut().zip(&mut optimized[rest]) {
                *all = all.saturating_sub(times);
                *optimized = (*optimized).min(*all);
            }
        }
        Some(executed)
    }

    /// Instructions from here to the next transfer of control.
    pub fn run_left(&self, function: u32, pc: u32) -> u64 {
        self.functions[function as usize].sites.get(pc as usize).map_or(0, |site| u64::from(site.cost))
    }

    /// Locals and operands of the function that has most of them.
    pub fn largest_frame(&self) -> u32 {
        self.largest_frame
    }

    /// The most active calls.
    pub fn max_depth(&self) -> u32 {
        self.max_depth
    }

    /// The most active calls that the program allows itself.
    pub fn recursion_limit(&self) -> u32 {
        self.recursion_limit.unwrap_or(self.host_depth)
    }

    /// Changes what the program allows itself; the host's limit stays. No compiled code may be active: it was entered
    /// with the old one.
    ///
    /// # Errors
    /// If more calls are active already.
    pub fn set_recursion_limit(&mut self, limit: u32) -> Result<(), NumError> {
        // To CPython the call of the builtin function is one more.
        let depth = self.frames.len() + 2;
        if depth >= limit as usize {
            let message = format!(
                "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
            );
            return Err(NumError::Raised { kind: ErrorKind::RecursionError, message: message.into() });
        }
        self.recursion_limit = Some(limit);
        self.max_depth = self.host_depth.min(limit);
        Ok(())
    }

    /// Whether one more call would be too deep.
    #[inline(always)]
    pub fn at_max_depth(&self) -> bool {
        // The current call is not among the frames.
        self.frames.len() + 1 >= self.max_depth as usize
    }

    /// Records why the program stops; the first reason counts.
    pub fn set_stop(&mut self, kind: StopKind, message: String) {
        self.stop.get_or_insert((kind, message));
    }

    /// Stops because a call would be too deep: for the program's own limit that is its error.
    #[cold]
    pub fn stop_depth(&mut self) {
        if self.recursion_limit.is_some_and(|limit| limit <= self.host_depth) {
            let message = "maximum recursion depth exceeded".to_string();
            return self.set_stop(StopKind::Error(ErrorKind::RecursionError), message);
        }
        let message = format!("more than {} active calls", self.host_depth);
        self.set_stop(StopKind::Limit(LimitKind::Depth), message);
    }

    /// Makes room for more waiting calls; if the system refuses, the program stops.
    #[cold]
    pub fn more_frames(&mut self) -> bool {
        let room = self.frames.try_reserve(self.frames.len().max(FIRST_FRAMES)).is_ok();
        if !room {
            let message =
                format!("the system refuses memory for more than {} active calls", self.frames.len());
            self.set_stop(StopKind::Limit(LimitKind::Stack), message);
        }
        room
    }

    /// Stops because the stack is full.
    #[cold]
    pub fn stop_stack(&mut self) {
        let message = format!("the locals and operands of all calls exceed {} values", self.stack.len());
        self.set_stop(StopKind::Limit(LimitKind::Stack), message);
    }

    /// Stops because of a number routine's answer.
    #[cold]
    pub fn stop_number(&mut self, error: NumError) {
        match error {
            NumError::Raised { kind, message } => self.set_stop(StopKind::Error(kind), message.into_owned()),
            NumError::Interrupted => self.stop_interrupted(),
            output @ NumError::OutputTooLarge { .. } => {
                self.set_stop(StopKind::Limit(LimitKind::Output), output.to_string());
            }
            limit => self.set_stop(StopKind::Limit(LimitKind::Size), limit.to_string()),
        }
    }

    /// Stops because long work was interrupted: at the deadline, or by the host.
    #[cold]
    fn stop_interrupted(&mut self) {
        if self.check_interrupts().is_ok() {
            self.set_stop(StopKind::Limit(LimitKind::Cancelled), "cancelled by the host".to_string());
        }
    }

    #[cold]
    fn stop_fuel(&mut self) {
        let message = format!(
            "{} of {} used, and the next run of instructions needs more",
            self.fuel_used(),
            self.total
        );
        self.set_stop(StopKind::Limit(LimitKind::Fuel), message);
    }

    /// How much fuel the slices to come have.
    pub fn set_slice_size(&mut self, fuel: i64) {
        self.slice_size = fuel.clamp(1, SLICE);
    }

    /// Looks at everything that is looked at between slices, and starts a new slice that covers a run of this cost.
    ///
    /// # Errors
    /// [`Vm::stop`] says why the program must stop.
    pub fn next_slice(&mut self, cost: u32) -> Result<(), MustStop> {
        self.check_interrupts()?;
        if self.store.heap.wants_collection() {
            self.collect(&mut [])?;
        }
        let available = self.reserve + self.slice.max(0) as u64;
        if available < u64::from(cost) {
            self.stop_fuel();
            return Err(MustStop);
        }
        let slice = available.min(self.slice_size.max(i64::from(cost)) as u64);
        self.slice = slice as i64;
        self.reserve = available - slice;
        Ok(())
    }

    /// Looks at the clock, the cancel switch and the streams.
    ///
    /// # Errors
    /// [`Vm::stop`] says why the program must stop.
    pub fn check_interrupts(&mut self) -> Result<(), MustStop> {
        if let Some((kind, message)) = self.interrupts.reason() {
            self.set_stop(StopKind::Limit(kind), message);
            return Err(MustStop);
        }
        if let Some(error) = self.store.io.failure() {
            let message = format!("standard output or input failed: {error}");
            self.set_stop(StopKind::Io, message);
            return Err(MustStop);
        }
        Ok(())
    }

    /// Whether the program must stop at its next safepoint, for those who would otherwise begin something long. If so, that
    /// comes with the next transfer of control: the slice is given back.
    pub fn is_interrupted(&mut self) -> bool {
        let due = self.interrupts.are_due();
        if due {
            self.reserve += self.slice.max(0) as u64;
            self.slice = 0;
        }
        due
    }

    /// The clock and the cancel switch.
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// Pays for an operation, or stops: fuel first, then heap, collecting garbage if that helps. `extra` are values
    /// that the operation still needs; they are changed where their objects have moved.
    ///
    /// # Errors
    /// [`Vm::stop`] says why the program must stop.
    pub fn pay(&mut self, cost: Cost, extra: &mut [Value]) -> Result<(), MustStop> {
        self.pay_fuel(cost.fuel)?;
        let request = cost.request();
        if request > 0 { self.reserve_heap(request, extra) } else { Ok(()) }
    }

    /// Pays fuel for work that is about to be done, after a look at the clock.
    fn pay_fuel(&mut self, fuel: u64) -> Result<(), MustStop> {
        if fuel == 0 {
            return Ok(());
        }
        self.check_interrupts()?;
        let from_slice = fuel.min(self.slice.max(0) as u64);
        let rest = fuel - from_slice;
        if rest > self.reserve {
            self.stop_fuel();
            return Err(MustStop);
        }
        self.slice -= from_slice as i64;
        self.reserve -= rest;
        self.counters.size_fuel += fuel;
        Ok(())
    }

    /// Makes sure that a request of so many charged bytes fits. See [`runtime::heap`] for what is paid, and why that is
    /// the same in every tier: here the roots that count are those below the current frame's operands, since tiers
    /// differ in which operands they have popped.
    fn reserve_heap(&mut self, request: u64, extra: &mut [Value]) -> Result<(), MustStop> {
        if self.store.heap.covers(request) {
            return if self.store.heap.wants_collection() { self.collect(extra) } else { Ok(()) };
        }
        let counted = u64::from(self.operands_start()) + self.globals.len() as u64;
        self.pay_fuel(self.store.heap.limit_collection_fuel(counted))?;
        let Vm { stack, globals, regs, store, raised, handled, .. } = self;
        let Store { heap, watch, .. } = store;
        let mut roots = roots(stack, regs.sp, globals, [raised, handled], extra);
        let result = heap.collect_at_limit(request, &mut roots, &|| watch.is_interrupted());
        drop(roots);
        match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(HeapFull { request, live, limit })) => {
                let message = format!("{request} bytes more than {live} in use, of {limit}");
                self.set_stop(StopKind::Limit(LimitKind::Heap), message);
            }
            Err(GivenUp) => self.stop_interrupted(),
        }
        Err(MustStop)
    }

    /// Does what compiled code may do by itself: an operation that succeeds, and whose payment needs nothing but
    /// counting. Otherwise nothing is done and nothing paid, and the interpreter must do it.
    pub fn pay_if_done<T>(
        &mut self,
        cost: Cost,
        work: impl FnOnce(&mut Store) -> Result<T, NumError>,
    ) -> Option<T> {
        if !self.can_pay_now(cost) {
            return None;
        }
        let result = work(&mut self.store).ok()?;
        self.slice -= cost.fuel as i64;
        self.counters.size_fuel += cost.fuel;
        Some(result)
    }

    /// Whether a payment needs nothing but counting.
    fn can_pay_now(&self, cost: Cost) -> bool {
        let request = cost.request();
        cost.fuel <= self.slice.max(0) as u64
            && (request == 0 || self.store.heap.fits(request))
            && self.store.io.failure().is_none()
    }

    /// What writing a value costs: fuel alone, since text passes through and stays nowhere.
    pub fn print_cost(&self, a: Value) -> Cost {
        Cost { result_bytes: 0, scratch_bytes: 0, ..self.store.print_cost(a) }
    }

    /// Frees all objects that the program can't reach; `extra` are values that are needed and not on the stack.
    fn collect(&mut self, extra: &mut [Value]) -> Result<(), MustStop> {
        let Vm { stack, globals, regs, store, raised, handled, .. } = self;
        let Store { heap, watch, .. } = store;
        let mut roots = roots(stack, regs.sp, globals, [raised, handled], extra);
        let result = heap.collect(&mut roots, &|| watch.is_interrupted());
        drop(roots);
        result.map_err(|GivenUp| {
            self.stop_interrupted();
            MustStop
        })
    }

    /// The program's early end, with the active calls; of very many, those that a traceback shows.
    pub fn stopped(&self, kind: StopKind, message: String) -> Stop {
        let mut names: HashMap<u32, Arc<str>> = HashMap::new();
        let mut place = |function: u32, pc: u32| {
            let id = FuncId(function);
            let program = self.program.program();
            let name = names.entry(function).or_insert_with(|| {
                shown_name(program.functions.get(function as usize).map_or("", |f| &f.name))
            });
            Place { function: name.clone(), pc, line: program.line(id, pc) }
        };
        let left_out = (self.frames.len() + 1).saturating_sub(OUTERMOST + INNERMOST);
        let first = if left_out == 0 { self.frames.len() } else { OUTERMOST };
        let (outer, rest) = self.frames.split_at(first);
        let inner = &rest[left_out.min(rest.len())..];
        let waiting = outer.iter().chain(inner);
        let mut trace: Vec<Place> = Vec::with_capacity(first + inner.len() + 1);
        trace.extend(waiting.map(|frame| place(frame.function, frame.pc.saturating_sub(1))));
        if self.raised == Value::NONE || !self.raised_again {
            trace.push(place(self.regs.function, self.regs.pc));
        }
        let store = &self.store;
        let ended = exception::calls(store, self.raised);
        trace.extend(ended.into_iter().map(|(function, pc)| place(function, pc)));
        // What came before, the first one first. Each is shown once, though they may lead in a circle.
        let mut earlier = Vec::new();
        let handled = (Link::Context, self.handled);
        let is_error = matches!(kind, StopKind::Error(_));
        let mut next = match self.raised {
            Value::NONE if is_error && handled.1 != Value::NONE => Some(handled),
            Value::NONE => None,
            raised => exception::before(store, raised),
        };
        let mut seen = vec![self.raised];
        while let Some((link, exception)) = next
            && earlier.len() < MOST_EARLIER
            && !seen.contains(&exception)
        {
            seen.push(exception);
            let calls = exception::calls(store, exception);
            let trace = calls.into_iter().map(|(function, pc)| place(function, pc)).collect();
            earlier.push(Earlier { headline: exception::headline(store, exception), trace, link });
            next = exception::before(store, exception);
        }
        earlier.reverse();
        Stop { kind, message, trace, left_out, earlier }
    }

    /// A value of the current frame's locals.
    pub fn local(&self, slot: u32) -> Value {
        Value::from_bits(self.stack[(self.regs.base + slot) as usize])
    }

    /// Where the current frame's operands start in the stack.
    pub fn operands_start(&self) -> u32 {
        self.regs.base + self.functions[self.regs.function as usize].locals
    }
}

/// Whether a program has instructions that make objects or use them.
fn uses_objects(program: &Program) -> bool {
    program.functions.iter().any(|function| function.code.iter().any(|inst| inst.op.uses_objects()))
}

/// Calls what it is given for each value that the program can reach.
fn roots<'a>(
    stack: &'a mut [u64],
    sp: u32,
    globals: &'a mut [Value],
    exceptions: [&'a mut Value; 2],
    extra: &'a mut [Value],
) -> impl FnMut(&mut dyn FnMut(&mut Value)) + 'a {
    let mut exceptions = exceptions;
    move |visit| {
        for bits in &mut stack[..sp as usize] {
            let mut value = Value::from_bits(*bits);
            if value.as_reference().is_some() {
                visit(&mut value);
                *bits = value.bits();
            }
        }
        if !is(Bug::GlobalsAreNoRoots) {
            globals.iter_mut().for_each(&mut *visit);
        }
        exceptions.iter_mut().for_each(|exception| visit(exception));
        extra.iter_mut().for_each(&mut *visit);
    }
}

impl Context for Vm {
    fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    fn pay(&mut self, cost: Cost, held: &mut [Value]) -> Outcome<()> {
        Vm::pay(self, cost, held).map_err(|MustStop| Fault::Refused)
    }

    fn fuel_left(&self) -> u64 {
        self.reserve + self.slice.max(0) as u64
    }

    fn handle(&mut self, exception: Value) -> Value {
        std::mem::replace(&mut self.handled, exception)
    }
}

/// Operations of compiled code: where a payment needs more than counting, they are refused, and have no effect.
pub struct Unattended<'v>(pub &'v mut Vm);

impl Context for Unattended<'_> {
    fn store(&mut self) -> &mut Store {
        &mut self.0.store
    }

    fn pay(&mut self, cost: Cost, _: &mut [Value]) -> Outcome<()> {
        if !self.0.can_pay_now(cost) {
            return Err(Fault::Refused);
        }
        self.0.slice -= cost.fuel as i64;
        self.0.counters.size_fuel += cost.fuel;
        Ok(())
    }

    fn fuel_left(&self) -> u64 {
        self.0.slice.max(0) as u64
    }

    fn handle(&mut self, exception: Value) -> Value {
        self.0.handle(exception)
    }
}
