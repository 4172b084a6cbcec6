//! Copies of parts of matrices in the order in which a tile reads them: `[k, pitch]`.

use std::ops::Range;

use crate::cpu::runtime::tensors::Source;
use crate::cpu::simd::F32;

/// From a matrix stored in rows of k: each row's `columns` side by side, rows `pitch` apart.
///
/// # Safety
/// Rows and columns lie inside the matrix; `to` has room for `pitch` floats per row.
#[inline(always)]
pub(crate) unsafe fn pack_rows<V: F32, S: Source>(
    from: S,
    ks: Range<usize>,
    columns: Range<usize>,
    pitch: usize,
    to: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        for (i, k) in ks.enumerate() {
            let to = to.add(i * pitch);
            let mut c = 0;
            while c + V::LANES <= columns.len() {
                from.load::<V>(k, columns.start + c).store(to.add(c));
                c += V::LANES;
            }
            if c < columns.len() {
                let count = columns.len() - c;
                from.load_partial::<V>(k, columns.start + c, count).store_partial(to.add(c), count);
            }
            zero(to, columns.len()..pitch);
        }
    }
}

/// From a matrix whose columns are k: the transpose of its `rows`.
///
/// # Safety
/// As [`pack_rows`].
#[inline(always)]
pub(crate) unsafe fn pack_columns<S: Source>(
    from: S,
    rows: Range<usize>,
    ks: Range<usize>,
    pitch: usize,
    to: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        for (i, k) in ks.enumerate() {
            let to = to.add(i * pitch);
            for (j, row) in rows.clone().enumerate() {
                *to.add(j) = from.at(row, k);
            }
            zero(to, rows.len()..pitch);
        }
    }
}

/// Zeroes what no column fills: a tile computes with it and drops the result.
#[inline(always)]
unsafe fn zero(to: *mut f32, range: Range<usize>) {
    for c in range {
        // SAFETY: `range` lies inside a packed row, for which the callers have room.
        unsafe { *to.add(c) = 0.0 }
    }
}
