//! What the ops of batch normalisation share: sums over a channel, and one multiply-add a value.
//!
//! Sums go row by row, each row's in vectors, and add up in float64: they stay accurate over hundred thousands of values,
//! and their bits depend on no cut.

use std::ops::Range;

use super::simd::{F32, by_level};

/// A tensor `[rows, channels, inner]`.
#[derive(Clone, Copy)]
pub(super) struct Shape {
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

#[inline(always)]
unsafe fn sum_body<V: F32>(x: *const f32, shape: Shape, channel: usize, total: &mut f64) {
    for row in 0..shape.rows {
        let from = x.wrapping_add(shape.at(row, channel));
        unsafe {
            let mut sum = V::splat(0.0);
            for i in (0..shape.inner).step_by(V::LANES) {
                sum = sum.add(V::load_partial(from.add(i), V::LANES.min(shape.inner - i), 0.0));
            }
            *total += f64::from(sum.reduce_sum());
        }
    }
}
by_level!(
    /// Adds up a channel.
    ///
    /// # Safety
    /// Pointers are good for the shape. So of all functions here.
    pub(super) unsafe fn sum = sum_body(x: *const f32, shape: Shape, channel: usize, total: &mut f64)
);

#[inline(always)]
unsafe fn product_body<V: F32>(
    x: *const f32,
    y: *const f32,
    from: [f32; 2],
    shape: Shape,
    channel: usize,
    total: &mut f64,
) {
    for row in 0..shape.rows {
        let (x, y) = (x.wrapping_add(shape.at(row, channel)), y.wrapping_add(shape.at(row, channel)));
        unsafe {
            let (x_mean, y_mean) = (V::splat(from[0]), V::splat(from[1]));
            let mut sum = V::splat(0.0);
            for i in (0..shape.inner).step_by(V::LANES) {
                let count = V::LANES.min(shape.inner - i);
                // What fills a vector beyond the row is the mean itself, and adds nothing.
                let a = V::load_partial(x.add(i), count, from[0]).sub(x_mean);
                sum = a.mul_add(V::load_partial(y.add(i), count, from[1]).sub(y_mean), sum);
            }
            *total += f64::from(sum.reduce_sum());
        }
    }
}
by_level!(
    /// Adds up a channel's products `(x - from[0]) * (y - from[1])`.
    pub(super) unsafe fn product = product_body(
        x: *const f32,
        y: *const f32,
        from: [f32; 2],
        shape: Shape,
        channel: usize,
        total: &mut f64,
    )
);

/// `out = x * gain + y * slope + shift`, one of each a channel.
pub(super) struct Line {
    pub x: *const f32,
    pub gain: f32,
    pub y: *const f32,
    pub slope: f32,
    pub shift: f32,
    pub out: *mut f32,
}

#[inline(always)]
unsafe fn line_body<V: F32>(line: &Line, values: Range<usize>) {
    for i in values.clone().step_by(V::LANES) {
        let count = V::LANES.min(values.end - i);
        unsafe {
            let y = V::load_partial(line.y.add(i), count, 0.0);
            let rest = y.mul_add(V::splat(line.slope), V::splat(line.shift));
            let x = V::load_partial(line.x.add(i), count, 0.0);
            x.mul_add(V::splat(line.gain), rest).store_partial(line.out.add(i), count);
        }
    }
}
by_level!(
    /// The values `values` of all three tensors.
    pub(super) unsafe fn line = line_body(line: &Line, values: Range<usize>)
);
