use super::blocked_convolution::can_serve;
use super::launch::{MANY_GROUPS, MAX_INVOCATIONS, READ, WRITE, depth, input, launch, layered, tile, window};
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
    /// Images per group, a power of two; the last group may have fewer.
    pub group: usize,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
}

const SUBGROUPS: Shader = Shader::subgroups(join!(
    "conv2d_weight_gradient_blocked_subgroups",
    "weight_gradient_blocks",
    "weight_gradient_strips",
    "weight_gradient",
    "strip",
    "depth_sum",
    "convolution",
    "window",
    "broadcast",
    "pixels",
    "step_scalars",
    "networks"
));

/// Invocations of a workgroup along its pairs of kernel rows.
const THREADS: usize = 32;

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "conv2d_weight_gradient",
        "weight_gradient",
        "patch",
        "convolution",
        "window",
        "tiled_product",
        "tile_slices",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::blocked(join!(
        "conv2d_weight_gradient_blocked",
        "weight_gradient_blocks",
        "weight_gradient_strips",
        "weight_gradient",
        "strip",
        "depth_sum",
        "convolution",
        "window",
        "pixels",
        "step_scalars",
        "networks"
    )),
    SUBGROUPS,
    Shader::split(join!(
        "conv2d_weight_gradient_split",
        "weight_gradient_strips",
        "weight_gradient",
        "strip",
        "depth_sum",
        "convolution",
        "window",
        "pixels",
        "step_scalars",
        "networks"
    )),
    SUBGROUPS.split_among("split_subgroups", THREADS),
    Shader::separate(join!(
        "conv2d_weight_gradient_split",
        "weight_gradient_strips",
        "weight_gradient",
        "strip",
        "whole_sums",
        "convolution",
        "window",
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
        let (width, height) = tile(self.out_channels, self.product_columns(), self.groups());
        let sides = [("TILE_WIDTH", width as f64), ("TILE_HEIGHT", height as f64)];
        let groups = [
            self.product_columns().div_ceil(4 * width) as u32,
            self.out_channels.div_ceil(4 * height) as u32,
            self.groups() as u32,
        ];
        self.launched(plan, &SHADERS[0], &sides, groups)
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        if !can_serve(&self.window) {
            return Vec::new();
        }
        // An invocation takes two kernel rows and eight output channels.
        let pairs = (self.in_channels * self.window.kernel[0]).div_ceil(2);
        let in_blocks = |shader: &Shader, threads: usize, depth: usize, along_x: usize| {
            let groups = layered(along_x, self.out_channels.div_ceil(8));
            let sides = [("THREADS", threads as f64), ("DEPTH", depth as f64)];
            self.launched(plan, shader, &sides, groups)
        };
        let blocked = in_blocks(&SHADERS[1], THREADS, 1, (pairs * self.groups()).div_ceil(THREADS));
        // One or several workgroups for each group of images.
        let threads = pairs.next_multiple_of(8).min(THREADS);
        let subgroups = in_blocks(&SHADERS[2], threads, 1, pairs.div_ceil(threads) * self.groups());
        let deep = (pairs > 8).then(|| {
            let depth = depth(self.group * self.window.output[0], 4);
            in_blocks(&SHADERS[4], THREADS, depth, pairs.div_ceil(THREADS) * self.groups())
        });
        let [separate, split] = [self.separate(plan), self.split(plan)];
        [Some(separate), Some(split), deep, Some(blocked), Some(subgroups)].into_iter().flatten().collect()
    }
}

impl Conv2dWeightGradient {
    /// Columns of the result when this is computed as a matrix product: the bias is the weight of an input
    /// that is always 1.
    fn product_columns(&self) -> usize {
        self.taps() + usize::from(self.has_bias)
    }

    /// A workgroup takes up to eight kernel rows; as many invocations as it has room for share the strips of
    /// each.
    fn split(&self, plan: &Plan) -> Launch {
        let kernel_rows = self.in_channels * self.window.kernel[0];
        let others = self.groups() * self.out_channels.div_ceil(4);
        let is_enough = |width: &usize| kernel_rows.div_ceil(*width) * others >= MANY_GROUPS;
        let width = [8, 4, 2].into_iter().find(is_enough).unwrap_or(1).min(kernel_rows.max(1));
        let row_groups = kernel_rows.div_ceil(width).max(1);
        let strips = self.group * self.window.output[0] * self.window.output[1].div_ceil(4);
        let most = MAX_INVOCATIONS / width.next_power_of_two();
        let sides = [("GROUP_ROWS", width as f64), ("DEPTH", depth(strips, most) as f64)];
        let groups = layered(row_groups * self.groups(), self.out_channels.div_ceil(4));
        self.launched(plan, &SHADERS[3], &sides, groups)
    }

    /// An invocation takes a kernel row, and all strips of it.
    fn separate(&self, plan: &Plan) -> Launch {
        let kernel_rows = self.in_channels * self.window.kernel[0];
        let width = kernel_rows.clamp(1, THREADS);
        let row_groups = kernel_rows.div_ceil(width).max(1);
        let groups = layered(row_groups * self.groups(), self.out_channels.div_ceil(4));
        self.launched(plan, &SHADERS[5], &[("GROUP_ROWS", width as f64)], groups)
    }

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
