//! The report: what one run did, as plain data. It is the format between the engine, which fills it, and the page,
//! which shows it.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise` and has something of each stage.
//! Every field is documented here, and only here: `cargo xtask docs` makes the page's types, `page/report.ts`, of this
//! file.
//!
//! Conventions, which the page relies on:
//! - Things name each other by index: `function` is an index into [`Program::functions`], `place` into [`Run::places`], `lane` into
//!   [`Run::lanes`], `event` into the items of [`Run::events`], `deopt` into those of [`Run::deopts`]. Only units have numbers
//!   of their own ([`Unit::id`]), those of the log. An index that is out of range is shown as unknown, never an error.
//! - A list that grows with the run is [`Capped`]: it says how much was left out.
//! - Counts fit a double exactly (they are below 2 to the 53rd). Times are nanoseconds, and absent unless they were asked for.
//! - Values of the guest are text, as the guest would print them, cut to a length that the engine chooses.
//! - A field that is left out of the JSON form has its empty value: no items, zero, nothing.

use serde::{Deserialize, Serialize};

/// Version of the format: another number, another meaning.
pub const FORMAT_VERSION: u32 = 1;

/// A list that the engine may have cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capped<T> {
    /// What was kept, in order.
    pub items: Vec<T>,
    /// How many more there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// Everything that the page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// What made the report: `hotspot 0.1.0`.
    pub tool: String,
    /// One run, or two to be compared side by side.
    pub runs: Vec<Run>,
    /// What a sweep over thresholds measured, one for each strategy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sweeps: Vec<Sweep>,
}

/// One run of a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What tells this run from the other: `strategy region`.
    pub label: String,
    /// What ran.
    pub program: Program,
    /// The settings that decide what gets compiled, by their names on the command line: `hotspot-threshold` is `10`.
    pub settings: Vec<Named>,
    /// How it ended, to follow "The program ": `ended after 412,345 instructions`.
    pub outcome: String,
    /// Instructions executed in all tiers.
    pub executed: u64,
    /// Time of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
    /// Places that events, lanes and units name.
    pub places: Vec<Place>,
    /// What got a counter that came near a threshold: functions and loops. A loop's lane comes after that of its function.
    pub lanes: Vec<Lane>,
    /// What happened, in order. An event's index is the run's clock: the page's "now" is one.
    pub events: Capped<Event>,
    /// Counters and kinds as they were at some events, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Snapshot>,
    /// What was compiled, in order.
    pub units: Capped<Unit>,
    /// What went wrong with assumptions, in detail, in order.
    pub deopts: Capped<Deopt>,
    /// Why things are as they are, in plain words.
    pub explanations: Vec<Explanation>,
    /// Where instructions and time went: one row for each tier, and one for each tier of each lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
    /// How long rounds took while the program warmed up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm_up: Vec<Sample>,
    /// What the curve counts: `rounds` (if empty), or `instructions`, a thousand of which then stand for a round.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub warm_up_counts: String,
}

/// A name, and what it stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The value, as text.
    pub value: String,
}

/// The program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The file's name.
    pub name: String,
    /// `python`, `hasm` or `bytes`.
    pub language: String,
    /// Its arguments, as one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
    /// Its text; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Its functions, by number.
    pub functions: Vec<Function>,
}

/// A function of the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its bytecode, by pc.
    pub rows: Capped<Row>,
}

/// An instruction of the program, and what was seen of it in the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Where it stands.
    pub pc: u32,
    /// The instruction: `load_local 1 (i)`.
    pub text: String,
    /// Its line in the source, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The pc it may jump to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    /// How often it was executed, in all tiers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub executed: u64,
    /// The kinds that the profile holds of each operand: `int`, `int|float`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// A place in the bytecode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The function.
    pub function: u32,
    /// The instruction.
    pub pc: u32,
    /// Its line in the source, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Something with a counter: a row of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// What it is.
    pub kind: LaneKind,
    /// A name for people: `loop at line 19`, `fib`. The page adds a loop's function.
    pub name: String,
    /// Where it begins: a function's first instruction, a loop's head.
    pub place: u32,
    /// The lane of the function around a loop. Its units run the loop too, unless the loop has a better one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// How often it was called or went round, in all tiers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u64,
}

/// What has a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// A function: its counter is that of calls.
    #[default]
    Function,
    /// A loop: its counter is that of its back-edge.
    Loop,
}

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Executes bytecode.
    #[default]
    Interpreter,
    /// Machine code made in one pass.
    Baseline,
    /// Machine code made through the IR.
    Optimizing,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The name of the event in the log: `hot`, `compile_start`, `install`, `enter`, `exit`, `deopt`, `entry_mismatch`,
    /// `refuse`, ...
    pub kind: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// Whose row of the timeline it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// The unit, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<u32>,
    /// Instructions executed before it, in all tiers.
    pub executed: u64,
    /// Time since the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
    /// How many events like it happened in a row and are folded into it; 0 stands for 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub times: u64,
    /// The event as a sentence. May be empty for `enter` and `exit`, of which there are many: the page then says what it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// What is known in detail of a deoptimisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deopt: Option<u32>,
    /// The event's other fields, as text. Those of an `exit` are `reason`, `rounds`, and `words`, the reason in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Named>,
}

/// Counters and kinds at an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The first event after it was taken.
    pub event: u32,
    /// Instructions charged when it was taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub executed: u64,
    /// What is not as it was in the snapshot before.
    pub rows: Vec<Count>,
}

/// What was known of one instruction at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The function.
    pub function: u32,
    /// The instruction.
    pub pc: u32,
    /// How often it had been executed, in all tiers.
    pub executed: u64,
    /// The kinds that the profile held of each operand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// What one compilation made, or tried to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its number in the log.
    pub id: u32,
    /// Whose code it is.
    pub lane: u32,
    /// The tier of the code.
    pub tier: Tier,
    /// How code was chosen: `function`, `region`, `method`, `trace`.
    pub strategy: String,
    /// Where it is entered.
    pub place: u32,
    /// The types it assumes on entry: `n: int`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumes: Vec<String>,
    /// The calls in it, inlined or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Which bytecode it covers.
    pub covers: Vec<Span>,
    /// The event at which compiling began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u32>,
    /// The event at which compiling ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u32>,
    /// The event at which it could be entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<u32>,
    /// The event at which it was taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<u32>,
    /// Why it was taken out, or why compiling was given up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How often it was entered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub entries: u64,
    /// Rounds of loops, or calls, that ran in it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u64,
    /// What it cost and brought, if that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
    /// The IR: as built, then after each pass. Empty for baseline code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<Pass>,
    /// Bytes of machine code.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub code_bytes: u64,
    /// The machine code.
    pub code: Capped<CodeLine>,
    /// The ways out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<Exit>,
}

/// A stretch of bytecode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The function.
    pub function: u32,
    /// Its first instruction.
    pub first: u32,
    /// Its last instruction.
    pub last: u32,
}

/// A call in a unit, and what was decided about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The call.
    pub place: u32,
    /// The function called.
    pub callee: String,
    /// Whether its body stands in place of the call.
    pub inlined: bool,
    /// Why, in words.
    pub words: String,
}

/// What a unit cost and brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// What compiling took.
    pub compile_nanos: f64,
    /// What a round took before, in the tier below.
    pub round_before_nanos: f64,
    /// What a round takes in this unit.
    pub round_after_nanos: f64,
    /// The rounds that it ran.
    pub rounds: u64,
}

/// The IR at one point of the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// The pass that has just run; `built` for the first.
    pub name: String,
    /// Whether it changed anything.
    pub changed: bool,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
    /// What it did and why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// The blocks, entry first. Empty if nothing changed: then they are as before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// The frame states as lines of text, `@0 = f0:pc27 transfer ...`; left out if nothing changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
}

/// What a pass says about one thing that it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    /// What and why: `removed: overflow check of i + 1, since 0 <= i < n`.
    pub words: String,
    /// The value it is about: 3 for `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// The bytecode it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// The function of that bytecode, if it is not the unit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
}

/// A block of IR.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Its number: 1 for `b1`. It stays the same from pass to pass.
    pub id: u32,
    /// Its parameters as text: `v1: int, v5: int`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub params: String,
    /// The bytecode at which it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// Its instructions; the last is its end.
    pub lines: Vec<IrLine>,
    /// Where control goes from here, in the order in which the end names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// An instruction of IR.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IrLine {
    /// As text, without the comment that names the pc: `v9: int = int_add v5, v3 exit @5`.
    pub text: String,
    /// The value it defines: 9 for `v9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// The bytecode it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// The function of that bytecode, if it is not the unit's own: the instruction was inlined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    /// The frame state that it leaves to: 5 for `@5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<u32>,
}

/// A way from a block to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The block it leads to.
    pub to: u32,
    /// When it is taken: `true`, `false`, or empty for a jump.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// In how many of a hundred cases, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

/// An instruction of machine code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeLine {
    /// Bytes from the start of the unit.
    pub offset: u32,
    /// As text: `cmp rax, rcx`.
    pub text: String,
    /// The bytecode it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pc: Option<u32>,
    /// The function of that bytecode, if it is not the unit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    /// The value that it computes, after the last pass, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u32>,
    /// The offset it may jump to, within the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    /// The exit that it is part of or jumps to, as an index into the unit's exits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u32>,
}

/// A way out of a unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// The reason's name in the log: `overflow`.
    pub reason: String,
    /// The reason in words: `an int result did not fit 64 bits`.
    pub words: String,
    /// Whether taking it is a deoptimisation: an assumption was wrong.
    pub deopt: bool,
    /// The instruction that leaves.
    pub pc: u32,
    /// The function of that instruction, if it is not the unit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    /// The frame state it was made of: 5 for `@5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<u32>,
    /// How often it was taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub taken: u64,
    /// The frames that it rebuilds: the innermost first, its callers after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Recipe>,
}

/// How an exit rebuilds one frame of the interpreter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The function.
    pub function: u32,
    /// Where the interpreter goes on.
    pub pc: u32,
    /// How it goes on, in words: `executes the instruction again`.
    pub resume: String,
    /// The locals that change, and where each comes from: `total` from `word 2, an int`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locals: Vec<Named>,
    /// The operand stack, bottom first, in the same form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Named>,
}

/// A deoptimisation, or an entry refused, in detail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deopt {
    /// The event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// The unit, by its number.
    pub unit: u32,
    /// The exit taken, as an index into the unit's exits; nothing if the unit was not entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u32>,
    /// The instruction that left.
    pub place: u32,
    /// What happened, as a sentence.
    pub words: String,
    /// What the code relied on: `total + step fits 64 bits`.
    pub expected: String,
    /// What was there instead.
    pub seen: Vec<Held>,
    /// What the machine code handed over: the words that the exit wrote, raw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machine: Vec<Held>,
    /// The interpreter's frames made of it: the innermost first, its callers after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
}

/// A value, and what held it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The name of a local, `operand 1`, or `word 2`.
    pub name: String,
    /// Its type: `int`.
    pub kind: String,
    /// The value as text.
    pub value: String,
    /// Where it came from: `word 2`, `constant`, `as it was on entry`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
}

/// A frame of the interpreter, rebuilt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The function.
    pub function: u32,
    /// Where it goes on.
    pub pc: u32,
    /// The line of that, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether compiled code had no such frame: the call was inlined.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inlined: bool,
    /// How it goes on, in words.
    pub resume: String,
    /// Its locals.
    pub locals: Vec<Held>,
    /// Its operand stack, bottom first.
    pub stack: Vec<Held>,
}

/// A sentence that says why something is as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// What kind of thing it says.
    pub topic: Topic,
    /// The sentence.
    pub words: String,
    /// What a programmer could do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// The event that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// The unit that it is about, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<u32>,
}

/// What an explanation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// How hot something is.
    #[default]
    Heat,
    /// That it was compiled, for which tier, by which strategy.
    Compiled,
    /// What the code assumes.
    Assumed,
    /// What was inlined, and what not.
    Inlined,
    /// Which checks were removed.
    Removed,
    /// Which checks stayed, and why.
    Stayed,
    /// Why something was not compiled.
    Refused,
    /// What failed at run time.
    FellBack,
    /// Whether compiling paid.
    Paid,
}

/// A part of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The tier.
    pub tier: Tier,
    /// The lane; nothing for the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// Instructions executed there.
    pub executed: u64,
    /// Time spent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nanos: Option<u64>,
}

/// What rounds took at one point of the warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// How many rounds (or instructions, see [`Run::warm_up_counts`]) had been made before.
    pub round: u64,
    /// What one took, on average since the sample before.
    pub nanos: f64,
    /// The tier in which most of it ran.
    pub tier: Tier,
}

/// What a program took under many thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// What else was set: `strategy region`.
    pub label: String,
    /// What the columns are: `iterations`.
    pub columns_name: String,
    /// The columns: how often the program's loop went round.
    pub columns: Vec<u64>,
    /// What the rows are: `hotspot-threshold`.
    pub rows_name: String,
    /// The rows: the threshold.
    pub rows: Vec<u64>,
    /// The time of each run, by row, then column; nothing where none was measured.
    pub nanos: Vec<Vec<Option<f64>>>,
}

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Capped { items: Vec::new(), left_out: 0 }
    }
}

impl<T> Capped<T> {
    /// The first `cap` of these, and how many more there were.
    pub fn first(items: impl IntoIterator<Item = T>, cap: usize) -> Self {
        let mut items = items.into_iter();
        let kept: Vec<T> = items.by_ref().take(cap).collect();
        let left_out = items.fold(0, |n, _| n + 1);
        Capped { items: kept, left_out }
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn is_false(b: &bool) -> bool {
    !*b
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_left_out_and_come_back() {
        let event = Event { kind: "enter".into(), executed: 7, ..Event::default() };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(text, r#"{"kind":"enter","executed":7}"#);
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }

    #[test]
    fn a_capped_list_says_how_much_is_missing() {
        let list = Capped::first(1..=10, 3);
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"{"items":[1,2,3],"left_out":7}"#);
        assert_eq!(serde_json::to_string(&Capped::first(1..=3, 3)).unwrap(), r#"{"items":[1,2,3]}"#);
    }
}
