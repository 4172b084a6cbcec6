//! The gradient of a convolution's weight at the points: a tile of output channels x rows of kernels is kept in registers
//! while all places of a point pass by; a sum a lane, added up over the lanes at a group's end, then taken back to taps.
//!
//! Every partial sum is made of the same chains, in the same order, whatever else is computed beside it.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::batch_innermost::MOST_LANES;
use crate::cpu::conv::batch_innermost::gather;
use crate::cpu::conv::batch_innermost::weight_gradient::{Walk, add_lanes, fits, register_tiles, sum_places};
use crate::cpu::conv::batch_innermost::zero;
use crate::cpu::conv::winograd_1d::LINE;
use crate::cpu::conv::winograd_1d::TAPS;
use crate::cpu::conv::winograd_1d::Tiles;
use crate::cpu::conv::winograd_1d::transform;
use crate::cpu::runtime::tensors::{Floats, Matrix};
use crate::cpu::simd::{F32, by_level};

/// As `LanesWeightGradient`, which says what is wanted.
pub(crate) struct PointsWeightGradient {
    pub tiles: Tiles,
    pub x: Matrix,
    pub output_gradient: Floats,
    pub partials: *mut f32,
    pub has_bias: bool,
    pub group: usize,
}

impl PointsWeightGradient {
    /// Rows of kernels.
    fn lines(&self) -> usize {
        self.tiles.out_channels * self.tiles.in_channels * self.tiles.rows
    }

    /// Rows of the input that windows reach, zeros among them.
    fn high(&self) -> usize {
        self.tiles.output[0] + self.tiles.rows - 1
    }

    /// Sums at the points, then those of the biases.
    fn sums(&self) -> usize {
        self.lines() * LINE + if self.has_bias { self.tiles.out_channels } else { 0 }
    }

    /// Sums of the groups in one vector.
    fn reduced(&self) -> usize {
        MOST_LANES.div_ceil(self.group) * self.sums()
    }

    fn columns(&self) -> usize {
        self.lines() * TAPS + if self.has_bias { self.tiles.out_channels } else { 0 }
    }

    /// Vectors of a channel with what its last block spoils, of the input's points, of the gradient's, of the sums.
    fn vectors(&self) -> [usize; 4] {
        let Tiles { in_channels, out_channels, input, output, .. } = self.tiles;
        let plane = |[height, width]: [usize; 2]| height * width;
        [
            plane(input).max(plane(output)) + MOST_LANES,
            in_channels * self.high() * self.tiles.row_vectors(),
            out_channels * output[0] * self.tiles.row_vectors(),
            self.sums().next_multiple_of(MOST_LANES),
        ]
    }

    /// Floats that [`points_gradient`] wants: the vectors, where each row of kernels begins, sums over lanes.
    pub fn scratch(&self) -> usize {
        let rows = self.tiles.in_channels * self.tiles.rows;
        self.vectors().iter().sum::<usize>() * MOST_LANES + self.reduced() + rows
    }
}

by_level!(
    /// Images `rows`, whole groups and whole vectors; `scratch` is as long as [`PointsWeightGradient::scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those groups of `partials`.
    pub(crate) unsafe fn points_gradient =
        body(wanted: &PointsWeightGradient, rows: Range<usize>, scratch: *mut f32)
);

#[inline(always)]
unsafe fn body<V: F32>(wanted: &PointsWeightGradient, rows: Range<usize>, scratch: *mut f32) {
    let Tiles { in_channels, rows: kernel_rows, .. } = wanted.tiles;
    let [plane, images, gradients, sums] = wanted.vectors();
    unsafe {
        let images_at = scratch.add(plane * V::LANES);
        let gradients_at = images_at.add(images * V::LANES);
        let sums_at = gradients_at.add(gradients * V::LANES);
        let reduced = sums_at.add(sums * V::LANES);
        let offsets = reduced.add(wanted.reduced()).cast::<u32>();
        for row in 0..in_channels * kernel_rows {
            let (channel, i) = (row / kernel_rows, row % kernel_rows);
            *offsets.add(row) = ((channel * wanted.high() + i) * wanted.tiles.row_vectors()) as u32;
        }
        // Rows above and below the input stay zero.
        zero::<V>(images_at, images);
        let sweep = Sweep {
            wanted,
            plane: scratch,
            images: images_at,
            gradients: gradients_at,
            sums: sums_at,
            reduced,
            offsets,
        };
        // What is added up before lanes are: a group, or as many as there are in one vector.
        for first in rows.clone().step_by(wanted.group.max(V::LANES)) {
            let end = rows.end.min(first + wanted.group.max(V::LANES));
            zero::<V>(sums_at, sums);
            for row in (first..end).step_by(V::LANES) {
                sweep.fill::<V>(row, V::LANES.min(end - row));
                for point in 0..LINE {
                    sweep.point::<V>(point);
                }
            }
            sweep.finish::<V>(first..end);
        }
    }
}

struct Sweep<'a> {
    wanted: &'a PointsWeightGradient,
    /// A channel, `[y, x, lane]`.
    plane: *mut f32,
    /// `[in_channels, high, point, tile, lane]`.
    images: *mut f32,
    /// `[out_channels, y, point, tile, lane]`.
    gradients: *mut f32,
    /// `[point, line, lane]`, then `[out_channels, lane]`.
    sums: *mut f32,
    /// The same without lanes, group by group.
    reduced: *mut f32,
    offsets: *const u32,
}

impl Sweep<'_> {
    /// Takes images to the points, and their gradients, whose sums are the biases'.
    #[inline(always)]
    unsafe fn fill<V: F32>(&self, row: usize, images: usize) {
        let &PointsWeightGradient { ref tiles, x, output_gradient, .. } = self.wanted;
        let &Tiles { in_channels, out_channels, input, output, padding, .. } = tiles;
        // Windows need not reach the last rows, in plans made by hand.
        let high = self.wanted.high();
        let height = input[0].min(high - padding[0]);
        unsafe {
            for channel in 0..in_channels {
                let count = height * input[1];
                gather::<V>(x, row, images, channel * input[0] * input[1], count, self.plane);
                let to = self.images.add((channel * high + padding[0]) * tiles.row_vectors() * V::LANES);
                tiles.input_to_points::<V>(self.plane, height, to);
            }
            for channel in 0..out_channels {
                let count = output[0] * output[1];
                gather::<V>(Matrix::Floats(output_gradient), row, images, channel * count, count, self.plane);
                let to = self.gradients.add(channel * output[0] * tiles.row_vectors() * V::LANES);
                tiles.gradient_to_points::<V>(self.plane, to);
                if self.wanted.has_bias {
                    let at = (self.wanted.lines() * LINE + channel) * V::LANES;
                    sum_places::<V>(self.plane, count, self.sums.add(at));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn point<V: F32>(&self, point: usize) {
        let Tiles { in_channels, out_channels, rows, .. } = self.wanted.tiles;
        for (channels, lines) in register_tiles(out_channels, in_channels * rows) {
            macro_rules! sizes {
                ($(($r:literal $n:literal))*) => {
                    match (channels.len(), lines.len()) {
                        $(($r, $n) if fits($r, $n) =>
                            self.tile::<V, $r, $n>(point, channels.start, lines.start),)*
                        _ => {}
                    }
                };
            }
            unsafe {
                sizes!((1 1)(1 2)(1 3)(2 1)(2 2)(2 3)(3 1)(3 2)(3 3)(4 1)(4 2)(4 3)(5 1)(5 2)(6 1)(6 2));
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(&self, point: usize, channel: usize, line: usize) {
        let Tiles { in_channels, output: [height, _], rows, across, .. } = self.wanted.tiles;
        let row = self.wanted.tiles.row_vectors();
        unsafe {
            let mut places = [self.images.cast_const(); N];
            for n in 0..N {
                let offset = *self.offsets.add(line + n) as usize + point * across;
                places[n] = places[n].add(offset * V::LANES);
            }
            let gradients = self.gradients.add((channel * height * row + point * across) * V::LANES);
            let lines = in_channels * rows;
            let walk = Walk {
                rows: height,
                columns: across,
                image_row: row,
                gradient_row: row,
                gradient_channel: height * row,
                sum_channel: lines,
            };
            let sums = self.sums.add((point * self.wanted.lines() + channel * lines + line) * V::LANES);
            walk.tile::<V, R, N>(places, gradients, sums);
        }
    }

    /// The sums of images `rows` to their groups.
    #[inline(always)]
    unsafe fn finish<V: F32>(&self, rows: Range<usize>) {
        let &PointsWeightGradient { group, partials, .. } = self.wanted;
        let (lines, columns, sums) = (self.wanted.lines(), self.wanted.columns(), self.wanted.sums());
        unsafe {
            add_lanes::<V>(self.sums, sums, rows.len(), group, self.reduced);
            for (i, first) in rows.step_by(group).enumerate() {
                let (from, to) = (self.reduced.add(i * sums), partials.add(first / group * columns));
                self.taps::<V>(from, to);
                let biases = sums - lines * LINE;
                to.add(lines * TAPS).copy_from_nonoverlapping(from.add(lines * LINE), biases);
            }
        }
    }

    /// From the points back to the taps, as many rows of kernels at a time as a vector has lanes.
    #[inline(always)]
    unsafe fn taps<V: F32>(&self, from: *const f32, to: *mut f32) {
        let lines = self.wanted.lines();
        let (mut by_tap, mut by_line) = ([[0.0; MOST_LANES]; TAPS], [0.0; MOST_LANES * TAPS]);
        for line in (0..lines).step_by(V::LANES) {
            let count = V::LANES.min(lines - line);
            unsafe {
                let mut points = [V::splat(0.0); LINE];
                for point in 0..LINE {
                    points[point] = V::load_partial(from.add(point * lines + line), count, 0.0);
                }
                let taps = transform::kernel_gradient(points);
                for tap in 0..TAPS {
                    taps[tap].store(by_tap[tap].as_mut_ptr());
                }
                for at in 0..count * TAPS {
                    by_line[at] = by_tap[at % TAPS][at / TAPS];
                }
                to.add(line * TAPS).copy_from_nonoverlapping(by_line.as_ptr(), count * TAPS);
            }
        }
    }
}
