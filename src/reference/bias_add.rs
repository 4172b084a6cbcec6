use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::BiasAdd;

/// `out[r, c] = x[r, c] + bias[c]`, with x and out `[rows, columns]`.
impl Reference for BiasAdd {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (mut out, bias) = (inputs.floats(self.x)?.to_vec(), inputs.floats(self.bias)?);
        for row in 0..self.rows {
            for column in 0..self.columns {
                out[row * self.columns + column] += bias[column];
            }
        }
        Ok(vec![out.into()])
    }
}
