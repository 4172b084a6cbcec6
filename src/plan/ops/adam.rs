use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Adam over the whole flat buffer (Kingma and Ba 2015, algorithm 1), as in PyTorch: with g the gradient,
/// `mean = beta1 * mean + (1 - beta1) * g`, `square = beta2 * square + (1 - beta2) * g * g`,
/// `parameters -= learning_rate * (mean * correction1) / (sqrt(square * correction2) + epsilon)`, where the corrections
/// are step scalars. Weight decay is added to the gradient or, if `decoupled` (AdamW, Loshchilov and Hutter 2019),
/// subtracted separately: `parameters -= learning_rate * weight_decay * parameters`.
#[derive(Clone, Debug)]
pub struct Adam {
    pub gradients: TensorId,
    pub parameters: TensorId,
    pub mean: TensorId,
    pub square: TensorId,
    pub count: usize,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
    pub decoupled: bool,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("adam", "each_value", "step_scalars", "networks"))];

impl Describe for Adam {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.gradients, self.parameters, self.mean, self.square]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.parameters, self.mean, self.square]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("GRADIENTS_OFFSET", offset(plan, self.gradients)),
            ("PARAMETERS_OFFSET", offset(plan, self.parameters)),
            ("MEAN_OFFSET", offset(plan, self.mean)),
            ("SQUARE_OFFSET", offset(plan, self.square)),
            ("BETA1", self.beta1 as f64),
            ("BETA2", self.beta2 as f64),
            ("EPSILON", self.epsilon as f64),
            ("WEIGHT_DECAY", self.weight_decay as f64),
            ("DECOUPLED", self.decoupled as u32 as f64),
        ];
        let bindings =
            [(self.gradients, READ), (self.parameters, WRITE), (self.mean, WRITE), (self.square, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.count.div_ceil(256)))
    }
}
