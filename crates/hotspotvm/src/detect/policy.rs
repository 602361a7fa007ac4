//! What to do about a place that keeps being reached: the only place where it is decided what gets compiled.
//!
//! Decisions depend on counts alone, never on time, so they are the same in every run.

use super::{Graphs, Hotness, Region};
use crate::abi::vm::{Cell, Vm};
use crate::ids::{Arriving, PlaceKey};
use crate::options::{Options, Strategy, Tier};
use crate::profile::{self, NEVER, Trial};
use crate::reason::Reason;
use bytecode::Op;
use ir::InputPlace;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The most instructions of a function whose graph is looked at.
const MAX_FUNCTION: usize = 20_000;
/// The most bytecode instructions that are compiled as one.
const MAX_INSTRUCTIONS: u32 = 10_000;
/// After how many arrivals a place that is being compiled is asked about again.
const LOOK_ARRIVALS: u64 = 64;
/// How often a place is put off until what it calls is compiled, and for how many arrivals each time.
const MAX_AWAITS: u32 = 8;
/// See [`MAX_AWAITS`].
const AWAIT_ARRIVALS: u64 = 4;
/// After how many arrivals code whose entries did not pay is entered again; twice as many each time.
const PAUSE: u64 = 1_000;
/// How often recording a trace from a place may be given up.
const MAX_RECORDINGS: u32 = 3;
/// How often a unit may leave by the same wrong assumption before it is replaced.
pub const MAX_EXITS: u32 = 3;
/// The same where a callee without code is what is wrong, as long as it has none.
pub const MAX_NO_CODE: u32 = 200;
/// How often code for one place is replaced before the place is left alone.
pub const MAX_RECOMPILES: u32 = 4;
/// Code that takes the place of so many is compiled with the ways that were never taken, too.
pub const MAX_PRUNED: u32 = 2;
/// After so many entries a unit must have shown that it pays, and again after so many more.
pub const TRIAL_ENTRIES: u64 = 64;
/// Instructions per entry that pay for entering and leaving.
const MIN_PER_ENTRY: u64 = 64;
/// Instructions per entry that pay for bringing a value into compiled code or out of it.
const MIN_PER_VALUE: u64 = 4;

/// Whether what was executed in a unit pays for entering and leaving it.
pub fn pays(trial: &Trial) -> bool {
    trial.instructions >= (MIN_PER_ENTRY * trial.entries).max(MIN_PER_VALUE * trial.values)
}

/// Instructions that a program may have compiled at once, whatever it has executed so far.
const FREE_BUDGET: u64 = 20_000;
/// Executed instructions that pay for one more compiled one: compiling takes about as long as interpreting so many.
const EXECUTED_PER_COMPILED: u64 = 10_000;

/// Building the IR of so many instructions costs about as much as compiling one.
const INSTRUCTIONS_PER_BUILT: u32 = 16;

/// A threshold is for functions of at most so many instructions; it grows with them, as the price of compiling does.
const INSTRUCTIONS_PER_THRESHOLD: u64 = 256;
/// So many calls count as a round of a loop: a function that was called runs once, a loop that goes round goes on.
/// With fewer, 2,000 functions that are called 20 times each are compiled in vain.
const CALLS_PER_ROUND: u64 = 10;

/// A function of at most so many instructions is inlined even where its share is used up: a call costs as much.
pub const TINY: u32 = 8;

/// A call that is made often, and whose callee has no code that could be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The function that calls.
    pub function: u32,
    /// Where.
    pub pc: u32,
    /// What it calls.
    pub callee: u32,
    /// In how many of a hundred rounds or calls of the function around it.
    pub percent: u64,
}

/// What is known of a place.
#[derive(Clone, Debug, Default)]
pub struct PlaceState {
    /// Where it stands.
    pub hotness: Hotness,
    /// How often its code was replaced.
    pub recompiles: u32,
    /// Inputs whose type has changed once: the next code assumes the new one.
    changed: HashSet<InputPlace>,
    /// Inputs whose type has changed again: to be taken boxed.
    pub boxed: HashSet<InputPlace>,
    /// An int input has changed its sign: no signs are assumed any more.
    pub any_sign: bool,
    /// How often it was put off until what it calls is compiled.
    awaits: u32,
    /// The function for which it was put off last.
    awaiting: Option<u32>,
    /// Code that calls it waits for it.
    wanted: bool,
    /// How often its code was taken out to make room.
    evictions: u32,
    /// With the bodies of other functions its code was too large.
    pub too_large: bool,
    /// How often it was not entered for a while, because that did not pay.
    pauses: u32,
    /// How often recording a trace from it was given up.
    given_up: u32,
}

impl PlaceState {
    /// Code was taken out because this input was of another type.
    pub fn input_changed(&mut self, place: InputPlace) {
        if !self.changed.insert(place) {
            self.boxed.insert(place);
        }
    }
}

/// What happened at a place, for the log, and what to do.
#[derive(Debug)]
pub enum Decision {
    /// Go on interpreting.
    Interpret,
    /// Run the unit with this number.
    Enter(u32),
    /// Half-way to hot; go on interpreting. (Asked again at once, it may be hot.)
    Warm {
        /// Backward arrivals so far.
        back_edges: u64,
    },
    /// Hot: compile the function for the baseline tier.
    Baseline {
        /// How often the place was executed.
        executed: u64,
        /// How often control went back to it.
        back_edges: u64,
    },
    /// Hot, but something else has to happen first.
    Postpone(Reason),
    /// Hot: compile this.
    Compile {
        /// How often the place was executed.
        executed: u64,
        /// How often control went back to it.
        back_edges: u64,
        /// What to compile, or why not; `None`: what control does from here on.
        region: Result<Option<Rc<Region>>, Reason>,
    },
}

/// How hot a place is, as far as it was counted.
#[derive(Clone, Copy, Debug)]
pub struct Heat {
    /// The place.
    pub key: PlaceKey,
    /// Calls, or rounds.
    pub arrivals: u64,
    /// Instructions executed in it, and in no loop within it.
    pub instructions: u64,
    /// After how many arrivals it is compiled for the baseline tier.
    pub hot_after: u64,
    /// After how many more it is optimized.
    pub optimized_after: u64,
}

/// Where a place stands on the ladder of tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It climbs to a tier when it was executed often enough.
    Counting {
        /// How often it was.
        so_far: u64,
        /// How often it must be.
        of: u64,
        /// The tier to come.
        next: Tier,
    },
    /// It runs as this unit, of the optimizing tier.
    Compiled(u32),
    /// It stays in its tier.
    Stays(Tier),
}

/// What to do about calls that no code answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Wait for the callees.
    Callees,
    /// Compile, leaving at these calls: a callee waits for the caller.
    Nobody,
}

/// Where a function stands with the baseline tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    /// It has no baseline code yet.
    Below,
    /// It has baseline code, which was replaced so many times.
    On { recompiles: u32 },
    /// It gets none.
    Missing,
}

/// The places of a run and their graphs.
pub struct Policy {
    threshold: u64,
    optimizing_threshold: u64,
    optimizes: bool,
    /// For each function, where it stands on the ladder's first rung.
    baseline: Vec<Rung>,
    /// Instructions compiled so far.
    compiled: u64,
    places: HashMap<PlaceKey, PlaceState>,
    /// The functions that have a method, which optimized code can call, and its unit.
    methods: HashMap<u32, u32>,
    /// The graphs of the program's functions.
    pub graphs: Graphs,
    strategy: Strategy,
}

impl Policy {
    /// No place is known yet. Arms the triggers of the profile. `baseline`: whether there is such a tier.
    pub fn new(options: &Options, baseline: bool, vm: &mut Vm) -> Policy {
        let rung = if baseline { Rung::Below } else { Rung::Missing };
        let policy = Policy {
            threshold: options.hotspot_threshold.max(1),
            optimizing_threshold: options.optimizing_threshold.max(1),
            optimizes: options.max_tier >= Tier::Optimizing,
            baseline: vec![rung; vm.functions.len()],
            compiled: 0,
            places: HashMap::new(),
            methods: HashMap::new(),
            graphs: Graphs::default(),
            strategy: options.strategy,
        };
        for function in &mut vm.functions {
            let size = function.cells.len();
            function.sites[0].ask_after_calls(arrivals(policy.hot_calls(size)));
            for target in loop_heads(&function.cells) {
                function.sites[target as usize].ask_after_back_edges(arrivals(policy.warm_at(size)));
            }
        }
        policy
    }

    /// The tier that a function's code is in when it is not optimized.
    pub fn tier(&self, function: u32) -> Tier {
        match self.baseline[function as usize] {
            Rung::On { .. } => Tier::Baseline,
            Rung::Below | Rung::Missing => Tier::Interpreter,
        }
    }

    /// A function has got baseline code: the interpreter hands over wherever control arrives by a backward jump or a call, and
    /// loops count towards the next rung.
    pub fn baseline_installed(&mut self, vm: &mut Vm, function: u32) {
        let rung = &mut self.baseline[function as usize];
        *rung = match *rung {
            Rung::On { recompiles } => Rung::On { recompiles: recompiles + 1 },
            _ => Rung::On { recompiles: 0 },
        };
        let again = matches!(*rung, Rung::On { recompiles: 1.. });
        let next = if self.optimizes { arrivals(self.optimizing_threshold) } else { NEVER };
        let state = &mut vm.functions[function as usize];
        state.hand_over = true;
        if !again {
            state.sites[0].ask_after_calls(next);
        }
        for target in loop_heads(&state.cells) {
            state.sites[target as usize].ask_after_back_edges(1);
            if !again {
                state.sites[target as usize].ask_baseline_after_back_edges(next);
            }
        }
    }

    /// A function's baseline code was taken out to make room: it starts from below again, and each time has to be hotter.
    pub fn baseline_removed(&mut self, vm: &mut Vm, function: u32) {
        self.baseline[function as usize] = Rung::Below;
        let entry = PlaceKey { function, pc: 0, arriving: Arriving::Entry };
        let place = self.place(entry);
        place.evictions += 1;
        let size = vm.functions[function as usize].cells.len();
        let n = self.hot_rounds(size) << place_shift(self.place(entry).evictions);
        vm.functions[function as usize].hand_over = false;
        let heads = loop_heads(&vm.functions[function as usize].cells);
        let loops = heads.iter().map(|&pc| PlaceKey { function, pc, arriving: Arriving::Loop });
        for key in loops.chain([entry]) {
            let n = match self.place(key).hotness {
                Hotness::Compiled(_) => 1,
                _ => n,
            };
            self.ask_after(vm, key, n);
        }
    }

    /// A function gets no baseline code. Whether something else may be compiled of it.
    pub fn baseline_refused(&mut self, function: u32) -> bool {
        self.baseline[function as usize] = Rung::Missing;
        self.optimizes
    }

    /// Whether a function's baseline code may be replaced once more.
    pub fn may_recompile_baseline(&self, function: u32) -> bool {
        matches!(self.baseline[function as usize], Rung::On { recompiles } if recompiles < MAX_RECOMPILES)
    }

    /// The unit that runs when control arrives at a place, if it is optimized.
    pub fn compiled(&self, key: PlaceKey) -> Option<u32> {
        match self.places.get(&key)?.hotness {
            Hotness::Compiled(unit) => Some(unit),
            _ => None,
        }
    }

    /// Control arrived at a place in the interpreter, though there is baseline code for it. The next arrival asks
    /// again; whether this one is due for more than handing over. Rounds count towards the next rung wherever they are
    /// made: code that leaves baseline in every round climbs as well.
    pub fn due(&self, vm: &mut Vm, key: PlaceKey) -> bool {
        let site = &mut vm.functions[key.function as usize].sites[key.pc as usize];
        match key.arriving {
            Arriving::Loop => {
                site.ask_after_back_edges(1);
                site.counts_for_baseline()
            }
            Arriving::Entry => site.calls_are_due(),
        }
    }

    /// How often a loop of a function of so many instructions must go round to be hot.
    fn hot_rounds(&self, size: usize) -> u64 {
        self.threshold.saturating_mul(1 + size as u64 / INSTRUCTIONS_PER_THRESHOLD)
    }

    /// How often a function of so many instructions must be called to be hot. (Once is the least, too.)
    fn hot_calls(&self, size: usize) -> u64 {
        (self.hot_rounds(size) - 1).saturating_mul(CALLS_PER_ROUND) + 1
    }

    fn warm_at(&self, size: usize) -> u64 {
        self.hot_rounds(size).div_ceil(2)
    }

    /// How hot each loop and each function that has run is, as far as it was counted below the optimizing tier: a
    /// function first, then its loops.
    pub fn heat(&self, vm: &Vm) -> Vec<Heat> {
        let mut heat = Vec::new();
        for function in 0..vm.functions.len() as u32 {
            let cells = &vm.functions[function as usize].cells;
            let sites = &vm.functions[function as usize].sites;
            let counts = profile::executions(&vm.program.program().functions[function as usize].code, sites);
            if counts.iter().all(|&count| count == 0) {
                continue;
            }
            let first = heat.len();
            let heads = loop_heads(cells);
            let loops = heads.iter().map(|&pc| PlaceKey { function, pc, arriving: Arriving::Loop });
            let entry = PlaceKey { function, pc: 0, arriving: Arriving::Entry };
            for key in [entry].into_iter().chain(loops) {
                let site = &sites[key.pc as usize];
                let (arrivals, hot_after) = match key.arriving {
                    Arriving::Entry => (site.runs, self.hot_calls(cells.len())),
                    Arriving::Loop => (site.back_edges(), self.hot_rounds(cells.len())),
                };
                let optimized_after = self.optimizing_threshold;
                heat.push(Heat { key, arrivals, instructions: 0, hot_after, optimized_after });
            }
            let graph = (cells.len() <= MAX_FUNCTION).then(|| self.graphs.get(vm, function));
            let header = |pc| graph.as_ref().and_then(|graph| graph.header_around(pc));
            let headers: Vec<Option<u32>> = heads.iter().map(|&pc| header(pc)).collect();
            for (pc, &count) in counts.iter().enumerate() {
                let around = header(pc as u32);
                let at = around.and_then(|around| headers.iter().position(|&h| h == Some(around)));
                heat[first + at.map_or(0, |at| 1 + at)].instructions += count;
            }
        }
        heat
    }

    /// The state of a place.
    pub fn place(&mut self, key: PlaceKey) -> &mut PlaceState {
        self.places.entry(key).or_default()
    }

    /// Control has reached a trigger.
    pub fn arrived(&mut self, vm: &mut Vm, key: PlaceKey) -> Decision {
        // Unless it is decided otherwise below, the next arrival asks again.
        self.ask_after(vm, key, 1);
        match self.place(key).hotness.clone() {
            Hotness::Compiled(unit) => return Decision::Enter(unit),
            // It may have lost its baseline code since, and gets it again.
            Hotness::LeftAlone if self.baseline[key.function as usize] != Rung::Below => {
                self.ask_after(vm, key, u64::from(NEVER));
                return Decision::Interpret;
            }
            Hotness::Compiling => {
                self.ask_after(vm, key, LOOK_ARRIVALS);
                return Decision::Interpret;
            }
            Hotness::Cold | Hotness::Warm | Hotness::LeftAlone => {}
        }
        if self.tier(key.function) == Tier::Baseline {
            return self.optimize(vm, key);
        }
        let site = vm.functions[key.function as usize].sites[key.pc as usize];
        if self.place(key).hotness == Hotness::Cold {
            self.place(key).hotness = Hotness::Warm;
            if key.arriving == Arriving::Loop {
                return Decision::Warm { back_edges: site.back_edges() };
            }
        }
        let size = vm.functions[key.function as usize].cells.len();
        let executed = executed(vm, key);
        if key.arriving == Arriving::Loop && !self.place(key).wanted {
            let back_edges_missing = self.warm_at(size).saturating_sub(site.back_edges());
            let missing = self.hot_rounds(size).saturating_sub(executed);
            if missing.max(back_edges_missing) > 0 {
                // Where control comes to it otherwise as often as by back-edges, half of them are enough.
                self.ask_after(vm, key, missing.div_ceil(2).max(back_edges_missing));
                return Decision::Interpret;
            }
        }
        match self.baseline[key.function as usize] {
            Rung::Below => Decision::Baseline { executed, back_edges: site.back_edges() },
            _ => self.optimize(vm, key),
        }
    }

    /// A place that is hot enough for the optimizing tier.
    fn optimize(&mut self, vm: &mut Vm, key: PlaceKey) -> Decision {
        if !self.optimizes {
            self.leave_alone(vm, key);
            return Decision::Interpret;
        }
        let site = vm.functions[key.function as usize].sites[key.pc as usize];
        let code = &vm.program.program().functions[key.function as usize].code;
        if code.len() > MAX_FUNCTION {
            let region = Err(Reason::FunctionTooLarge { most: MAX_FUNCTION as u32 });
            return Decision::Compile { executed: site.runs, back_edges: site.back_edges(), region };
        }
        let rest = self.optimizing_threshold.saturating_mul(CALLS_PER_ROUND);
        if key.arriving == Arriving::Entry
            && site.runs < rest
            && !self.place(key).wanted
            && is_tiny_leaf(&vm.functions[key.function as usize].cells)
        {
            let calls = rest - site.runs;
            self.ask_after(vm, key, calls);
            return Decision::Postpone(Reason::TinyLeaf { calls });
        }
        // Before more is done than looking at the graph: what is put off over and over must not cost as much as the compilation.
        let instructions = self.compiled_size(vm, key);
        if !self.can_pay(vm, instructions) {
            self.postpone(vm, key);
            return Decision::Postpone(Reason::CompileBudget { instructions });
        }
        let executed = executed(vm, key);
        let region = match self.strategy {
            Strategy::Trace => Ok(None),
            Strategy::Region | Strategy::Method => self.choose(vm, key).map(|region| Some(Rc::new(region))),
        };
        Decision::Compile { executed, back_edges: site.back_edges(), region }
    }

    /// How many instructions will be compiled for a place, or at least looked at.
    fn compiled_size(&self, vm: &Vm, key: PlaceKey) -> u32 {
        match (key.arriving, self.strategy) {
            // How long a trace is turns out when it is recorded.
            (_, Strategy::Trace) => 0,
            (Arriving::Loop, Strategy::Region) => self.graphs.get(vm, key.function).loop_size(key.pc),
            _ => vm.functions[key.function as usize].cells.len() as u32,
        }
    }

    /// What to compile for a place.
    fn choose(&self, vm: &Vm, key: PlaceKey) -> Result<Region, Reason> {
        let graph = self.graphs.get(vm, key.function);
        let region = match (key.arriving, self.strategy) {
            (Arriving::Entry, _) => graph.whole_function()?,
            (Arriving::Loop, Strategy::Method) => graph.rest_of_function(key.pc)?,
            (Arriving::Loop, _) => graph.loop_around(key.pc)?,
        };
        let size = region.instructions(&graph.cfg);
        if size > MAX_INSTRUCTIONS {
            return Err(Reason::RegionTooLarge { size, most: MAX_INSTRUCTIONS });
        }
        Ok(region)
    }

    /// A place makes calls often that no code answers: puts it off until there is some, and has the callees asked for it at
    /// their next calls. If one of them waits for this one in turn, somebody has to begin.
    ///
    /// # Errors
    /// Why the place is not worth compiling.
    pub fn await_callees(
        &mut self,
        vm: &mut Vm,
        key: PlaceKey,
        unanswered: &[Unanswered],
    ) -> Result<Wait, Reason> {
        let mut wait = Wait::Callees;
        for &Unanswered { pc, callee, percent, .. } in unanswered {
            let place = PlaceKey { function: callee, pc: 0, arriving: Arriving::Entry };
            let waited = self.place(key).awaits;
            let theirs = self.place(place);
            match theirs.hotness {
                Hotness::Cold | Hotness::Warm | Hotness::Compiling if waited < MAX_AWAITS => {
                    if key.arriving == Arriving::Entry && theirs.awaiting == Some(key.function) {
                        wait = Wait::Nobody;
                    }
                    self.place(place).wanted = true;
                    self.ask_after(vm, place, 1);
                }
                _ => {
                    let callee = vm.program.program().functions[callee as usize].name.clone();
                    return Err(Reason::CalleeNotOptimized { callee, pc, percent });
                }
            }
        }
        let first = unanswered.first().map(|call| call.callee);
        self.place(key).awaiting = first;
        if wait == Wait::Callees {
            self.put_off(vm, key);
        }
        Ok(wait)
    }

    /// Recording a trace at a place was given up. Whether it is to be tried again, later each time.
    pub fn recording_given_up(&mut self, vm: &mut Vm, key: PlaceKey) -> bool {
        let place = self.place(key);
        place.given_up += 1;
        let given_up = place.given_up;
        if given_up > MAX_RECORDINGS {
            self.leave_alone(vm, key);
            return false;
        }
        self.ask_after(vm, key, self.optimizing_threshold << given_up);
        true
    }

    /// The code generator gave up on a place. Whether it is to be tried again, with calls instead of the bodies of functions.
    pub fn again_smaller(&mut self, vm: &mut Vm, key: PlaceKey) -> bool {
        let place = self.place(key);
        if std::mem::replace(&mut place.too_large, true) || matches!(place.hotness, Hotness::Compiled(_)) {
            return false;
        }
        place.hotness = Hotness::Warm;
        self.ask_after(vm, key, 1);
        true
    }

    /// Entering a compiled place has paid again: the next pause need not be as long.
    pub fn paid(&mut self, key: PlaceKey) {
        let place = self.place(key);
        place.pauses = place.pauses.saturating_sub(1);
    }

    /// Has a compiled place run in the tier below for a while, each time longer; for how many arrivals.
    pub fn pause(&mut self, vm: &mut Vm, key: PlaceKey) -> u64 {
        let place = self.place(key);
        let arrivals = PAUSE << place_shift(place.pauses);
        place.pauses += 1;
        self.ask_after(vm, key, arrivals);
        arrivals
    }

    /// Has a place that is not compiled ask at its next arrival.
    pub fn ask_soon(&mut self, vm: &mut Vm, key: PlaceKey) {
        if self.tier(key.function) == Tier::Baseline
            && matches!(self.place(key).hotness, Hotness::Cold | Hotness::Warm)
        {
            self.ask_after(vm, key, 1);
        }
    }

    /// Control has reached a trigger at the current place, and nobody looked: the next arrival asks again.
    pub fn rearm(&self, vm: &mut Vm, arriving: Arriving) {
        let site = &mut vm.functions[vm.regs.function as usize].sites[vm.regs.pc as usize];
        match arriving {
            Arriving::Loop => site.ask_after_back_edges(1),
            Arriving::Entry if site.calls_are_due() => site.ask_after_calls(1),
            Arriving::Entry => {}
        }
    }

    /// Whether there is an optimizing tier.
    pub fn optimizes(&self) -> bool {
        self.optimizes
    }

    /// Whether there is a baseline tier for a function.
    pub fn has_baseline_tier(&self, function: u32) -> bool {
        self.baseline[function as usize] != Rung::Missing
    }

    /// Where backward jumps lead in the innermost loop around a place, if there is one.
    pub fn loop_head_around(&self, vm: &Vm, function: u32, pc: u32) -> Option<u32> {
        let cells = &vm.functions[function as usize].cells;
        if cells.len() > MAX_FUNCTION {
            return None;
        }
        let graph = self.graphs.get(vm, function);
        let header = graph.header_around(pc)?;
        loop_heads(cells).into_iter().find(|&head| graph.header_around(head) == Some(header))
    }

    /// Where a place stands on the ladder, and what it counts towards.
    pub fn standing(&self, vm: &Vm, key: PlaceKey) -> Standing {
        match self.places.get(&key).map(|place| &place.hotness) {
            Some(&Hotness::Compiled(unit)) => return Standing::Compiled(unit),
            Some(Hotness::LeftAlone) => return Standing::Stays(self.tier(key.function)),
            _ => {}
        }
        let state = &vm.functions[key.function as usize];
        let site = &state.sites[key.pc as usize];
        let (rounds, size) = (key.arriving == Arriving::Loop, state.cells.len());
        let below = self.baseline[key.function as usize] == Rung::Below;
        let left = match (rounds, self.tier(key.function)) {
            (true, Tier::Baseline) => site.baseline_rounds_left(),
            (true, _) => site.rounds_left(),
            (false, _) => site.calls_left(),
        };
        if left == NEVER {
            return Standing::Stays(self.tier(key.function));
        }
        if self.tier(key.function) == Tier::Baseline {
            // It may have been put off for longer than the threshold.
            let of = self.optimizing_threshold.max(u64::from(left));
            return Standing::Counting { so_far: of - u64::from(left), of, next: Tier::Optimizing };
        }
        let next = if below { Tier::Baseline } else { Tier::Optimizing };
        match rounds {
            true => Standing::Counting { so_far: executed(vm, key), of: self.hot_rounds(size), next },
            false => Standing::Counting { so_far: site.runs, of: self.hot_calls(size), next },
        }
    }

    /// Has a place that is not optimized be so when control comes there next, whatever was decided before.
    pub fn hurry(&mut self, vm: &mut Vm, key: PlaceKey) {
        if key.arriving == Arriving::Entry {
            self.methods.remove(&key.function);
        }
        let place = self.place(key);
        place.hotness = Hotness::Warm;
        place.wanted = true;
        self.ask_after(vm, key, 1);
    }

    /// Chooses code in another way from now on.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        self.strategy = strategy;
    }

    /// How code is chosen.
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// The unit that is a function's method, if it has one.
    pub fn compiled_method(&self, function: u32) -> Option<u32> {
        self.methods.get(&function).copied()
    }

    /// Puts a place off until what it calls is compiled; `false` if that was done often enough.
    pub fn put_off(&mut self, vm: &mut Vm, key: PlaceKey) -> bool {
        let place = self.place(key);
        place.awaits += 1;
        let again = place.awaits <= MAX_AWAITS;
        if again {
            self.ask_after(vm, key, AWAIT_ARRIVALS);
        }
        again
    }

    /// Whether the program's budget allows the compilation of so many instructions now. Without a budget a nest of a
    /// thousand loops, each of which gets hot, is compiled a thousand times.
    fn can_pay(&self, vm: &Vm, instructions: u32) -> bool {
        let allowed = FREE_BUDGET + vm.fuel_used() / EXECUTED_PER_COMPILED;
        self.compiled + u64::from(instructions) <= allowed
    }

    /// Takes the compilation of so many instructions from the program's budget, or puts the place off until the program
    /// has run longer.
    pub fn take_budget(&mut self, vm: &mut Vm, key: PlaceKey, instructions: u32) -> bool {
        if !self.can_pay(vm, instructions) {
            self.postpone(vm, key);
            return false;
        }
        self.compiled += u64::from(instructions);
        true
    }

    /// Gives back what a compilation would have cost that came to nothing before any machine code was made.
    pub fn give_back(&mut self, instructions: u32) {
        self.compiled -= u64::from(instructions - instructions / INSTRUCTIONS_PER_BUILT);
    }

    /// Puts a place off until it has been reached as often again. Code that is there already runs on.
    fn postpone(&self, vm: &mut Vm, key: PlaceKey) {
        if self.compiled(key).is_none() {
            let so_far = self.arrivals(vm, key);
            self.ask_after(vm, key, so_far);
        }
    }

    /// Has the tier below the optimizing one ask after so many more arrivals.
    fn ask_after(&self, vm: &mut Vm, key: PlaceKey, n: u64) {
        let site = &mut vm.functions[key.function as usize].sites[key.pc as usize];
        match (key.arriving, self.tier(key.function)) {
            (Arriving::Loop, Tier::Baseline) => site.ask_baseline_after_back_edges(arrivals(n)),
            (Arriving::Loop, _) => site.ask_after_back_edges(arrivals(n)),
            (Arriving::Entry, _) => site.ask_after_calls(arrivals(n)),
        }
    }

    fn arrivals(&self, vm: &Vm, key: PlaceKey) -> u64 {
        let site = vm.functions[key.function as usize].sites[key.pc as usize];
        if key.arriving == Arriving::Loop { site.back_edges() } else { site.runs }
    }

    /// The place is being compiled in the background.
    pub fn compiling(&mut self, vm: &mut Vm, key: PlaceKey) {
        self.place(key).hotness = Hotness::Compiling;
        self.ask_after(vm, key, LOOK_ARRIVALS);
    }

    /// The place's code was taken out to make room. It has to become hot again, each time hotter than the last.
    pub fn evicted(&mut self, vm: &mut Vm, key: PlaceKey) {
        if key.arriving == Arriving::Entry {
            self.methods.remove(&key.function);
        }
        let place = self.place(key);
        place.evictions += 1;
        place.hotness = Hotness::Warm;
        let n = self.optimizing_threshold << place_shift(self.place(key).evictions);
        self.ask_after(vm, key, n);
    }

    /// The place runs as compiled code from now on: every arrival asks.
    pub fn installed(&mut self, vm: &mut Vm, key: PlaceKey, unit: u32) {
        if key.arriving == Arriving::Entry {
            self.methods.insert(key.function, unit);
        }
        self.place(key).hotness = Hotness::Compiled(unit);
        self.ask_after(vm, key, 1);
    }

    /// The place stays in the tier where it is from now on: no arrival asks.
    pub fn leave_alone(&mut self, vm: &mut Vm, key: PlaceKey) {
        self.place(key).hotness = Hotness::LeftAlone;
        self.ask_after(vm, key, u64::from(NEVER));
    }

    /// The place's code was taken out: interpret long enough to see the new types, then compile again. Answers whether
    /// that is still worth trying.
    pub fn invalidated(&mut self, vm: &mut Vm, key: PlaceKey) -> bool {
        let warm_at = self.warm_at(vm.functions[key.function as usize].cells.len());
        if key.arriving == Arriving::Entry {
            self.methods.remove(&key.function);
        }
        let place = self.place(key);
        place.recompiles += 1;
        if place.recompiles > MAX_RECOMPILES {
            self.leave_alone(vm, key);
            return false;
        }
        place.hotness = Hotness::Warm;
        self.ask_after(vm, key, warm_at);
        true
    }
}

/// How often the instruction at a place was executed: the arrival under way is counted already, but not executed yet.
fn executed(vm: &Vm, key: PlaceKey) -> u64 {
    let code = &vm.program.program().functions[key.function as usize].code;
    let sites = &vm.functions[key.function as usize].sites;
    profile::executed(code, sites, key.pc as usize).saturating_sub(1)
}

/// A number of arrivals as counters hold it.
fn arrivals(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(NEVER)
}

/// How many times a threshold doubles after so many evictions.
fn place_shift(evictions: u32) -> u32 {
    evictions.min(12)
}

/// Whether a function is only worth code of its own where optimized code calls it: it runs too short to be entered,
/// neither loops nor calls, and is inlined by most callers.
fn is_tiny_leaf(cells: &[Cell]) -> bool {
    cells.len() <= TINY as usize
        && cells.iter().all(|cell| cell.op != Op::Call)
        && loop_heads(cells).is_empty()
}

/// Where backward jumps lead.
fn loop_heads(cells: &[Cell]) -> Vec<u32> {
    let back = |(pc, cell): (usize, &Cell)| {
        let jumps = matches!(cell.op, Op::Jump | Op::JumpIfZero | Op::JumpIfNotZero);
        (jumps && cell.arg as usize <= pc).then_some(cell.arg)
    };
    let mut heads: Vec<u32> = cells.iter().enumerate().filter_map(back).collect();
    heads.sort_unstable();
    heads.dedup();
    heads
}
