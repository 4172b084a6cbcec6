use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// `out[r, c] = x[r, c] + bias[c]`.
#[derive(Clone, Debug)]
pub struct BiasAdd {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[columns]`.
    pub bias: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("bias_add", "each_value", "networks"))];

impl Describe for BiasAdd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("COLUMNS", self.columns as f64),
            ("BIAS_OFFSET", offset(plan, self.bias)),
        ];
        let bindings = [(self.x, READ), (self.bias, READ), (self.out, WRITE)];
        let groups = folded((self.rows * self.columns).div_ceil(256));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
