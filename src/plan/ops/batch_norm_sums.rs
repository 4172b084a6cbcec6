use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// The gradients of batch normalisation's weight and bias, one of each per channel; the input's gradient needs them
/// too: `weight_gradient = sum of output_gradient * (x - mean) / sqrt(variance + epsilon)`,
/// `bias_gradient = sum of output_gradient`.
#[derive(Clone, Debug)]
pub struct BatchNormSums {
    /// `[rows, channels, inner]`.
    pub x: TensorId,
    /// `[rows, channels, inner]`.
    pub output_gradient: TensorId,
    /// `[2, channels]`: means, then variances.
    pub moments: TensorId,
    /// `[channels]`.
    pub weight_gradient: TensorId,
    /// `[channels]`.
    pub bias_gradient: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub inner: usize,
    pub epsilon: f32,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("batch_norm_sums", "each_channel", "workgroup_sum", "networks"))];

impl Describe for BatchNormSums {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.output_gradient, self.moments]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.weight_gradient, self.bias_gradient]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("CHANNELS", self.channels as f64),
            ("INNER", self.inner as f64),
            ("EPSILON", self.epsilon as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight_gradient)),
            ("BIAS_OFFSET", offset(plan, self.bias_gradient)),
        ];
        // both gradients lie in one flat buffer, which must not be bound twice
        let bindings = [
            (self.x, READ),
            (self.output_gradient, READ),
            (self.moments, READ),
            (self.weight_gradient, WRITE),
        ];
        launch(&SHADERS[0], constants, bindings, folded(self.channels))
    }
}
