//! The weight gradient: for each of the nine elements register tiles of output channels x rows of kernels; a group's sums
//! are transformed to taps.

// Loops over a tile have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::{TAPS, TILE, Tiling, transform};
use crate::cpu::Level;
use crate::cpu::conv::batch_innermost::layout::{to_batch_innermost, zero_vectors};
use crate::cpu::conv::batch_innermost::register_tiles::{
    Positions, add_lanes, add_positions, register_tiles,
};
use crate::cpu::conv::{self, GradientTensors, MAX_LANES};
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};

/// See [`crate::plan::ops::Conv2dWeightGradient`] for the formula.
pub(crate) struct WeightGradient {
    pub tiling: Tiling,
    /// Images per partial sum, a power of two.
    pub group: usize,
    pub has_bias: bool,
    pub level: Level,
}

impl WeightGradient {
    /// Rows of all kernels.
    fn kernel_rows(&self) -> usize {
        self.tiling.out_channels * self.tiling.in_channels * self.tiling.kernel_rows
    }

    fn biases(&self) -> usize {
        if self.has_bias { self.tiling.out_channels } else { 0 }
    }

    /// Rows of the input that windows reach, with zeros above and below.
    fn padded_height(&self) -> usize {
        self.tiling.output[0] + self.tiling.kernel_rows - 1
    }

    /// Sums of transformed values, then those of the biases.
    fn sums(&self) -> usize {
        self.kernel_rows() * TILE + self.biases()
    }

    /// Sums of all groups in one vector.
    fn group_sums(&self) -> usize {
        MAX_LANES.div_ceil(self.group) * self.sums()
    }

    fn columns(&self) -> usize {
        self.kernel_rows() * TAPS + self.biases()
    }

    /// Vectors of: a channel, with room for what transposing its last block overwrites; the transformed input; the
    /// transformed output gradient; the sums.
    fn vectors(&self) -> [usize; 4] {
        let Tiling { in_channels, out_channels, input, output, .. } = self.tiling;
        let positions = |[height, width]: [usize; 2]| height * width;
        [
            positions(input).max(positions(output)) + MAX_LANES,
            in_channels * self.padded_height() * self.tiling.row_vectors(),
            out_channels * output[0] * self.tiling.row_vectors(),
            self.sums().next_multiple_of(MAX_LANES),
        ]
    }
}

impl conv::WeightGradient for WeightGradient {
    fn alignment(&self) -> usize {
        self.level.lanes()
    }

    /// Vectors, sums of groups, and where each row of kernels begins.
    fn scratch(&self) -> usize {
        let rows = self.tiling.in_channels * self.tiling.kernel_rows;
        self.vectors().iter().sum::<usize>() * MAX_LANES + self.group_sums() + rows
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
    let &WeightGradient { ref tiling, group, .. } = wanted;
    let [channel, inputs, gradients, sums] = wanted.vectors();
    let channel_values = tensors.scratch;
    let inputs_at = channel_values.add(channel * V::LANES);
    let gradients_at = inputs_at.add(inputs * V::LANES);
    let sums_at = gradients_at.add(gradients * V::LANES);
    let group_sums = sums_at.add(sums * V::LANES);
    let offsets = group_sums.add(wanted.group_sums()).cast::<u32>();
    let kernel_rows = tiling.in_channels * tiling.kernel_rows;
    for row in 0..kernel_rows {
        let (channel, i) = (row / tiling.kernel_rows, row % tiling.kernel_rows);
        *offsets.add(row) = ((channel * wanted.padded_height() + i) * tiling.row_vectors()) as u32;
    }
    // Rows above and below the input stay zero.
    zero_vectors::<V>(inputs_at, inputs);
    let vectors = Vectors {
        wanted,
        tensors,
        channel: channel_values,
        inputs: inputs_at,
        gradients: gradients_at,
        sums: sums_at,
        group_sums,
        offsets: std::slice::from_raw_parts(offsets, kernel_rows),
    };
    // What is added up before lanes are: a group, or all groups of one vector.
    let images = group.max(V::LANES);
    for first in rows.clone().step_by(images) {
        let end = rows.end.min(first + images);
        zero_vectors::<V>(sums_at, sums);
        for row in (first..end).step_by(V::LANES) {
            vectors.read::<V>(row, V::LANES.min(end - row));
            for element in 0..TILE {
                vectors.add_element::<V>(element);
            }
        }
        vectors.finish::<V>(first..end);
    }
}

/// The values of one vector of images.
struct Vectors<'a> {
    wanted: &'a WeightGradient,
    tensors: &'a GradientTensors,
    /// One channel, `[y, x, lane]`.
    channel: *mut f32,
    /// `[in_channels, padded height, element, tile, lane]`.
    inputs: *mut f32,
    /// `[out_channels, y, element, tile, lane]`.
    gradients: *mut f32,
    /// `[element, row of kernels, lane]`, then `[out_channels, lane]`.
    sums: *mut f32,
    /// The same with lanes added up, group by group.
    group_sums: *mut f32,
    /// Vectors to where each channel's row of the kernel begins in `inputs`.
    offsets: &'a [u32],
}

impl Vectors<'_> {
    /// Transforms images and their output gradients, whose sums are the biases' gradients.
    #[inline(always)]
    unsafe fn read<V: F32>(&self, row: usize, images: usize) {
        let tiling = &self.wanted.tiling;
        let &Tiling { in_channels, out_channels, input, output, padding, .. } = tiling;
        // Windows need not reach the last rows, in plans made by hand.
        let padded_height = self.wanted.padded_height();
        let height = input[0].min(padded_height - padding[0]);
        for channel in 0..in_channels {
            let (at, count) = (channel * input[0] * input[1], height * input[1]);
            to_batch_innermost::<V>(self.tensors.x, row, images, at, count, self.channel);
            let to =
                self.inputs.add((channel * padded_height + padding[0]) * tiling.row_vectors() * V::LANES);
            tiling.transform_input::<V>(self.channel, height, to);
        }
        for channel in 0..out_channels {
            let count = output[0] * output[1];
            let output_gradient = Matrix::Floats(self.tensors.output_gradient);
            to_batch_innermost::<V>(output_gradient, row, images, channel * count, count, self.channel);
            let to = self.gradients.add(channel * output[0] * tiling.row_vectors() * V::LANES);
            tiling.transform_output_gradient::<V>(self.channel, to);
            if self.wanted.has_bias {
                let at = (self.wanted.kernel_rows() * TILE + channel) * V::LANES;
                add_positions::<V>(self.channel, count, self.sums.add(at));
            }
        }
    }

    #[inline(always)]
    unsafe fn add_element<V: F32>(&self, element: usize) {
        let Tiling { in_channels, out_channels, output: [height, _], kernel_rows, tiles, .. } =
            self.wanted.tiling;
        let (row, rows) = (self.wanted.tiling.row_vectors(), in_channels * kernel_rows);
        let positions = Positions {
            rows: height,
            columns: tiles,
            input_row: row,
            gradient_row: row,
            gradient_channel: height * row,
            sum_channel: rows,
        };
        let input = self.inputs.add(element * tiles * V::LANES);
        for (channels, columns) in register_tiles(out_channels, rows) {
            let gradients = self.gradients.add((channels.start * height * row + element * tiles) * V::LANES);
            let at = element * self.wanted.kernel_rows() + channels.start * rows + columns.start;
            let (offsets, sums) = (self.offsets.get_unchecked(columns), self.sums.add(at * V::LANES));
            positions.add_products::<V>(channels.len(), offsets, input, gradients, sums);
        }
    }

    /// Writes the partial sums of the groups of images `rows`.
    #[inline(always)]
    unsafe fn finish<V: F32>(&self, rows: Range<usize>) {
        let (group, kernel_rows) = (self.wanted.group, self.wanted.kernel_rows());
        let (columns, sums) = (self.wanted.columns(), self.wanted.sums());
        add_lanes::<V>(self.sums, sums, rows.len(), group, self.group_sums);
        for (i, first) in rows.step_by(group).enumerate() {
            let from = self.group_sums.add(i * sums);
            let to = self.tensors.partials.add(first / group * columns);
            self.transform_kernel_gradients::<V>(from, to);
            to.add(kernel_rows * TAPS)
                .copy_from_nonoverlapping(from.add(kernel_rows * TILE), self.wanted.biases());
        }
    }

    /// As many rows of kernels at a time as a vector has lanes.
    #[inline(always)]
    unsafe fn transform_kernel_gradients<V: F32>(&self, from: *const f32, to: *mut f32) {
        let rows = self.wanted.kernel_rows();
        let (mut by_tap, mut by_row) = ([[0.0; MAX_LANES]; TAPS], [0.0; MAX_LANES * TAPS]);
        for row in (0..rows).step_by(V::LANES) {
            let count = V::LANES.min(rows - row);
            let mut elements = [V::splat(0.0); TILE];
            for element in 0..TILE {
                elements[element] = V::load_partial(from.add(element * rows + row), count, 0.0);
            }
            let taps = transform::kernel_gradient(elements);
            for tap in 0..TAPS {
                taps[tap].store(by_tap[tap].as_mut_ptr());
            }
            for at in 0..count * TAPS {
                by_row[at] = by_tap[at % TAPS][at / TAPS];
            }
            to.add(row * TAPS).copy_from_nonoverlapping(by_row.as_ptr(), count * TAPS);
        }
    }
}
