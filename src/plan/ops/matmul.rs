use super::{Describe, Operand};
use crate::plan::TensorId;

/// Matrix product: `out = A · B`, where A is `[m, k]`, or stored as `[k, m]` with `transpose_a`, and B is
/// `[k, n]`, or stored as `[n, k]` with `transpose_b`.
#[derive(Clone, Debug)]
pub struct Matmul {
    pub a: Operand,
    pub b: Operand,
    /// `[m, n]`.
    pub out: TensorId,
    pub transpose_a: bool,
    pub transpose_b: bool,
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

impl Describe for Matmul {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.a.tensor, self.b.tensor]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }
}
