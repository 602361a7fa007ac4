//! From what a run left behind - its log, its counts, its statistics - to a [`Run`] of the report.
//!
//! Pure: the same log gives the same report. What the log does not say is left empty, never guessed.

use super::listing;
use super::recorder::Kept;
use super::snapshots::Taken;
use crate::explain::Explanation as Explained;
use crate::text;
use explorer::report::{
    Call, Capped, Count, Deopt, Event as Shown, Exit, Explanation, Frame, Function, Held, Lane, LaneKind,
    Ledger, Named, Pass, Place, Program, Recipe, Remark, Row, Run, Sample, Share, Snapshot, Span, Tier, Unit,
};
use hotspotvm::bytecode::{self, FuncId, disasm};
use hotspotvm::event::{self, ExitShown, FrameShown};
use hotspotvm::{
    Event, Executed, FunctionCounts, InstructionCounts, Listing, PlaceKind, Spot, Stats, UnitKind,
};
use std::collections::{BTreeMap, HashMap};

/// The most rows of bytecode of one function, units, and deoptimisations that a report holds.
const MOST_ROWS: usize = 20_000;
const MOST_UNITS: usize = 400;
const MOST_DEOPTS: usize = 2_000;
/// The most loops and functions that are explained, the hottest of all.
const MOST_STORIES: usize = 200;
/// Units beyond these many get no listings: they are what makes a report large.
const MOST_LISTINGS: usize = 60;
/// The most points of the warm-up curve.
const MOST_SAMPLES: usize = 400;

/// What a run left behind.
pub(super) struct Traces<'a> {
    pub(super) program: &'a bytecode::Program,
    pub(super) kept: &'a [Kept],
    pub(super) left_out: u64,
    pub(super) counts: &'a [FunctionCounts],
    /// How often each instruction was executed in all tiers, if that was counted; else `counts` says it for the tiers
    /// that always count.
    pub(super) executed: Option<&'a Executed>,
    /// Counters at some moments of the run that counted; it did the same.
    pub(super) snapshots: &'a [Taken],
    pub(super) stats: &'a Stats,
    pub(super) explanation: &'a Explained,
}

/// Fills what the log, the counts and the statistics say; label, program text, settings and outcome are the caller's.
pub(super) fn run(traces: &Traces<'_>) -> Run {
    let mut filler = Filler::new(traces);
    for (i, kept) in traces.kept.iter().enumerate() {
        filler.event(i as u32, kept);
    }
    filler.finish(traces)
}

struct Filler<'a> {
    program: &'a bytecode::Program,
    functions: HashMap<&'a str, u32>,
    places: HashMap<(u32, u32), u32>,
    lanes: HashMap<(u32, Option<u32>), u32>,
    /// For each unit, its position in the report.
    units: HashMap<u32, usize>,
    /// How many units have listings.
    listed: usize,
    run: Run,
}

impl<'a> Filler<'a> {
    fn new(traces: &Traces<'a>) -> Filler<'a> {
        let names = traces.program.functions.iter().enumerate();
        let functions = names.map(|(i, function)| (function.name.as_str(), i as u32)).collect();
        Filler {
            program: traces.program,
            functions,
            places: HashMap::new(),
            lanes: HashMap::new(),
            units: HashMap::new(),
            listed: 0,
            run: Run::default(),
        }
    }

    fn function(&self, name: &str) -> u32 {
        self.functions.get(name).copied().unwrap_or(u32::MAX)
    }

    fn place(&mut self, at: &Spot) -> u32 {
        let function = self.function(&at.function);
        let next = self.run.places.len() as u32;
        let place = *self.places.entry((function, at.pc)).or_insert(next);
        if place == next {
            self.run.places.push(Place { function, pc: at.pc, line: at.line });
        }
        place
    }

    /// The lane of a function, or of a loop in it; a loop's function gets one too.
    fn lane(&mut self, at: &Spot, is_loop: bool) -> u32 {
        let key = (self.function(&at.function), is_loop.then_some(at.pc));
        if let Some(&lane) = self.lanes.get(&key) {
            return lane;
        }
        let start = Spot { pc: 0, line: self.program.line(FuncId(key.0), 0), ..at.clone() };
        let parent = is_loop.then(|| self.lane(&start, false));
        let place = self.place(if is_loop { at } else { &start });
        let name = match (is_loop, at.line) {
            (true, Some(line)) => format!("loop at line {line}"),
            (true, None) => format!("loop at pc {}", at.pc),
            (false, _) => text::line(&at.function),
        };
        let kind = if is_loop { LaneKind::Loop } else { LaneKind::Function };
        let lane = self.run.lanes.len() as u32;
        self.run.lanes.push(Lane { kind, name, place, parent, rounds: 0 });
        self.lanes.insert(key, lane);
        lane
    }

    fn unit(&mut self, id: u32) -> Option<&mut Unit> {
        let at = *self.units.get(&id)?;
        self.run.units.items.get_mut(at)
    }

    fn event(&mut self, index: u32, kept: &Kept) {
        let event = &kept.entry.event;
        let mut shown = Shown {
            kind: event.name().to_owned(),
            executed: kept.entry.charged,
            nanos: kept.entry.nanos,
            times: if kept.times > 1 { kept.times } else { 0 },
            words: words(event),
            place: event.at().map(|at| self.place(at)),
            ..Shown::default()
        };
        match event {
            Event::Start { .. } | Event::NoJit { .. } => {}
            Event::Warm { at, back_edges } => {
                shown.lane = Some(self.lane(at, true));
                shown.data.push(named("back_edges", back_edges));
            }
            Event::Hot { at, executed, back_edges } => {
                shown.lane = Some(self.lane(at, *back_edges > 0));
                shown.data.extend([named("executed", executed), named("back_edges", back_edges)]);
            }
            Event::Refuse { at, why, .. } | Event::LeaveAlone { at, why, .. } => {
                shown.lane = Some(self.lane_at(at));
                shown.data.push(named("reason", why.name()));
            }
            Event::Postpone { at, why } => {
                shown.lane = Some(self.lane_at(at));
                shown.data.push(named("reason", why.name()));
            }
            Event::Record { at, side_of } => {
                shown.lane = Some(self.lane_at(at));
                shown.unit = *side_of;
            }
            Event::Abort { anchor, why, .. } => {
                shown.lane = Some(self.lane_at(anchor));
                shown.data.push(named("reason", why.name()));
            }
            Event::CompileStart { unit, at, tier, kind, instructions, assumes } => {
                let is_loop = matches!(kind, UnitKind::Region | UnitKind::Trace) && !self.is_entry(at, *kind);
                let lane = self.lane(at, is_loop);
                (shown.lane, shown.unit) = (Some(lane), Some(*unit));
                shown.data.push(named("instructions", instructions));
                self.started(index, *unit, lane, tier_of(*tier), *kind, at, assumes);
            }
            Event::Inline { unit, at, callee, refused, .. } => {
                shown.unit = Some(*unit);
                let place = self.place(at);
                let (callee, inlined, words) = (text::line(callee), refused.is_none(), shown.words.clone());
                if let Some(unit) = self.unit(*unit) {
                    shown.lane = Some(unit.lane);
                    unit.calls.push(Call { place, callee, inlined, words });
                }
            }
            Event::CompileEnd { unit, code_bytes, passes, ways_out, listing, .. } => {
                shown.unit = Some(*unit);
                shown.lane = self.unit(*unit).map(|unit| unit.lane);
                self.ended(index, *unit, *code_bytes, passes, ways_out, listing.as_deref());
            }
            Event::Install { unit, .. } => {
                shown.unit = Some(*unit);
                if let Some(unit) = self.unit(*unit) {
                    unit.installed = Some(index);
                    shown.lane = Some(unit.lane);
                }
            }
            Event::Enter { unit, .. } | Event::Exit { unit, .. } => {
                shown.unit = Some(*unit);
                shown.lane = self.unit(*unit).map(|unit| unit.lane);
                // There are many of these: the page says what they are.
                shown.words.clear();
                if let Event::Exit { reason, rounds, .. } = event {
                    let (name, words) = (reason.name(), reason.words());
                    shown.data.extend([
                        named("reason", name),
                        named("words", words),
                        named("rounds", rounds),
                    ]);
                }
            }
            Event::Deopt { unit, at, reason, observed, exit, frames, .. } => {
                shown.unit = Some(*unit);
                shown.lane = self.unit(*unit).map(|unit| unit.lane);
                let place = self.place(at);
                let deopt = Deopt {
                    event: Some(index),
                    unit: *unit,
                    exit: Some(*exit),
                    place,
                    words: shown.words.clone(),
                    expected: reason.expected().to_owned(),
                    seen: seen(observed),
                    machine: frames.iter().flat_map(machine_words).collect(),
                    frames: frames.iter().map(|frame| self.frame(frame)).collect(),
                };
                shown.deopt = self.deopt(deopt);
                if let Some(unit) = self.unit(*unit)
                    && let Some(exit) = unit.exits.get_mut(*exit as usize)
                {
                    exit.taken += kept.times;
                }
            }
            Event::EntryMismatch { unit, at, observed, .. } => {
                shown.unit = Some(*unit);
                shown.lane = self.unit(*unit).map(|unit| unit.lane);
                let place = self.place(at);
                let (expected, found) = observed.split_once(" expected, found ").unwrap_or((observed, ""));
                let (name, _) = expected.split_once(": ").unwrap_or((expected, ""));
                let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
                let deopt = Deopt {
                    event: Some(index),
                    unit: *unit,
                    place,
                    words: shown.words.clone(),
                    expected: text::line(expected),
                    seen: vec![held(name, kind, value)],
                    ..Deopt::default()
                };
                shown.deopt = self.deopt(deopt);
            }
            Event::Invalidate { unit, why, .. } => {
                shown.unit = Some(*unit);
                shown.data.push(named("reason", why.name()));
                shown.lane = self.removed(index, *unit, why.to_string());
            }
            Event::Evict { unit, .. } => {
                shown.unit = Some(*unit);
                shown.lane = self.removed(index, *unit, "to make room for other code".to_owned());
            }
        }
        self.run.events.items.push(shown);
    }

    /// The lane of whatever is known at a place: a loop if there is one.
    fn lane_at(&mut self, at: &Spot) -> u32 {
        let function = self.function(&at.function);
        let known = self.lanes.contains_key(&(function, Some(at.pc)));
        self.lane(at, known || at.pc != 0)
    }

    /// A trace may belong to a function's entry.
    fn is_entry(&self, at: &Spot, kind: UnitKind) -> bool {
        let function = self.function(&at.function);
        kind == UnitKind::Trace && at.pc == 0 && !self.lanes.contains_key(&(function, Some(0)))
    }

    #[allow(clippy::too_many_arguments)] // One for each field of the event.
    fn started(
        &mut self,
        index: u32,
        id: u32,
        lane: u32,
        tier: Tier,
        kind: UnitKind,
        at: &Spot,
        assumes: &[String],
    ) {
        if self.run.units.items.len() == MOST_UNITS {
            self.run.units.left_out += 1;
            return;
        }
        let place = self.place(at);
        self.units.insert(id, self.run.units.items.len());
        self.run.units.items.push(Unit {
            id,
            lane,
            tier,
            strategy: kind.name().to_owned(),
            place,
            assumes: assumes.iter().map(|line| text::line(line)).collect(),
            started: Some(index),
            ..Unit::default()
        });
    }

    fn ended(
        &mut self,
        index: u32,
        id: u32,
        code_bytes: u32,
        passes: &[event::PassShown],
        ways_out: &[ExitShown],
        listing: Option<&Listing>,
    ) {
        let Some(&at) = self.units.get(&id) else { return };
        let exits: Vec<Exit> = ways_out.iter().map(|exit| self.exit(exit)).collect();
        self.listed += 1;
        let listing = listing.filter(|_| self.listed <= MOST_LISTINGS);
        let place = self.run.units.items[at].place;
        let function = self.run.places.get(place as usize).map_or(0, |place| place.function);
        let passes = listing.map(|listing| self.passes(function, passes, listing)).unwrap_or_default();
        let unit = &mut self.run.units.items[at];
        unit.ended = Some(index);
        unit.code_bytes = u64::from(code_bytes);
        unit.exits = exits;
        unit.passes = passes;
        if let Some(listing) = listing {
            let mut code = listing::machine(&listing.machine);
            let last = unit.passes.iter().rev().find(|pass| !pass.blocks.is_empty());
            listing::attribute_machine(&mut code, last.map_or(&[], |pass| &pass.blocks));
            listing::attribute_parts(&mut code, &listing.parts);
            unit.code = Capped { items: code, left_out: 0 };
            unit.covers = covers(function, &listing.bytecode);
        }
    }

    fn passes(&self, function: u32, runs: &[event::PassShown], listing: &Listing) -> Vec<Pass> {
        if listing.ir_built.is_empty() {
            return Vec::new();
        }
        let (blocks, states) = listing::ir(&listing.ir_built);
        let built = Pass { name: "built".into(), changed: true, blocks, states, ..Pass::default() };
        let mut passes = vec![built];
        // A listing has the IR after each pass that ran, in order.
        let mut texts = listing.ir_after.iter();
        for run in runs {
            let text = texts.next().filter(|(name, _)| *name == run.name).map(|(_, text)| text.as_str());
            let (blocks, states) = text.filter(|_| run.changed).map(listing::ir).unwrap_or_default();
            let remark = |remark: &event::RemarkShown| {
                let of = self.function(&remark.at.function);
                Remark {
                    words: text::line(&format!("{}: {}", remark_kind(remark.kind), remark.words)),
                    value: remark.value,
                    pc: Some(remark.at.pc),
                    function: (of != function).then_some(of),
                }
            };
            passes.push(Pass {
                name: run.name.clone(),
                changed: run.changed,
                nanos: run.nanos,
                remarks: run.remarks.iter().map(remark).collect(),
                blocks,
                states,
            });
        }
        passes
    }

    fn exit(&mut self, exit: &ExitShown) -> Exit {
        let recipe = |frame: &FrameShown| Recipe {
            function: self.function(&frame.at.function),
            pc: frame.at.pc,
            resume: resume(frame).to_owned(),
            locals: frame.locals.iter().map(|held| named(&held.name, &held.from)).collect(),
            stack: frame.stack.iter().map(|held| named(&held.name, &held.from)).collect(),
        };
        Exit {
            reason: exit.reason.name().to_owned(),
            words: exit.reason.words().to_owned(),
            deopt: exit.reason.is_deopt(),
            pc: exit.at.pc,
            function: Some(self.function(&exit.at.function)),
            state: exit.state,
            frames: exit.frames.iter().map(recipe).collect(),
            ..Exit::default()
        }
    }

    fn frame(&self, frame: &FrameShown) -> Frame {
        let shown = |held: &event::Held| Held {
            name: text::line(&held.name),
            kind: held.kind.clone(),
            value: text::line(&held.value),
            from: held.from.clone(),
        };
        Frame {
            function: self.function(&frame.at.function),
            pc: frame.at.pc,
            line: frame.at.line,
            inlined: frame.inlined,
            resume: resume(frame).to_owned(),
            locals: frame.locals.iter().map(shown).collect(),
            stack: frame.stack.iter().map(shown).collect(),
        }
    }

    fn deopt(&mut self, deopt: Deopt) -> Option<u32> {
        if self.run.deopts.items.len() == MOST_DEOPTS {
            self.run.deopts.left_out += 1;
            return None;
        }
        self.run.deopts.items.push(deopt);
        Some(self.run.deopts.items.len() as u32 - 1)
    }

    fn removed(&mut self, index: u32, id: u32, why: String) -> Option<u32> {
        let unit = self.unit(id)?;
        unit.removed = Some(index);
        unit.why = text::line(&why);
        Some(unit.lane)
    }

    /// What is to be said of each loop and function, and what each unit cost and brought.
    fn explained(&mut self, traces: &Traces<'_>) {
        let at = |event: u64| traces.kept.binary_search_by_key(&event, |kept| kept.number).ok();
        for story in traces.explanation.stories.iter().take(MOST_STORIES) {
            let lane = self.lane(&story.at, story.kind == PlaceKind::Loop);
            for sentence in &story.sentences {
                let place = self.place(sentence.at.as_ref().unwrap_or(&story.at));
                self.run.explanations.push(Explanation {
                    lane: Some(lane),
                    place: Some(place),
                    topic: sentence.topic,
                    words: text::line(&sentence.words),
                    hint: text::line(&sentence.hint),
                    event: sentence.event.and_then(at).map(|event| event as u32),
                    unit: sentence.unit,
                });
            }
        }
        for sentence in &traces.explanation.general {
            self.run.explanations.push(Explanation {
                topic: sentence.topic,
                words: text::line(&sentence.words),
                hint: text::line(&sentence.hint),
                event: sentence.event.and_then(at).map(|event| event as u32),
                ..Explanation::default()
            });
        }
        for row in &traces.explanation.ledger.rows {
            if let (Some(gain), Some(unit)) = (row.gain, self.unit(row.unit)) {
                unit.ledger = Some(Ledger {
                    compile_nanos: row.compile_ns as f64,
                    round_before_nanos: gain.before_ns,
                    round_after_nanos: gain.after_ns,
                    rounds: row.rounds,
                });
            }
        }
    }

    fn finish(mut self, traces: &Traces<'_>) -> Run {
        self.run.events.left_out = traces.left_out;
        self.explained(traces);
        for unit in &traces.stats.units {
            let (entries, rounds) = (unit.entries, unit.rounds);
            if let Some(shown) = self.unit(unit.unit) {
                (shown.entries, shown.rounds) = (entries, rounds);
            }
        }
        for i in 0..self.run.lanes.len() {
            let place = self.run.lanes[i].place as usize;
            let counted = self.run.places.get(place).map(|place| executed(traces, place.function, place.pc));
            self.run.lanes[i].rounds = counted.unwrap_or(0);
        }
        self.run.program = Program {
            functions: (0..self.program.functions.len() as u32)
                .map(|function| rows(traces, FuncId(function)))
                .collect(),
            ..Program::default()
        };
        self.run.snapshots = snapshots(traces);
        self.run.executed = traces.stats.interpreter_instructions + traces.stats.jit_instructions;
        self.run.nanos = (traces.stats.total_ns > 0).then_some(traces.stats.total_ns);
        self.run.shares = shares(traces.stats, &self.units, &self.run.units.items);
        self.run.warm_up = warm_up(traces.kept, traces.stats);
        self.run.warm_up_counts = "instructions".to_owned();
        self.run
    }
}

/// The snapshots, each at the first event after it. Of several at one event the last counts: in it is what the others changed.
fn snapshots(traces: &Traces<'_>) -> Vec<Snapshot> {
    let mut shown: Vec<Snapshot> = Vec::new();
    for taken in traces.snapshots {
        let event = traces.kept.partition_point(|kept| kept.entry.charged < taken.charged) as u32;
        let count = |(function, pc, counts): &(u32, u32, InstructionCounts)| Count {
            function: *function,
            pc: *pc,
            executed: counts.executed,
            kinds: counts.kinds.clone(),
        };
        let rows = taken.rows.iter().map(count);
        match shown.last_mut() {
            Some(last) if last.event == event => {
                let mut all: BTreeMap<(u32, u32), Count> =
                    last.rows.drain(..).map(|row| ((row.function, row.pc), row)).collect();
                all.extend(rows.map(|row| ((row.function, row.pc), row)));
                last.rows = all.into_values().collect();
                last.executed = taken.charged;
            }
            _ => shown.push(Snapshot { event, executed: taken.charged, rows: rows.collect() }),
        }
    }
    shown.retain(|snapshot| (snapshot.event as usize) < traces.kept.len());
    shown
}

/// How often an instruction was executed.
fn executed(traces: &Traces<'_>, function: u32, pc: u32) -> u64 {
    let (function, pc) = (function as usize, pc as usize);
    let exact = traces.executed.and_then(|executed| executed.all.get(function)?.get(pc).copied());
    let counted = || traces.counts.get(function)?.rows.get(pc).map(|row| row.executed);
    exact.or_else(counted).unwrap_or(0)
}

fn rows(traces: &Traces<'_>, id: FuncId) -> Function {
    let function = &traces.program.functions[id.0 as usize];
    let counts = traces.counts.get(id.0 as usize).map(|counts| counts.rows.as_slice()).unwrap_or_default();
    let row = |(pc, inst): (usize, &bytecode::Inst)| {
        let counted = counts.get(pc).cloned().unwrap_or_default();
        let is_jump = inst.op.info().operand == bytecode::Operand::Target;
        Row {
            pc: pc as u32,
            text: text::line(&disasm::instruction_text(traces.program, id, pc as u32)),
            line: traces.program.line(id, pc as u32),
            target: is_jump.then_some(inst.arg),
            executed: executed(traces, id.0, pc as u32),
            kinds: counted.kinds,
        }
    };
    Function {
        name: text::line(&function.name),
        rows: Capped::first(function.code.iter().enumerate().map(row), MOST_ROWS),
    }
}

/// Where instructions and time went: by tier, and by tier of each lane.
fn shares(stats: &Stats, positions: &HashMap<u32, usize>, units: &[Unit]) -> Vec<Share> {
    let timed = |nanos: u64| (nanos > 0).then_some(nanos);
    let (executed, nanos) = (stats.interpreter_instructions, timed(stats.interpreter_ns));
    let mut shares = vec![Share { tier: Tier::Interpreter, lane: None, executed, nanos }];
    let mut add = |tier: Tier, lane: Option<u32>, executed: u64, nanos: u64| match shares
        .iter_mut()
        .find(|share| share.tier == tier && share.lane == lane)
    {
        Some(share) => {
            share.executed += executed;
            share.nanos = timed(share.nanos.unwrap_or(0) + nanos);
        }
        None => shares.push(Share { tier, lane, executed, nanos: timed(nanos) }),
    };
    for unit in &stats.units {
        let lane = positions.get(&unit.unit).and_then(|&at| units.get(at)).map(|unit| unit.lane);
        for lane in [None].into_iter().chain(lane.map(Some)) {
            add(tier_of(unit.tier), lane, unit.instructions, unit.run_ns);
        }
    }
    shares
}

/// Nanoseconds per thousand instructions between events, and the tier in which the program was.
fn warm_up(kept: &[Kept], stats: &Stats) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let (mut from, mut tier) = ((0, 0), Tier::Interpreter);
    let optimized: Vec<u32> = stats
        .units
        .iter()
        .filter(|unit| unit.tier == hotspotvm::Tier::Optimizing)
        .map(|unit| unit.unit)
        .collect();
    let total = stats.interpreter_instructions + stats.jit_instructions;
    let end = (total, stats.total_ns, tier);
    let least = total / MOST_SAMPLES as u64;
    let moments = kept.iter().filter_map(|kept| {
        let after = match &kept.entry.event {
            Event::Enter { unit, .. } if optimized.contains(unit) => Some(Tier::Optimizing),
            Event::Exit { .. } | Event::Deopt { .. } | Event::Install { .. } => Some(Tier::Baseline),
            _ => None,
        };
        Some((kept.entry.charged, kept.entry.nanos?, after))
    });
    for (charged, nanos, after) in moments.chain([(end.0, end.1, None)]) {
        if charged > from.0 + least && nanos > from.1 {
            let per_thousand = (nanos - from.1) as f64 * 1000.0 / (charged - from.0) as f64;
            samples.push(Sample { round: from.0, nanos: per_thousand, tier });
            from = (charged, nanos);
        }
        tier = after.unwrap_or(tier);
    }
    samples
}

/// Which bytecode a listing covers.
fn covers(function: u32, bytecode: &str) -> Vec<Span> {
    let pcs = bytecode.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok());
    let mut spans: Vec<Span> = Vec::new();
    for pc in pcs {
        match spans.last_mut() {
            Some(span) if span.last + 1 == pc => span.last = pc,
            _ => spans.push(Span { function, first: pc, last: pc }),
        }
    }
    spans
}

/// The operands that an event tells: `int 5, float 0.5`, or `n = int 5`.
fn seen(observed: &str) -> Vec<Held> {
    let parts = observed.split(", ").filter(|part| !part.is_empty()).enumerate();
    let held = parts.map(|(i, part)| {
        let (name, rest) = match part.split_once(" = ") {
            Some((name, rest)) => (name.to_owned(), rest),
            None => (format!("operand {}", i + 1), part),
        };
        let (kind, value) = rest.split_once(' ').unwrap_or((rest, ""));
        held(&name, kind, value)
    });
    held.collect()
}

/// What the machine code handed over for a frame.
fn machine_words(frame: &FrameShown) -> Vec<Held> {
    let all = frame.locals.iter().chain(&frame.stack);
    let written = all.filter(|held| held.from.starts_with("word") || held.from.starts_with("input"));
    written.map(|value| held(&value.from, &value.kind, &value.value)).collect()
}

fn held(name: &str, kind: &str, value: &str) -> Held {
    Held { name: text::line(name), kind: kind.to_owned(), value: text::line(value), from: String::new() }
}

fn resume(frame: &FrameShown) -> &'static str {
    if frame.executes { "executes the instruction again" } else { "arrives at the instruction" }
}

fn remark_kind(kind: event::RemarkKind) -> &'static str {
    match kind {
        event::RemarkKind::Removed => "removed",
        event::RemarkKind::Stayed => "stays",
        event::RemarkKind::Moved => "moved",
        event::RemarkKind::Changed => "changed",
    }
}

fn tier_of(tier: hotspotvm::Tier) -> Tier {
    match tier {
        hotspotvm::Tier::Interpreter => Tier::Interpreter,
        hotspotvm::Tier::Baseline => Tier::Baseline,
        hotspotvm::Tier::Optimizing => Tier::Optimizing,
    }
}

/// The event in words, without its name.
fn words(event: &Event) -> String {
    let told = text::line(&event.to_string());
    told.strip_prefix(event.name()).unwrap_or(&told).trim_start().to_owned()
}

fn named(name: &str, value: &(impl ToString + ?Sized)) -> Named {
    Named { name: text::line(name), value: text::line(&value.to_string()) }
}
