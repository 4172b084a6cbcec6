//! What the ops' `launch` methods share: grids, offsets, and the constants that say how an operand is stored.

use super::{Access, Constant, Launch, Operand};
use crate::plan::{Plan, Storage, TensorId, Window};

pub(super) const READ: Access = Access::Read;
pub(super) const WRITE: Access = Access::ReadWrite;

/// Most workgroups along one dimension, by the portable limits.
const MOST_GROUPS: usize = 65_535;

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
    plan.tensor(id).storage.offset() as f64
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
    match plan.tensor(id).storage {
        Storage::Images | Storage::Labels | Storage::SampleLoss => 1.0,
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
    Launch { variant: PLAIN, needs_subgroups: false, source, constants, bindings, groups }
}

/// The variant that every op has.
const PLAIN: &str = "plain";

/// The variant that makes large blocks of its result in registers and uses no workgroup memory.
pub(super) const BLOCKED: &str = "blocked";

/// The same, with what neighbours would all read shared within subgroups.
pub(super) const SUBGROUPS: &str = "subgroups";

/// Invocations of a workgroup that shares one side of a product. More would read so much of their own side that it leaves the
/// caches before the next shared lines come.
pub(super) const MOST_SHARING: usize = 32;

/// Width and height in invocations of the workgroups that make a `rows` x `columns` product, 8 x 8 values an invocation: those
/// that leave the fewest invocations without work (100 rows are 13 blocks: of 8 high ones three would be idle), and of those
/// the largest. Eight wide at least, where there are so many: neighbours then read and write whole lines of memory.
pub(super) fn blocks(rows: usize, columns: usize) -> (usize, usize) {
    const MOST_THREADS: usize = 64;
    let fit = |length: usize| length.div_ceil(8).next_power_of_two();
    let widths = [8, 16, 32].map(|width| fit(columns).min(width));
    let heights = [8, 4, 2, 1].map(|height| fit(rows).min(height));
    let sizes = heights.into_iter().flat_map(|height| widths.map(|width| (width, height)));
    let lanes = |(width, height)| {
        columns.div_ceil(8).next_multiple_of(width) * rows.div_ceil(8).next_multiple_of(height)
    };
    sizes
        .filter(|(width, height)| width * height <= MOST_THREADS)
        .min_by_key(|size| (lanes(*size), std::cmp::Reverse(size.0 * size.1)))
        .unwrap_or((1, 1))
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
    /// Without subgroups and with them.
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
        let shared = Launch { variant: SUBGROUPS, needs_subgroups: true, source, ..blocked.clone() };
        vec![blocked, shared]
    }
}

pub(super) fn is_for_blocks(window: &Window) -> bool {
    window.stride == [1, 1] && window.kernel[1] <= WIDEST_KERNEL
}

/// The window's sizes for shaders that know no stride.
pub(super) fn without_stride(window: &Window) -> impl Iterator<Item = Constant> {
    self::window(window).into_iter().filter(|(name, _)| !name.starts_with("STRIDE"))
}
