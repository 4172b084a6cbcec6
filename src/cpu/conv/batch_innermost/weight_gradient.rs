//! The weight gradient: register tiles of output channels x taps.

use std::ops::Range;

use super::layout::{to_batch_innermost, zero_vectors};
use super::register_tiles::{Positions, add_lanes, add_positions, register_tiles};
use crate::cpu::Level;
use crate::cpu::conv::{self, ConvShape, GradientTensors, MAX_LANES};
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};
use crate::plan::Window;

/// Positions of a channel that are processed together: six channels of them stay in the nearest cache beside the
/// input.
const STRIP_POSITIONS: usize = 112;

/// See [`crate::plan::ops::Conv2dWeightGradient`] for the formula.
pub(crate) struct WeightGradient {
    pub shape: ConvShape,
    /// Images per partial sum, a power of two.
    pub group: usize,
    pub has_bias: bool,
    pub level: Level,
}

impl WeightGradient {
    /// Height and width of the input with all zeros that windows reach.
    fn padded_input(&self) -> [usize; 2] {
        let Window { output, kernel, .. } = self.shape.window;
        [0, 1].map(|i| output[i] + kernel[i] - 1)
    }

    fn taps(&self) -> usize {
        self.shape.in_channels * self.shape.window.taps()
    }

    fn columns(&self) -> usize {
        self.shape.gradient_columns(self.has_bias)
    }

    /// Rows of the output that are processed together.
    fn strip_rows(&self) -> usize {
        let [height, width] = self.shape.window.output;
        (STRIP_POSITIONS / width).clamp(1, height)
    }

    /// Vectors of the input, of a strip's gradients and of the sums; each with room for what transposing the last block of
    /// values overwrites.
    fn vectors(&self) -> [usize; 3] {
        let [height, width] = self.padded_input();
        let strip = (self.strip_rows() * self.shape.window.output[1]).next_multiple_of(MAX_LANES);
        let input = self.shape.in_channels * height * width + MAX_LANES;
        [input, self.shape.out_channels * strip, self.columns().next_multiple_of(MAX_LANES)]
    }
}

impl conv::WeightGradient for WeightGradient {
    fn alignment(&self) -> usize {
        self.level.lanes()
    }

    fn scratch(&self) -> usize {
        self.vectors().iter().sum::<usize>() * MAX_LANES + self.taps()
    }

    unsafe fn run(&self, tensors: &GradientTensors, rows: Range<usize>) {
        weight_gradient(self.level, self, tensors, rows)
    }
}

by_level!(
    unsafe fn weight_gradient =
        body(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>) {
    let &WeightGradient { ref shape, group, has_bias, .. } = wanted;
    let Window { kernel: [kh, kw], output: [height, width], .. } = shape.window;
    let [input_vectors, gradient_vectors, sum_vectors] = wanted.vectors();
    let input = tensors.scratch;
    let gradients = input.add(input_vectors * V::LANES);
    let sums = gradients.add(gradient_vectors * V::LANES);
    let tap_offsets = sums.add(sum_vectors * V::LANES).cast::<u32>();
    let [padded_height, padded_width] = wanted.padded_input();
    for tap in 0..wanted.taps() {
        let (c, i, j) = (tap / (kh * kw), tap / kw % kh, tap % kw);
        *tap_offsets.add(tap) = ((c * padded_height + i) * padded_width + j) as u32;
    }
    let tap_offsets = std::slice::from_raw_parts(tap_offsets, wanted.taps());
    zero_vectors::<V>(input, input_vectors);
    let vectors = Vectors {
        wanted,
        input,
        gradients,
        channel_stride: gradient_vectors / shape.out_channels,
        sums,
        tap_offsets,
    };
    // What is added up before lanes are: a group, or all groups of one vector.
    let images = group.max(V::LANES);
    for first in rows.clone().step_by(images) {
        let end = rows.end.min(first + images);
        zero_vectors::<V>(sums, sum_vectors);
        for row in (first..end).step_by(V::LANES) {
            let count = V::LANES.min(end - row);
            vectors.read_input::<V>(tensors.x, row, count);
            for top in (0..height).step_by(wanted.strip_rows()) {
                let bottom = height.min(top + wanted.strip_rows());
                for channel in 0..shape.out_channels {
                    let from = (channel * height + top) * width;
                    let to = gradients.add(channel * vectors.channel_stride * V::LANES);
                    let output_gradient = Matrix::Floats(tensors.output_gradient);
                    to_batch_innermost::<V>(output_gradient, row, count, from, (bottom - top) * width, to);
                }
                vectors.add_weights::<V>(top..bottom);
                if has_bias {
                    vectors.add_biases::<V>((bottom - top) * width);
                }
            }
        }
        let to = tensors.partials.add(first / group * wanted.columns());
        add_lanes::<V>(sums, wanted.columns(), end - first, group, to);
    }
}

/// The values of one vector of images.
struct Vectors<'a> {
    wanted: &'a WeightGradient,
    /// `[in_channels, padded height, padded width, lane]`.
    input: *mut f32,
    /// `[out_channels, position, lane]`, channels `channel_stride` vectors apart.
    gradients: *const f32,
    channel_stride: usize,
    /// `[column, lane]`.
    sums: *mut f32,
    tap_offsets: &'a [u32],
}

impl Vectors<'_> {
    /// The images' values between the zeros.
    #[inline(always)]
    unsafe fn read_input<V: F32>(&self, x: Matrix, row: usize, images: usize) {
        let [padded_height, padded_width] = self.wanted.padded_input();
        let Window { input: [height, width], padding: [top, left], .. } = self.wanted.shape.window;
        // Windows need not reach the last rows and columns.
        let (rows, columns) = (height.min(padded_height - top), width.min(padded_width - left));
        for c in 0..self.wanted.shape.in_channels {
            for y in 0..rows {
                let to = self.input.add(((c * padded_height + y + top) * padded_width + left) * V::LANES);
                to_batch_innermost::<V>(x, row, images, (c * height + y) * width, columns, to);
                // What the last block has overwritten: zeros, or values that are written next.
                let overwritten = columns.next_multiple_of(V::LANES) - columns;
                zero_vectors::<V>(to.add(columns * V::LANES), overwritten);
            }
        }
    }

    #[inline(always)]
    unsafe fn add_weights<V: F32>(&self, rows: Range<usize>) {
        let (taps, [_, width]) = (self.wanted.taps(), self.wanted.shape.window.output);
        let [_, padded_width] = self.wanted.padded_input();
        let positions = Positions {
            rows: rows.len(),
            columns: width,
            input_row: padded_width,
            gradient_row: width,
            gradient_channel: self.channel_stride,
            sum_channel: taps,
        };
        let input = self.input.add(rows.start * padded_width * V::LANES);
        for (channels, columns) in register_tiles(self.wanted.shape.out_channels, taps) {
            let gradients = self.gradients.add(channels.start * self.channel_stride * V::LANES);
            let sums = self.sums.add((channels.start * taps + columns.start) * V::LANES);
            let offsets = self.tap_offsets.get_unchecked(columns);
            positions.add_products::<V>(channels.len(), offsets, input, gradients, sums);
        }
    }

    #[inline(always)]
    unsafe fn add_biases<V: F32>(&self, count: usize) {
        for channel in 0..self.wanted.shape.out_channels {
            let column = self.wanted.shape.out_channels * self.wanted.taps() + channel;
            let gradients = self.gradients.add(channel * self.channel_stride * V::LANES);
            add_positions::<V>(gradients, count, self.sums.add(column * V::LANES));
        }
    }
}
