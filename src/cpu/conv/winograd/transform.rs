//! The one-dimensional transforms of Winograd's algorithm, in Toom and Cook's form; applied along columns and then along
//! rows they transform a tile (`tiles`).
//!
//! With the interpolation points p = 0, a, -a, b, -b: inputs d become the coefficients of the products of (x - p) over all
//! other points; a kernel g becomes its values as a polynomial at the points, each divided by the product of its point's
//! distances from the others; sums of products s become output i, the sum of p^i s. The sixth point is infinity: the
//! highest coefficients. Rounding grows with the points' size; these are oneDNN's, with errors of some 1e-6 of the
//! largest value. Each `_gradient` is the transpose of the transform after which it is named.

use super::TILE;
use crate::cpu::simd::F32;

const A: f32 = 0.625;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
/// Powers of a and b, from 0 on.
const POWERS: [[f32; 5]; 2] = [[1.0, A, A2, A2 * A, A2 * A2], [1.0, B, B2, B2 * B, B2 * B2]];

/// Six inputs, transformed.
#[inline(always)]
pub(super) fn input<V: F32>(d: [V; TILE]) -> [V; TILE] {
    let minus = |x: f32| V::splat(-x);
    let (even_a, odd_a) = (minus(B2).mul_add(d[2], d[4]), minus(B2).mul_add(d[1], d[3]));
    let (even_b, odd_b) = (minus(A2).mul_add(d[2], d[4]), minus(A2).mul_add(d[1], d[3]));
    let ends = |x: V, y: V, z: V| V::splat(A2 * B2).mul_add(x, minus(A2 + B2).mul_add(y, z));
    [
        ends(d[0], d[2], d[4]),
        V::splat(A).mul_add(odd_a, even_a),
        minus(A).mul_add(odd_a, even_a),
        V::splat(B).mul_add(odd_b, even_b),
        minus(B).mul_add(odd_b, even_b),
        ends(d[1], d[3], d[5]),
    ]
}

/// The transpose of [`input`]: gradients of the six inputs.
#[inline(always)]
pub(super) fn input_gradient<V: F32>(m: [V; TILE]) -> [V; TILE] {
    let minus = |x: f32| V::splat(-x);
    let (sum_a, sum_b) = (m[1].add(m[2]), m[3].add(m[4]));
    let (odd_a, odd_b) = (V::splat(A).mul(m[1].sub(m[2])), V::splat(B).mul(m[3].sub(m[4])));
    let (product, minus_sum) = (V::splat(A2 * B2), minus(A2 + B2));
    let inner = |x: V, y: V, z: V| minus(B2).mul_add(x, minus(A2).mul_add(y, z));
    [
        product.mul(m[0]),
        inner(odd_a, odd_b, product.mul(m[5])),
        inner(sum_a, sum_b, minus_sum.mul(m[0])),
        minus_sum.mul_add(m[5], odd_a.add(odd_b)),
        m[0].add(sum_a).add(sum_b),
        m[5],
    ]
}

/// Six sums become `M` outputs.
#[inline(always)]
pub(super) fn output<V: F32, const M: usize>(s: [V; TILE]) -> [V; M] {
    let (sum_a, difference_a) = (s[1].add(s[2]), s[1].sub(s[2]));
    let (sum_b, difference_b) = (s[3].add(s[4]), s[3].sub(s[4]));
    let mut outputs = [V::splat(0.0); M];
    for i in 0..M {
        let [a, b] = POWERS.map(|powers| V::splat(powers[i]));
        let (of_a, of_b) = if i.is_multiple_of(2) { (sum_a, sum_b) } else { (difference_a, difference_b) };
        let sum = a.mul_add(of_a, b.mul(of_b));
        outputs[i] = match i {
            0 => sum.add(s[0]),
            _ if i + 1 == M => sum.add(s[5]),
            _ => sum,
        };
    }
    outputs
}

/// The transpose of [`output`]: `M` values of the output gradient, transformed.
#[inline(always)]
pub(super) fn output_gradient<V: F32, const M: usize>(y: [V; M]) -> [V; TILE] {
    let zero = V::splat(0.0);
    let (mut even_a, mut odd_a, mut even_b, mut odd_b) = (y[0], zero, y[0], zero);
    for i in 1..M {
        let [a, b] = POWERS.map(|powers| V::splat(powers[i]));
        if i.is_multiple_of(2) {
            (even_a, even_b) = (a.mul_add(y[i], even_a), b.mul_add(y[i], even_b));
        } else {
            (odd_a, odd_b) = (a.mul_add(y[i], odd_a), b.mul_add(y[i], odd_b));
        }
    }
    [y[0], even_a.add(odd_a), even_a.sub(odd_a), even_b.add(odd_b), even_b.sub(odd_b), y[M - 1]]
}

/// One over the product of a point's distances from the others: for 0, for a and -a, for b and -b.
const WEIGHTS: [f32; 3] = [1.0 / (A2 * B2), 0.5 / (A2 * (A2 - B2)), 0.5 / (B2 * (B2 - A2))];

/// A row or column of a kernel, `K` taps, transformed.
#[inline(always)]
pub(super) fn kernel<V: F32, const K: usize>(g: [V; K]) -> [V; TILE] {
    let p = output_gradient(g);
    let [zero, a, b] = WEIGHTS.map(|weight| V::splat(weight));
    [p[0].mul(zero), p[1].mul(a), p[2].mul(a), p[3].mul(b), p[4].mul(b), p[5]]
}

/// The transpose of [`kernel`]: gradients of `K` taps.
#[inline(always)]
pub(super) fn kernel_gradient<V: F32, const K: usize>(u: [V; TILE]) -> [V; K] {
    let [zero, a, b] = WEIGHTS.map(|weight| V::splat(weight));
    output([u[0].mul(zero), u[1].mul(a), u[2].mul(a), u[3].mul(b), u[4].mul(b), u[5]])
}
