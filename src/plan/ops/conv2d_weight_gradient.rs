use super::blocked_convolution::can_serve;
use super::launch::{READ, WRITE, input, launch, layered, tile, window};
use super::shader::{Shader, join};
use super::{Constant, Describe, Launch, Operand};
use crate::plan::{Plan, TensorId, Window};

/// The gradient of a convolution's weight and bias, one partial sum for each group of neighbouring images; `column_sum`
/// adds the groups up. `partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] *
/// x[r, c, y * sy - top + i, x * sx - left + j] for each o, c, i, j; then, with a bias, the sums of output_gradient]`.
#[derive(Clone, Debug)]
pub struct Conv2dWeightGradient {
    /// `[rows, in_channels, height, width]`; image bytes where there is one channel.
    pub x: Operand,
    /// `[rows, out_channels, out_height, out_width]`.
    pub output_gradient: TensorId,
    /// `[groups, weights (+ out_channels)]`.
    pub partials: TensorId,
    pub has_bias: bool,
    /// Images a group, a power of two; the last group may have fewer.
    pub group: usize,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "conv2d_weight_gradient",
        "weight_gradient",
        "patch",
        "convolution",
        "window",
        "tiled_product",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::blocked(join!(
        "conv2d_weight_gradient_blocked",
        "weight_gradient_blocks",
        "weight_gradient",
        "strip",
        "convolution",
        "window",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::subgroups(join!(
        "conv2d_weight_gradient_blocked_subgroups",
        "weight_gradient_blocks",
        "weight_gradient",
        "strip",
        "convolution",
        "window",
        "broadcast",
        "pixels",
        "step_scalars",
        "networks"
    )),
];

impl Conv2dWeightGradient {
    pub fn groups(&self) -> usize {
        self.rows.div_ceil(self.group.max(1))
    }

    /// Weights of one output channel.
    pub fn taps(&self) -> usize {
        self.in_channels * self.window.taps()
    }

    /// Values of one partial sum.
    pub fn columns(&self) -> usize {
        self.out_channels * (self.taps() + usize::from(self.has_bias))
    }
}

impl Describe for Conv2dWeightGradient {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.output_gradient]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.partials]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.out_channels * self.in_channels * self.window.outputs() * self.window.taps()) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        // the bias is a weight of an input that is always 1
        let columns = self.taps() + usize::from(self.has_bias);
        let (width, height) = tile(self.out_channels, columns);
        let sides = [("TILE_WIDTH", width as f64), ("TILE_HEIGHT", height as f64)];
        let groups = [
            columns.div_ceil(4 * width) as u32,
            self.out_channels.div_ceil(4 * height) as u32,
            self.groups() as u32,
        ];
        self.launched(plan, &SHADERS[0], &sides, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        const THREADS: usize = 32;
        if !can_serve(&self.window) {
            return Vec::new();
        }
        // Two rows of a kernel, and eight output channels, an invocation.
        let pairs = (self.in_channels * self.window.kernel[0]).div_ceil(2);
        let in_blocks = |shader: &Shader, threads: usize, along_x: usize| {
            let groups = layered(along_x, self.out_channels.div_ceil(8));
            self.launched(plan, shader, &[("THREADS", threads as f64)], groups)
        };
        let blocked = in_blocks(&SHADERS[1], THREADS, (pairs * self.groups()).div_ceil(THREADS));
        // A workgroup a group of images, or several.
        let threads = pairs.next_multiple_of(8).min(THREADS);
        let subgroups = in_blocks(&SHADERS[2], threads, pairs.div_ceil(threads) * self.groups());
        vec![blocked, subgroups]
    }
}

impl Conv2dWeightGradient {
    fn launched(&self, plan: &Plan, shader: &Shader, threads: &[Constant], groups: [u32; 3]) -> Launch {
        let constants = [
            ("ROWS", self.rows as f64),
            ("IN_CHANNELS", self.in_channels as f64),
            ("OUT_CHANNELS", self.out_channels as f64),
            ("GROUP", self.group as f64),
            ("HAS_BIAS", self.has_bias as u32 as f64),
        ]
        .into_iter()
        .chain(threads.iter().copied())
        .chain(window(&self.window))
        .chain(input(plan, self.x));
        let bindings = [(self.x.tensor, READ), (self.output_gradient, READ), (self.partials, WRITE)];
        launch(shader, constants, bindings, groups)
    }
}
