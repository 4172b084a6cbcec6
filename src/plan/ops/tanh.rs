use super::launch::{READ, WRITE, folded, launch};
use super::shader::{Shader, join};
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

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("tanh", "each_value", "networks"))];

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
        launch(&SHADERS[0], [("COUNT", count as f64)], bindings, folded(count.div_ceil(256)))
    }
}
