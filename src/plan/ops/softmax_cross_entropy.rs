use super::launch::{READ, WRITE, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Softmax and cross-entropy of each row, with the gradient with respect to the logits, in one pass:
/// `sample_loss[r] = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]` (the largest logit is subtracted first,
/// so nothing overflows), `logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * scale`. With `smoothing` s
/// the target is `(1 - s) * (c == label[r]) + s / classes` (Szegedy et al. 2016, section 7), with class weights w it is
/// `w[c]` times that, and the target's sum then multiplies both the logarithm and the softmax.
#[derive(Clone, Debug)]
pub struct SoftmaxCrossEntropy {
    /// `[rows, classes]`.
    pub logits: TensorId,
    /// u32 `[rows]`; a row labelled `NO_LABEL` has no loss and no gradient.
    pub labels: TensorId,
    /// `[rows, classes]`; none in evaluation.
    pub logits_gradient: Option<TensorId>,
    /// `[rows]`, not scaled. Evaluation, which has no gradient, has no class weights either.
    pub sample_loss: TensorId,
    pub rows: usize,
    pub classes: usize,
    /// 1 / rows where the loss is the mean over the batch, 1 where it is the sum.
    pub scale: f32,
    /// Part of the target that is spread over all classes; 0 in evaluation.
    pub smoothing: f32,
    /// `[classes]`, and the mean of its values; none where all classes weigh the same.
    pub class_weights: Option<ClassWeights>,
}

/// What each class weighs in the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassWeights {
    /// `[classes]`.
    pub tensor: TensorId,
    /// The mean of its values: the weight of the part of the target that label smoothing spreads over all
    /// classes.
    pub mean: f32,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "softmax_cross_entropy",
        "equal_class_weights",
        "logits",
        "cross_entropy",
        "step_scalars",
        "networks"
    )),
    Shader::variant(
        "loss",
        join!(
            "softmax_cross_entropy_loss",
            "equal_class_weights",
            "logits",
            "cross_entropy",
            "step_scalars",
            "networks"
        ),
    ),
    Shader::variant(
        "weighted",
        join!(
            "softmax_cross_entropy",
            "class_weights_4",
            "logits",
            "cross_entropy",
            "step_scalars",
            "networks"
        ),
    ),
];

impl Describe for SoftmaxCrossEntropy {
    fn reads(&self) -> Vec<TensorId> {
        let weights = self.class_weights.map(|weights| weights.tensor);
        [self.logits, self.labels].into_iter().chain(weights).collect()
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
        let Some(gradient) = self.logits_gradient else {
            return launch(&SHADERS[1], constants, bindings, groups);
        };
        let trained = [("SCALE", self.scale as f64), ("SMOOTHING", self.smoothing as f64)];
        let constants = constants.into_iter().chain(trained);
        let bindings = bindings.into_iter().chain([(gradient, WRITE)]);
        match self.class_weights {
            None => launch(&SHADERS[0], constants, bindings, groups),
            Some(ClassWeights { tensor, mean }) => launch(
                &SHADERS[2],
                constants.chain([("MEAN_CLASS_WEIGHT", mean as f64)]),
                bindings.chain([(tensor, READ)]),
                groups,
            ),
        }
    }
}
