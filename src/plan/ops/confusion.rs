use super::launch::{READ, WRITE, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

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

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("confusion", "predicted_class", "each_value", "step_scalars", "networks"))];

impl Describe for Confusion {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.logits, self.labels]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.counts]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("CLASSES", self.classes as f64),
            ("LABELS_IN_BLOCK", in_block(plan, self.labels)),
        ];
        let bindings = [(self.logits, READ), (self.labels, READ), (self.counts, WRITE)];
        let groups = folded(self.rows.div_ceil(256));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
