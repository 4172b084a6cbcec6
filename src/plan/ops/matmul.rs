use super::blocked_product::BlockedProduct;
use super::launching::{READ, WRITE, launch, layered, offset, operand, tile};
use super::{Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// Matrix product: `out = A · B`, where A is `[m, k]`, or stored as `[k, m]` with `transpose_a`, and B is
/// `[k, n]`, or stored as `[n, k]` with `transpose_b`; with a gate 0 where that is not above 0, which is `relu_gradient` after the
/// product.
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
    /// What a ReLU gave, `[m, n]`. Not with `transpose_a`.
    pub gate: Option<TensorId>,
}

impl Describe for Matmul {
    fn reads(&self) -> Vec<TensorId> {
        [self.a.tensor, self.b.tensor].into_iter().chain(self.gate).collect()
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn multiply_adds(&self) -> u64 {
        (self.m * self.n * self.k) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let (width, height) = tile(self.m, self.n);
        let constants = [
            ("M", self.m as f64),
            ("N", self.n as f64),
            ("K", self.k as f64),
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("TRANSPOSE_A", self.transpose_a as u32 as f64),
            ("TRANSPOSE_B", self.transpose_b as u32 as f64),
            ("A_START", offset(plan, self.a.tensor)),
            ("B_START", offset(plan, self.b.tensor)),
            ("OUT_START", offset(plan, self.out)),
            ("HAS_GATE", self.gate.is_some() as u32 as f64),
        ]
        .into_iter()
        .chain(operand(plan, self.a, ["A_IS_BYTES", "A_GAIN", "A_OFFSET", "A_IN_BLOCK"]))
        .chain(operand(plan, self.b, ["B_IS_BYTES", "B_GAIN", "B_OFFSET", "B_IN_BLOCK"]));
        let b = self.b.tensor;
        // something to bind where there is no gate
        let gate = self.gate.unwrap_or(b);
        let bindings = [(self.a.tensor, READ), (b, READ), (self.out, WRITE), (gate, READ)];
        let groups = layered(self.n.div_ceil(4 * width), self.m.div_ceil(4 * height));
        launch(include_str!("../../../shaders/matmul.wgsl"), constants, bindings, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        let blocked = BlockedProduct {
            a: self.a,
            b: self.b,
            bias: None,
            relu: false,
            gate: self.gate,
            out: self.out,
            transpose_a: self.transpose_a,
            transpose_b: self.transpose_b,
            sizes: [self.m, self.n, self.k],
        };
        blocked.launches(plan)
    }
}
