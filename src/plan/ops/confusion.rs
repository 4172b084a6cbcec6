use super::Describe;
use crate::plan::TensorId;

/// Adds one for each row to `counts[label, predicted]`.
#[derive(Clone, Debug)]
pub struct Confusion {
    /// `[rows, classes]`.
    pub logits: TensorId,
    /// u32 `[rows]`.
    pub labels: TensorId,
    /// u32 `[classes, classes]`, adds up over steps.
    pub counts: TensorId,
    pub rows: usize,
    pub classes: usize,
}

impl Describe for Confusion {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.counts]
    }
}
