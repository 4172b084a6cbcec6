use super::launch::{READ, WRITE, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// One loss per step: `losses[step of the block] = scale * sum over r of sample_loss[step of the block, r]`.
#[derive(Clone, Debug)]
pub struct LossSum {
    /// `[rows]` per step.
    pub sample_loss: TensorId,
    /// `[1]` per step.
    pub losses: TensorId,
    pub rows: usize,
    /// 1 / rows for the mean, 1 for the sum.
    pub scale: f32,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("loss_sum", "networks")), Shader::separate(join!("loss_sum_separate", "networks"))];

impl Describe for LossSum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.sample_loss]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.losses]
    }

    fn launch(&self, _plan: &Plan) -> Launch {
        self.with(&SHADERS[0])
    }

    fn alternatives(&self, _plan: &Plan) -> Vec<Launch> {
        vec![self.with(&SHADERS[1])]
    }
}

impl LossSum {
    fn with(&self, shader: &Shader) -> Launch {
        let constants = [("ROWS", self.rows as f64), ("SCALE", self.scale as f64)];
        let bindings = [(self.sample_loss, READ), (self.losses, WRITE)];
        launch(shader, constants, bindings, [1, 1, 1])
    }
}
