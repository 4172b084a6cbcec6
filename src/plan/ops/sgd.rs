use super::Describe;
use crate::plan::TensorId;

/// Stochastic gradient descent over the whole flat buffer: `parameters[i] -= learning_rate * gradients[i]`.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub gradients: TensorId,
    pub parameters: TensorId,
    pub count: usize,
}

impl Describe for Sgd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.gradients, self.parameters]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.parameters]
    }
}
