use super::Describe;
use crate::plan::TensorId;

/// The gradient of a bias: `out[c] = sum over r of x[r, c]`.
#[derive(Clone, Debug)]
pub struct ColumnSum {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
}

impl Describe for ColumnSum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }
}
