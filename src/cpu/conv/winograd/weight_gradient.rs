//! The weight gradient: for each of the 36 elements the product of the transformed output gradient and the transformed
//! input, summed over all tiles of a group's images; then the sums are transformed to kernels.

use std::ops::Range;

use super::channels_last::to_channels_last;
use super::gemm::Product;
use super::scratch::{element_stride, map, whole_cache_lines};
use super::{ELEMENTS, Tiling, tiles, whole_vectors};
use crate::cpu::Level;
use crate::cpu::conv::{self, GradientTensors, zero};
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};

/// Tiles that are multiplied together, between two visits to the sums in memory.
const TILES: usize = 36;

pub(crate) struct WeightGradient {
    pub tiling: Tiling,
    /// Images per partial sum.
    pub group: usize,
    pub has_bias: bool,
    pub level: Level,
}

impl conv::WeightGradient for WeightGradient {
    fn scratch(&self) -> usize {
        Scratch::new(&self.tiling, self.level.lanes()).floats()
    }

    unsafe fn run(&self, tensors: &GradientTensors, rows: Range<usize>) {
        weight_gradient(self.level, self, tensors, rows)
    }
}

/// How a worker's scratch memory is laid out: padded maps of several images, channels last; transformed tiles of both
/// sides and their sums; the biases' sums. All in floats.
struct Scratch {
    /// Channels in whole vectors.
    in_channels: usize,
    out_channels: usize,
    /// One padded input and one padded output.
    input: usize,
    output: usize,
    /// Images that are worked on together.
    images: usize,
    /// From one element to the next.
    input_element: usize,
    output_element: usize,
    sum_element: usize,
}

impl Scratch {
    fn new(tiling: &Tiling, lanes: usize) -> Self {
        let (in_channels, out_channels) =
            (whole_vectors(tiling.in_channels, lanes), whole_vectors(tiling.out_channels, lanes));
        Scratch {
            in_channels,
            out_channels,
            input: map(tiling.padded_input(), in_channels),
            output: map(tiling.padded_output(), out_channels),
            images: TILES.div_ceil(tiling.count()),
            input_element: element_stride(TILES * in_channels),
            output_element: element_stride(TILES * out_channels),
            sum_element: element_stride(whole_cache_lines(tiling.out_channels * in_channels)),
        }
    }

    fn floats(&self) -> usize {
        let elements = self.input_element + self.output_element + self.sum_element;
        self.images * (self.input + self.output) + ELEMENTS * elements + self.out_channels
    }
}

by_level!(
    unsafe fn weight_gradient =
        body(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>) {
    let Tiling { in_channels, out_channels, kernel, .. } = wanted.tiling;
    let columns = out_channels * (in_channels * wanted.tiling.taps() + usize::from(wanted.has_bias));
    for first in rows.clone().step_by(wanted.group) {
        let group = first..rows.end.min(first + wanted.group);
        let out = tensors.partials.add(first / wanted.group * columns);
        match kernel {
            3 => one_group::<V, 4, 3>(wanted, tensors, group, out),
            _ => one_group::<V, 2, 5>(wanted, tensors, group, out),
        }
    }
}

#[inline(always)]
unsafe fn one_group<V: F32, const M: usize, const K: usize>(
    wanted: &WeightGradient,
    tensors: &GradientTensors,
    rows: Range<usize>,
    out: *mut f32,
) {
    // `choose` leaves image bytes to other algorithms.
    let Matrix::Floats(x) = tensors.x else { return };
    let (tiling, output_gradient) = (&wanted.tiling, tensors.output_gradient);
    let scratch = Scratch::new(tiling, V::LANES);
    let (in_channels, out_channels) = (scratch.in_channels, scratch.out_channels);
    let (in_width, out_width) = (tiling.padded_input()[1], tiling.padded_output()[1]);
    let inputs = tensors.scratch;
    let outputs = inputs.add(scratch.images * scratch.input);
    let transformed_inputs = outputs.add(scratch.images * scratch.output);
    let transformed_gradients = transformed_inputs.add(ELEMENTS * scratch.input_element);
    let sums = transformed_gradients.add(ELEMENTS * scratch.output_element);
    let biases = sums.add(ELEMENTS * scratch.sum_element);
    // The zeros around the images stay from one image to the next.
    zero::<V>(inputs, scratch.images * (scratch.input + scratch.output));
    zero::<V>(biases, out_channels);
    for start in rows.clone().step_by(scratch.images) {
        let count = scratch.images.min(rows.end - start);
        for image in 0..count {
            let to = inputs.add(image * scratch.input);
            let from = x.start.add((start + image) * x.stride);
            to_channels_last::<V>(from, tiling.in_channels, &tiling.input_region(), to, in_channels);
            let to = outputs.add(image * scratch.output);
            let from = output_gradient.start.add((start + image) * output_gradient.stride);
            to_channels_last::<V>(from, tiling.out_channels, &tiling.output_region(), to, out_channels);
            if wanted.has_bias {
                add_positions::<V>(to, scratch.output / out_channels, out_channels, biases);
            }
        }
        let total = count * tiling.count();
        for first in (0..total).step_by(TILES) {
            let batch = first..total.min(first + TILES);
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.input, in_width, in_channels) {
                for channel in (0..in_channels).step_by(V::LANES) {
                    let (from, to) = (inputs.add(map + channel), transformed_inputs.add(tile + channel));
                    let strides = [in_width * in_channels, in_channels];
                    tiles::input::<V>(from, strides, to, scratch.input_element);
                }
            }
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.output, out_width, out_channels) {
                for channel in (0..out_channels).step_by(V::LANES) {
                    let (from, to) = (outputs.add(map + channel), transformed_gradients.add(tile + channel));
                    let strides = [out_width * out_channels, out_channels];
                    tiles::output_gradient::<V, M>(from, strides, to, scratch.output_element);
                }
            }
            for element in 0..ELEMENTS {
                for column in (0..in_channels).step_by(2 * V::LANES) {
                    let product = Product {
                        a: transformed_gradients.add(element * scratch.output_element),
                        a_row: 1,
                        a_k: out_channels,
                        b: transformed_inputs.add(element * scratch.input_element + column),
                        b_k: in_channels,
                        out: sums.add(element * scratch.sum_element + column),
                        out_row: in_channels,
                        rows: tiling.out_channels,
                        k: batch.len(),
                        adds: start > rows.start || first > 0,
                    };
                    product.run::<V>((2 * V::LANES).min(in_channels - column) / V::LANES);
                }
            }
        }
    }
    for channel in 0..tiling.out_channels {
        for input in (0..tiling.in_channels).step_by(V::LANES) {
            let from = sums.add(channel * in_channels + input);
            let to = out.add((channel * tiling.in_channels + input) * K * K);
            let count = V::LANES.min(tiling.in_channels - input);
            tiles::kernel_gradient::<V, K>(from, scratch.sum_element, to, count);
        }
    }
    if wanted.has_bias {
        let to = out.add(tiling.out_channels * tiling.in_channels * K * K);
        to.copy_from_nonoverlapping(biases, tiling.out_channels);
    }
}

/// Adds up the positions of a map, channels last.
#[inline(always)]
unsafe fn add_positions<V: F32>(from: *const f32, positions: usize, channels: usize, sums: *mut f32) {
    for channel in (0..channels).step_by(V::LANES) {
        let mut sum = V::load(sums.add(channel));
        for position in 0..positions {
            sum = sum.add(V::load(from.add(position * channels + channel)));
        }
        sum.store(sums.add(channel));
    }
}
