use super::launch::{READ, WRITE, folded, in_block, input, launch, offset};
use super::shader::{Shader, join};
use super::{Access, ClassWeights, Constant, Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// Most classes whose logits the shader keeps in workgroup memory; 4 rows of them are 4 KiB.
const MAX_KEPT: usize = 256;

/// A classifier's last layer and its loss in one pass: `dense` then `softmax_cross_entropy`, the logits never
/// stored.
#[derive(Clone, Debug)]
pub struct DenseSoftmaxCrossEntropy {
    /// `[rows, inputs]`.
    pub x: Operand,
    /// `[classes, inputs]`.
    pub weight: TensorId,
    /// `[classes]`.
    pub bias: TensorId,
    /// u32 `[rows]`.
    pub labels: TensorId,
    /// `[rows, classes]`.
    pub logits_gradient: TensorId,
    /// `[rows]`.
    pub sample_loss: TensorId,
    pub rows: usize,
    pub inputs: usize,
    pub classes: usize,
    /// See `SoftmaxCrossEntropy`.
    pub scale: f32,
    pub class_weights: Option<ClassWeights>,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "dense_softmax_cross_entropy",
        "last_layer",
        "equal_class_weights",
        "cross_entropy",
        "input_words",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::variant(
        "weighted",
        join!(
            "dense_softmax_cross_entropy",
            "last_layer",
            "class_weights_6",
            "cross_entropy",
            "input_words",
            "pixels",
            "step_scalars",
            "networks"
        ),
    ),
    Shader::split(join!(
        "dense_softmax_cross_entropy",
        "last_layer",
        "equal_class_weights",
        "cross_entropy",
        "input_words",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::separate(join!(
        "dense_softmax_cross_entropy_separate",
        "last_layer",
        "equal_class_weights",
        "input_words",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::variant(
        "separate_weighted",
        join!(
            "dense_softmax_cross_entropy_separate",
            "last_layer",
            "class_weights_6",
            "input_words",
            "pixels",
            "step_scalars",
            "networks"
        ),
    ),
];

impl Describe for DenseSoftmaxCrossEntropy {
    fn reads(&self) -> Vec<TensorId> {
        let weights = self.class_weights.map(|weights| weights.tensor);
        [self.x.tensor, self.weight, self.bias, self.labels].into_iter().chain(weights).collect()
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.logits_gradient, self.sample_loss]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.inputs * self.classes) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        self.with_width(plan, &SHADERS[0], 32)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        let can_be_split = self.inputs > 4 * 32 && self.class_weights.is_none();
        let split = can_be_split.then(|| self.with_width(plan, &SHADERS[2], 64));
        std::iter::once(self.separate(plan)).chain(split).collect()
    }
}

impl DenseSoftmaxCrossEntropy {
    /// `width` invocations share each sum over the inputs.
    fn with_width(&self, plan: &Plan, shader: &Shader, width: usize) -> Launch {
        let constants = self.constants(plan).chain([
            ("KEPT", if self.classes <= MAX_KEPT { self.classes as f64 } else { 1.0 }),
            ("WIDTH", width as f64),
        ]);
        let groups = folded(self.rows.div_ceil(4));
        match self.class_weights {
            None => launch(shader, constants, self.bindings(), groups),
            Some(ClassWeights { mean, .. }) => {
                let constants = constants.chain([("MEAN_CLASS_WEIGHT", mean as f64)]);
                launch(&SHADERS[1], constants, self.bindings(), groups)
            }
        }
    }

    /// Four rows by each invocation.
    fn separate(&self, plan: &Plan) -> Launch {
        let shader = if self.class_weights.is_none() { &SHADERS[3] } else { &SHADERS[4] };
        launch(shader, self.constants(plan), self.bindings(), folded(self.rows.div_ceil(4 * 8)))
    }

    fn constants(&self, plan: &Plan) -> impl Iterator<Item = Constant> {
        let weight_offset = plan.tensor(self.weight).storage.offset();
        let is_aligned = weight_offset.is_multiple_of(4) && self.inputs.is_multiple_of(4);
        [
            ("ROWS", self.rows as f64),
            ("INPUTS", self.inputs as f64),
            ("CLASSES", self.classes as f64),
            ("SCALE", self.scale as f64),
            ("LABELS_IN_BLOCK", in_block(plan, self.labels)),
            ("LOSS_IN_BLOCK", in_block(plan, self.sample_loss)),
            ("WEIGHT_OFFSET", weight_offset as f64),
            ("BIAS_OFFSET", offset(plan, self.bias)),
            ("WEIGHT_IS_ALIGNED", is_aligned as u32 as f64),
        ]
        .into_iter()
        .chain(input(plan, self.x))
    }

    fn bindings(&self) -> impl Iterator<Item = (TensorId, Access)> {
        [
            (self.labels, READ),
            (self.sample_loss, WRITE),
            (self.x.tensor, READ),
            (self.weight, READ),
            (self.bias, READ),
            (self.logits_gradient, WRITE),
        ]
        .into_iter()
        .chain(self.class_weights.map(|weights| (weights.tensor, READ)))
    }
}
