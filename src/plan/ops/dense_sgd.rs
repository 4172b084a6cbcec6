use super::{Describe, Operand};
use crate::plan::TensorId;

/// A dense layer's gradients and their SGD step in one pass, the gradients never stored:
/// `weight -= learning_rate * output_gradientᵀ · x`, `bias -= learning_rate * column sums of output_gradient`.
/// The same as `matmul`, `column_sum`, `sgd`.
#[derive(Clone, Debug)]
pub struct DenseSgd {
    /// `[rows, inputs]`.
    pub x: Operand,
    /// `[rows, outputs]`.
    pub output_gradient: TensorId,
    /// `[outputs, inputs]`.
    pub weight: TensorId,
    /// `[outputs]`.
    pub bias: TensorId,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Describe for DenseSgd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.output_gradient, self.weight, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.weight, self.bias]
    }
}
