use super::launch::{READ, WRITE, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch, Pixels};
use crate::plan::{Plan, TensorId};

/// Makes floats of image bytes: `out[r, c] = images[r, c] / 255 * gain + offset`.
#[derive(Clone, Debug)]
pub struct Unpack {
    /// u8 `[rows, columns]`.
    pub images: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
    pub pixels: Pixels,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("unpack", "pixels", "each_value", "step_scalars", "networks"))];

impl Describe for Unpack {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.images]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("COLUMNS", self.columns as f64),
            ("GAIN", self.pixels.gain as f64),
            ("OFFSET", self.pixels.offset as f64),
            ("X_IN_BLOCK", in_block(plan, self.images)),
        ];
        let bindings = [(self.images, READ), (self.out, WRITE)];
        let groups = folded((self.rows * self.columns.div_ceil(4)).div_ceil(256));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
