//! Maps from `[channel, y, x]` to channels last, `[y, x, channel]`, and back.

use super::Tiling;
use crate::cpu::conv::MAX_LANES;
use crate::cpu::simd::F32;

/// A square of the longest vectors: what is transposed where less than a whole square is there.
const SQUARE: usize = MAX_LANES * MAX_LANES;

/// A map of `sides` (height and width) within a larger one.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub sides: [usize; 2],
    /// Positions of the larger map from one row to the next, and its position at which the smaller one begins.
    pub row_stride: usize,
    pub first: usize,
}

impl Tiling {
    /// The input within the padded input.
    pub(super) fn input_region(&self) -> Region {
        let [_, width] = self.padded_input();
        Region { sides: self.input, row_stride: width, first: self.padding[0] * width + self.padding[1] }
    }

    /// The output within the padded output.
    pub(super) fn output_region(&self) -> Region {
        Region { sides: self.output, row_stride: self.padded_output()[1], first: 0 }
    }
}

impl Region {
    /// Rows and columns to copy. Rows without a gap between them are one long row.
    fn rows(&self) -> [usize; 2] {
        let [height, width] = self.sides;
        if self.row_stride == width { [1, height * width] } else { [height, width] }
    }
}

/// Copies `[channels, y, x]` to positions of `position_stride` values, zeros beyond the last channel.
///
/// # Safety
/// Pointers are good for the sizes given.
#[inline(always)]
pub(super) unsafe fn to_channels_last<V: F32>(
    from: *const f32,
    channels: usize,
    region: &Region,
    to: *mut f32,
    position_stride: usize,
) {
    let plane = region.sides[0] * region.sides[1];
    let [rows, columns] = region.rows();
    for channel in (0..channels).step_by(V::LANES) {
        let count = V::LANES.min(channels - channel);
        for y in 0..rows {
            let from = from.add(channel * plane + y * columns);
            let to = to.add((region.first + y * region.row_stride) * position_stride + channel);
            let mut x = 0;
            while x < columns {
                if count == V::LANES && columns >= V::LANES {
                    // The last square overlaps the one before it.
                    let x = x.min(columns - V::LANES);
                    V::transpose(from.add(x), plane, to.add(x * position_stride), position_stride);
                } else {
                    let (mut square, mut transposed) = ([0.0; SQUARE], [0.0; SQUARE]);
                    let width = V::LANES.min(columns - x);
                    for lane in 0..count {
                        let values = V::load_partial(from.add(lane * plane + x), width, 0.0);
                        values.store(square.as_mut_ptr().add(lane * V::LANES));
                    }
                    V::transpose(square.as_ptr(), V::LANES, transposed.as_mut_ptr(), V::LANES);
                    for i in 0..width {
                        let position = V::load(transposed.as_ptr().add(i * V::LANES));
                        position.store(to.add((x + i) * position_stride));
                    }
                }
                x += V::LANES;
            }
        }
    }
}

/// The inverse: copies positions of `position_stride` values to `[channels, y, x]`.
///
/// # Safety
/// As [`to_channels_last`].
#[inline(always)]
pub(super) unsafe fn from_channels_last<V: F32>(
    from: *const f32,
    position_stride: usize,
    region: &Region,
    to: *mut f32,
    channels: usize,
) {
    let plane = region.sides[0] * region.sides[1];
    let [rows, columns] = region.rows();
    for channel in (0..channels).step_by(V::LANES) {
        let count = V::LANES.min(channels - channel);
        for y in 0..rows {
            let from = from.add((region.first + y * region.row_stride) * position_stride + channel);
            let to = to.add(channel * plane + y * columns);
            let mut x = 0;
            while x < columns {
                if count == V::LANES && columns >= V::LANES {
                    let x = x.min(columns - V::LANES);
                    V::transpose(from.add(x * position_stride), position_stride, to.add(x), plane);
                } else {
                    let (mut square, mut transposed) = ([0.0; SQUARE], [0.0; SQUARE]);
                    let width = V::LANES.min(columns - x);
                    for i in 0..width {
                        let position = V::load(from.add((x + i) * position_stride));
                        position.store(square.as_mut_ptr().add(i * V::LANES));
                    }
                    V::transpose(square.as_ptr(), V::LANES, transposed.as_mut_ptr(), V::LANES);
                    for lane in 0..count {
                        let values = V::load(transposed.as_ptr().add(lane * V::LANES));
                        values.store_partial(to.add(lane * plane + x), width);
                    }
                }
                x += V::LANES;
            }
        }
    }
}
