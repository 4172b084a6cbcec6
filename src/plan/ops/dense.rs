use super::product::Product;
use super::{Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// A dense layer in one pass: `out = x · weightᵀ + bias`, and with `relu` the larger of that and 0. The same as `matmul`,
/// `bias_add` and `relu`.
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
    pub relu: bool,
}

pub(super) use super::product::SHADERS;

impl Describe for Dense {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.weight, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.inputs * self.outputs) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        self.product().plain(plan)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        self.product().alternatives(plan)
    }
}

impl Dense {
    fn product(&self) -> Product {
        Product {
            a: self.x,
            b: self.weight.into(),
            bias: Some(self.bias),
            relu: self.relu,
            relu_mask: None,
            out: self.out,
            transpose_a: false,
            transpose_b: true,
            sizes: [self.rows, self.outputs, self.inputs],
        }
    }
}
