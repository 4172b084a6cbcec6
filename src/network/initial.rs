use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::random::{self, Stream};
use crate::threads;

/// Initial values of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initial {
    Zeros,
    Constant(f32),
    /// Normal with variance 2 / fan-in (He et al. 2015, "Delving deep into rectifiers", eq. 10): for layers
    /// that feed a ReLU.
    #[default]
    HeNormal,
    /// Uniform within 1 / sqrt(fan-in): PyTorch's default for linear and convolution layers.
    Uniform,
    /// Normal with this standard deviation, redrawn beyond two deviations (TensorFlow's deep MNIST uses 0.1).
    TruncatedNormal(f32),
}

impl Initial {
    /// The default for biases.
    pub(super) fn zeros() -> Self {
        Initial::Zeros
    }

    pub(super) fn is_zeros(&self) -> bool {
        *self == Initial::Zeros
    }

    /// Fills a parameter; `number` is its index in the network, so that each has random values of its own.
    pub(crate) fn fill(self, values: &mut [f32], fan_in: usize, seed: u64, number: u64) {
        let fan_in = fan_in.max(1) as f32;
        let sequence = |block: u32| random::Sequence::at(seed, Stream::Initial, number, block);
        match self {
            Initial::Zeros => values.fill(0.0),
            Initial::Constant(value) => values.fill(value),
            Initial::HeNormal => {
                let std = (2.0 / fan_in).sqrt();
                in_parts(values, |first| {
                    let mut sequence = sequence((first / 2) as u32);
                    move || std * sequence.normal()
                });
            }
            Initial::Uniform => {
                let bound = 1.0 / fan_in.sqrt();
                in_parts(values, |first| {
                    let mut sequence = sequence((first / 4) as u32);
                    move || bound * (2.0 * sequence.uniform() - 1.0)
                });
            }
            // One after another: how many words a value takes is known only once it is drawn.
            Initial::TruncatedNormal(std) => {
                let mut sequence = sequence(0);
                values.fill_with(|| {
                    loop {
                        let value = sequence.normal();
                        if value.abs() <= 2.0 {
                            return std * value;
                        }
                    }
                });
            }
        }
    }
}

/// Values that a thread computes at a time: many, and a whole number of Philox blocks.
const VALUES_AT_A_TIME: usize = 1 << 13;

/// Fills `values` on all cores: `from(first)` makes the function that gives value `first` and those after it.
fn in_parts<F: FnMut() -> f32>(values: &mut [f32], from: impl Fn(usize) -> F + Sync) {
    let parts: Vec<(usize, Mutex<&mut [f32]>)> = values
        .chunks_mut(VALUES_AT_A_TIME)
        .enumerate()
        .map(|(part, values)| (part * VALUES_AT_A_TIME, Mutex::new(values)))
        .collect();
    threads::map(&parts, |(first, values)| {
        values.lock().unwrap_or_else(PoisonError::into_inner).fill_with(from(*first));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever thread makes them: the words of the sequence in their order.
    #[test]
    fn values_are_those_of_one_sequence() {
        let mut values = vec![0.0; 2 * VALUES_AT_A_TIME + 5];
        Initial::HeNormal.fill(&mut values, 2, 7, 3);
        let mut sequence = random::Sequence::new(7, Stream::Initial, 3);
        assert!(values.iter().all(|value| *value == sequence.normal()));
        Initial::Uniform.fill(&mut values, 1, 7, 3);
        let mut sequence = random::Sequence::new(7, Stream::Initial, 3);
        assert!(values.iter().all(|value| *value == 2.0 * sequence.uniform() - 1.0));
    }
}
