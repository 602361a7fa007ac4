//! What can be said of a run, as plain data, and the outline of the program that it is derived from.
//!
//! It looks at `profile -> detect -> compile -> cache -> execute -> deoptimise` from its end. [`Collector`] takes the
//! log entry by entry and keeps what was decided, not what was executed, so its memory grows with what is compiled;
//! [`Collector::finish`] adds the counts and makes sentences of it. No terminal, no file and no engine is needed for
//! that: other commands show the same data in other ways.
//!
//! Invariant: a sentence names the event that it rests on, by its index in the log, from 0.

use super::ledger::Ledger;
use super::words;
use explorer::report::Topic;
use hotspotvm::bytecode::{Op, Program};
use hotspotvm::event::{FrameShown, Held, RemarkShown};
use hotspotvm::{Event, ExitReason, LogEntry, PlaceKind, Reason, Spot, Stats, Tier, UnitKind};
use serde::Serialize;
use std::collections::HashMap;

/// What is known of a program before it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    functions: Vec<FunctionOutline>,
    numbers: HashMap<String, usize>,
    source: Vec<String>,
}

/// What is known of a function.
#[derive(Clone, Debug, Default)]
struct FunctionOutline {
    /// The source line of each instruction; 0 where unknown.
    lines: Vec<u32>,
    /// The names of its locals.
    locals: Vec<String>,
    /// Its loops: where backward jumps lead, and the last of the jumps that lead there.
    loops: Vec<(u32, u32)>,
}

impl Outline {
    /// The outline of a program with this source text, which may be empty.
    pub(crate) fn new(program: &Program, source: &str) -> Outline {
        let functions = program.functions.iter().map(|function| {
            let mut loops: Vec<(u32, u32)> = Vec::new();
            for (pc, inst) in function.code.iter().enumerate() {
                let jumps = matches!(inst.op, Op::Jump | Op::JumpIfZero | Op::JumpIfNotZero);
                if jumps && inst.arg as usize <= pc {
                    match loops.iter_mut().find(|(head, _)| *head == inst.arg) {
                        Some((_, end)) => *end = pc as u32,
                        None => loops.push((inst.arg, pc as u32)),
                    }
                }
            }
            FunctionOutline { lines: function.lines.clone(), locals: function.locals.clone(), loops }
        });
        let names = program.functions.iter().enumerate().map(|(number, f)| (f.name.clone(), number));
        Outline {
            functions: functions.collect(),
            numbers: names.collect(),
            source: source.lines().map(|line| line.trim().to_owned()).collect(),
        }
    }

    fn function(&self, name: &str) -> Option<&FunctionOutline> {
        self.functions.get(*self.numbers.get(name)?)
    }

    /// Whether the program has a function with this name.
    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.numbers.contains_key(name)
    }

    /// Whether a function has a local with this name.
    pub(crate) fn has_local(&self, function: &str, name: &str) -> bool {
        self.function(function).is_some_and(|function| function.locals.iter().any(|local| local == name))
    }

    /// The source line of an instruction, if it is known.
    pub(crate) fn line(&self, function: &str, pc: u32) -> Option<u32> {
        let line = *self.function(function)?.lines.get(pc as usize)?;
        (line != 0).then_some(line)
    }

    /// The text of a source line, from 1.
    pub(crate) fn text(&self, line: u32) -> &str {
        self.source.get(line.wrapping_sub(1) as usize).map_or("", String::as_str)
    }

    /// What is compiled, or gets hot, at a place: a loop if backward jumps lead there, and it is not the function as a whole.
    fn kind(&self, at: &Spot, whole: bool) -> PlaceKind {
        let heads =
            self.function(&at.function).is_some_and(|f| f.loops.iter().any(|&(head, _)| head == at.pc));
        if heads && !whole { PlaceKind::Loop } else { PlaceKind::Function }
    }

    /// The first and last source line of a place, if they are known.
    fn lines_of(&self, at: &Spot, kind: PlaceKind) -> Option<(u32, u32)> {
        let function = self.function(&at.function)?;
        let (from, to) = match kind {
            PlaceKind::Function => (0, function.lines.len()),
            PlaceKind::Loop => {
                let (head, end) = *function.loops.iter().find(|(head, _)| *head == at.pc)?;
                (head as usize, end as usize + 1)
            }
        };
        let lines = function.lines.get(from..to)?.iter().copied().filter(|&line| line != 0);
        lines.fold(None, |range, line| match range {
            None => Some((line, line)),
            Some((first, last)) => Some((line.min(first), line.max(last))),
        })
    }

    /// Whether a loop has loops in it.
    pub(crate) fn is_nest(&self, at: &Spot) -> bool {
        let Some(function) = self.function(&at.function) else { return false };
        let Some(&(head, end)) = function.loops.iter().find(|(head, _)| *head == at.pc) else { return false };
        function.loops.iter().any(|&(inner, its_end)| inner > head && its_end <= end)
    }
}

/// Everything that can be said of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Explanation {
    /// Instructions executed, in all tiers.
    pub(crate) executed: u64,
    /// What holds for the whole run.
    pub(crate) general: Vec<Sentence>,
    /// What is to be said of each loop and each function, the hottest first.
    pub(crate) stories: Vec<Story>,
    /// What compiling cost and brought.
    pub(crate) ledger: Ledger,
}

/// What is to be said of a loop or a function.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Story {
    /// What it is.
    pub(crate) kind: PlaceKind,
    /// Where it begins.
    pub(crate) at: Spot,
    /// Its first and last source line, if they are known.
    pub(crate) lines: Option<(u32, u32)>,
    /// How often it was called, or went round.
    pub(crate) arrivals: u64,
    /// Instructions executed in it: in code of its own what that called, too; else in no loop within it.
    pub(crate) executed: u64,
    /// The highest tier for which code of it was installed.
    pub(crate) tier: Tier,
    /// The sentences, in the order of their topics.
    pub(crate) sentences: Vec<Sentence>,
}

/// One thing that is to be said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Sentence {
    /// What kind of thing.
    pub(crate) topic: Topic,
    /// In words.
    pub(crate) words: String,
    /// What a programmer could do about it; empty if there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hint: String,
    /// The name of the reason that it rests on, in its table; empty if it rests on none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// The event that it rests on, by its index in the log, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<u64>,
    /// The unit that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<u32>,
    /// The place that it is about, if that is not where the story's loop or function begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Spot>,
}

/// Something that was decided, when first, and how often again.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) event: u64,
    pub(super) what: Verdict,
    pub(super) at: Spot,
    pub(super) why: Reason,
    pub(super) times: u64,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not compiled: it stays in this tier.
    Refused(Tier),
    /// It stays in this tier from now on.
    LeftAlone(Tier),
    /// Not yet.
    Postponed,
    /// A trace was given up.
    Aborted,
}

/// When something got hot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heat {
    pub(super) event: u64,
    pub(super) executed: u64,
    pub(super) back_edges: u64,
}

/// What happened to a loop or a function.
#[derive(Clone, Debug)]
pub(super) struct PlaceLog {
    pub(super) kind: PlaceKind,
    pub(super) at: Spot,
    pub(super) warm: Option<u64>,
    pub(super) hot: Vec<Heat>,
    pub(super) decided: Vec<Decided>,
    /// Where its body was put in place of a call: the event, the unit, the call.
    pub(super) inlined: Vec<(u64, u32, Spot)>,
}

/// A call in a unit, and what was decided about it.
#[derive(Clone, Debug)]
pub(super) struct CallLog {
    pub(super) event: u64,
    pub(super) at: Spot,
    pub(super) callee: String,
    pub(super) instructions: u32,
    pub(super) percent: u64,
    pub(super) refused: Option<Reason>,
}

/// What a compilation made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) event: u64,
    pub(super) ir: (u32, u32),
    pub(super) code_bytes: u32,
    pub(super) exits: u32,
    pub(super) remarks: Vec<RemarkShown>,
}

/// A way by which a unit was left, or by which it could not be entered.
#[derive(Clone, Debug)]
pub(super) struct WayOut {
    pub(super) event: u64,
    pub(super) at: Spot,
    /// None: it could not be entered.
    pub(super) reason: Option<ExitReason>,
    /// What was there, the first time.
    pub(super) observed: String,
    /// The variables, the first time.
    pub(super) variables: Vec<Held>,
    pub(super) times: u64,
}

/// What happened to a unit.
#[derive(Clone, Debug)]
pub(super) struct UnitLog {
    pub(super) id: u32,
    pub(super) place: usize,
    pub(super) tier: Tier,
    pub(super) kind: UnitKind,
    pub(super) at: Spot,
    pub(super) instructions: u32,
    pub(super) assumes: Vec<String>,
    pub(super) started: u64,
    pub(super) made: Option<Made>,
    pub(super) installed: bool,
    pub(super) calls: Vec<CallLog>,
    pub(super) entries: u64,
    pub(super) ways_out: Vec<WayOut>,
    /// Why it was taken out; without a reason, to make room.
    pub(super) taken_out: Option<(u64, Option<Reason>)>,
}

/// The most variables that are kept of a frame.
const VARIABLES: usize = 8;

/// Takes the log of a run, entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(super) outline: Outline,
    events: u64,
    pub(super) places: Vec<PlaceLog>,
    numbers: HashMap<(String, u32, bool), usize>,
    pub(super) units: Vec<UnitLog>,
    by_id: HashMap<u32, usize>,
    general: Vec<Sentence>,
}

impl Collector {
    /// Nothing has happened yet.
    pub(crate) fn new(outline: Outline) -> Collector {
        Collector { outline, ..Collector::default() }
    }

    fn place(&mut self, at: &Spot, whole: bool) -> usize {
        let kind = self.outline.kind(at, whole);
        // A function is hot at its beginning, whatever of it is compiled.
        let pc = if kind == PlaceKind::Function { 0 } else { at.pc };
        let key = (at.function.clone(), pc, kind == PlaceKind::Loop);
        *self.numbers.entry(key).or_insert_with(|| {
            let line = self.outline.line(&at.function, pc);
            let at = Spot { function: at.function.clone(), pc, line };
            let (hot, decided, inlined) = (Vec::new(), Vec::new(), Vec::new());
            self.places.push(PlaceLog { kind, at, warm: None, hot, decided, inlined });
            self.places.len() - 1
        })
    }

    fn unit(&mut self, id: u32) -> Option<&mut UnitLog> {
        self.units.get_mut(*self.by_id.get(&id)?)
    }

    fn decided(&mut self, place: usize, event: u64, what: Verdict, at: &Spot, why: &Reason) {
        let place = &mut self.places[place];
        let same = |d: &&mut Decided| d.what == what && d.why.name() == why.name() && d.at == *at;
        match place.decided.iter_mut().find(same) {
            Some(decided) => decided.times += 1,
            None => {
                place.decided.push(Decided { event, what, at: at.clone(), why: why.clone(), times: 1 });
            }
        }
    }

    fn way_out(&mut self, id: u32, way: WayOut) {
        let Some(unit) = self.unit(id) else { return };
        let same = |w: &&mut WayOut| w.reason == way.reason && w.at == way.at;
        match unit.ways_out.iter_mut().find(same) {
            Some(known) => known.times += 1,
            None => unit.ways_out.push(way),
        }
    }

    /// Takes the next entry.
    pub(crate) fn entry(&mut self, entry: &LogEntry) {
        let event = self.events;
        self.events += 1;
        match &entry.event {
            Event::Start { max_tier, .. } => {
                if *max_tier == Tier::Interpreter {
                    self.general.push(words::only_interpreted(event));
                }
            }
            Event::NoJit { why } => self.general.push(words::no_jit(event, why)),
            Event::Warm { at, .. } => {
                let place = self.place(at, false);
                self.places[place].warm.get_or_insert(event);
            }
            Event::Hot { at, executed, back_edges } => {
                let place = self.place(at, at.pc == 0 && *back_edges == 0);
                let heat = Heat { event, executed: *executed, back_edges: *back_edges };
                self.places[place].hot.push(heat);
            }
            Event::Refuse { at, tier, why } => {
                let place = self.place(at, false);
                self.decided(place, event, Verdict::Refused(*tier), at, why);
            }
            Event::LeaveAlone { at, tier, why } => {
                let place = self.place(at, false);
                self.decided(place, event, Verdict::LeftAlone(*tier), at, why);
            }
            Event::Postpone { at, why } => {
                let place = self.place(at, false);
                self.decided(place, event, Verdict::Postponed, at, why);
            }
            Event::Abort { at, anchor, why } => {
                let place = self.place(anchor, false);
                self.decided(place, event, Verdict::Aborted, at, why);
            }
            Event::CompileStart { unit, at, tier, kind, instructions, assumes } => {
                let whole = match kind {
                    UnitKind::Function => true,
                    UnitKind::Method => at.pc == 0,
                    UnitKind::Region | UnitKind::Trace => false,
                };
                let place = self.place(at, whole);
                self.by_id.insert(*unit, self.units.len());
                self.units.push(UnitLog {
                    id: *unit,
                    place,
                    tier: *tier,
                    kind: *kind,
                    at: at.clone(),
                    instructions: *instructions,
                    assumes: assumes.clone(),
                    started: event,
                    made: None,
                    installed: false,
                    calls: Vec::new(),
                    entries: 0,
                    ways_out: Vec::new(),
                    taken_out: None,
                });
            }
            Event::Inline { unit, at, callee, instructions, percent, refused, .. } => {
                if refused.is_none() {
                    let whole = Spot { function: callee.clone(), pc: 0, line: None };
                    let place = self.place(&whole, true);
                    self.places[place].inlined.push((event, *unit, at.clone()));
                }
                let call = CallLog {
                    event,
                    at: at.clone(),
                    callee: callee.clone(),
                    instructions: *instructions,
                    percent: *percent,
                    refused: refused.clone(),
                };
                if let Some(unit) = self.unit(*unit) {
                    unit.calls.push(call);
                }
            }
            Event::CompileEnd { unit, ir_before, ir_after, code_bytes, exits, passes, .. } => {
                let remarks = passes.iter().flat_map(|pass| pass.remarks.iter().cloned()).collect();
                let (ir, code_bytes, exits) = ((*ir_before, *ir_after), *code_bytes, *exits);
                if let Some(unit) = self.unit(*unit) {
                    unit.made = Some(Made { event, ir, code_bytes, exits, remarks });
                }
            }
            Event::Install { unit, .. } => {
                if let Some(unit) = self.unit(*unit) {
                    unit.installed = true;
                }
            }
            Event::Enter { unit, .. } => {
                if let Some(unit) = self.unit(*unit) {
                    unit.entries += 1;
                }
            }
            Event::Exit { unit, at, reason, .. } => {
                let (at, reason) = (at.clone(), Some(*reason));
                let (observed, variables) = (String::new(), Vec::new());
                self.way_out(*unit, WayOut { event, at, reason, observed, variables, times: 1 });
            }
            Event::Deopt { unit, at, reason, observed, frames, .. } => {
                let (at, reason, observed) = (at.clone(), Some(*reason), observed.clone());
                let variables = frames.first().map(variables).unwrap_or_default();
                self.way_out(*unit, WayOut { event, at, reason, observed, variables, times: 1 });
            }
            Event::EntryMismatch { unit, at, observed, .. } => {
                let (at, observed, variables) = (at.clone(), observed.clone(), Vec::new());
                self.way_out(*unit, WayOut { event, at, reason: None, observed, variables, times: 1 });
            }
            Event::Invalidate { unit, why, .. } => {
                if let Some(unit) = self.unit(*unit) {
                    unit.taken_out = Some((event, Some(why.clone())));
                }
            }
            Event::Evict { unit, .. } => {
                if let Some(unit) = self.unit(*unit) {
                    unit.taken_out = Some((event, None));
                }
            }
            Event::Record { .. } => {}
        }
    }

    /// The run has ended: makes sentences of what was collected.
    pub(crate) fn finish(mut self, stats: &Stats) -> Explanation {
        for place in &stats.places {
            self.place(&place.at, place.kind == PlaceKind::Function);
        }
        let executed = stats.interpreter_instructions + stats.jit_instructions;
        let ledger = Ledger::new(stats);
        let mut stories: Vec<Story> =
            (0..self.places.len()).map(|place| self.story(place, stats, executed, &ledger)).collect();
        stories.sort_by_key(|story| std::cmp::Reverse((story.executed, story.arrivals)));
        Explanation { executed, general: self.general, stories, ledger }
    }

    fn story(&self, number: usize, stats: &Stats, executed: u64, ledger: &Ledger) -> Story {
        let place = &self.places[number];
        let counted = stats
            .places
            .iter()
            .find(|p| p.kind == place.kind && p.at.function == place.at.function && p.at.pc == place.at.pc);
        let units: Vec<&UnitLog> = self.units.iter().filter(|unit| unit.place == number).collect();
        let of = |id: u32| stats.units.iter().find(|unit| unit.unit == id);
        let optimized = || units.iter().filter(|u| u.tier == Tier::Optimizing).filter_map(|u| of(u.id));
        let mut story = Story {
            kind: place.kind,
            at: place.at.clone(),
            lines: self.outline.lines_of(&place.at, place.kind),
            arrivals: counted.map_or(0, |c| c.arrivals),
            executed: counted.map_or(0, |c| c.instructions)
                + optimized().map(|u| u.instructions).sum::<u64>(),
            tier: units.iter().filter(|u| u.installed).map(|u| u.tier).max().unwrap_or(Tier::Interpreter),
            sentences: Vec::new(),
        };
        if place.kind == PlaceKind::Loop {
            story.arrivals += optimized().map(|u| u.rounds).sum::<u64>();
        }
        // Baseline code is made of whole functions, and runs their loops too.
        let baseline = self.units.iter().find(|unit| {
            unit.tier == Tier::Baseline && unit.installed && unit.at.function == place.at.function
        });
        if story.tier == Tier::Interpreter && baseline.is_some() {
            story.tier = Tier::Baseline;
        }
        let mut sentences = vec![words::heat(self, place, &story, counted, executed)];
        sentences.extend(words::climb(self, place, baseline));
        for unit in units {
            words::unit(self, unit, of(unit.id), &mut sentences);
            sentences.extend(ledger.row(unit.id).map(|row| words::paid(row, unit)));
        }
        sentences.extend(words::covered(self, place, number));
        sentences.extend(place.decided.iter().map(|decided| words::decided(self, decided)));
        sentences.sort_by_key(|sentence| order(sentence.topic));
        story.sentences = sentences;
        story
    }
}

/// The changed variables of a rebuilt frame.
fn variables(frame: &FrameShown) -> Vec<Held> {
    frame.locals.iter().filter(|held| !held.value.is_empty()).take(VARIABLES).cloned().collect()
}

/// Topics are told in this order.
fn order(topic: Topic) -> usize {
    const ORDER: [Topic; 9] = [
        Topic::Heat,
        Topic::Compiled,
        Topic::Refused,
        Topic::FellBack,
        Topic::Assumed,
        Topic::Inlined,
        Topic::Removed,
        Topic::Stayed,
        Topic::Paid,
    ];
    ORDER.iter().position(|&other| other == topic).unwrap_or(ORDER.len())
}
