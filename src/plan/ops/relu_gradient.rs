use super::launch::{READ, WRITE, folded, launch};
use super::shader::{Shader, join};
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

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("relu_gradient", "each_value", "networks"))];

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
        launch(&SHADERS[0], [("COUNT", count as f64)], bindings, folded(count.div_ceil(256)))
    }
}
