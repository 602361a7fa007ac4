//! Every transition of the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise`, as data.
//!
//! One schema, written here once and read by `--verbose`, `--trace` (NDJSON, one event a line), the tests and every other tool.
//! Events carry no times unless [`crate::Options::timing`] is on, so the log of a run is reproducible byte for byte.

use crate::abi::vm::Vm;
use crate::options::{Strategy, Tier};
use crate::reason::Reason;
use bytecode::FuncId;
use ir::ExitReason;
use serde::{Deserialize, Serialize};

/// Version of the schema; the first line of every trace names it.
pub const SCHEMA_VERSION: u32 = 4;

/// A place in the bytecode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// The function's name.
    pub function: String,
    /// The instruction.
    pub pc: u32,
    /// Its source line, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Spot {
    /// This place, with its names.
    pub(crate) fn of(vm: &Vm, function: u32, pc: u32) -> Spot {
        let program = vm.program.program();
        Spot {
            function: program.functions[function as usize].name.clone(),
            pc,
            line: program.line(FuncId(function), pc),
        }
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} pc {}", self.function, self.pc)
    }
}

/// What is compiled as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// A function, for the baseline tier.
    Function,
    /// A loop, or the rest of a function from a loop on.
    Region,
    /// A function, to be called.
    Method,
    /// The ways that control took from a place.
    Trace,
}

impl UnitKind {
    /// The name in logs.
    pub fn name(self) -> &'static str {
        match self {
            UnitKind::Function => "function",
            UnitKind::Region => "region",
            UnitKind::Method => "method",
            UnitKind::Trace => "trace",
        }
    }
}

impl From<Strategy> for UnitKind {
    fn from(strategy: Strategy) -> UnitKind {
        match strategy {
            Strategy::Region => UnitKind::Region,
            Strategy::Method => UnitKind::Method,
            Strategy::Trace => UnitKind::Trace,
        }
    }
}

/// What was compiled, as text, side by side: only made when asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The bytecode.
    pub bytecode: String,
    /// The IR as built; empty for baseline code, which needs none.
    pub ir_built: String,
    /// The IR after single passes: their names, and what they made. Only those that
    /// [`Passes::dumped`](crate::Passes::dumped) names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ir_after: Vec<(String, String)>,
    /// The IR after all passes; the same holds.
    pub ir: String,
    /// The machine code, with the pc of the bytecode that each instruction came from.
    pub machine: String,
    /// What stretches of the machine code are for, by offset: each up to the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<MachinePart>,
}

/// What a stretch of machine code is for: at most one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachinePart {
    /// Where it starts, in bytes from the start of the unit.
    pub offset: u32,
    /// It computes this value of the IR after all passes: 9 for `v9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// It is the way out of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u32>,
}

impl MachinePart {
    pub(crate) fn new(offset: u32, part: Option<codegen::Part>) -> MachinePart {
        let (value, exit) = match part {
            Some(codegen::Part::Value(value)) => (Some(value.0), None),
            Some(codegen::Part::Exit(exit)) => (None, Some(exit)),
            None => (None, None),
        };
        MachinePart { offset, value, exit }
    }
}

/// What one pass did in one compilation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassShown {
    /// Its name.
    pub name: String,
    /// Whether it changed anything.
    pub changed: bool,
    /// IR instructions before it.
    pub before: u32,
    /// IR instructions after it.
    pub after: u32,
    /// What it says about what it did, and about what it could not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<RemarkShown>,
    /// Time taken, in nanoseconds; only if times were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
}

/// What a pass says about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemarkShown {
    /// Whether a check went, stayed, or something else happened.
    pub kind: RemarkKind,
    /// The bytecode it is about.
    pub at: Spot,
    /// The IR value it is about: 3 for `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// In words: `overflow check of i + 1: i is from 0 to 9999`.
    pub words: String,
    /// What a programmer could do about it; empty if there is nothing to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// What kind of thing a remark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkKind {
    /// A check is not needed, and gone.
    Removed,
    /// A check is still there.
    Stayed,
    /// Something is done before the loop instead of in each round.
    Moved,
    /// The code has another form now.
    Changed,
}

/// A way out of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitShown {
    /// Why control leaves there.
    pub reason: ExitReason,
    /// The instruction that leaves.
    pub at: Spot,
    /// The frame state of the IR that it was made of: 5 for `@5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<u32>,
    /// How the interpreter's frames are rebuilt, innermost first: here a value's text says where it comes from.
    pub frames: Vec<FrameShown>,
}

/// A frame of the interpreter that an exit rebuilds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameShown {
    /// Where it goes on.
    pub at: Spot,
    /// Whether the interpreter executes the instruction there, or counts as arriving there.
    pub executes: bool,
    /// Whether compiled code had no such frame, since the call was inlined.
    pub inlined: bool,
    /// The locals that changed since the unit was entered.
    pub locals: Vec<Held>,
    /// The operand stack, bottom first.
    pub stack: Vec<Held>,
}

/// A value, and what holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name of a local, or `operand 1`.
    pub name: String,
    /// Where compiled code had it: `word 2`, `input 0`, `known`.
    pub from: String,
    /// Its type; empty where only the place is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The value as text; the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// A transition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The schema and the engine's settings that decide what gets compiled.
    Start {
        /// [`SCHEMA_VERSION`].
        schema: u32,
        /// Executions before code counts as hot.
        hotspot_threshold: u64,
        /// Rounds in baseline code before a loop is optimized.
        optimizing_threshold: u64,
        /// The highest tier in use.
        max_tier: Tier,
    },
    /// The machine can't run compiled code; everything is interpreted.
    NoJit {
        /// Why.
        why: Reason,
    },
    /// Half-way to hot.
    Warm {
        /// Where.
        at: Spot,
        /// Backward arrivals so far.
        back_edges: u64,
    },
    /// Hot: worth compiling.
    Hot {
        /// Where.
        at: Spot,
        /// How often it was executed.
        executed: u64,
        /// How often control went back to it.
        back_edges: u64,
    },
    /// Not compiled, for good.
    Refuse {
        /// Where.
        at: Spot,
        /// The tier that it stays in.
        tier: Tier,
        /// Why.
        why: Reason,
    },
    /// Hot, but something else has to happen first: asked again later.
    Postpone {
        /// Where.
        at: Spot,
        /// Why.
        why: Reason,
    },
    /// Compiling begins.
    CompileStart {
        /// The number of the unit of code.
        unit: u32,
        /// Where it will be entered.
        at: Spot,
        /// The tier of the code.
        tier: Tier,
        /// What is compiled as one.
        kind: UnitKind,
        /// How many bytecode instructions it covers.
        instructions: u32,
        /// The types it assumes of what it takes on entry: `n: int`.
        assumes: Vec<String>,
    },
    /// From here on the way that control takes is recorded.
    Record {
        /// Where.
        at: Spot,
        /// The unit that control left here by a way not compiled yet; `None` for the first trace of a place.
        side_of: Option<u32>,
    },
    /// A recording was given up.
    Abort {
        /// Where.
        at: Spot,
        /// Where the traces it would have belonged to start.
        anchor: Spot,
        /// Why.
        why: Reason,
    },
    /// What was decided about inlining a call.
    Inline {
        /// The unit being compiled.
        unit: u32,
        /// The call.
        at: Spot,
        /// The name of what it calls.
        callee: String,
        /// How many instructions that has.
        instructions: u32,
        /// How often the call is made, of a hundred executions of the function, or rounds of the loop, around it.
        percent: u64,
        /// For how many copies of the call, in copies of its function, it was decided so.
        copies: u32,
        /// Why it was not inlined; `None` if it was.
        refused: Option<Reason>,
    },
    /// Compiling ended.
    CompileEnd {
        /// The unit.
        unit: u32,
        /// IR instructions before and after the passes; 0 for baseline code, which needs none.
        ir_before: u32,
        /// See `ir_before`.
        ir_after: u32,
        /// Bytes of machine code.
        code_bytes: u32,
        /// Number of exits.
        exits: u32,
        /// What each pass did, in order. Only if details were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        passes: Vec<PassShown>,
        /// The ways out, by number. Only if details were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ways_out: Vec<ExitShown>,
        /// Time taken, in nanoseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        nanos: Option<u64>,
        /// What was compiled, as text.
        #[serde(skip_serializing_if = "Option::is_none")]
        listing: Option<Box<Listing>>,
    },
    /// The code can be entered.
    Install {
        /// The unit.
        unit: u32,
        /// Where.
        at: Spot,
    },
    /// The interpreter hands over to compiled code.
    Enter {
        /// The unit.
        unit: u32,
        /// Where.
        at: Spot,
    },
    /// Compiled code hands back, in the ordinary way.
    Exit {
        /// The unit.
        unit: u32,
        /// Where the interpreter goes on.
        at: Spot,
        /// Why.
        reason: ExitReason,
        /// Rounds of loops since it was entered.
        rounds: u64,
    },
    /// Compiled code hands back because an assumption was wrong.
    Deopt {
        /// The unit.
        unit: u32,
        /// Where the interpreter goes on.
        at: Spot,
        /// Why.
        reason: ExitReason,
        /// What was there instead of what was assumed: the operands of the instruction (`x = int 5` where it is a variable's value,
        /// else `int 5`), or, where it takes none, the variables.
        observed: String,
        /// The exit taken, by its number in the unit that left.
        exit: u32,
        /// The interpreter's frames that were rebuilt, innermost first. Only if details were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        frames: Vec<FrameShown>,
        /// Rounds of loops since it was entered.
        rounds: u64,
        /// How often this unit has left by this exit.
        count: u32,
    },
    /// Entering was not possible: a local is not of the type that the code assumes.
    EntryMismatch {
        /// The unit.
        unit: u32,
        /// Where.
        at: Spot,
        /// What was assumed and what was there: `x: int expected, found float`.
        observed: String,
        /// How often this happened to this unit.
        count: u32,
    },
    /// The code is taken out of use.
    Invalidate {
        /// The unit.
        unit: u32,
        /// Where it was entered.
        at: Spot,
        /// Why.
        why: Reason,
    },
    /// The code is taken out to make room for other code.
    Evict {
        /// The unit.
        unit: u32,
        /// Where it was entered.
        at: Spot,
        /// Bytes that become free.
        bytes: u32,
    },
    /// The place stays as it is from now on.
    LeaveAlone {
        /// Where.
        at: Spot,
        /// The tier that it stays in.
        tier: Tier,
        /// Why.
        why: Reason,
    },
}

/// A line of the log: an event, and when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Instructions charged before it, in all tiers: the run's clock. (A run of instructions is charged when control
    /// arrives at it.)
    pub charged: u64,
    /// Time since the run began, in nanoseconds; only if times were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

macro_rules! names {
    ($($Variant:ident $name:literal;)+) => {
        impl Event {
            /// The names of all events.
            pub const NAMES: [&str; [$($name),+].len()] = [$($name),+];

            /// The event's name: as in its JSON form.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Event::$Variant { .. } => $name,)+
                }
            }
        }
    };
}

names! {
    Start "start";
    NoJit "no_jit";
    Warm "warm";
    Hot "hot";
    Refuse "refuse";
    Postpone "postpone";
    CompileStart "compile_start";
    Record "record";
    Abort "abort";
    Inline "inline";
    CompileEnd "compile_end";
    Install "install";
    Enter "enter";
    Exit "exit";
    Deopt "deopt";
    EntryMismatch "entry_mismatch";
    Invalidate "invalidate";
    Evict "evict";
    LeaveAlone "leave_alone";
}

impl Event {
    /// The place in the bytecode that the event is about, if it is about one.
    pub fn at(&self) -> Option<&Spot> {
        match self {
            Event::Start { .. } | Event::NoJit { .. } | Event::CompileEnd { .. } => None,
            Event::Warm { at, .. }
            | Event::Hot { at, .. }
            | Event::Refuse { at, .. }
            | Event::Postpone { at, .. }
            | Event::CompileStart { at, .. }
            | Event::Record { at, .. }
            | Event::Abort { at, .. }
            | Event::Inline { at, .. }
            | Event::Install { at, .. }
            | Event::Enter { at, .. }
            | Event::Exit { at, .. }
            | Event::Deopt { at, .. }
            | Event::EntryMismatch { at, .. }
            | Event::Invalidate { at, .. }
            | Event::Evict { at, .. }
            | Event::LeaveAlone { at, .. } => Some(at),
        }
    }
}

impl std::fmt::Display for Event {
    /// One line of plain words, without the listing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<14} ", self.name())?;
        match self {
            Event::Start { hotspot_threshold, optimizing_threshold, max_tier, .. } => match max_tier {
                Tier::Interpreter => write!(f, "everything is interpreted"),
                _ => write!(
                    f,
                    "up to the {max_tier} tier; thresholds {hotspot_threshold} and {optimizing_threshold}"
                ),
            },
            Event::NoJit { why } => write!(f, "running interpreted: {why}"),
            Event::Warm { at, back_edges } => write!(f, "{at}: {back_edges} rounds so far"),
            Event::Hot { at, executed, back_edges } => {
                write!(f, "{at}: executed {executed} times, back-edge taken {back_edges} times")
            }
            Event::Refuse { at, tier, why } | Event::LeaveAlone { at, tier, why } => {
                write!(f, "{at}: stays in the {tier} tier: {why}")
            }
            Event::Postpone { at, why } => write!(f, "{at}: not yet: {why}"),
            Event::CompileStart { unit, at, tier, kind, instructions, assumes } => {
                let kind = kind.name();
                write!(f, "unit {unit}: {tier}, {kind} at {at}, {instructions} instructions")?;
                if !assumes.is_empty() {
                    write!(f, ", assuming {}", assumes.join(", "))?;
                }
                Ok(())
            }
            Event::Record { at, side_of: None } => write!(f, "a trace from {at}"),
            Event::Record { at, side_of: Some(unit) } => write!(f, "a side of unit {unit}, from {at}"),
            Event::Abort { at, anchor, why } => {
                write!(f, "the trace from {anchor} was given up at {at}: {why}")
            }
            Event::Inline { unit, at, callee, instructions, percent, copies, refused } => {
                let times = if *copies > 1 { format!(" ({copies} copies)") } else { String::new() };
                write!(f, "unit {unit}: `{callee}` at {at}{times}: {instructions} instructions, ")?;
                write!(f, "called {percent} % of the time: ")?;
                match refused {
                    None => f.write_str("inlined"),
                    Some(why) => write!(f, "not inlined: {why}"),
                }
            }
            Event::CompileEnd { unit, ir_before, ir_after, code_bytes, exits, nanos, .. } => {
                write!(f, "unit {unit}: ")?;
                if *ir_before > 0 {
                    write!(f, "{ir_before} -> {ir_after} IR instructions, {exits} exits, ")?;
                }
                write!(f, "{code_bytes} bytes")?;
                match nanos {
                    Some(nanos) => write!(f, ", {} us", nanos / 1000),
                    None => Ok(()),
                }
            }
            Event::Install { unit, at } => write!(f, "unit {unit} at {at}"),
            Event::Enter { unit, at } => write!(f, "unit {unit} at {at}"),
            Event::Exit { unit, at, reason, rounds } => {
                write!(f, "unit {unit} to {at} after {rounds} rounds: {}", reason.words())
            }
            Event::Deopt { unit, at, reason, observed, rounds, count, .. } => {
                write!(f, "unit {unit} to {at} after {rounds} rounds: {}", reason.words())?;
                let end = if observed.is_empty() { "" } else { "; " };
                write!(f, " ({observed}{end}exit {count} there)")
            }
            Event::EntryMismatch { unit, at, observed, count } => {
                write!(f, "unit {unit} at {at}: {observed} (refused {count} times)")
            }
            Event::Evict { unit, at, bytes } => write!(f, "unit {unit} at {at}: {bytes} bytes"),
            Event::Invalidate { unit, at, why } => write!(f, "unit {unit} at {at}: {why}"),
        }
    }
}
