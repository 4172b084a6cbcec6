use super::launch::{READ, WRITE, folded, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId};

/// Picks a batch out of a data set that lives on the device: `images[r] = all_images[indices[r]]`, labels
/// likewise. An index of `NO_IMAGE` gives a black image with the label `NO_LABEL`.
#[derive(Clone, Debug)]
pub struct Gather {
    /// u8 `[examples, columns]`, rows padded to whole words.
    pub all_images: TensorId,
    /// u32 `[examples]`.
    pub all_labels: TensorId,
    /// u32 `[rows]`.
    pub indices: TensorId,
    /// u8 `[rows, columns]`.
    pub images: TensorId,
    /// u32 `[rows]`.
    pub labels: TensorId,
    /// Images of one step; a block of steps gathers a multiple of it in one dispatch.
    pub rows: usize,
    pub columns: usize,
}

pub(super) static SHADERS: &[Shader] = &[Shader::plain(join!("gather", "networks"))];

impl Describe for Gather {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.all_images, self.all_labels, self.indices]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.images, self.labels]
    }

    fn launch(&self, _plan: &Plan) -> Launch {
        let words = self.columns.div_ceil(4);
        let constants = [("ROWS", self.rows as f64), ("WORDS", words as f64)];
        let bindings = [
            (self.all_images, READ),
            (self.all_labels, READ),
            (self.indices, READ),
            (self.images, WRITE),
            (self.labels, WRITE),
        ];
        let groups = folded((self.rows * words).div_ceil(256));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
