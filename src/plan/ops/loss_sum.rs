use super::Describe;
use crate::plan::TensorId;

/// One loss a step: `losses[step of the block] = scale * sum over r of sample_loss[step of the block, r]`.
#[derive(Clone, Debug)]
pub struct LossSum {
    /// `[rows]` a step.
    pub sample_loss: TensorId,
    /// `[1]` a step.
    pub losses: TensorId,
    pub rows: usize,
    /// 1 / rows for the mean, 1 for the sum.
    pub scale: f32,
}

impl Describe for LossSum {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.sample_loss]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.losses]
    }
}
