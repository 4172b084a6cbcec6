use super::Describe;
use crate::plan::TensorId;

/// `out[r, c] = x[r, c] + bias[c]`.
#[derive(Clone, Debug)]
pub struct BiasAdd {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[columns]`.
    pub bias: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
}

impl Describe for BiasAdd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }
}
