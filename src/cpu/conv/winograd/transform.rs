//! The ways to the points and back, a line of vectors at a time; two passes make a tile's.
//!
//! With p the points 0, a, -a, b, -b: places d of the input go to the coefficients of the products of (x - p) over all
//! other points, a kernel g to its values as a polynomial at the points over that product's value, and sums of products s
//! go back to place i by the sum of p^i s. At infinity stand the highest coefficients.

use crate::cpu::conv::winograd::LINE;
use crate::cpu::simd::F32;

const A: f32 = 0.625;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
/// Powers of a and b, from 0 on.
const POWERS: [[f32; 5]; 2] = [[1.0, A, A2, A2 * A, A2 * A2], [1.0, B, B2, B2 * B, B2 * B2]];

/// What the input's line becomes.
#[inline(always)]
pub(crate) unsafe fn input<V: F32>(d: [V; LINE]) -> [V; LINE] {
    unsafe {
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
}

/// [`input`] turned round, for gradients: a line of points becomes the input's places.
#[inline(always)]
pub(crate) unsafe fn input_gradient<V: F32>(m: [V; LINE]) -> [V; LINE] {
    unsafe {
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
}

/// What a line of sums becomes: `SIDE` places of the output.
#[inline(always)]
pub(crate) unsafe fn output<V: F32, const SIDE: usize>(s: [V; LINE]) -> [V; SIDE] {
    unsafe {
        let (sum_a, difference_a) = (s[1].add(s[2]), s[1].sub(s[2]));
        let (sum_b, difference_b) = (s[3].add(s[4]), s[3].sub(s[4]));
        let mut places = [V::splat(0.0); SIDE];
        for i in 0..SIDE {
            let [a, b] = POWERS.map(|powers| V::splat(powers[i]));
            let (of_a, of_b) =
                if i.is_multiple_of(2) { (sum_a, sum_b) } else { (difference_a, difference_b) };
            let sum = a.mul_add(of_a, b.mul(of_b));
            places[i] = match i {
                0 => sum.add(s[0]),
                _ if i + 1 == SIDE => sum.add(s[5]),
                _ => sum,
            };
        }
        places
    }
}

/// [`output`] turned round, for gradients: a line of `SIDE` places of the output's becomes the sums'.
#[inline(always)]
pub(crate) unsafe fn output_gradient<V: F32, const SIDE: usize>(y: [V; SIDE]) -> [V; LINE] {
    unsafe {
        let zero = V::splat(0.0);
        let (mut even_a, mut odd_a, mut even_b, mut odd_b) = (y[0], zero, y[0], zero);
        for i in 1..SIDE {
            let [a, b] = POWERS.map(|powers| V::splat(powers[i]));
            if i.is_multiple_of(2) {
                (even_a, even_b) = (a.mul_add(y[i], even_a), b.mul_add(y[i], even_b));
            } else {
                (odd_a, odd_b) = (a.mul_add(y[i], odd_a), b.mul_add(y[i], odd_b));
            }
        }
        [y[0], even_a.add(odd_a), even_a.sub(odd_a), even_b.add(odd_b), even_b.sub(odd_b), y[SIDE - 1]]
    }
}

/// One over the product of a point's distances from the others: of 0, of a and -a, of b and -b.
const WEIGHTS: [f32; 3] = [1.0 / (A2 * B2), 0.5 / (A2 * (A2 - B2)), 0.5 / (B2 * (B2 - A2))];

/// What a line of a kernel becomes.
#[inline(always)]
pub(crate) unsafe fn kernel<V: F32, const SIDE: usize>(g: [V; SIDE]) -> [V; LINE] {
    unsafe {
        let p = output_gradient(g);
        let [zero, a, b] = WEIGHTS.map(|weight| V::splat(weight));
        [p[0].mul(zero), p[1].mul(a), p[2].mul(a), p[3].mul(b), p[4].mul(b), p[5]]
    }
}

/// [`kernel`] turned round, for gradients: a line of points becomes a kernel's.
#[inline(always)]
pub(crate) unsafe fn kernel_gradient<V: F32, const SIDE: usize>(u: [V; LINE]) -> [V; SIDE] {
    unsafe {
        let [zero, a, b] = WEIGHTS.map(|weight| V::splat(weight));
        output([u[0].mul(zero), u[1].mul(a), u[2].mul(a), u[3].mul(b), u[4].mul(b), u[5]])
    }
}
