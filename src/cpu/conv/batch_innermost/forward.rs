//! Forward pass and input gradient: a block of channels x two neighbouring positions is kept in registers during the loop
//! over all taps. Taps that reach beyond the image are left out; an input gradient, whose windows reach far beyond it,
//! gains most from this.
//!
//! Every value is one chain of additions in the order of the taps.

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::layout::{from_batch_innermost, strip_rows, strip_vectors, to_batch_innermost, zero_vectors};
use super::{BLOCK_CHANNELS, channel_blocks};
use crate::cpu::Level;
use crate::cpu::conv::{ConvShape, Convolution, MAX_LANES, Maps};
use crate::cpu::simd::{F32, by_level};
use crate::plan::Window;

/// Neighbouring positions of a register block. Rows have a column of zeros at either end, for the one of two positions
/// whose tap is outside.
const POSITIONS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Direction {
    Forward,
    /// A convolution of the output gradient, with rotated kernels.
    InputGradient,
}

/// `output[r, o, y, x] = finish(sum over c, i, j of weight(o, c, i, j) * input[r, c, y + i - top, x + j - left])`.
pub(crate) struct Forward {
    direction: Direction,
    /// Channels that are summed over, and those that are made.
    in_channels: usize,
    out_channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    kernel: [usize; 2],
    padding: [usize; 2],
    level: Level,
}

impl Forward {
    pub fn new(shape: &ConvShape, direction: Direction, level: Level) -> Self {
        let &ConvShape { in_channels, out_channels, window, .. } = shape;
        let Window { input, output, kernel, padding, .. } = window;
        match direction {
            Direction::Forward => {
                Forward { direction, in_channels, out_channels, input, output, kernel, padding, level }
            }
            Direction::InputGradient => Forward {
                direction,
                in_channels: out_channels,
                out_channels: in_channels,
                input: output,
                output: input,
                kernel,
                // `serves` has found the padding within the kernel.
                padding: [0, 1].map(|i| (kernel[i] - 1).saturating_sub(padding[i])),
                level,
            },
        }
    }

    /// Vectors from one row of an input channel to the next.
    fn row_stride(&self) -> usize {
        self.input[1] + 2 * (POSITIONS - 1)
    }

    fn taps(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    /// Vectors of the input, and after them room for what transposing the last block of values overwrites.
    fn input_vectors(&self) -> usize {
        self.in_channels * self.input[0] * self.row_stride() + MAX_LANES
    }

    /// Weights in the order in which register blocks read them: `[tap, channel of the block]`, one block after another.
    unsafe fn pack(&self, weight: *const f32, to: *mut f32) {
        let taps = self.kernel[0] * self.kernel[1];
        let mut to = to;
        for block in channel_blocks(self.out_channels) {
            for (c, tap) in (0..self.in_channels).flat_map(|c| (0..taps).map(move |tap| (c, tap))) {
                for o in block.clone() {
                    *to = *weight.add(match self.direction {
                        Direction::Forward => (o * self.in_channels + c) * taps + tap,
                        Direction::InputGradient => (c * self.out_channels + o) * taps + taps - 1 - tap,
                    });
                    to = to.add(1);
                }
            }
        }
    }
}

impl Convolution for Forward {
    fn alignment(&self) -> usize {
        self.level.lanes()
    }

    fn scratch(&self) -> usize {
        let vectors = self.input_vectors() + BLOCK_CHANNELS * strip_vectors(self.output);
        vectors * MAX_LANES + self.out_channels * self.taps()
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        forward(self.level, self, maps, rows)
    }
}

by_level!(unsafe fn forward = body(convolution: &Forward, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(convolution: &Forward, maps: &Maps, rows: Range<usize>) {
    let &Forward { in_channels, out_channels, input: [height, width], output, .. } = convolution;
    let (outputs, row_stride) = (output[0] * output[1], convolution.row_stride());
    let (strip_rows, channel_stride) = (strip_rows(output), strip_vectors(output));
    let input = maps.scratch;
    let strip = input.add(convolution.input_vectors() * V::LANES);
    let weights = strip.add(BLOCK_CHANNELS * channel_stride * V::LANES);
    convolution.pack(maps.weight, weights);
    for row in rows.clone().step_by(V::LANES) {
        let images = V::LANES.min(rows.end - row);
        for input_row in 0..in_channels * height {
            let to = input.add(input_row * row_stride * V::LANES);
            let values = to.add((POSITIONS - 1) * V::LANES);
            to_batch_innermost::<V>(maps.input, row, images, input_row * width, width, values);
            zero_vectors::<V>(to, POSITIONS - 1);
            zero_vectors::<V>(values.add(width * V::LANES), POSITIONS - 1);
        }
        let mut weights = weights.cast_const();
        for block in channel_blocks(out_channels) {
            for top in (0..output[0]).step_by(strip_rows) {
                let bottom = output[0].min(top + strip_rows);
                let to = maps.output.add((row * out_channels + block.start) * outputs + top * output[1]);
                let strip = Strip { convolution, maps, input, weights, to: strip, channel_stride };
                strip.compute::<V>(block.clone(), top..bottom);
                for channel in 0..block.len() {
                    let from = strip.to.add(channel * channel_stride * V::LANES);
                    let (count, to) = ((bottom - top) * output[1], to.add(channel * outputs));
                    from_batch_innermost::<V>(from, count, to, out_channels * outputs, images);
                }
            }
            weights = weights.add(block.len() * convolution.taps());
        }
    }
}

/// Some rows of the output, of a block of channels.
struct Strip<'a> {
    convolution: &'a Forward,
    maps: &'a Maps,
    /// `[in_channels, height, row_stride, lane]`.
    input: *const f32,
    /// `[tap, channel of the block]`.
    weights: *const f32,
    /// `[channel of the block, position, lane]`, channels `channel_stride` vectors apart.
    to: *mut f32,
    channel_stride: usize,
}

impl Strip<'_> {
    #[inline(always)]
    unsafe fn compute<V: F32>(&self, channels: Range<usize>, rows: Range<usize>) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match channels.len() {
                    $($count => self.rows::<V, $count>(channels.start, rows),)*
                    _ => {}
                }
            };
        }
        const { assert!(BLOCK_CHANNELS == 6) }
        counts!(1 2 3 4 5 6)
    }

    #[inline(always)]
    unsafe fn rows<V: F32, const R: usize>(&self, channel: usize, rows: Range<usize>) {
        let width = self.convolution.output[1];
        for y in rows.clone() {
            let mut x = 0;
            let to = self.to.add((y - rows.start) * width * V::LANES);
            while x + POSITIONS <= width {
                self.positions::<V, R, POSITIONS>(channel, y, x, to);
                x += POSITIONS;
            }
            while x < width {
                self.positions::<V, R, 1>(channel, y, x, to);
                x += 1;
            }
        }
    }

    /// `R` channels of `P` positions from `[y, x]` on; `to` is the row's.
    #[inline(always)]
    unsafe fn positions<V: F32, const R: usize, const P: usize>(
        &self,
        channel: usize,
        y: usize,
        x: usize,
        to: *mut f32,
    ) {
        let &Forward { input: [height, width], kernel: [kh, kw], padding: [top, left], .. } =
            self.convolution;
        let row_stride = self.convolution.row_stride();
        // The taps that at least one of the positions has inside the image.
        let (down, bottom) = (top.saturating_sub(y), kh.min((height + top).saturating_sub(y)));
        let (across, right) = (left.saturating_sub(x + P - 1), kw.min((width + left).saturating_sub(x)));
        let taps = Taps {
            input: self.input,
            weights: self.weights,
            channels: self.convolution.in_channels,
            rows: down..bottom,
            first: across,
            count: right.saturating_sub(across),
            kernel: self.convolution.kernel,
            start: (y * row_stride + x + POSITIONS - 1).wrapping_sub(top * row_stride + left),
            height,
            row_stride,
        };
        let sums = match taps.count {
            5 => taps.accumulate::<V, R, P, 5>(),
            4 if P == POSITIONS => taps.accumulate::<V, R, P, 4>(),
            3 => taps.accumulate::<V, R, P, 3>(),
            2 if P == POSITIONS => taps.accumulate::<V, R, P, 2>(),
            _ => taps.accumulate::<V, R, P, 0>(),
        };
        let &Maps { bias, relu, .. } = self.maps;
        for r in 0..R {
            let bias = if bias.is_null() { 0.0 } else { *bias.add(channel + r) };
            let to = to.add((r * self.channel_stride + x) * V::LANES);
            for p in 0..P {
                let mut sum = sums[r][p].add(V::splat(bias));
                if relu {
                    sum = sum.max(V::splat(0.0));
                }
                sum.store(to.add(p * V::LANES));
            }
        }
    }
}

/// The taps that some positions have inside the image.
struct Taps {
    input: *const f32,
    weights: *const f32,
    channels: usize,
    /// Rows of the kernel; of its columns `count` from `first` on.
    rows: Range<usize>,
    first: usize,
    count: usize,
    kernel: [usize; 2],
    /// Where the first of the positions has tap `[0, 0]`, below zero (wrapped) where that lies outside.
    start: usize,
    height: usize,
    row_stride: usize,
}

impl Taps {
    /// A function of its own, so that the sums alone fill the registers. `K` is `count` if the compiler should know it,
    /// else 0.
    #[inline(always)]
    unsafe fn accumulate<V: F32, const R: usize, const P: usize, const K: usize>(&self) -> [[V; P]; R] {
        let [kh, kw] = self.kernel;
        let count = if K > 0 { K } else { self.count };
        let mut sums = [[V::splat(0.0); P]; R];
        for c in 0..self.channels {
            let at =
                self.start.wrapping_add((c * self.height + self.rows.start) * self.row_stride + self.first);
            let mut input = self.input.add(at * V::LANES);
            let mut weights = self.weights.add(((c * kh + self.rows.start) * kw + self.first) * R);
            for _ in self.rows.clone() {
                for tap in 0..count {
                    let mut values = [V::splat(0.0); P];
                    for p in 0..P {
                        values[p] = V::load(input.add((tap + p) * V::LANES));
                    }
                    for r in 0..R {
                        let weight = V::splat(*weights.add(tap * R + r));
                        for p in 0..P {
                            sums[r][p] = weight.mul_add(values[p], sums[r][p]);
                        }
                    }
                }
                input = input.wrapping_add(self.row_stride * V::LANES);
                weights = weights.wrapping_add(kw * R);
            }
        }
        sums
    }
}
