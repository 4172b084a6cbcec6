use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::LossSum;

/// `loss = scale * sum over r of sample_loss[r]`: one loss per step, the mean over the batch where `scale` is 1 /
/// rows.
impl Reference for LossSum {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut sum = 0.0;
        for row in 0..self.rows {
            sum += inputs.floats(self.sample_loss)?[row];
        }
        Ok(vec![vec![sum * f64::from(self.scale)].into()])
    }
}
