use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::ReluGradient;

/// `input_gradient = output_gradient` where the ReLU's output is above 0, else 0. At exactly 0 the ReLU has no derivative;
/// 0 is taken, as every framework does.
impl Reference for ReluGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut input_gradient = inputs.floats(self.output_gradient)?.to_vec();
        for (gradient, out) in input_gradient.iter_mut().zip(inputs.floats(self.out)?) {
            if *out <= 0.0 {
                *gradient = 0.0;
            }
        }
        Ok(vec![input_gradient.into()])
    }
}
