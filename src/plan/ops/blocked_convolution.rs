//! Convolutions with stride 1 in register blocks: the shaders that `conv2d` and `conv2d_input_gradient` have besides their
//! plain ones.

use super::launch::{READ, WRITE, depth, input, launch, layered, offset, window};
use super::shader::{Shader, join};
use super::{Launch, Operand};
use crate::plan::{Plan, TensorId, Window};

pub(super) const BLOCKED: Shader = Shader::blocked(join!(
    "conv2d_blocked",
    "conv2d_outer",
    "conv2d_blocks",
    "strip",
    "bias_relu",
    "convolution",
    "window",
    "pixels",
    "step_scalars",
    "networks"
));
pub(super) const SUBGROUPS: Shader = Shader::subgroups(join!(
    "conv2d_blocked_subgroups",
    "conv2d_blocks",
    "strip",
    "depth_sum",
    "bias_relu",
    "convolution",
    "window",
    "pixels",
    "step_scalars",
    "networks"
));
/// Invocations of a workgroup along its strips.
const THREADS: usize = 64;
pub(super) const SPLIT_SUBGROUPS: Shader = SUBGROUPS.split_among("split_subgroups", THREADS);
/// Half as wide and twice as deep.
const NARROW_THREADS: usize = 32;
pub(super) const NARROW_SUBGROUPS: Shader = SUBGROUPS.split_among("narrow_subgroups", NARROW_THREADS);
pub(super) const SPLIT: Shader = Shader::split(join!(
    "conv2d_split",
    "conv2d_outer",
    "conv2d_blocks",
    "strip",
    "depth_sum",
    "bias_relu",
    "convolution",
    "window",
    "pixels",
    "step_scalars",
    "networks"
));
/// As `SPLIT`, but each sum is made by one invocation, without workgroup memory.
pub(super) const SEPARATE: Shader = Shader::separate(join!(
    "conv2d_split",
    "conv2d_outer",
    "conv2d_blocks",
    "strip",
    "whole_sums",
    "bias_relu",
    "convolution",
    "window",
    "pixels",
    "step_scalars",
    "networks"
));
static SHADERS: [Shader; 6] = [BLOCKED, SUBGROUPS, SPLIT, SPLIT_SUBGROUPS, NARROW_SUBGROUPS, SEPARATE];

/// The widest kernel whose rows the blocked shaders take.
const WIDEST_KERNEL: usize = 5;

/// Whether the blocked convolutions can serve this window.
pub(super) fn can_serve(window: &Window) -> bool {
    window.stride == [1, 1] && window.kernel[1] <= WIDEST_KERNEL
}

/// A convolution with stride 1, in which an invocation computes 8 channels of two strips of 4 positions: the forward pass,
/// or with the kernel mirrored and the channels exchanged the input's gradient.
pub(super) struct BlockedConvolution {
    pub x: Operand,
    pub weight: TensorId,
    pub bias: Option<TensorId>,
    pub relu: bool,
    pub out: TensorId,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    /// The window of this convolution. When it computes the input's gradient, its input is the output's
    /// gradient.
    pub window: Window,
    pub is_mirrored: bool,
}

impl BlockedConvolution {
    /// How many invocations share each sum of a split convolution of `groups` workgroups: more if there are
    /// few workgroups.
    fn split_depth(&self, groups: usize) -> usize {
        const ENOUGH: usize = 2_000;
        let kernel_rows = self.in_channels * self.window.kernel[0];
        let wanted = ENOUGH.div_ceil(groups.max(1));
        // at least four kernel rows each
        depth(wanted.min(kernel_rows / 4), 8)
    }

    /// The launches for this convolution: separate, split, and in register blocks without and with subgroups. Empty if
    /// none of the shaders can compute it.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        if !can_serve(&self.window) {
            return Vec::new();
        }
        let taps = self.window.taps();
        let (from_out, from_in) = match self.is_mirrored {
            true => (taps, self.out_channels * taps),
            false => (self.in_channels * taps, taps),
        };
        let constants = [
            ("ROWS", self.rows as f64),
            ("IN_CHANNELS", self.in_channels as f64),
            ("OUT_CHANNELS", self.out_channels as f64),
            ("RELU", self.relu as u32 as f64),
            ("HAS_BIAS", self.bias.is_some() as u32 as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("BIAS_OFFSET", self.bias.map_or(0.0, |bias| offset(plan, bias))),
            ("WEIGHT_OUT", from_out as f64),
            ("WEIGHT_IN", from_in as f64),
            ("MIRRORED", self.is_mirrored as u32 as f64),
        ];
        let constants: Vec<_> =
            constants.into_iter().chain(window(&self.window)).chain(input(plan, self.x)).collect();
        let bias = self.bias.unwrap_or(self.weight);
        let bindings = [(self.x.tensor, READ), (self.weight, READ), (bias, READ), (self.out, WRITE)];
        let strips = self.rows * self.window.output[0] * self.window.output[1].div_ceil(4);
        let groups = layered(strips.div_ceil(2 * THREADS), self.out_channels.div_ceil(8));
        let sides = |threads: usize| [("THREADS", threads as f64)];
        let in_blocks = |shader: &Shader| {
            launch(shader, constants.iter().copied().chain(sides(THREADS)), bindings, groups)
        };
        const SPLIT_THREADS: usize = 32;
        let split_groups = layered(strips.div_ceil(SPLIT_THREADS), self.out_channels.div_ceil(4));
        let split_depth = self.split_depth(split_groups.into_iter().map(|side| side as usize).product());
        let split_sides = sides(SPLIT_THREADS).into_iter().chain([("DEPTH", split_depth as f64)]);
        let split = launch(&SHADERS[2], constants.iter().copied().chain(split_sides), bindings, split_groups);
        let separate_sides = sides(SPLIT_THREADS);
        let separate =
            launch(&SHADERS[5], constants.iter().copied().chain(separate_sides), bindings, split_groups);
        let deep = |shader: &Shader, threads: usize, most: usize| {
            let groups = layered(strips.div_ceil(2 * threads), self.out_channels.div_ceil(8));
            let depth = depth(self.in_channels / 2, most);
            let sides = sides(threads).into_iter().chain([("DEPTH", depth as f64)]);
            launch(shader, constants.iter().copied().chain(sides), bindings, groups)
        };
        let deep = [deep(&SHADERS[3], THREADS, 2), deep(&SHADERS[4], NARROW_THREADS, 4)];
        let deep = deep.into_iter().filter(|_| self.in_channels >= 4);
        let last = [in_blocks(&SHADERS[0]), in_blocks(&SHADERS[1])];
        [separate, split].into_iter().chain(deep).chain(last).collect()
    }
}
