use super::launch::{READ, WRITE, folded, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// `out = x / (1 - rate)` where the mask is set, else 0 (Srivastava et al. 2014). The mask is a function of seed, step,
/// layer and position alone, so the backward pass is the same op on the gradients: value i stays where word `i % 4` of
/// Philox with counter `[i / 4, step, layer, Stream::Dropout]` is at least `rate * 2^32`.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
    /// Fraction of values that are dropped, less than 1.
    pub rate: f32,
    /// Tells the dropout layers of a network apart.
    pub layer: u32,
}

impl Dropout {
    /// The smallest word that keeps a value.
    pub(crate) fn threshold(&self) -> u32 {
        (f64::from(self.rate) * 4_294_967_296.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
    }

    /// What kept values are multiplied by.
    pub(crate) fn gain(&self) -> f32 {
        1.0 / (1.0 - self.rate)
    }
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("dropout", "philox", "each_value", "step_scalars", "networks"))];

impl Describe for Dropout {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let count = self.rows * self.columns;
        let constants = [
            ("VALUES", count as f64),
            ("THRESHOLD", self.threshold() as f64),
            ("GAIN", self.gain() as f64),
            ("LAYER", self.layer as f64),
        ];
        let bindings = [(self.x, READ), (self.out, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(count.div_ceil(4 * 256)))
    }
}
