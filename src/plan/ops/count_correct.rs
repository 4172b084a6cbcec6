use super::launch::{READ, WRITE, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Adds to `correct` the number of rows whose largest logit (the first of equals) is that of the label.
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

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("count_correct", "predicted_class", "step_scalars", "networks"))];

impl Describe for CountCorrect {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.correct]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("CLASSES", self.classes as f64),
            ("LABELS_IN_BLOCK", in_block(plan, self.labels)),
        ];
        let bindings = [(self.logits, READ), (self.labels, READ), (self.correct, WRITE)];
        let groups = folded(self.rows.div_ceil(64));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
