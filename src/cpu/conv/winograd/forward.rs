//! The convolution itself, and its kernels made ready.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::conv::direct::padded_planes::zero;
use crate::cpu::conv::winograd::LINE;
use crate::cpu::conv::winograd::POINTS;
use crate::cpu::conv::winograd::Tiling;
use crate::cpu::conv::winograd::images::{Region, give, take};
use crate::cpu::conv::winograd::lines;
use crate::cpu::conv::winograd::pitch;
use crate::cpu::conv::winograd::point_pitch;
use crate::cpu::conv::winograd::product::Product;
use crate::cpu::conv::winograd::transform::{input, output};
use crate::cpu::simd::{F32, by_level};

/// Tiles are worked on by so many, or a multiple: two blocks of rows for 16 registers, one for 32.
const STEP: usize = 12;

/// Bytes of points that are to stay in a core's own cache beside the kernels'.
const CACHED: usize = 224 << 10;

impl Tiling {
    /// Tiles that go through the products together: as many as the cache holds; or where the kernels are more than it
    /// holds, so many that reading all kernels once for them costs no more than their own values do.
    pub(crate) fn chunk(&self, lanes: usize) -> usize {
        let (ins, outs) = (pitch(self.in_channels, lanes), pitch(self.out_channels, lanes));
        let cached = CACHED / (4 * POINTS * (ins + outs));
        let balanced = ins * outs / (2 * (ins + outs));
        (cached.max(balanced) / STEP * STEP).max(STEP)
    }

    /// Images that are worked on together, so that there are tiles for a chunk.
    fn images(&self, lanes: usize) -> usize {
        self.chunk(lanes).div_ceil(self.count())
    }

    /// Floats of a worker's own memory that [`forward`] and [`crate::cpu::conv::winograd::input_gradient`] want.
    pub fn scratch(&self, level: Level) -> usize {
        Memory::new(self, level.lanes()).all()
    }

    /// The input among the places that tiles read, the output among those that they make.
    pub(crate) fn read_region(&self) -> Region {
        let [_, width] = self.read();
        Region { sides: self.input, pitch: width, first: self.padding[0] * width + self.padding[1] }
    }

    pub(crate) fn made_region(&self) -> Region {
        Region { sides: self.output, pitch: self.made()[1], first: 0 }
    }

    /// Image, row and column of a tile.
    pub(crate) fn tile(&self, number: usize) -> [usize; 3] {
        let within = number % self.count();
        [number / self.count(), within / self.tiles[1], within % self.tiles[1]]
    }
}

/// How a worker's memory is shared out, in floats.
pub(crate) struct Memory {
    /// Values of one image.
    pub read: usize,
    pub made: usize,
    /// From one point to the next, values of the input and of the output.
    pub inputs: usize,
    pub sums: usize,
    pub images: usize,
}

impl Memory {
    pub fn new(tiling: &Tiling, lanes: usize) -> Self {
        let places = |[height, width]: [usize; 2]| height * width;
        let (ins, outs) = (pitch(tiling.in_channels, lanes), pitch(tiling.out_channels, lanes));
        let chunk = tiling.chunk(lanes);
        Memory {
            read: lines(places(tiling.read()) * ins),
            made: lines(places(tiling.made()) * outs),
            inputs: point_pitch(chunk * ins),
            sums: point_pitch(chunk * outs),
            images: tiling.images(lanes),
        }
    }

    fn all(&self) -> usize {
        self.images * (self.read + self.made) + POINTS * (self.inputs + self.sums)
    }
}

pub(crate) struct Forward {
    pub tiling: Tiling,
    /// `[rows, in_channels, height, width]`.
    pub x: *const f32,
    /// As [`prepare`] makes them.
    pub kernels: *const f32,
    /// `[out_channels]`, or null.
    pub bias: *const f32,
    pub relu: bool,
    /// `[rows, out_channels, height, width]`.
    pub out: *mut f32,
    pub scratch: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Forward, rows: Range<usize>) {
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
    pub(crate) unsafe fn forward = body(op: &Forward, rows: Range<usize>)
);

#[inline(always)]
unsafe fn images<V: F32, const SIDE: usize>(op: &Forward, rows: Range<usize>) {
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
        let inputs = made.add(memory.images * memory.made);
        let sums = inputs.add(POINTS * memory.inputs);
        // What lies around the images stays zero from one to the next.
        zero::<V>(read, 0..memory.images * memory.read);
        for start in rows.clone().step_by(memory.images) {
            let count = memory.images.min(rows.end - start);
            for image in 0..count {
                let from = op.x.add((start + image) * in_values);
                let to = read.add(image * memory.read);
                take::<V>(from, tiling.in_channels, &tiling.read_region(), to, ins);
            }
            let total = count * tiling.count();
            for first in (0..total).step_by(chunk) {
                let tiles = first..total.min(first + chunk);
                for tile in tiles.clone() {
                    let [image, y, x] = tiling.tile(tile);
                    let across = tiling.read()[1];
                    let place = (y * across + x) * SIDE * ins;
                    let from = read.add(image * memory.read + place);
                    let to = inputs.add((tile - first) * ins);
                    for channel in (0..ins).step_by(V::LANES) {
                        to_points::<V>(
                            from.add(channel),
                            [across * ins, ins],
                            to.add(channel),
                            memory.inputs,
                        );
                    }
                }
                for point in 0..POINTS {
                    let kernels = op.kernels.add(point * tiling.in_channels * outs);
                    for column in (0..outs).step_by(2 * V::LANES) {
                        let width = (2 * V::LANES).min(outs - column);
                        let product = Product {
                            a: inputs.add(point * memory.inputs),
                            a_row: ins,
                            a_k: 1,
                            b: kernels.add(column * tiling.in_channels),
                            b_k: width,
                            out: sums.add(point * memory.sums + column),
                            out_row: outs,
                            rows: tiles.len(),
                            k: tiling.in_channels,
                            adds: false,
                        };
                        product.run::<V>(width / V::LANES);
                    }
                }
                for tile in tiles.clone() {
                    let [image, y, x] = tiling.tile(tile);
                    let across = tiling.made()[1];
                    let to = made.add(image * memory.made + (y * across + x) * SIDE * outs);
                    let from = sums.add((tile - first) * outs);
                    for channel in (0..outs).step_by(V::LANES) {
                        let bias = match op.bias.is_null() {
                            true => V::splat(0.0),
                            false => {
                                let count = V::LANES.min(tiling.out_channels - channel);
                                V::load_partial(op.bias.add(channel), count, 0.0)
                            }
                        };
                        let from = from.add(channel);
                        let pitches = [across * outs, outs];
                        from_points::<V, SIDE>(from, memory.sums, bias, op.relu, to.add(channel), pitches);
                    }
                }
            }
            for image in 0..count {
                let to = op.out.add((start + image) * out_values);
                let from = made.add(image * memory.made);
                give::<V>(from, outs, &tiling.made_region(), to, tiling.out_channels);
            }
        }
    }
}

/// A tile's places of the input to its points, for a vector of channels. `pitches`: from row to row and place to place.
#[inline(always)]
pub(crate) unsafe fn to_points<V: F32>(
    from: *const f32,
    pitches: [usize; 2],
    to: *mut f32,
    point_pitch: usize,
) {
    unsafe {
        let mut columns = [[V::splat(0.0); LINE]; LINE];
        for x in 0..LINE {
            let mut column = [V::splat(0.0); LINE];
            for y in 0..LINE {
                column[y] = V::load(from.add(y * pitches[0] + x * pitches[1]));
            }
            columns[x] = input(column);
        }
        for y in 0..LINE {
            let line = input(columns.map(|column| column[y]));
            for x in 0..LINE {
                line[x].store(to.add((y * LINE + x) * point_pitch));
            }
        }
    }
}

#[inline(always)]
unsafe fn from_points<V: F32, const SIDE: usize>(
    from: *const f32,
    point_pitch: usize,
    bias: V,
    relu: bool,
    to: *mut f32,
    pitches: [usize; 2],
) {
    unsafe {
        let mut columns = [[V::splat(0.0); SIDE]; LINE];
        for x in 0..LINE {
            let mut column = [V::splat(0.0); LINE];
            for y in 0..LINE {
                column[y] = V::load(from.add((y * LINE + x) * point_pitch));
            }
            columns[x] = output::<V, SIDE>(column);
        }
        for y in 0..SIDE {
            let places = output::<V, SIDE>(columns.map(|column| column[y]));
            for x in 0..SIDE {
                let mut value = places[x].add(bias);
                if relu {
                    value = value.max(V::splat(0.0));
                }
                value.store(to.add(y * pitches[0] + x * pitches[1]));
            }
        }
    }
}
