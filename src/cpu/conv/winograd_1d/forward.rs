//! Convolutions at the points, and the way back from the output's gradient to the input's: nine convolutions of one column,
//! a block of channels x two neighbouring tiles in registers while all channels and rows of the kernel pass by.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::batch_innermost::BLOCK;
use crate::cpu::conv::batch_innermost::MOST_LANES;
use crate::cpu::conv::batch_innermost::blocks;
use crate::cpu::conv::batch_innermost::gather;
use crate::cpu::conv::batch_innermost::scatter;
use crate::cpu::conv::batch_innermost::strip_rows;
use crate::cpu::conv::batch_innermost::strip_vectors;
use crate::cpu::conv::winograd_1d::LINE;
use crate::cpu::conv::winograd_1d::SIDE;
use crate::cpu::conv::winograd_1d::TAPS;
use crate::cpu::conv::winograd_1d::Tiles;
use crate::cpu::conv::winograd_1d::transform;
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};

/// Neighbouring tiles of a block.
const NEIGHBOURS: usize = 2;

/// `out = finish(convolution of x)` or, going back, the gradient of a convolution's input, x being its output's.
pub(crate) struct PointsConvolution {
    pub tiles: Tiles,
    pub is_back: bool,
    pub x: Matrix,
    /// Made by [`Tiles::prepare`].
    pub kernels: *const f32,
    /// `[out_channels]`, or null.
    pub bias: *const f32,
    pub relu: bool,
    pub out: *mut f32,
}

impl PointsConvolution {
    /// Sides of what is read, and of what is made.
    fn sides(&self) -> ([usize; 2], [usize; 2]) {
        let Tiles { input, output, .. } = self.tiles;
        if self.is_back { (output, input) } else { (input, output) }
    }

    /// Rows above what is read that do not exist.
    fn top(&self) -> usize {
        let Tiles { padding: [top, _], rows, .. } = self.tiles;
        // `way` has found the padding within the kernel.
        if self.is_back { rows - 1 - top } else { top }
    }

    /// Vectors of a channel with what its last block spoils, of all points, of a block's sums, of the strip.
    fn vectors(&self) -> [usize; 4] {
        let ([height, width], made) = self.sides();
        let (summed, _) = self.tiles.channels(self.is_back);
        [
            height * width + MOST_LANES,
            summed * height * self.tiles.row_vectors(),
            BLOCK * NEIGHBOURS * LINE,
            BLOCK * strip_vectors(made),
        ]
    }

    /// Floats that [`convolve_points`] wants.
    pub fn scratch(&self) -> usize {
        self.vectors().iter().sum::<usize>() * MOST_LANES
    }
}

by_level!(
    /// Images `rows`; `scratch` is as long as [`PointsConvolution::scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those rows of `out`.
    pub(crate) unsafe fn convolve_points =
        body(convolution: &PointsConvolution, rows: Range<usize>, scratch: *mut f32)
);

#[inline(always)]
unsafe fn body<V: F32>(convolution: &PointsConvolution, rows: Range<usize>, scratch: *mut f32) {
    let &PointsConvolution { ref tiles, is_back, x, out, .. } = convolution;
    let ([height, width], made @ [made_height, made_width]) = convolution.sides();
    let (summed, channels) = tiles.channels(is_back);
    let ([plane, points, sums, _], strip_rows) = (convolution.vectors(), strip_rows(made));
    unsafe {
        let points_at = scratch.add(plane * V::LANES);
        let sums_at = points_at.add(points * V::LANES);
        let pitch = strip_vectors(made);
        let line =
            Line { convolution, points: points_at, sums: sums_at, to: sums_at.add(sums * V::LANES), pitch };
        for row in rows.clone().step_by(V::LANES) {
            let images = V::LANES.min(rows.end - row);
            for channel in 0..summed {
                gather::<V>(x, row, images, channel * height * width, height * width, scratch);
                let to = points_at.add(channel * height * tiles.row_vectors() * V::LANES);
                if is_back {
                    tiles.gradient_to_points::<V>(scratch, to);
                } else {
                    tiles.input_to_points::<V>(scratch, height, to);
                }
            }
            for block in blocks(channels) {
                for top in (0..made_height).step_by(strip_rows) {
                    let bottom = made_height.min(top + strip_rows);
                    for y in top..bottom {
                        line.by_channels::<V>(block.clone(), y, (y - top) * made_width);
                    }
                    let to =
                        out.add((row * channels + block.start) * made_height * made_width + top * made_width);
                    for channel in 0..block.len() {
                        let from = line.to.add(channel * pitch * V::LANES);
                        let to = to.add(channel * made_height * made_width);
                        let stride = channels * made_height * made_width;
                        scatter::<V>(from, (bottom - top) * made_width, to, stride, images);
                    }
                }
            }
        }
    }
}

/// What makes a row of a block of channels.
struct Line<'a> {
    convolution: &'a PointsConvolution,
    /// `[channel added up over, y, point, tile, lane]`.
    points: *const f32,
    /// `[channel, tile, point, lane]`.
    sums: *mut f32,
    /// `[channel, place, lane]`, channels `pitch` vectors apart.
    to: *mut f32,
    pitch: usize,
}

impl Line<'_> {
    /// Row `y`, which begins `at` places into the strip.
    #[inline(always)]
    unsafe fn by_channels<V: F32>(&self, channels: Range<usize>, y: usize, at: usize) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match channels.len() {
                    $($count => self.row::<V, $count>(channels.start, y, at),)*
                    _ => {}
                }
            };
        }
        const { assert!(BLOCK == 6) }
        unsafe { counts!(1 2 3 4 5 6) }
    }

    #[inline(always)]
    unsafe fn row<V: F32, const R: usize>(&self, channel: usize, y: usize, at: usize) {
        let across = self.convolution.tiles.across;
        let mut tile = 0;
        unsafe {
            while tile + NEIGHBOURS <= across {
                self.neighbours::<V, R, NEIGHBOURS>(channel, y, tile, at);
                tile += NEIGHBOURS;
            }
            while tile < across {
                self.neighbours::<V, R, 1>(channel, y, tile, at);
                tile += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn neighbours<V: F32, const R: usize, const P: usize>(
        &self,
        channel: usize,
        y: usize,
        tile: usize,
        at: usize,
    ) {
        let &PointsConvolution { ref tiles, is_back, kernels, .. } = self.convolution;
        let ([height, _], _) = self.convolution.sides();
        let (summed, _) = tiles.channels(is_back);
        // The kernel's rows that meet rows of what is read.
        let top = self.convolution.top();
        let (down, bottom) = (top.saturating_sub(y), tiles.rows.min((height + top).saturating_sub(y)));
        let row = tiles.row_vectors() * V::LANES;
        unsafe {
            for point in 0..LINE {
                let from = (y + down).saturating_sub(top) * row + (point * tiles.across + tile) * V::LANES;
                let block = (channel * LINE + point * R) * summed * tiles.rows;
                let column = Column {
                    points: self.points.wrapping_add(from),
                    kernels: kernels.wrapping_add(block + down * R),
                    channels: summed,
                    count: bottom.saturating_sub(down),
                    rows: tiles.rows,
                    channel: height * row,
                    row,
                };
                let sums = column.chains::<V, R, P>();
                for r in 0..R {
                    for p in 0..P {
                        sums[r][p].store(self.sums.add(((r * P + p) * LINE + point) * V::LANES));
                    }
                }
            }
            for r in 0..R {
                for p in 0..P {
                    let mut sums = [V::splat(0.0); LINE];
                    for point in 0..LINE {
                        sums[point] = V::load(self.sums.add(((r * P + p) * LINE + point) * V::LANES));
                    }
                    let to = self.to.add((r * self.pitch + at) * V::LANES);
                    if is_back {
                        self.add::<V>(transform::input_gradient(sums), tile + p, to);
                    } else {
                        self.finish::<V>(transform::output(sums), channel + r, tile + p, to);
                    }
                }
            }
        }
    }

    /// A tile of the output.
    #[inline(always)]
    unsafe fn finish<V: F32>(&self, places: [V; SIDE], channel: usize, tile: usize, to: *mut f32) {
        let &PointsConvolution { ref tiles, bias, relu, .. } = self.convolution;
        unsafe {
            let bias = V::splat(if bias.is_null() { 0.0 } else { *bias.add(channel) });
            for (i, place) in places.into_iter().enumerate() {
                let x = tile * SIDE + i;
                if x < tiles.output[1] {
                    let mut value = place.add(bias);
                    if relu {
                        value = value.max(V::splat(0.0));
                    }
                    value.store(to.add(x * V::LANES));
                }
            }
        }
    }

    /// A tile of the input's gradient: its first places belong to the tile before, too.
    #[inline(always)]
    unsafe fn add<V: F32>(&self, places: [V; LINE], tile: usize, to: *mut f32) {
        let Tiles { input: [_, width], padding: [_, left], across, .. } = self.convolution.tiles;
        unsafe {
            for (i, place) in places.into_iter().enumerate() {
                let x = (tile * SIDE + i).wrapping_sub(left);
                if x < width {
                    let to = to.add(x * V::LANES);
                    let is_shared = tile > 0 && i < TAPS - 1;
                    if is_shared { V::load(to).add(place).store(to) } else { place.store(to) }
                }
            }
            // What no window reaches, in plans made by hand: a window of stride 1 reaches all, as the library makes it.
            if tile + 1 == across {
                for x in ((tile + 1) * SIDE + TAPS - 1).saturating_sub(left)..width {
                    V::splat(0.0).store(to.add(x * V::LANES));
                }
            }
        }
    }
}

/// A point of neighbouring tiles: all that is added up there.
struct Column {
    points: *const f32,
    kernels: *const f32,
    channels: usize,
    /// Rows of the kernel that count, of `rows`.
    count: usize,
    rows: usize,
    /// Floats from a channel to the next, from a row to the next.
    channel: usize,
    row: usize,
}

impl Column {
    /// Apart from what comes before and after, so that the sums alone fill the registers.
    #[inline(always)]
    unsafe fn chains<V: F32, const R: usize, const P: usize>(&self) -> [[V; P]; R] {
        unsafe {
            let mut sums = [[V::splat(0.0); P]; R];
            for channel in 0..self.channels {
                // Where no row counts they may lie anywhere.
                let mut line = self.points.wrapping_add(channel * self.channel);
                let mut kernels = self.kernels.wrapping_add(channel * self.rows * R);
                for _ in 0..self.count {
                    let mut values = [V::splat(0.0); P];
                    for p in 0..P {
                        values[p] = V::load(line.add(p * V::LANES));
                    }
                    for r in 0..R {
                        let kernel = V::splat(*kernels.add(r));
                        for p in 0..P {
                            sums[r][p] = kernel.mul_add(values[p], sums[r][p]);
                        }
                    }
                    line = line.wrapping_add(self.row);
                    kernels = kernels.wrapping_add(R);
                }
            }
            sums
        }
    }
}
