//! Images as kernels of this folder take them, `[y, x, channel]`, from and to `[channel, y, x]`.

use crate::cpu::simd::F32;

/// Most values a vector, squared: the square that is turned where it is not a whole one.
const SQUARE: usize = 16 * 16;

/// A map of places within a larger one of `pitch` columns.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    /// Rows and columns that are copied.
    pub sides: [usize; 2],
    /// Places of the larger map from one row to the next, and the first place.
    pub pitch: usize,
    pub first: usize,
}

impl Region {
    /// Rows that follow each other without a gap are one long row.
    fn rows(&self) -> [usize; 2] {
        let [height, width] = self.sides;
        if self.pitch == width { [1, height * width] } else { [height, width] }
    }
}

/// Copies `[channels, sides]` to places of `channel_pitch` values, those beyond the last channel zeros.
///
/// # Safety
/// Pointers are good for the sizes given.
#[inline(always)]
pub(crate) unsafe fn take<V: F32>(
    from: *const f32,
    channels: usize,
    region: &Region,
    to: *mut f32,
    channel_pitch: usize,
) {
    let plane = region.sides[0] * region.sides[1];
    let [rows, columns] = region.rows();
    for channel in (0..channels).step_by(V::LANES) {
        let count = V::LANES.min(channels - channel);
        for y in 0..rows {
            unsafe {
                let from = from.add(channel * plane + y * columns);
                let to = to.add((region.first + y * region.pitch) * channel_pitch + channel);
                let mut x = 0;
                while x < columns {
                    if count == V::LANES && columns >= V::LANES {
                        // The last square overlaps the one before.
                        let x = x.min(columns - V::LANES);
                        V::transpose(from.add(x), plane, to.add(x * channel_pitch), channel_pitch);
                    } else {
                        let (mut square, mut turned) = ([0.0; SQUARE], [0.0; SQUARE]);
                        let width = V::LANES.min(columns - x);
                        for lane in 0..count {
                            let line = V::load_partial(from.add(lane * plane + x), width, 0.0);
                            line.store(square.as_mut_ptr().add(lane * V::LANES));
                        }
                        V::transpose(square.as_ptr(), V::LANES, turned.as_mut_ptr(), V::LANES);
                        for i in 0..width {
                            let place = V::load(turned.as_ptr().add(i * V::LANES));
                            place.store(to.add((x + i) * channel_pitch));
                        }
                    }
                    x += V::LANES;
                }
            }
        }
    }
}

/// The way back: copies places of `channel_pitch` values to `[channels, sides]`.
///
/// # Safety
/// As [`take`].
#[inline(always)]
pub(crate) unsafe fn give<V: F32>(
    from: *const f32,
    channel_pitch: usize,
    region: &Region,
    to: *mut f32,
    channels: usize,
) {
    let plane = region.sides[0] * region.sides[1];
    let [rows, columns] = region.rows();
    for channel in (0..channels).step_by(V::LANES) {
        let count = V::LANES.min(channels - channel);
        for y in 0..rows {
            unsafe {
                let from = from.add((region.first + y * region.pitch) * channel_pitch + channel);
                let to = to.add(channel * plane + y * columns);
                let mut x = 0;
                while x < columns {
                    if count == V::LANES && columns >= V::LANES {
                        let x = x.min(columns - V::LANES);
                        V::transpose(from.add(x * channel_pitch), channel_pitch, to.add(x), plane);
                    } else {
                        let (mut square, mut turned) = ([0.0; SQUARE], [0.0; SQUARE]);
                        let width = V::LANES.min(columns - x);
                        for i in 0..width {
                            let place = V::load(from.add((x + i) * channel_pitch));
                            place.store(square.as_mut_ptr().add(i * V::LANES));
                        }
                        V::transpose(square.as_ptr(), V::LANES, turned.as_mut_ptr(), V::LANES);
                        for lane in 0..count {
                            let line = V::load(turned.as_ptr().add(lane * V::LANES));
                            line.store_partial(to.add(lane * plane + x), width);
                        }
                    }
                    x += V::LANES;
                }
            }
        }
    }
}
