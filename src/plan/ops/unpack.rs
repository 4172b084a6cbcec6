use super::launch::{READ, WRITE, channels, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch, Pixels};
use crate::plan::{Plan, TensorId};

/// Converts image bytes to floats, each channel with its own gain and offset:
/// `out[r, k, p] = images[r, k, p] / 255 * gain[k] + offset[k]`.
#[derive(Clone, Debug)]
pub struct Unpack {
    /// u8 `[rows, channels, pixels]`.
    pub images: TensorId,
    /// `[rows, channels, pixels]`.
    pub out: TensorId,
    pub rows: usize,
    /// Bytes of an image, of all channels.
    pub columns: usize,
    /// One for each channel, at most [`super::MAX_CHANNELS`].
    pub channels: Vec<Pixels>,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("unpack", "channels", "each_value", "step_scalars", "networks"))];

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
            ("X_IN_BLOCK", in_block(plan, self.images)),
        ]
        .into_iter()
        .chain(channels(&self.channels));
        let bindings = [(self.images, READ), (self.out, WRITE)];
        let groups = folded((self.rows * self.columns.div_ceil(4)).div_ceil(256));
        launch(&SHADERS[0], constants, bindings, groups)
    }
}
