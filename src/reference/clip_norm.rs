use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::ClipNorm;

/// Shortens the gradient where it is longer than `max_norm` (Pascanu et al. 2013), as PyTorch's `clip_grad_norm_` does:
/// `gradients *= min(1, max_norm / (norm + 1e-6))`, where `norm` is the square root of the sum of `sums`, see
/// `square_sum`.
impl Reference for ClipNorm {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let norm = inputs.floats(self.sums)?.iter().sum::<f64>().sqrt();
        let factor = (f64::from(self.max_norm) / (norm + 1e-6)).min(1.0);
        let gradients: Vec<f64> = inputs.floats(self.gradients)?.iter().map(|g| g * factor).collect();
        Ok(vec![gradients.into()])
    }
}
