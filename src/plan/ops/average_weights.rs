use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// A moving average of the parameters: `average += average_rate * (parameters - average)`, where the rate is one of
/// the step scalars (Polyak and Juditsky 1992).
#[derive(Clone, Debug)]
pub struct AverageWeights {
    pub parameters: TensorId,
    pub average: TensorId,
    pub count: usize,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("average_weights", "each_value", "step_scalars", "networks"))];

impl Describe for AverageWeights {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.parameters, self.average]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.average]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("PARAMETERS_OFFSET", offset(plan, self.parameters)),
            ("AVERAGE_OFFSET", offset(plan, self.average)),
        ];
        let bindings = [(self.parameters, READ), (self.average, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.count.div_ceil(256)))
    }
}
