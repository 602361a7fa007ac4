//! The loop's part for traces: executes instruction by instruction, writes down which way control goes, and grows the tree.
//!
//! A recording ends well when control is back at the tree's anchor, or when the function that is the tree's root returns; it is given up, for a reason that is logged, when it gets
//! too long or control goes where a trace cannot follow. A place at which that happens too often is left alone, each try being later than the last.

use super::optimized::HotPlace;
use super::{Next, Run};
use crate::compile::driver::{Failure, Shape};
use crate::compile::inline::{MAX_LEVELS, MAX_RECURSION};
use crate::compile::trace::{Choice, MAX_TRACE, Tree};
use crate::detect::policy::{Arriving, PlaceKey, spot};
use crate::event::Event;
use crate::execute::interpreter::{Leave, step};
use bytecode::{ControlFlow as Flow, Op};
use runtime::{Stop, Value};
use std::ops::ControlFlow;
use std::rc::Rc;

/// After how many exits at one side the way that control takes there is recorded; four times as many for each time that was given up.
const SIDE_EXITS: u32 = 16;
/// How often recording from a side may be given up.
const MAX_SIDE_TRIES: u32 = 3;
/// The most instructions executed while recording, those of functions included that are called and not followed.
const MAX_WATCHED: u32 = 50_000;

/// A recording under way.
pub(super) struct Recording {
    /// The anchor.
    hot: HotPlace,
    /// The side of the tree where it started; `None` at the anchor.
    side: Option<u32>,
    /// How many calls wait when the anchor's function runs.
    root_depth: usize,
    /// The functions active on the trace, the anchor's first.
    functions: Vec<u32>,
    choices: Vec<Choice>,
    /// Instructions on the trace.
    instructions: u32,
    /// Instructions executed.
    watched: u32,
    /// A callee that is not followed runs while more calls than this wait.
    called_at: Option<usize>,
}

/// What becomes of a recording before the next instruction.
enum Verdict {
    Follow,
    Done,
    GiveUp(String),
}

impl Run<'_> {
    /// Starts recording at a hot place, or compiles the tree that it has.
    pub(super) fn record_or_compile(&mut self, hot: HotPlace) -> Result<Option<u32>, Failure> {
        if let Some(tree) = self.trees.get(&hot.key) {
            let shape = Shape::Tree(tree.clone());
            return self.compile(hot, &shape);
        }
        if self.recording.is_none() {
            let key = hot.key;
            self.emit(|vm| Event::Record { at: spot(vm, key.function, key.pc), side_of: None });
            let root_depth = self.vm.frames.len();
            self.start_recording(hot, None, root_depth, vec![key.function]);
        }
        Ok(None)
    }

    fn start_recording(&mut self, hot: HotPlace, side: Option<u32>, root_depth: usize, functions: Vec<u32>) {
        self.recording = Some(Recording {
            hot,
            side,
            root_depth,
            functions,
            choices: Vec::new(),
            instructions: 0,
            watched: 0,
            called_at: None,
        });
    }

    /// A unit has left so many times by a side of its tree; control stands behind that. `functions` are those active on the trace, innermost first.
    pub(super) fn side_exit(&mut self, unit: u32, key: PlaceKey, side: u32, count: u32, functions: &[u32]) {
        let Some(tree) = self.trees.get(&key) else { return };
        let tries = tree.tries(side);
        if self.recording.is_some()
            || tries >= MAX_SIDE_TRIES
            || count != SIDE_EXITS << (2 * tries)
            || !tree.may_grow()
        {
            return;
        }
        let at = (self.vm.regs.function, self.vm.regs.pc);
        self.emit(|vm| Event::Record { at: spot(vm, at.0, at.1), side_of: Some(unit) });
        let hot = HotPlace { key, executed: u64::from(count), back_edges: 0 };
        let root_depth = self.vm.frames.len().saturating_sub(functions.len().saturating_sub(1));
        let functions = functions.iter().rev().copied().collect();
        self.start_recording(hot, Some(side), root_depth, functions);
    }

    /// Executes and records until the recording ends.
    pub(super) fn record(&mut self) -> ControlFlow<Result<Value, Stop>, Next> {
        self.interrupted_round = false;
        while let Some(mut recording) = self.recording.take() {
            match self.look(&mut recording) {
                Verdict::Follow => {}
                Verdict::Done => return ControlFlow::Continue(self.recorded(recording)),
                Verdict::GiveUp(why) => {
                    self.give_up(&recording, why);
                    return ControlFlow::Continue(Next::Resume);
                }
            }
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let cell = self.vm.functions[function as usize].cells[pc as usize];
            let stepped = step(&mut self.vm);
            if recording.called_at.is_none() && cell.op.info().flow == Flow::Branch {
                let taken = self.vm.regs.pc == cell.arg;
                recording.choices.push(if taken { Choice::Taken } else { Choice::NotTaken });
            }
            match stepped {
                Ok(()) => {}
                // Control has arrived; the trigger is for whoever comes next.
                Err(Leave::LoopTrigger) => self.policy.rearm(&mut self.vm, Arriving::Loop),
                Err(Leave::EntryTrigger) => self.policy.rearm(&mut self.vm, Arriving::Entry),
                Err(leave) => {
                    let why = match leave {
                        Leave::Slice | Leave::SliceCall | Leave::SliceBackEdge => "a fuel slice was used up",
                        Leave::Return => "the function returns",
                        _ => "the program ends",
                    };
                    self.give_up(&recording, why.to_string());
                    return self.judge(leave);
                }
            }
            self.recording = Some(recording);
        }
        ControlFlow::Continue(Next::Resume)
    }

    /// Control arrives somewhere while a recording is under way; `None` if it goes on there.
    pub(super) fn arrive_recording(
        &mut self,
        leave: Option<Leave>,
    ) -> Option<ControlFlow<Result<Value, Stop>, Next>> {
        match leave {
            None => None,
            Some(Leave::LoopTrigger) => {
                self.policy.rearm(&mut self.vm, Arriving::Loop);
                None
            }
            Some(Leave::EntryTrigger) => {
                self.policy.rearm(&mut self.vm, Arriving::Entry);
                None
            }
            Some(leave) => {
                if let Some(recording) = self.recording.take() {
                    self.give_up(&recording, "a fuel slice was used up".to_string());
                }
                Some(self.judge(leave))
            }
        }
    }

    /// Looks at the instruction that is to be executed next.
    fn look(&self, recording: &mut Recording) -> Verdict {
        let vm = &self.vm;
        let (function, pc, depth) = (vm.regs.function, vm.regs.pc, vm.frames.len());
        recording.watched += 1;
        if recording.watched > MAX_WATCHED {
            return Verdict::GiveUp(format!("a call took more than {MAX_WATCHED} instructions"));
        }
        if recording.called_at.is_some_and(|at| depth > at) {
            return Verdict::Follow;
        }
        recording.called_at = None;
        let key = recording.hot.key;
        let at_root = depth == recording.root_depth;
        let is_loop = key.arriving == Arriving::Loop;
        let started = recording.instructions > 0 || recording.side.is_some();
        if is_loop && at_root && started && (function, pc) == (key.function, key.pc) {
            return Verdict::Done;
        }
        recording.instructions += 1;
        if recording.instructions > MAX_TRACE {
            return Verdict::GiveUp(format!("it is longer than {MAX_TRACE} instructions"));
        }
        let inner = PlaceKey { function, pc, arriving: Arriving::Loop };
        if inner != key && self.policy.compiled(inner).is_some() {
            return Verdict::GiveUp("it comes to a loop that has a trace of its own".to_string());
        }
        let cell = vm.functions[function as usize].cells[pc as usize];
        match cell.op {
            Op::Ret if at_root && is_loop => Verdict::GiveUp("the function returns".to_string()),
            Op::Ret if at_root => Verdict::Done,
            Op::Halt => Verdict::GiveUp("the program ends".to_string()),
            Op::Ret => {
                recording.functions.pop();
                Verdict::Follow
            }
            Op::Call => self.look_at_call(recording, cell.arg),
            _ => Verdict::Follow,
        }
    }

    /// Whether to follow a call.
    fn look_at_call(&self, recording: &mut Recording, callee: u32) -> Verdict {
        let active = recording.functions.iter().filter(|&&f| f == callee).count();
        if recording.functions.len() as u32 <= MAX_LEVELS && active < MAX_RECURSION {
            recording.choices.push(Choice::Inlined);
            recording.functions.push(callee);
            return Verdict::Follow;
        }
        let key = recording.hot.key;
        let itself = key.arriving == Arriving::Entry && callee == key.function;
        if !itself && self.policy.compiled_method(callee).is_none() {
            return Verdict::GiveUp(
                "it comes to a deep call of a function that is not optimized".to_string(),
            );
        }
        recording.choices.push(Choice::Called);
        recording.called_at = Some(self.vm.frames.len());
        Verdict::Follow
    }

    /// The recording is complete: grows the tree and compiles it.
    fn recorded(&mut self, recording: Recording) -> Next {
        let Recording { hot, side, choices, instructions, .. } = recording;
        let key = hot.key;
        let tree =
            self.trees.entry(key).or_insert_with(|| Rc::new(Tree::new(key.arriving == Arriving::Entry)));
        if !Rc::make_mut(tree).grow(side, &choices, instructions) {
            return Next::Resume;
        }
        let shape = Shape::Tree(tree.clone());
        match self.compile(hot, &shape) {
            Ok(Some(unit)) if key == self.key(key.arriving) && key.arriving == Arriving::Loop => {
                self.enter(unit)
            }
            Ok(_) => Next::Resume,
            Err(failure) => {
                self.not_compiled(key, failure);
                Next::Resume
            }
        }
    }

    fn give_up(&mut self, recording: &Recording, why: String) {
        let key = recording.hot.key;
        let at = (self.vm.regs.function, self.vm.regs.pc);
        let side = recording.side;
        self.emit(|vm| Event::Abort {
            at: spot(vm, at.0, at.1),
            anchor: spot(vm, key.function, key.pc),
            why: why.clone(),
        });
        match side {
            Some(side) => {
                if let Some(tree) = self.trees.get_mut(&key) {
                    Rc::make_mut(tree).gave_up(side);
                }
            }
            None if self.policy.recording_given_up(&mut self.vm, key) => {}
            None => {
                let tier = self.policy.tier(key.function);
                let why = format!("recording was given up too often; now because {why}");
                self.emit(|vm| Event::LeaveAlone { at: spot(vm, key.function, key.pc), tier, why });
            }
        }
    }
}
