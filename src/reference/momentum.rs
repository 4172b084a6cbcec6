use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Momentum;

/// Gradient descent with momentum, as in PyTorch's `SGD`: with `g = gradients + weight_decay * parameters`,
/// `velocity = momentum * velocity + g`, then `parameters -= learning_rate * velocity`, or with Nesterov's look-ahead
/// `parameters -= learning_rate * (g + momentum * velocity)` (Sutskever et al. 2013).
impl Reference for Momentum {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (rate, momentum) = (inputs.learning_rate(), f64::from(self.momentum));
        let mut parameters = inputs.floats(self.parameters)?.to_vec();
        let mut velocity = inputs.floats(self.velocity)?.to_vec();
        for (i, gradient) in inputs.floats(self.gradients)?.iter().enumerate() {
            let g = gradient + f64::from(self.weight_decay) * parameters[i];
            velocity[i] = momentum * velocity[i] + g;
            parameters[i] -= rate * if self.nesterov { g + momentum * velocity[i] } else { velocity[i] };
        }
        Ok(vec![parameters.into(), velocity.into()])
    }
}
