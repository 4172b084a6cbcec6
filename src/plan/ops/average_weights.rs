use super::launching::{READ, WRITE, folded, launch, offset};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// A moving average of the parameters: `average += average_rate * (parameters - average)`, the rate one of the step's
/// numbers (Polyak and Juditsky 1992).
#[derive(Clone, Debug)]
pub struct AverageWeights {
    pub parameters: TensorId,
    pub average: TensorId,
    pub count: usize,
}

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
        let source = include_str!("../../../shaders/average_weights.wgsl");
        launch(source, constants, bindings, folded(self.count.div_ceil(256)))
    }
}
