use super::product::Product;
use super::{Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// Matrix product: `out = A · B`, where A is `[m, k]`, or stored as `[k, m]` with `transpose_a`, and B is
/// `[k, n]`, or stored as `[n, k]` with `transpose_b`; with a ReLU mask zero where the ReLU output was <= 0, which is
/// `relu_gradient` after the product.
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
    /// The output of a ReLU, `[m, n]`. Not with `transpose_a`.
    pub relu_mask: Option<TensorId>,
}

pub(super) use super::product::SHADERS;

impl Describe for Matmul {
    fn reads(&self) -> Vec<TensorId> {
        [self.a.tensor, self.b.tensor].into_iter().chain(self.relu_mask).collect()
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn multiply_adds(&self) -> u64 {
        (self.m * self.n * self.k) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        self.product().plain(plan)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        self.product().alternatives(plan)
    }
}

impl Matmul {
    fn product(&self) -> Product {
        Product {
            a: self.a,
            b: self.b,
            bias: None,
            relu: false,
            relu_mask: self.relu_mask,
            out: self.out,
            transpose_a: self.transpose_a,
            transpose_b: self.transpose_b,
            sizes: [self.m, self.n, self.k],
        }
    }
}
