use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::DenseSgd;

/// A dense layer's gradients and their step of gradient descent:
/// `weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]` and
/// `bias[o] -= learning_rate * sum over r of output_gradient[r, o]`, with x `[rows, inputs]`, output_gradient
/// `[rows, outputs]` and weight `[outputs, inputs]`. The same as `matmul`, `column_sum` and `sgd`.
impl Reference for DenseSgd {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, output_gradient) = (inputs.operand(self.x)?, inputs.floats(self.output_gradient)?);
        let (mut weight, mut bias) =
            (inputs.floats(self.weight)?.to_vec(), inputs.floats(self.bias)?.to_vec());
        for row in 0..self.rows {
            for output in 0..self.outputs {
                let step = inputs.learning_rate() * output_gradient[row * self.outputs + output];
                bias[output] -= step;
                for input in 0..self.inputs {
                    weight[output * self.inputs + input] -= step * x[row * self.inputs + input];
                }
            }
        }
        Ok(vec![weight.into(), bias.into()])
    }
}
