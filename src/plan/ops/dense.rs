use super::{Describe, Operand};
use crate::plan::TensorId;

/// A dense layer in one pass: `out = x · weightᵀ + bias`. The same as `matmul` then `bias_add`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `[rows, inputs]`.
    pub x: Operand,
    /// `[outputs, inputs]`.
    pub weight: TensorId,
    /// `[outputs]`.
    pub bias: TensorId,
    /// `[rows, outputs]`.
    pub out: TensorId,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Describe for Dense {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.weight, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }
}
