//! `out = gᵀ · x`, a weight's gradient from the outputs' and the images. Each pixel has a list of the images that ink it; a
//! panel of outputs is added up in registers while the list passes by.

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::nonzeros::Ink;
use crate::cpu::gemm::nonzeros::VECTORS;
use crate::cpu::gemm::nonzeros::eight;
use crate::cpu::gemm::nonzeros::floats;
use crate::cpu::gemm::nonzeros::panel;
use crate::cpu::gemm::nonzeros::turn;
use crate::cpu::runtime::tensors::Bytes;
use crate::cpu::simd::{F32, by_level};

/// Pixels of a unit: whole cache lines of the result.
const UNIT: usize = 16;

/// Pixels whose lists are made together.
const MOST_PIXELS: usize = 256;

/// Images at a time: a panel of their gradients stays in the nearest cache.
const MOST_ROWS: usize = 128;

pub(crate) struct WeightGradient {
    /// `[rows, inputs]`.
    pub x: Bytes,
    /// `[rows, outputs]`.
    pub output_gradient: *const f32,
    /// `[outputs, inputs]`.
    pub out: *mut f32,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub scratch: *mut f32,
}

impl WeightGradient {
    pub fn units(inputs: usize) -> usize {
        inputs.div_ceil(UNIT)
    }

    /// Floats of memory: lists, their lengths, a panel of gradients, a unit of the result and a square of it.
    pub fn scratch(level: Level) -> usize {
        let lanes = level.lanes();
        floats(MOST_PIXELS * LIST) + MOST_PIXELS + (MOST_ROWS + UNIT) * panel(level) + lanes * lanes
    }
}

/// Room of a list: what is written behind its end is not kept.
const LIST: usize = MOST_ROWS + 1;

by_level!(
    /// The units `units` of `out`.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, and nobody else works on those units.
    pub(crate) unsafe fn weight_gradient = body(op: &WeightGradient, units: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(op: &WeightGradient, units: Range<usize>) {
    let pixels = units.start * UNIT..op.inputs.min(units.end * UNIT);
    let blocks = op.rows.div_ceil(MOST_ROWS);
    for first in pixels.clone().step_by(MOST_PIXELS) {
        let some = first..pixels.end.min(first + MOST_PIXELS);
        for b in 0..blocks {
            let rows = op.rows * b / blocks..op.rows * (b + 1) / blocks;
            unsafe { part::<V>(op, some.clone(), rows) }
        }
    }
}

/// What the images `rows` give of the pixels `pixels`.
#[inline(always)]
unsafe fn part<V: F32>(op: &WeightGradient, pixels: Range<usize>, rows: Range<usize>) {
    let panel = VECTORS * V::LANES;
    unsafe {
        let lists = op.scratch.cast::<Ink>();
        let counts = lists.add(MOST_PIXELS * LIST).cast::<u32>();
        let gradients = counts.add(MOST_PIXELS).cast::<f32>();
        let unit = gradients.add(MOST_ROWS * panel);
        list(op, pixels.clone(), rows.clone(), panel, lists, counts);
        for output in (0..op.outputs).step_by(panel) {
            let width = panel.min(op.outputs - output);
            pack::<V>(op, rows.clone(), output, width, gradients);
            for first in pixels.clone().step_by(UNIT) {
                let count = UNIT.min(pixels.end - first);
                for pixel in 0..count {
                    let at = first - pixels.start + pixel;
                    let length = *counts.add(at) as usize;
                    let sums = [V::splat(0.0); VECTORS];
                    let sums =
                        crate::cpu::gemm::nonzeros::add_up(sums, lists.add(at * LIST), length, gradients);
                    for (v, sum) in sums.into_iter().enumerate() {
                        sum.store(unit.add(pixel * panel + v * V::LANES));
                    }
                }
                write::<V>(op, rows.start == 0, unit, [first, count], [output, width]);
            }
        }
    }
}

/// Which images ink each pixel.
#[inline(always)]
unsafe fn list(
    op: &WeightGradient,
    pixels: Range<usize>,
    rows: Range<usize>,
    panel: usize,
    lists: *mut Ink,
    counts: *mut u32,
) {
    unsafe {
        counts.write_bytes(0, pixels.len());
        for row in rows.clone() {
            let bytes = op.x.start.add(row * op.x.stride);
            let at = ((row - rows.start) * panel) as u32;
            for column in pixels.clone().step_by(8) {
                let word = eight(bytes, column, pixels.end);
                if word == 0 {
                    continue;
                }
                // as in `forward`: without a branch
                for i in 0..8.min(pixels.end - column) {
                    let byte = (word >> (8 * i)) as u8;
                    let pixel = column - pixels.start + i;
                    let count = counts.add(pixel);
                    let list = lists.add(pixel * LIST);
                    list.add(*count as usize).write(Ink { at, value: f32::from(byte) * op.x.gain });
                    *count += u32::from(byte != 0);
                }
            }
        }
    }
}

/// A panel of the outputs' gradients without gaps, zeros behind its end.
#[inline(always)]
unsafe fn pack<V: F32>(op: &WeightGradient, rows: Range<usize>, output: usize, width: usize, to: *mut f32) {
    let panel = VECTORS * V::LANES;
    for (i, row) in rows.enumerate() {
        for at in (0..panel).step_by(V::LANES) {
            unsafe {
                let from = op.output_gradient.add(row * op.outputs + output).wrapping_add(at);
                let count = V::LANES.min(width.saturating_sub(at));
                let values = match count {
                    0 => V::splat(0.0),
                    _ => V::load_partial(from, count, 0.0),
                };
                values.store(to.add(i * panel + at));
            }
        }
    }
}

/// A unit, `[pixel, output]`, to where the result has its pixels side by side; the first images' as they are, others'
/// added to what is there.
#[inline(always)]
unsafe fn write<V: F32>(
    op: &WeightGradient,
    is_first: bool,
    unit: *mut f32,
    [pixel, pixels]: [usize; 2],
    [output, outputs]: [usize; 2],
) {
    let panel = VECTORS * V::LANES;
    unsafe {
        let square = unit.add(UNIT * panel);
        for column in (0..outputs).step_by(V::LANES) {
            for at in (0..pixels).step_by(V::LANES) {
                let (rows, columns) = (V::LANES.min(pixels - at), V::LANES.min(outputs - column));
                let from = unit.add(at * panel + column);
                let to = op.out.add((output + column) * op.inputs + pixel + at);
                if is_first {
                    turn::<V>(from, panel, [rows, columns], to, op.inputs);
                    continue;
                }
                turn::<V>(from, panel, [rows, columns], square, V::LANES);
                for i in 0..columns {
                    let to = to.add(i * op.inputs);
                    let values = V::load_partial(square.add(i * V::LANES), rows, 0.0);
                    V::load_partial(to, rows, 0.0).add(values).store_partial(to, rows);
                }
            }
        }
    }
}
