use super::launch::{READ, WRITE, launch, offset};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Partial sums of squares: `sums[p]` is that of the `ceil(count / parts)` values of x from `p * ceil(count / parts)` on.
#[derive(Clone, Debug)]
pub struct SquareSum {
    /// `[count]`.
    pub x: TensorId,
    /// `[parts]`.
    pub sums: TensorId,
    pub count: usize,
    pub parts: usize,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("square_sum", "workgroup_sum", "networks"))];

impl Describe for SquareSum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.sums]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("COUNT", self.count as f64),
            ("PART", self.count.div_ceil(self.parts) as f64),
            ("X_OFFSET", offset(plan, self.x)),
        ];
        let bindings = [(self.x, READ), (self.sums, WRITE)];
        launch(&SHADERS[0], constants, bindings, [self.parts as u32, 1, 1])
    }
}
