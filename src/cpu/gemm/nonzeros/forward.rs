//! `out = x · wᵀ + bias`. A panel's weights, of as many pixels as fit a core's nearest cache, serve all rows in turn.

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::nonzeros::{Nonzero, VECTORS, add_up, eight_bytes, floats, panel, transpose_block};
use crate::cpu::runtime::tensors::Bytes;
use crate::cpu::simd::{F32, by_level};

/// Floats of weights that stay in the nearest cache, beside lists and sums.
const BLOCK: usize = 7 * 1024;

/// Rows whose lists are made together.
const MAX_ROWS: usize = 32;

/// Pixels that a unit of [`prepare`] takes.
const UNIT: usize = 64;

pub(crate) struct Forward {
    pub x: Bytes,
    pub inputs: usize,
    pub outputs: usize,
    /// What [`prepare`] made of the weights.
    pub panels: *const f32,
    /// `[outputs]`.
    pub bias: *const f32,
    /// `[rows, outputs]`.
    pub out: *mut f32,
    pub scratch: *mut f32,
}

impl Forward {
    /// Floats of the weights' panels.
    pub fn panel_floats(level: Level, inputs: usize, outputs: usize) -> usize {
        inputs * outputs.next_multiple_of(panel(level))
    }

    /// Units of [`prepare`].
    pub fn units(inputs: usize) -> usize {
        inputs.div_ceil(UNIT)
    }

    /// Floats of memory: lists, where each block's part of them ends, sums.
    pub fn scratch(level: Level, inputs: usize) -> usize {
        floats(MAX_ROWS * inputs + 8) + MAX_ROWS * blocks(inputs, panel(level)) + MAX_ROWS * panel(level)
    }
}

/// Pixels of a block.
fn block(panel: usize) -> usize {
    BLOCK / panel / 8 * 8
}

fn blocks(inputs: usize, panel: usize) -> usize {
    inputs.div_ceil(block(panel))
}

by_level!(
    /// Weights `[outputs, inputs]` to panels of `[inputs, panel]`, outputs that do not exist as zeros; the units `units`.
    ///
    /// # Safety
    /// `weight` and `to` hold what their sizes say, and nobody else works on those units.
    pub(crate) unsafe fn prepare =
        transpose(weight: *const f32, inputs: usize, outputs: usize, to: *mut f32, units: Range<usize>)
);

#[inline(always)]
unsafe fn transpose<V: F32>(
    weight: *const f32,
    inputs: usize,
    outputs: usize,
    to: *mut f32,
    units: Range<usize>,
) {
    let panel = VECTORS * V::LANES;
    for first in (0..outputs.next_multiple_of(panel)).step_by(V::LANES) {
        // SAFETY: `first` is an output of the padded panels, of which `to` holds all.
        let to = unsafe { to.add(first / panel * panel * inputs + first % panel) };
        let rows = V::LANES.min(outputs.saturating_sub(first));
        for pixel in (units.start * UNIT..inputs.min(units.end * UNIT)).step_by(V::LANES) {
            let columns = V::LANES.min(inputs - pixel);
            // SAFETY: columns from `pixel` on are inputs of this worker's units, and rows from `first` on are outputs that exist.
            unsafe {
                let to = to.add(pixel * panel);
                if rows < V::LANES {
                    (0..columns).for_each(|column| V::splat(0.0).store(to.add(column * panel)));
                }
                if rows > 0 {
                    transpose_block::<V>(
                        weight.add(first * inputs + pixel),
                        inputs,
                        [rows, columns],
                        to,
                        panel,
                    );
                }
            }
        }
    }
}

by_level!(
    /// The rows `rows` of `out`.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, and nobody else touches those rows of `out`.
    pub(crate) unsafe fn forward = body(op: &Forward, rows: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(op: &Forward, rows: Range<usize>) {
    for start in rows.clone().step_by(MAX_ROWS) {
        // SAFETY: as the caller of `forward` promises; these are some of its rows.
        unsafe { few_rows::<V>(op, start..rows.end.min(start + MAX_ROWS)) }
    }
}

/// At most `MAX_ROWS` rows.
#[inline(always)]
unsafe fn few_rows<V: F32>(op: &Forward, rows: Range<usize>) {
    let panel = VECTORS * V::LANES;
    let (block, blocks) = (block(panel), blocks(op.inputs, panel));
    // SAFETY: `scratch` holds lists, ends and sums of `MAX_ROWS` rows (`Forward::scratch`); every list entry points at a pixel's row of a panel; the rest is the promise of `forward`'s caller.
    unsafe {
        let lists = op.scratch.cast::<Nonzero>();
        let ends = lists.add(MAX_ROWS * op.inputs + 8).cast::<u32>();
        let sums = ends.add(MAX_ROWS * blocks).cast::<f32>();
        let mut end = 0;
        for (i, row) in rows.clone().enumerate() {
            end = list(op, row, block, panel, lists, end, ends.add(i * blocks));
        }
        for first in (0..op.outputs).step_by(panel) {
            let weights = op.panels.add(first * op.inputs);
            for b in 0..blocks {
                let weights = weights.add(b * block * panel);
                for i in 0..rows.len() {
                    let at = i * blocks + b;
                    let start = if at == 0 { 0 } else { *ends.add(at - 1) as usize };
                    let count = *ends.add(at) as usize - start;
                    let partial = sums.add(i * panel);
                    let mut sum = [V::splat(0.0); VECTORS];
                    if b > 0 {
                        for (v, sum) in sum.iter_mut().enumerate() {
                            *sum = V::load(partial.add(v * V::LANES));
                        }
                    }
                    let sum = add_up(sum, lists.add(start), count, weights);
                    for (v, sum) in sum.into_iter().enumerate() {
                        sum.store(partial.add(v * V::LANES));
                    }
                }
            }
            for (i, row) in rows.clone().enumerate() {
                for column in (first..op.outputs.min(first + panel)).step_by(V::LANES) {
                    let count = V::LANES.min(op.outputs - column);
                    let sum = V::load(sums.add(i * panel + column - first));
                    let bias = V::load_partial(op.bias.add(column), count, 0.0);
                    sum.add(bias).store_partial(op.out.add(row * op.outputs + column), count);
                }
            }
        }
    }
}

/// Lists a row's nonzeros from entry `end` on; where each block of pixels ends goes to `ends`, and the last is returned.
#[inline(always)]
unsafe fn list(
    op: &Forward,
    row: usize,
    block: usize,
    panel: usize,
    lists: *mut Nonzero,
    mut end: usize,
    mut ends: *mut u32,
) -> usize {
    // SAFETY: the row has `inputs` bytes; `lists` has room for `MAX_ROWS * inputs` entries and the eight that a last write may touch, `ends` for each block of each row.
    unsafe {
        let bytes = op.x.start.add(row * op.x.stride);
        for first in (0..op.inputs).step_by(block) {
            let last = op.inputs.min(first + block);
            for column in (first..last).step_by(8) {
                let word = eight_bytes(bytes, column, last);
                if word == 0 {
                    continue;
                }
                for i in 0..8 {
                    let byte = (word >> (8 * i)) as u8;
                    // Written in any case, and kept where the byte is not 0: no branch that could be mispredicted.
                    let at = ((column - first + i) * panel) as u32;
                    lists.add(end).write(Nonzero { at, value: f32::from(byte) * op.x.gain });
                    end += usize::from(byte != 0);
                }
            }
            *ends = end as u32;
            ends = ends.add(1);
        }
        end
    }
}
