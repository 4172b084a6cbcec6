use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Stochastic gradient descent over the whole flat buffer:
/// `parameters[i] -= learning_rate * (gradients[i] + weight_decay * parameters[i])`.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub gradients: TensorId,
    pub parameters: TensorId,
    pub count: usize,
    pub weight_decay: f32,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("sgd", "each_value", "step_scalars", "networks"))];

impl Describe for Sgd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.gradients, self.parameters]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.parameters]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("GRADIENTS_OFFSET", offset(plan, self.gradients)),
            ("PARAMETERS_OFFSET", offset(plan, self.parameters)),
            ("WEIGHT_DECAY", self.weight_decay as f64),
        ];
        let bindings = [(self.gradients, READ), (self.parameters, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.count.div_ceil(256)))
    }
}
