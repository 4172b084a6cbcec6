//! GEMM by dot products, `out = x · wᵀ + bias`, for dense layers (weights are `[outputs, inputs]`) from [`MIN_K`] inputs on.
//!
//! Both operands run along k in memory, so vectors are loaded from them directly, and nothing is packed: with few outputs (a
//! classifier has 10) packing would cost as much as the product. A register block of rows times outputs keeps a vector of
//! partial sums for each result, which is summed across at the end; that is why k must be long. Image bytes are converted to
//! floats a few rows at a time.
//!
//! Every result adds up k in vectors, in order, whatever register block it falls in: its bits depend on k alone.

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::runtime::tensors::{Floats, Matrix, Source};
use crate::cpu::simd::{F32, by_level};

/// Below this k, summing across vectors costs more than packing: see `packed`.
pub(crate) const MIN_K: usize = 64;

/// Floats of images that are converted together: half of a small second-level cache.
const CONVERTED: usize = 32 * 1024;

#[derive(Clone, Copy)]
pub(crate) struct DotProducts {
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
    /// The outputs to compute, `first..end` of `0..n`.
    pub first: usize,
    pub end: usize,
}

/// Rows of x that are multiplied with all outputs in turn: they stay in a second-level cache beside the
/// weights.
const BLOCK_ROWS: usize = 24;

by_level!(
    /// The rows `rows` of x; `scratch` is as long as [`scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those rows of `out`.
    pub(crate) unsafe fn dot_products = body(product: &DotProducts, rows: Range<usize>, scratch: *mut f32)
);

/// Floats of scratch memory that [`dot_products`] uses.
pub(crate) fn scratch(k: usize) -> usize {
    converted_rows(k) * k
}

/// How many rows of image bytes are converted at a time: a multiple of the rows of a block.
fn converted_rows(k: usize) -> usize {
    (CONVERTED / k.max(1) / 4 * 4).clamp(4, 64)
}

#[inline(always)]
unsafe fn body<V: F32>(product: &DotProducts, rows: Range<usize>, scratch: *mut f32) {
    // SAFETY: the caller's promise: pointers are good for the sizes given, `scratch` is large enough, `out`'s rows are ours.
    unsafe {
        match product.x {
            Matrix::Floats(x) => {
                for start in rows.clone().step_by(BLOCK_ROWS) {
                    any_outputs::<V, _>(product, x, start..rows.end.min(start + BLOCK_ROWS), 0);
                }
            }
            // few outputs: bytes become floats in registers, once for all of them
            Matrix::Bytes(x)
                if V::REGISTERS == 32 && product.n <= 10 && product.end - product.first == product.n =>
            {
                few_outputs::<V, _>(product, x, rows)
            }
            Matrix::Bytes(x) => {
                let step = converted_rows(product.k);
                for start in rows.clone().step_by(step) {
                    let some = start..rows.end.min(start + step);
                    let converted = to_floats::<V, _>(x, some.clone(), product.k, scratch);
                    any_outputs::<V, _>(product, converted, some, start);
                }
            }
        }
    }
}

/// Rows of any matrix as floats without gaps.
#[inline(always)]
pub(crate) unsafe fn to_floats<V: F32, X: Source>(
    x: X,
    rows: Range<usize>,
    columns: usize,
    to: *mut f32,
) -> Floats {
    // SAFETY: the rows lie inside the matrix, and `to` has room for `columns` floats of each.
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
unsafe fn few_outputs<V: F32, X: Source>(product: &DotProducts, x: X, rows: Range<usize>) {
    macro_rules! by_outputs {
        ($rows:literal, $row:expr; $($n:literal)*) => {
            match product.n {
                $($n => block::<V, X, $rows, $n>(product, x, $row, $row, 0),)*
                _ => {}
            }
        };
    }
    let mut row = rows.start;
    // SAFETY: as in `body`; every row is one of `rows`, and all outputs exist.
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
/// in the nearest cache during the loop over all rows. Row `r` of the product is row `r - first` of x.
#[inline(always)]
unsafe fn any_outputs<V: F32, X: Source>(product: &DotProducts, x: X, rows: Range<usize>, first: usize) {
    macro_rules! by_outputs {
        ($rows:literal, $row:expr, $output:expr, $count:expr; $($n:literal)*) => {
            match $count {
                $($n => block::<V, X, $rows, $n>(product, x, $row - first, $row, $output),)*
                _ => {}
            }
        };
    }
    let outputs = product.end - product.first;
    let blocks = outputs.div_ceil(6);
    for b in 0..blocks {
        let (output, end) =
            (product.first + outputs * b / blocks, product.first + outputs * (b + 1) / blocks);
        let mut row = rows.start;
        // SAFETY: as in `body`; every row is one of `rows`, every output one of `first..end`.
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
    product: &DotProducts,
    x: X,
    x_row: usize,
    row: usize,
    output: usize,
) {
    // SAFETY: rows of x and of w are `k` long, and `R` x `N` results from here on lie inside `out` (`body`'s caller).
    unsafe {
        let mut sums = [[V::splat(0.0); N]; R];
        let mut c = 0;
        while c + V::LANES <= product.k {
            let mut xs = [V::splat(0.0); R];
            for r in 0..R {
                xs[r] = x.load(x_row + r, c);
            }
            for j in 0..N {
                let w: V = product.w.load(output + j, c);
                for r in 0..R {
                    sums[r][j] = xs[r].mul_add(w, sums[r][j]);
                }
            }
            c += V::LANES;
        }
        if c < product.k {
            let count = product.k - c;
            let mut xs = [V::splat(0.0); R];
            for r in 0..R {
                xs[r] = x.load_partial(x_row + r, c, count);
            }
            for j in 0..N {
                let w: V = product.w.load_partial(output + j, c, count);
                for r in 0..R {
                    sums[r][j] = xs[r].mul_add(w, sums[r][j]);
                }
            }
        }
        for r in 0..R {
            let out = product.out.add((row + r) * product.n + output);
            for j in 0..N {
                let sum = sums[r][j].reduce_sum();
                *out.add(j) = if product.bias.is_null() { sum } else { sum + *product.bias.add(output + j) };
            }
        }
    }
}
