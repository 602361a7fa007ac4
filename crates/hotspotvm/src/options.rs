//! Settings of an engine.

use runtime::num::NumberLimits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The default of [`Options::hotspot_threshold`]: the seed's.
pub const DEFAULT_HOTSPOT_THRESHOLD: u64 = 10;

/// The default of [`Options::optimizing_threshold`].
///
/// Optimizing an instruction takes some 10 us, and saves some 0.3 ns each time that it runs: it pays after 30,000 rounds. On a
/// thread of its own it may begin earlier.
pub const DEFAULT_OPTIMIZING_THRESHOLD: u64 = 10_000;

/// The rungs of the ladder, lowest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Executes bytecode, and profiles it.
    Interpreter,
    /// One pass to machine code, on the interpreter's frames. Only on x86-64 Linux; elsewhere this rung is missing.
    Baseline,
    /// The IR, its passes and the code generator.
    #[default]
    Optimizing,
}

impl Tier {
    /// All tiers, lowest first.
    pub const ALL: [Tier; 3] = [Tier::Interpreter, Tier::Baseline, Tier::Optimizing];

    /// The name in options, events and statistics.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Interpreter => "interpreter",
            Tier::Baseline => "baseline",
            Tier::Optimizing => "optimizing",
        }
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How the optimizing tier chooses the code that it compiles as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The innermost loop around a hot back-edge; functions that are called often as wholes.
    #[default]
    Region,
    /// Whole functions, also where a loop in the middle is hot: then the rest of the function, from there.
    Method,
    /// The paths that control was seen to take, through branches and calls.
    Trace,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Strategy; 3] = [Strategy::Region, Strategy::Method, Strategy::Trace];

    /// The name in options, events and statistics.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Region => "region",
            Strategy::Method => "method",
            Strategy::Trace => "trace",
        }
    }
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Settings of an engine. `Options::default()` is what `hotspot run` uses, but for its limits: those are
/// [`Limits::trusted`], or, if that is asked for, [`Limits::untrusted`].
#[derive(Clone, Debug)]
pub struct Options {
    /// How often code must run before it counts as hot. At least 1.
    pub hotspot_threshold: u64,
    /// How often a loop must go round in baseline code before it is optimized. At least 1.
    pub optimizing_threshold: u64,
    /// The highest rung that code may climb to.
    pub max_tier: Tier,
    /// How the optimizing tier chooses code.
    pub strategy: Strategy,
    /// Whether optimized code may have the bodies of functions in place of calls.
    pub inlining: bool,
    /// Whether everything happens in an order that depends on the program, its input and these settings alone: compilations are
    /// waited for instead of being made on another thread. For tests, and for logs that can be compared.
    pub deterministic: bool,
    /// Whether to measure times (for statistics); costs two clock reads per entry into compiled code.
    pub timing: bool,
    /// Whether optimized code counts how often control arrives where, as the tiers below do: then it is known exactly
    /// how often each instruction was executed ([`Outcome::executed`](crate::Outcome::executed)). Costs an addition in
    /// memory for each transfer of control.
    pub counting: bool,
    /// After how much fuel, on average, to look at where the program is and how long it took to get there
    /// ([`crate::samples`]); implies [`Self::timing`].
    pub sampling: Option<u32>,
    /// Whether compile events carry the listing of what was compiled.
    pub listings: bool,
    /// Whether events carry details: what each pass did and why, the ways out of each unit, the frames that a
    /// deoptimisation rebuilt.
    pub details: bool,
    /// Which passes the optimizer runs, and which of them are shown.
    pub passes: Passes,
    /// What the program may use.
    pub limits: Limits,
    /// How to make rare things frequent, for tests.
    pub stress: Stress,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            hotspot_threshold: DEFAULT_HOTSPOT_THRESHOLD,
            optimizing_threshold: DEFAULT_OPTIMIZING_THRESHOLD,
            max_tier: Tier::default(),
            strategy: Strategy::default(),
            inlining: true,
            deterministic: false,
            timing: false,
            counting: false,
            sampling: None,
            listings: false,
            details: false,
            passes: Passes::default(),
            limits: Limits::default(),
            stress: Stress::default(),
        }
    }
}

/// What the optimizer does, for those who measure it or look for a fault in it. The names are those of [`pass_names`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// Passes that are left out.
    pub disabled: Vec<String>,
    /// Passes after which listings show the IR as well.
    pub dumped: Vec<String>,
}

/// The names of the optimizer's passes, in the order in which they run first.
pub fn pass_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for pass in ir::opt::PIPELINE {
        if !names.contains(&pass.name) {
            names.push(pass.name);
        }
    }
    names
}

/// What a program may use. Reaching a limit stops it; it cannot catch that.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Instructions, and the size of big-number work; `None` for no limit.
    pub fuel: Option<u64>,
    /// Wall-clock time; `None` for no limit.
    pub timeout: Option<Duration>,
    /// When that time began, if not when [`Engine::run`](crate::Engine::run) is called: for hosts to whom reading and
    /// checking the program are part of it.
    pub started: Option<Instant>,
    /// Active calls at one time.
    pub depth: u32,
    /// Active calls at one time as the program's own language has it, until the program changes that
    /// ([`bytecode::Builtin1::SetRecursionLimit`]): one more is its `RecursionError`. `None`: only `depth` counts.
    pub recursion: Option<u32>,
    /// Locals and operands of all active calls together, in values of 8 bytes.
    pub stack_values: u32,
    /// Charged bytes of live heap objects.
    pub heap_bytes: u64,
    /// Bytes of output, all in all; `None` for no limit.
    pub output_bytes: Option<u64>,
    /// Bytes of machine code installed at one time.
    pub code_bytes: u64,
    /// Sizes of single numbers and strings.
    pub numbers: NumberLimits,
}

impl Default for Limits {
    /// For a host that sets fuel and time by itself: sizes at which no single operation takes long.
    fn default() -> Limits {
        Limits {
            fuel: None,
            timeout: None,
            started: None,
            depth: 10_000,
            recursion: None,
            stack_values: 1 << 20,
            heap_bytes: 256 << 20,
            output_bytes: None,
            code_bytes: 32 << 20,
            numbers: NumberLimits::default(),
        }
    }
}

impl Limits {
    /// For programs that one has written oneself: what CPython runs within its defaults runs within these. An int may
    /// have as many bits as any may, and a str as many bytes as it may have characters there on a machine of the same
    /// size.
    pub fn trusted() -> Limits {
        let numbers =
            NumberLimits { max_int_bits: 1 << 32, max_str_bytes: 1 << 32, ..NumberLimits::default() };
        Limits { stack_values: 1 << 26, heap_bytes: 4 << 30, numbers, ..Limits::default() }
    }

    /// For programs of strangers: seconds of work, and memory that a host has to spare for each of many.
    pub fn untrusted() -> Limits {
        Limits {
            fuel: Some(1_000_000_000),
            timeout: Some(Duration::from_secs(10)),
            depth: 1_000,
            stack_values: 1 << 17,
            heap_bytes: 64 << 20,
            output_bytes: Some(16 << 20),
            code_bytes: 8 << 20,
            ..Limits::default()
        }
    }
}

/// How to make rare things frequent, for tests. None of it may change what a program computes.
#[derive(Clone, Debug, Default)]
pub struct Stress {
    /// Make optimized code leave, and baseline code take its slow path, at instructions chosen by this seed, always: about one in
    /// four of those that may, or, so that calls get further, one in 32 if the seed's second bit is set.
    pub exits: Option<u64>,
    /// Collect garbage at every allocation and at every slice of fuel.
    pub collect: bool,
    /// When compiling in the background, install results late, by this seed.
    pub background_delay: Option<u64>,
    /// Leave the baseline rung out.
    pub skip_baseline: bool,
    /// Use slices of this much fuel instead of the usual ones.
    pub slice: Option<u32>,
    /// Look, in optimized code, at what the optimizer has proved, and stop the process where a proof is wrong.
    pub check_proofs: bool,
    /// Tell the optimizing compiler things about types and counts that are not true, by this seed.
    pub lying: Option<u64>,
    /// Have the interpreter execute every instruction by itself.
    pub unfused: bool,
}

/// Which instructions of optimized code leave although nothing is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Forced {
    /// Those that this seed chooses: see [`Stress::exits`].
    pub seed: Option<u64>,
    /// One that somebody chose: function and pc.
    pub at: Option<(u32, u32)>,
}

impl Forced {
    /// Whether it is one of them.
    pub fn has(self, function: u32, pc: u32) -> bool {
        self.at == Some((function, pc)) || self.seed.is_some_and(|seed| is_forced(seed, pc))
    }

    /// Whether there are any.
    pub fn any(self) -> bool {
        self.at.is_some() || self.seed.is_some()
    }
}

/// Whether a seed of [`Stress::exits`] chooses an instruction.
pub(crate) fn is_forced(seed: u64, pc: u32) -> bool {
    let bits = if seed & 2 == 0 { 2 } else { 5 };
    mixed(seed ^ u64::from(pc)) >> (64 - bits) == 0
}

/// A number in which each bit depends on all bits of another: for test modes, which choose by a seed.
pub(crate) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number ^ (number >> 32)
}

/// A switch by which another thread stops a running program.
///
/// It stays as it is set: while an engine is cancelled, each of its runs stops before its first instruction, until
/// [`Cancel::reset`]. So a cancel that comes just before a run, or between two, is not lost; and a host that uses an
/// engine again resets it first.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops the program at its next safepoint.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets the engine run again.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the engine is cancelled.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
