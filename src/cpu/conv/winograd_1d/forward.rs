//! Forward pass and input gradient: for each of the nine elements a convolution of one column, with a block of channels
//! x two neighbouring tiles in registers during the loop over all channels and rows of the kernel.

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::{OUTPUT_TILE, TAPS, TILE, Tiling, transform};
use crate::cpu::Level;
use crate::cpu::conv::batch_innermost::layout::{
    from_batch_innermost, strip_rows, strip_vectors, to_batch_innermost,
};
use crate::cpu::conv::batch_innermost::{BLOCK_CHANNELS, Direction, channel_blocks};
use crate::cpu::conv::{Convolution, MAX_LANES, Maps, TransformedKernels};
use crate::cpu::simd::{F32, by_level};

/// Neighbouring tiles of a register block.
const NEIGHBOURS: usize = 2;

pub(crate) struct Forward {
    pub tiling: Tiling,
    pub direction: Direction,
    pub level: Level,
}

impl Forward {
    /// Height and width of the map that is read and of the map that is computed.
    fn sides(&self) -> ([usize; 2], [usize; 2]) {
        let Tiling { input, output, .. } = self.tiling;
        match self.direction {
            Direction::Forward => (input, output),
            Direction::InputGradient => (output, input),
        }
    }

    /// Rows of padding above the map that is read.
    fn top(&self) -> usize {
        let Tiling { padding: [top, _], kernel_rows, .. } = self.tiling;
        match self.direction {
            Direction::Forward => top,
            // `batch_innermost::serves` has found the padding within the kernel.
            Direction::InputGradient => kernel_rows - 1 - top,
        }
    }

    /// Vectors of: a channel, with room for what transposing its last block overwrites; all transformed tiles; a block's
    /// sums; a strip.
    fn vectors(&self) -> [usize; 4] {
        let ([height, width], made) = self.sides();
        let (summed, _) = self.tiling.channels(self.direction);
        [
            height * width + MAX_LANES,
            summed * height * self.tiling.row_vectors(),
            BLOCK_CHANNELS * NEIGHBOURS * TILE,
            BLOCK_CHANNELS * strip_vectors(made),
        ]
    }
}

impl Convolution for Forward {
    fn alignment(&self) -> usize {
        self.level.lanes()
    }

    fn scratch(&self) -> usize {
        self.vectors().iter().sum::<usize>() * MAX_LANES
    }

    fn transformed_kernels(&self) -> Option<TransformedKernels> {
        Some(self.tiling.transformed_kernels())
    }

    unsafe fn transform_kernels(&self, weight: *const f32, to: *mut f32, units: Range<usize>) {
        self.tiling.transform_kernels(weight, self.direction, to, units)
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        forward(self.level, self, maps, rows)
    }
}

by_level!(unsafe fn forward = body(convolution: &Forward, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(convolution: &Forward, maps: &Maps, rows: Range<usize>) {
    let &Forward { ref tiling, direction, .. } = convolution;
    let ([height, width], made @ [made_height, made_width]) = convolution.sides();
    let (summed, channels) = tiling.channels(direction);
    let ([plane, tiles, sums, _], strip_rows) = (convolution.vectors(), strip_rows(made));
    let (outputs, channel_stride) = (made_height * made_width, strip_vectors(made));
    let channel_values = maps.scratch;
    let tiles_at = channel_values.add(plane * V::LANES);
    let sums_at = tiles_at.add(tiles * V::LANES);
    let strip = sums_at.add(sums * V::LANES);
    let row_of_tiles =
        RowOfTiles { convolution, maps, tiles: tiles_at, sums: sums_at, strip, channel_stride };
    for row in rows.clone().step_by(V::LANES) {
        let images = V::LANES.min(rows.end - row);
        for channel in 0..summed {
            let (at, count) = (channel * height * width, height * width);
            to_batch_innermost::<V>(maps.input, row, images, at, count, channel_values);
            let to = tiles_at.add(channel * height * tiling.row_vectors() * V::LANES);
            match direction {
                Direction::Forward => tiling.transform_input::<V>(channel_values, height, to),
                Direction::InputGradient => tiling.transform_output_gradient::<V>(channel_values, to),
            }
        }
        for block in channel_blocks(channels) {
            for top in (0..made_height).step_by(strip_rows) {
                let bottom = made_height.min(top + strip_rows);
                for y in top..bottom {
                    row_of_tiles.compute::<V>(block.clone(), y, (y - top) * made_width);
                }
                let to = maps.output.add((row * channels + block.start) * outputs + top * made_width);
                for channel in 0..block.len() {
                    let from = strip.add(channel * channel_stride * V::LANES);
                    let (count, to) = ((bottom - top) * made_width, to.add(channel * outputs));
                    from_batch_innermost::<V>(from, count, to, channels * outputs, images);
                }
            }
        }
    }
}

/// Computes rows of the output, of a block of channels.
struct RowOfTiles<'a> {
    convolution: &'a Forward,
    maps: &'a Maps,
    /// `[channel summed over, y, element, tile, lane]`.
    tiles: *const f32,
    /// `[channel of the block, tile, element, lane]`.
    sums: *mut f32,
    /// `[channel of the block, position, lane]`, channels `channel_stride` vectors apart.
    strip: *mut f32,
    channel_stride: usize,
}

impl RowOfTiles<'_> {
    /// Row `y`, which begins `at` positions into the strip.
    #[inline(always)]
    unsafe fn compute<V: F32>(&self, channels: Range<usize>, y: usize, at: usize) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match channels.len() {
                    $($count => self.row::<V, $count>(channels.start, y, at),)*
                    _ => {}
                }
            };
        }
        const { assert!(BLOCK_CHANNELS == 6) }
        counts!(1 2 3 4 5 6)
    }

    #[inline(always)]
    unsafe fn row<V: F32, const R: usize>(&self, channel: usize, y: usize, at: usize) {
        let tiles = self.convolution.tiling.tiles;
        let mut tile = 0;
        while tile + NEIGHBOURS <= tiles {
            self.neighbours::<V, R, NEIGHBOURS>(channel, y, tile, at);
            tile += NEIGHBOURS;
        }
        while tile < tiles {
            self.neighbours::<V, R, 1>(channel, y, tile, at);
            tile += 1;
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
        let &Forward { ref tiling, direction, .. } = self.convolution;
        let ([height, _], _) = self.convolution.sides();
        let (summed, _) = tiling.channels(direction);
        // The kernel's rows that meet rows of what is read.
        let top = self.convolution.top();
        let (down, bottom) =
            (top.saturating_sub(y), tiling.kernel_rows.min((height + top).saturating_sub(y)));
        let row = tiling.row_vectors() * V::LANES;
        for element in 0..TILE {
            let from = (y + down).saturating_sub(top) * row + (element * tiling.tiles + tile) * V::LANES;
            let block = (channel * TILE + element * R) * summed * tiling.kernel_rows;
            let column = Column {
                tiles: self.tiles.wrapping_add(from),
                kernels: self.maps.transformed_kernels.wrapping_add(block + down * R),
                channels: summed,
                count: bottom.saturating_sub(down),
                kernel_rows: tiling.kernel_rows,
                channel_stride: height * row,
                row_stride: row,
            };
            let sums = column.accumulate::<V, R, P>();
            for r in 0..R {
                for p in 0..P {
                    sums[r][p].store(self.sums.add(((r * P + p) * TILE + element) * V::LANES));
                }
            }
        }
        for r in 0..R {
            for p in 0..P {
                let mut sums = [V::splat(0.0); TILE];
                for element in 0..TILE {
                    sums[element] = V::load(self.sums.add(((r * P + p) * TILE + element) * V::LANES));
                }
                let to = self.strip.add((r * self.channel_stride + at) * V::LANES);
                match direction {
                    Direction::Forward => {
                        self.store_output::<V>(transform::output(sums), channel + r, tile + p, to)
                    }
                    Direction::InputGradient => {
                        self.add_input_gradient::<V>(transform::input_gradient(sums), tile + p, to)
                    }
                }
            }
        }
    }

    /// A tile of the output.
    #[inline(always)]
    unsafe fn store_output<V: F32>(
        &self,
        outputs: [V; OUTPUT_TILE],
        channel: usize,
        tile: usize,
        to: *mut f32,
    ) {
        let &Maps { bias, relu, .. } = self.maps;
        let [_, width] = self.convolution.tiling.output;
        let bias = V::splat(if bias.is_null() { 0.0 } else { *bias.add(channel) });
        for (i, output) in outputs.into_iter().enumerate() {
            let x = tile * OUTPUT_TILE + i;
            if x < width {
                let mut value = output.add(bias);
                if relu {
                    value = value.max(V::splat(0.0));
                }
                value.store(to.add(x * V::LANES));
            }
        }
    }

    /// A tile of the input gradient: its first values also belong to the previous tile.
    #[inline(always)]
    unsafe fn add_input_gradient<V: F32>(&self, gradients: [V; TILE], tile: usize, to: *mut f32) {
        let Tiling { input: [_, width], padding: [_, left], tiles, .. } = self.convolution.tiling;
        for (i, gradient) in gradients.into_iter().enumerate() {
            let x = (tile * OUTPUT_TILE + i).wrapping_sub(left);
            if x < width {
                let to = to.add(x * V::LANES);
                let is_shared = tile > 0 && i < TAPS - 1;
                if is_shared { V::load(to).add(gradient).store(to) } else { gradient.store(to) }
            }
        }
        // Inputs that no window reaches exist only in plans made by hand: the library's windows of stride 1 reach
        // all.
        if tile + 1 == tiles {
            for x in ((tile + 1) * OUTPUT_TILE + TAPS - 1).saturating_sub(left)..width {
                V::splat(0.0).store(to.add(x * V::LANES));
            }
        }
    }
}

/// One element of neighbouring tiles: everything that is added up for it.
struct Column {
    tiles: *const f32,
    kernels: *const f32,
    channels: usize,
    /// Rows of the kernel that count, of `kernel_rows`.
    count: usize,
    kernel_rows: usize,
    /// In floats.
    channel_stride: usize,
    row_stride: usize,
}

impl Column {
    /// A function of its own, so that the sums alone fill the registers.
    #[inline(always)]
    unsafe fn accumulate<V: F32, const R: usize, const P: usize>(&self) -> [[V; P]; R] {
        let mut sums = [[V::splat(0.0); P]; R];
        for channel in 0..self.channels {
            // If no row counts, these pointers may point anywhere.
            let mut tiles = self.tiles.wrapping_add(channel * self.channel_stride);
            let mut kernels = self.kernels.wrapping_add(channel * self.kernel_rows * R);
            for _ in 0..self.count {
                let mut values = [V::splat(0.0); P];
                for p in 0..P {
                    values[p] = V::load(tiles.add(p * V::LANES));
                }
                for r in 0..R {
                    let kernel = V::splat(*kernels.add(r));
                    for p in 0..P {
                        sums[r][p] = kernel.mul_add(values[p], sums[r][p]);
                    }
                }
                tiles = tiles.wrapping_add(self.row_stride);
                kernels = kernels.wrapping_add(R);
            }
        }
        sums
    }
}
