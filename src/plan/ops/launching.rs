//! What the ops' `launch` methods share: grids, offsets, and the constants that say how an operand is stored.

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
    Launch { source, constants, bindings, groups }
}
