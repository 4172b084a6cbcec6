//! What a data set looks like in numbers.

use super::open::count_duplicates;
use super::{DataSet, Split};

/// Counts and moments of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Of each class, the images for training, validation and tests.
    pub counts: Vec<[usize; 3]>,
    /// Of each channel of the images for training and validation, from 0 to 1: a recipe's `normalisation` takes these.
    pub mean: Vec<f64>,
    /// As `mean`: the standard deviation.
    pub deviation: Vec<f64>,
    /// Test images that are also among the others, pixel by pixel.
    pub duplicates: usize,
}

impl Statistics {
    pub fn of(set: &DataSet) -> Self {
        let mut counts = vec![[0; 3]; set.classes];
        for (part, split) in [&set.train, &set.validation, &set.test].into_iter().enumerate() {
            for label in split.labels() {
                if let Some(counts) = counts.get_mut(usize::from(*label)) {
                    counts[part] += 1;
                }
            }
        }
        let histograms = histograms(&[&set.train, &set.validation], set.channels, set.height * set.width);
        let moments = histograms.iter().map(moments);
        let (mean, deviation) = moments.unzip();
        let duplicates =
            count_duplicates(&set.train, &set.test) + count_duplicates(&set.validation, &set.test);
        Statistics { counts, mean, deviation, duplicates }
    }
}

/// How often each byte occurs in each channel.
fn histograms(splits: &[&Split], channels: usize, pixels: usize) -> Vec<[u64; 256]> {
    let mut histograms = vec![[0; 256]; channels];
    for split in splits {
        for (at, plane) in split.images().chunks_exact(pixels.max(1)).enumerate() {
            let histogram = &mut histograms[at % channels.max(1)];
            plane.iter().for_each(|byte| histogram[usize::from(*byte)] += 1);
        }
    }
    histograms
}

/// Mean and standard deviation of bytes / 255.
fn moments(histogram: &[u64; 256]) -> (f64, f64) {
    let sum = |value: &dyn Fn(f64) -> f64| -> f64 {
        histogram.iter().enumerate().map(|(byte, count)| value(byte as f64 / 255.0) * *count as f64).sum()
    };
    let all = sum(&|_| 1.0).max(1.0);
    let mean = sum(&|value| value) / all;
    (mean, (sum(&|value| (value - mean).powi(2)) / all).sqrt())
}
