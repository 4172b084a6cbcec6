use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::TanhGradient;

/// `input_gradient = output_gradient * (1 - out²)`, from tanh's output: tanh' = 1 - tanh².
impl Reference for TanhGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut input_gradient = inputs.floats(self.output_gradient)?.to_vec();
        for (gradient, out) in input_gradient.iter_mut().zip(inputs.floats(self.out)?) {
            *gradient *= 1.0 - out * out;
        }
        Ok(vec![input_gradient.into()])
    }
}
