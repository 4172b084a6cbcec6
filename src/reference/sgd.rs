use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Sgd;

/// Gradient descent: `parameters -= learning_rate * (gradients + weight_decay * parameters)`.
impl Reference for Sgd {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (mut parameters, decay) =
            (inputs.floats(self.parameters)?.to_vec(), f64::from(self.weight_decay));
        for (parameter, gradient) in parameters.iter_mut().zip(inputs.floats(self.gradients)?) {
            *parameter -= inputs.learning_rate() * (gradient + decay * *parameter);
        }
        Ok(vec![parameters.into()])
    }
}
