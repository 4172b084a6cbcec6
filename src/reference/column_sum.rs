use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::ColumnSum;

/// `out[c] = sum over r of x[r, c]`, with x `[rows, columns]`: the gradient of a bias.
impl Reference for ColumnSum {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let x = inputs.floats(self.x)?;
        let mut out = vec![0.0; self.columns];
        for row in 0..self.rows {
            for column in 0..self.columns {
                out[column] += x[row * self.columns + column];
            }
        }
        Ok(vec![out.into()])
    }
}
