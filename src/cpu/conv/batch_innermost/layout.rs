//! Batch innermost and back: `[image, value]` to `[value, lane]`, one lane per image.

use std::ops::Range;

use crate::cpu::conv::MAX_LANES;
use crate::cpu::runtime::tensors::{Matrix, Source};
use crate::cpu::simd::F32;

/// Reads images `row..row + images`, at most one per lane: `count` values of each from `column` on, to `[value, lane]`.
/// Lanes without an image are zero.
///
/// # Safety
/// `x` holds the values, and `to` has room for whole blocks of `LANES` values: values after `count` are overwritten.
#[inline(always)]
pub(in crate::cpu::conv) unsafe fn to_batch_innermost<V: F32>(
    x: Matrix,
    row: usize,
    images: usize,
    column: usize,
    count: usize,
    to: *mut f32,
) {
    match x {
        Matrix::Floats(x) if images == V::LANES => {
            let from = x.start.add(row * x.stride + column);
            let mut c = 0;
            while c + V::LANES <= count {
                V::transpose(from.add(c), x.stride, to.add(c * V::LANES), V::LANES);
                c += V::LANES;
            }
            through_a_block::<V, _>(x, row, images, column, c..count, to);
        }
        Matrix::Floats(x) => through_a_block::<V, _>(x, row, images, column, 0..count, to),
        Matrix::Bytes(x) => through_a_block::<V, _>(x, row, images, column, 0..count, to),
    }
}

/// By way of a block of whole vectors: any source, any number of images and values.
#[inline(always)]
unsafe fn through_a_block<V: F32, S: Source>(
    x: S,
    row: usize,
    images: usize,
    column: usize,
    range: Range<usize>,
    to: *mut f32,
) {
    let mut block = [0.0; MAX_LANES * MAX_LANES];
    for c in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - c);
        for image in 0..images.min(V::LANES) {
            let values: V = if count == V::LANES {
                x.load(row + image, column + c)
            } else {
                x.load_partial(row + image, column + c, count)
            };
            values.store(block.as_mut_ptr().add(image * V::LANES));
        }
        V::transpose(block.as_ptr(), V::LANES, to.add(c * V::LANES), V::LANES);
    }
}

/// Writes `count` values `[value, lane]` to as many images as there are, which begin at `to` and lie `stride` values apart.
///
/// # Safety
/// `from` holds whole blocks of `LANES` values, and `to` is good for what is written.
#[inline(always)]
pub(in crate::cpu::conv) unsafe fn from_batch_innermost<V: F32>(
    from: *const f32,
    count: usize,
    to: *mut f32,
    stride: usize,
    images: usize,
) {
    let mut block = [0.0; MAX_LANES * MAX_LANES];
    for c in (0..count).step_by(V::LANES) {
        let part = V::LANES.min(count - c);
        let (from, to) = (from.add(c * V::LANES), to.add(c));
        if part == V::LANES && images == V::LANES {
            V::transpose(from, V::LANES, to, stride);
            continue;
        }
        V::transpose(from, V::LANES, block.as_mut_ptr(), V::LANES);
        for image in 0..images.min(V::LANES) {
            let values = V::load(block.as_ptr().add(image * V::LANES));
            values.store_partial(to.add(image * stride), part);
        }
    }
}

/// Rows of a map that are written back together, as a strip: whole blocks of values where there are enough.
pub(in crate::cpu::conv) fn strip_rows([height, width]: [usize; 2]) -> usize {
    let whole = (1..MAX_LANES).find(|rows| (rows * width).is_multiple_of(MAX_LANES));
    whole.unwrap_or(MAX_LANES).min(height)
}

/// Vectors of a channel of such a strip.
pub(in crate::cpu::conv) fn strip_vectors(sides: [usize; 2]) -> usize {
    (strip_rows(sides) * sides[1]).next_multiple_of(MAX_LANES)
}

/// Zeroes `count` vectors.
///
/// # Safety
/// `to` is good for them.
#[inline(always)]
pub(in crate::cpu::conv) unsafe fn zero_vectors<V: F32>(to: *mut f32, count: usize) {
    for at in 0..count {
        V::splat(0.0).store(to.add(at * V::LANES));
    }
}
