use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Relu;

/// `out = max(x, 0)`, value by value (Nair and Hinton 2010).
impl Reference for Relu {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let out: Vec<f64> = inputs.floats(self.x)?.iter().map(|x| x.max(0.0)).collect();
        Ok(vec![out.into()])
    }
}
