//! What the ops of batch normalisation share: sums over a channel, and a linear combination of two
//! tensors.
//!
//! Sums go row by row, each row's in vectors, and add up in float64: they stay accurate over hundred thousands of values,
//! and their bits do not depend on how the work is divided.

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

#[inline(always)]
fn sum_body<V: F32>(x: &[f32], shape: Shape, channel: usize) -> f64 {
    let mut total = 0.0;
    for row in 0..shape.rows {
        let x = &x[shape.at(row, channel)..][..shape.inner];
        let mut sum = V::splat(0.0);
        for i in (0..x.len()).step_by(V::LANES) {
            sum = sum.add(V::take(x, i, 0.0));
        }
        total += f64::from(sum.reduce_sum());
    }
    total
}
by_level!(
    /// The sum of a channel.
    pub(crate) fn sum = sum_body(x: &[f32], shape: Shape, channel: usize) -> f64
);

#[inline(always)]
fn products_body<V: F32>(
    (x, x_mean): (&[f32], f32),
    (y, y_mean): (&[f32], f32),
    shape: Shape,
    channel: usize,
) -> [f64; 2] {
    let mut totals = [0.0; 2];
    for row in 0..shape.rows {
        let start = shape.at(row, channel);
        let (x, y) = (&x[start..][..shape.inner], &y[start..][..shape.inner]);
        let (mut products, mut sum) = (V::splat(0.0), V::splat(0.0));
        for i in (0..x.len()).step_by(V::LANES) {
            // What fills a vector beyond the row is the mean itself, and adds nothing.
            let a = V::take(x, i, x_mean).sub(V::splat(x_mean));
            let b = V::take(y, i, y_mean).sub(V::splat(y_mean));
            products = a.mul_add(b, products);
            sum = sum.add(b);
        }
        totals[0] += f64::from(products.reduce_sum());
        totals[1] += f64::from(sum.reduce_sum());
    }
    totals
}
by_level!(
    /// A channel's sums of `(x - x_mean) * (y - y_mean)` and of `y - y_mean`; x and y come with their means.
    pub(crate) fn products = products_body(
        x: (&[f32], f32),
        y: (&[f32], f32),
        shape: Shape,
        channel: usize,
    ) -> [f64; 2]
);

#[inline(always)]
fn combine_body<V: F32>(x: &[f32], y: &[f32], out: &mut [f32], factors: &[f32], inner: usize) {
    let channels = factors.len() / 3;
    let inner = inner.max(1);
    let values = x.chunks_exact(inner).zip(y.chunks_exact(inner)).zip(out.chunks_exact_mut(inner));
    for (i, ((x, y), out)) in values.enumerate() {
        let factor = |which: usize| V::splat(factors[which * channels + i % channels]);
        let (gain, slope, shift) = (factor(0), factor(1), factor(2));
        for i in (0..inner).step_by(V::LANES) {
            let rest = V::take(y, i, 0.0).mul_add(slope, shift);
            V::take(x, i, 0.0).mul_add(gain, rest).put(out, i);
        }
    }
}
by_level!(
    /// `out = x * gain + y * slope + shift`, one of each per channel, for rows of `[channels, inner]`. `factors`
    /// is `[3, channels]`: gains, slopes, shifts.
    pub(crate) fn combine =
        combine_body(x: &[f32], y: &[f32], out: &mut [f32], factors: &[f32], inner: usize)
);
