//! What the ops' `launch` methods have in common: grids, offsets, and the constants that say how an operand is stored.

use super::shader::Shader;
use super::{Access, Constant, Launch, Operand};
use crate::plan::{Plan, Storage, TensorId, Window};

pub(super) const READ: Access = Access::Read;
pub(super) const WRITE: Access = Access::ReadWrite;

/// Most workgroups along one dimension, by the portable limits.
const MAX_GRID_SIDE: usize = 65_535;

/// A grid of at least `count` workgroups. Past the limit of x it folds into y: shaders count
/// `group.y * groups.x + group.x`, and stop where their work ends.
pub(super) fn folded(count: usize) -> [u32; 3] {
    let rows = count.div_ceil(MAX_GRID_SIDE).max(1);
    [count.div_ceil(rows).max(1) as u32, rows as u32, 1]
}

/// Columns and rows of workgroups; columns past the limit of x go on in the next layer of z.
pub(super) fn layered(along_x: usize, along_y: usize) -> [u32; 3] {
    let layers = along_x.div_ceil(MAX_GRID_SIDE).max(1);
    [along_x.min(MAX_GRID_SIDE) as u32, along_y as u32, layers as u32]
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

/// How an operand is stored, under the given names: whether it is image bytes, and whether it holds a whole block of steps.
pub(super) fn operand(plan: &Plan, operand: Operand, names: [&'static str; 2]) -> [Constant; 2] {
    [(names[0], operand.pixels.is_some() as u32 as f64), (names[1], in_block(plan, operand.tensor))]
}

/// How image bytes become floats; of several operands at most one is bytes.
pub(super) fn pixels(operands: &[Operand]) -> [Constant; 2] {
    let pixels = operands.iter().find_map(|operand| operand.pixels);
    let pixels = pixels.unwrap_or(super::Pixels { gain: 1.0, offset: 0.0 });
    [("GAIN", pixels.gain as f64), ("OFFSET", pixels.offset as f64)]
}

/// How many channels an image has, and how the bytes of each become floats.
pub(super) fn channels(channels: &[super::Pixels]) -> impl Iterator<Item = Constant> {
    const NAMES: [[&str; 2]; super::MAX_CHANNELS] =
        [["FIRST_GAIN", "FIRST_OFFSET"], ["SECOND_GAIN", "SECOND_OFFSET"], ["THIRD_GAIN", "THIRD_OFFSET"]];
    let scales = NAMES.into_iter().zip(channels).flat_map(|([gain, offset], channel)| {
        [(gain, f64::from(channel.gain)), (offset, f64::from(channel.offset))]
    });
    std::iter::once(("CHANNELS", channels.len() as f64)).chain(scales)
}

/// How the input x of a layer is stored and read.
pub(super) fn input(plan: &Plan, x: Operand) -> impl Iterator<Item = Constant> {
    operand(plan, x, ["X_IS_BYTES", "X_IN_BLOCK"]).into_iter().chain(pixels(&[x]))
}

/// Width and height in invocations of the workgroups that compute `layers` products of `rows` x `columns`, 4 x 4 values
/// per invocation: large enough to share what they read, small enough that every core of the GPU gets some.
pub(super) fn tile(rows: usize, columns: usize, layers: usize) -> (usize, usize) {
    const ENOUGH_GROUPS: usize = 256;
    let fit = |length: usize| length.div_ceil(4).next_power_of_two().clamp(2, 16);
    let (mut width, mut height) = (fit(columns), fit(rows));
    let groups =
        |width: usize, height: usize| rows.div_ceil(4 * height) * columns.div_ceil(4 * width) * layers;
    while width * height > 64 && groups(width, height) < ENOUGH_GROUPS {
        if width > height {
            width /= 2;
        } else {
            height /= 2;
        }
    }
    (width, height)
}

/// Workgroups that occupy a large GPU.
pub(super) const MANY_GROUPS: usize = 160;

/// Invocations of a workgroup, by the portable limits.
pub(super) const MAX_INVOCATIONS: usize = 256;

/// Width and height in invocations of 4 x 4 values, and depth, of the workgroups that compute a `rows` x `columns` product
/// split along its `inner` dimension: the largest tile that still gives many workgroups, then the greatest depth that a
/// workgroup can have.
pub(super) fn split_tile(rows: usize, columns: usize, inner: usize) -> (usize, usize, usize) {
    let sizes = [(8, 8), (8, 4), (4, 4), (4, 2), (2, 2)];
    let groups = |(width, height): (usize, usize)| columns.div_ceil(4 * width) * rows.div_ceil(4 * height);
    let is_enough = |size: &(usize, usize)| groups(*size) >= MANY_GROUPS;
    let (width, height) = sizes.into_iter().find(is_enough).unwrap_or((2, 2));
    (width, height, depth(inner.div_ceil(4), MAX_INVOCATIONS / (width * height)))
}

/// How many invocations share a sum of `parts` parts: a power of two, at most `most`.
pub(super) fn depth(parts: usize, most: usize) -> usize {
    parts.next_power_of_two().clamp(1, most)
}

/// Whether tiles of 8 x 8 values per invocation may be faster.
pub(super) fn is_large(rows: usize, columns: usize, inner: usize) -> bool {
    rows >= 32 && columns >= 64 && rows * columns >= 64 * 1024 && inner >= 16
}

/// Width and height in invocations of the workgroups that compute a large `rows` x `columns` product, 8 x 8 values per
/// invocation.
pub(super) fn large_tile(rows: usize, columns: usize) -> (usize, usize) {
    let height = rows.div_ceil(8).next_power_of_two().clamp(4, 16);
    let groups = |width: usize, height: usize| columns.div_ceil(8 * width) * rows.div_ceil(8 * height);
    match (groups(16, height) >= MANY_GROUPS, groups(16, height.min(8)) >= MANY_GROUPS) {
        (true, _) => (16, height),
        (_, true) => (16, height.min(8)),
        _ => (8, height.min(8)),
    }
}

pub(super) fn launch(
    shader: &Shader,
    constants: impl IntoIterator<Item = Constant>,
    bindings: impl IntoIterator<Item = (TensorId, Access)>,
    groups: [u32; 3],
) -> Launch {
    let (constants, bindings) = (constants.into_iter().collect(), bindings.into_iter().collect());
    Launch { shader: *shader, constants, bindings, groups }
}

/// Most invocations of a workgroup whose lanes broadcast one factor of a product. More lanes would read so much of the other
/// factor that it leaves the caches before the next broadcast vectors need it.
pub(super) const MAX_BROADCASTING: usize = 32;

/// Width and height in invocations of the workgroups that compute a `rows` x `columns` product, 8 x 8 values per invocation:
/// those that leave the fewest invocations without work (100 rows are 13 blocks: with workgroups 8 high three rows would be
/// idle), and of those the largest. At least eight wide where the product is: neighbours then read and write whole cache
/// lines.
pub(super) fn blocks(rows: usize, columns: usize) -> (usize, usize) {
    const MAX_THREADS: usize = 64;
    let fit = |length: usize| length.div_ceil(8).next_power_of_two();
    let widths = [8, 16, 32].map(|width| fit(columns).min(width));
    let heights = [8, 4, 2, 1].map(|height| fit(rows).min(height));
    let sizes = heights.into_iter().flat_map(|height| widths.map(|width| (width, height)));
    let invocations = |(width, height)| {
        columns.div_ceil(8).next_multiple_of(width) * rows.div_ceil(8).next_multiple_of(height)
    };
    sizes
        .filter(|(width, height)| width * height <= MAX_THREADS)
        .min_by_key(|size| (invocations(*size), std::cmp::Reverse(size.0 * size.1)))
        .unwrap_or((1, 1))
}
