use super::dense::dense;
use super::softmax_cross_entropy::losses;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::DenseSoftmaxCrossEntropy;

/// A classifier's last layer and its loss: `dense`, then `softmax_cross_entropy` of its results, without smoothing.
impl Reference for DenseSoftmaxCrossEntropy {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, weight) = (inputs.operand(self.x)?, inputs.floats(self.weight)?);
        let logits = dense(&x, weight, inputs.floats(self.bias)?, self.inputs);
        let scale = f64::from(self.scale);
        let weights = inputs.class_weights(self.class_weights, self.classes)?;
        let (gradient, loss) = losses(&logits, inputs.words(self.labels)?, &weights, scale, 0.0);
        Ok(vec![gradient.into(), loss.into()])
    }
}
