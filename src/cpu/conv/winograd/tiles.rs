//! The transforms of whole tiles, for a vector of channels: first along each column, then along each row.
//!
//! Maps are read and written by `strides`, floats from one row and one column to the next; transformed tiles by
//! `element_stride`, floats from one of their 36 elements to the next. `M` is the side of an output tile.

// Loops over a tile have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use super::{TILE, transform};
use crate::cpu::conv::MAX_LANES;
use crate::cpu::simd::F32;

/// 6 x 6 inputs, transformed.
#[inline(always)]
pub(super) unsafe fn input<V: F32>(
    from: *const f32,
    strides: [usize; 2],
    to: *mut f32,
    element_stride: usize,
) {
    let mut columns = [[V::splat(0.0); TILE]; TILE];
    for x in 0..TILE {
        let mut column = [V::splat(0.0); TILE];
        for y in 0..TILE {
            column[y] = V::load(from.add(y * strides[0] + x * strides[1]));
        }
        columns[x] = transform::input(column);
    }
    for y in 0..TILE {
        let row = transform::input(columns.map(|column| column[y]));
        for x in 0..TILE {
            row[x].store(to.add((y * TILE + x) * element_stride));
        }
    }
}

/// The sums of 36 products become M x M outputs.
#[inline(always)]
pub(super) unsafe fn output<V: F32, const M: usize>(
    from: *const f32,
    element_stride: usize,
    bias: V,
    relu: bool,
    to: *mut f32,
    strides: [usize; 2],
) {
    let mut columns = [[V::splat(0.0); M]; TILE];
    for x in 0..TILE {
        let mut column = [V::splat(0.0); TILE];
        for y in 0..TILE {
            column[y] = V::load(from.add((y * TILE + x) * element_stride));
        }
        columns[x] = transform::output::<V, M>(column);
    }
    for y in 0..M {
        let row = transform::output::<V, M>(columns.map(|column| column[y]));
        for x in 0..M {
            let mut value = row[x].add(bias);
            if relu {
                value = value.max(V::splat(0.0));
            }
            value.store(to.add(y * strides[0] + x * strides[1]));
        }
    }
}

/// The transpose of [`output`]: M x M values of the output gradient, transformed.
#[inline(always)]
pub(super) unsafe fn output_gradient<V: F32, const M: usize>(
    from: *const f32,
    strides: [usize; 2],
    to: *mut f32,
    element_stride: usize,
) {
    let mut columns = [[V::splat(0.0); TILE]; M];
    for x in 0..M {
        let mut column = [V::splat(0.0); M];
        for y in 0..M {
            column[y] = V::load(from.add(y * strides[0] + x * strides[1]));
        }
        columns[x] = transform::output_gradient::<V, M>(column);
    }
    for y in 0..TILE {
        let row = transform::output_gradient::<V, M>(columns.map(|column| column[y]));
        for x in 0..TILE {
            row[x].store(to.add((y * TILE + x) * element_stride));
        }
    }
}

/// The transpose of [`input`]: gradients of the 6 x 6 inputs, added to what the neighbouring tiles have added there.
#[inline(always)]
pub(super) unsafe fn add_input_gradient<V: F32>(
    from: *const f32,
    element_stride: usize,
    to: *mut f32,
    strides: [usize; 2],
) {
    let mut columns = [[V::splat(0.0); TILE]; TILE];
    for x in 0..TILE {
        let mut column = [V::splat(0.0); TILE];
        for y in 0..TILE {
            column[y] = V::load(from.add((y * TILE + x) * element_stride));
        }
        columns[x] = transform::input_gradient(column);
    }
    for y in 0..TILE {
        let row = transform::input_gradient(columns.map(|column| column[y]));
        for x in 0..TILE {
            let to = to.add(y * strides[0] + x * strides[1]);
            V::load(to).add(row[x]).store(to);
        }
    }
}

/// Sums over tiles become the gradients of `count` K x K kernels, of neighbouring input channels.
#[inline(always)]
pub(super) unsafe fn kernel_gradient<V: F32, const K: usize>(
    from: *const f32,
    element_stride: usize,
    to: *mut f32,
    count: usize,
) {
    let mut columns = [[V::splat(0.0); K]; TILE];
    for x in 0..TILE {
        let mut column = [V::splat(0.0); TILE];
        for y in 0..TILE {
            column[y] = V::load(from.add((y * TILE + x) * element_stride));
        }
        columns[x] = transform::kernel_gradient::<V, K>(column);
    }
    for y in 0..K {
        let row = transform::kernel_gradient::<V, K>(columns.map(|column| column[y]));
        for x in 0..K {
            let mut values = [0.0; MAX_LANES];
            row[x].store(values.as_mut_ptr());
            for lane in 0..count {
                *to.add((lane * K + y) * K + x) = values[lane];
            }
        }
    }
}
