use super::launching::{READ, WRITE, folded, launch, window, without_stride};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId, Window};

/// Each window's gradient goes to its first largest value, row by row, found again from x; where windows overlap they
/// add up. If wanted with ReLU's gradient in the same pass: values that are not above 0 get none.
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
    /// Whether x is what a ReLU gave, and the gradient of what it took is wanted.
    pub relu: bool,
}

impl Describe for MaxPool2dGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x, self.output_gradient]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn launch(&self, _: &Plan) -> Launch {
        let (maps, count) = (self.rows * self.channels, self.rows * self.channels * self.window.inputs());
        let constants = [("MAPS", maps as f64), ("RELU", self.relu as u32 as f64)];
        let constants = constants.into_iter().chain(window(&self.window));
        let bindings = [(self.x, READ), (self.output_gradient, READ), (self.input_gradient, WRITE)];
        let source = include_str!("../../../shaders/max_pool2d_gradient.wgsl");
        launch(source, constants, bindings, folded(count.div_ceil(256)))
    }

    fn alternatives(&self, _: &Plan) -> Vec<Launch> {
        let Window { input, kernel, stride, padding, .. } = self.window;
        if kernel != stride {
            return Vec::new();
        }
        let maps = self.rows * self.channels;
        let along = |side: usize| (input[side] + padding[side]).div_ceil(kernel[side]);
        let constants = [("MAPS", maps as f64), ("RELU", self.relu as u32 as f64)];
        let constants = constants.into_iter().chain(without_stride(&self.window));
        let bindings = [(self.x, READ), (self.output_gradient, READ), (self.input_gradient, WRITE)];
        let source = include_str!("../../../shaders/max_pool2d_gradient_apart.wgsl");
        let groups = folded((maps * along(0) * along(1)).div_ceil(64));
        vec![Launch { variant: "apart", ..launch(source, constants, bindings, groups) }]
    }
}
