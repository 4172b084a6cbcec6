//! What the ops' `launch` methods share: grids, offsets, and the constants that say how an operand is stored.

use super::half::{halved, scale};
use super::{Access, Launch, Operand};
use crate::plan::{Home, Plan, TensorId, Window};

pub(super) const READ: Access = Access::Read;
pub(super) const WRITE: Access = Access::ReadWrite;

/// Most workgroups along one dimension, by the portable limits.
const MOST_GROUPS: usize = 65_535;

pub(super) type Constant = (&'static str, f64);

/// A grid of at least `count` workgroups. Past the limit of x it folds into y: shaders count
/// `group.y * groups.x + group.x`, and stop where their work ends.
pub(super) fn folded(count: usize) -> [u32; 3] {
    let rows = count.div_ceil(MOST_GROUPS).max(1);
    [count.div_ceil(rows).max(1) as u32, rows as u32, 1]
}

/// Columns and rows of workgroups; columns past the limit of x go on in the next layer of z.
pub(super) fn layered(along_x: usize, along_y: usize) -> [u32; 3] {
    let layers = along_x.div_ceil(MOST_GROUPS).max(1);
    [along_x.min(MOST_GROUPS) as u32, along_y as u32, layers as u32]
}

/// Where the tensor begins in its buffer.
pub(super) fn offset(plan: &Plan, id: TensorId) -> f64 {
    plan.tensor(id).home.offset() as f64
}

/// The window's sizes under the names that shaders give them.
pub(super) fn window(window: &Window) -> [Constant; 10] {
    [
        ("HEIGHT", window.input[0] as f64),
        ("WIDTH", window.input[1] as f64),
        ("OUT_HEIGHT", window.output[0] as f64),
        ("OUT_WIDTH", window.output[1] as f64),
        ("KERNEL_HEIGHT", window.kernel[0] as f64),
        ("KERNEL_WIDTH", window.kernel[1] as f64),
        ("STRIDE_Y", window.stride[0] as f64),
        ("STRIDE_X", window.stride[1] as f64),
        ("TOP", window.padding[0] as f64),
        ("LEFT", window.padding[1] as f64),
    ]
}

/// 1 where the tensor's buffer holds the rows of a whole block of steps, else 0.
pub(super) fn in_block(plan: &Plan, id: TensorId) -> f64 {
    match plan.tensor(id).home {
        Home::Images | Home::Labels | Home::SampleLoss => 1.0,
        _ => 0.0,
    }
}

/// `[X_IS_BYTES, GAIN, OFFSET, X_IN_BLOCK]` under the given names.
pub(super) fn operand(plan: &Plan, operand: Operand, names: [&'static str; 4]) -> [Constant; 4] {
    let pixels = operand.pixels.unwrap_or(super::Pixels { gain: 1.0, offset: 0.0 });
    [
        (names[0], operand.pixels.is_some() as u32 as f64),
        (names[1], pixels.gain as f64),
        (names[2], pixels.offset as f64),
        (names[3], in_block(plan, operand.tensor)),
    ]
}

pub(super) const X_NAMES: [&str; 4] = ["X_IS_BYTES", "GAIN", "OFFSET", "X_IN_BLOCK"];

/// Width and height in invocations of the workgroups that make a `rows` x `columns` product, 4 x 4 values an
/// invocation: large enough to share what they read, small enough to give every core of the GPU some.
pub(super) fn tile(rows: usize, columns: usize) -> (usize, usize) {
    const ENOUGH_GROUPS: usize = 128;
    let fit = |length: usize| length.div_ceil(4).next_power_of_two().clamp(2, 16);
    let (mut width, mut height) = (fit(columns), fit(rows));
    while width * height > 64 && rows.div_ceil(4 * height) * columns.div_ceil(4 * width) < ENOUGH_GROUPS {
        if width > height {
            width /= 2;
        } else {
            height /= 2;
        }
    }
    (width, height)
}

pub(super) fn launch(
    source: &'static str,
    constants: impl IntoIterator<Item = Constant>,
    bindings: impl IntoIterator<Item = (TensorId, Access)>,
    groups: [u32; 3],
) -> Launch {
    let (constants, bindings) = (constants.into_iter().collect(), bindings.into_iter().collect());
    Launch { variant: PLAIN, needs_subgroups: false, needs_f16: false, source, constants, bindings, groups }
}

/// The variant that every op has.
const PLAIN: &str = "plain";

/// The variant that makes large blocks of its result in registers and uses no workgroup memory.
pub(super) const BLOCKED: &str = "blocked";

/// Width and height in invocations of the workgroups that make a `rows` x `columns` product, 8 x 8 values an invocation.
pub(super) fn blocks(rows: usize, columns: usize) -> (usize, usize) {
    let fit = |length: usize| length.div_ceil(8).next_power_of_two().min(8);
    (fit(columns), fit(rows))
}

/// One side of a product, as `matmul_blocked.wgsl` reads it.
pub(super) struct Side {
    pub operand: Operand,
    /// Values of a stored row.
    pub columns: usize,
}

impl Side {
    /// Whether the stored rows are whole vec4s from a vec4 on; bytes are padded so.
    fn is_in_fours(&self, plan: &Plan) -> bool {
        let start = plan.tensor(self.operand.tensor).home.offset();
        self.operand.pixels.is_some() || (self.columns.is_multiple_of(4) && start.is_multiple_of(4))
    }
}

/// A product `[m, k] · [k, n]` in blocks of 8 x 8, where both sides can be read four values at a time.
pub(super) struct BlockedProduct {
    pub a: Side,
    pub b: Side,
    pub bias: Option<TensorId>,
    pub out: TensorId,
    pub transpose_a: bool,
    pub transpose_b: bool,
    pub sizes: [usize; 3],
}

impl BlockedProduct {
    /// In float32, and in half precision; none where the sides cannot be read so.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        let (a, b, [m, n, k]) = (&self.a, &self.b, self.sizes);
        if !(a.is_in_fours(plan) && b.is_in_fours(plan)) || m * n * k == 0 {
            return Vec::new();
        }
        let (width, height) = blocks(m, n);
        let constants = [
            ("M", m as f64),
            ("N", n as f64),
            ("K", k as f64),
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("TRANSPOSE_A", self.transpose_a as u32 as f64),
            ("TRANSPOSE_B", self.transpose_b as u32 as f64),
            ("A_START", offset(plan, a.operand.tensor)),
            ("B_START", offset(plan, b.operand.tensor)),
            ("BIAS_START", self.bias.map_or(0.0, |bias| offset(plan, bias))),
            ("OUT_START", offset(plan, self.out)),
            ("HAS_BIAS", self.bias.is_some() as u32 as f64),
        ]
        .into_iter()
        .chain(operand(plan, a.operand, ["A_IS_BYTES", "A_GAIN", "A_OFFSET", "A_IN_BLOCK"]))
        .chain(operand(plan, b.operand, ["B_IS_BYTES", "B_GAIN", "B_OFFSET", "B_IN_BLOCK"]));
        let (a, b) = (a.operand.tensor, b.operand.tensor);
        // something to bind where there is no bias
        let bias = self.bias.unwrap_or(b);
        let bindings = [(a, READ), (a, READ), (b, READ), (b, READ), (bias, READ), (self.out, WRITE)];
        let groups = layered(n.div_ceil(8 * width), m.div_ceil(8 * height));
        let launch =
            launch(include_str!("../../../shaders/matmul_blocked.wgsl"), constants, bindings, groups);
        let blocked = Launch { variant: BLOCKED, ..launch };
        let scales = [("A_SCALE", scale(plan, a)), ("B_SCALE", scale(plan, b))];
        let half = halved(&blocked, include_str!("../../../shaders/matmul_blocked_f16.wgsl"), scales);
        vec![blocked, half]
    }
}

/// The widest kernel whose rows the blocked convolutions take.
const WIDEST_KERNEL: usize = 5;

/// A convolution with stride 1 in blocks of 8 channels and two runs of 4 places: forward, or with the kernel mirrored
/// and the channels exchanged, back to the input's gradient.
pub(super) struct BlockedConvolution {
    pub x: Operand,
    pub weight: TensorId,
    pub bias: Option<TensorId>,
    pub relu: bool,
    pub out: TensorId,
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    /// Of this convolution: of the way back, its input is the output's gradient.
    pub window: Window,
    pub is_flipped: bool,
}

impl BlockedConvolution {
    /// Without subgroups, with them, and in half precision.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        const THREADS: usize = 64;
        if !is_for_blocks(&self.window) {
            return Vec::new();
        }
        let taps = self.window.taps();
        let (from_out, from_in) = match self.is_flipped {
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
            ("FLIPPED", self.is_flipped as u32 as f64),
            ("THREADS", THREADS as f64),
        ]
        .into_iter()
        .chain(without_stride(&self.window))
        .chain(operand(plan, self.x, X_NAMES));
        let bias = self.bias.unwrap_or(self.weight);
        let bindings = [(self.x.tensor, READ), (self.weight, READ), (bias, READ), (self.out, WRITE)];
        let runs = self.rows * self.window.output[0] * self.window.output[1].div_ceil(4);
        let groups = layered(runs.div_ceil(2 * THREADS), self.out_channels.div_ceil(8));
        let launch =
            launch(include_str!("../../../shaders/conv2d_blocked.wgsl"), constants, bindings, groups);
        let blocked = Launch { variant: BLOCKED, ..launch };
        let source = include_str!("../../../shaders/conv2d_blocked_subgroups.wgsl");
        let shared = Launch { variant: "subgroups", needs_subgroups: true, source, ..blocked.clone() };
        let source = include_str!("../../../shaders/conv2d_blocked_f16.wgsl");
        let half = halved(&blocked, source, [("X_SCALE", scale(plan, self.x.tensor))]);
        vec![blocked, shared, half]
    }
}

pub(super) fn is_for_blocks(window: &Window) -> bool {
    window.stride == [1, 1] && window.kernel[1] <= WIDEST_KERNEL
}

/// The window's sizes for shaders that know no stride.
pub(super) fn without_stride(window: &Window) -> impl Iterator<Item = Constant> {
    self::window(window).into_iter().filter(|(name, _)| !name.starts_with("STRIDE"))
}
