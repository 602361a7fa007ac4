//! What can be written on the command line, its help, and its first checks.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`: it turns words into
//! [`hotspotvm::Options`]. Invariants: what stands behind PROGRAM is the program's, whatever it looks like; a limit that would
//! stop every program, or that cannot be kept, is refused here, in words.

use crate::language::Language;
use crate::sweep::Thresholds;
use clap::{Args, Parser, Subcommand};
use hotspotvm::{Limits, Options, Strategy, Tier};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  hotspot demo                               see what this is about; needs no program
  hotspot program.py 1000                    run a program; 1000 is its argument
  hotspot run countdown.hasm 10000           the same in assembly text; `run` may be left out
  hotspot run --verbose sum.hasm 1000        the same, and watch it being compiled
  hotspot run --stats sum.hasm 1000          the same, and count what ran where
  hotspot run --untrusted strange.py         run what a stranger wrote, within limits
  hotspot run --fuel 1000000 strange.hasm    stop after a million instructions
  hotspot compare sum.hasm 1000000           with and without compiling, side by side
  hotspot profile program.py 1000            count each line, and see where time goes
  hotspot step program.py 1000               watch it instruction by instruction
  hotspot check *.hasm                       look for mistakes without running
  hotspot dis --listing sum.hasm             show the bytecode

Exit codes:
  0  all is well
  1  the program raised an error that nothing caught
  2  wrong usage, or a program that cannot be read or is refused
  3  the program reached a limit (fuel, time, depth, heap, size)
  4  input or output failed; silently if the reader of standard output went away
  5  `compare` found two answers: a fault in HotspotVM itself";

const AFTER_RUN: &str = "\
PROGRAM is Python (.py), assembly text (.hasm) or a binary container, which its content tells. With another name, or from standard input, the \
language is guessed; --language says it.

ARGS are read as an int or a float where they look like one, else as a str. For Python they are sys.argv. Options of hotspot stand before PROGRAM: \
all that stands behind it, `-5`, `--stats` and `--` too, is the program's.

Examples:
  hotspot run sum.hasm 1000
  hotspot run program.py 100
  hotspot run --verbose --hotspot-threshold 50 sum.hasm 1000
  hotspot run --stats --no-jit sum.hasm 1000
  hotspot run --untrusted --timeout 0.5 strange.py
  hotspot run - 3 -4 < add.hasm

The traceback of an error goes to standard error. Exit codes: see `hotspot --help`.";

/// A stack virtual machine with a just-in-time compiler that shows what it does.
#[derive(Parser, Debug)]
#[command(name = "hotspot", version, max_term_width = 100, after_long_help = EXAMPLES)]
#[command(long_about = "A stack virtual machine with a just-in-time compiler that shows what it does.\n\n\
A program starts out interpreted. Where it spends its time it becomes hot, is compiled to machine code and goes on there; \
if an assumption of that code turns out wrong, the interpreter takes over again. Each of these steps can be watched, \
counted and switched off, and none of them changes what a program computes.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

// Deferred: of all the options, only those of the subcommand that is asked for are made.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Run a program; `run` may be left out
    #[command(override_usage = "hotspot run [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(after_long_help = AFTER_RUN, after_help = "`--help` says more and has examples.")]
    Run(RunArgs),
    /// Look for mistakes in programs without running them
    Check(CheckArgs),
    /// Turn assembly text into a binary container
    Asm(AsmArgs),
    /// Show a program as assembly text
    Dis(DisArgs),
    /// Run a program with and without compiling and compare times and results
    #[command(override_usage = "hotspot compare [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "The two ways take turns, so that a busy machine slows both alike; times are medians. \
What the program prints is compared, not shown. What it reads from standard input is kept and given to each run anew.\n\n\
Example:\n  hotspot compare --runs 9 sum.hasm 1000000"
    )]
    Compare(CompareArgs),
    /// Run a program and show how often each line was executed, and where its time went
    #[command(override_usage = "hotspot profile [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "Counts are exact, in compiled code too, and so is the time of each tier. The time of lines and functions is an \
estimate: whenever a slice of fuel ends, the time that it took is given to the place where the program stands. \
What the program prints is not shown.\n\n\
Example:\n  hotspot profile --speedscope profile.json program.py 1000"
    )]
    Profile(ProfileArgs),
    /// Run a program, then say in plain words what was compiled of it, what was not, and why
    #[command(override_usage = "hotspot explain [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "The program runs as with `hotspot run`, and what it prints goes to standard output. The explanation follows on standard \
error, or goes to the file that -o names (`-`: to standard output, behind what the program printed). [event 7] stands for line 7 of what \
`hotspot run --trace` writes, where both run with --deterministic.\n\n\
Examples:\n  hotspot explain sum.hasm 1000000\n  hotspot explain --line 12 program.py\n  hotspot explain --json -o why.json program.py"
    )]
    Explain(ExplainArgs),
    /// Measure a program under many thresholds: which is best?
    #[command(override_usage = "hotspot sweep [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "The settings take turns, so that a busy machine slows all alike; times are medians. What the program prints is \
compared, not shown. What it reads from standard input is kept and given to each run anew.\n\n\
Examples:\n  hotspot sweep sum.hasm 1000000\n  hotspot sweep --threshold 1..1000 --optimizing-threshold 100,1000,10000 --strategy all program.py\n  \
hotspot sweep --seconds 60 --svg sweep.svg program.py"
    )]
    Sweep(SweepArgs),
    /// Run a program and write what was compiled, and why, as a page for a browser
    #[command(override_usage = "hotspot explore [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "The page is one file that opens from disk and asks for nothing. With --beside, the program runs a second time \
with one setting changed, its output swallowed, and the page shows both.\n\n\
Examples:\n  hotspot explore -o report.html sum.hasm 100000\n  \
hotspot explore -o report.html --beside strategy=trace program.py"
    )]
    Explore(ExploreArgs),
    /// Go through a program step by step, and watch it get hot, be compiled and fall back
    #[command(override_usage = "hotspot step [OPTIONS] <PROGRAM> [ARGS]...")]
    #[command(
        after_long_help = "Commands come from standard input, or from the file that --commands names; `help` lists them. What is shown goes \
to standard error, what the program prints to standard output. What the program reads comes from --input; without that, from standard input \
if the commands come from a file, and otherwise it finds its input at the end. Compiling is waited for, so that the same commands show the same.\n\n\
Examples:\n  hotspot step --optimizing-threshold 20 sum.hasm 1000\n  hotspot step --commands session.txt program.py 100\n  \
printf 'event hot\\ncounters\\n' | hotspot step sum.hasm 100"
    )]
    Step(StepArgs),
    /// See compiling at work in three short demonstrations
    Demo,
}

/// Which language a text is in.
#[derive(Args, Debug)]
pub(crate) struct LanguageArgs {
    /// The language of PROGRAM, if neither its name nor its text tells
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,
}

/// A program and what it is given. Every subcommand whose program gets arguments takes them by this.
#[derive(Args, Debug)]
pub(crate) struct ProgramArgs {
    #[command(flatten)]
    pub(crate) language: LanguageArgs,
    /// The program: a .py, .hasm or .hsbc file, or `-` for standard input; behind it, its arguments
    // One argument, not two: behind the first word of a trailing one, the parser looks for no options.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_name = "PROGRAM")]
    words: Vec<String>,
}

impl ProgramArgs {
    /// The program's name.
    pub(crate) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// What it is given.
    pub(crate) fn args(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// How a program is run.
#[derive(Args, Debug)]
pub(crate) struct EngineArgs {
    /// Executions before code counts as hot; at least 1 [default: 10]
    #[arg(long, value_name = "N", value_parser = threshold)]
    pub(crate) hotspot_threshold: Option<u64>,
    /// Rounds of a loop in baseline code before it is optimized; at least 1 [default: 10000]
    #[arg(long, value_name = "N", value_parser = threshold)]
    pub(crate) optimizing_threshold: Option<u64>,
    /// The highest tier that code may climb to [default: optimizing]
    #[arg(long, value_name = "TIER", value_parser = tier)]
    pub(crate) max_tier: Option<Tier>,
    /// How the optimizing tier chooses code: loops (region), functions (method), or the ways that control takes (trace)
    /// [default: region]
    #[arg(long, value_name = "STRATEGY", value_parser = strategy)]
    pub(crate) strategy: Option<Strategy>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// How a program is run, whatever decides what is compiled.
#[derive(Args, Debug)]
pub(crate) struct SetupArgs {
    /// Call functions instead of having their bodies in place of calls
    #[arg(long)]
    pub(crate) no_inlining: bool,
    /// Compile while the program waits, not on another thread: so the log depends on the program and its input alone
    #[arg(long)]
    pub(crate) deterministic: bool,
    /// Leave a pass of the optimizer out; may be given more than once
    #[arg(long, value_name = "PASS", value_parser = pass, hide_possible_values = true)]
    pub(crate) disable_pass: Vec<String>,
    /// Machine code installed at one time, in bytes; what is coldest makes room [default: 32M]
    #[arg(long, value_name = "BYTES", value_parser = heap, help_heading = "Limits")]
    pub(crate) code_cache: Option<u64>,
    /// Limits for programs of strangers: of each kind one, all to be overridden by the options below; see docs/limits.md
    #[arg(long, help_heading = "Limits")]
    pub(crate) untrusted: bool,
    /// Stop after so many instructions (work on big numbers counts by its size) [default: no limit]
    #[arg(long, value_name = "N", value_parser = fuel, help_heading = "Limits")]
    pub(crate) fuel: Option<u64>,
    /// Stop after this time; fractions are fine [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = timeout, help_heading = "Limits")]
    pub(crate) timeout: Option<Duration>,
    /// Calls that may be active at one time [default: 10000; for Python what the program sets]
    #[arg(long, value_name = "N", value_parser = depth, help_heading = "Limits")]
    pub(crate) max_depth: Option<u32>,
    /// Memory for strings and large numbers, in bytes; 64K, 256M, 2G are understood [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = heap, help_heading = "Limits")]
    pub(crate) max_heap: Option<u64>,
    /// Bits that one int may have [default: 4294967296]
    #[arg(long, value_name = "N", value_parser = int_bits, help_heading = "Limits")]
    pub(crate) max_int_bits: Option<u64>,
    /// Bytes that one str may have [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = heap, help_heading = "Limits")]
    pub(crate) max_str: Option<u64>,
    /// Bytes that may be printed, all in all [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = heap, help_heading = "Limits")]
    pub(crate) max_output: Option<u64>,
}

impl EngineArgs {
    /// The engine's settings: the defaults, and what was asked for.
    pub(crate) fn options(&self) -> Options {
        let mut options = self.setup.options();
        options.hotspot_threshold = self.hotspot_threshold.unwrap_or(options.hotspot_threshold);
        options.optimizing_threshold = self.optimizing_threshold.unwrap_or(options.optimizing_threshold);
        options.max_tier = self.max_tier.unwrap_or(options.max_tier);
        options.strategy = self.strategy.unwrap_or(options.strategy);
        options
    }

    /// Whether the number of active calls is limited by more than what the program's language says.
    pub(crate) fn has_depth(&self) -> bool {
        self.setup.has_depth()
    }
}

impl SetupArgs {
    /// The engine's settings: the defaults, and what was asked for.
    pub(crate) fn options(&self) -> Options {
        let (inlining, deterministic) = (!self.no_inlining, self.deterministic);
        let mut options = Options { inlining, deterministic, ..Options::default() };
        options.passes.disabled.clone_from(&self.disable_pass);
        options.limits = if self.untrusted { Limits::untrusted() } else { Limits::trusted() };
        let limits = &mut options.limits;
        limits.code_bytes = self.code_cache.unwrap_or(limits.code_bytes);
        limits.fuel = self.fuel.or(limits.fuel);
        limits.timeout = self.timeout.or(limits.timeout);
        limits.depth = self.max_depth.unwrap_or(limits.depth);
        limits.heap_bytes = self.max_heap.unwrap_or(limits.heap_bytes);
        limits.numbers.max_int_bits = self.max_int_bits.unwrap_or(limits.numbers.max_int_bits);
        limits.numbers.max_str_bytes = self.max_str.unwrap_or(limits.numbers.max_str_bytes);
        limits.output_bytes = self.max_output.or(limits.output_bytes);
        limits.stack_values = limits.stack_values.min(addressable_stack());
        options
    }

    /// Whether the number of active calls is limited by more than what the program's language says.
    pub(crate) fn has_depth(&self) -> bool {
        self.untrusted || self.max_depth.is_some()
    }
}

/// How many values the stack may have where the process's addresses are limited: an eighth of them for the stack, so that there
/// is room for the code cache, the heap and a second thread.
fn addressable_stack() -> u32 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current;
    let values = limit.map_or(u64::MAX, |bytes| bytes / 8 / 8);
    u32::try_from(values).unwrap_or(u32::MAX)
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Only interpret
    #[arg(long)]
    pub(crate) no_jit: bool,
    /// Show each step of compiling on standard error as it happens, beside the line of the program
    #[arg(long, short, help_heading = "What to show")]
    pub(crate) verbose: bool,
    /// The same, and of all that is compiled the bytecode, the IR and the machine code
    #[arg(long, help_heading = "What to show")]
    pub(crate) listings: bool,
    /// Show the IR after a pass of the optimizer on standard error, as in `--dump ir:licm`; may be given more than once
    #[arg(long, value_name = "ir:PASS", value_parser = dump, help_heading = "What to show")]
    pub(crate) dump: Vec<String>,
    /// Show counts and times on standard error at the end
    #[arg(long, help_heading = "What to show")]
    pub(crate) stats: bool,
    /// Write counts and times to a file as JSON
    #[arg(long, value_name = "FILE", help_heading = "What to show")]
    pub(crate) stats_json: Option<PathBuf>,
    /// Write each step of compiling to a file, one JSON object a line
    #[arg(long, value_name = "FILE.ndjson", help_heading = "What to show")]
    pub(crate) trace: Option<PathBuf>,
    /// Write what ran when as a time line, which Perfetto and Chrome's tracing page open
    #[arg(long, value_name = "FILE.json", help_heading = "What to show")]
    pub(crate) chrome_trace: Option<PathBuf>,
    /// Write the IR after each pass as graphs, which iongraph opens
    #[arg(long, value_name = "FILE.json", help_heading = "What to show")]
    pub(crate) iongraph: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) native: NativeArgs,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Write each error and warning to standard output as one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) language: LanguageArgs,
    /// The programs: .py, .hasm or .hsbc files, or `-` for standard input
    #[arg(required = true, value_name = "PROGRAM")]
    pub(crate) programs: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct AsmArgs {
    /// Where to write the container; `-` for standard output [default: PROGRAM with the ending .hsbc]
    #[arg(short, long, value_name = "OUT.hsbc")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) language: LanguageArgs,
    /// The assembly text, or `-` for standard input
    #[arg(value_name = "PROGRAM.hasm")]
    pub(crate) program: String,
}

#[derive(Args, Debug)]
pub(crate) struct DisArgs {
    /// Show pc, source line and meaning of each instruction instead of text that can be assembled again
    #[arg(long)]
    pub(crate) listing: bool,
    #[command(flatten)]
    pub(crate) language: LanguageArgs,
    /// The program: a .py, .hasm or .hsbc file, or `-` for standard input
    pub(crate) program: String,
}

/// What is told to other programs of the system.
#[derive(Args, Debug)]
pub(crate) struct NativeArgs {
    /// Write compiled code for perf: its names, DIR/perf-PID.map, and all of it, DIR/jit-PID.dump [default DIR: /tmp, where perf looks]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "/tmp", help_heading = "What to show")]
    pub(crate) perf: Option<PathBuf>,
    /// Register compiled code with a debugger that watches this process: gdb then names functions, tiers and lines
    #[arg(long, help_heading = "What to show")]
    pub(crate) gdb: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) native: NativeArgs,
    /// After about how much fuel to have a look
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) every: u32,
    /// How many lines of the program to show at the most
    #[arg(long, value_name = "N", default_value = "24", help_heading = "What to show")]
    pub(crate) lines: usize,
    /// Show the instructions of each line with their counts, too
    #[arg(long, help_heading = "What to show")]
    pub(crate) instructions: bool,
    /// Write all of it to standard output as a JSON object instead
    #[arg(long, help_heading = "What to show")]
    pub(crate) json: bool,
    /// Write the samples as folded stacks, for flame graphs, with nanoseconds
    #[arg(long, value_name = "FILE", help_heading = "What to show")]
    pub(crate) folded: Option<PathBuf>,
    /// Write the samples in the format of speedscope
    #[arg(long, value_name = "FILE.json", help_heading = "What to show")]
    pub(crate) speedscope: Option<PathBuf>,
    /// Write the samples in the format of the Firefox profiler
    #[arg(long, value_name = "FILE.json", help_heading = "What to show")]
    pub(crate) firefox: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// How often to run each way; from 1 to 1000
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Compare the strategies of the optimizing tier with each other: region, method, trace
    #[arg(long)]
    pub(crate) strategies: bool,
    /// Write the comparison to standard output as a JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct StepArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Where the commands come from, instead of standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) commands: Option<PathBuf>,
    /// Where the program's input comes from
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Only this function and its loops, and all that there is to say of them
    #[arg(long, value_name = "NAME", help_heading = "What to explain")]
    pub(crate) function: Option<String>,
    /// Only functions and loops that have this line, and all that there is to say of them
    #[arg(long, value_name = "N", help_heading = "What to explain", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) line: Option<u32>,
    /// All functions and loops, not only the hottest
    #[arg(long, help_heading = "What to explain")]
    pub(crate) all: bool,
    /// Write JSON instead of text; needs -o
    #[arg(long, requires = "output", help_heading = "What to explain")]
    pub(crate) json: bool,
    /// Write the explanation to a file; `-` for standard output
    #[arg(long, short, value_name = "FILE", help_heading = "What to explain")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExploreArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Where to write the page
    #[arg(short, long, value_name = "FILE.html", default_value = "report.html")]
    pub(crate) output: PathBuf,
    /// Show a second run beside the first, with one setting changed: hotspot-threshold, optimizing-threshold, max-tier
    /// or strategy
    #[arg(long, value_name = "SETTING=VALUE", value_parser = variation)]
    pub(crate) beside: Option<Variation>,
    /// Show what a sweep measured, too: a file that `hotspot sweep --json` has written
    #[arg(long, value_name = "FILE.json")]
    pub(crate) sweep: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Executions before code counts as hot: a range, or a list like 1,10,100
    #[arg(long, value_name = "FROM..TO", default_value = "1..100000", help_heading = "What to try")]
    pub(crate) threshold: Thresholds,
    /// Rounds of a loop in baseline code before it is optimized: the same [default: 10000]
    #[arg(long, value_name = "FROM..TO", help_heading = "What to try")]
    pub(crate) optimizing_threshold: Option<Thresholds>,
    /// Values for the program's last argument, if that says how often its loop goes round: which threshold is best for each?
    #[arg(long, value_name = "FROM..TO", help_heading = "What to try")]
    pub(crate) iterations: Option<Thresholds>,
    /// How the optimizing tier chooses code: region, method or trace, or all of them [default: region]
    #[arg(long, value_name = "STRATEGY", value_parser = strategies, help_heading = "What to try")]
    pub(crate) strategy: Option<Strategies>,
    /// How many thresholds of a range to try, evenly by factors; from 2 to 40
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(2..=40), help_heading = "What to try")]
    pub(crate) points: u32,
    /// How long to measure, each setting once at least
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    pub(crate) seconds: Duration,
    /// Write the times to standard output as a JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw a picture of the times
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
}

/// Some strategies. (A name, since the parser takes a list for an option that is given more than once.)
pub(crate) type Strategies = Arc<[Strategy]>;

/// One strategy by its name, or `all`.
fn strategies(text: &str) -> Result<Strategies, String> {
    if text == "all" {
        return Ok(Strategy::ALL.into());
    }
    strategy(text).map(|one| [one].into()).map_err(|error| format!("{error}, and all"))
}

/// One setting changed.
#[derive(Clone, Debug)]
pub(crate) struct Variation {
    /// As it was asked for: `strategy=trace`.
    pub(crate) text: String,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    HotspotThreshold(u64),
    OptimizingThreshold(u64),
    MaxTier(Tier),
    Strategy(Strategy),
}

impl Variation {
    /// Changes the setting.
    pub(crate) fn apply(&self, options: &mut Options) {
        match self.change {
            Change::HotspotThreshold(n) => options.hotspot_threshold = n,
            Change::OptimizingThreshold(n) => options.optimizing_threshold = n,
            Change::MaxTier(tier) => options.max_tier = tier,
            Change::Strategy(strategy) => options.strategy = strategy,
        }
    }
}

/// `SETTING=VALUE`.
fn variation(text: &str) -> Result<Variation, String> {
    let (name, value) = text.split_once('=').ok_or("expected SETTING=VALUE, as in `strategy=trace`")?;
    let change = match name {
        "hotspot-threshold" => Change::HotspotThreshold(threshold(value)?),
        "optimizing-threshold" => Change::OptimizingThreshold(threshold(value)?),
        "max-tier" => Change::MaxTier(tier(value)?),
        "strategy" => Change::Strategy(strategy(value)?),
        _ => {
            let known = "hotspot-threshold, optimizing-threshold, max-tier and strategy";
            return Err(format!("the settings that can be changed are {known}"));
        }
    };
    Ok(Variation { text: text.to_owned(), change })
}

/// The words of the command line, with `run` put in where a program, or an option that is not the command's own, stands in the
/// place of a subcommand.
pub(crate) fn completed(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    if words.get(1).is_some_and(|word| begins_a_run(word)) {
        words.insert(1, "run".into());
    }
    words
}

fn begins_a_run(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    if text == "help" || <Command as Subcommand>::has_subcommand(&text) {
        return false;
    }
    if text.starts_with('-') {
        return !OWN.contains(&&*text);
    }
    let path = Path::new(word);
    path.extension().is_some() || path.components().count() > 1 || path.is_file()
}

/// The options of `hotspot` itself. (Asking clap would build the whole command once more, which costs as much as all else at start-up.)
const OWN: [&str; 4] = ["-h", "--help", "-V", "--version"];

/// A tier by its name.
pub(crate) fn tier(text: &str) -> Result<Tier, String> {
    let names = || Tier::ALL.map(Tier::name).join(", ");
    Tier::ALL.into_iter().find(|tier| tier.name() == text).ok_or_else(|| format!("the tiers are {}", names()))
}

/// A strategy by its name.
pub(crate) fn strategy(text: &str) -> Result<Strategy, String> {
    let names = || Strategy::ALL.map(Strategy::name).join(", ");
    let known = Strategy::ALL.into_iter().find(|strategy| strategy.name() == text);
    known.ok_or_else(|| format!("the strategies are {}", names()))
}

/// A whole number of at least 1.
fn positive(text: &str, zero: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(0) => Err(zero.to_owned()),
        Ok(number) => Ok(number),
        Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => {
            Err(format!("at most {} is possible", u64::MAX))
        }
        Err(_) => Err("expected a whole number of at least 1".to_owned()),
    }
}

/// The name of a pass.
fn pass(text: &str) -> Result<String, String> {
    let names = hotspotvm::pass_names();
    match names.contains(&text) {
        true => Ok(text.to_string()),
        false => Err(format!("there is no such pass; the passes are {}", names.join(", "))),
    }
}

/// The pass of `ir:PASS`.
fn dump(text: &str) -> Result<String, String> {
    match text.strip_prefix("ir:") {
        Some(name) => pass(name),
        None => Err("what can be shown is the IR after a pass: `ir:PASS`".to_string()),
    }
}

fn threshold(text: &str) -> Result<u64, String> {
    positive(text, "code is hot after at least 1 execution; to compile nothing, use --no-jit")
}

fn fuel(text: &str) -> Result<u64, String> {
    positive(text, "without fuel no program can start; for no limit, leave the option out")
}

fn depth(text: &str) -> Result<u32, String> {
    let number = positive(text, "the program's first function is a call too: at least 1 is needed")?;
    u32::try_from(number).map_err(|_| format!("at most {} is possible", u32::MAX))
}

fn int_bits(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1 << 32;
    match positive(text, "ints of 64 bits are always allowed: at least 64 is needed")? {
        ..64 => Err("ints of 64 bits are always allowed: at least 64 is needed".to_owned()),
        number if number > MOST => Err(format!("at most {MOST} is possible")),
        number => Ok(number),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    const MOST: f64 = 1e9;
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() => Err("expected a number of seconds".to_owned()),
        Ok(seconds) if seconds <= 0.0 => {
            Err("the time must be more than 0 seconds; for no limit, leave the option out".to_owned())
        }
        Ok(seconds) if seconds > MOST => {
            Err(format!("at most {MOST} seconds are possible; for no limit, leave the option out"))
        }
        Ok(seconds) => Ok(Duration::from_secs_f64(seconds).max(Duration::from_nanos(1))),
        Err(_) => Err("expected a number of seconds, like 2 or 0.5".to_owned()),
    }
}

fn heap(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1 << 44;
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1u64),
    };
    match digits.parse::<u64>() {
        Ok(0) => Err("without memory hardly any program can run: at least 1 byte is needed".to_owned()),
        Ok(number) => match number.checked_mul(unit) {
            Some(bytes) if bytes <= MOST => Ok(bytes),
            _ => Err(format!("at most {}G is possible", MOST >> 30)),
        },
        Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => {
            Err(format!("at most {}G is possible", MOST >> 30))
        }
        Err(_) => Err("expected a number of bytes, like 1000000, 64K, 256M or 2G".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(heap("1"), Ok(1));
        assert_eq!(heap("64K"), Ok(65_536));
        assert_eq!(heap("2g"), Ok(2 << 30));
        assert_eq!(heap("16384G"), Ok(1 << 44));
        for bad in [
            "",
            "0",
            "0M",
            "K",
            "-1",
            "1.5M",
            "1T",
            "5é",
            "16385G",
            "99999999999999999999",
            "18446744073709551615G",
        ] {
            assert!(heap(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_that_cannot_be_kept_are_refused() {
        assert_eq!(timeout("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "nan", "inf", "1e300", "soon", ""] {
            assert!(timeout(bad).is_err(), "{bad}");
        }
        assert_eq!(int_bits("64"), Ok(64));
        assert!(int_bits("63").is_err() && int_bits("4294967297").is_err() && int_bits("0").is_err());
        assert_eq!(depth("4294967295"), Ok(u32::MAX));
        assert!(depth("4294967296").is_err() && depth("0").is_err());
        assert_eq!(threshold("1"), Ok(1));
        assert!(threshold("0").unwrap_err().contains("--no-jit"));
        assert!(fuel("18446744073709551616").unwrap_err().contains("at most"));
    }

    /// What stands behind the program's name, to a subcommand.
    #[derive(Clone, Copy, PartialEq)]
    enum Behind {
        /// The program's arguments.
        Arguments,
        /// More options and programs: this command runs none.
        Options,
        /// Nothing: there is no program.
        Nothing,
    }

    /// All subcommands. A new one is added here, by its author, who so decides.
    const SUBCOMMANDS: [(&str, Behind); 12] = [
        ("run", Behind::Arguments),
        ("check", Behind::Options),
        ("asm", Behind::Options),
        ("dis", Behind::Options),
        ("compare", Behind::Arguments),
        ("explain", Behind::Arguments),
        ("profile", Behind::Arguments),
        ("sweep", Behind::Arguments),
        ("explore", Behind::Arguments),
        ("step", Behind::Arguments),
        ("demo", Behind::Nothing),
        ("help", Behind::Nothing),
    ];

    #[test]
    fn the_options_of_hotspot_itself_are_known() {
        let mut command = Cli::command();
        command.build();
        let mut own = Vec::new();
        for arg in command.get_arguments() {
            own.extend(arg.get_short().map(|short| format!("-{short}")));
            own.extend(arg.get_long().map(|long| format!("--{long}")));
        }
        own.sort();
        let mut known = OWN.map(str::to_owned).to_vec();
        known.sort();
        assert_eq!(own, known);
        assert!(command.get_subcommands().all(|sub| !begins_a_run(OsStr::new(sub.get_name()))));
    }

    /// An option in all the forms in which it can be written.
    fn forms(arg: &clap::Arg) -> Vec<Vec<String>> {
        let mut forms = Vec::new();
        for name in arg.get_long_and_visible_aliases().unwrap_or_default() {
            forms.push(vec![format!("--{name}")]);
            forms.push(vec![format!("--{name}=9")]);
            forms.push(vec![format!("--{name}"), "9".to_owned()]);
        }
        for short in arg.get_short_and_visible_aliases().unwrap_or_default() {
            forms.push(vec![format!("-{short}")]);
            forms.push(vec![format!("-{short}9")]);
            forms.push(vec![format!("-{short}"), "9".to_owned()]);
        }
        forms
    }

    #[test]
    fn all_that_stands_behind_the_program_is_its_own() {
        let mut command = Cli::command();
        command.build();
        for subcommand in command.get_subcommands() {
            let name = subcommand.get_name();
            let behind = SUBCOMMANDS.iter().find(|(known, _)| *known == name).map(|(_, behind)| *behind);
            let behind = behind.unwrap_or_else(|| panic!("`{name}` is missing in SUBCOMMANDS"));
            let takes_words = subcommand.get_arguments().any(|arg| arg.get_id() == "words");
            assert_eq!(takes_words, behind == Behind::Arguments, "{name}: ProgramArgs is for such programs");
            let many = subcommand.get_positionals().any(|arg| arg.is_trailing_var_arg_set());
            assert_eq!(many, behind == Behind::Arguments, "{name}");
            if behind != Behind::Arguments {
                continue;
            }
            let mut all: Vec<Vec<String>> = subcommand.get_arguments().flat_map(forms).collect();
            assert!(all.len() > 25, "{name}: {}", all.len());
            all.extend(["--", "-", "-5", "--unknown", "--unknown=1", "-xyz", ""].map(|w| vec![w.to_owned()]));
            for form in all {
                for before in [&[][..], &["--fuel", "7"], &["--fuel=7"]] {
                    let mut words = vec!["p.py".to_owned()];
                    words.extend(form.iter().cloned());
                    words.push("last".to_owned());
                    let mut line = vec!["hotspot".to_owned(), name.to_owned()];
                    line.extend(before.iter().map(|word| (*word).to_owned()));
                    line.extend(words.iter().cloned());
                    let matches = Cli::command().try_get_matches_from(&line);
                    let matches = matches.unwrap_or_else(|error| panic!("{line:?}: {error}"));
                    let (_, matches) = matches.subcommand().unwrap();
                    let got: Vec<&String> = matches.get_many("words").unwrap().collect();
                    assert_eq!(got, words.iter().collect::<Vec<_>>(), "{line:?}");
                    let given = |arg: &&clap::Id| {
                        let source = matches.value_source(arg.as_str());
                        source == Some(clap::parser::ValueSource::CommandLine)
                            && matches.try_get_raw(arg.as_str()).is_ok()
                    };
                    let ids: Vec<&clap::Id> = subcommand.get_arguments().map(clap::Arg::get_id).collect();
                    let set: Vec<&str> = ids.iter().filter(|id| given(id)).map(|id| id.as_str()).collect();
                    let expected: &[&str] = if before.is_empty() { &["words"] } else { &["fuel", "words"] };
                    assert!(
                        set.iter().all(|id| expected.contains(id)) && set.len() == expected.len(),
                        "{line:?}: {set:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn run_may_be_left_out() {
        let completed = |words: &[&str]| {
            let words = ["hotspot"].iter().chain(words).map(OsString::from);
            super::completed(words)[1..].iter().map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        for run in [&["p.py"][..], &["p.hasm", "check"], &["./p"], &["-"], &["--stats", "p"], &["-v", "p.py"]]
        {
            assert_eq!(completed(run)[0], "run", "{run:?}");
            assert_eq!(completed(run)[1..], *run);
        }
        for other in
            [&["run", "p.py"][..], &["chekc", "p.py"], &["--help"], &["-h"], &["-V"], &["help", "run"], &[]]
        {
            assert_eq!(completed(other), other, "{other:?}");
        }
    }
}
