//! Warm-up curves: how fast a program gets how soon.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Nothing
//! inside of a peer is asked for the time: a kernel is run in growing sizes, and what a size takes longer than the one
//! before is how long the work between the two took, at that point of a process's life. Work is counted in HotspotVM's
//! instructions, which are the same for all; time is processor time, as everywhere. Invariant: a step of a curve takes
//! enough time to be told from noise; if it does not, it joins the next.

use super::kernels::Kernel;
use super::ours::ladder;
use super::peers::Column;
use super::process::Runner;
use super::stats::non_decreasing;
use std::path::Path;

/// How a column gets faster on a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The column's id.
    pub column: String,
    /// From the start of the process on.
    pub points: Vec<Point>,
    /// Instructions per second in the last three quarters of the time.
    pub peak: f64,
    /// Seconds after which it is, steadily, as fast as 95 % of that; `None` if only the last step is.
    pub settled: Option<f64>,
}

/// A step of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Seconds of processor time since the start of the process, at the end of the step.
    pub seconds: f64,
    /// Instructions per second during the step.
    pub speed: f64,
    /// The same, if a program only ever gets faster: where it seems to get slower again, steps are joined, so that one that was
    /// disturbed counts for little.
    pub steady: f64,
}

/// The fraction of the peak from which on a program counts as warm.
const WARM: f64 = 0.95;

/// The least that a step takes, as a fraction of the time until its end: what is less drowns in how differently long
/// processes take to start.
const STEP: f64 = 0.05;

/// Seconds that a column's curve may take to measure. What starts too slowly to get through all sizes has no curve.
const BUDGET: f64 = 12.0;

/// Sizes tried.
const SIZES: usize = 14;

/// The curves of a kernel, for the columns that warm up. `work` says how much work a size is.
///
/// # Errors
/// If the work can't be counted. What can't run has no curve.
pub fn curves(
    kernel: &Kernel,
    columns: &[&Column],
    runner: &Runner,
    build: &Path,
    rounds: usize,
    work: &dyn Fn(i64) -> Result<f64, String>,
) -> Result<Vec<Curve>, String> {
    let sizes = ladder(kernel.sizes.args, kernel.sizes.full, SIZES);
    let works = sizes.iter().map(|size| work(*size)).collect::<Result<Vec<f64>, String>>()?;
    let mut commands = Vec::new();
    for column in columns {
        if let Ok(Some(command)) = column.prepare(kernel, build) {
            commands.push((column.id.clone(), command, vec![Vec::new(); sizes.len()], 0.0));
        }
    }
    for _ in 0..rounds {
        for (i, size) in sizes.iter().enumerate() {
            for (_, command, samples, spent) in commands.iter_mut().filter(|(.., spent)| *spent < BUDGET) {
                let mut command = command.clone();
                command.push(size.to_string().into());
                if let (Ok(run), Some(samples)) = (runner.run(&command), samples.get_mut(i)) {
                    samples.push(run.usage.cpu);
                    *spent += run.usage.wall;
                }
            }
        }
    }
    Ok(commands
        .into_iter()
        .filter_map(|(column, _, samples, _)| {
            // The least: nothing makes a run take less than it needs.
            let least = |samples: &Vec<f64>| samples.iter().copied().reduce(f64::min);
            let times = samples.iter().map(least).collect::<Option<Vec<f64>>>()?;
            curve(&column, &works, &times)
        })
        .collect())
}

/// The curve that follows from how long how much work took. `None` if there is too little of it.
fn curve(column: &str, works: &[f64], times: &[f64]) -> Option<Curve> {
    let first = *times.first()?;
    let mut ends = Vec::new();
    let mut steps = Vec::new();
    let mut last = (*works.first()?, first);
    for (work, time) in works.iter().zip(times).skip(1) {
        let step = (work - last.0, time - last.1);
        if step.0 > 0.0 && step.1 > STEP * time {
            ends.push(*time);
            steps.push(step);
            last = (*work, *time);
        }
    }
    let steady = non_decreasing(&steps);
    let total = *ends.last()?;
    let late = || ends.iter().zip(&steps).filter(|(end, _)| **end > total / 4.0).map(|(_, step)| step);
    let peak = late().map(|s| s.0).sum::<f64>() / late().map(|s| s.1).sum::<f64>();
    let points: Vec<Point> = ends
        .into_iter()
        .zip(steps)
        .zip(steady)
        .map(|((seconds, (work, time)), steady)| Point { seconds, speed: work / time, steady })
        .collect();
    // Warm from the end of the last slow step on.
    let settled = match points.iter().rposition(|p| p.steady < WARM * peak) {
        None => Some(first),
        Some(slow) if slow + 2 < points.len() => points.get(slow).map(|p| p.seconds),
        Some(_) => None,
    };
    Some(Curve { column: column.to_owned(), points, peak, settled })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_what_each_step_adds() {
        // A start of 0.1 s; 10 instructions a second up to 10, then 100 a second.
        let curve = curve("x", &[0.0, 10.0, 110.0, 1110.0, 2110.0], &[0.1, 1.1, 2.1, 12.1, 22.1]).unwrap();
        let speeds: Vec<f64> = curve.points.iter().map(|p| p.speed.round()).collect();
        assert_eq!(speeds, [10.0, 100.0, 100.0, 100.0]);
        assert_eq!(curve.settled, Some(1.1));
        assert!((curve.peak - 100.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_fast_at_once_is_warm_from_the_start() {
        let curve = curve("x", &[0.0, 10.0, 20.0], &[0.1, 1.1, 2.1]).unwrap();
        assert_eq!(curve.settled, Some(0.1));
    }

    #[test]
    fn what_speeds_up_to_the_end_is_never_warm() {
        let curve = curve("x", &[0.0, 10.0, 30.0, 70.0], &[0.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(curve.settled, None);
    }

    #[test]
    fn a_step_that_was_disturbed_does_not_make_it_cold_again() {
        let works = [0.0, 10.0, 110.0, 1110.0, 2110.0, 12110.0, 32110.0];
        // 10 a second, then 100; but the step from 1110 to 2110 takes a tenth longer.
        let times = [0.0, 1.0, 2.0, 12.0, 23.0, 123.0, 323.0];
        assert_eq!(curve("x", &works, &times).unwrap().settled, Some(1.0));
    }

    #[test]
    fn steps_that_drown_in_noise_join_the_next() {
        let curve = curve("x", &[0.0, 1.0, 2.0, 12.0], &[1.0, 1.01, 1.02, 2.2]).unwrap();
        assert_eq!(curve.points.len(), 1);
        assert!((curve.points[0].speed - 10.0).abs() < 1e-9, "{curve:?}");
    }

    #[test]
    fn one_lucky_step_at_the_end_is_not_the_peak() {
        let works = [0.0, 10.0, 1010.0, 3010.0, 7010.0, 15_010.0];
        // 10 a second, then 100, in the last step 107.
        let times = [0.0, 1.0, 11.0, 31.0, 71.0, 145.77];
        assert_eq!(curve("x", &works, &times).unwrap().settled, Some(1.0));
    }

    #[test]
    fn nothing_is_divided_by_no_time() {
        let curve = curve("x", &[0.0, 10.0, 20.0, 120.0], &[0.5, 0.4, 0.45, 1.45]).unwrap();
        assert_eq!(curve.points.len(), 1);
        assert!(curve.points.iter().all(|p| p.speed.is_finite()));
        assert_eq!(super::curve("x", &[1.0], &[1.0]), None);
    }
}
