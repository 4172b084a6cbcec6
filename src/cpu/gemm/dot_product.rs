//! Products of rows with rows, `out = x · wᵀ + bias`: both run along k in memory, so nothing is packed. A block
//! of dot products is kept in registers, a vector of partial sums each, and summed across at the end.
//!
//! Each product goes through k in vectors, in order, whatever block it falls in: its bits depend on k alone.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::runtime::tensors::{Floats, Matrix, Source};
use crate::cpu::simd::{F32, by_level};

/// Below this many products a value, summing across costs more than it saves: see `outer`.
pub(crate) const LEAST_K: usize = 64;

/// Images unpacked together, in floats: half of a small second-level cache.
const UNPACKED: usize = 32 * 1024;

#[derive(Clone, Copy)]
pub(crate) struct Dots {
    /// `[rows, k]`.
    pub x: Matrix,
    /// `[n, k]`.
    pub w: Floats,
    /// `[n]`, or null.
    pub bias: *const f32,
    /// `[rows, n]`.
    pub out: *mut f32,
    pub n: usize,
    pub k: usize,
    /// The outputs to make, of `0..n`.
    pub first: usize,
    pub end: usize,
}

/// Rows of x that go with the outputs in turn: beside the weights they stay in a second-level cache.
const BLOCK_ROWS: usize = 24;

by_level!(
    /// The rows `rows` of x; `scratch` is as long as [`scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those rows of `out`.
    pub(crate) unsafe fn dots = body(dots: &Dots, rows: Range<usize>, scratch: *mut f32)
);

/// Floats that [`dots`] wants.
pub(crate) fn scratch(k: usize) -> usize {
    unpacked_rows(k) * k
}

/// How many rows of image bytes are unpacked at a time: a multiple of the rows of a block.
fn unpacked_rows(k: usize) -> usize {
    (UNPACKED / k.max(1) / 4 * 4).clamp(4, 64)
}

#[inline(always)]
unsafe fn body<V: F32>(dots: &Dots, rows: Range<usize>, scratch: *mut f32) {
    unsafe {
        match dots.x {
            Matrix::Floats(x) => {
                for start in rows.clone().step_by(BLOCK_ROWS) {
                    wide::<V, _>(dots, x, start..rows.end.min(start + BLOCK_ROWS), 0);
                }
            }
            // few outputs: bytes become floats in registers, once for all of them
            Matrix::Bytes(x) if V::REGISTERS == 32 && dots.n <= 10 && dots.end - dots.first == dots.n => {
                skinny::<V, _>(dots, x, rows)
            }
            Matrix::Bytes(x) => {
                let step = unpacked_rows(dots.k);
                for start in rows.clone().step_by(step) {
                    let piece = start..rows.end.min(start + step);
                    let unpacked = unpack::<V, _>(x, piece.clone(), dots.k, scratch);
                    wide::<V, _>(dots, unpacked, piece, start);
                }
            }
        }
    }
}

/// Rows of any matrix as floats without gaps.
#[inline(always)]
pub(crate) unsafe fn unpack<V: F32, X: Source>(
    x: X,
    rows: Range<usize>,
    columns: usize,
    to: *mut f32,
) -> Floats {
    unsafe {
        for (i, row) in rows.enumerate() {
            let to = to.add(i * columns);
            let mut c = 0;
            while c + V::LANES <= columns {
                x.load::<V>(row, c).store(to.add(c));
                c += V::LANES;
            }
            if c < columns {
                x.load_partial::<V>(row, c, columns - c).store_partial(to.add(c), columns - c);
            }
        }
        Floats { start: to, stride: columns }
    }
}

/// Up to 10 outputs, all in one block with two rows: 20 sums, 2 values of x, 1 weight.
#[inline(always)]
unsafe fn skinny<V: F32, X: Source>(dots: &Dots, x: X, rows: Range<usize>) {
    macro_rules! by_outputs {
        ($rows:literal, $row:expr; $($n:literal)*) => {
            match dots.n {
                $($n => block::<V, X, $rows, $n>(dots, x, $row, $row, 0),)*
                _ => {}
            }
        };
    }
    let mut row = rows.start;
    unsafe {
        while row + 2 <= rows.end {
            by_outputs!(2, row; 1 2 3 4 5 6 7 8 9 10);
            row += 2;
        }
        if row < rows.end {
            by_outputs!(1, row; 1 2 3 4 5 6 7 8 9 10);
        }
    }
}

/// Any number of outputs, up to 6 at a time with 4 rows (2 where registers are few). The weights of a block stay
/// in the nearest cache while all rows pass by. Row `r` of the product is row `r - first` of x.
#[inline(always)]
unsafe fn wide<V: F32, X: Source>(dots: &Dots, x: X, rows: Range<usize>, first: usize) {
    macro_rules! by_outputs {
        ($rows:literal, $row:expr, $output:expr, $count:expr; $($n:literal)*) => {
            match $count {
                $($n => block::<V, X, $rows, $n>(dots, x, $row - first, $row, $output),)*
                _ => {}
            }
        };
    }
    let outputs = dots.end - dots.first;
    let blocks = outputs.div_ceil(6);
    for b in 0..blocks {
        let (output, end) = (dots.first + outputs * b / blocks, dots.first + outputs * (b + 1) / blocks);
        let mut row = rows.start;
        unsafe {
            while V::REGISTERS == 32 && row + 4 <= rows.end {
                by_outputs!(4, row, output, end - output; 1 2 3 4 5 6);
                row += 4;
            }
            while row + 2 <= rows.end {
                by_outputs!(2, row, output, end - output; 1 2 3 4 5 6);
                row += 2;
            }
            if row < rows.end {
                by_outputs!(1, row, output, end - output; 1 2 3 4 5 6);
            }
        }
    }
}

/// `R` rows of x, from `x_row` on, with `N` rows of w, from `output` on.
#[inline(always)]
unsafe fn block<V: F32, X: Source, const R: usize, const N: usize>(
    dots: &Dots,
    x: X,
    x_row: usize,
    row: usize,
    output: usize,
) {
    unsafe {
        let mut sums = [[V::splat(0.0); N]; R];
        let mut c = 0;
        while c + V::LANES <= dots.k {
            let mut xs = [V::splat(0.0); R];
            for r in 0..R {
                xs[r] = x.load(x_row + r, c);
            }
            for j in 0..N {
                let w: V = dots.w.load(output + j, c);
                for r in 0..R {
                    sums[r][j] = xs[r].mul_add(w, sums[r][j]);
                }
            }
            c += V::LANES;
        }
        if c < dots.k {
            let count = dots.k - c;
            let mut xs = [V::splat(0.0); R];
            for r in 0..R {
                xs[r] = x.load_partial(x_row + r, c, count);
            }
            for j in 0..N {
                let w: V = dots.w.load_partial(output + j, c, count);
                for r in 0..R {
                    sums[r][j] = xs[r].mul_add(w, sums[r][j]);
                }
            }
        }
        for r in 0..R {
            let out = dots.out.add((row + r) * dots.n + output);
            for j in 0..N {
                let sum = sums[r][j].reduce_sum();
                *out.add(j) = if dots.bias.is_null() { sum } else { sum + *dots.bias.add(output + j) };
            }
        }
    }
}
