use super::{Describe, Operand};
use crate::plan::TensorId;

/// A classifier's last layer and its loss in one pass: `dense` then `softmax_cross_entropy`, the logits never
/// stored.
#[derive(Clone, Debug)]
pub struct DenseSoftmaxCrossEntropy {
    /// `[rows, inputs]`.
    pub x: Operand,
    /// `[classes, inputs]`.
    pub weight: TensorId,
    /// `[classes]`.
    pub bias: TensorId,
    /// u32 `[rows]`.
    pub labels: TensorId,
    /// `[rows, classes]`.
    pub logits_gradient: TensorId,
    /// `[rows]`.
    pub sample_loss: TensorId,
    pub rows: usize,
    pub inputs: usize,
    pub classes: usize,
    /// See `SoftmaxCrossEntropy`.
    pub scale: f32,
}

impl Describe for DenseSoftmaxCrossEntropy {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.weight, self.bias, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.logits_gradient, self.sample_loss]
    }
}
