//! The kernels' gradient: at each point the product of the output's gradient and the input, summed over all tiles; then
//! from the points back to the kernel.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::conv::direct::padded_planes::zero;
use crate::cpu::conv::winograd::LINE;
use crate::cpu::conv::winograd::POINTS;
use crate::cpu::conv::winograd::Tiling;
use crate::cpu::conv::winograd::forward::to_points;
use crate::cpu::conv::winograd::images::take;
use crate::cpu::conv::winograd::lines;
use crate::cpu::conv::winograd::pitch;
use crate::cpu::conv::winograd::point_pitch;
use crate::cpu::conv::winograd::product::Product;
use crate::cpu::conv::winograd::transform::{kernel_gradient, output_gradient};
use crate::cpu::simd::{F32, by_level};

/// Tiles that are summed up before the sums rest in memory.
const CHUNK: usize = 36;

/// How a worker's memory is shared out, in floats.
struct Memory {
    /// Values of one image.
    read: usize,
    made: usize,
    /// From one point to the next.
    inputs: usize,
    gradients: usize,
    sums: usize,
    images: usize,
}

impl Memory {
    fn new(tiling: &Tiling, lanes: usize) -> Self {
        let places = |[height, width]: [usize; 2]| height * width;
        let (ins, outs) = (pitch(tiling.in_channels, lanes), pitch(tiling.out_channels, lanes));
        Memory {
            read: lines(places(tiling.read()) * ins),
            made: lines(places(tiling.made()) * outs),
            inputs: point_pitch(CHUNK * ins),
            gradients: point_pitch(CHUNK * outs),
            sums: point_pitch(lines(tiling.out_channels * ins)),
            images: CHUNK.div_ceil(tiling.count()),
        }
    }

    fn all(&self, outs: usize) -> usize {
        self.images * (self.read + self.made) + POINTS * (self.inputs + self.gradients + self.sums) + outs
    }
}

impl Tiling {
    /// Floats of a worker's own memory that [`weight_gradient`] wants.
    pub fn weight_gradient_scratch(&self, level: Level) -> usize {
        let lanes = level.lanes();
        Memory::new(self, lanes).all(pitch(self.out_channels, lanes))
    }
}

pub(crate) struct WeightGradient {
    pub tiling: Tiling,
    /// `[rows, in_channels, height, width]`.
    pub x: *const f32,
    /// `[rows, out_channels, height, width]`.
    pub output_gradient: *const f32,
    /// Images a group.
    pub group: usize,
    /// `[groups, columns]`: the kernels' gradients, then the biases'.
    pub partials: *mut f32,
    pub columns: usize,
    pub has_bias: bool,
    pub scratch: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &WeightGradient, rows: Range<usize>) {
    unsafe {
        for first in rows.clone().step_by(op.group) {
            let group = first..rows.end.min(first + op.group);
            let out = op.partials.add(first / op.group * op.columns);
            match op.tiling.kernel {
                3 => one_group::<V, 4, 3>(op, group, out),
                _ => one_group::<V, 2, 5>(op, group, out),
            }
        }
    }
}
by_level!(
    /// The groups that `rows` begin, whole ones.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, the scratch memory for [`Tiling::weight_gradient_scratch`]; the groups are
    /// this worker's.
    pub(crate) unsafe fn weight_gradient = body(op: &WeightGradient, rows: Range<usize>)
);

#[inline(always)]
unsafe fn one_group<V: F32, const SIDE: usize, const KERNEL: usize>(
    op: &WeightGradient,
    rows: Range<usize>,
    out: *mut f32,
) {
    let tiling = &op.tiling;
    let memory = Memory::new(tiling, V::LANES);
    let (ins, outs) = (pitch(tiling.in_channels, V::LANES), pitch(tiling.out_channels, V::LANES));
    let (in_values, out_values) = (
        tiling.in_channels * tiling.input[0] * tiling.input[1],
        tiling.out_channels * tiling.output[0] * tiling.output[1],
    );
    unsafe {
        let read = op.scratch;
        let made = read.add(memory.images * memory.read);
        let inputs = made.add(memory.images * memory.made);
        let gradients = inputs.add(POINTS * memory.inputs);
        let sums = gradients.add(POINTS * memory.gradients);
        let biases = sums.add(POINTS * memory.sums);
        // What lies around the images stays zero from one to the next.
        zero::<V>(read, 0..memory.images * (memory.read + memory.made));
        zero::<V>(biases, 0..outs);
        for start in rows.clone().step_by(memory.images) {
            let count = memory.images.min(rows.end - start);
            for image in 0..count {
                let to = read.add(image * memory.read);
                let from = op.x.add((start + image) * in_values);
                take::<V>(from, tiling.in_channels, &tiling.read_region(), to, ins);
                let to = made.add(image * memory.made);
                let from = op.output_gradient.add((start + image) * out_values);
                take::<V>(from, tiling.out_channels, &tiling.made_region(), to, outs);
                if op.has_bias {
                    add_places::<V>(to, memory.made / outs, outs, biases);
                }
            }
            let total = count * tiling.count();
            for first in (0..total).step_by(CHUNK) {
                let tiles = first..total.min(first + CHUNK);
                for tile in tiles.clone() {
                    let ([image, y, x], at) = (tiling.tile(tile), tile - first);
                    let across = tiling.read()[1];
                    let from = read.add(image * memory.read + (y * across + x) * SIDE * ins);
                    let to = inputs.add(at * ins);
                    for channel in (0..ins).step_by(V::LANES) {
                        to_points::<V>(
                            from.add(channel),
                            [across * ins, ins],
                            to.add(channel),
                            memory.inputs,
                        );
                    }
                    let across = tiling.made()[1];
                    let from = made.add(image * memory.made + (y * across + x) * SIDE * outs);
                    let to = gradients.add(at * outs);
                    for channel in (0..outs).step_by(V::LANES) {
                        let pitches = [across * outs, outs];
                        let (from, to) = (from.add(channel), to.add(channel));
                        gradient_to_points::<V, SIDE>(from, pitches, to, memory.gradients);
                    }
                }
                for point in 0..POINTS {
                    for column in (0..ins).step_by(2 * V::LANES) {
                        let product = Product {
                            a: gradients.add(point * memory.gradients),
                            a_row: 1,
                            a_k: outs,
                            b: inputs.add(point * memory.inputs + column),
                            b_k: ins,
                            out: sums.add(point * memory.sums + column),
                            out_row: ins,
                            rows: tiling.out_channels,
                            k: tiles.len(),
                            adds: start > rows.start || first > 0,
                        };
                        product.run::<V>((2 * V::LANES).min(ins - column) / V::LANES);
                    }
                }
            }
        }
        let taps = tiling.taps();
        for channel in 0..tiling.out_channels {
            for input in (0..tiling.in_channels).step_by(V::LANES) {
                let from = sums.add(channel * ins + input);
                let to = out.add((channel * tiling.in_channels + input) * taps);
                let count = V::LANES.min(tiling.in_channels - input);
                kernels_from_points::<V, KERNEL>(from, memory.sums, to, count);
            }
        }
        if op.has_bias {
            let to = out.add(tiling.out_channels * tiling.in_channels * taps);
            std::ptr::copy_nonoverlapping(biases, to, tiling.out_channels);
        }
    }
}

/// Adds up all places of an image.
#[inline(always)]
unsafe fn add_places<V: F32>(from: *const f32, places: usize, channels: usize, sums: *mut f32) {
    for channel in (0..channels).step_by(V::LANES) {
        unsafe {
            let mut sum = V::load(sums.add(channel));
            for place in 0..places {
                sum = sum.add(V::load(from.add(place * channels + channel)));
            }
            sum.store(sums.add(channel));
        }
    }
}

/// A tile's places of the output's gradient to its points, for a vector of channels.
#[inline(always)]
pub(crate) unsafe fn gradient_to_points<V: F32, const SIDE: usize>(
    from: *const f32,
    pitches: [usize; 2],
    to: *mut f32,
    point_pitch: usize,
) {
    unsafe {
        let mut columns = [[V::splat(0.0); LINE]; SIDE];
        for x in 0..SIDE {
            let mut column = [V::splat(0.0); SIDE];
            for y in 0..SIDE {
                column[y] = V::load(from.add(y * pitches[0] + x * pitches[1]));
            }
            columns[x] = output_gradient::<V, SIDE>(column);
        }
        for y in 0..LINE {
            let line = output_gradient::<V, SIDE>(columns.map(|column| column[y]));
            for x in 0..LINE {
                line[x].store(to.add((y * LINE + x) * point_pitch));
            }
        }
    }
}

/// Sums at the points to `count` kernels of neighbouring input channels.
#[inline(always)]
unsafe fn kernels_from_points<V: F32, const KERNEL: usize>(
    from: *const f32,
    point_pitch: usize,
    to: *mut f32,
    count: usize,
) {
    unsafe {
        let mut columns = [[V::splat(0.0); KERNEL]; LINE];
        for x in 0..LINE {
            let mut column = [V::splat(0.0); LINE];
            for y in 0..LINE {
                column[y] = V::load(from.add((y * LINE + x) * point_pitch));
            }
            columns[x] = kernel_gradient::<V, KERNEL>(column);
        }
        for y in 0..KERNEL {
            let line = kernel_gradient::<V, KERNEL>(columns.map(|column| column[y]));
            for x in 0..KERNEL {
                let mut values = [0.0; 16];
                line[x].store(values.as_mut_ptr());
                for lane in 0..count {
                    *to.add((lane * KERNEL + y) * KERNEL + x) = values[lane];
                }
            }
        }
    }
}
