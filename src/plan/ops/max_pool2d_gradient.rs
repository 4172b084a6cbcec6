use super::launch::{READ, WRITE, folded, launch, window};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId, Window};

/// Each window's gradient goes to its first largest value, row by row, which is found again from x; where windows
/// overlap, the gradients add up. With `relu`, the ReLU's gradient in the same pass: values that are not above 0 get
/// none.
#[derive(Clone, Debug)]
pub struct MaxPool2dGradient {
    /// `[rows, channels, height, width]`.
    pub x: TensorId,
    /// `[rows, channels, out_height, out_width]`.
    pub output_gradient: TensorId,
    /// `[rows, channels, height, width]`.
    pub input_gradient: TensorId,
    pub rows: usize,
    pub channels: usize,
    pub window: Window,
    /// Whether x is the output of a ReLU, and the gradient of the ReLU's input is wanted.
    pub relu: bool,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!("max_pool2d_gradient", "pool", "window", "each_value", "networks")),
    Shader::variant(
        "disjoint",
        join!("max_pool2d_gradient_disjoint", "pool", "window", "each_value", "networks"),
    ),
];

impl Describe for MaxPool2dGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.output_gradient]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let values = self.rows * self.channels * self.window.inputs();
        self.launched(&SHADERS[0], values)
    }

    fn alternatives(&self, _: &Plan) -> Vec<Launch> {
        let Window { input, kernel, stride, padding, .. } = self.window;
        if kernel != stride {
            return Vec::new();
        }
        let along = |side: usize| (input[side] + padding[side]).div_ceil(kernel[side]);
        let windows = self.rows * self.channels * along(0) * along(1);
        vec![self.launched(&SHADERS[1], windows)]
    }
}

impl MaxPool2dGradient {
    /// One invocation for each of `count` values or windows.
    fn launched(&self, shader: &Shader, count: usize) -> Launch {
        let constants = [("MAPS", (self.rows * self.channels) as f64), ("RELU", self.relu as u32 as f64)];
        let constants = constants.into_iter().chain(window(&self.window));
        let bindings = [(self.x, READ), (self.output_gradient, READ), (self.input_gradient, WRITE)];
        launch(shader, constants, bindings, folded(count.div_ceil(256)))
    }
}
