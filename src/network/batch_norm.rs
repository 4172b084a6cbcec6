use serde::{Deserialize, Serialize};

use super::{Initial, Layer, Mode, Parameter, Placed, Saved, Task};
use crate::plan::ops::{self, BatchNormInputGradient, BatchNormMoments, BatchNormSums};
use crate::plan::{Builder, Element, Phase, Storage, TensorId};

/// Batch normalisation (Ioffe and Szegedy 2015): each channel of images, or each value of a row, is brought to mean 0
/// and variance 1 over the batch, then scaled and shifted by trained numbers. Evaluation takes running statistics.
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

/// Rows, channels, and the values of a channel in one row.
fn sizes(builder: &Builder, place: &Placed) -> (usize, usize, usize) {
    (builder.batch(), place.input[0], place.input[1..].iter().product())
}

impl BatchNorm {
    /// Mean, then variance of each channel over the batch: made in the forward pass, used in the backward pass.
    fn moments(&self, builder: &mut Builder, place: &Placed) -> TensorId {
        let channels = place.input[0];
        builder.named(&format!("{}.moments", place.name), &[2, channels], Storage::Activation)
    }

    /// The running mean and variance, which lie side by side.
    fn running(&self, builder: &mut Builder, place: &Placed) -> TensorId {
        let mean = builder.parameter(&place.name, "running_mean");
        let (storage, channels) = (builder.storage(mean), place.input[0]);
        builder.tensor(&format!("{}.running", place.name), &[2, channels], Element::F32, storage)
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

    fn multiply_adds(&self, place: &Placed) -> u64 {
        place.values() as u64
    }

    fn forward(&self, builder: &mut Builder, place: &Placed, input: TensorId, mode: Mode) -> TensorId {
        let (rows, channels, inner) = sizes(builder, place);
        let weight = builder.parameter(&place.name, "weight");
        let bias = builder.parameter(&place.name, "bias");
        let running = self.running(builder, place);
        let out = builder.like(&place.name, input);
        let moments = match mode {
            Mode::Evaluate => running,
            Mode::Train => {
                let moments = self.moments(builder, place);
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
        place: &Placed,
        saved: &Saved,
        output_gradient: TensorId,
        input_gradient: Option<TensorId>,
    ) {
        let (rows, channels, inner) = sizes(builder, place);
        let (x, moments, epsilon) = (saved.input, self.moments(builder, place), self.epsilon);
        let weight_gradient = builder.gradient(&place.name, "weight");
        let bias_gradient = builder.gradient(&place.name, "bias");
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
            let weight = builder.parameter(&place.name, "weight");
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
