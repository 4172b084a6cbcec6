//! Convolutions with stride 1 in register blocks: what `conv2d` and `conv2d_input_gradient` have beside their plain shaders.

use super::launch::{READ, WRITE, input, launch, layered, offset, window};
use super::shader::{Shader, join};
use super::{Launch, Operand};
use crate::plan::{Plan, TensorId, Window};

pub(super) const BLOCKED: Shader = Shader::blocked(join!(
    "conv2d_blocked",
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
    "bias_relu",
    "convolution",
    "window",
    "pixels",
    "step_scalars",
    "networks"
));
static SHADERS: [Shader; 2] = [BLOCKED, SUBGROUPS];

/// The widest kernel whose rows the blocked shaders take.
const WIDEST_KERNEL: usize = 5;

/// Whether the blocked convolutions can serve this window.
pub(super) fn can_serve(window: &Window) -> bool {
    window.stride == [1, 1] && window.kernel[1] <= WIDEST_KERNEL
}

/// A convolution with stride 1, 8 channels of two strips of 4 positions an invocation: forward, or with the kernel mirrored
/// and the channels exchanged, the input's gradient.
pub(super) struct BlockedConvolution {
    pub x: Operand,
    pub weight: TensorId,
    pub bias: Option<TensorId>,
    pub relu: bool,
    pub out: TensorId,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    /// Of this convolution: for the input's gradient, its input is the output's gradient.
    pub window: Window,
    pub is_mirrored: bool,
}

impl BlockedConvolution {
    /// Without subgroups and with them; none where the shaders cannot serve.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        const THREADS: usize = 64;
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
            ("THREADS", THREADS as f64),
        ];
        let constants: Vec<_> =
            constants.into_iter().chain(window(&self.window)).chain(input(plan, self.x)).collect();
        let bias = self.bias.unwrap_or(self.weight);
        let bindings = [(self.x.tensor, READ), (self.weight, READ), (bias, READ), (self.out, WRITE)];
        let strips = self.rows * self.window.output[0] * self.window.output[1].div_ceil(4);
        let groups = layered(strips.div_ceil(2 * THREADS), self.out_channels.div_ceil(8));
        SHADERS.iter().map(|shader| launch(shader, constants.clone(), bindings, groups)).collect()
    }
}
