use super::launch::{READ, WRITE, folded, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// The gradient of a bias: `out[c] = sum over r of x[r, c]`.
#[derive(Clone, Debug)]
pub struct ColumnSum {
    /// `[rows, columns]`.
    pub x: TensorId,
    /// `[columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("column_sum", "networks"))];

impl Describe for ColumnSum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("COLUMNS", self.columns as f64),
            ("OUT_OFFSET", offset(plan, self.out)),
        ];
        let bindings = [(self.x, READ), (self.out, WRITE)];
        let groups = folded(self.columns.div_ceil(32));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
