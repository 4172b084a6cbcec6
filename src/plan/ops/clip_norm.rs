use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Shortens the whole gradient where it is longer than `max_norm` (Pascanu et al. 2013), as PyTorch's
/// `clip_grad_norm_`: `gradients *= min(1, max_norm / (norm + 1e-6))`, where `norm` is the square root of the
/// sum of `sums`.
#[derive(Clone, Debug)]
pub struct ClipNorm {
    /// `[count]`, changed in place.
    pub gradients: TensorId,
    /// `[parts]`, see `SquareSum`.
    pub sums: TensorId,
    pub count: usize,
    pub parts: usize,
    pub max_norm: f32,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("clip_norm", "each_value", "networks"))];

impl Describe for ClipNorm {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.gradients, self.sums]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.gradients]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("PARTS", self.parts as f64),
            ("MAX_NORM", self.max_norm as f64),
            ("GRADIENTS_OFFSET", offset(plan, self.gradients)),
        ];
        let bindings = [(self.sums, READ), (self.gradients, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.count.div_ceil(256)))
    }
}
