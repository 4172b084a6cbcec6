use super::launching::{READ, WRITE, folded, launch};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// `input_gradient = output_gradient` where `out > 0`, else 0.
#[derive(Clone, Debug)]
pub struct ReluGradient {
    /// What the forward pass gave, `[rows, columns]`.
    pub out: TensorId,
    /// `[rows, columns]`.
    pub output_gradient: TensorId,
    /// `[rows, columns]`.
    pub input_gradient: TensorId,
    pub rows: usize,
    pub columns: usize,
}

impl Describe for ReluGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.out, self.output_gradient]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let count = self.rows * self.columns;
        let bindings = [(self.out, READ), (self.output_gradient, READ), (self.input_gradient, WRITE)];
        let source = include_str!("../../../shaders/relu_gradient.wgsl");
        launch(source, [("COUNT", count as f64)], bindings, folded(count.div_ceil(256)))
    }
}
