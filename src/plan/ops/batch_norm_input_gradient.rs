use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// The gradient of batch normalisation's input (Ioffe and Szegedy 2015, section 3, gathered): with
/// `s = 1 / sqrt(variance + epsilon)` and N the values of a channel, `input_gradient = weight * s *
/// (output_gradient - bias_gradient / N - (x - mean) * s * weight_gradient / N)`.
#[derive(Clone, Debug)]
pub struct BatchNormInputGradient {
    /// `[rows, channels, inner]`.
    pub x: TensorId,
    /// `[rows, channels, inner]`.
    pub output_gradient: TensorId,
    /// `[2, channels]`: means, then variances.
    pub moments: TensorId,
    /// `[channels]`.
    pub weight: TensorId,
    /// `[channels]`, see `BatchNormSums`.
    pub weight_gradient: TensorId,
    /// `[channels]`.
    pub bias_gradient: TensorId,
    /// `[rows, channels, inner]`.
    pub input_gradient: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub inner: usize,
    pub epsilon: f32,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("batch_norm_input_gradient", "each_value", "networks"))];

impl Describe for BatchNormInputGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![
            self.x,
            self.output_gradient,
            self.moments,
            self.weight,
            self.weight_gradient,
            self.bias_gradient,
        ]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let count = self.rows * self.channels * self.inner;
        let constants = [
            ("ROWS", self.rows as f64),
            ("CHANNELS", self.channels as f64),
            ("INNER", self.inner as f64),
            ("EPSILON", self.epsilon as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("WEIGHT_GRADIENT_OFFSET", offset(plan, self.weight_gradient)),
            ("BIAS_GRADIENT_OFFSET", offset(plan, self.bias_gradient)),
        ];
        let bindings = [
            (self.x, READ),
            (self.output_gradient, READ),
            (self.moments, READ),
            (self.weight, READ),
            (self.weight_gradient, READ),
            (self.input_gradient, WRITE),
        ];
        launch(&SHADERS[0], constants, bindings, folded(count.div_ceil(256)))
    }
}
