//! Where a histogram divides.

const BINS: usize = 256;

/// Otsu's threshold (IEEE Transactions on Systems, Man, and Cybernetics 9, 1979): the value that divides `values` into two
/// classes with the largest variance between them. None where all values are equal.
pub(super) fn otsu(values: impl Iterator<Item = f32> + Clone) -> Option<f32> {
    let (low, high) =
        values.clone().fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if high - low < 1e-3 {
        return None;
    }
    let step = (high - low) / BINS as f32;
    let mut counts = [0u64; BINS];
    for value in values {
        counts[(((value - low) / step) as usize).min(BINS - 1)] += 1;
    }
    let total: u64 = counts.iter().sum();
    let sum: f64 = counts.iter().enumerate().map(|(bin, count)| bin as f64 * *count as f64).sum();
    let (mut below, mut sum_below) = (0u64, 0.0);
    // The middle of the bins that are equally good: between two spikes, half-way.
    let (mut best, mut first, mut last) = (0.0, 0, 0);
    for (bin, count) in counts.iter().enumerate().take(BINS - 1) {
        below += count;
        sum_below += bin as f64 * *count as f64;
        if below == 0 || below == total {
            continue;
        }
        let mean_below = sum_below / below as f64;
        let mean_above = (sum - sum_below) / (total - below) as f64;
        let between = below as f64 * (total - below) as f64 * (mean_above - mean_below).powi(2);
        if between > best * (1.0 + 1e-9) {
            (best, first, last) = (between, bin, bin);
        } else if between >= best * (1.0 - 1e-9) {
            last = bin;
        }
    }
    Some(low + step * ((first + last) as f32 / 2.0 + 1.0))
}

/// The value below which a share of `values` lies (0 to 1); 0 where there are none.
pub(super) fn quantile(mut values: Vec<f32>, share: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_are_divided_half_way() {
        let values: Vec<f32> = [vec![10.0; 30], vec![110.0; 5]].concat();
        let found = otsu(values.iter().copied()).unwrap();
        assert!((50.0..70.0).contains(&found), "{found}");
        assert!(otsu([3.0f32; 4].into_iter()).is_none());
    }

    #[test]
    fn quantiles_are_values() {
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(vec![], 0.5), 0.0);
    }
}
