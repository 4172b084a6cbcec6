use serde::{Deserialize, Serialize};

use super::{Initial, Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops::{self, BatchNormInputGradient, BatchNormMoments, BatchNormSums};
use crate::plan::{Builder, Element, Phase, Storage, TensorId};

/// Batch normalisation (Ioffe and Szegedy 2015): each channel of images, or each value of a row, is normalised to mean 0
/// and variance 1 over the batch, then scaled and shifted by trained parameters. Evaluation uses running statistics.
/// Parameters and statistics have PyTorch's names and meanings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// Weight of a new batch in the running statistics.
    #[serde(default = "momentum")]
    pub momentum: f32,
    #[serde(default = "epsilon")]
    pub epsilon: f32,
}

fn momentum() -> f32 {
    0.1
}

fn epsilon() -> f32 {
    1e-5
}

/// Rows, channels, and values per channel in one row.
fn sizes(builder: &Builder, placed: &Placed) -> (usize, usize, usize) {
    (builder.batch(), placed.input[0], placed.input[1..].iter().product())
}

impl BatchNorm {
    /// Means, then variances of the channels over the batch: computed in the forward pass, used again in the backward pass.
    fn moments(&self, builder: &mut Builder, placed: &Placed) -> TensorId {
        let channels = placed.input[0];
        builder.named(&format!("{}.moments", placed.name), &[2, channels], Storage::Activation)
    }

    /// The running means and variances, which are adjacent in their flat buffer.
    fn running(&self, builder: &mut Builder, placed: &Placed) -> TensorId {
        let mean = builder.parameter(&placed.name, "running_mean");
        let (storage, channels) = (builder.storage(mean), placed.input[0]);
        builder.tensor(&format!("{}.running", placed.name), &[2, channels], Element::F32, storage)
    }
}

impl Layer for BatchNorm {
    fn kind(&self) -> &'static str {
        "batch_norm"
    }

    fn output(&self, input: &[usize], _: &Task) -> Result<Vec<usize>, String> {
        if !(self.momentum > 0.0 && self.momentum <= 1.0) {
            return Err(format!("momentum = {}: above 0, at most 1", self.momentum));
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(format!("epsilon = {}: a number above zero is needed", self.epsilon));
        }
        Ok(input.to_vec())
    }

    fn parameters(&self, input: &[usize], _: &Task) -> Vec<Parameter> {
        let parameter = |name, initial| Parameter { name, shape: vec![input[0]], initial, fan_in: 1 };
        vec![parameter("weight", Initial::Constant(1.0)), parameter("bias", Initial::Zeros)]
    }

    fn statistics(&self, input: &[usize]) -> Vec<Parameter> {
        let statistic = |name, initial| Parameter { name, shape: vec![input[0]], initial, fan_in: 1 };
        vec![statistic("running_mean", Initial::Zeros), statistic("running_var", Initial::Constant(1.0))]
    }

    fn multiply_adds(&self, placed: &Placed) -> u64 {
        placed.values() as u64
    }

    fn forward(&self, builder: &mut Builder, placed: &Placed, input: TensorId, mode: Mode) -> TensorId {
        let (rows, channels, inner) = sizes(builder, placed);
        let weight = builder.parameter(&placed.name, "weight");
        let bias = builder.parameter(&placed.name, "bias");
        let running = self.running(builder, placed);
        let out = builder.like(&placed.name, input);
        let moments = match mode {
            Mode::Evaluate => running,
            Mode::Train => {
                let moments = self.moments(builder, placed);
                let momentum = self.momentum;
                builder.push(
                    Phase::Forward,
                    BatchNormMoments { x: input, moments, running, rows, channels, inner, momentum },
                );
                moments
            }
        };
        let epsilon = self.epsilon;
        builder.push(
            Phase::Forward,
            ops::BatchNorm { x: input, moments, weight, bias, out, rows, channels, inner, epsilon },
        );
        out
    }

    fn backward(
        &self,
        builder: &mut Builder,
        placed: &Placed,
        saved: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    ) {
        let (rows, channels, inner) = sizes(builder, placed);
        let (x, moments, epsilon) = (saved.input, self.moments(builder, placed), self.epsilon);
        let weight_gradient = builder.gradient(&placed.name, "weight");
        let bias_gradient = builder.gradient(&placed.name, "bias");
        builder.push(
            Phase::Backward,
            BatchNormSums {
                x,
                output_gradient,
                moments,
                weight_gradient,
                bias_gradient,
                rows,
                channels,
                inner,
                epsilon,
            },
        );
        if let Some(input_gradient) = input_gradient {
            let weight = builder.parameter(&placed.name, "weight");
            builder.push(
                Phase::Backward,
                BatchNormInputGradient {
                    x,
                    output_gradient,
                    moments,
                    weight,
                    weight_gradient,
                    bias_gradient,
                    input_gradient,
                    rows,
                    channels,
                    inner,
                    epsilon,
                },
            );
        }
    }
}
