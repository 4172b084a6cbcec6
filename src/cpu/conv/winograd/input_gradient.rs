//! The input gradient through the forward pass's own tiles, with every step transposed: the output gradient is transformed,
//! multiplied by the kernels, and becomes gradients of the 6 x 6 inputs that a tile reads, where neighbours overlap and add
//! up. The alternative, a convolution with rotated kernels ([`super::Forward`]), has tiles of its own, and more of them if
//! the output is smaller than the input.

use std::ops::Range;

use super::channels_last::{from_channels_last, to_channels_last};
use super::gemm::TileProducts;
use super::kernels::{KernelOrder, transform_kernels};
use super::scratch::Scratch;
use super::{ELEMENTS, Tiling, tiles};
use crate::cpu::Level;
use crate::cpu::conv::{Convolution, Maps, TransformedKernels, zero};
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};

pub(crate) struct InputGradient {
    /// Of the forward pass.
    pub tiling: Tiling,
    pub level: Level,
}

impl Convolution for InputGradient {
    fn scratch(&self) -> usize {
        Scratch::new(&self.tiling, self.level.lanes()).floats()
    }

    fn transformed_kernels(&self) -> Option<TransformedKernels> {
        Some(self.tiling.kernels(KernelOrder::Transposed).transformed(self.level))
    }

    unsafe fn transform_kernels(&self, weight: *const f32, to: *mut f32, units: Range<usize>) {
        transform_kernels(self.level, self.tiling.kernels(KernelOrder::Transposed), weight, to, units)
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        input_gradient(self.level, &self.tiling, maps, rows)
    }
}

by_level!(unsafe fn input_gradient = body(tiling: &Tiling, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(tiling: &Tiling, maps: &Maps, rows: Range<usize>) {
    match tiling.kernel {
        3 => images::<V, 4>(tiling, maps, rows),
        _ => images::<V, 2>(tiling, maps, rows),
    }
}

#[inline(always)]
unsafe fn images<V: F32, const M: usize>(tiling: &Tiling, maps: &Maps, rows: Range<usize>) {
    // Gradients are always floats.
    let Matrix::Floats(output_gradient) = maps.input else { return };
    let scratch = Scratch::new(tiling, V::LANES);
    let (in_channels, out_channels) = (scratch.in_channels, scratch.out_channels);
    let (in_width, out_width) = (tiling.padded_input()[1], tiling.padded_output()[1]);
    let in_floats = tiling.in_channels * tiling.input[0] * tiling.input[1];
    let inputs = maps.scratch;
    let outputs = inputs.add(scratch.images * scratch.input);
    let sums = outputs.add(scratch.images * scratch.output);
    let transformed = sums.add(ELEMENTS * scratch.input_element);
    let products = TileProducts {
        tiles: transformed,
        kernels: maps.transformed_kernels,
        sums,
        inputs: tiling.out_channels,
        input_stride: out_channels,
        outputs: in_channels,
        tile_element: scratch.output_element,
        sum_element: scratch.input_element,
    };
    // The zeros beyond the output stay from one image to the next.
    zero::<V>(outputs, scratch.images * scratch.output);
    for start in rows.clone().step_by(scratch.images) {
        let count = scratch.images.min(rows.end - start);
        zero::<V>(inputs, count * scratch.input);
        for image in 0..count {
            let from = output_gradient.start.add((start + image) * output_gradient.stride);
            let to = outputs.add(image * scratch.output);
            to_channels_last::<V>(from, tiling.out_channels, &tiling.output_region(), to, out_channels);
        }
        let total = count * tiling.count();
        for first in (0..total).step_by(scratch.tiles) {
            let batch = first..total.min(first + scratch.tiles);
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.output, out_width, out_channels) {
                for channel in (0..out_channels).step_by(V::LANES) {
                    let (from, to) = (outputs.add(map + channel), transformed.add(tile + channel));
                    let strides = [out_width * out_channels, out_channels];
                    tiles::output_gradient::<V, M>(from, strides, to, scratch.output_element);
                }
            }
            products.run::<V>(batch.len());
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.input, in_width, in_channels) {
                for channel in (0..in_channels).step_by(V::LANES) {
                    let (from, to) = (sums.add(tile + channel), inputs.add(map + channel));
                    let strides = [in_width * in_channels, in_channels];
                    tiles::add_input_gradient::<V>(from, scratch.input_element, to, strides);
                }
            }
        }
        for image in 0..count {
            let from = inputs.add(image * scratch.input);
            let to = maps.output.add((start + image) * in_floats);
            from_channels_last::<V>(from, in_channels, &tiling.input_region(), to, tiling.in_channels);
        }
    }
}
