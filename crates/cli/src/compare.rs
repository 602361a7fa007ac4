//! `hotspot compare`: the same program with and without compiling, side by side.
//!
//! It measures `profile -> detect -> compile -> cache -> execute -> deoptimise` from outside. Invariants: the two ways
//! take turns, each going first as often as the other; nobody listens to events while time is taken; every run
//! must give the same output, result and fuel as the first one; what is said of break-even is said only where a gain shows.

use crate::args::CompareArgs;
use crate::load::{self, Loaded};
use crate::report::{self, Failure, Status, complain};
use crate::run;
use crate::speedup::{Speedup, Verdict};
use crate::strategies;
use crate::streams::{self, Capture, Captured, Failed, SharedInput};
use crate::text::{self, Table, duration, thousands};
use hotspotvm::bytecode::Verified;
use hotspotvm::runtime::num::Output;
use hotspotvm::runtime::{Io, LimitKind, Stop, StopKind};
use hotspotvm::{Engine, Event, Options, Stats, Tier};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Runs the command.
///
/// # Errors
/// If the program did not start, or standard output fails.
pub(crate) fn compare(args: &CompareArgs) -> Result<Status, Failure> {
    let path = args.program.program();
    let Loaded { program, python, .. } = load::load(path, args.program.language.language)?;
    let python = python.as_ref();
    let arguments = run::arguments(&program, python, args.program.args())?;
    let mut options = args.engine.options();
    if let Some(python) = python {
        options = python.options(options, args.engine.has_depth());
    }
    let hurried = options.limits.timeout.is_some();
    let input: Box<dyn std::io::Read> =
        if path == "-" { Box::new(std::io::empty()) } else { streams::input(hurried) };
    let subject = Subject { program, arguments, input: SharedInput::new(input) };
    let shown = if args.strategies {
        strategies::measure(&subject, &options, args.runs).map(|c| Shown {
            text: if args.json { format!("{:#}\n", c.as_json(path)) } else { c.report() },
            stop: c.stop,
        })
    } else {
        measure(&subject, &options, args.runs).map(|c| Shown {
            text: if args.json { format!("{:#}\n", c.as_json(path)) } else { c.report() },
            stop: c.stop,
        })
    };
    let shown = match shown {
        Ok(shown) => shown,
        Err(Trouble::Time(stop)) => {
            complain("error: a run was stopped by its time limit, so there is nothing to compare");
            return Ok(run::ended(&stop, python, &Failed::default()));
        }
        Err(Trouble::Differs(message)) => {
            complain(&format!("error: {}", text::lines(&message)));
            complain("  This is a fault in HotspotVM, not in the program: the two ways must agree.");
            return Ok(Status::Differs);
        }
    };
    report::show(&shown.text)?;
    Ok(match &shown.stop {
        Some(stop) => run::ended(stop, python, &Failed::default()),
        None => Status::Ok,
    })
}

/// A comparison as it is shown, and how the program ended if not well.
struct Shown {
    text: String,
    stop: Option<Stop>,
}

/// What is run.
pub(crate) struct Subject {
    /// The program.
    pub(crate) program: Arc<Verified>,
    /// What it is given.
    pub(crate) arguments: Vec<Output>,
    /// What it reads.
    pub(crate) input: SharedInput,
}

/// Why nothing could be compared.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The time limit stopped a run: when, depends on the machine.
    Time(Stop),
    /// Two runs gave two answers: which ones.
    Differs(String),
}

/// The times of one way, in nanoseconds, in order of size.
#[derive(Debug)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    pub(crate) fn new(mut times: Vec<u64>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[u64] {
        &self.0
    }

    /// The middle one; between two, their mean.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.get(middle) {
            None => 0.0,
            Some(&upper) if self.0.len() % 2 == 1 => upper as f64,
            Some(&upper) => self.0[middle - 1] as f64 / 2.0 + upper as f64 / 2.0,
        }
    }

    fn fastest(&self) -> u64 {
        self.0.first().copied().unwrap_or(0)
    }

    fn slowest(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    pub(crate) fn row(&self) -> [String; 3] {
        [self.median(), self.fastest() as f64, self.slowest() as f64].map(duration)
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({ "median_ns": self.median(), "min_ns": self.fastest(), "max_ns": self.slowest() })
    }
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Comparison {
    runs: u32,
    interpreted: Times,
    compiled: Times,
    compiling: Times,
    first_compiling: u64,
    /// Counts and times of a run that was compiled: the one whose time was nearest to the median.
    stats: Stats,
    /// Nanoseconds for an instruction, only interpreted.
    ns_per_instruction: f64,
    output_bytes: u64,
    /// The result, or the error, in one line.
    ending: String,
    stop: Option<Stop>,
    /// Why nothing was compiled, if nothing was.
    not_compiled: Option<String>,
}

/// What must not depend on how a program is run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    ending: String,
    fuel: u64,
    output: Captured,
}

/// One run.
pub(crate) struct Run {
    pub(crate) answer: Answer,
    pub(crate) stop: Option<Stop>,
    pub(crate) stats: Stats,
}

/// Runs a program once.
pub(crate) fn run_once(subject: &Subject, options: &Options) -> Result<Run, Trouble> {
    let options = Options { timing: true, listings: false, ..options.clone() };
    let capture = Capture::default();
    let io = subject.input.io(&capture);
    let outcome = Engine::new(options).run(Arc::clone(&subject.program), &subject.arguments, io);
    let (ending, stop) = match outcome.result {
        Ok(value) => (format!("{} ({})", run::shown(&value), value.operand().type_name()), None),
        Err(stop) if stop.kind == StopKind::Limit(LimitKind::Time) => return Err(Trouble::Time(stop)),
        Err(stop) => (stop.to_string(), Some(stop)),
    };
    let answer = Answer { ending, fuel: outcome.stats.fuel_used, output: capture.get() };
    Ok(Run { answer, stop, stats: outcome.stats })
}

/// Runs a program both ways, `runs` times each.
///
/// # Errors
/// If the runs cannot be compared, or do not agree.
pub(crate) fn measure(subject: &Subject, options: &Options, runs: u32) -> Result<Comparison, Trouble> {
    let mut first: Option<Run> = None;
    let (mut interpreted, mut compiled) = (Vec::new(), Vec::new());
    for round in 0..runs {
        let order = if round % 2 == 0 { [false, true] } else { [true, false] };
        for jit in order {
            let max_tier = if jit { options.max_tier } else { Tier::Interpreter };
            let run = run_once(subject, &Options { max_tier, ..options.clone() })?;
            if let Some(first) = &first {
                let way = if jit { "with compiling" } else { "only interpreted" };
                agree(&first.answer, &run.answer, way).map_err(Trouble::Differs)?;
            }
            let side = if jit { &mut compiled } else { &mut interpreted };
            side.push(run.stats.clone());
            first.get_or_insert(run);
        }
    }
    let times = |side: &[Stats], of: fn(&Stats) -> u64| Times::new(side.iter().map(of).collect());
    let interpreted_times = times(&interpreted, |stats| stats.total_ns);
    let compiled_times = times(&compiled, |stats| stats.total_ns);
    let compiling = times(&compiled, |stats| stats.compile_ns);
    let first_compiling = compiled.first().map_or(0, |stats| stats.compile_ns);
    let median = compiled_times.median();
    let nearest = compiled
        .into_iter()
        .min_by(|a, b| (a.total_ns as f64 - median).abs().total_cmp(&(b.total_ns as f64 - median).abs()));
    let stats = nearest.unwrap_or_default();
    let instructions = interpreted.first().map_or(0, |stats| stats.interpreter_instructions);
    let not_compiled = (stats.compilations == 0).then(|| why_not_compiled(subject, options));
    let (ending, output_bytes, stop) = match first {
        Some(run) => (run.answer.ending, run.answer.output.length(), run.stop),
        None => (String::new(), 0, None),
    };
    Ok(Comparison {
        runs,
        ns_per_instruction: ratio(interpreted_times.median(), instructions as f64),
        interpreted: interpreted_times,
        compiled: compiled_times,
        compiling,
        first_compiling,
        stats,
        output_bytes,
        ending,
        stop,
        not_compiled,
    })
}

/// Says how two answers differ, if they do.
pub(crate) fn agree(first: &Answer, other: &Answer, way: &str) -> Result<(), String> {
    if first == other {
        return Ok(());
    }
    if first.ending != other.ending {
        return Err(format!(
            "a run {way} ended with\n{}\nwhere the first run ended with\n{}",
            other.ending, first.ending
        ));
    }
    if first.output != other.output {
        let (a, b) = (first.output.text(), other.output.text());
        let line = a.lines().zip(b.lines()).position(|(a, b)| a != b);
        let line = line.map_or_else(String::new, |at| format!(", first in line {}", at + 1));
        return Err(format!("a run {way} printed something else than the first run{line}"));
    }
    Err(format!("a run {way} used {} fuel, where the first run used {}", other.fuel, first.fuel))
}

/// What the engine says about it, in a run of its own: while time is taken, nobody listens.
fn why_not_compiled(subject: &Subject, options: &Options) -> String {
    let reason: Rc<RefCell<Option<String>>> = Rc::default();
    let mut engine = Engine::new(options.clone());
    let heard = Rc::clone(&reason);
    engine.on_event(move |event| {
        let words = match event {
            Event::NoJit { why } => why.to_string(),
            Event::Refuse { at, why, .. } => format!("{at}: {why}"),
            _ => return,
        };
        heard.borrow_mut().get_or_insert(words);
    });
    let io: Io = subject.input.io(&Capture::default());
    let _ = engine.run(Arc::clone(&subject.program), &subject.arguments, io);
    let reason = reason.borrow_mut().take();
    reason.unwrap_or_else(|| "no loop of the program ran often enough to become hot".to_owned())
}

pub(crate) fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

impl Comparison {
    /// How many times faster the program was with compiling.
    pub(crate) fn speedup(&self) -> Speedup {
        Speedup::of(&self.interpreted, &self.compiled)
    }

    /// Nanoseconds for a round of a loop in compiled code, if there were any.
    fn compiled_round(&self) -> Option<f64> {
        (self.stats.jit_iterations > 0).then(|| self.stats.ns_per_jit_iteration())
    }

    /// Nanoseconds that the interpreter would have taken for such a round: its instructions at its speed.
    fn interpreted_round(&self) -> Option<f64> {
        let rounds = self.stats.jit_iterations;
        (rounds > 0).then(|| self.stats.jit_instructions as f64 / rounds as f64 * self.ns_per_instruction)
    }

    /// After how many rounds compiling has paid for itself: the time of compiling by what a round saves. Only where a gain shows.
    fn break_even(&self) -> Option<u64> {
        let saved = self.interpreted_round()? - self.compiled_round()?;
        let gains = self.speedup().verdict() == Verdict::Gain;
        (gains && saved > 0.0).then(|| (self.compiling.median() / saved).ceil() as u64)
    }

    /// The times as a table.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new(&["", "median", "fastest", "slowest"]);
        table.row("only interpreted", &self.interpreted.row());
        table.row("with compiling", &self.compiled.row());
        table.row("  of this, compiling", &self.compiling.row());
        table.text()
    }

    /// What the times mean, in words.
    pub(crate) fn words(&self) -> String {
        let mut out = String::new();
        if let Some(why) = &self.not_compiled {
            let why = text::line(&format!("nothing was compiled: {why}."));
            out.push_str(&text::wrapped("Compiling:  ", &why));
            out.push_str(&text::wrapped("Speedup:    ", "none: all runs were interpreted."));
            return out;
        }
        let speedup = self.speedup();
        out.push_str(&text::wrapped("Speedup:    ", &speedup.words()));
        let compiling = format!(
            "{} took {}; the first time in a process, {}.",
            text::counted(self.stats.compilations as usize, "compilation"),
            duration(self.compiling.median()),
            duration(self.first_compiling as f64)
        );
        out.push_str(&text::wrapped("Compiling:  ", &compiling));
        out.push_str(&text::wrapped("Break-even: ", &self.break_even_words(speedup.verdict())));
        out
    }

    fn break_even_words(&self, verdict: Verdict) -> String {
        let (Some(slow), Some(fast)) = (self.interpreted_round(), self.compiled_round()) else {
            return "not known: no round of a loop ran in compiled code.".to_owned();
        };
        let (slow, fast, ran) = (duration(slow), duration(fast), thousands(self.stats.jit_iterations));
        match (verdict, self.break_even()) {
            (Verdict::Unknown, _) => "not known: that takes a speedup that is sure.".to_owned(),
            (Verdict::Same, _) => "not known: no difference shows.".to_owned(),
            (Verdict::Loss, _) => {
                format!("not reached: {ran} rounds in compiled code gained less than compiling took.")
            }
            (Verdict::Gain, Some(rounds)) if rounds <= self.stats.jit_iterations => format!(
                "a round of a loop takes {slow} interpreted and {fast} compiled, so compiling has paid for itself after about \
                 {} rounds. The program ran {ran} of them compiled.",
                thousands(rounds),
            ),
            (Verdict::Gain, _) => format!(
                "the {ran} rounds in compiled code gained less than compiling took, but it was done on another thread meanwhile."
            ),
        }
    }

    fn report(&self) -> String {
        const SHOWN: usize = 200;
        let mut out = format!("{} each way, in turns:\n\n", text::counted(self.runs as usize, "run"));
        out.push_str(&self.table());
        out.push('\n');
        out.push_str(&self.words());
        let ending = match &self.stop {
            Some(stop) => format!("the same error, {}", stop.headline()),
            None => format!("the result {}", self.ending),
        };
        let mut ending = text::line(&ending);
        if ending.chars().count() > SHOWN {
            ending = ending.chars().take(SHOWN).chain(" and so on".chars()).collect();
        }
        let printed = match self.output_bytes {
            0 => "nothing".to_owned(),
            bytes => format!("the same {}", text::counted(bytes as usize, "byte")),
        };
        let answers = format!("all runs printed {printed}, used the same fuel and ended with {ending}.");
        out.push_str(&text::wrapped("Answers:    ", &answers));
        out
    }

    fn as_json(&self, program: &str) -> Value {
        json!({
            "program": program,
            "runs": self.runs,
            "interpreted": self.interpreted.as_json(),
            "compiled": self.compiled.as_json(),
            "speedup": self.speedup().as_json(),
            "compilations": self.stats.compilations,
            "compile_ns": self.compiling.median(),
            "first_compile_ns": self.first_compiling,
            "compiled_rounds": self.stats.jit_iterations,
            "interpreted_ns_per_round": self.interpreted_round(),
            "compiled_ns_per_round": self.compiled_round(),
            "break_even_rounds": self.break_even(),
            "not_compiled": self.not_compiled,
            "output_bytes": self.output_bytes,
            "ended_with": self.stop.as_ref().map_or_else(|| self.ending.clone(), Stop::headline),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn comparison(interpreted: &[u64], compiled: &[u64], compiling: u64) -> Comparison {
        let stats = Stats {
            compilations: 1,
            jit_iterations: 100,
            jit_instructions: 1_000,
            jit_ns: 500,
            ..Stats::default()
        };
        Comparison {
            runs: interpreted.len() as u32,
            interpreted: Times::new(interpreted.to_vec()),
            compiled: Times::new(compiled.to_vec()),
            compiling: Times::new(vec![compiling]),
            first_compiling: compiling,
            stats,
            ns_per_instruction: 2.0,
            output_bytes: 0,
            ending: "0 (int)".into(),
            stop: None,
            not_compiled: None,
        }
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(Times::new(vec![30, 10, 20]).median(), 20.0);
        assert_eq!(Times::new(vec![40, 10, 20, 30]).median(), 25.0);
        assert_eq!(Times::new(vec![u64::MAX, u64::MAX]).median(), u64::MAX as f64);
        assert_eq!(Times::new(Vec::new()).median(), 0.0);
    }

    #[test]
    fn compiling_pays_when_the_saved_time_makes_up_for_it() {
        // A round is 10 instructions: 20 ns interpreted, 5 ns compiled.
        let (slow, fast) = ([60_000_000; 5], [20_000_000; 5]);
        let c = comparison(&slow, &fast, 1_490);
        assert_eq!(c.break_even(), Some(100));
        assert!(c.words().contains("after about 100 rounds"), "{}", c.words());
        let long = comparison(&slow, &fast, 1_501);
        assert!(long.words().contains("on another thread"), "{}", long.words());
        let slower = Comparison { ns_per_instruction: 0.4, ..comparison(&fast, &slow, 5) };
        assert_eq!(slower.break_even(), None);
        let none = Comparison { stats: Stats::default(), ..comparison(&slow, &fast, 5) };
        assert_eq!(none.break_even(), None);
    }

    #[test]
    fn what_is_said_of_the_speedup_and_of_break_even_agrees() {
        for (interpreted, compiled, speedup, break_even) in [
            (&[1_000; 5], &[100; 5], "not known", "not known"),
            (&[60_000_000; 5], &[60_000_000; 5], "none that these runs show", "no difference shows"),
            (&[60_000_000; 5], &[70_000_000; 5], "slower", "not reached"),
            (&[60_000_000; 5], &[20_000_000; 5], "so many times faster", "has paid for itself"),
        ] {
            let words = comparison(interpreted, compiled, 100).words();
            let told = |start: &str| words.lines().any(|line| line.starts_with(start));
            assert!(told("Speedup:") && told("Break-even:"), "{words}");
            assert!(words.contains(speedup) && words.contains(break_even), "{words}");
            assert_eq!(
                words.contains("rounds. The program ran"),
                speedup == "so many times faster",
                "{words}"
            );
        }
    }

    #[test]
    fn answers_that_differ_are_described() {
        let answer = |text: &[u8], fuel| {
            let mut capture = Capture::default();
            std::io::Write::write_all(&mut capture, text).unwrap();
            Answer { ending: "0 (int)".into(), fuel, output: capture.get() }
        };
        let first = answer(b"a\nb\n", 5);
        assert_eq!(agree(&first, &answer(b"a\nb\n", 5), "with compiling"), Ok(()));
        let printed = agree(&first, &answer(b"a\nc\n", 5), "with compiling").unwrap_err();
        assert_eq!(
            printed,
            "a run with compiling printed something else than the first run, first in line 2"
        );
        let fuel = agree(&first, &answer(b"a\nb\n", 6), "only interpreted").unwrap_err();
        assert_eq!(fuel, "a run only interpreted used 6 fuel, where the first run used 5");
    }
}
