use super::launch::{READ, WRITE, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Softmax and cross-entropy of each row, with the gradient by the logits, in one pass:
/// `sample_loss[r] = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]` (the largest logit is subtracted
/// first, so nothing overflows), `logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * scale`.
/// With `smoothing` s the target is `(1 - s) * (c == label[r]) + s / classes` (Szegedy et al. 2016, section 7).
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
    /// Part of the target that is spread over all classes; 0 in evaluation.
    pub smoothing: f32,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!("softmax_cross_entropy", "logits", "cross_entropy", "step_scalars", "networks")),
    Shader::variant(
        "loss",
        join!("softmax_cross_entropy_loss", "logits", "cross_entropy", "step_scalars", "networks"),
    ),
];

impl Describe for SoftmaxCrossEntropy {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        self.logits_gradient.into_iter().chain([self.sample_loss]).collect()
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("CLASSES", self.classes as f64),
            ("LABELS_IN_BLOCK", in_block(plan, self.labels)),
            ("LOSS_IN_BLOCK", in_block(plan, self.sample_loss)),
        ];
        let bindings = [(self.labels, READ), (self.sample_loss, WRITE), (self.logits, READ)];
        let groups = folded(self.rows.div_ceil(4));
        match self.logits_gradient {
            Some(gradient) => launch(
                &SHADERS[0],
                constants
                    .into_iter()
                    .chain([("SCALE", self.scale as f64), ("SMOOTHING", self.smoothing as f64)]),
                bindings.into_iter().chain([(gradient, WRITE)]),
                groups,
            ),
            None => launch(&SHADERS[1], constants, bindings, groups),
        }
    }
}
