//! The loop: profile, detect, compile, cache, execute, deoptimise.
//!
//! `Run::execute` is the whole sentence. The interpreter profiles and runs until a trigger, a limit or the end; then the
//! policy decides, the driver compiles, the cache keeps, compiled code runs, and its exit becomes interpreter frames again.

use crate::cache::CodeCache;
use crate::cache::memory;
use crate::compile::driver::{Driver, Failure, input_name};
use crate::deopt::{Raw, RebuiltFrame, rebuild};
use crate::detect::Region;
use crate::detect::policy::{
    Arriving, Decision, MAX_EXITS, MAX_RECOMPILES, MIN_PER_ENTRY, PlaceKey, Policy, TRIAL_ENTRIES, spot,
};
use crate::event::{Event, SCHEMA_VERSION};
use crate::execute::interpreter::{Leave, interpret};
use crate::execute::native::{self, Left, Mismatch, type_of};
use crate::execute::vm::{MustStop, Vm};
use crate::options::{Cancel, Options, Tier};
use crate::profile::{How, NEVER};
use crate::stats::Stats;
use bytecode::{Inst, Verified};
use ir::{ExitReason, Resume};
use runtime::num::Output;
use runtime::{Io, Stop, StopKind, Value};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

mod baseline;

type Listener = Box<dyn FnMut(&Event)>;

/// A virtual machine with its settings. Each [`Engine::run`] is a run of its own.
pub struct Engine {
    options: Options,
    listener: Option<Listener>,
    cancel: Cancel,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The program's result, or why it stopped.
    pub result: Result<Output, Stop>,
    /// What it cost.
    pub stats: Stats,
}

impl Engine {
    /// An engine with these settings.
    pub fn new(options: Options) -> Engine {
        Engine { options, listener: None, cancel: Cancel::default() }
    }

    /// Has every event told to `listener`, as it happens.
    pub fn on_event(&mut self, listener: impl FnMut(&Event) + 'static) {
        self.listener = Some(Box::new(listener));
    }

    /// The switch that stops a run from another thread.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Runs a program to its end.
    pub fn run(&mut self, program: Arc<Verified>, arguments: &[Output], io: Io) -> Outcome {
        let start = Instant::now();
        let vm = match Vm::new(program, arguments, io, &self.options, self.cancel.clone()) {
            Ok(vm) => vm,
            Err(stop) => return Outcome { result: Err(stop), stats: Stats::default() },
        };
        let mut run = Run::new(vm, &self.options, &mut self.listener);
        let result = run.execute();
        run.vm.store.io.flush();
        let result = match (result, run.vm.store.io.failure()) {
            (Ok(_), Some(error)) => {
                let message = format!("standard output or input failed: {error}");
                Err(Stop { kind: StopKind::Io, message, trace: run.vm.trace() })
            }
            (result, _) => result.map(|value| run.output(value)),
        };
        Outcome { result, stats: run.finish(start) }
    }
}

/// How to go on.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// Interpret from the current place.
    Interpret,
    /// Go on from the current place in the best code that there is for it below the optimizing tier.
    Resume,
    /// Control transfers to the current place.
    Arrive(How),
}

struct Run<'e> {
    vm: Vm,
    policy: Policy,
    driver: Driver,
    cache: CodeCache,
    baseline: baseline::Tier,
    stats: Stats,
    words: Vec<u64>,
    /// A round of a loop was interrupted by a poll; it counts as compiled if compiled code goes on with it.
    interrupted_round: bool,
    /// Control has just returned to a call that baseline code made, which has counted the rest of its run.
    returned: bool,
    timing: bool,
    listener: &'e mut Option<Listener>,
}

impl<'e> Run<'e> {
    fn new(mut vm: Vm, options: &Options, listener: &'e mut Option<Listener>) -> Run<'e> {
        let baseline = baseline::Tier::new(options, &vm);
        let policy = Policy::new(options, baseline.exists(), &mut vm);
        let driver = Driver::new(options.stress.exits, options.listings);
        let mut run = Run {
            vm,
            policy,
            driver,
            cache: CodeCache::default(),
            baseline,
            stats: Stats::default(),
            words: Vec::new(),
            interrupted_round: false,
            returned: false,
            timing: options.timing,
            listener,
        };
        let Options { hotspot_threshold, optimizing_threshold, max_tier, .. } = *options;
        run.emit(|_| Event::Start {
            schema: SCHEMA_VERSION,
            hotspot_threshold,
            optimizing_threshold,
            max_tier,
        });
        if max_tier == Tier::Interpreter {
            run.disarm();
        } else if let Err(error) = memory::probe() {
            run.no_jit(&error.to_string());
        }
        run
    }

    /// The sentence.
    fn execute(&mut self) -> Result<Value, Stop> {
        let mut next = Next::Arrive(How::Call);
        loop {
            let judged = match next {
                Next::Interpret => {
                    let leave = self.interpret();
                    self.judge(leave)
                }
                Next::Resume => match self.enter_baseline() {
                    Some(hand) => self.left_baseline(hand),
                    None => {
                        next = Next::Interpret;
                        continue;
                    }
                },
                Next::Arrive(how) => match self.arrive(how) {
                    Some(leave) => self.judge(leave),
                    None => {
                        next = Next::Resume;
                        continue;
                    }
                },
            };
            next = match judged {
                ControlFlow::Continue(next) => next,
                ControlFlow::Break(end) => return end,
            };
        }
    }

    /// The interpreter has left, or an arrival needs the engine.
    fn judge(&mut self, leave: Leave) -> ControlFlow<Result<Value, Stop>, Next> {
        ControlFlow::Continue(match leave {
            Leave::Slice => return self.next_slice(How::Forward),
            Leave::SliceBackEdge => return self.next_slice(How::Back),
            Leave::SliceCall => return self.next_slice(How::Call),
            Leave::LoopTrigger => self.arrived_in_interpreter(Arriving::Loop),
            Leave::EntryTrigger => self.arrived_in_interpreter(Arriving::Entry),
            Leave::Return => {
                self.returned = true;
                Next::Resume
            }
            Leave::Done => return ControlFlow::Break(Ok(self.vm.result)),
            Leave::Stopped => {
                let run = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
                return ControlFlow::Break(Err(self.stopped(run.saturating_sub(1))));
            }
        })
    }

    /// The slice does not cover the run at the current place, where control is on its way to.
    fn next_slice(&mut self, how: How) -> ControlFlow<Result<Value, Stop>, Next> {
        let cost = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
        match self.vm.next_slice(cost as u32) {
            Ok(()) => ControlFlow::Continue(Next::Arrive(how)),
            Err(MustStop) => ControlFlow::Break(Err(self.stopped(0))),
        }
    }

    /// Profile: interprets until something needs the engine.
    fn interpret(&mut self) -> Leave {
        self.interrupted_round = false;
        let start = self.timing.then(Instant::now);
        let leave = interpret(&mut self.vm);
        self.stats.interpreter_ns += start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        leave
    }

    /// Control transfers to the current place: what the interpreter does inline, for those who are not in it.
    fn arrive(&mut self, how: How) -> Option<Leave> {
        let vm = &mut self.vm;
        let site = &mut vm.functions[vm.regs.function as usize].sites[vm.regs.pc as usize];
        crate::execute::interpreter::leave_for(site.arrive(how, &mut vm.slice), how)
    }

    /// Detect: a trigger was reached in the interpreter.
    fn arrived_in_interpreter(&mut self, arriving: Arriving) -> Next {
        let key = PlaceKey { function: self.vm.regs.function, pc: self.vm.regs.pc, arriving };
        if self.policy.tier(key.function) == Tier::Baseline {
            self.policy.hand_over(&mut self.vm, key);
            return match self.policy.compiled(key) {
                Some(unit) => self.enter(unit),
                None => Next::Resume,
            };
        }
        self.arrived(key)
    }

    /// Detect: a place may be due for the next tier.
    fn arrived(&mut self, key: PlaceKey) -> Next {
        loop {
            match self.policy.arrived(&mut self.vm, key) {
                Decision::Interpret => return Next::Resume,
                Decision::Enter(unit) => return self.enter(unit),
                Decision::Warm { back_edges } => {
                    self.emit(|vm| Event::Warm { at: spot(vm, key.function, key.pc), back_edges });
                }
                Decision::Baseline { executed, back_edges } => {
                    self.emit(|vm| Event::Hot { at: spot(vm, key.function, key.pc), executed, back_edges });
                    match self.compile_baseline(key.function) {
                        Ok(()) => return Next::Resume,
                        Err(why) => {
                            let more = self.policy.baseline_refused(key.function);
                            let at = spot(&self.vm, key.function, 0);
                            self.emit(|_| Event::Refuse { at, tier: Tier::Interpreter, why });
                            if !more {
                                self.policy.leave_alone(&mut self.vm, key);
                            }
                        }
                    }
                }
                Decision::Compile { executed, back_edges, region } => {
                    if let Ok(region) = &region {
                        let size = region.instructions(&self.policy.graph(&self.vm, key.function).cfg);
                        if !self.policy.take_budget(&mut self.vm, key, size) {
                            self.emit(|vm| Event::Postpone {
                                at: spot(vm, key.function, key.pc),
                                instructions: size,
                            });
                            return Next::Resume;
                        }
                    }
                    self.emit(|vm| Event::Hot { at: spot(vm, key.function, key.pc), executed, back_edges });
                    let compiled =
                        region.map_err(Failure::Refused).and_then(|region| self.compile(key, &region));
                    match compiled {
                        Ok(unit) => return self.enter(unit),
                        Err(Failure::NoMemory(why)) => self.no_jit(&why),
                        Err(Failure::Refused(why)) => {
                            self.policy.leave_alone(&mut self.vm, key);
                            let tier = self.policy.tier(key.function);
                            self.emit(|vm| Event::Refuse { at: spot(vm, key.function, key.pc), tier, why });
                        }
                    }
                    return Next::Resume;
                }
            }
        }
    }

    /// Compile and cache.
    fn compile(&mut self, key: PlaceKey, region: &Region) -> Result<u32, Failure> {
        let start = self.timing.then(Instant::now);
        let id = self.cache.next_id();
        let graph = self.policy.graph(&self.vm, key.function);
        let place = self.policy.place(key).clone();
        let compiled = self.driver.compile(&self.vm, id, key, &place, &graph, region);
        let nanos = start.map(|start| start.elapsed().as_nanos() as u64);
        self.stats.compile_ns += nanos.unwrap_or(0);
        let compiled = compiled?;
        self.stats.compilations += 1;
        self.stats.code_bytes += u64::from(compiled.code_bytes);
        let (instructions, assumes) = (region.instructions(&graph.cfg), compiled.assumes);
        self.emit(|vm| Event::CompileStart {
            unit: id,
            at: spot(vm, key.function, key.pc),
            tier: Tier::Optimizing,
            strategy: "region",
            instructions,
            assumes,
        });
        let exits = compiled.unit.exits.len() as u32;
        self.emit(|_| Event::CompileEnd {
            unit: id,
            ir_before: compiled.ir_before,
            ir_after: compiled.ir_after,
            code_bytes: compiled.code_bytes,
            exits,
            nanos,
            listing: compiled.listing,
        });
        self.cache.install(compiled.unit);
        self.policy.installed(&mut self.vm, key, id);
        self.emit(|vm| Event::Install { unit: id, at: spot(vm, key.function, key.pc) });
        Ok(id)
    }

    /// Execute: runs a unit on the current frame.
    fn enter(&mut self, id: u32) -> Next {
        let Some(unit) = self.cache.get(id) else {
            debug_assert!(false, "a place names a unit that is not installed");
            return Next::Resume;
        };
        let place = unit.place;
        let charged = self.charged();
        let paid = self.vm.run_left(place.function, place.pc);
        let start = self.timing.then(Instant::now);
        let left = native::enter(&mut self.vm, unit, &mut self.words);
        self.stats.jit_ns += start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        let left = match left {
            Ok(left) => left,
            Err(mismatch) => {
                self.mismatch(id, mismatch);
                return Next::Resume;
            }
        };
        self.emit(|vm| Event::Enter { unit: id, at: spot(vm, place.function, place.pc) });
        self.stats.jit_entries += 1;
        let interrupted = std::mem::take(&mut self.interrupted_round);
        self.vm.counters.jit_iterations += left.rounds + u64::from(interrupted);
        let executed = self.charged() - charged + paid;
        self.leave(id, left, executed)
    }

    /// Instructions charged so far.
    fn charged(&self) -> u64 {
        self.vm.fuel_used() - self.vm.counters.size_fuel
    }

    /// Deoptimise: compiled code has left; puts the interpreter's frame together again, and judges the unit.
    fn leave(&mut self, id: u32, left: Left, executed: u64) -> Next {
        let Some(unit) = self.cache.get_mut(id) else { return Next::Interpret };
        let record = &unit.exits[left.exit as usize];
        let (reason, place) = (record.reason, unit.place);
        let (inputs, words) = self.words.split_at(unit.inputs.len());
        let mut frames = rebuild(record, inputs, words);
        debug_assert_eq!(frames.len(), 1, "nothing is inlined");
        let Some(frame) = frames.pop() else { return Next::Interpret };
        let not_executed = match frame.resume {
            Resume::Execute => self.vm.run_left(frame.function, frame.pc),
            Resume::Transfer { .. } => 0,
        };
        let executed = executed.saturating_sub(not_executed);
        self.vm.counters.jit_instructions += executed;
        self.stats.exits.add(reason);
        let deopt = reason.is_deopt();
        unit.entries += 1;
        unit.instructions += executed;
        unit.exit_counts[left.exit as usize] += u32::from(deopt);
        let count = unit.exit_counts[left.exit as usize];
        let per_entry = unit.instructions / unit.entries;
        let trial_over = unit.entries == TRIAL_ENTRIES && self.driver.stress.is_none();
        self.restore(&frame);
        let rounds = left.rounds;
        if deopt {
            self.stats.deopts += 1;
            self.emit(|vm| Event::Deopt {
                unit: id,
                at: spot(vm, frame.function, frame.pc),
                reason,
                observed: observed(vm),
                rounds,
                count,
            });
        } else {
            self.emit(|vm| Event::Exit { unit: id, at: spot(vm, frame.function, frame.pc), reason, rounds });
        }
        if deopt && reason != ExitReason::Forced && count >= MAX_EXITS {
            self.invalidate(id, place, &format!("{} {count} times at the same place", reason.words()));
        } else if trial_over && per_entry < MIN_PER_ENTRY {
            let why = format!(
                "{TRIAL_ENTRIES} entries ran {per_entry} instructions each, fewer than entering costs"
            );
            self.take_out(id, place, &why);
            self.policy.leave_alone(&mut self.vm, place);
            let tier = self.policy.tier(place.function);
            self.emit(|vm| Event::LeaveAlone { at: spot(vm, place.function, place.pc), tier, why });
        }
        match frame.resume {
            Resume::Execute => Next::Interpret,
            Resume::Transfer { back_edge } => {
                self.interrupted_round = reason == ExitReason::Poll && back_edge;
                Next::Arrive(if back_edge { How::Back } else { How::Forward })
            }
        }
    }

    /// Puts a rebuilt frame into the stack, in place of the one that compiled code was entered on.
    fn restore(&mut self, frame: &RebuiltFrame) {
        let vm = &mut self.vm;
        for &(slot, raw) in &frame.locals {
            let value = boxed(vm, raw);
            vm.stack[(vm.regs.base + slot) as usize] = value.bits();
        }
        let mut sp = vm.operands_start();
        for &raw in &frame.stack {
            vm.stack[sp as usize] = boxed(vm, raw).bits();
            sp += 1;
        }
        vm.regs.sp = sp;
        vm.regs.pc = frame.pc;
    }

    /// A unit could not be entered, because a value is of another type than it assumes.
    fn mismatch(&mut self, id: u32, mismatch: Mismatch) {
        let Some(unit) = self.cache.get_mut(id) else { return };
        unit.mismatches += 1;
        let (count, place) = (unit.mismatches, unit.place);
        let (input, found) = (mismatch.input, mismatch.found);
        self.emit(|vm| {
            let name = input_name(vm, place.function, input.place);
            let kind = vm.store.operand(found).type_name();
            let (ty, sign) = (input.ty, input.sign.suffix());
            let observed = format!("{name}: {ty}{sign} expected, found {kind} {}", vm.store.describe(found));
            Event::EntryMismatch { unit: id, at: spot(vm, place.function, place.pc), observed, count }
        });
        if count >= MAX_EXITS {
            if type_of(&self.vm, found) == input.ty {
                self.policy.place(place).any_sign = true;
            } else {
                self.policy.place(place).input_changed(input.place);
            }
            let name = input_name(&self.vm, place.function, input.place);
            let (ty, sign) = (input.ty, input.sign.suffix());
            self.invalidate(id, place, &format!("{name} was not {ty}{sign} on entry {count} times"));
        }
    }

    /// Takes a unit out because its assumptions are wrong; a wider one may follow.
    fn invalidate(&mut self, id: u32, place: PlaceKey, why: &str) {
        self.take_out(id, place, why);
        if !self.policy.invalidated(&mut self.vm, place) {
            let why = format!("its assumptions were wrong again after {MAX_RECOMPILES} recompilations");
            let tier = self.policy.tier(place.function);
            self.emit(|vm| Event::LeaveAlone { at: spot(vm, place.function, place.pc), tier, why });
        }
    }

    fn take_out(&mut self, id: u32, place: PlaceKey, why: &str) {
        self.cache.remove(id);
        self.stats.invalidations += 1;
        let why = why.to_string();
        self.emit(|vm| Event::Invalidate { unit: id, at: spot(vm, place.function, place.pc), why });
    }

    fn no_jit(&mut self, error: &str) {
        let why = format!("the operating system refuses executable memory ({error})");
        self.emit(|_| Event::NoJit { why });
        self.disarm();
    }

    /// Nothing is compiled from now on.
    fn disarm(&mut self) {
        for site in self.vm.functions.iter_mut().flat_map(|f| f.sites.iter_mut()) {
            site.ask_after_back_edges(NEVER);
            site.ask_after_calls(NEVER);
        }
    }

    fn emit(&mut self, event: impl FnOnce(&Vm) -> Event) {
        if let Some(listener) = self.listener {
            listener(&event(&self.vm));
        }
    }

    /// Why the program stopped, where, and what is left of the runs that are paid for.
    fn stopped(&mut self, current_run_left: u64) -> Stop {
        self.count_instructions(current_run_left);
        let trace = self.vm.trace();
        let (kind, message) = self.vm.stop.take().unwrap_or_else(|| {
            debug_assert!(false, "stopped without a reason");
            (StopKind::Io, "stopped for an unknown reason".to_string())
        });
        Stop { kind, message, trace }
    }

    fn count_instructions(&mut self, current_run_left: u64) {
        let (interpreted, compiled) = self.vm.instructions(current_run_left);
        self.stats.interpreter_instructions = interpreted;
        self.stats.jit_instructions = compiled;
    }

    fn output(&mut self, value: Value) -> Output {
        self.count_instructions(0);
        match self.vm.store.operand(value) {
            runtime::num::Operand::None => Output::None,
            runtime::num::Operand::Bool(b) => Output::Bool(b),
            runtime::num::Operand::Int(i) => Output::Int(i),
            runtime::num::Operand::Big(i) => Output::Big(i.clone()),
            runtime::num::Operand::Float(f) => Output::Float(f),
            runtime::num::Operand::Str(s) => Output::Str(s.to_string()),
        }
    }

    fn finish(self, start: Instant) -> Stats {
        let mut stats = self.stats;
        stats.jit_iterations = self.vm.counters.jit_iterations;
        stats.fuel_used = self.vm.fuel_used();
        stats.collections = self.vm.store.heap.collections();
        if self.timing {
            stats.total_ns = start.elapsed().as_nanos() as u64;
            stats.finish();
        }
        stats
    }
}

fn boxed(vm: &mut Vm, raw: Raw) -> Value {
    match raw {
        Raw::Int(i) => vm.store.int(i),
        Raw::Float(f) => Value::float(f),
        Raw::Bool(b) => Value::bool(b),
        Raw::Boxed(bits) => Value::from_bits(bits),
    }
}

/// The operands of the instruction at the current place, for the log.
fn observed(vm: &Vm) -> String {
    let regs = vm.regs;
    let code = &vm.program.program().functions[regs.function as usize].code;
    let inputs = code.get(regs.pc as usize).map_or(0, |inst: &Inst| inst.op.info().inputs.len());
    let start = (regs.sp as usize).saturating_sub(inputs).max(vm.operands_start() as usize);
    let values: Vec<String> = vm.stack[start..regs.sp as usize]
        .iter()
        .map(|&bits| {
            let value = Value::from_bits(bits);
            let kind = match type_of(vm, value) {
                ir::Type::Boxed => vm.store.operand(value).type_name(),
                ty => ty.name(),
            };
            format!("{kind} {}", vm.store.describe(value))
        })
        .collect();
    values.join(", ")
}
