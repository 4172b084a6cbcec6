use super::launch::{READ, WRITE, folded, launch, window};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId, Window};

/// The largest value of each window: `out[r, c, y, x] = max over i, j of x[r, c, y * sy - top + i, x * sx - left + j]`;
/// what lies outside the image does not count.
#[derive(Clone, Debug)]
pub struct MaxPool2d {
    /// `[rows, channels, height, width]`.
    pub x: TensorId,
    /// `[rows, channels, out_height, out_width]`.
    pub out: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub window: Window,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("max_pool2d", "pool", "window", "each_value", "networks"))];

impl Describe for MaxPool2d {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let (maps, count) = (self.rows * self.channels, self.rows * self.channels * self.window.outputs());
        let constants = [("MAPS", maps as f64)].into_iter().chain(window(&self.window));
        let bindings = [(self.x, READ), (self.out, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(count.div_ceil(256)))
    }
}
