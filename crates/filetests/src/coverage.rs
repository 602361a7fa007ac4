//! What runs have reached: whether the programs that agree everywhere are worth anything.

use hotspotvm::bytecode::Verified;
use hotspotvm::{Engine, Event, ExitReason, Io, Options};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// How many runs have done what.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// All of them.
    pub runs: u64,
    /// Compiled a method.
    pub methods: u64,
    /// Entered one from the engine.
    pub entered: u64,
    /// Left from a method that other compiled code had called.
    pub chains: u64,
    /// Left because calls were too deep.
    pub call_depth: u64,
    /// Left because a callee had no code any more.
    pub no_code: u64,
    /// Left because an operand in a method was of another type.
    pub deopts: u64,
    /// Left because a slice ended in a method that compiled code had called.
    pub polls: u64,
    /// Left because a callee that compiled code had called was made to leave.
    pub forced: u64,
    /// Made selects of a branch.
    pub selects: u64,
    /// Took a method out.
    pub invalidated: u64,
    /// Left a method's entry alone.
    pub left_alone: u64,
}

/// What happens in one run.
#[derive(Default)]
struct Seen {
    methods: HashSet<u32>,
    current: u32,
    counts: Coverage,
}

impl Seen {
    fn see(&mut self, event: &Event) {
        let counts = &mut self.counts;
        match event {
            Event::CompileStart { unit, kind: hotspotvm::UnitKind::Method, .. } => {
                self.methods.insert(*unit);
                counts.methods = 1;
            }
            Event::CompileEnd { listing: Some(listing), .. } => {
                // Nothing else gives back what depends on a condition, or chooses.
                counts.selects |=
                    u64::from(["_select", "refund_if"].iter().any(|op| listing.ir.contains(op)));
            }
            Event::Enter { unit, .. } => {
                self.current = *unit;
                counts.entered |= u64::from(self.methods.contains(unit));
            }
            Event::Exit { unit, reason, .. } | Event::Deopt { unit, reason, .. } => {
                let called = u64::from(*unit != self.current);
                counts.chains |= called;
                match reason {
                    ExitReason::CallDepth => counts.call_depth = 1,
                    ExitReason::NoCode => counts.no_code = 1,
                    ExitReason::Poll => counts.polls |= called,
                    ExitReason::Forced => counts.forced |= called,
                    _ if reason.is_deopt() => counts.deopts |= u64::from(self.methods.contains(unit)),
                    _ => {}
                }
            }
            Event::Invalidate { unit, .. } => {
                counts.invalidated |= u64::from(self.methods.contains(unit));
            }
            Event::LeaveAlone { at, .. } => counts.left_alone |= u64::from(at.pc == 0),
            _ => {}
        }
    }
}

impl Coverage {
    /// Runs a program and counts what it reaches.
    pub fn run(&mut self, program: &Arc<Verified>, options: &Options) {
        let seen: Rc<RefCell<Seen>> = Rc::default();
        let mut engine = Engine::new(Options { listings: true, ..options.clone() });
        let sink = seen.clone();
        engine.on_event(move |event| sink.borrow_mut().see(event));
        engine.run(program.clone(), &[], Io::none());
        self.runs += 1;
        let counts = &seen.borrow().counts;
        self.methods += counts.methods;
        self.entered += counts.entered;
        self.chains += counts.chains;
        self.call_depth += counts.call_depth;
        self.no_code += counts.no_code;
        self.deopts += counts.deopts;
        self.polls += counts.polls;
        self.forced += counts.forced;
        self.selects += counts.selects;
        self.invalidated += counts.invalidated;
        self.left_alone += counts.left_alone;
    }
}
