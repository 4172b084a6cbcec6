//! Statistics of a classifier's answers: how precise a figure is, and whether two classifiers differ.

/// The quantile of the normal distribution that leaves 2.5 % above it.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a proportion, `[low, high]` from 0 to 1 (Wilson 1927): unlike the mean plus and minus a multiple of its
/// deviation it is of use near 0 and 1, and for few trials.
pub fn wilson(successes: u64, trials: u64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let scale = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// The probability that two classifiers of the same accuracy disagree at least as unevenly as this, two-sided (McNemar 1947, in
/// its exact form): `first` images only the first one classifies correctly, `second` only the second.
pub fn mcnemar(first: u64, second: u64) -> f64 {
    let n = first + second;
    // Under the hypothesis each of the n images is as likely to fall to one as to the other: a binomial tail. Its terms are
    // summed as logarithms, since the largest powers of 2 are beyond float64.
    let half = (n as f64) * std::f64::consts::LN_2;
    let (mut term, mut sum) = (0.0, 0.0);
    for k in 0..=first.min(second) {
        if k > 0 {
            term += ((n - k + 1) as f64 / k as f64).ln();
        }
        sum += (term - half).exp();
    }
    (2.0 * sum).min(1.0)
}

/// Probabilities of several comparisons, adjusted so that the chance of any false discovery stays what it is for one (Holm
/// 1979); in the same order.
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let mut adjusted = vec![0.0; probabilities.len()];
    let mut least = 0.0f64;
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max((probabilities.len() - rank) as f64 * probabilities[at]).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

/// How well the probabilities that a classifier gives agree with how often it is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    pub bins: Vec<Bin>,
    /// Expected calibration error, from 0 to 1: the mean over all answers of |accuracy - confidence| of the answer's bin
    /// (Naeini et al. 2015; Guo et al. 2017).
    pub error: f64,
}

/// The answers whose probability is above `low` and at most `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    pub low: f64,
    pub high: f64,
    pub answers: u64,
    /// Fraction of them that are right; 0 where there are none.
    pub accuracy: f64,
    /// Mean of their probabilities; 0 where there are none.
    pub confidence: f64,
}

/// As many bins as Guo et al. use.
pub const BINS: usize = 15;

impl Calibration {
    /// From the probability of each answer (from 0 to 1), and whether it was right.
    pub fn of(answers: impl Iterator<Item = (f64, bool)>) -> Self {
        Self::in_bins(answers, BINS)
    }

    fn in_bins(answers: impl Iterator<Item = (f64, bool)>, count: usize) -> Self {
        let mut sums = vec![(0u64, 0u64, 0.0); count];
        let mut all = 0;
        for (probability, is_right) in answers {
            let at = (probability * count as f64).ceil() as usize;
            let (answers, right, sum) = &mut sums[at.saturating_sub(1).min(count - 1)];
            *answers += 1;
            *right += u64::from(is_right);
            *sum += probability;
            all += 1;
        }
        let width = 1.0 / count as f64;
        let bins: Vec<Bin> = sums
            .iter()
            .enumerate()
            .map(|(at, &(answers, right, sum))| {
                let of = answers.max(1) as f64;
                let (low, high) = (at as f64 * width, (at + 1) as f64 * width);
                Bin { low, high, answers, accuracy: right as f64 / of, confidence: sum / of }
            })
            .collect();
        let gap = |bin: &Bin| bin.answers as f64 * (bin.accuracy - bin.confidence).abs();
        let error = bins.iter().map(gap).sum::<f64>() / f64::from(all.max(1));
        Calibration { bins, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 8 of 10: (0.8 + 0.19207) / 1.38415 -+ 1.95996 / 1.38415 x sqrt(0.016 + 0.0096036).
    #[test]
    fn wilsons_interval() {
        let [low, high] = wilson(8, 10);
        assert!((low - 0.490_162).abs() < 1e-6 && (high - 0.943_318).abs() < 1e-6, "{low} {high}");
        assert!(wilson(0, 10)[0] < 1e-12);
        assert!((wilson(0, 10)[1] - 0.277_533).abs() < 1e-6, "{:?}", wilson(0, 10));
        assert!((wilson(10, 10)[1] - 1.0).abs() < 1e-12);
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }

    /// 1 against 9: 2 x (1 + 10) / 2^10. 0 against 5: 2 / 2^5. 7 against 7: all of it and more.
    #[test]
    fn mcnemars_test() {
        assert!((mcnemar(1, 9) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(9, 1) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(0, 5) - 0.0625).abs() < 1e-12);
        assert_eq!((mcnemar(7, 7), mcnemar(0, 0)), (1.0, 1.0));
        // scipy.stats.binomtest(4800, 10000).pvalue
        assert!((mcnemar(4800, 5200) - 6.6e-5).abs() < 1e-6, "{}", mcnemar(4800, 5200));
    }

    #[test]
    fn several_comparisons_need_more_evidence() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    /// Of two bins: (0.1 wrong, 0.4 right): |0.5 - 0.25|, two answers; (0.8 right, 0.9 right, 1.0 wrong): |2/3 - 0.9|, three.
    #[test]
    fn expected_calibration_error() {
        let answers = [(0.1, false), (0.4, true), (0.8, true), (0.9, true), (1.0, false)];
        let calibration = Calibration::in_bins(answers.into_iter(), 2);
        let expected = (2.0 * 0.25 + 3.0 * (0.9 - 2.0 / 3.0)) / 5.0;
        assert!((calibration.error - expected).abs() < 1e-12, "{}", calibration.error);
        assert_eq!(calibration.bins.iter().map(|bin| bin.answers).collect::<Vec<_>>(), [2, 3]);
        // A bound belongs to the bin below it.
        assert_eq!(Calibration::in_bins([(0.5, true)].into_iter(), 2).bins[0].answers, 1);
        assert_eq!(Calibration::of(std::iter::empty()).error, 0.0);
    }
}
