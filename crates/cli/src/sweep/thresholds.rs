//! Which thresholds a sweep tries: `1..100000`, `10` or `10,100,1000`.
//!
//! It stands before *detect* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. A range is divided
//! evenly by factors, since what matters of a threshold is how many times larger it is than another.

use std::str::FromStr;

/// The thresholds to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thresholds {
    /// From one to another, both included.
    Range(u64, u64),
    /// These.
    List(Vec<u64>),
}

impl Thresholds {
    /// The thresholds: of a range, so many, its ends among them.
    pub(crate) fn points(&self, count: u32) -> Vec<u64> {
        match self {
            Thresholds::List(list) => list.clone(),
            Thresholds::Range(from, to) => {
                let steps = f64::from(count.max(2) - 1);
                let factor = (*to as f64 / *from as f64).powf(1.0 / steps);
                let point =
                    |step: u32| ((*from as f64 * factor.powf(f64::from(step))).round() as u64).min(*to);
                let mut points: Vec<u64> = (0..count.max(2)).map(point).collect();
                points.dedup();
                points
            }
        }
    }
}

impl FromStr for Thresholds {
    type Err = String;

    fn from_str(text: &str) -> Result<Thresholds, String> {
        const EXPECTED: &str =
            "expected thresholds of at least 1: a range like 1..100000, or a list like 10,100,1000";
        let number =
            |text: &str| text.trim().parse::<u64>().ok().filter(|&n| n > 0).ok_or(EXPECTED.to_owned());
        if let Some((from, to)) = text.split_once("..") {
            let (from, to) = (number(from)?, number(to.trim_start_matches('='))?);
            return match from < to {
                true => Ok(Thresholds::Range(from, to)),
                false => Err(format!("{from} is not below {to}")),
            };
        }
        let mut list = text.split(',').map(number).collect::<Result<Vec<u64>, String>>()?;
        list.sort_unstable();
        list.dedup();
        Ok(Thresholds::List(list))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_divided_by_factors() {
        let points = |text: &str, count| text.parse::<Thresholds>().unwrap().points(count);
        assert_eq!(points("1..100000", 6), [1, 10, 100, 1_000, 10_000, 100_000]);
        assert_eq!(points("1..4", 9), [1, 2, 3, 4]);
        assert_eq!(points("10..=1000", 2), [10, 1000]);
        assert_eq!(points("100,10,10", 5), [10, 100]);
        assert_eq!(points("7", 5), [7]);
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        for bad in ["", "0", "0..5", "5..5", "9..3", "1..", "x", "1,,2", "-1", "1.5"] {
            assert!(bad.parse::<Thresholds>().is_err(), "{bad}");
        }
    }
}
