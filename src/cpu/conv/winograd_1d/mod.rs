//! Kernels of five columns with less than half of the multiplications: Winograd's algorithm (Lavin and Gray 2016, "Fast
//! Algorithms for Convolutional Neural Networks") along rows alone, with images side by side.
//!
//! Rows of the output are cut in tiles of 5 places. What a tile reads, 9 places, and each row of a kernel go to 9 points
//! (`transform`), where a convolution is nine convolutions of one column: 9 multiplications in place of 25. Whole sums
//! over channels and rows of the kernel are made at the points, so that the way back is gone once a tile.
//!
//! A gradient of the input goes back through the same tiles, and so does a gradient of the weights: each step turned
//! round.

mod forward;
mod transform;
mod weight_gradient;

pub(crate) use forward::{PointsConvolution, convolve_points};
pub(crate) use weight_gradient::{PointsWeightGradient, points_gradient};

use std::ops::Range;

use crate::cpu::conv::batch_innermost::blocks;
use crate::cpu::simd::F32;
use crate::plan::Window;

/// Columns of a kernel.
const TAPS: usize = 5;
/// Places of a tile.
const SIDE: usize = 5;
/// Points of a tile; the places that it reads.
const LINE: usize = SIDE + TAPS - 1;

/// Fewest products that are added up at a point, lest the transforms cost what they save: with five, one channel and five
/// rows, a sixth of the time is saved.
const LEAST_SUM: usize = 5;

/// A convolution in tiles.
#[derive(Clone, Copy)]
pub(crate) struct Tiles {
    pub in_channels: usize,
    pub out_channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    /// Rows of the kernel.
    rows: usize,
    padding: [usize; 2],
    /// Tiles a row.
    across: usize,
}

impl Tiles {
    /// None where the algorithm does not apply or would not pay: for shapes that [`crate::cpu::conv::batch_innermost::way`] has found fit.
    pub fn new(window: &Window, in_channels: usize, out_channels: usize) -> Option<Self> {
        let &Window { input, output, kernel: [rows, columns], padding, .. } = window;
        let across = output[1].div_ceil(SIDE);
        // Whichever way it goes, forward or back, a sum at a point goes over the channels of one side. Half of the
        // multiplications must be saved: rows that fill their tiles badly save less.
        let sum = in_channels.min(out_channels) * rows;
        let pays = sum >= LEAST_SUM && 2 * across * LINE <= output[1] * TAPS;
        (columns == TAPS && pays).then_some(Tiles {
            in_channels,
            out_channels,
            input,
            output,
            rows,
            padding,
            across,
        })
    }

    /// Vectors of a row of a channel at the points.
    fn row_vectors(&self) -> usize {
        LINE * self.across
    }

    /// Floats of the kernels' points.
    pub fn kernel_floats(&self) -> usize {
        self.in_channels * self.out_channels * self.rows * LINE
    }

    /// Units of [`Tiles::prepare`].
    pub const UNITS: usize = LINE;

    /// Kernels to points: `[point, channel added up over, row, channel of the block]`, one block of channels after another.
    /// Going back channels change over and rows are turned round.
    ///
    /// # Safety
    /// `weight` is `[out_channels, in_channels, rows, TAPS]`, `to` is as large as [`Tiles::kernel_floats`] says; nobody else touches
    /// these points of it.
    pub unsafe fn prepare(&self, weight: *const f32, is_back: bool, to: *mut f32, points: Range<usize>) {
        let (summed, made) = self.channels(is_back);
        for block in blocks(made) {
            for point in points.clone() {
                let mut at = (block.start * LINE + point * block.len()) * summed * self.rows;
                for (channel, row) in (0..summed).flat_map(|c| (0..self.rows).map(move |row| (c, row))) {
                    for other in block.clone() {
                        let (line, row) = if is_back {
                            (channel * self.in_channels + other, self.rows - 1 - row)
                        } else {
                            (other * self.in_channels + channel, row)
                        };
                        let mut value = 0.0;
                        for tap in 0..TAPS {
                            let weight = unsafe { *weight.add((line * self.rows + row) * TAPS + tap) };
                            value += transform::KERNEL[point][tap] * weight;
                        }
                        unsafe { *to.add(at) = value };
                        at += 1;
                    }
                }
            }
        }
    }

    /// Channels that are added up over, and those that are made.
    fn channels(&self, is_back: bool) -> (usize, usize) {
        if is_back { (self.out_channels, self.in_channels) } else { (self.in_channels, self.out_channels) }
    }

    /// A channel's first rows of the input, `[y, x, lane]`, to `[y, point, tile, lane]`.
    #[inline(always)]
    unsafe fn input_to_points<V: F32>(&self, from: *const f32, height: usize, to: *mut f32) {
        let (width, left) = (self.input[1], self.padding[1]);
        for y in 0..height {
            for tile in 0..self.across {
                let start = tile * SIDE;
                unsafe {
                    let mut places = [V::splat(0.0); LINE];
                    for (i, place) in places.iter_mut().enumerate() {
                        let x = (start + i).wrapping_sub(left);
                        if x < width {
                            *place = V::load(from.add((y * width + x) * V::LANES));
                        }
                    }
                    self.store(transform::input(places), to, y, tile);
                }
            }
        }
    }

    /// A channel of the output's gradient, `[y, x, lane]`, to `[y, point, tile, lane]`.
    #[inline(always)]
    unsafe fn gradient_to_points<V: F32>(&self, from: *const f32, to: *mut f32) {
        let [height, width] = self.output;
        for y in 0..height {
            for tile in 0..self.across {
                unsafe {
                    let mut places = [V::splat(0.0); SIDE];
                    for (i, place) in places.iter_mut().enumerate() {
                        let x = tile * SIDE + i;
                        if x < width {
                            *place = V::load(from.add((y * width + x) * V::LANES));
                        }
                    }
                    self.store(transform::output_gradient(places), to, y, tile);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store<V: F32>(&self, points: [V; LINE], to: *mut f32, y: usize, tile: usize) {
        for (point, value) in points.into_iter().enumerate() {
            let at = y * self.row_vectors() + point * self.across + tile;
            unsafe { value.store(to.add(at * V::LANES)) }
        }
    }
}
