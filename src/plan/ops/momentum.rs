use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Gradient descent with momentum over the whole flat buffer, as in PyTorch's `SGD`:
/// `g = gradients + weight_decay * parameters`, `velocity = momentum * velocity + g`,
/// `parameters -= learning_rate * velocity`, or with Nesterov's look-ahead
/// `-= learning_rate * (g + momentum * velocity)`.
#[derive(Clone, Debug)]
pub struct Momentum {
    pub gradients: TensorId,
    pub parameters: TensorId,
    pub velocity: TensorId,
    pub count: usize,
    pub momentum: f32,
    pub nesterov: bool,
    pub weight_decay: f32,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("momentum", "each_value", "step_scalars", "networks"))];

impl Describe for Momentum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.gradients, self.parameters, self.velocity]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.parameters, self.velocity]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("GRADIENTS_OFFSET", offset(plan, self.gradients)),
            ("PARAMETERS_OFFSET", offset(plan, self.parameters)),
            ("VELOCITY_OFFSET", offset(plan, self.velocity)),
            ("MOMENTUM", self.momentum as f64),
            ("NESTEROV", self.nesterov as u32 as f64),
            ("WEIGHT_DECAY", self.weight_decay as f64),
        ];
        let bindings = [(self.gradients, READ), (self.parameters, WRITE), (self.velocity, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.count.div_ceil(256)))
    }
}
