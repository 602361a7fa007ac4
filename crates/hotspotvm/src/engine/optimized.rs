//! The loop's part for the optimizing tier: compile a region or a method, enter its code, turn its exits into frames of the
//! interpreter, and judge it by how it left.

use super::{How, Next, Run, details};
use crate::abi::links::Method;
use crate::abi::values::{Raw, type_of};
use crate::abi::vm::{Frame, Vm};
use crate::cache::Unit;
use crate::compile::background::Worker;
use crate::compile::driver::{CompileTask, Failure, Job, Made, NotBuilt, Selection, input_name};
use crate::compile::inline::Note;
use crate::deopt::{RebuiltFrame, rebuild_chain};
use crate::detect::policy::{
    MAX_EXITS, MAX_NO_CODE, MAX_PRUNED, MAX_RECOMPILES, TRIAL_ENTRIES, Unanswered, Wait, pays,
};
use crate::event::{Event, Spot};
use crate::execute::native::{self, Answer, Left, Mismatch};
use crate::ids::{Arriving, PlaceKey};
use crate::options::Tier;
use crate::profile::Trial;
use crate::reason::Reason;
use bytecode::{FuncId, Inst, Op, operands};
use codegen::TakenExit;
use ir::{ExitReason, InputPlace, Origin, Resume, Type};
use runtime::Value;
use std::time::Instant;

/// A place that is hot enough to be optimized.
#[derive(Clone, Copy, Debug)]
pub(super) struct HotPlace {
    pub key: PlaceKey,
    /// How often it was executed.
    pub executed: u64,
    /// How often control went back to it.
    pub back_edges: u64,
}

/// How compiled code has left.
struct Exit {
    /// The unit that has left, its place, and the number of the exit in it.
    unit: u32,
    place: PlaceKey,
    number: u32,
    /// What the record of the exit says.
    reason: ExitReason,
    side: Option<u32>,
    /// How many of the frames are of functions in the unit; the others are of its callers.
    of_unit: usize,
    /// How the interpreter goes on.
    resume: Resume,
    /// The frames, innermost first; at least one.
    frames: Vec<RebuiltFrame>,
}

impl Exit {
    /// The function and the pc where the interpreter goes on.
    fn at(&self) -> (u32, u32) {
        self.frames.first().map_or((0, 0), |frame| (frame.function, frame.pc))
    }
}

/// Machine code of so many IR instructions, at about 10 us each, takes too long for not looking at the clock.
const LONG_JOB: usize = 400;

/// Memory that compiling may take: some, and more for each IR instruction. (Measured: 3 MB for small jobs, 7 KB for
/// each instruction.)
const JOB_BYTES: usize = 16 << 20;
/// See [`JOB_BYTES`].
const BYTES_PER_INSTRUCTION: usize = 16 << 10;
/// Addresses that a thread takes: its stack, and what the system's allocator sets aside for it.
const THREAD_BYTES: usize = 160 << 20;

/// Whether the system would give so much memory now. Compilers can't go on when they are refused some, so they are not begun.
fn system_gives(bytes: usize) -> bool {
    let mut probe = Vec::<u8>::new();
    let given = probe.try_reserve_exact(bytes).is_ok();
    // Or it would be found out that nobody uses it.
    std::hint::black_box(probe);
    given
}

impl Run<'_> {
    /// Compile: builds the IR of a hot place, and makes code of it now or has it made. The unit, if it can be entered now.
    pub(super) fn compile(&mut self, hot: HotPlace, selection: &Selection) -> Result<Option<u32>, Failure> {
        if self.vm.is_interrupted() {
            return Err(Failure::Interrupted);
        }
        let start = self.timing.then(Instant::now);
        let HotPlace { key, executed, back_edges } = hot;
        let instructions = selection.instructions(&self.policy.graphs.get(&self.vm, key.function).cfg);
        if !self.policy.take_budget(&mut self.vm, key, instructions) {
            self.postpone(key, Reason::CompileBudget { instructions });
            return Ok(None);
        }
        let id = self.cache.reserve();
        let built = self.build(id, key, selection);
        self.stats.compile_ns += start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        let mut job = match built {
            Ok(Some(job)) => job,
            nothing => {
                self.policy.give_back(instructions);
                return nothing.map(|_| None);
            }
        };
        // A side of a tree was hot, not its anchor: that is told by then.
        if self.policy.compiled(key).is_none() {
            self.emit(|vm| Event::Hot { at: Spot::of(vm, key.function, key.pc), executed, back_edges });
        }
        let assumes = job.assumes.clone();
        let kind = selection.strategy(self.policy.strategy()).into();
        self.ledger.started(id, (key.function, key.pc), Tier::Optimizing, kind);
        self.emit(|vm| Event::CompileStart {
            unit: id,
            at: Spot::of(vm, key.function, key.pc),
            tier: Tier::Optimizing,
            kind,
            instructions,
            assumes,
        });
        for note in std::mem::take(&mut job.notes) {
            self.emit(|vm| inline_event(vm, id, note));
        }
        if !system_gives(JOB_BYTES + job.size() * BYTES_PER_INSTRUCTION) {
            return Err(Failure::Refused(Reason::NoMemoryToCompile {}));
        }
        if self.background {
            match self.send(job) {
                Ok(()) => {
                    if self.policy.compiled(key).is_none() {
                        self.policy.compiling(&mut self.vm, key);
                    }
                    return Ok(None);
                }
                Err(back) => job = *back,
            }
        }
        let made = self.generate(job)?;
        self.install(made).map(Some)
    }

    /// A place waits until something else has happened.
    pub(super) fn postpone(&mut self, key: PlaceKey, why: Reason) {
        self.emit(|vm| Event::Postpone { at: Spot::of(vm, key.function, key.pc), why });
    }

    /// A place waits for what it calls, of which the first is told.
    fn awaits(&mut self, key: PlaceKey, calls: &[Unanswered]) {
        if let Some(&Unanswered { callee, pc, percent, .. }) = calls.first() {
            let callee = self.vm.program.program().functions[callee as usize].name.clone();
            self.postpone(key, Reason::AwaitsCallee { callee, pc, percent });
        }
    }

    /// Builds the IR of a hot place; nothing if it is to wait for what it calls.
    fn build(&mut self, id: u32, key: PlaceKey, selection: &Selection) -> Result<Option<Job>, Failure> {
        let place = self.policy.place(key).clone();
        let inlining = !place.too_large;
        let prune = place.recompiles < MAX_PRUNED;
        let mut task = CompileTask { id, key, selection, provisional: false, prune, inlining };
        let parameters = selection.is_method().then(|| self.parameters(key));
        loop {
            let (vm, graphs, links) = (&self.vm, &self.policy.graphs, &mut self.cache.links);
            let job = match &parameters {
                Some(params) => self.driver.build_method(vm, graphs, task, params, links),
                None => self.driver.build_region(vm, graphs, task, &place, links),
            };
            match job {
                Ok(job) => return Ok(Some(job)),
                Err(NotBuilt::Refused(_)) if self.vm.is_interrupted() => return Err(Failure::Interrupted),
                Err(NotBuilt::Refused(why)) => return Err(Failure::Refused(why)),
                Err(NotBuilt::Misfits(misfits)) => return self.misfits(key, &misfits).map(|()| None),
                Err(NotBuilt::Unanswered(calls)) => {
                    match self.policy.await_callees(&mut self.vm, key, &calls).map_err(Failure::Refused)? {
                        Wait::Callees => {
                            self.awaits(key, &calls);
                            return Ok(None);
                        }
                        Wait::Nobody => task.provisional = true,
                    }
                }
            }
        }
    }

    /// What is to be compiled passes arguments of other types than the methods called take: those are made anew first.
    fn misfits(&mut self, key: PlaceKey, misfits: &[(u32, u32)]) -> Result<(), Failure> {
        for &(function, parameter) in misfits {
            let place = PlaceKey { function, pc: 0, arriving: Arriving::Entry };
            let Some(unit) = self.policy.compiled_method(function) else { continue };
            self.policy.place(place).input_changed(InputPlace::Local(parameter));
            let parameter = input_name(&self.vm, function, InputPlace::Local(parameter));
            let caller = Spot::of(&self.vm, key.function, key.pc).to_string();
            self.invalidate(unit, place, Reason::ArgumentChanged { caller, parameter });
        }
        if self.policy.put_off(&mut self.vm, key) {
            let first = misfits.first().map_or(0, |&(function, _)| function);
            let callee = self.vm.program.program().functions[first as usize].name.clone();
            self.postpone(key, Reason::AwaitsOtherTypes { callee });
            return Ok(());
        }
        Err(Failure::Refused(Reason::CalleeChangesTypes {}))
    }

    /// Has a job done on another thread; gives it back if there is none.
    fn send(&mut self, job: Job) -> Result<(), Box<Job>> {
        let worker = match &mut self.worker {
            Some(worker) => worker,
            none if self.threads && system_gives(THREAD_BYTES) => {
                match Worker::start(self.delay, self.passes.clone()) {
                    Ok(worker) => none.insert(worker),
                    Err(_) => {
                        self.threads = false;
                        return Err(Box::new(job));
                    }
                }
            }
            _ => return Err(Box::new(job)),
        };
        worker.send(job)
    }

    /// Has a job done while the program waits: if it is a long one, on another thread, so that the program can stop meanwhile.
    fn generate(&mut self, mut job: Job) -> Result<Made, Failure> {
        if job.size() >= LONG_JOB {
            match self.send(job) {
                Ok(()) => {
                    let interrupts = self.vm.interrupts();
                    let made = self.worker.as_mut().and_then(|worker| worker.wait(|| interrupts.are_due()));
                    if made.is_none() {
                        self.worker = None;
                    }
                    return made.ok_or(Failure::Interrupted)?.map_err(Failure::GaveUp);
                }
                Err(back) => job = *back,
            }
        }
        self.generator.generate(job).map_err(Failure::GaveUp)
    }

    /// A safepoint: installs what has been compiled in the background.
    pub(super) fn install_finished(&mut self) {
        while let Some((key, made)) = self.worker.as_mut().and_then(Worker::look) {
            let installed = made.map_err(Failure::GaveUp).and_then(|made| self.install(made));
            if let Err(failure) = installed {
                self.not_compiled(key, failure);
            }
        }
    }

    /// Cache: makes code ready to be entered.
    fn install(&mut self, made: Made) -> Result<u32, Failure> {
        let Made { code, id, key, .. } = made;
        let (piece, address) = self.place_code(&code.bytes, key.function)?;
        let entry = Origin { function: key.function, pc: key.pc };
        self.tell_code((id, Tier::Optimizing), entry, (address, &code.bytes), || code.places.iter().copied());
        self.stats.compilations += 1;
        self.stats.code_bytes += code.bytes.len() as u64;
        let nanos = self.timing.then_some(made.nanos);
        self.stats.compile_ns += nanos.unwrap_or(0);
        self.ledger.made(id, nanos.unwrap_or(0));
        let (exits, code_bytes) = (code.exits.len() as u32, code.bytes.len() as u32);
        let (ir_before, ir_after, listing) = (made.ir_before, made.ir_after, made.listing);
        let (details, timing) = (self.driver.details, self.timing);
        let (passes, records) = (made.passes, &code.exits);
        self.emit(|vm| Event::CompileEnd {
            unit: id,
            ir_before,
            ir_after,
            code_bytes,
            exits,
            passes: details::passes(vm, passes, timing),
            ways_out: if details { details::exits(vm, records) } else { Vec::new() },
            nanos,
            listing,
        });
        let entry = code.direct_entry;
        let method = made.method.zip(entry).map(|((signature, link), direct_entry)| Method {
            signature,
            link,
            direct_entry,
        });
        if let Some(old) = self.policy.compiled(key) {
            self.take_out(old, key, Reason::Replaced { unit: id });
        }
        self.cache.install(Unit {
            id,
            place: key,
            piece,
            address,
            inputs: code.inputs,
            exit_counts: vec![0; code.exits.len()],
            exits: code.exits,
            trial: Trial::default(),
            has_paid: false,
            instructions: 0,
            instructions_before: 0,
            mismatches: 0,
            slots: code.slots,
            frame_bytes: code.frame_bytes,
            calls: made.calls,
            method,
        });
        self.policy.installed(&mut self.vm, key, id);
        self.emit(|vm| Event::Install { unit: id, at: Spot::of(vm, key.function, key.pc) });
        Ok(id)
    }

    /// A place stays as it is, because it can't be compiled.
    pub(super) fn not_compiled(&mut self, key: PlaceKey, failure: Failure) {
        match failure {
            Failure::NoMemory(why) => self.no_jit(why),
            Failure::Interrupted => {}
            // Without the bodies of other functions it may well be small enough.
            Failure::GaveUp(why) if self.policy.again_smaller(&mut self.vm, key) => {
                self.postpone(key, Reason::AgainWithCalls { last: Box::new(why) });
            }
            // What is there stays.
            Failure::Refused(why) | Failure::GaveUp(why) if self.policy.compiled(key).is_some() => {
                let tier = Tier::Optimizing;
                self.emit(|vm| Event::Refuse { at: Spot::of(vm, key.function, key.pc), tier, why });
            }
            Failure::Refused(why) | Failure::GaveUp(why) => {
                self.policy.leave_alone(&mut self.vm, key);
                let tier = self.policy.tier(key.function);
                self.emit(|vm| Event::Refuse { at: Spot::of(vm, key.function, key.pc), tier, why });
            }
        }
    }

    /// The types of a function's parameters, from the arguments that it has just been called with.
    fn parameters(&mut self, key: PlaceKey) -> Vec<Type> {
        let params = self.vm.functions[key.function as usize].params;
        let boxed = self.policy.place(key).boxed.clone();
        let ty = |slot: u32| match boxed.contains(&InputPlace::Local(slot)) {
            true => Type::Boxed,
            false => type_of(&self.vm, self.vm.local(slot)),
        };
        (0..params).map(ty).collect()
    }

    /// Execute: runs a unit on the current frame.
    pub(super) fn enter(&mut self, id: u32) -> Next {
        let Some(unit) = self.cache.get(id) else {
            debug_assert!(false, "a place names a unit that is not installed");
            return Next::Resume;
        };
        let place = unit.place;
        let charged = self.vm.charged();
        let paid = self.vm.run_left(place.function, place.pc);
        let start = self.timing.then(Instant::now);
        let left = native::enter(&mut self.vm, unit, &self.cache, &mut self.words);
        let nanos = start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        self.stats.jit_ns += nanos;
        let left = match left {
            Ok(left) => left,
            Err(mismatch) => {
                self.mismatch(id, mismatch);
                return Next::Resume;
            }
        };
        self.emit(|vm| Event::Enter { unit: id, at: Spot::of(vm, place.function, place.pc) });
        self.stats.jit_entries += 1;
        let interrupted = std::mem::take(&mut self.interrupted_round);
        self.vm.counters.jit_iterations += left.rounds + u64::from(interrupted);
        let executed = self.vm.charged() - charged + paid;
        let Left { answer, rounds } = left;
        self.ledger.entered(id, rounds, nanos);
        match answer {
            Answer::Returned(raw) => {
                self.count_entry(id, executed, 1);
                let value = boxed(&mut self.vm, raw);
                // Seen in the method: its frame is still there.
                self.sample(Tier::Optimizing, nanos);
                self.returned_from(value)
            }
            Answer::Exits(chain) => {
                let next = self.leave(id, &chain, rounds, executed);
                self.sample(Tier::Optimizing, nanos);
                next
            }
        }
    }

    /// Counts what an entry into a unit has executed, and how many values it took; a unit that does not pay is not
    /// entered any more, or not for a while.
    fn count_entry(&mut self, id: u32, executed: u64, values: usize) {
        self.count_compiled(id, executed, 0);
        let Some(unit) = self.cache.get_mut(id) else { return };
        unit.instructions += executed;
        unit.trial.entries += 1;
        unit.trial.instructions += executed;
        unit.trial.values += (unit.inputs.len() + values) as u64;
        if unit.trial.entries < TRIAL_ENTRIES || self.driver.forced.any() {
            return;
        }
        let trial = std::mem::take(&mut unit.trial);
        let (place, is_method) = (unit.place, unit.is_method());
        if pays(&trial) {
            unit.has_paid = true;
            self.policy.paid(place);
            return;
        }
        let (entries, instructions) = (TRIAL_ENTRIES, trial.per_entry());
        // Optimized code calls a method all the same; and what has paid once may pay again.
        let why = if is_method || unit.has_paid {
            let arrivals = self.policy.pause(&mut self.vm, place);
            match is_method {
                true => Reason::RestsForCalls { entries, instructions, calls: arrivals },
                false => Reason::RestsForRounds { entries, instructions, rounds: arrivals },
            }
        } else {
            let why = Reason::DoesNotPay { entries, instructions };
            self.take_out(id, place, why.clone());
            self.policy.leave_alone(&mut self.vm, place);
            why
        };
        let tier = self.policy.tier(place.function);
        self.emit(|vm| Event::LeaveAlone { at: Spot::of(vm, place.function, place.pc), tier, why });
    }

    /// A method has returned to the engine: does what `ret` does.
    fn returned_from(&mut self, value: Value) -> Next {
        let vm = &mut self.vm;
        let Some(frame) = vm.frames.pop() else {
            vm.result = value;
            return Next::Done;
        };
        let result = vm.regs.base;
        vm.stack[result as usize] = value.bits();
        vm.regs.function = frame.function;
        vm.regs.pc = frame.pc;
        vm.regs.base -= frame.delta;
        vm.regs.sp = result + 1;
        self.returned = frame.native != 0;
        Next::Resume
    }

    /// Deoptimise: compiled code has left; puts the interpreter's frames together again, and judges the unit that left.
    fn leave(&mut self, entered: u32, chain: &[TakenExit], rounds: u64, executed: u64) -> Next {
        let Some(exit) = self.rebuild(entered, chain) else {
            debug_assert!(false, "compiled code left by exits that are not there");
            return Next::Interpret;
        };
        let not_executed = self.not_executed(&exit.frames);
        let count = self.count_exit(&exit);
        self.restore(&exit.frames);
        self.tell_exit(&exit, chain, rounds, count);
        // Where a callee is still to come, nothing can be said yet of the unit.
        if exit.reason == ExitReason::NoCode {
            self.count_compiled(entered, executed, not_executed);
        } else {
            let values = exit.frames.iter().map(|frame| frame.locals.len() + frame.stack.len()).sum();
            self.count_entry(entered, executed.saturating_sub(not_executed), values);
        }
        self.judge_exit(&exit, count);
        match exit.resume {
            Resume::Execute => Next::Interpret,
            Resume::Transfer { back_edge } => {
                self.interrupted_round = exit.reason == ExitReason::Poll && back_edge;
                Next::Arrive(if back_edge { How::Back } else { How::Forward })
            }
        }
    }

    /// The frames that a chain of exits leaves, and what is known of the innermost exit.
    fn rebuild(&self, entered: u32, chain: &[TakenExit]) -> Option<Exit> {
        let inputs = self.cache.get(entered).map_or(0, |unit| unit.inputs.len());
        let record = |unit, exit: u32| self.cache.get(unit)?.exits.get(exit as usize);
        let frames = rebuild_chain(chain, &self.words, inputs, record)?;
        let innermost = chain.first()?;
        let found = record(innermost.unit, innermost.exit)?;
        Some(Exit {
            unit: innermost.unit,
            place: self.cache.get(innermost.unit)?.place,
            number: innermost.exit,
            reason: found.reason,
            side: found.side,
            of_unit: found.frames.len(),
            resume: frames.first()?.resume,
            frames,
        })
    }

    /// Instructions that were paid for in the unit that has left, and are executed after it.
    fn not_executed(&self, frames: &[RebuiltFrame]) -> u64 {
        let (innermost, waiting) = frames.split_at(1.min(frames.len()));
        let executes = innermost.iter().filter(|frame| frame.resume == Resume::Execute);
        executes.chain(waiting).map(|frame| self.vm.run_left(frame.function, frame.pc)).sum()
    }

    /// How often the unit has left there, if that is of interest.
    fn count_exit(&mut self, exit: &Exit) -> u32 {
        self.stats.exits.add(exit.reason);
        self.stats.deopts += u64::from(exit.reason.is_deopt());
        let Some(unit) = self.cache.get_mut(exit.unit) else { return 0 };
        let count = &mut unit.exit_counts[exit.number as usize];
        let counts =
            exit.reason.is_deopt() || matches!(exit.reason, ExitReason::NoCode | ExitReason::SideExit);
        *count += u32::from(counts);
        *count
    }

    fn tell_exit(&mut self, exit: &Exit, chain: &[TakenExit], rounds: u64, count: u32) {
        let Exit { unit, reason, .. } = *exit;
        let (function, pc) = exit.at();
        if !reason.is_deopt() {
            return self.emit(|vm| Event::Exit { unit, at: Spot::of(vm, function, pc), reason, rounds });
        }
        let shown = match self.driver.details {
            true => self.shown_frames(chain, &exit.frames),
            false => Vec::new(),
        };
        self.emit(|vm| Event::Deopt {
            unit,
            at: Spot::of(vm, function, pc),
            reason,
            observed: observed(vm),
            exit: exit.number,
            frames: shown,
            rounds,
            count,
        });
    }

    /// What becomes of the unit that has left: a trace may grow there, or it is replaced.
    fn judge_exit(&mut self, exit: &Exit, count: u32) {
        if exit.reason.is_deopt() && self.recording.is_some() {
            self.abandon(Reason::TraceInnerDeopt {});
        }
        if let Some(side) = exit.side {
            let functions: Vec<u32> =
                exit.frames.iter().take(exit.of_unit).map(|frame| frame.function).collect();
            self.side_exit(exit.unit, exit.place, side, count, &functions);
        } else if self.is_too_many(count, exit.reason, exit.at()) && self.cache.get(exit.unit).is_some() {
            self.invalidate(exit.unit, exit.place, Reason::ExitRepeated { exit: exit.reason, count });
        }
    }

    /// Whether a unit that left so many times at one place is to be replaced.
    fn is_too_many(&self, count: u32, reason: ExitReason, at: (u32, u32)) -> bool {
        let limit = match reason {
            ExitReason::Forced => return false,
            // Before there is a callee to call, nothing would change.
            ExitReason::NoCode => {
                let call = self.vm.functions[at.0 as usize].cells[at.1 as usize];
                let answered = call.op == Op::Call && self.policy.compiled_method(call.arg).is_some();
                if answered { MAX_EXITS } else { MAX_NO_CODE }
            }
            _ => MAX_EXITS,
        };
        count >= limit
    }

    /// Puts rebuilt frames, innermost first, into the stack: the outermost in place of the one that compiled code was entered
    /// on, the others on top of it, as if the interpreter had made the calls.
    fn restore(&mut self, frames: &[RebuiltFrame]) {
        let vm = &mut self.vm;
        for (i, frame) in frames.iter().enumerate().rev() {
            if i + 1 < frames.len() {
                // The one below waits for this one, which takes its arguments in place.
                let delta = vm.regs.sp - vm.regs.base;
                let (function, pc) = (vm.regs.function, vm.regs.pc);
                vm.frames.push(Frame { native: 0, function, pc, delta });
                vm.regs.base += delta;
                debug_assert!(
                    (vm.regs.base + vm.functions[frame.function as usize].frame_size) as usize
                        <= vm.stack.len()
                );
            }
            vm.regs.function = frame.function;
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
            Event::EntryMismatch { unit: id, at: Spot::of(vm, place.function, place.pc), observed, count }
        });
        if count >= MAX_EXITS {
            if type_of(&self.vm, found) == input.ty {
                self.policy.place(place).any_sign = true;
            } else {
                self.policy.place(place).input_changed(input.place);
            }
            let name = input_name(&self.vm, place.function, input.place);
            let expected = format!("{}{}", input.ty, input.sign.suffix());
            self.invalidate(id, place, Reason::EntryChanged { input: name, expected, count });
        }
    }

    /// Takes a unit out because its assumptions are wrong; a wider one may follow.
    fn invalidate(&mut self, id: u32, place: PlaceKey, why: Reason) {
        self.take_out(id, place, why);
        if !self.policy.invalidated(&mut self.vm, place) {
            let why = Reason::RecompiledTooOften { times: MAX_RECOMPILES };
            let tier = self.policy.tier(place.function);
            self.emit(|vm| Event::LeaveAlone { at: Spot::of(vm, place.function, place.pc), tier, why });
        }
    }

    pub(super) fn take_out(&mut self, id: u32, place: PlaceKey, why: Reason) {
        self.cache.remove(id);
        self.stats.invalidations += 1;
        self.emit(|vm| Event::Invalidate { unit: id, at: Spot::of(vm, place.function, place.pc), why });
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

/// What was there at the current place, for the log: the operands of the instruction, with the variables that they come from, or,
/// where it takes none, the variables.
fn observed(vm: &Vm) -> String {
    const VARIABLES: usize = 6;
    let regs = vm.regs;
    let function = &vm.program.program().functions[regs.function as usize];
    let inputs = function.code.get(regs.pc as usize).map_or(0, |inst: &Inst| inst.op.info().inputs.len());
    let shown = |bits: u64| {
        let value = Value::from_bits(bits);
        let kind = match type_of(vm, value) {
            ir::Type::Boxed => vm.store.operand(value).type_name(),
            ty => ty.name(),
        };
        format!("{kind} {}", vm.store.describe(value))
    };
    if inputs == 0 {
        let names = function.locals.iter().take(VARIABLES).enumerate();
        let variables = names.map(|(slot, name)| format!("{name} = {}", shown(vm.local(slot as u32).bits())));
        return variables.collect::<Vec<_>>().join(", ");
    }
    let start = (regs.sp as usize).saturating_sub(inputs).max(vm.operands_start() as usize);
    let (program, id) = (vm.program.program(), FuncId(regs.function));
    let operand = |(i, &bits): (usize, &u64)| {
        let name = operands::variable(program, vm.program.facts(id), id, regs.pc, i as u32);
        name.map_or_else(|| shown(bits), |name| format!("{name} = {}", shown(bits)))
    };
    let operands = vm.stack[start..regs.sp as usize].iter().enumerate();
    operands.map(operand).collect::<Vec<_>>().join(", ")
}

fn inline_event(vm: &Vm, unit: u32, note: Note) -> Event {
    Event::Inline {
        unit,
        at: Spot::of(vm, note.function, note.pc),
        callee: vm.program.program().functions[note.callee as usize].name.clone(),
        instructions: note.instructions,
        percent: note.percent,
        copies: note.copies,
        refused: note.refused,
    }
}
