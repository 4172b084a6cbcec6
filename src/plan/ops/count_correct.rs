use super::Describe;
use crate::plan::TensorId;

/// Adds to `correct` the number of rows whose largest logit (the first of equals) stands at the label.
#[derive(Clone, Debug)]
pub struct CountCorrect {
    /// `[rows, classes]`.
    pub logits: TensorId,
    /// u32 `[rows]`.
    pub labels: TensorId,
    /// u32 `[1]`, adds up over steps.
    pub correct: TensorId,
    pub rows: usize,
    pub classes: usize,
}

impl Describe for CountCorrect {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.correct]
    }
}
