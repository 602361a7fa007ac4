//! The loop: profile, detect, compile, cache, execute, deoptimise.
//!
//! `Run::execute` is the whole sentence. The interpreter profiles and runs until a trigger, a limit or the end; then the
//! policy decides, the driver compiles, the cache keeps, compiled code runs, and its exit becomes interpreter frames again.

use crate::abi::interrupts::Interrupts;
use crate::abi::vm::{MustStop, Vm};
use crate::cache::CodeCache;
use crate::cache::memory::Arena;
use crate::code::InstalledCode;
use crate::compile::background::Worker;
use crate::compile::driver::{Driver, Failure, Generator, Selection};
use crate::compile::trace::Tree;
use crate::detect::policy::{Decision, Policy};
use crate::event::{Event, LogEntry, SCHEMA_VERSION, Spot};
use crate::execute::interpreter::{Leave, interpret};
use crate::execute::unwind::catch;
use crate::ids::{Arriving, PlaceKey};
use crate::options::{Cancel, Forced, Options, Tier};
use crate::profile::{Executed, How, NEVER};
use crate::reason::Reason;
use crate::samples::{Sample, Sampler};
use crate::stats::{FunctionCounts, Stats};
use bytecode::Verified;
use ir::Origin;
use ir::opt::PassCx;
use runtime::num::Output;
use runtime::{Io, LimitKind, Stop, StopKind, Value};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

mod baseline;
mod details;
mod evict;
mod ledger;
mod optimized;
mod record;
mod stepping;

pub use stepping::{CodeHere, Counter, Go, Paused, Standing, Variable};

use ledger::Ledger;
use optimized::HotPlace;
use record::Recording;

type Listener = Box<dyn FnMut(&LogEntry, Moment<'_>)>;
type CodeListener = Box<dyn FnMut(&InstalledCode<'_>)>;
type StepListener = Box<dyn FnMut(&mut Paused<'_, '_>) -> Go>;

/// A virtual machine with its settings. Each [`Engine::run`] is a run of its own.
pub struct Engine {
    options: Options,
    listener: Option<Listener>,
    code_listener: Option<CodeListener>,
    step_listener: Option<StepListener>,
    cancel: Cancel,
    /// Memory kept from run to run, since getting it takes longer than compiling a small program (code), or running one (the
    /// stack, which would have to be cleared).
    arena: Option<Arena>,
    stack: Vec<u64>,
}

/// A run at the moment of an event.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    vm: &'a Vm,
}

impl Moment<'_> {
    /// What was counted and seen of each function so far, by number. A run of instructions is counted when control arrives at it,
    /// as it is charged: with [`Options::counting`] all counts together are [`LogEntry::charged`]; without, what optimized code
    /// has executed is not among them.
    pub fn counts(&self) -> Vec<FunctionCounts> {
        details::counts(self.vm)
    }
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The program's result, or why it stopped.
    pub result: Result<Output, Stop>,
    /// What it cost.
    pub stats: Stats,
    /// How often each instruction was executed, with [`Options::counting`].
    pub executed: Option<Executed>,
    /// Where time went, with [`Options::sampling`].
    pub samples: Vec<Sample>,
    /// What was counted and seen of each function, by number. Empty unless [`Options::details`] was on.
    pub counts: Vec<FunctionCounts>,
}

impl Engine {
    /// An engine with these settings.
    pub fn new(options: Options) -> Engine {
        Engine {
            options,
            listener: None,
            code_listener: None,
            step_listener: None,
            cancel: Cancel::default(),
            arena: None,
            stack: Vec::new(),
        }
    }

    /// Has every event told to `listener`, as it happens; instead of to an earlier listener.
    pub fn on_event(&mut self, mut listener: impl FnMut(&Event) + 'static) {
        self.on_log(move |entry| listener(&entry.event));
    }

    /// The same, with when it happened.
    pub fn on_log(&mut self, mut listener: impl FnMut(&LogEntry) + 'static) {
        self.on_moment(move |entry, _| listener(entry));
    }

    /// The same, with the counters at that moment.
    pub fn on_moment(&mut self, listener: impl FnMut(&LogEntry, Moment<'_>) + 'static) {
        self.listener = Some(Box::new(listener));
    }

    /// Has `listener` told of all machine code that is installed.
    pub fn on_code(&mut self, listener: impl FnMut(&InstalledCode<'_>) + 'static) {
        self.code_listener = Some(Box::new(listener));
    }

    /// Runs programs step by step: before each instruction that the interpreter executes alone, and wherever control goes from
    /// one tier to another, `listener` is asked how to go on.
    pub fn on_step(&mut self, listener: impl FnMut(&mut Paused<'_, '_>) -> Go + 'static) {
        self.step_listener = Some(Box::new(listener));
    }

    /// The switch that stops a run from another thread.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Runs a program to its end. The thread needs 512 KiB of stack, however deep the program recurses.
    pub fn run(&mut self, program: Arc<Verified>, arguments: &[Output], io: Io) -> Outcome {
        let start = Instant::now();
        let stack = std::mem::take(&mut self.stack);
        let interrupts = Interrupts::new(&self.options.limits, &self.cancel);
        let vm = match Vm::new(program, arguments, io, &self.options, interrupts, stack) {
            Ok(vm) => vm,
            Err(stop) => {
                return Outcome {
                    result: Err(stop),
                    stats: Stats::default(),
                    executed: None,
                    samples: Vec::new(),
                    counts: Vec::new(),
                };
            }
        };
        // A child process must leave its parent's code alone.
        let arena = self.arena.take().filter(Arena::is_ours);
        let mut run = Run::new(vm, &self.options, start, arena, &mut self.listener);
        run.code_listener = self.code_listener.as_mut();
        run.step_listener = self.step_listener.as_mut();
        let result = run.execute();
        run.vm.store.io.flush();
        // If the last of the output was not taken in time, the time is over.
        let result = match result {
            Ok(_) if run.vm.store.io.gave_up() && run.vm.check_interrupts().is_err() => Err(run.stopped(0)),
            result => result,
        };
        let result = match (result, run.vm.store.io.failure()) {
            (Ok(_), Some(error)) => {
                let message = format!("standard output or input failed: {error}");
                Err(run.vm.stopped(StopKind::Io, message))
            }
            (result, _) => result.map(|value| run.output(value)),
        };
        if let Err(Stop { kind: StopKind::Limit(LimitKind::Time | LimitKind::Cancelled), .. }) = &result {
            run.vm.store.heap.free_soon();
        }
        let counts = if self.options.details { details::counts(&run.vm) } else { Vec::new() };
        let executed = run.executed.take();
        let samples = run.sampler.take().map(Sampler::finish).unwrap_or_default();
        let (stats, arena, stack) = run.finish();
        (self.arena, self.stack) = (arena, stack);
        Outcome { result, stats, executed, samples, counts }
    }
}

/// How to go on.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// Interpret from the current place.
    Interpret,
    /// Go on from the current place in the best code that there is for it below the optimizing tier.
    Resume,
    /// Enter this unit at the current place.
    Enter(u32),
    /// Execute one instruction in the interpreter.
    Step,
    /// Control transfers to the current place.
    Arrive(How),
    /// The program has ended; its result is in the state.
    Done,
}

struct Run<'e> {
    vm: Vm,
    policy: Policy,
    driver: Driver,
    generator: Generator,
    passes: PassCx,
    #[cfg_attr(not(all(target_arch = "x86_64", target_os = "linux")), allow(dead_code))]
    workspace: baseline::Workspace,
    /// Whether the program goes on while something is compiled.
    background: bool,
    /// Whether the system gives threads, the compiling thread once it is needed, and how it is delayed in tests.
    threads: bool,
    worker: Option<Worker>,
    delay: Option<u64>,
    cache: CodeCache,
    /// What is to be taken out next to make room, the coldest last.
    victims: Vec<evict::Victim>,
    /// The traces of each anchor.
    trees: HashMap<PlaceKey, Rc<Tree>>,
    /// The trace being recorded.
    recording: Option<Recording>,
    stats: Stats,
    executed: Option<Executed>,
    sampler: Option<Sampler>,
    ledger: Ledger,
    words: Vec<u64>,
    /// A round of a loop was interrupted by a poll; it counts as compiled if compiled code goes on with it.
    interrupted_round: bool,
    /// Control has just returned to a call that baseline code made, which has counted the rest of its run.
    returned: bool,
    timing: bool,
    start: Instant,
    listener: &'e mut Option<Listener>,
    code_listener: Option<&'e mut CodeListener>,
    step_listener: Option<&'e mut StepListener>,
}

/// What the passes may do, by the settings.
fn pass_context(options: &Options) -> PassCx {
    let mut passes = PassCx::new();
    passes.disabled.clone_from(&options.passes.disabled);
    passes.dumped.clone_from(&options.passes.dumped);
    passes.check_proofs = options.stress.check_proofs;
    passes.remarks = options.details;
    passes
}

impl<'e> Run<'e> {
    fn new(
        mut vm: Vm,
        options: &Options,
        start: Instant,
        arena: Option<Arena>,
        listener: &'e mut Option<Listener>,
    ) -> Run<'e> {
        let policy = Policy::new(options, baseline::exists(options), &mut vm);
        let driver = Driver {
            forced: Forced { seed: options.stress.exits, at: None },
            lying: options.stress.lying,
            listings: options.listings,
            details: options.details,
            inlining: options.inlining,
        };
        let mut run = Run {
            vm,
            policy,
            driver,
            generator: Generator::new(pass_context(options)),
            passes: pass_context(options),
            workspace: baseline::Workspace::default(),
            background: !options.deterministic,
            threads: true,
            worker: None,
            delay: options.stress.background_delay,
            cache: CodeCache::new(options.limits.code_bytes as usize, arena),
            victims: Vec::new(),
            trees: HashMap::new(),
            recording: None,
            stats: Stats::default(),
            executed: None,
            sampler: options.sampling.map(Sampler::new),
            ledger: Ledger::default(),
            words: Vec::new(),
            interrupted_round: false,
            returned: false,
            timing: options.timing || options.sampling.is_some(),
            start,
            listener,
            code_listener: None,
            step_listener: None,
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
        }
        run
    }

    /// The sentence.
    fn execute(&mut self) -> Result<Value, Stop> {
        if self.vm.check_interrupts().is_err() {
            return Err(self.stopped(0));
        }
        let mut next = Next::Arrive(How::Call);
        loop {
            if self.step_listener.is_some() {
                next = match self.consult(next) {
                    ControlFlow::Continue(next) => next,
                    ControlFlow::Break(end) => return end,
                };
            }
            let judged = match next {
                Next::Interpret | Next::Resume | Next::Step if self.recording.is_some() => self.record(),
                Next::Arrive(how) if self.recording.is_some() => {
                    let leave = self.arrive(how);
                    match self.arrive_recording(leave) {
                        Some(judged) => judged,
                        None => {
                            next = Next::Resume;
                            continue;
                        }
                    }
                }
                Next::Interpret => {
                    let leave = self.interpret();
                    self.judge(leave)
                }
                Next::Step => self.step(),
                Next::Enter(unit) => ControlFlow::Continue(self.enter(unit)),
                Next::Resume => match self.enter_baseline() {
                    Some(hand) => self.left_baseline(hand),
                    None => {
                        next = Next::Interpret;
                        continue;
                    }
                },
                Next::Done => ControlFlow::Break(Ok(self.vm.result)),
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
            Leave::Stopped if catch(&mut self.vm) => {
                self.abandon(Reason::TraceEnds {});
                Next::Arrive(How::Forward)
            }
            Leave::Stopped => {
                let run = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
                return ControlFlow::Break(Err(self.stopped(run.saturating_sub(1))));
            }
        })
    }

    /// The slice does not cover the run at the current place, where control is on its way to.
    fn next_slice(&mut self, how: How) -> ControlFlow<Result<Value, Stop>, Next> {
        let cost = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
        self.install_finished();
        if let Some(sampler) = &mut self.sampler {
            self.vm.set_slice_size(sampler.next_slice());
        }
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
        let nanos = start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        self.stats.interpreter_ns += nanos;
        self.sample(Tier::Interpreter, nanos);
        leave
    }

    /// Code of a tier has run for this time, until control came here.
    fn sample(&mut self, tier: Tier, nanos: u64) {
        if let Some(sampler) = &mut self.sampler {
            sampler.take(&self.vm, tier, nanos);
        }
    }

    /// Control transfers to the current place: what the interpreter does inline, for those who are not in it.
    fn arrive(&mut self, how: How) -> Option<Leave> {
        let vm = &mut self.vm;
        let site = &mut vm.functions[vm.regs.function as usize].sites[vm.regs.pc as usize];
        crate::execute::interpreter::leave_for(site.arrive(how, &mut vm.slice), how)
    }

    /// The current place, arrived at in this way.
    fn key(&self, arriving: Arriving) -> PlaceKey {
        PlaceKey { function: self.vm.regs.function, pc: self.vm.regs.pc, arriving }
    }

    /// Detect: a trigger was reached in the interpreter.
    fn arrived_in_interpreter(&mut self, arriving: Arriving) -> Next {
        let key = self.key(arriving);
        if self.policy.tier(key.function) == Tier::Baseline {
            if self.policy.due(&mut self.vm, key) {
                return self.arrived(key);
            }
            return Next::Resume;
        }
        self.arrived(key)
    }

    /// Detect: a place may be due for the next tier.
    fn arrived(&mut self, key: PlaceKey) -> Next {
        self.install_finished();
        self.stats.asked += 1;
        loop {
            match self.policy.arrived(&mut self.vm, key) {
                Decision::Interpret => return Next::Resume,
                Decision::Enter(unit) => return Next::Enter(unit),
                Decision::Warm { back_edges } => {
                    self.emit(|vm| Event::Warm { at: Spot::of(vm, key.function, key.pc), back_edges });
                }
                Decision::Baseline { executed, back_edges } => {
                    self.emit(|vm| Event::Hot {
                        at: Spot::of(vm, key.function, key.pc),
                        executed,
                        back_edges,
                    });
                    match self.compile_baseline(key.function) {
                        Ok(()) => return Next::Resume,
                        Err(failure @ (Failure::NoMemory(_) | Failure::Interrupted)) => {
                            self.not_compiled(key, failure);
                            return Next::Resume;
                        }
                        Err(Failure::Refused(why) | Failure::GaveUp(why)) => {
                            let more = self.policy.baseline_refused(key.function);
                            let at = Spot::of(&self.vm, key.function, 0);
                            self.emit(|_| Event::Refuse { at, tier: Tier::Interpreter, why });
                            if !more {
                                self.policy.leave_alone(&mut self.vm, key);
                            }
                        }
                    }
                }
                Decision::Postpone(why) => {
                    self.postpone(key, why);
                    return Next::Resume;
                }
                Decision::Compile { executed, back_edges, region } => {
                    let hot = HotPlace { key, executed, back_edges };
                    let compiled = match &region {
                        Ok(Some(region)) => self.compile(hot, &Selection::Region(region.clone())),
                        Ok(None) => self.record_or_compile(hot),
                        Err(why) => Err(Failure::Refused(why.clone())),
                    };
                    if matches!(compiled, Err(Failure::Refused(_))) {
                        self.emit(|vm| Event::Hot {
                            at: Spot::of(vm, key.function, key.pc),
                            executed,
                            back_edges,
                        });
                    }
                    match compiled {
                        Ok(Some(unit)) => return Next::Enter(unit),
                        Ok(None) => {}
                        Err(failure) => self.not_compiled(key, failure),
                    }
                    return Next::Resume;
                }
            }
        }
    }

    fn no_jit(&mut self, why: Reason) {
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

    /// Tells of code that has been installed.
    fn tell_code<I: Iterator<Item = (u32, Origin)>>(
        &mut self,
        unit: (u32, Tier),
        entry: Origin,
        code: (u64, &[u8]),
        places: impl FnOnce() -> I,
    ) {
        if let Some(listener) = &mut self.code_listener {
            listener(&InstalledCode::new(&self.vm, unit, entry, code, places()));
        }
    }

    fn emit(&mut self, event: impl FnOnce(&Vm) -> Event) {
        if let Some(listener) = self.listener {
            let nanos = self.timing.then(|| self.start.elapsed().as_nanos() as u64);
            let entry = LogEntry { charged: self.vm.charged(), nanos, event: event(&self.vm) };
            listener(&entry, Moment { vm: &self.vm });
        }
    }

    /// Why the program stopped, where, and what is left of the runs that are paid for.
    fn stopped(&mut self, current_run_left: u64) -> Stop {
        self.count_instructions(current_run_left);
        let (kind, message) = self.vm.stop.take().unwrap_or_else(|| {
            debug_assert!(false, "stopped without a reason");
            (StopKind::Io, "stopped for an unknown reason".to_string())
        });
        self.vm.stopped(kind, message)
    }

    /// A unit has executed so many instructions, and so many that were counted before it has not.
    fn count_compiled(&mut self, unit: u32, executed: u64, not_executed: u64) {
        let counted = &mut self.vm.counters.jit_instructions;
        *counted = (*counted + executed).saturating_sub(not_executed);
        self.ledger.executed(unit, executed, not_executed);
    }

    fn count_instructions(&mut self, current_run_left: u64) {
        let (interpreted, compiled) = self.vm.instructions(current_run_left);
        self.stats.interpreter_instructions = interpreted;
        self.stats.jit_instructions = compiled;
        self.executed = self.vm.executed(current_run_left);
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
            runtime::num::Operand::Object(_) => Output::Str(self.vm.store.describe(value)),
        }
    }

    fn finish(self) -> (Stats, Option<Arena>, Vec<u64>) {
        let mut stats = self.stats;
        stats.jit_iterations = self.vm.counters.jit_iterations;
        stats.fuel_used = self.vm.fuel_used();
        stats.collections = self.vm.store.heap.collections();
        stats.units = self.ledger.finish(&self.vm);
        if self.driver.details {
            stats.places = details::places(&self.vm, &self.policy.heat(&self.vm));
        }
        if self.timing {
            stats.total_ns = self.start.elapsed().as_nanos() as u64;
            stats.finish();
        }
        (stats, self.cache.into_arena(), self.vm.stack)
    }
}
