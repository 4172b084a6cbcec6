//! The input's gradient, by the convolution's own tiles with every step turned round: the output's gradient to its points,
//! products with the kernels' points, and from there to the 6 x 6 places that a tile reads, where neighbours overlap and add
//! up. The other way, a convolution with the kernels turned round, has tiles of its own: where the output is smaller than the
//! input there are more of them.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::direct::padded_planes::zero;
use crate::cpu::conv::winograd::LINE;
use crate::cpu::conv::winograd::POINTS;
use crate::cpu::conv::winograd::Tiling;
use crate::cpu::conv::winograd::forward::Memory;
use crate::cpu::conv::winograd::images::{give, take};
use crate::cpu::conv::winograd::pitch;
use crate::cpu::conv::winograd::product::Product;
use crate::cpu::conv::winograd::transform::input_gradient as places_of;
use crate::cpu::conv::winograd::weight_gradient::gradient_to_points;
use crate::cpu::simd::{F32, by_level};

pub(crate) struct InputGradient {
    /// Of the convolution, not of the way back.
    pub tiling: Tiling,
    /// `[rows, out_channels, height, width]`.
    pub output_gradient: *const f32,
    /// As [`crate::cpu::conv::winograd::prepare`] makes them for [`Tiling::swapped`], in [`crate::cpu::conv::winograd::Order::Back`].
    pub kernels: *const f32,
    /// `[rows, in_channels, height, width]`.
    pub input_gradient: *mut f32,
    pub scratch: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &InputGradient, rows: Range<usize>) {
    unsafe {
        match op.tiling.kernel {
            3 => images::<V, 4>(op, rows),
            _ => images::<V, 2>(op, rows),
        }
    }
}
by_level!(
    /// The images `rows`.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, the scratch memory for [`Tiling::scratch`]; the rows are this worker's.
    pub(crate) unsafe fn input_gradient = body(op: &InputGradient, rows: Range<usize>)
);

#[inline(always)]
unsafe fn images<V: F32, const SIDE: usize>(op: &InputGradient, rows: Range<usize>) {
    let tiling = &op.tiling;
    let memory = Memory::new(tiling, V::LANES);
    let (ins, outs) = (pitch(tiling.in_channels, V::LANES), pitch(tiling.out_channels, V::LANES));
    let (in_values, out_values) = (
        tiling.in_channels * tiling.input[0] * tiling.input[1],
        tiling.out_channels * tiling.output[0] * tiling.output[1],
    );
    let chunk = tiling.chunk(V::LANES);
    unsafe {
        let read = op.scratch;
        let made = read.add(memory.images * memory.read);
        let sums = made.add(memory.images * memory.made);
        let gradients = sums.add(POINTS * memory.inputs);
        // What sticks out of the output stays zero from one image to the next.
        zero::<V>(made, 0..memory.images * memory.made);
        for start in rows.clone().step_by(memory.images) {
            let count = memory.images.min(rows.end - start);
            zero::<V>(read, 0..count * memory.read);
            for image in 0..count {
                let from = op.output_gradient.add((start + image) * out_values);
                let to = made.add(image * memory.made);
                take::<V>(from, tiling.out_channels, &tiling.made_region(), to, outs);
            }
            let total = count * tiling.count();
            for first in (0..total).step_by(chunk) {
                let tiles = first..total.min(first + chunk);
                for tile in tiles.clone() {
                    let [image, y, x] = tiling.tile(tile);
                    let across = tiling.made()[1];
                    let from = made.add(image * memory.made + (y * across + x) * SIDE * outs);
                    let to = gradients.add((tile - first) * outs);
                    for channel in (0..outs).step_by(V::LANES) {
                        let (from, to) = (from.add(channel), to.add(channel));
                        gradient_to_points::<V, SIDE>(from, [across * outs, outs], to, memory.sums);
                    }
                }
                for point in 0..POINTS {
                    let kernels = op.kernels.add(point * tiling.out_channels * ins);
                    for column in (0..ins).step_by(2 * V::LANES) {
                        let width = (2 * V::LANES).min(ins - column);
                        let product = Product {
                            a: gradients.add(point * memory.sums),
                            a_row: outs,
                            a_k: 1,
                            b: kernels.add(column * tiling.out_channels),
                            b_k: width,
                            out: sums.add(point * memory.inputs + column),
                            out_row: ins,
                            rows: tiles.len(),
                            k: tiling.out_channels,
                            adds: false,
                        };
                        product.run::<V>(width / V::LANES);
                    }
                }
                for tile in tiles.clone() {
                    let [image, y, x] = tiling.tile(tile);
                    let across = tiling.read()[1];
                    let to = read.add(image * memory.read + (y * across + x) * SIDE * ins);
                    let from = sums.add((tile - first) * ins);
                    for channel in (0..ins).step_by(V::LANES) {
                        let (from, to) = (from.add(channel), to.add(channel));
                        add_places::<V>(from, memory.inputs, to, [across * ins, ins]);
                    }
                }
            }
            for image in 0..count {
                let from = read.add(image * memory.read);
                let to = op.input_gradient.add((start + image) * in_values);
                give::<V>(from, ins, &tiling.read_region(), to, tiling.in_channels);
            }
        }
    }
}

/// A tile's points to the places that it reads, added to what its neighbours gave them.
#[inline(always)]
unsafe fn add_places<V: F32>(from: *const f32, point_pitch: usize, to: *mut f32, pitches: [usize; 2]) {
    unsafe {
        let mut columns = [[V::splat(0.0); LINE]; LINE];
        for x in 0..LINE {
            let mut column = [V::splat(0.0); LINE];
            for y in 0..LINE {
                column[y] = V::load(from.add((y * LINE + x) * point_pitch));
            }
            columns[x] = places_of(column);
        }
        for y in 0..LINE {
            let line = places_of(columns.map(|column| column[y]));
            for x in 0..LINE {
                let to = to.add(y * pitches[0] + x * pitches[1]);
                V::load(to).add(line[x]).store(to);
            }
        }
    }
}
