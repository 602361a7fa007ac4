//! `hotspot sweep`: the same program under many thresholds, measured: which is best?
//!
//! It measures *detect* in `profile -> detect -> compile -> cache -> execute -> deoptimise` from outside. Invariants:
//! the cells of the grid take turns, each round beginning with another one, so that a busy machine slows all alike;
//! each run has an engine of its own, and nobody listens; every run must give the same output, result and fuel as the
//! first one; no cell is called better where the runs do not show it.

mod picture;
mod series;
mod thresholds;

pub(crate) use thresholds::Thresholds;

use crate::args::SweepArgs;
use crate::compare::{Answer, Subject, Times, Trouble, agree, run_once};
use crate::load::{self, Loaded};
use crate::report::{self, Failure, Status, complain};
use crate::run::{self, OutFile};
use crate::speedup::{Speedup, Verdict};
use crate::streams::{self, Failed, SharedInput};
use crate::text::{self, Table, duration, thousands};
use hotspotvm::{Options, Stop, Strategy};
use serde_json::{Value, json};
use series::Series;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often each cell is run at the most.
const MOST_ROUNDS: usize = 101;

/// The most cells of a grid.
const MOST_CELLS: usize = 400;

/// Where one engine is set to, and what was measured there.
pub(crate) struct Cell {
    strategy: Strategy,
    hotspot: u64,
    optimizing: u64,
    times: Times,
    compilations: u64,
}

/// What a cell is, next to the best.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    /// Its median is the lowest.
    Best,
    /// No difference to the best shows.
    AsGood,
    /// So many times slower than the best.
    Slower(f64),
}

/// A grid of settings, and what was measured.
pub(crate) struct Sweep {
    hotspots: Vec<u64>,
    optimizings: Vec<u64>,
    strategies: Vec<Strategy>,
    /// By strategy, then threshold, then optimizing threshold.
    cells: Vec<Cell>,
    rounds: usize,
    best: usize,
}

/// Runs the command.
///
/// # Errors
/// If the program did not start, the grid is too large, or something could not be written.
pub(crate) fn sweep(args: &SweepArgs) -> Result<Status, Failure> {
    let path = args.program.program();
    let Loaded { program, python, .. } = load::load(path, args.program.language.language)?;
    let python = python.as_ref();
    let words = args.program.args();
    // Each value of the last argument, and what the program is given then.
    let mut inputs = Vec::new();
    match &args.iterations {
        None => inputs.push((None, run::arguments(&program, python, words)?)),
        Some(values) => {
            let before = &words[..words.len().saturating_sub(1)];
            for value in values.points(args.points) {
                let words = [before, &[value.to_string()]].concat();
                inputs.push((Some(value), run::arguments(&program, python, &words)?));
            }
        }
    }
    let svg = args.svg.as_deref().map(|file| OutFile::create(path, file)).transpose()?;
    let hurried = args.setup.timeout.is_some();
    let input: Box<dyn std::io::Read> =
        if path == "-" { Box::new(std::io::empty()) } else { streams::input(hurried) };
    let input = SharedInput::new(input);
    let mut options = args.setup.options();
    if let Some(python) = python {
        options = python.options(options, args.setup.has_depth());
    }
    let hotspots = args.threshold.points(args.points);
    let optimizings = match &args.optimizing_threshold {
        Some(range) => range.points(args.points),
        None => vec![options.optimizing_threshold],
    };
    let strategies = args.strategy.as_ref().map_or_else(|| vec![options.strategy], |all| all.to_vec());
    let cells = hotspots.len() * optimizings.len() * strategies.len() * inputs.len();
    if cells > MOST_CELLS {
        let failure =
            Failure::refused(format!("a grid of {cells} cells is too large; {MOST_CELLS} are possible"));
        return Err(failure.with_help("--points says how many thresholds of a range are tried"));
    }
    let grid = Grid { hotspots, optimizings, strategies };
    let budget = args.seconds / inputs.len().max(1) as u32;
    let mut swept = Series::default();
    for (iterations, arguments) in inputs {
        let subject = Subject { program: program.clone(), arguments, input: input.clone() };
        match grid.measure(&subject, &options, budget) {
            Ok(Swept::Grid(sweep)) => swept.add(iterations, sweep),
            Ok(Swept::Ended(stop)) => {
                complain("error: the program ends with an error, so there is nothing to measure");
                return Ok(run::ended(&stop, python, &Failed::default()));
            }
            Err(Trouble::Time(stop)) => {
                complain("error: a run was stopped by its time limit, so there is nothing to measure");
                return Ok(run::ended(&stop, python, &Failed::default()));
            }
            Err(Trouble::Differs(message)) => {
                complain(&format!("error: {}", text::lines(&message)));
                complain("  This is a fault in HotspotVM, not in the program: all cells must agree.");
                return Ok(Status::Differs);
            }
        }
    }
    if let Some(mut svg) = svg {
        svg.text(&swept.picture(path));
        svg.finish()?;
    }
    let shown = if args.json { format!("{:#}\n", swept.as_json(path)) } else { swept.report() };
    report::show(&shown)?;
    Ok(Status::Ok)
}

/// What is to be measured.
#[derive(Clone)]
struct Grid {
    hotspots: Vec<u64>,
    optimizings: Vec<u64>,
    strategies: Vec<Strategy>,
}

/// What measuring gave.
enum Swept {
    /// Times for all cells.
    Grid(Sweep),
    /// Nothing: the program ends with an error.
    Ended(Stop),
}

impl Grid {
    /// The settings of each cell.
    fn options(&self, options: &Options) -> Vec<Options> {
        let mut all = Vec::new();
        for &strategy in &self.strategies {
            for &hotspot_threshold in &self.hotspots {
                for &optimizing_threshold in &self.optimizings {
                    let base = options.clone();
                    all.push(Options { strategy, hotspot_threshold, optimizing_threshold, ..base });
                }
            }
        }
        all
    }

    fn measure(&self, subject: &Subject, options: &Options, budget: Duration) -> Result<Swept, Trouble> {
        let settings = self.options(options);
        // Not counted: the first run of a process makes what all later ones find.
        let first = run_once(subject, options)?;
        if let Some(stop) = first.stop {
            return Ok(Swept::Ended(stop));
        }
        let mut times: Vec<Vec<u64>> = vec![Vec::new(); settings.len()];
        let mut compilations = vec![0; settings.len()];
        let start = Instant::now();
        let mut progress = Progress::new(start, budget, settings.len());
        'rounds: for round in 0..MOST_ROUNDS {
            for turn in 0..settings.len() {
                let at = (round + turn) % settings.len();
                let run = run_once(subject, &settings[at])?;
                check(&first.answer, &run.answer, &settings[at])?;
                times[at].push(run.stats.total_ns);
                compilations[at] = run.stats.compilations;
                progress.tell(round * settings.len() + turn + 1);
                // Each cell is run once, whatever the budget.
                if round > 0 && start.elapsed() >= budget {
                    break 'rounds;
                }
            }
            if start.elapsed() >= budget {
                break;
            }
        }
        progress.clear();
        let rounds = times.iter().map(Vec::len).min().unwrap_or(0);
        let measured = settings.iter().zip(times).zip(compilations);
        let cells: Vec<Cell> = measured
            .map(|((options, times), compilations)| Cell {
                strategy: options.strategy,
                hotspot: options.hotspot_threshold,
                optimizing: options.optimizing_threshold,
                times: Times::new(times),
                compilations,
            })
            .collect();
        let Grid { hotspots, optimizings, strategies } = self.clone();
        Ok(Swept::Grid(Sweep { best: best(&cells), hotspots, optimizings, strategies, cells, rounds }))
    }
}

fn check(first: &Answer, other: &Answer, options: &Options) -> Result<(), Trouble> {
    let Options { strategy, hotspot_threshold, optimizing_threshold, .. } = options;
    let way = format!("with thresholds {hotspot_threshold} and {optimizing_threshold}, strategy {strategy},");
    agree(first, other, &way).map_err(Trouble::Differs)
}

/// The cell with the lowest median, the first of several.
fn best(cells: &[Cell]) -> usize {
    let medians = cells.iter().map(|cell| cell.times.median()).enumerate();
    medians.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at)
}

impl Sweep {
    fn mark(&self, at: usize) -> Mark {
        if at == self.best {
            return Mark::Best;
        }
        let (cell, best) = (&self.cells[at].times, &self.cells[self.best].times);
        match Speedup::of(cell, best) {
            known @ Speedup::Known { factor, .. } if known.verdict() == Verdict::Gain => Mark::Slower(factor),
            _ => Mark::AsGood,
        }
    }

    /// Whether the runs are long and many enough to tell cells apart.
    fn tells(&self) -> bool {
        let best = &self.cells[self.best].times;
        matches!(Speedup::of(best, best), Speedup::Known { .. })
    }

    /// The grid as text.
    fn report(&self) -> String {
        let runs = text::counted(self.rounds, "run");
        let mut out = format!("{} cells, {runs} each, in turns:\n\n", thousands(self.cells.len() as u64));
        let mut table = Table::new(&[
            "threshold",
            "optimizing",
            "strategy",
            "median",
            "fastest",
            "slowest",
            "compiled",
            "next to the best",
        ]);
        for (at, cell) in self.cells.iter().enumerate() {
            let mark = match self.mark(at) {
                Mark::Best => "best".to_owned(),
                Mark::AsGood if !self.tells() => "?".to_owned(),
                Mark::AsGood => "no difference shows".to_owned(),
                Mark::Slower(factor) => format!("{factor:.2}x slower"),
            };
            let [median, fastest, slowest] = cell.times.row();
            let (optimizing, strategy) = (thousands(cell.optimizing), cell.strategy.to_string());
            let compiled = thousands(cell.compilations);
            let cells = [optimizing, strategy, median, fastest, slowest, compiled, mark];
            table.row(&thousands(cell.hotspot), &cells);
        }
        out.push_str(&table.text());
        out.push('\n');
        out.push_str(&text::wrapped("", &self.words()));
        out
    }

    fn words(&self) -> String {
        let best = &self.cells[self.best];
        let settings = format!(
            "threshold {}, optimizing threshold {}, strategy {}",
            thousands(best.hotspot),
            thousands(best.optimizing),
            best.strategy
        );
        let median = duration(best.times.median());
        if !self.tells() {
            return format!(
                "The lowest median, {median}, is that of {settings}. But the runs are too short or too few to tell the cells apart: give the program \
                 more to do, or the sweep more --seconds."
            );
        }
        let others = (0..self.cells.len()).filter(|&at| self.mark(at) == Mark::AsGood).count();
        let also = match others {
            0 => "every other cell is surely slower (95 %)".to_owned(),
            n => format!("of {}, these runs show no difference to it", text::counted(n, "other cell")),
        };
        format!("Best: {settings}, {median}; {also}.")
    }

    /// The cells, for programs.
    fn cells_as_json(&self, iterations: Option<u64>) -> Vec<Value> {
        let cells = self.cells.iter().enumerate().map(|(at, cell)| {
            let mark = match self.mark(at) {
                Mark::Best => "best",
                Mark::AsGood => "no_difference",
                Mark::Slower(_) => "slower",
            };
            let mut shown = json!({
                "hotspot_threshold": cell.hotspot,
                "optimizing_threshold": cell.optimizing,
                "strategy": cell.strategy,
                "times": cell.times.as_json(),
                "runs": cell.times.all().len(),
                "compilations": cell.compilations,
                "next_to_best": mark,
            });
            if let Some(iterations) = iterations {
                shown["iterations"] = json!(iterations);
            }
            shown
        });
        cells.collect()
    }
}

/// How far the sweep is, on a terminal; elsewhere nothing.
struct Progress {
    shown: bool,
    start: Instant,
    budget: Duration,
    cells: usize,
    last: Option<Instant>,
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(200);

    fn new(start: Instant, budget: Duration, cells: usize) -> Progress {
        Progress { shown: std::io::stderr().is_terminal(), start, budget, cells, last: None }
    }

    /// So many runs have been made.
    fn tell(&mut self, runs: usize) {
        if !self.shown || self.last.is_some_and(|last| last.elapsed() < Self::EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        let elapsed = self.start.elapsed();
        let left = left(elapsed, self.budget, runs, self.cells).as_secs_f64();
        let _ = write!(
            std::io::stderr().lock(),
            "\r{}, about {left:.0} s left \x1b[K",
            text::counted(runs, "run")
        );
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// How long it will take from here on: the budget, but each cell once.
fn left(elapsed: Duration, budget: Duration, runs: usize, cells: usize) -> Duration {
    let a_round = elapsed.mul_f64(cells as f64 / runs.max(1) as f64);
    let all = elapsed.mul_f64((cells * MOST_ROUNDS) as f64 / runs.max(1) as f64);
    budget.max(a_round).min(all).saturating_sub(elapsed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn swept(times: &[&[u64]]) -> Sweep {
        let cells: Vec<Cell> = times
            .iter()
            .enumerate()
            .map(|(at, times)| Cell {
                strategy: Strategy::Region,
                hotspot: 10u64.pow(at as u32),
                optimizing: 10_000,
                times: Times::new(times.iter().map(|ms| ms * 1_000_000).collect()),
                compilations: 2,
            })
            .collect();
        let hotspots = cells.iter().map(|cell| cell.hotspot).collect();
        let strategies = vec![Strategy::Region];
        Sweep {
            hotspots,
            optimizings: vec![10_000],
            strategies,
            rounds: times[0].len(),
            best: best(&cells),
            cells,
        }
    }

    #[test]
    fn what_is_as_good_within_noise_is_told_so() {
        let sweep = swept(&[
            &[50, 51, 52, 53, 54],
            &[10, 11, 12, 13, 14],
            &[11, 12, 10, 14, 13],
            &[99, 98, 97, 96, 95],
        ]);
        let marks: Vec<Mark> = (0..4).map(|at| sweep.mark(at)).collect();
        assert!(
            matches!(marks[..], [Mark::Slower(_), Mark::Best, Mark::AsGood, Mark::Slower(_)]),
            "{marks:?}"
        );
        assert!(sweep.words().contains("threshold 10,"), "{}", sweep.words());
        assert!(
            sweep.words().contains("of 1 other cell, these runs show no difference"),
            "{}",
            sweep.words()
        );
        let mut series = Series::default();
        series.add(None, sweep);
        assert_eq!(series.sheets()[0].nanos[1], [Some(12e6)]);
    }

    #[test]
    fn a_sheet_has_a_column_for_each_number_of_iterations() {
        let mut series = Series::default();
        series.add(Some(100), swept(&[&[5, 5, 5], &[1, 1, 1]]));
        series.add(Some(1_000), swept(&[&[6, 6, 6], &[9, 9, 9]]));
        let sheets = series.sheets();
        assert_eq!((sheets.len(), &sheets[0].columns), (1, &vec![100, 1_000]));
        assert_eq!(sheets[0].nanos, [[Some(5e6), Some(6e6)], [Some(1e6), Some(9e6)]]);
        assert_eq!(series.as_json("p")["cells"][2]["iterations"], 1_000);
        // The best of each column is framed.
        assert_eq!(series.picture("p").matches("class=\"o\"").count(), 2);
    }

    #[test]
    fn nothing_is_told_apart_by_few_runs() {
        let sweep = swept(&[&[50], &[10]]);
        assert!(!sweep.tells() && sweep.words().contains("too short or too few"), "{}", sweep.words());
    }

    #[test]
    fn the_estimate_is_the_budget_or_one_round() {
        let s = Duration::from_secs;
        assert_eq!(left(s(2), s(10), 10, 5), s(8));
        assert_eq!(left(s(2), s(1), 1, 5), s(8));
        assert_eq!(left(s(1), s(1_000_000), 5, 5), s(100));
    }
}
