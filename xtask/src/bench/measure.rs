//! Measuring the kernels: outputs first, then time, in turns.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Each kernel
//! is run in two sizes. The difference of their times is time at full speed: starting and warming up are in both and
//! cancel out. All columns take turns (A B A B), so that a machine that is busy for a while slows all alike.
//! Invariants: nothing is timed whose output at a small size was wrong, and the output of every timed run is compared
//! with the reference's; what is computed instead of measured is marked.

use super::kernels::{Kernel, Sizes};
use super::peers::{Column, REFERENCE};
use super::process::{Run, Runner, Usage, same_output};
use super::stats::{median, spread};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Whether to use the small sizes.
    pub quick: bool,
    /// Turns, for those whose turns are short.
    pub rounds: usize,
    /// Seconds that all turns of one column with one kernel may take; then it has no further turn.
    pub budget: f64,
    /// Seconds above which a size is not run, but computed from a smaller one.
    pub slow: f64,
}

/// What came out for one kernel in one column.
#[derive(Clone, Debug)]
pub enum Cell {
    /// It ran.
    Measured(Measured),
    /// It does not exist in this language, or can't run there; why.
    None(String),
    /// It printed something else than it must; what.
    Wrong(String),
}

/// The times of one kernel in one column.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The runs of the smaller size.
    pub low: Vec<Usage>,
    /// The runs of the larger size.
    pub high: Vec<Usage>,
    /// How much more work is meant, if both sizes are smaller than those of the reference.
    pub scaled: Option<Scale>,
}

/// How much more work the sizes of the reference are than those that were run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Between the reference's two sizes, as a multiple of that between the two that were run.
    pub peak: f64,
    /// Between nothing and the reference's larger size, likewise.
    pub whole: f64,
}

impl Measured {
    /// Seconds of processor time between the two sizes, turn by turn.
    fn differences(&self) -> Vec<f64> {
        let scale = self.scaled.map_or(1.0, |s| s.peak);
        self.low.iter().zip(&self.high).map(|(low, high)| (high.cpu - low.cpu) * scale).collect()
    }

    /// Seconds of processor time at full speed for the work between the two sizes: the median.
    pub fn peak(&self) -> Option<f64> {
        median(&self.differences()).filter(|t| *t > 0.0)
    }

    /// The spread of [`Measured::peak`].
    pub fn peak_spread(&self) -> Option<f64> {
        spread(&self.differences())
    }

    /// Seconds of processor time for the whole process at the larger size.
    pub fn whole(&self) -> Option<f64> {
        let high = median(&self.high.iter().map(|u| u.cpu).collect::<Vec<_>>())?;
        let low = median(&self.low.iter().map(|u| u.cpu).collect::<Vec<_>>())?;
        // Where the size is too large to run: the start, and all the rest at full speed.
        Some(self.scaled.map_or(high, |s| low + (high - low) * s.whole))
    }

    /// The most memory, in bytes.
    pub fn memory(&self) -> Option<f64> {
        median(&self.high.iter().map(|u| u.memory as f64).collect::<Vec<_>>())
    }

    /// Whether times are computed from runs of a smaller size.
    pub fn is_scaled(&self) -> bool {
        self.scaled.is_some()
    }
}

/// What came out for one kernel.
#[derive(Clone, Debug)]
pub struct KernelResult {
    /// The kernel.
    pub kernel: Kernel,
    /// The sizes between which time at full speed is measured.
    pub sizes: (i64, i64),
    /// By the ids of columns.
    pub cells: BTreeMap<String, Cell>,
}

impl KernelResult {
    /// What was measured in a column, if anything was.
    pub fn measured(&self, column: &str) -> Option<&Measured> {
        match self.cells.get(column)? {
            Cell::Measured(measured) => Some(measured),
            Cell::None(_) | Cell::Wrong(_) => None,
        }
    }

    /// Time at full speed as a multiple of the reference's.
    pub fn peak_ratio(&self, column: &str) -> Option<f64> {
        Some(self.measured(column)?.peak()? / self.measured(REFERENCE)?.peak()?)
    }

    /// Whole-process time as a multiple of the reference's.
    pub fn whole_ratio(&self, column: &str) -> Option<f64> {
        Some(self.measured(column)?.whole()? / self.measured(REFERENCE)?.whole()?)
    }
}

/// One of the ratios of a [`KernelResult`] by a column's id.
pub type Ratio = fn(&KernelResult, &str) -> Option<f64>;

/// What is run for one column.
struct Entrant<'a> {
    column: &'a Column,
    command: Vec<OsString>,
    sizes: (i64, i64),
    scaled: Option<Scale>,
    spent: f64,
    low: Vec<Usage>,
    high: Vec<Usage>,
    wrong: Option<Cell>,
}

/// Measures one kernel in all columns. `work` says how much work a size is; it is asked for only to compute what is too
/// slow to run.
pub fn measure(
    kernel: &Kernel,
    columns: &[Column],
    runner: &Runner,
    build: &Path,
    effort: Effort,
    work: &dyn Fn(i64) -> Result<f64, String>,
) -> KernelResult {
    let sizes = kernel.sizes;
    let pair = if effort.quick { (sizes.args, sizes.quick) } else { (sizes.half, sizes.full) };
    let mut result = KernelResult { kernel: kernel.clone(), sizes: pair, cells: BTreeMap::new() };
    let mut entrants = Vec::new();
    let mut expected: Option<String> = None;
    for column in in_order_of_trust(columns) {
        match check(kernel, column, runner, build, &mut expected) {
            Ok(command) => entrants.push(Entrant {
                column,
                command,
                sizes: pair,
                scaled: None,
                spent: 0.0,
                low: Vec::new(),
                high: Vec::new(),
                wrong: None,
            }),
            Err(cell) => {
                result.cells.insert(column.id.clone(), cell);
            }
        }
    }
    if !effort.quick {
        for entrant in &mut entrants {
            shrink(entrant, kernel, runner, effort.slow, work);
        }
    }
    // The reference comes first, so that the others' outputs have something to be compared with.
    entrants.sort_by_key(|e| e.column.id != REFERENCE);
    take_turns(&mut entrants, runner, effort);
    for entrant in entrants {
        let cell = entrant.wrong.unwrap_or(Cell::Measured(Measured {
            low: entrant.low,
            high: entrant.high,
            scaled: entrant.scaled,
        }));
        result.cells.insert(entrant.column.id.clone(), cell);
    }
    result
}

/// How long a cycle of the processor is, in seconds: by additions that wait for each other.
///
/// # Errors
/// If the program for it can't be compiled or run.
pub fn cycle(root: &Path, reference: &Column, runner: &Runner, build: &Path) -> Result<f64, String> {
    const ROUNDS: i64 = 10_000_000;
    const CYCLES_A_ROUND: f64 = 16.0;
    let kernel = Kernel {
        name: "cycle".to_owned(),
        folder: root.join("benches"),
        about: String::new(),
        sizes: Sizes::default(),
        chain: None,
    };
    let command = reference.prepare(&kernel, build)?.ok_or("there is no benches/cycle.c")?;
    let mut measured = Measured::default();
    for _ in 0..7 {
        measured.low.push(run_at(runner, &command, ROUNDS)?.usage);
        measured.high.push(run_at(runner, &command, 2 * ROUNDS)?.usage);
    }
    let seconds = measured.peak().ok_or("a cycle took no time")?;
    Ok(seconds / (ROUNDS as f64 * CYCLES_A_ROUND))
}

/// The columns, with the one first whose output the others must equal: CPython's, else the reference's.
fn in_order_of_trust(columns: &[Column]) -> Vec<&Column> {
    let mut all: Vec<&Column> = columns.iter().collect();
    all.sort_by_key(|c| match c.id.as_str() {
        "cpython" => 0,
        REFERENCE => 1,
        _ => 2,
    });
    all
}

/// Runs a kernel at its smallest size and compares what it prints; the command if that is right.
fn check(
    kernel: &Kernel,
    column: &Column,
    runner: &Runner,
    build: &Path,
    expected: &mut Option<String>,
) -> Result<Vec<OsString>, Cell> {
    let command = column.prepare(kernel, build).map_err(Cell::None)?;
    let command = command.ok_or_else(|| Cell::None("not written in this language".to_owned()))?;
    let run = run_at(runner, &command, kernel.sizes.args).map_err(Cell::None)?;
    let expected = expected.get_or_insert_with(|| run.output.clone());
    if !same_output(expected, &run.output) {
        return Err(wrong(&run.output, expected));
    }
    Ok(command)
}

fn wrong(output: &str, expected: &str) -> Cell {
    let short = |text: &str| text.lines().take(3).collect::<Vec<_>>().join(" ");
    Cell::Wrong(format!("printed {} instead of {}", short(output), short(expected)))
}

fn run_at(runner: &Runner, command: &[OsString], size: i64) -> Result<Run, String> {
    let mut command = command.to_vec();
    command.push(size.to_string().into());
    runner.run(&command)
}

/// Gives an entrant smaller sizes if, by a run of the quick size, it is too slow for those of the others.
fn shrink(
    entrant: &mut Entrant<'_>,
    kernel: &Kernel,
    runner: &Runner,
    slow: f64,
    work: &dyn Fn(i64) -> Result<f64, String>,
) {
    let sizes = kernel.sizes;
    if entrant.column.id == REFERENCE {
        return;
    }
    let works = [sizes.args, sizes.quick, sizes.half, sizes.full].map(|size| work(size).ok());
    let [Some(args), Some(quick), Some(half), Some(full)] = works else { return };
    let runs = [sizes.args, sizes.quick].map(|size| run_at(runner, &entrant.command, size));
    let [Ok(low), Ok(high)] = runs else { return };
    // What it takes to start is no part of what grows.
    let scale = Scale { peak: (full - half) / (quick - args), whole: (full - args) / (quick - args) };
    if quick > args && (high.usage.cpu - low.usage.cpu) * scale.whole > slow {
        entrant.sizes = (sizes.args, sizes.quick);
        entrant.scaled = Some(scale);
    }
}

/// Runs all entrants round after round, until each has had all its turns or has used up its time.
fn take_turns(entrants: &mut [Entrant<'_>], runner: &Runner, effort: Effort) {
    let mut expected: BTreeMap<i64, String> = BTreeMap::new();
    for round in 0..effort.rounds {
        for entrant in entrants.iter_mut() {
            if entrant.wrong.is_some()
                || round > 0 && entrant.spent * (1.0 + 1.0 / round as f64) > effort.budget
            {
                continue;
            }
            for (size, is_high) in [(entrant.sizes.0, false), (entrant.sizes.1, true)] {
                let run = match run_at(runner, &entrant.command, size) {
                    Ok(run) => run,
                    Err(what) => {
                        entrant.wrong = Some(Cell::None(what));
                        break;
                    }
                };
                let expected = expected.entry(size).or_insert_with(|| run.output.clone());
                if !same_output(expected, &run.output) {
                    entrant.wrong = Some(wrong(&run.output, expected));
                    break;
                }
                entrant.spent += run.usage.wall;
                if is_high { &mut entrant.high } else { &mut entrant.low }.push(run.usage);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub mod tests {
    use super::*;

    /// Runs that took these seconds.
    pub fn usages(seconds: &[f64]) -> Vec<Usage> {
        seconds.iter().map(|s| Usage { wall: *s, cpu: *s, memory: 1 << 20 }).collect()
    }

    /// A result with one measured cell for each `(column, low, high)`.
    pub fn result(name: &str, cells: &[(&str, &[f64], &[f64])]) -> KernelResult {
        let measured = |low: &[f64], high: &[f64]| {
            Cell::Measured(Measured { low: usages(low), high: usages(high), scaled: None })
        };
        KernelResult {
            kernel: Kernel {
                name: name.to_owned(),
                folder: Default::default(),
                about: format!("What {name} does."),
                sizes: Sizes { args: 1, quick: 2, half: 3, full: 4 },
                chain: None,
            },
            sizes: (3, 4),
            cells: cells.iter().map(|(id, low, high)| ((*id).to_owned(), measured(low, high))).collect(),
        }
    }

    #[test]
    fn starting_and_warming_up_cancel_out() {
        // One starts slowly (a second), both do the work in a second.
        let result = result("k", &[("gcc", &[1.0], &[2.0]), ("hotspot", &[2.0], &[3.0])]);
        assert_eq!(result.peak_ratio("hotspot"), Some(1.0));
        assert_eq!(result.whole_ratio("hotspot"), Some(1.5));
        assert_eq!(result.peak_ratio("lua"), None);
    }

    #[test]
    fn the_time_at_full_speed_is_the_median_of_the_turns() {
        let result = result("k", &[("gcc", &[1.0, 1.0, 1.0], &[2.0, 9.0, 2.5])]);
        let measured = result.measured("gcc").unwrap();
        assert_eq!(measured.peak(), Some(1.5));
        assert_eq!(measured.whole(), Some(2.5));
        assert_eq!(measured.memory(), Some(f64::from(1 << 20)));
        assert!(measured.peak_spread().unwrap() > 1.0);
    }

    #[test]
    fn what_is_too_slow_is_computed_from_less_work() {
        let scaled = Some(Scale { peak: 10.0, whole: 25.0 });
        let measured = Measured { low: usages(&[1.0]), high: usages(&[3.0]), scaled };
        assert_eq!(measured.peak(), Some(20.0));
        assert_eq!(measured.whole(), Some(51.0));
        assert!(measured.is_scaled());
    }

    #[test]
    fn noise_that_is_larger_than_the_work_is_no_time() {
        let measured = Measured { low: usages(&[1.0]), high: usages(&[0.9]), scaled: None };
        assert_eq!(measured.peak(), None);
    }
}
