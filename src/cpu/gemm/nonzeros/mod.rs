//! Products with image bytes that skip the background: for dense layers on raw pixels (the preset `mlp`), if a byte of 0
//! stands for the value 0.
//!
//! Four fifths of a digit's pixels are 0, and so are their products. A list of the others, the nonzeros, is made once, and
//! vectors along the other operand's columns are added up for the entries of the list. On an image without background this
//! costs about as much as the dense products, and a quarter more for reading the list.
//!
//! Every value is one chain of additions in the order of pixels (`forward`) or of images (`weight_gradient`), over the nonzeros
//! alone: its bits do not depend on how the work is divided.

mod forward;
mod weight_gradient;

pub(crate) use forward::{Forward, forward, prepare};
pub(crate) use weight_gradient::{WeightGradient, weight_gradient};

use crate::cpu::Level;
use crate::cpu::simd::F32;
use crate::plan::ops::Operand;

/// Vectors of sums in one pass through a list: enough independent chains to hide an addition's latency, for one load
/// of the pixel's value per eight vectors.
const VECTORS: usize = 8;

/// Fewest outputs: fewer would leave most of a panel empty.
const MIN_OUTPUTS: usize = 32;

/// Fewest images per step: for fewer, transposing the weights costs more than is saved.
const MIN_ROWS: usize = 16;

/// Fewest and most pixels: an entry of a list holds its position in 32 bits, and its memory stays within reason.
const PIXELS: std::ops::RangeInclusive<usize> = 64..=1 << 16;

/// Whether these products are computed here. This depends on shapes alone, so that every chunk of a batch is computed in
/// the same way; and a byte of 0 must stand for 0.
pub(crate) fn serves(x: &Operand, rows: usize, inputs: usize, outputs: usize) -> bool {
    x.pixels.is_some_and(|pixels| pixels.offset == 0.0)
        && rows >= MIN_ROWS
        && PIXELS.contains(&inputs)
        && (MIN_OUTPUTS..=1 << 14).contains(&outputs)
}

/// Columns that go through a list together.
fn panel(level: Level) -> usize {
    VECTORS * level.lanes()
}

/// A pixel that is not 0.
#[derive(Clone, Copy)]
struct Nonzero {
    /// Where the row begins that it is multiplied with, in floats.
    at: u32,
    value: f32,
}

/// Floats of memory that `count` of them take.
const fn floats(count: usize) -> usize {
    count * size_of::<Nonzero>() / size_of::<f32>()
}

/// `sums += value * row` for all of a list, in its order.
///
/// # Safety
/// The list holds `count` entries, and every row of `rows` a panel; the level's instructions are there.
#[inline(always)]
unsafe fn add_up<V: F32>(
    mut sums: [V; VECTORS],
    list: *const Nonzero,
    count: usize,
    rows: *const f32,
) -> [V; VECTORS] {
    for i in 0..count {
        // SAFETY: the caller's promise.
        unsafe {
            let nonzero = *list.add(i);
            let (value, row) = (V::splat(nonzero.value), rows.add(nonzero.at as usize));
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = value.mul_add(V::load(row.add(v * V::LANES)), *sum);
            }
        }
    }
    sums
}

/// Eight bytes of an image row from `column` on, 0 past its end; the first in the lowest bits.
///
/// # Safety
/// The row has `columns` bytes, and `column` is one of them.
#[inline(always)]
unsafe fn eight_bytes(row: *const u8, column: usize, columns: usize) -> u64 {
    // SAFETY: the caller's promise: `column` is one of the row's, and eight are read at once only where there are eight.
    unsafe {
        let from = row.add(column);
        if column + 8 <= columns {
            return u64::from_le_bytes(from.cast::<[u8; 8]>().read_unaligned());
        }
        (0..columns - column).fold(0, |word, i| word | u64::from(*from.add(i)) << (8 * i))
    }
}

/// Rows and columns of `from`, up to `LANES` each, become columns and rows.
///
/// # Safety
/// Both hold the values, at those distances from row to row, and do not overlap.
#[inline(always)]
unsafe fn transpose_block<V: F32>(
    from: *const f32,
    from_stride: usize,
    [rows, columns]: [usize; 2],
    to: *mut f32,
    to_stride: usize,
) {
    // SAFETY: the caller's promise: `rows` and `columns` are those that both hold.
    unsafe {
        if rows == V::LANES && columns == V::LANES {
            return V::transpose(from, from_stride, to, to_stride);
        }
        for row in 0..rows {
            for column in 0..columns {
                *to.add(column * to_stride + row) = *from.add(row * from_stride + column);
            }
        }
    }
}

#[cfg(test)]
mod tests;
