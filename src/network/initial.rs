use serde::{Deserialize, Serialize};

use crate::random::{self, Stream};

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
        let mut sequence = random::Sequence::new(seed, Stream::Initial, number);
        match self {
            Initial::Zeros => values.fill(0.0),
            Initial::Constant(value) => values.fill(value),
            Initial::HeNormal => {
                let std = (2.0 / fan_in).sqrt();
                values.fill_with(|| std * sequence.normal());
            }
            Initial::Uniform => {
                let bound = 1.0 / fan_in.sqrt();
                values.fill_with(|| bound * (2.0 * sequence.uniform() - 1.0));
            }
            Initial::TruncatedNormal(std) => values.fill_with(|| {
                loop {
                    let value = sequence.normal();
                    if value.abs() <= 2.0 {
                        return std * value;
                    }
                }
            }),
        }
    }
}
