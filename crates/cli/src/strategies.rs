//! `hotspot compare --strategies`: the ways to choose what is optimized, side by side on one program.
//!
//! It measures `profile -> detect -> compile -> cache -> execute -> deoptimise` from outside, as [`crate::compare`]
//! does, and keeps its invariants: the ways take turns, nobody listens, every run must give the same answer.

use crate::compare::{Answer, Run, Subject, Times, Trouble, agree, ratio, run_once};
use crate::speedup::{Speedup, Verdict};
use crate::text::{self, Table, duration, thousands};
use hotspotvm::{Options, Stats, Stop, Strategy, Tier};
use serde_json::{Value, json};

/// What one strategy needed.
struct Column {
    strategy: Strategy,
    whole: Times,
    compiling: Times,
    /// Of the run whose time was nearest to the median.
    stats: Stats,
    /// Nanoseconds that an instruction takes when it is only interpreted.
    interpreted_instruction: f64,
}

/// All strategies on one program.
pub(crate) struct Comparison {
    runs: u32,
    interpreted: Times,
    columns: Vec<Column>,
    /// How the program ended, if not well.
    pub(crate) stop: Option<Stop>,
}

/// Runs a program by each strategy and interpreted, `runs` times each.
///
/// # Errors
/// If the runs cannot be compared, or do not agree.
pub(crate) fn measure(subject: &Subject, options: &Options, runs: u32) -> Result<Comparison, Trouble> {
    let interpreted = Options { max_tier: Tier::Interpreter, ..options.clone() };
    let by = |strategy| Options { strategy, ..options.clone() };
    let ways: Vec<Options> = std::iter::once(interpreted).chain(Strategy::ALL.map(by)).collect();
    let mut first: Option<(Answer, Option<Stop>)> = None;
    let mut seen: Vec<Vec<Stats>> = vec![Vec::new(); ways.len()];
    for round in 0..runs as usize {
        // Each way comes first as often as the others.
        for turn in 0..ways.len() {
            let at = (round + turn) % ways.len();
            let Run { answer, stats, stop } = run_once(subject, &ways[at])?;
            match &first {
                Some((first, _)) => {
                    let way = if at == 0 {
                        "only interpreted".to_owned()
                    } else {
                        format!("compiling by {}", ways[at].strategy)
                    };
                    agree(first, &answer, &way).map_err(Trouble::Differs)?;
                }
                None => first = Some((answer, stop)),
            }
            seen[at].push(stats);
        }
    }
    let whole = |stats: &[Stats]| Times::new(stats.iter().map(|stats| stats.total_ns).collect());
    let interpreted = whole(&seen[0]);
    let instructions = seen[0].first().map_or(0, |stats| stats.interpreter_instructions);
    let interpreted_instruction = ratio(interpreted.median(), instructions as f64);
    let columns = Strategy::ALL.into_iter().zip(seen.drain(..).skip(1)).map(|(strategy, stats)| {
        let times = whole(&stats);
        let compiling = Times::new(stats.iter().map(|stats| stats.compile_ns).collect());
        let distance = |stats: &Stats| (stats.total_ns as f64 - times.median()).abs();
        let nearest = stats.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let stats = nearest.unwrap_or_default();
        Column { strategy, whole: times, compiling, stats, interpreted_instruction }
    });
    let columns = columns.collect();
    Ok(Comparison { runs, interpreted, columns, stop: first.and_then(|(_, stop)| stop) })
}

impl Column {
    /// Nanoseconds for a round of a loop in compiled code, and for its instructions interpreted, if there were any.
    fn rounds(&self) -> Option<(f64, f64)> {
        let rounds = self.stats.jit_iterations;
        let instructions = ratio(self.stats.jit_instructions as f64, rounds as f64);
        (rounds > 0).then(|| (self.stats.ns_per_jit_iteration(), instructions * self.interpreted_instruction))
    }

    /// After how many rounds compiling has paid for itself, if it is faster than the interpreter by `speedup`.
    fn break_even(&self, speedup: Speedup) -> Option<u64> {
        let (compiled, interpreted) = self.rounds()?;
        let saved = interpreted - compiled;
        let gains = speedup.verdict() == Verdict::Gain;
        (gains && saved > 0.0).then(|| (self.compiling.median() / saved).ceil() as u64)
    }

    fn exits(&self) -> u64 {
        self.stats.exits.iter().map(|(_, count)| count).sum()
    }

    fn as_json(&self, speedup: Speedup) -> Value {
        json!({
            "speedup": speedup.as_json(),
            "strategy": self.strategy.name(),
            "whole": self.whole.as_json(),
            "compile_ns": self.compiling.median(),
            "compilations": self.stats.compilations,
            "code_bytes": self.stats.code_bytes,
            "baseline_entries": self.stats.baseline_entries,
            "optimized_entries": self.stats.jit_entries,
            "exits": self.stats.exits,
            "deoptimisations": self.stats.deopts,
            "compiled_rounds": self.stats.jit_iterations,
            "compiled_ns_per_round": self.rounds().map(|(compiled, _)| compiled),
            "break_even_rounds": self.break_even(speedup),
        })
    }
}

impl Comparison {
    /// How many times faster a strategy is than the interpreter.
    fn speedup(&self, column: &Column) -> Speedup {
        Speedup::of(&self.interpreted, &column.whole)
    }

    /// For people.
    pub(crate) fn report(&self) -> String {
        let mut out = format!(
            "{} each way, in turns; times are medians:\n\n",
            text::counted(self.runs as usize, "run")
        );
        let head: Vec<&str> =
            std::iter::once("").chain(self.columns.iter().map(|c| c.strategy.name())).collect();
        let mut table = Table::new(&head);
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let mut row = |name: &str, of: &dyn Fn(&Column) -> String| {
            table.row(name, &self.columns.iter().map(of).collect::<Vec<_>>());
        };
        row("whole run", &|c| duration(c.whole.median()));
        row("times faster (95 % sure: between)", &|c| self.speedup(c).cell());
        row("compiling", &|c| duration(c.compiling.median()));
        row("compilations, baseline included", &|c| thousands(c.stats.compilations));
        row("code bytes", &|c| thousands(c.stats.code_bytes));
        row("entries, baseline code", &|c| thousands(c.stats.baseline_entries));
        row("entries, optimized code", &|c| thousands(c.stats.jit_entries));
        row("exits", &|c| thousands(c.exits()));
        row("deoptimisations", &|c| thousands(c.stats.deopts));
        row("time of a round, compiled", &|c| or_dash(c.rounds().map(|(compiled, _)| duration(compiled))));
        row("break-even, in rounds", &|c| or_dash(c.break_even(self.speedup(c)).map(thousands)));
        out.push_str(&table.text());
        out.push_str("\nAll runs printed the same, used the same fuel and ended alike.\n");
        out
    }

    /// For programs.
    pub(crate) fn as_json(&self, program: &str) -> Value {
        json!({
            "program": program,
            "runs": self.runs,
            "interpreted": self.interpreted.as_json(),
            "strategies": self.columns.iter().map(|c| c.as_json(self.speedup(c))).collect::<Vec<_>>(),
        })
    }
}
