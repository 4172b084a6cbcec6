//! Vectors of float32: one trait, one type a level. Kernels are written once over the trait.
//!
//! Everything here is `#[inline(always)]`, so that it melts into the one function a level that `by_level!` makes
//! and that has the level's instructions enabled. Called from anywhere else it would be slow, or crash where the
//! machine lacks the instructions: hence `unsafe` throughout.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod level;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;

/// A vector of float32.
///
/// # Safety
/// Of every function: the machine has the level's instructions, and pointers are good for the values moved
/// (`LANES`, or `count <= LANES` where one is given). No alignment is asked for.
pub(crate) trait F32: Copy {
    const LANES: usize;
    /// Vector registers: 32 or 16. Kernels choose their blocks by it.
    const REGISTERS: usize;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `count` values, the rest `fill`.
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_partial(self, to: *mut f32, count: usize);
    /// Bytes as floats, 0 to 255.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// The first `count` bytes, the rest 0.
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self;

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn sqrt(self) -> Self;
    /// `self` where `sign` is greater than 0, else 0 (where `sign` is NaN, too).
    unsafe fn where_positive(self, sign: Self) -> Self;
    /// `self` where `sign` is not greater than 0, else 0.
    unsafe fn where_not_positive(self, sign: Self) -> Self;
    /// `self * factor + term`.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self` where it is greater, else `other`: `other` if either is NaN.
    unsafe fn max(self, other: Self) -> Self;
    /// `self` where it is less, else `other`: `other` if either is NaN.
    unsafe fn min(self, other: Self) -> Self;
    /// To the nearest whole number.
    unsafe fn round(self) -> Self;
    /// 2 to the power of each value, whole numbers from -127 to 127; -127 gives 0.
    unsafe fn power_of_two(self) -> Self;
    unsafe fn reduce_sum(self) -> f32;
    unsafe fn reduce_max(self) -> f32;

    /// Of `2 * LANES` values in a row, those at even places and those at odd ones.
    unsafe fn unzip(self, next: Self) -> (Self, Self);
    /// The way back: a value of each in turn.
    unsafe fn zip(self, odd: Self) -> (Self, Self);

    /// `LANES` rows of `LANES` values become columns; rows lie `from_stride` and `to_stride` values apart. What is
    /// written must not overlap what is read.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);
}

/// exp(x), to about 2 units of the last place; 0 below -87.7, NaN for NaN. Above 88 it stays where it is at 88.
///
/// # Safety
/// As [`F32`].
#[inline(always)]
pub(crate) unsafe fn exp<V: F32>(x: V) -> V {
    // SAFETY: as promised by the caller.
    unsafe {
        let x = V::splat(-88.0).max(V::splat(88.0).min(x));
        let n = x.mul(V::splat(std::f32::consts::LOG2_E)).round();
        // ln 2 in two parts, the first exact in few bits, so that the difference loses nothing
        let x = n.mul_add(V::splat(-0.693_359_4), x);
        let x = n.mul_add(V::splat(2.121_944_4e-4), x);
        // Cephes' expf
        let mut p = V::splat(1.987_569_1e-4);
        for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
            p = p.mul_add(x, V::splat(c));
        }
        let y = p.mul_add(x.mul(x), x.add(V::splat(1.0)));
        y.mul(n.power_of_two())
    }
}

/// tanh(x), to about 3 units of the last place.
///
/// # Safety
/// As [`F32`].
#[inline(always)]
pub(crate) unsafe fn hyperbolic_tangent<V: F32>(x: V) -> V {
    // SAFETY: as promised by the caller.
    unsafe {
        // Near 0 the exponential's difference to 1 would cancel: there a polynomial (Cephes' tanhf) stands in.
        let square = x.mul(x);
        let mut p = V::splat(-5.704_988_7e-3);
        for c in [2.063_909e-2, -5.373_971e-2, 1.333_144_2e-1, -3.333_328e-1] {
            p = p.mul_add(square, V::splat(c));
        }
        let near = p.mul(square).mul_add(x, x);
        // tanh |x| = 1 - 2 / (exp(2 |x|) + 1)
        let magnitude = x.max(V::splat(0.0).sub(x)).min(V::splat(9.0));
        let e = exp(magnitude.add(magnitude));
        let far = V::splat(1.0).sub(V::splat(2.0).div(e.add(V::splat(1.0))));
        let far = far.where_positive(x).sub(far.where_positive(V::splat(0.0).sub(x)));
        let is_far = magnitude.sub(V::splat(0.625));
        far.where_positive(is_far).add(near.where_not_positive(is_far))
    }
}

/// Makes `name(level, args…)`, which runs the generic `body::<V>(args…)` with the level's vectors and with the
/// level's instructions enabled.
macro_rules! by_level {
    ($(#[$attribute:meta])* $vis:vis unsafe fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?)) => {
        $(#[$attribute])*
        $vis unsafe fn $name(level: $crate::cpu::Level, $($arg: $type),*) {
            use $crate::cpu::{Level, simd};

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
            unsafe fn avx512($($arg: $type),*) {
                unsafe { $body::<simd::avx512::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $type),*) {
                unsafe { $body::<simd::avx2::Avx2>($($arg),*) }
            }
            // SAFETY: levels are made only where the machine has them; the rest is the caller's promise.
            unsafe {
                match level {
                    Level::Portable => $body::<simd::portable::Portable>($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => avx2($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 | Level::Avx512Split => avx512($($arg),*),
                    #[cfg(target_arch = "aarch64")]
                    Level::Neon => $body::<simd::neon::Neon>($($arg),*),
                }
            }
        }
    };
}
pub(crate) use by_level;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Level;

    #[inline(always)]
    unsafe fn exp_all<V: F32>(x: &[f32], out: &mut [f32]) {
        for i in (0..x.len()).step_by(V::LANES) {
            let count = V::LANES.min(x.len() - i);
            unsafe {
                let y = exp(V::load_partial(x.as_ptr().add(i), count, 0.0));
                y.store_partial(out.as_mut_ptr().add(i), count);
            }
        }
    }
    by_level!(unsafe fn exp_at = exp_all(x: &[f32], out: &mut [f32]));

    #[inline(always)]
    unsafe fn reduce_all<V: F32>(x: &[u8], sums: &mut [f32; 4]) {
        unsafe {
            let (full, part) = (V::load_bytes(x.as_ptr()), V::load_bytes_partial(x.as_ptr(), V::LANES - 1));
            *sums = [full.reduce_sum(), part.reduce_sum(), full.reduce_max(), part.reduce_max()];
        }
    }
    by_level!(unsafe fn reduce_at = reduce_all(x: &[u8], sums: &mut [f32; 4]));

    #[inline(always)]
    unsafe fn transpose_one<V: F32>(from: &[f32], to: &mut [f32]) {
        unsafe { V::transpose(from.as_ptr(), 20, to.as_mut_ptr(), 17) }
    }
    by_level!(unsafe fn transpose_at = transpose_one(from: &[f32], to: &mut [f32]));

    #[inline(always)]
    unsafe fn part_and_join<V: F32>(from: &[f32], parted: &mut [f32], joined: &mut [f32]) {
        unsafe {
            let (a, b) = V::load(from.as_ptr()).unzip(V::load(from.as_ptr().add(V::LANES)));
            a.store(parted.as_mut_ptr());
            b.store(parted.as_mut_ptr().add(V::LANES));
            let (a, b) = a.zip(b);
            a.store(joined.as_mut_ptr());
            b.store(joined.as_mut_ptr().add(V::LANES));
        }
    }
    by_level!(unsafe fn part_and_join_at = part_and_join(from: &[f32], parted: &mut [f32], joined: &mut [f32]));

    #[test]
    fn even_and_odd_places_part_and_join_at_every_level() {
        let from: Vec<f32> = (0..32).map(|i| i as f32).collect();
        for level in Level::available() {
            let (lanes, mut parted, mut joined) = (level.lanes(), vec![0.0; 32], vec![0.0; 32]);
            unsafe { part_and_join_at(level, &from, &mut parted, &mut joined) };
            let wanted = |at: usize| (2 * (at % lanes) + at / lanes) as f32;
            assert!((0..2 * lanes).all(|at| parted[at] == wanted(at)), "{level}: {parted:?}");
            assert_eq!(joined[..2 * lanes], from[..2 * lanes], "{level}");
        }
    }

    #[test]
    fn rows_become_columns_at_every_level() {
        let from: Vec<f32> = (0..20 * 16).map(|i| i as f32).collect();
        for level in Level::available() {
            let (lanes, mut to) = (level.lanes(), vec![-1.0; 17 * 16]);
            unsafe { transpose_at(level, &from, &mut to) };
            for (at, value) in to.iter().enumerate() {
                let (row, column) = (at / 17, at % 17);
                let inside = row < lanes && column < lanes;
                assert_eq!(*value, if inside { from[column * 20 + row] } else { -1.0 }, "{level}");
            }
        }
    }

    #[test]
    fn exp_is_accurate_at_every_level() {
        let x: Vec<f32> = (0..20_001).map(|i| i as f32 / 20_000.0 * 174.0 - 87.0).collect();
        for level in Level::available() {
            let mut out = vec![0.0; x.len()];
            unsafe { exp_at(level, &x, &mut out) };
            for (x, y) in x.iter().zip(&out) {
                let exact = f64::from(*x).exp();
                assert!((f64::from(*y) / exact - 1.0).abs() < 3e-7, "{level}: exp({x}) = {y}");
            }
            let (x, mut out) = ([f32::NEG_INFINITY, f32::NAN, -1e4, 0.0], [1.0; 4]);
            unsafe { exp_at(level, &x, &mut out) };
            assert!(out[0] == 0.0 && out[1].is_nan() && out[2] == 0.0 && out[3] == 1.0, "{level}: {out:?}");
        }
    }

    #[inline(always)]
    unsafe fn turn<V: F32>(from: &[f32], to: &mut [f32]) {
        unsafe { V::transpose(from.as_ptr(), 19, to.as_mut_ptr(), 17) }
    }
    by_level!(unsafe fn turn_at = turn(from: &[f32], to: &mut [f32]));

    #[test]
    fn squares_are_turned_at_every_level() {
        let from: Vec<f32> = (0..16 * 19).map(|i| i as f32).collect();
        for level in Level::available() {
            let mut to = vec![-1.0; 16 * 17];
            unsafe { turn_at(level, &from, &mut to) };
            for (i, value) in to.iter().enumerate() {
                let (row, column) = (i / 17, i % 17);
                let inside = row.max(column) < level.lanes();
                let wanted = if inside { (column * 19 + row) as f32 } else { -1.0 };
                assert_eq!(*value, wanted, "{level}: row {row}, column {column}");
            }
        }
    }

    #[test]
    fn bytes_become_floats_at_every_level() {
        let x: Vec<u8> = (0..16).map(|i| 255 - 7 * i).collect();
        for level in Level::available() {
            let (lanes, mut sums) = (level.lanes(), [0.0; 4]);
            unsafe { reduce_at(level, &x, &mut sums) };
            let sum = |n: usize| x[..n].iter().map(|b| f32::from(*b)).sum::<f32>();
            assert_eq!(sums, [sum(lanes), sum(lanes - 1), 255.0, 255.0], "{level}");
        }
    }
}
