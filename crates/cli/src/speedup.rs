//! How many times faster one way to run a program is than another, and how sure that is.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`, and judges times taken of it.
//! The estimate is that of Hodges and Lehmann, the median of all ratios of a run of the one way to a run of the other;
//! its interval is the one that belongs to the rank test of Mann and Whitney. Neither assumes how times are
//! distributed, so an interrupted run does no harm. Invariant: nobody is told a factor that rests on less than
//! [`ENOUGH_NS`] on either side.

use crate::compare::Times;
use crate::text::duration;
use hotspotvm::stats::ENOUGH_NS;
use serde_json::{Value, json};

/// The fewest runs each way that give an interval.
const FEWEST: usize = 4;

/// How often the interval may miss the truth, of a thousand comparisons.
const MISSES: u128 = 50;

/// Up to so many runs each way the ranks are counted; beyond, the normal distribution is near enough.
const COUNTED: usize = 20;

/// How many times faster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speedup {
    /// At least one side ran for too short a time: the shorter median, in nanoseconds.
    TooShort(f64),
    /// There are too few runs to say how sure it is.
    TooFew(f64),
    /// The factor, and where it is with 95 % confidence.
    Known {
        /// The estimate.
        factor: f64,
        /// The interval's ends.
        low: f64,
        /// See `low`.
        high: f64,
    },
}

/// What a factor means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Faster.
    Gain,
    /// Slower.
    Loss,
    /// No difference shows.
    Same,
    /// Nothing can be said.
    Unknown,
}

impl Speedup {
    /// How many times faster `fast` is than `slow`.
    pub(crate) fn of(slow: &Times, fast: &Times) -> Speedup {
        let shortest = slow.median().min(fast.median());
        if shortest < ENOUGH_NS as f64 {
            return Speedup::TooShort(shortest);
        }
        let mut ratios: Vec<f64> = Vec::with_capacity(slow.all().len() * fast.all().len());
        for &a in slow.all() {
            ratios.extend(fast.all().iter().map(|&b| a as f64 / b.max(1) as f64));
        }
        ratios.sort_by(f64::total_cmp);
        let (last, middle) = (ratios.len() - 1, ratios.len() / 2);
        let factor = (ratios[last - middle] + ratios[middle]) / 2.0;
        match cut_off(slow.all().len().min(fast.all().len())) {
            Some(rank) => Speedup::Known { factor, low: ratios[rank], high: ratios[last - rank] },
            None => Speedup::TooFew(factor),
        }
    }

    /// What it means.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Speedup::TooShort(_) | Speedup::TooFew(_) => Verdict::Unknown,
            Speedup::Known { low, .. } if low > 1.0 => Verdict::Gain,
            Speedup::Known { high, .. } if high < 1.0 => Verdict::Loss,
            Speedup::Known { .. } => Verdict::Same,
        }
    }

    /// In words.
    pub(crate) fn words(self) -> String {
        match self {
            Speedup::TooShort(median) => {
                let (median, enough) = (duration(median), duration(ENOUGH_NS as f64));
                format!(
                    "not known: a run of {median} is too short to tell; both ways should take {enough} or more."
                )
            }
            Speedup::TooFew(factor) => {
                format!("{factor:.2}x, but how sure that is takes at least {FEWEST} runs each way to say.")
            }
            Speedup::Known { factor, low, high } => {
                let sure = format!("95 % sure: between {low:.2}x and {high:.2}x");
                match self.verdict() {
                    Verdict::Gain => format!("{factor:.2}x: so many times faster with compiling ({sure})."),
                    Verdict::Loss => format!("{factor:.2}x: slower with compiling ({sure})."),
                    _ => format!("none that these runs show: {factor:.2}x ({sure})."),
                }
            }
        }
    }

    /// For a cell of a table.
    pub(crate) fn cell(self) -> String {
        match self {
            Speedup::TooShort(_) => "-".to_owned(),
            Speedup::TooFew(factor) => format!("{factor:.2}"),
            Speedup::Known { factor, low, high } => format!("{factor:.2} ({low:.2} to {high:.2})"),
        }
    }

    /// For programs: the factor and the interval, null where they are not known.
    pub(crate) fn as_json(self) -> Value {
        let (factor, interval) = match self {
            Speedup::TooShort(_) => (None, None),
            Speedup::TooFew(factor) => (Some(factor), None),
            Speedup::Known { factor, low, high } => (Some(factor), Some([low, high])),
        };
        json!({ "factor": factor, "confidence_95": interval })
    }
}

/// How many of the sorted ratios lie outside of the interval at each of its ends, for so many runs each way: by how many rank
/// sums are as extreme. None if there are too few runs.
fn cut_off(runs: usize) -> Option<usize> {
    if runs > COUNTED {
        let pairs = (runs * runs) as f64;
        let deviation = (pairs * (2 * runs + 1) as f64 / 12.0).sqrt();
        return Some((pairs / 2.0 - 1.96 * deviation).max(0.0) as usize);
    }
    // ways[n][u]: in how many orders of n runs of the one way and some of the other there are u pairs out of order.
    // With one more of the other, it either is the last in order, which adds nothing, or a run of the one way is: then
    // it adds a pair for each other.
    let mut ways = vec![vec![0u128; runs * runs + 1]; runs + 1];
    for of_none in &mut ways {
        of_none[0] = 1;
    }
    for others in 1..=runs {
        for n in 1..=runs {
            for pairs in others..=runs * runs {
                ways[n][pairs] += ways[n - 1][pairs - others];
            }
        }
    }
    let all: u128 = ways[runs].iter().sum();
    let mut extreme = 0;
    for (pairs, count) in ways[runs].iter().enumerate() {
        extreme += count;
        // Half of the misses are at each end.
        if extreme * 2_000 > all * MISSES {
            return pairs.checked_sub(1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Critical values of the two-sided test at 5 %, as tables of it have them.
        for (runs, critical) in [(4, 0), (5, 2), (6, 5), (7, 8), (8, 13), (10, 23), (15, 64), (20, 127)] {
            assert_eq!(cut_off(runs), Some(critical), "{runs}");
        }
        for runs in 0..FEWEST {
            assert_eq!(cut_off(runs), None, "{runs}");
        }
        assert!((141..=143).contains(&cut_off(21).unwrap_or(0)));
    }

    fn of(slow: &[u64], fast: &[u64]) -> Speedup {
        let times = |ms: &[u64]| Times::new(ms.iter().map(|ms| ms * 1_000_000).collect());
        Speedup::of(&times(slow), &times(fast))
    }

    #[test]
    fn a_factor_says_how_sure_it_is() {
        let gain = of(&[300, 303, 297, 306, 294], &[100, 101, 99, 102, 98]);
        let Speedup::Known { factor, low, high } = gain else { panic!("{gain:?}") };
        assert!(
            (factor - 3.0).abs() < 0.01 && (2.8..3.0).contains(&low) && (3.0..3.2).contains(&high),
            "{gain:?}"
        );
        assert_eq!(gain.verdict(), Verdict::Gain);
        assert_eq!(of(&[100, 101, 99, 102], &[110, 111, 112, 113]).verdict(), Verdict::Loss);
        let same = of(&[100, 104, 99, 102, 97], &[101, 98, 103, 100, 96]);
        assert_eq!(same.verdict(), Verdict::Same);
        assert!(same.words().starts_with("none that these runs show: 1.0"), "{}", same.words());
    }

    #[test]
    fn one_interrupted_run_does_no_harm() {
        let Speedup::Known { factor, .. } = of(&[300, 300, 300, 9_000, 300], &[100; 5]) else { panic!() };
        assert_eq!(factor, 3.0);
    }

    #[test]
    fn what_is_too_short_or_too_little_says_so() {
        let short = Speedup::of(&Times::new(vec![90_000_000; 9]), &Times::new(vec![ENOUGH_NS - 1; 9]));
        assert_eq!((short, short.verdict()), (Speedup::TooShort((ENOUGH_NS - 1) as f64), Verdict::Unknown));
        assert_eq!(short.as_json(), json!({ "factor": null, "confidence_95": null }));
        let few = of(&[300, 300, 300], &[100, 100, 100]);
        assert_eq!((few, few.verdict()), (Speedup::TooFew(3.0), Verdict::Unknown));
    }
}
