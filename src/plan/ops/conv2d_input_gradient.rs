use super::blocked_convolution::{self, BlockedConvolution};
use super::launch::{READ, WRITE, launch, layered, offset, tile, window};
use super::shader::{Shader, join};
use super::{Describe, Launch};
use crate::plan::{Plan, TensorId, Window};

/// The gradient of a convolution's input: `input_gradient[r, c, y, x] = sum over o, i, j of
/// output_gradient[r, o, (y + top - i) / sy, (x + left - j) / sx] * weight[o, c, i, j]`, over those i and j for which
/// both quotients are whole numbers inside the output.
#[derive(Clone, Debug)]
pub struct Conv2dInputGradient {
    /// `[rows, out_channels, out_height, out_width]`.
    pub output_gradient: TensorId,
    /// `[out_channels, in_channels, kernel_height, kernel_width]`.
    pub weight: TensorId,
    /// `[rows, in_channels, height, width]`.
    pub input_gradient: TensorId,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "conv2d_input_gradient",
        "convolution",
        "window",
        "tiled_product",
        "tile_slices",
        "store_block",
        "networks"
    )),
    blocked_convolution::BLOCKED,
    blocked_convolution::SUBGROUPS,
    blocked_convolution::SPLIT,
    blocked_convolution::SPLIT_SUBGROUPS,
    blocked_convolution::NARROW_SUBGROUPS,
    blocked_convolution::SEPARATE,
];

impl Describe for Conv2dInputGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.output_gradient, self.weight]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.input_gradient]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.out_channels * self.in_channels * self.window.outputs() * self.window.taps()) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let positions = self.rows * self.window.inputs();
        let (width, height) = tile(self.in_channels, positions, 1);
        let constants = [
            ("ROWS", self.rows as f64),
            ("IN_CHANNELS", self.in_channels as f64),
            ("OUT_CHANNELS", self.out_channels as f64),
            ("TILE_WIDTH", width as f64),
            ("TILE_HEIGHT", height as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
        ]
        .into_iter()
        .chain(window(&self.window));
        let bindings = [(self.output_gradient, READ), (self.weight, READ), (self.input_gradient, WRITE)];
        let groups = layered(positions.div_ceil(4 * width), self.in_channels.div_ceil(4 * height));
        launch(&SHADERS[0], constants, bindings, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        // As a convolution with the kernel mirrored and the channels exchanged.
        let Window { input, output, kernel, stride, padding } = self.window;
        // Where the window reaches past the output's first row, the mirrored one has rows of zeros.
        let Some(top) = (kernel[0] - 1).checked_sub(padding[0]) else { return Vec::new() };
        let Some(left) = (kernel[1] - 1).checked_sub(padding[1]) else { return Vec::new() };
        let blocked = BlockedConvolution {
            x: self.output_gradient.into(),
            weight: self.weight,
            bias: None,
            relu: false,
            out: self.input_gradient,
            rows: self.rows,
            in_channels: self.out_channels,
            out_channels: self.in_channels,
            window: Window { input: output, output: input, kernel, stride, padding: [top, left] },
            is_mirrored: true,
        };
        blocked.launches(plan)
    }
}
