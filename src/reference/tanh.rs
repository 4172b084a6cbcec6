use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Tanh;

/// `out = tanh(x)`, value by value.
impl Reference for Tanh {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let out: Vec<f64> = inputs.floats(self.x)?.iter().map(|x| x.tanh()).collect();
        Ok(vec![out.into()])
    }
}
