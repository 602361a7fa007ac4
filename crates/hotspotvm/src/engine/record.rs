//! The loop's part for traces: executes instruction by instruction, writes down which way control goes, and grows the tree.
//!
//! A recording ends well when control is back at a loop that it is in, or when the function that is the tree's root
//! returns; it is given up, for a reason that is logged, when it gets too long or control goes where a trace cannot
//! follow. A place at which that happens too often is left alone, each try being later than the last.
//!
//! A loop that has code already is not stepped through: its tree is taken in, its code runs, and the side by which it
//! leaves is where the recording goes on.

use super::optimized::HotPlace;
use super::{Next, Run};
use crate::compile::driver::{Failure, Selection};
use crate::compile::inline::MAX_LEVELS;
use crate::compile::trace::{Anchor, MAX_RECURSION, MAX_TRACE, Tree};
use crate::event::{Event, Spot};
use crate::execute::interpreter::{Leave, step};
use crate::ids::{Arriving, PlaceKey};
use crate::reason::Reason;
use bytecode::{ControlFlow as Flow, Op};
use runtime::{Stop, Value};
use std::ops::ControlFlow;
use std::rc::Rc;

/// After how many exits at one side the way that control takes there is recorded; four times as many for each time that
/// was given up.
const SIDE_EXITS: u32 = 16;
/// How often recording from a side may be given up.
const MAX_SIDE_TRIES: u32 = 3;
/// The most instructions executed while recording, those of functions included that are called and not followed.
const MAX_WATCHED: u32 = 50_000;

/// A recording under way.
pub(super) struct Recording {
    /// The anchor.
    hot: HotPlace,
    /// The tree with what was recorded so far.
    tree: Tree,
    /// The side of the tree where it started; `None` at the anchor.
    side: Option<u32>,
    /// Where it stands in the tree.
    node: u32,
    /// The loops that it is in.
    loops: Vec<Anchor>,
    /// How many calls wait when the anchor's function runs.
    root_depth: usize,
    /// The functions active on the trace, the anchor's first.
    functions: Vec<u32>,
    /// Instructions on the trace.
    instructions: u32,
    /// Instructions executed.
    watched: u32,
    /// A callee that is not followed runs while more calls than this wait.
    called_at: Option<usize>,
    /// A loop whose tree was taken in is running: its place, and by how much the numbers of its nodes are higher here.
    running: Option<(PlaceKey, u32)>,
}

/// What becomes of a recording before the next instruction.
enum Verdict {
    Follow,
    /// Runs this unit.
    Run(u32),
    Done,
    GiveUp(Reason),
}

impl Recording {
    fn depth(&self, frames: usize) -> u32 {
        frames.saturating_sub(self.root_depth) as u32
    }

    /// Goes on at a node; something else being there already cannot be.
    fn at(&mut self, node: Option<u32>) -> Result<(), Reason> {
        self.node = node.ok_or(Reason::TraceKnown {})?;
        Ok(())
    }
}

impl Run<'_> {
    /// Starts recording at a hot place, or compiles the tree that it has.
    pub(super) fn record_or_compile(&mut self, hot: HotPlace) -> Result<Option<u32>, Failure> {
        let key = hot.key;
        if let Some(tree) = self.trees.get(&key) {
            let selection = Selection::Tree(tree.clone());
            return self.compile(hot, &selection);
        }
        if self.recording.is_none() {
            self.emit(|vm| Event::Record { at: Spot::of(vm, key.function, key.pc), side_of: None });
            let root_depth = self.vm.frames.len();
            let tree = match key.arriving {
                Arriving::Loop => Tree::of_loop(key.function, key.pc),
                Arriving::Entry => Tree::of_method(),
            };
            self.start_recording(hot, tree, None, root_depth, vec![key.function]);
        }
        Ok(None)
    }

    fn start_recording(
        &mut self,
        hot: HotPlace,
        tree: Tree,
        side: Option<u32>,
        root_depth: usize,
        functions: Vec<u32>,
    ) {
        let loops = tree.inside(side.unwrap_or(0)).to_vec();
        let mut recording = Recording {
            hot,
            tree,
            side,
            node: 0,
            loops,
            root_depth,
            functions,
            instructions: 0,
            watched: 0,
            called_at: None,
            running: None,
        };
        if let Some(side) = side {
            let depth = recording.depth(self.vm.frames.len());
            recording.loops.retain(|l| l.depth <= depth);
            match recording.tree.grow_side(side, &recording.loops) {
                Some(node) => recording.node = node,
                None => return,
            }
        }
        self.recording = Some(recording);
    }

    /// A unit has left by a side of its tree, for the `count`th time; control stands behind that. `functions` are those
    /// active on the trace, innermost first.
    pub(super) fn side_exit(&mut self, unit: u32, key: PlaceKey, side: u32, count: u32, functions: &[u32]) {
        if let Some(recording) = &mut self.recording {
            // A loop whose tree was taken in: the recording goes on here.
            if let Some((inner, base)) = recording.running.take() {
                if inner != key {
                    self.abandon(Reason::TraceInnerLeft {});
                    return;
                }
                recording.functions.extend(functions.iter().rev().skip(1));
                let side = side + 2 * base;
                let depth = recording.depth(self.vm.frames.len());
                recording.loops = recording.tree.inside(side).to_vec();
                recording.loops.retain(|l| l.depth <= depth);
                match recording.tree.grow_side(side, &recording.loops) {
                    Some(node) => recording.node = node,
                    None => self.abandon(Reason::TraceInnerOld {}),
                }
            }
            return;
        }
        let Some(tree) = self.trees.get(&key) else { return };
        if tree.has_grown(side) {
            // The code is older than the tree: compiling it was put off, and is tried again later each time.
            let under_way = self.worker.as_ref().is_some_and(|worker| worker.has(key));
            if count >= SIDE_EXITS && count.is_power_of_two() && !under_way {
                let (hot, tree) = (HotPlace { key, executed: u64::from(count), back_edges: 0 }, tree.clone());
                if let Err(failure) = self.compile(hot, &Selection::Tree(tree)) {
                    self.not_compiled(key, failure);
                }
            }
            return;
        }
        let tries = tree.tries(side);
        if tries >= MAX_SIDE_TRIES || count != SIDE_EXITS << (2 * tries) || !tree.may_grow() {
            return;
        }
        if functions.len() == 1 && self.left_loop(key) {
            return;
        }
        let Some(tree) = self.trees.get(&key).map(|tree| Tree::clone(tree)) else { return };
        let at = (self.vm.regs.function, self.vm.regs.pc);
        self.emit(|vm| Event::Record { at: Spot::of(vm, at.0, at.1), side_of: Some(unit) });
        let hot = HotPlace { key, executed: u64::from(count), back_edges: 0 };
        let root_depth = self.vm.frames.len().saturating_sub(functions.len().saturating_sub(1));
        let functions = functions.iter().rev().copied().collect();
        self.start_recording(hot, tree, Some(side), root_depth, functions);
    }

    /// Whether control has left the loop of an anchor. Then it is not the loop's tree that should grow, but that of the
    /// loop around it, which takes this one in: that is asked for at its next round.
    fn left_loop(&mut self, key: PlaceKey) -> bool {
        if key.arriving != Arriving::Loop {
            return false;
        }
        let graph = self.policy.graphs.get(&self.vm, key.function);
        let pc = self.vm.regs.pc;
        let Ok(inner) = graph.loop_around(key.pc) else { return false };
        if inner.inside[graph.cfg.block_of[pc as usize] as usize] {
            return false;
        }
        if let Some(pc) = graph.header_around(pc) {
            let outer = PlaceKey { pc, ..key };
            self.policy.ask_soon(&mut self.vm, outer);
        }
        true
    }

    /// Executes and records until the recording ends.
    pub(super) fn record(&mut self) -> ControlFlow<Result<Value, Stop>, Next> {
        self.interrupted_round = false;
        while let Some(mut recording) = self.recording.take() {
            match self.look(&mut recording) {
                Verdict::Follow => {}
                Verdict::Run(unit) => {
                    self.recording = Some(recording);
                    return ControlFlow::Continue(Next::Enter(unit));
                }
                Verdict::Done => return ControlFlow::Continue(self.recorded(recording)),
                Verdict::GiveUp(why) => {
                    self.given_up(&recording, why);
                    return ControlFlow::Continue(Next::Resume);
                }
            }
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let cell = self.vm.functions[function as usize].cells[pc as usize];
            let stepped = step(&mut self.vm);
            match stepped {
                Ok(()) => {}
                // Control has arrived; the trigger is for whoever comes next.
                Err(Leave::LoopTrigger) => self.policy.rearm(&mut self.vm, Arriving::Loop),
                Err(Leave::EntryTrigger) => self.policy.rearm(&mut self.vm, Arriving::Entry),
                Err(leave) => {
                    let why = match leave {
                        Leave::Slice | Leave::SliceCall | Leave::SliceBackEdge => Reason::TraceSlice {},
                        Leave::Return => Reason::TraceReturns {},
                        _ => Reason::TraceEnds {},
                    };
                    self.given_up(&recording, why);
                    return self.judge(leave);
                }
            }
            if recording.called_at.is_none() && cell.op.info().flow == Flow::Branch {
                let taken = self.vm.regs.pc == cell.arg;
                let node = recording.tree.branch(recording.node, taken, &recording.loops);
                if let Err(why) = recording.at(node) {
                    self.given_up(&recording, why);
                    return ControlFlow::Continue(Next::Resume);
                }
            }
            self.recording = Some(recording);
            if self.step_listener.is_some() {
                return ControlFlow::Continue(Next::Interpret);
            }
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
                // The code of an inner loop may have used the slice up, and goes on afterwards.
                if self.recording.as_ref().is_none_or(|r| r.running.is_none()) {
                    self.abandon(Reason::TraceSlice {});
                }
                Some(self.judge(leave))
            }
        }
    }

    /// Looks at the instruction that is to be executed next.
    fn look(&self, recording: &mut Recording) -> Verdict {
        let vm = &self.vm;
        let (function, pc, frames) = (vm.regs.function, vm.regs.pc, vm.frames.len());
        recording.watched += 1;
        if recording.watched > MAX_WATCHED {
            return Verdict::GiveUp(Reason::TraceCallTooLong { most: MAX_WATCHED });
        }
        if recording.called_at.is_some_and(|at| frames > at) {
            return Verdict::Follow;
        }
        recording.called_at = None;
        let (key, depth) = (recording.hot.key, recording.depth(frames));
        let here = PlaceKey { function, pc, arriving: Arriving::Loop };
        let back = |a: &Anchor| (a.depth, a.function, a.pc) == (depth, function, pc);
        if let Some((inner, _)) = recording.running {
            return match self.policy.compiled(inner) {
                Some(unit) if inner == here => Verdict::Run(unit),
                _ => Verdict::GiveUp(Reason::TraceInnerLeft {}),
            };
        }
        let started = recording.instructions > 0 || recording.side.is_some();
        if started && recording.loops.iter().any(back) {
            return Verdict::Done;
        }
        recording.instructions += 1;
        if recording.instructions > MAX_TRACE {
            return Verdict::GiveUp(Reason::TraceTooLong { most: MAX_TRACE });
        }
        if started && let (Some(unit), Some(inner)) = (self.policy.compiled(here), self.trees.get(&here)) {
            let Some((base, anchor)) = recording.tree.nest(recording.node, depth, inner, &recording.loops)
            else {
                return Verdict::GiveUp(Reason::TraceInnerTooLarge {});
            };
            recording.node = base;
            recording.loops.push(anchor);
            recording.running = Some((here, base));
            return Verdict::Run(unit);
        }
        let at_root = depth == 0;
        let is_loop = key.arriving == Arriving::Loop;
        let cell = vm.functions[function as usize].cells[pc as usize];
        match cell.op {
            Op::Ret if at_root && is_loop => Verdict::GiveUp(Reason::TraceReturns {}),
            Op::Ret if at_root => Verdict::Done,
            Op::Halt => Verdict::GiveUp(Reason::TraceEnds {}),
            Op::Ret => {
                recording.functions.pop();
                recording.loops.retain(|l| l.depth < depth);
                Verdict::Follow
            }
            Op::Call => self.look_at_call(recording, cell.arg, depth),
            _ => Verdict::Follow,
        }
    }

    /// Whether to follow a call.
    fn look_at_call(&self, recording: &mut Recording, callee: u32, depth: u32) -> Verdict {
        let active = recording.functions.iter().filter(|&&f| f == callee).count();
        let key = recording.hot.key;
        let follow = depth < MAX_LEVELS && active < MAX_RECURSION;
        let itself = key.arriving == Arriving::Entry && callee == key.function;
        if !follow && !itself && self.policy.compiled_method(callee).is_none() {
            return Verdict::GiveUp(Reason::TraceDeepCall {});
        }
        let node = recording.tree.call(recording.node, follow, &recording.loops);
        if let Err(why) = recording.at(node) {
            return Verdict::GiveUp(why);
        }
        if follow {
            recording.functions.push(callee);
            recording.tree.levels = recording.tree.levels.max(depth + 1);
        } else {
            recording.called_at = Some(self.vm.frames.len());
        }
        Verdict::Follow
    }

    /// The recording is complete: the tree has grown and is compiled.
    fn recorded(&mut self, recording: Recording) -> Next {
        let Recording { hot, mut tree, instructions, .. } = recording;
        let key = hot.key;
        tree.traces += 1;
        tree.instructions += instructions;
        let tree = Rc::new(tree);
        self.trees.insert(key, tree.clone());
        match self.compile(hot, &Selection::Tree(tree)) {
            Ok(Some(unit)) if key == self.key(key.arriving) && key.arriving == Arriving::Loop => {
                Next::Enter(unit)
            }
            Ok(_) => Next::Resume,
            Err(failure) => {
                self.not_compiled(key, failure);
                Next::Resume
            }
        }
    }

    /// Gives the recording up that is under way.
    pub(super) fn abandon(&mut self, why: Reason) {
        if let Some(recording) = self.recording.take() {
            self.given_up(&recording, why);
        }
    }

    fn given_up(&mut self, recording: &Recording, why: Reason) {
        let key = recording.hot.key;
        let at = (self.vm.regs.function, self.vm.regs.pc);
        let side = recording.side;
        self.emit(|vm| Event::Abort {
            at: Spot::of(vm, at.0, at.1),
            anchor: Spot::of(vm, key.function, key.pc),
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
                let why = Reason::RecordingGivenUp { last: Box::new(why) };
                self.emit(|vm| Event::LeaveAlone { at: Spot::of(vm, key.function, key.pc), tier, why });
            }
        }
    }
}
