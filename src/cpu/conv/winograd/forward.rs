//! The forward pass, and the input gradient as a convolution of the output gradient with rotated kernels.

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

pub(crate) struct Forward {
    pub tiling: Tiling,
    pub order: KernelOrder,
    pub level: Level,
}

impl Convolution for Forward {
    fn scratch(&self) -> usize {
        Scratch::new(&self.tiling, self.level.lanes()).floats()
    }

    fn transformed_kernels(&self) -> Option<TransformedKernels> {
        Some(self.tiling.kernels(self.order).transformed(self.level))
    }

    unsafe fn transform_kernels(&self, weight: *const f32, to: *mut f32, units: Range<usize>) {
        transform_kernels(self.level, self.tiling.kernels(self.order), weight, to, units)
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        forward(self.level, &self.tiling, maps, rows)
    }
}

by_level!(unsafe fn forward = body(tiling: &Tiling, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(tiling: &Tiling, maps: &Maps, rows: Range<usize>) {
    match tiling.kernel {
        3 => images::<V, 4>(tiling, maps, rows),
        _ => images::<V, 2>(tiling, maps, rows),
    }
}

#[inline(always)]
unsafe fn images<V: F32, const M: usize>(tiling: &Tiling, maps: &Maps, rows: Range<usize>) {
    // `choose` leaves image bytes to other algorithms.
    let Matrix::Floats(x) = maps.input else { return };
    let scratch = Scratch::new(tiling, V::LANES);
    let (in_channels, out_channels) = (scratch.in_channels, scratch.out_channels);
    let (in_width, out_width) = (tiling.padded_input()[1], tiling.padded_output()[1]);
    let out_floats = tiling.out_channels * tiling.output[0] * tiling.output[1];
    let inputs = maps.scratch;
    let outputs = inputs.add(scratch.images * scratch.input);
    let transformed = outputs.add(scratch.images * scratch.output);
    let sums = transformed.add(ELEMENTS * scratch.input_element);
    let products = TileProducts {
        tiles: transformed,
        kernels: maps.transformed_kernels,
        sums,
        inputs: tiling.in_channels,
        input_stride: in_channels,
        outputs: out_channels,
        tile_element: scratch.input_element,
        sum_element: scratch.output_element,
    };
    // The zeros around the images stay from one image to the next.
    zero::<V>(inputs, scratch.images * scratch.input);
    for start in rows.clone().step_by(scratch.images) {
        let count = scratch.images.min(rows.end - start);
        for image in 0..count {
            let from = x.start.add((start + image) * x.stride);
            let to = inputs.add(image * scratch.input);
            to_channels_last::<V>(from, tiling.in_channels, &tiling.input_region(), to, in_channels);
        }
        let total = count * tiling.count();
        for first in (0..total).step_by(scratch.tiles) {
            let batch = first..total.min(first + scratch.tiles);
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.input, in_width, in_channels) {
                for channel in (0..in_channels).step_by(V::LANES) {
                    let (from, to) = (inputs.add(map + channel), transformed.add(tile + channel));
                    let strides = [in_width * in_channels, in_channels];
                    tiles::input::<V>(from, strides, to, scratch.input_element);
                }
            }
            products.run::<V>(batch.len());
            for [map, tile] in tiling.tile_offsets(batch.clone(), scratch.output, out_width, out_channels) {
                for channel in (0..out_channels).step_by(V::LANES) {
                    let bias = match maps.bias.is_null() {
                        true => V::splat(0.0),
                        false => {
                            let count = V::LANES.min(tiling.out_channels - channel);
                            V::load_partial(maps.bias.add(channel), count, 0.0)
                        }
                    };
                    let (from, to) = (sums.add(tile + channel), outputs.add(map + channel));
                    let strides = [out_width * out_channels, out_channels];
                    tiles::output::<V, M>(from, scratch.output_element, bias, maps.relu, to, strides);
                }
            }
        }
        for image in 0..count {
            let from = outputs.add(image * scratch.output);
            let to = maps.output.add((start + image) * out_floats);
            from_channels_last::<V>(from, out_channels, &tiling.output_region(), to, tiling.out_channels);
        }
    }
}
