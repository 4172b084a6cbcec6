use super::blocked_convolution::{self, BlockedConvolution};
use super::launch::{READ, WRITE, input, launch, layered, offset, tile, window};
use super::shader::{Shader, join};
use super::{Describe, Launch, Operand};
use crate::plan::{Plan, TensorId, Window};

/// Convolution in the sense of neural networks (cross-correlation), with bias and, if wanted, ReLU in the same pass:
/// `out[r, o, y, x] = bias[o] + sum over c, i, j of x[r, c, y * sy - top + i, x * sx - left + j] * weight[o, c, i, j]`,
/// zeros outside the image.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `[rows, in_channels, height, width]`; image bytes where there is one channel.
    pub x: Operand,
    /// `[out_channels, in_channels, kernel_height, kernel_width]`.
    pub weight: TensorId,
    /// `[out_channels]`.
    pub bias: Option<TensorId>,
    /// Whether values below zero become zero.
    pub relu: bool,
    /// `[rows, out_channels, out_height, out_width]`.
    pub out: TensorId,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "conv2d",
        "patch",
        "bias_relu",
        "convolution",
        "window",
        "tiled_product",
        "tile_slices",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    blocked_convolution::BLOCKED,
    blocked_convolution::SUBGROUPS,
    blocked_convolution::SPLIT,
    blocked_convolution::SPLIT_SUBGROUPS,
    blocked_convolution::NARROW_SUBGROUPS,
    blocked_convolution::SEPARATE,
];

impl Describe for Conv2d {
    fn reads(&self) -> Vec<TensorId> {
        [self.x.tensor, self.weight].into_iter().chain(self.bias).collect()
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.out_channels * self.in_channels * self.window.outputs() * self.window.taps()) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let positions = self.rows * self.window.outputs();
        let (width, height) = tile(self.out_channels, positions, 1);
        let constants = [
            ("ROWS", self.rows as f64),
            ("IN_CHANNELS", self.in_channels as f64),
            ("OUT_CHANNELS", self.out_channels as f64),
            ("TILE_WIDTH", width as f64),
            ("TILE_HEIGHT", height as f64),
            ("RELU", self.relu as u32 as f64),
            ("HAS_BIAS", self.bias.is_some() as u32 as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("BIAS_OFFSET", self.bias.map_or(0.0, |bias| offset(plan, bias))),
        ]
        .into_iter()
        .chain(window(&self.window))
        .chain(input(plan, self.x));
        // the bias is in the same flat buffer as the weight: if there is no bias, the weight is bound in its
        // place
        let bias = self.bias.unwrap_or(self.weight);
        let bindings = [(self.x.tensor, READ), (self.weight, READ), (bias, READ), (self.out, WRITE)];
        let groups = layered(positions.div_ceil(4 * width), self.out_channels.div_ceil(4 * height));
        launch(&SHADERS[0], constants, bindings, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        let Conv2d { x, weight, bias, relu, out, rows, in_channels, out_channels, window } = self.clone();
        let is_mirrored = false;
        let blocked = BlockedConvolution {
            x,
            weight,
            bias,
            relu,
            out,
            rows,
            in_channels,
            out_channels,
            window,
            is_mirrored,
        };
        blocked.launches(plan)
    }
}
