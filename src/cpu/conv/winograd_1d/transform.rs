//! The transforms along a row, in Toom and Cook's form.
//!
//! With the interpolation points p = 0, a, -a, b, -b and so on: inputs d become the coefficients of the products of (x - p)
//! over all other points; a kernel's row g becomes its values as a polynomial at the points, each divided by the product of
//! its point's distances from the others; sums of products s become output i, the sum of p^i s. The results for a and for
//! -a differ only in signs. Each `_gradient` is the transpose of the transform after which it is named.

// Loops over a tile have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use super::{OUTPUT_TILE, TAPS, TILE};
use crate::cpu::simd::F32;

/// Interpolation points besides 0, each with its negative.
const PAIRS: usize = 4;

/// Of the sets of four points between 3/8 and 3, the one with the smallest rounding error, found by trial: sums of 30 normal
/// products are off by 1.4e-6 of the largest at most; added up directly, by 0.7e-6.
const POINTS: [f64; PAIRS] = [0.5, 0.875, 1.5, 3.0];

/// `POWERS[i][j]` is point j to the power of i.
const POWERS: [[f32; PAIRS]; OUTPUT_TILE] = {
    let mut powers = [[1.0; PAIRS]; OUTPUT_TILE];
    let mut j = 0;
    while j < PAIRS {
        let (mut i, mut power) = (0, 1.0);
        while i < OUTPUT_TILE {
            powers[i][j] = power as f32;
            power *= POINTS[j];
            i += 1;
        }
        j += 1;
    }
    powers
};

/// Coefficients of the product of (x^2 - p^2) over the pairs, the lowest first: all pairs but `without`.
const fn product(without: usize) -> [f64; PAIRS + 1] {
    let mut product = [0.0; PAIRS + 1];
    product[0] = 1.0;
    let mut j = 0;
    while j < PAIRS {
        if j != without {
            let mut i = PAIRS;
            while i > 0 {
                product[i] = product[i - 1] - POINTS[j] * POINTS[j] * product[i];
                i -= 1;
            }
            product[0] *= -POINTS[j] * POINTS[j];
        }
        j += 1;
    }
    product
}

/// Those of the product of all pairs.
const WHOLE: [f32; PAIRS + 1] = {
    let (mut whole, mut i) = ([0.0; PAIRS + 1], 0);
    while i <= PAIRS {
        whole[i] = product(PAIRS)[i] as f32;
        i += 1;
    }
    whole
};

/// `REST[i][j]`: coefficient i of the product of all pairs but j. The highest is 1.
const REST: [[f32; PAIRS]; PAIRS] = {
    let mut rest = [[0.0; PAIRS]; PAIRS];
    let mut j = 0;
    while j < PAIRS {
        let mut i = 0;
        while i < PAIRS {
            rest[i][j] = product(j)[i] as f32;
            i += 1;
        }
        j += 1;
    }
    rest
};

/// One over the product of a point's distances from the others: for 0, then for each pair.
const WEIGHTS: [f64; PAIRS + 1] = {
    let mut weights = [1.0 / product(PAIRS)[0]; PAIRS + 1];
    let mut j = 0;
    while j < PAIRS {
        let square = POINTS[j] * POINTS[j];
        let (mut value, mut i) = (0.0, PAIRS);
        while i > 0 {
            i -= 1;
            value = value * square + product(j)[i];
        }
        weights[j + 1] = 1.0 / (2.0 * square * value);
        j += 1;
    }
    weights
};

/// The kernel transform: element `e` is the sum over taps of `KERNEL[e][tap] * g[tap]`.
pub(super) const KERNEL: [[f32; TAPS]; TILE] = {
    let mut kernel = [[0.0; TAPS]; TILE];
    kernel[0][0] = WEIGHTS[0] as f32;
    let mut point = 1;
    while point < TILE {
        let j = (point - 1) / 2;
        let sign = if point % 2 == 1 { 1.0 } else { -1.0 };
        let (mut tap, mut power) = (0, WEIGHTS[j + 1]);
        while tap < TAPS {
            kernel[point][tap] = power as f32;
            power *= sign * POINTS[j];
            tap += 1;
        }
        point += 1;
    }
    kernel
};

/// Nine inputs, transformed.
#[inline(always)]
pub(super) fn input<V: F32>(d: [V; TILE]) -> [V; TILE] {
    let mut to = [d[8]; TILE];
    for i in 0..PAIRS {
        to[0] = V::splat(WHOLE[i]).mul_add(d[2 * i], to[0]);
    }
    for j in 0..PAIRS {
        let (mut even, mut odd) = (d[8], d[7]);
        for i in 0..PAIRS - 1 {
            even = V::splat(REST[i][j]).mul_add(d[2 * i + 2], even);
            odd = V::splat(REST[i][j]).mul_add(d[2 * i + 1], odd);
        }
        to[2 * j + 1] = V::splat(POWERS[1][j]).mul_add(odd, even);
        to[2 * j + 2] = V::splat(-POWERS[1][j]).mul_add(odd, even);
    }
    to
}

/// The transpose of [`input`]: gradients of the nine inputs.
#[inline(always)]
pub(super) fn input_gradient<V: F32>(m: [V; TILE]) -> [V; TILE] {
    let mut to = [V::splat(0.0); TILE];
    for i in 0..PAIRS {
        to[2 * i] = V::splat(WHOLE[i]).mul(m[0]);
    }
    to[8] = m[0];
    for j in 0..PAIRS {
        let even = m[2 * j + 1].add(m[2 * j + 2]);
        let odd = V::splat(POWERS[1][j]).mul(m[2 * j + 1].sub(m[2 * j + 2]));
        for i in 0..PAIRS - 1 {
            to[2 * i + 2] = V::splat(REST[i][j]).mul_add(even, to[2 * i + 2]);
            to[2 * i + 1] = V::splat(REST[i][j]).mul_add(odd, to[2 * i + 1]);
        }
        to[8] = to[8].add(even);
        to[7] = to[7].add(odd);
    }
    to
}

/// Nine sums become five outputs.
#[inline(always)]
pub(super) fn output<V: F32>(s: [V; TILE]) -> [V; OUTPUT_TILE] {
    let zero = V::splat(0.0);
    let mut to = [s[0], zero, zero, zero, zero];
    for j in 0..PAIRS {
        let (even, odd) = (s[2 * j + 1].add(s[2 * j + 2]), s[2 * j + 1].sub(s[2 * j + 2]));
        to[0] = to[0].add(even);
        for i in 1..OUTPUT_TILE {
            let part = if i % 2 == 0 { even } else { odd };
            to[i] = V::splat(POWERS[i][j]).mul_add(part, to[i]);
        }
    }
    to
}

/// The transpose of [`output`]: five values of the output gradient, transformed.
#[inline(always)]
pub(super) fn output_gradient<V: F32>(y: [V; OUTPUT_TILE]) -> [V; TILE] {
    let mut to = [y[0]; TILE];
    for j in 0..PAIRS {
        let [_, one, two, three, four] = POWERS;
        let even = V::splat(four[j]).mul_add(y[4], V::splat(two[j]).mul_add(y[2], y[0]));
        let odd = V::splat(three[j]).mul_add(y[3], V::splat(one[j]).mul(y[1]));
        (to[2 * j + 1], to[2 * j + 2]) = (even.add(odd), even.sub(odd));
    }
    to
}

/// The transpose of the kernel transform: gradients of five taps.
#[inline(always)]
pub(super) fn kernel_gradient<V: F32>(u: [V; TILE]) -> [V; TAPS] {
    let mut weighted = [V::splat(WEIGHTS[0] as f32).mul(u[0]); TILE];
    for j in 0..PAIRS {
        let weight = V::splat(WEIGHTS[j + 1] as f32);
        weighted[2 * j + 1] = weight.mul(u[2 * j + 1]);
        weighted[2 * j + 2] = weight.mul(u[2 * j + 2]);
    }
    output(weighted)
}
