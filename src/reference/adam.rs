use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Adam;

/// Adam (Kingma and Ba 2015, algorithm 1), as in PyTorch: `mean = beta1 * mean + (1 - beta1) * g`,
/// `square = beta2 * square + (1 - beta2) * g²`,
/// `parameters -= learning_rate * (mean * correction1) / (sqrt(square * correction2) + epsilon)`. The corrections
/// are step scalars: `1 / (1 - beta^t)` in step t, counted from 1.
///
/// Weight decay is part of g or, where it is `decoupled` (AdamW, Loshchilov and Hutter 2019), shrinks the parameters first:
/// `parameters -= learning_rate * weight_decay * parameters`.
impl Reference for Adam {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let [beta1, beta2, epsilon, decay] =
            [self.beta1, self.beta2, self.epsilon, self.weight_decay].map(f64::from);
        let rate = inputs.learning_rate();
        let correction1 = f64::from(inputs.scalars.correction1);
        let correction2 = f64::from(inputs.scalars.correction2);
        let mut parameters = inputs.floats(self.parameters)?.to_vec();
        let (mut mean, mut square) =
            (inputs.floats(self.mean)?.to_vec(), inputs.floats(self.square)?.to_vec());
        for (i, gradient) in inputs.floats(self.gradients)?.iter().enumerate() {
            let mut g = *gradient;
            if self.decoupled {
                parameters[i] -= rate * decay * parameters[i];
            } else {
                g += decay * parameters[i];
            }
            mean[i] = beta1 * mean[i] + (1.0 - beta1) * g;
            square[i] = beta2 * square[i] + (1.0 - beta2) * g * g;
            parameters[i] -= rate * mean[i] * correction1 / ((square[i] * correction2).sqrt() + epsilon);
        }
        Ok(vec![parameters.into(), mean.into(), square.into()])
    }
}
