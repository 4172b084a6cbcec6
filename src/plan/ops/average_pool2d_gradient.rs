use super::launch::{READ, WRITE, folded, launch, window};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId, Window};

/// Each window's gradient goes in equal parts to its values that lie inside the image.
#[derive(Clone, Debug)]
pub struct AveragePool2dGradient {
    /// `[rows, channels, out_height, out_width]`.
    pub output_gradient: TensorId,
    /// `[rows, channels, height, width]`.
    pub input_gradient: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub window: Window,
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("average_pool2d_gradient", "pool", "window", "each_value", "networks"))];

impl Describe for AveragePool2dGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.output_gradient]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let (maps, count) = (self.rows * self.channels, self.rows * self.channels * self.window.inputs());
        let constants = [("MAPS", maps as f64)].into_iter().chain(window(&self.window));
        let bindings = [(self.output_gradient, READ), (self.input_gradient, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(count.div_ceil(256)))
    }
}
