use super::blocked_product::BlockedProduct;
use super::launching::{READ, WRITE, X_NAMES, launch, layered, offset, operand, tile};
use super::{Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// A dense layer in one pass: `out = x · weightᵀ + bias`, and with `relu` what of that is below 0 made 0. The same as `matmul`,
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
        let (width, height) = tile(self.rows, self.outputs);
        let constants = [
            ("ROWS", self.rows as f64),
            ("INPUTS", self.inputs as f64),
            ("OUTPUTS", self.outputs as f64),
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("BIAS_OFFSET", offset(plan, self.bias)),
            ("RELU", self.relu as u32 as f64),
        ]
        .into_iter()
        .chain(operand(plan, self.x, X_NAMES));
        let bindings = [(self.x.tensor, READ), (self.weight, READ), (self.bias, READ), (self.out, WRITE)];
        let groups = layered(self.rows.div_ceil(4 * height), self.outputs.div_ceil(4 * width));
        launch(include_str!("../../../shaders/dense.wgsl"), constants, bindings, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        let blocked = BlockedProduct {
            a: self.x,
            b: self.weight.into(),
            bias: Some(self.bias),
            relu: self.relu,
            gate: None,
            out: self.out,
            transpose_a: false,
            transpose_b: true,
            sizes: [self.rows, self.outputs, self.inputs],
        };
        blocked.launches(plan)
    }
}
