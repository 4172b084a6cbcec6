use super::launching::{READ, WRITE, folded, launch};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Hyperbolic tangent: `out = tanh(x)`.
#[derive(Clone, Debug)]
pub struct Tanh {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
}

impl Describe for Tanh {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let count = self.rows * self.columns;
        let bindings = [(self.x, READ), (self.out, WRITE)];
        let source = include_str!("../../../shaders/tanh.wgsl");
        launch(source, [("COUNT", count as f64)], bindings, folded(count.div_ceil(256)))
    }
}
