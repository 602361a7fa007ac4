//! Warm-up curves: how fast a program gets how soon.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Nothing inside of a peer is asked for the time: a kernel is run in
//! growing sizes, and what a size takes longer than the one before is how long the work between the two took, at that point of a process's life. Work is
//! counted in HotspotVM's instructions, which are the same for all. Invariant: times never decrease along a curve; where they
//! were measured so, neighbours are averaged.

use super::kernels::Kernel;
use super::ours::ladder;
use super::peers::Column;
use super::process::Runner;
use super::stats::{median, non_decreasing};
use std::path::Path;

/// How a column gets faster on a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The column's id.
    pub column: String,
    /// From the start of the process on.
    pub points: Vec<Point>,
    /// Instructions per second between the two largest sizes.
    pub peak: f64,
    /// Seconds after which it is as fast as 95 % of that, and stays so; `None` if only the last step is.
    pub settled: Option<f64>,
}

/// A step of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Seconds since the start of the process, at the end of the step.
    pub seconds: f64,
    /// Instructions per second during the step.
    pub speed: f64,
}

/// The fraction of the peak from which on a program counts as warm.
const WARM: f64 = 0.95;

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
            commands.push((column.id.clone(), command, vec![Vec::new(); sizes.len()]));
        }
    }
    for _ in 0..rounds {
        for (i, size) in sizes.iter().enumerate() {
            for (_, command, samples) in &mut commands {
                let mut command = command.clone();
                command.push(size.to_string().into());
                if let (Ok(run), Some(samples)) = (runner.run(&command), samples.get_mut(i)) {
                    samples.push(run.usage.wall);
                }
            }
        }
    }
    Ok(commands
        .into_iter()
        .filter_map(|(column, _, samples)| {
            let times = samples.iter().map(|s| median(s)).collect::<Option<Vec<f64>>>()?;
            curve(&column, &works, &times)
        })
        .collect())
}

/// The curve that follows from how long how much work took. `None` if there is too little of it.
fn curve(column: &str, works: &[f64], times: &[f64]) -> Option<Curve> {
    let times = non_decreasing(times);
    let mut points = Vec::new();
    let mut last = (*works.first()?, *times.first()?);
    for (work, time) in works.iter().zip(&times).skip(1) {
        // A step that took no time joins the next one.
        if *work > last.0 && *time > last.1 {
            points.push(Point { seconds: *time, speed: (work - last.0) / (time - last.1) });
            last = (*work, *time);
        }
    }
    let peak = points.last()?.speed;
    let slow = points.iter().rposition(|p| p.speed < WARM * peak);
    // Warm from the end of the last slow step on.
    let settled = match slow {
        None => times.first().copied(),
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
    fn noise_is_averaged_and_nothing_is_divided_by_no_time() {
        let curve = curve("x", &[0.0, 10.0, 20.0, 120.0], &[0.5, 0.4, 0.45, 1.45]).unwrap();
        assert_eq!(curve.points.len(), 1);
        assert!(curve.points.iter().all(|p| p.speed.is_finite()));
        assert_eq!(super::curve("x", &[1.0], &[1.0]), None);
    }
}
