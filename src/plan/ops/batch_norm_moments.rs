use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Mean and (biased) variance of each channel over the batch and, in images, over all positions; and the running
/// statistics' step towards them: `running += momentum * (new - running)`, with the unbiased variance, as in
/// PyTorch.
#[derive(Clone, Debug)]
pub struct BatchNormMoments {
    /// `[rows, channels, inner]`.
    pub x: TensorId,
    /// `[2, channels]`: means, then variances.
    pub moments: TensorId,
    /// `[2, channels]`, laid out as the moments.
    pub running: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub inner: usize,
    pub momentum: f32,
}

impl BatchNormMoments {
    /// Biased variance times this is the unbiased one (Bessel's correction); 1 for a single value.
    pub(crate) fn correction(&self) -> f32 {
        let count = (self.rows * self.inner) as f32;
        if count > 1.0 { count / (count - 1.0) } else { 1.0 }
    }
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("batch_norm_moments", "each_channel", "workgroup_sum", "networks"))];

impl Describe for BatchNormMoments {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.running]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.moments, self.running]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("CHANNELS", self.channels as f64),
            ("INNER", self.inner as f64),
            ("MOMENTUM", self.momentum as f64),
            ("CORRECTION", self.correction() as f64),
            ("RUNNING_OFFSET", offset(plan, self.running)),
        ];
        let bindings = [(self.x, READ), (self.moments, WRITE), (self.running, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.channels))
    }
}
