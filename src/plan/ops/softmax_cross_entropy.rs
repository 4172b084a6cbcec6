use super::Describe;
use crate::plan::TensorId;

/// Softmax and cross-entropy of each row, with the gradient by the logits, in one pass:
/// `sample_loss[r] = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]` (the largest logit is subtracted
/// first, so nothing overflows), `logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * scale`.
#[derive(Clone, Debug)]
pub struct SoftmaxCrossEntropy {
    /// `[rows, classes]`.
    pub logits: TensorId,
    /// u32 `[rows]`; a row labelled `NO_LABEL` has no loss and no gradient.
    pub labels: TensorId,
    /// `[rows, classes]`; none in evaluation.
    pub logits_gradient: Option<TensorId>,
    /// `[rows]`, not scaled.
    pub sample_loss: TensorId,
    pub rows: usize,
    pub classes: usize,
    /// 1 / rows where the loss is the mean over the batch, 1 where it is the sum.
    pub scale: f32,
}

impl Describe for SoftmaxCrossEntropy {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        self.logits_gradient.into_iter().chain([self.sample_loss]).collect()
    }
}
