//! The statistics of the benchmarks: medians, spread, geometric means.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Invariants:
//! no sample is dropped; nothing to average gives `None`, never a number.

/// The value in the middle: of an even number of them, the mean of the two.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which a fraction of all values lie, interpolated linearly between neighbours.
pub fn quantile(values: &[f64], fraction: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let (a, b) = (*sorted.get(low)?, *sorted.get(high)?);
    Some(a + (b - a) * (place - low as f64))
}

/// Half of the distance between the quartiles, as a fraction of the median; `None` for fewer than three values, which have no
/// quartiles worth the name.
pub fn spread(values: &[f64]) -> Option<f64> {
    if values.len() < 3 {
        return None;
    }
    let (low, high) = (quantile(values, 0.25)?, quantile(values, 0.75)?);
    let middle = median(values).filter(|m| *m > 0.0)?;
    Some((high - low) / 2.0 / middle)
}

/// The geometric mean of positive values.
pub fn geomean(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|v| *v <= 0.0 || !v.is_finite()) {
        return None;
    }
    Some((values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp())
}

/// Ratios `a / b` of pairs, made non-decreasing: neighbours that are out of order are joined, and get the ratio of their sums.
pub fn non_decreasing(pairs: &[(f64, f64)]) -> Vec<f64> {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for &(a, b) in pairs {
        let mut block = (a, b, 1);
        while let Some(&(before_a, before_b, count)) = blocks.last()
            && before_a * block.1 > block.0 * before_b
        {
            blocks.pop();
            block = (block.0 + before_a, block.1 + before_b, block.2 + count);
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(a, b, count)| std::iter::repeat_n(a / b, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_values_in_any_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [10.0, 20.0, 30.0, 40.0, 50.0];
        assert_eq!(quantile(&values, 0.0), Some(10.0));
        assert_eq!(quantile(&values, 0.25), Some(20.0));
        assert_eq!(quantile(&values, 0.9), Some(46.0));
        assert_eq!(quantile(&values, 1.0), Some(50.0));
    }

    #[test]
    fn one_outlier_does_not_widen_the_spread() {
        assert_eq!(spread(&[99.0, 100.0, 101.0]), Some(0.005));
        assert_eq!(spread(&[98.0, 99.0, 100.0, 101.0, 10_000.0]), Some(0.01));
        assert_eq!(spread(&[1.0, 2.0]), None);
        assert_eq!(spread(&[0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn ratios_and_their_inverses_have_inverse_means() {
        let mean = geomean(&[2.0, 8.0]).unwrap_or(0.0);
        assert!((mean - 4.0).abs() < 1e-12, "{mean}");
        let inverse = geomean(&[0.5, 0.125]).unwrap_or(0.0);
        assert!((inverse - 0.25).abs() < 1e-12, "{inverse}");
        assert_eq!(geomean(&[]), None);
        assert_eq!(geomean(&[1.0, 0.0]), None);
        assert_eq!(geomean(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn ratios_out_of_order_are_joined() {
        assert_eq!(non_decreasing(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]), [1.0, 2.0, 3.0]);
        assert_eq!(non_decreasing(&[(1.0, 1.0), (4.0, 1.0), (2.0, 1.0), (5.0, 1.0)]), [1.0, 3.0, 3.0, 5.0]);
        // A long one weighs more than a short one.
        assert_eq!(non_decreasing(&[(3.0, 1.0), (6.0, 8.0)]), [1.0, 1.0]);
        assert_eq!(non_decreasing(&[]), [0.0; 0]);
    }
}
