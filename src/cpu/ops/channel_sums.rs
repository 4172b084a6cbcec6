//! What the ops of batch normalisation share: sums over a channel, and two multiply-adds a value.
//!
//! Sums go row by row, each row's in vectors, and add up in float64: they stay accurate over hundred thousands of values,
//! and their bits depend on no cut.

use std::ops::Range;

use crate::cpu::simd::{F32, by_level};

/// A tensor `[rows, channels, inner]`.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub rows: usize,
    pub channels: usize,
    pub inner: usize,
}

impl Shape {
    /// Values of a channel over the whole batch.
    pub fn count(&self) -> usize {
        self.rows * self.inner
    }

    /// Where a channel's values of one row begin.
    pub fn at(&self, row: usize, channel: usize) -> usize {
        (row * self.channels + channel) * self.inner
    }
}

/// Calls `each(start, count)` for the vectors of a row: whole ones, then what is left.
#[inline(always)]
fn vectors<V: F32>(length: usize, mut each: impl FnMut(usize, usize)) {
    let whole = length / V::LANES * V::LANES;
    (0..whole).step_by(V::LANES).for_each(|start| each(start, V::LANES));
    if whole < length {
        each(whole, length - whole);
    }
}

#[inline(always)]
unsafe fn load<V: F32>(from: *const f32, count: usize, fill: f32) -> V {
    unsafe { if count == V::LANES { V::load(from) } else { V::load_partial(from, count, fill) } }
}

#[inline(always)]
unsafe fn sum_body<V: F32>(x: *const f32, shape: Shape, channel: usize, total: &mut f64) {
    for row in 0..shape.rows {
        let from = x.wrapping_add(shape.at(row, channel));
        unsafe {
            let mut sum = V::splat(0.0);
            vectors::<V>(shape.inner, |i, count| sum = sum.add(load::<V>(from.add(i), count, 0.0)));
            *total += f64::from(sum.reduce_sum());
        }
    }
}
by_level!(
    /// Adds up a channel.
    ///
    /// # Safety
    /// Pointers are good for the shape. So of all functions here.
    pub(crate) unsafe fn sum = sum_body(x: *const f32, shape: Shape, channel: usize, total: &mut f64)
);

#[inline(always)]
unsafe fn products_body<V: F32>(
    (x, mean): (*const f32, f32),
    (y, y_mean): (*const f32, f32),
    shape: Shape,
    channel: usize,
    totals: &mut [f64; 2],
) {
    for row in 0..shape.rows {
        let (x, y) = (x.wrapping_add(shape.at(row, channel)), y.wrapping_add(shape.at(row, channel)));
        unsafe {
            let (x_middle, y_middle) = (V::splat(mean), V::splat(y_mean));
            let (mut products, mut sum) = (V::splat(0.0), V::splat(0.0));
            vectors::<V>(shape.inner, |i, count| {
                // What fills a vector beyond the row is the mean itself, and adds nothing.
                let a = load::<V>(x.add(i), count, mean).sub(x_middle);
                let b = load::<V>(y.add(i), count, y_mean).sub(y_middle);
                products = a.mul_add(b, products);
                sum = sum.add(b);
            });
            totals[0] += f64::from(products.reduce_sum());
            totals[1] += f64::from(sum.reduce_sum());
        }
    }
}
by_level!(
    /// Adds up a channel's products `(x - mean) * (y - y_mean)`, and its `y - y_mean`: x and y with their means.
    pub(crate) unsafe fn products = products_body(
        x: (*const f32, f32),
        y: (*const f32, f32),
        shape: Shape,
        channel: usize,
        totals: &mut [f64; 2],
    )
);

/// `out = x * gain + y * slope + shift`, one of each a channel.
pub(crate) struct Lines {
    pub x: *const f32,
    pub y: *const f32,
    pub out: *mut f32,
    /// `[3, channels]`: gains, slopes, shifts.
    pub factors: *const f32,
    pub shape: Shape,
}

#[inline(always)]
unsafe fn lines_body<V: F32>(lines: &Lines, rows: Range<usize>) {
    let Lines { x, y, out, factors, shape } = *lines;
    for row in rows {
        for channel in 0..shape.channels {
            let at = shape.at(row, channel);
            unsafe {
                let factor = |which: usize| V::splat(*factors.add(which * shape.channels + channel));
                let (gain, slope, shift) = (factor(0), factor(1), factor(2));
                vectors::<V>(shape.inner, |i, count| {
                    let rest = load::<V>(y.add(at + i), count, 0.0).mul_add(slope, shift);
                    let value = load::<V>(x.add(at + i), count, 0.0).mul_add(gain, rest);
                    let out = out.add(at + i);
                    if count == V::LANES { value.store(out) } else { value.store_partial(out, count) }
                });
            }
        }
    }
}
by_level!(
    /// The rows `rows` of all three tensors.
    pub(crate) unsafe fn lines = lines_body(lines: &Lines, rows: Range<usize>)
);
