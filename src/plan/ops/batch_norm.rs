use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Batch normalisation with given moments (Ioffe and Szegedy 2015, algorithm 1):
/// `out = (x - mean) / sqrt(variance + epsilon) * weight + bias`, with one mean, variance, weight and bias
/// per channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// `[rows, channels, inner]`.
    pub x: TensorId,
    /// `[2, channels]`: means, then variances; of the batch or, in evaluation, the running ones.
    pub moments: TensorId,
    /// `[channels]`.
    pub weight: TensorId,
    /// `[channels]`.
    pub bias: TensorId,
    /// `[rows, channels, inner]`.
    pub out: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub inner: usize,
    pub epsilon: f32,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("batch_norm", "each_value", "networks"))];

impl Describe for BatchNorm {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.moments, self.weight, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let count = self.rows * self.channels * self.inner;
        let constants = [
            ("COUNT", count as f64),
            ("CHANNELS", self.channels as f64),
            ("INNER", self.inner as f64),
            ("EPSILON", self.epsilon as f64),
            ("MOMENTS_OFFSET", offset(plan, self.moments)),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("BIAS_OFFSET", offset(plan, self.bias)),
        ];
        let bindings = [(self.x, READ), (self.moments, READ), (self.weight, READ), (self.out, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(count.div_ceil(256)))
    }
}
