//! `out = gᵀ · x`, a weight's gradient from the outputs' and the images. Each pixel has a list of the images in which it is not
//! 0; a panel of outputs is added up in registers in a loop over the list.

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::nonzeros::{Nonzero, VECTORS, add_up, eight_bytes, floats, panel, transpose_block};
use crate::cpu::runtime::tensors::Bytes;
use crate::cpu::simd::{F32, by_level};

/// Pixels of a unit: whole cache lines of the result.
const UNIT: usize = 16;

/// Pixels whose lists are made together.
const MAX_PIXELS: usize = 256;

/// Images at a time: a panel of their gradients stays in the nearest cache.
const MAX_ROWS: usize = 128;

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
        floats(MAX_PIXELS * LIST) + MAX_PIXELS + (MAX_ROWS + UNIT) * panel(level) + lanes * lanes
    }
}

/// Room for a list and for one entry past its end, which is written but not kept.
const LIST: usize = MAX_ROWS + 1;

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
    let blocks = op.rows.div_ceil(MAX_ROWS);
    for first in pixels.clone().step_by(MAX_PIXELS) {
        let some = first..pixels.end.min(first + MAX_PIXELS);
        for b in 0..blocks {
            let rows = op.rows * b / blocks..op.rows * (b + 1) / blocks;
            // SAFETY: as the caller of `weight_gradient` promises; these pixels are of its units.
            unsafe { part::<V>(op, some.clone(), rows) }
        }
    }
}

/// The contribution of the images `rows` to the gradients of the pixels `pixels`.
#[inline(always)]
unsafe fn part<V: F32>(op: &WeightGradient, pixels: Range<usize>, rows: Range<usize>) {
    let panel = VECTORS * V::LANES;
    // SAFETY: `scratch` holds lists, counts, gradients and a unit (`WeightGradient::scratch`) for `MAX_PIXELS` pixels and `MAX_ROWS` images, and `body` passes no more; the rest is the promise of `weight_gradient`'s caller.
    unsafe {
        let lists = op.scratch.cast::<Nonzero>();
        let counts = lists.add(MAX_PIXELS * LIST).cast::<u32>();
        let gradients = counts.add(MAX_PIXELS).cast::<f32>();
        let unit = gradients.add(MAX_ROWS * panel);
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
                    let sums = add_up(sums, lists.add(at * LIST), length, gradients);
                    for (v, sum) in sums.into_iter().enumerate() {
                        sum.store(unit.add(pixel * panel + v * V::LANES));
                    }
                }
                write::<V>(op, rows.start == 0, unit, [first, count], [output, width]);
            }
        }
    }
}

/// In which images each pixel is not 0.
#[inline(always)]
unsafe fn list(
    op: &WeightGradient,
    pixels: Range<usize>,
    rows: Range<usize>,
    panel: usize,
    lists: *mut Nonzero,
    counts: *mut u32,
) {
    // SAFETY: `pixels` and `rows` lie inside the images; a list has room for `MAX_ROWS` entries and the one that a last write may touch.
    unsafe {
        counts.write_bytes(0, pixels.len());
        for row in rows.clone() {
            let bytes = op.x.start.add(row * op.x.stride);
            let at = ((row - rows.start) * panel) as u32;
            for column in pixels.clone().step_by(8) {
                let word = eight_bytes(bytes, column, pixels.end);
                if word == 0 {
                    continue;
                }
                // As in `forward`, without a branch.
                for i in 0..8.min(pixels.end - column) {
                    let byte = (word >> (8 * i)) as u8;
                    let pixel = column - pixels.start + i;
                    let count = counts.add(pixel);
                    let list = lists.add(pixel * LIST);
                    list.add(*count as usize).write(Nonzero { at, value: f32::from(byte) * op.x.gain });
                    *count += u32::from(byte != 0);
                }
            }
        }
    }
}

/// A panel of the outputs' gradients without gaps, with zeros past its end.
#[inline(always)]
unsafe fn pack<V: F32>(op: &WeightGradient, rows: Range<usize>, output: usize, width: usize, to: *mut f32) {
    let panel = VECTORS * V::LANES;
    for (i, row) in rows.enumerate() {
        for at in (0..panel).step_by(V::LANES) {
            // SAFETY: the row's values from `output` on are read only as far as `width` says that they exist; `to` has a panel for each row.
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
    // SAFETY: the unit is `[UNIT, panel]` with a square of vectors after it; outputs and pixels written exist and are this
    // worker's.
    unsafe {
        let square = unit.add(UNIT * panel);
        for column in (0..outputs).step_by(V::LANES) {
            for at in (0..pixels).step_by(V::LANES) {
                let (rows, columns) = (V::LANES.min(pixels - at), V::LANES.min(outputs - column));
                let from = unit.add(at * panel + column);
                let to = op.out.add((output + column) * op.inputs + pixel + at);
                if is_first {
                    transpose_block::<V>(from, panel, [rows, columns], to, op.inputs);
                    continue;
                }
                transpose_block::<V>(from, panel, [rows, columns], square, V::LANES);
                for i in 0..columns {
                    let to = to.add(i * op.inputs);
                    let values = V::load_partial(square.add(i * V::LANES), rows, 0.0);
                    V::load_partial(to, rows, 0.0).add(values).store_partial(to, rows);
                }
            }
        }
    }
}
