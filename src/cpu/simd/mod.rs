//! Vectors of float32: one trait, one type for each level of vector instructions. Loops are written once, over the trait, and
//! [`by_level!`] makes a function of them for every level.
//!
//! Everything here is `#[inline(always)]`: it must end up inside the functions that `by_level!` makes, which have the level's
//! instructions enabled. Code that is generic over [`F32`] runs nowhere else, so a vector's arithmetic is safe to call;
//! functions that take pointers are not. For slices there are [`F32::take`] and [`F32::put`].

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod level;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) mod wasm;

/// The vectors of the portable level. Whether a WebAssembly module has 128-bit vectors is decided when it is compiled, not at
/// run time: where it has, they are the baseline.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use portable::Portable as Baseline;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm::Wasm as Baseline;

/// Intrinsics that touch no memory.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! instructions {
    ($($body:tt)*) => {
        // SAFETY: code that is generic over `F32` runs with a level's vectors only inside the function that `by_level!` has made
        // for the level, where its instructions are enabled.
        unsafe { $($body)* }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use instructions;

/// Loads and stores, and the intrinsics around them.
macro_rules! memory {
    ($($body:tt)*) => {
        // SAFETY: the caller promises that the pointer is good for the values moved, see `F32`; the level's instructions are
        // enabled, as above.
        unsafe { $($body)* }
    };
}
use memory;

/// A vector of float32.
///
/// # Safety
/// Of every function that takes a pointer: it is good for the values moved (`LANES`, or `count <= LANES` where one is
/// given). It does not have to be aligned.
pub(crate) trait F32: Copy {
    const LANES: usize;
    /// Vector registers: 32 or 16. Register blocks are as large as they allow.
    const REGISTERS: usize;

    fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `count` values, the rest `fill`.
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_partial(self, to: *mut f32, count: usize);
    /// Bytes as floats, 0 to 255.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// The first `count` bytes, the rest 0.
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self;

    /// Up to `LANES` values of a slice from `start` on; the other lanes are `fill`.
    ///
    /// # Panics
    /// If `start` is past the slice's end.
    #[inline(always)]
    fn take(from: &[f32], start: usize, fill: f32) -> Self {
        let rest = &from[start..];
        // SAFETY: the slice has that many values.
        unsafe {
            match rest.len() >= Self::LANES {
                true => Self::load(rest.as_ptr()),
                false => Self::load_partial(rest.as_ptr(), rest.len(), fill),
            }
        }
    }

    /// Writes to a slice from `start` on, as many values as fit.
    ///
    /// # Panics
    /// If `start` is past the slice's end.
    #[inline(always)]
    fn put(self, to: &mut [f32], start: usize) {
        let rest = &mut to[start..];
        // SAFETY: the slice has that many values.
        unsafe {
            match rest.len() >= Self::LANES {
                true => self.store(rest.as_mut_ptr()),
                false => self.store_partial(rest.as_mut_ptr(), rest.len()),
            }
        }
    }

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    /// `self` where `sign` is greater than 0, else 0 (where `sign` is NaN, too).
    fn where_positive(self, sign: Self) -> Self;
    /// `self` where `sign` is not greater than 0, else 0.
    fn where_not_positive(self, sign: Self) -> Self;
    /// `self * factor + term`.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self` where it is greater, else `other`: `other` if either is NaN.
    fn max(self, other: Self) -> Self;
    /// `self` where it is less, else `other`: `other` if either is NaN.
    fn min(self, other: Self) -> Self;
    /// To the nearest whole number.
    fn round(self) -> Self;
    /// 2 to the power of each value, whole numbers from -127 to 127; -127 gives 0.
    fn power_of_two(self) -> Self;
    fn reduce_sum(self) -> f32;
    fn reduce_max(self) -> f32;

    /// Of `2 * LANES` values in a row, those at even positions and those at odd ones.
    fn unzip(self, next: Self) -> (Self, Self);
    /// The inverse: takes values from both vectors alternately.
    fn zip(self, odd: Self) -> (Self, Self);

    /// `LANES` rows of `LANES` values become columns; rows lie `from_stride` and `to_stride` values apart. What is
    /// written must not overlap what is read.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);
}

/// exp(x), to about 2 units of the last place; 0 below -87.7, NaN for NaN. Above 88 the result is exp(88).
#[inline(always)]
pub(crate) fn exp<V: F32>(x: V) -> V {
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

/// tanh(x), to about 3 units of the last place.
#[inline(always)]
pub(crate) fn hyperbolic_tangent<V: F32>(x: V) -> V {
    // Near 0 the digits of exp(2 |x|) - 1 would cancel: there a polynomial is used instead (Cephes' tanhf).
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

/// Makes `name(level, args…)`, which runs the generic `body::<V>(args…)` with the level's vectors and with the
/// level's instructions enabled. `unsafe fn` where the body is one.
macro_rules! by_level {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)?) => {
        $(#[$attribute])*
        $vis fn $name(level: $crate::cpu::Level, $($arg: $type),*) $(-> $result)? {
            use $crate::cpu::{Level, simd};

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
            fn avx512($($arg: $type),*) $(-> $result)? {
                $body::<simd::avx512::Avx512>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $type),*) $(-> $result)? {
                $body::<simd::avx2::Avx2>($($arg),*)
            }
            match level {
                Level::Portable => $body::<simd::Baseline>($($arg),*),
                // SAFETY: a device has the level only where the machine has its instructions.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 | Level::Avx512Split => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "aarch64")]
                Level::Neon => $body::<simd::neon::Neon>($($arg),*),
            }
        }
    };
    ($(#[$attribute:meta])* $vis:vis unsafe fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?)) => {
        $(#[$attribute])*
        $vis unsafe fn $name(level: $crate::cpu::Level, $($arg: $type),*) {
            use $crate::cpu::{Level, simd};

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
            unsafe fn avx512($($arg: $type),*) {
                // SAFETY: as the caller of `name` promises.
                unsafe { $body::<simd::avx512::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $type),*) {
                // SAFETY: as the caller of `name` promises.
                unsafe { $body::<simd::avx2::Avx2>($($arg),*) }
            }
            // SAFETY: a device has the level only where the machine has its instructions; the rest is the caller's promise.
            unsafe {
                match level {
                    Level::Portable => $body::<simd::Baseline>($($arg),*),
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
    fn exp_all<V: F32>(x: &[f32], out: &mut [f32]) {
        for i in (0..x.len()).step_by(V::LANES) {
            exp(V::take(x, i, 0.0)).put(out, i);
        }
    }
    by_level!(fn exp_at = exp_all(x: &[f32], out: &mut [f32]));

    #[inline(always)]
    fn reduce_all<V: F32>(x: &[u8; 16]) -> [f32; 4] {
        // SAFETY: no vector is longer than 16 values.
        let (full, part) =
            unsafe { (V::load_bytes(x.as_ptr()), V::load_bytes_partial(x.as_ptr(), V::LANES - 1)) };
        [full.reduce_sum(), part.reduce_sum(), full.reduce_max(), part.reduce_max()]
    }
    by_level!(fn reduce_at = reduce_all(x: &[u8; 16]) -> [f32; 4]);

    #[inline(always)]
    fn transpose_one<V: F32>(from: &[f32; 16 * 20], to: &mut [f32; 16 * 17]) {
        // SAFETY: no vector is longer than 16 values, and rows of 20 and 17 are longer than that.
        unsafe { V::transpose(from.as_ptr(), 20, to.as_mut_ptr(), 17) }
    }
    by_level!(fn transpose_at = transpose_one(from: &[f32; 16 * 20], to: &mut [f32; 16 * 17]));

    #[inline(always)]
    fn unzip_and_zip<V: F32>(from: &[f32], unzipped: &mut [f32], zipped: &mut [f32]) {
        let (even, odd) = V::take(from, 0, 0.0).unzip(V::take(from, V::LANES, 0.0));
        even.put(unzipped, 0);
        odd.put(unzipped, V::LANES);
        let (first, second) = even.zip(odd);
        first.put(zipped, 0);
        second.put(zipped, V::LANES);
    }
    by_level!(fn unzip_and_zip_at = unzip_and_zip(from: &[f32], unzipped: &mut [f32], zipped: &mut [f32]));

    #[inline(always)]
    fn copy<V: F32>(from: &[f32], to: &mut [f32]) {
        V::take(from, 1, 7.0).put(to, 0);
    }
    by_level!(fn copy_at = copy(from: &[f32], to: &mut [f32]));

    #[test]
    fn slices_are_read_and_written_no_further_than_their_end() {
        for level in Level::available() {
            for length in 0..=level.lanes() {
                let from: Vec<f32> = (0..=length).map(|i| i as f32).collect();
                // Where the slice ends the vector has the filling, which a longer slice shows.
                let mut to = [-1.0; 17];
                copy_at(level, &from, &mut to[..level.lanes()]);
                let wanted = |i: usize| if i < length { i as f32 + 1.0 } else { 7.0 };
                assert!((0..level.lanes()).all(|i| to[i] == wanted(i)), "{level} {length}: {to:?}");
                let mut to = [-1.0; 17];
                copy_at(level, &from, &mut to[..length]);
                assert!(to[length..].iter().all(|value| *value == -1.0), "{level} {length}: {to:?}");
            }
        }
    }

    #[test]
    fn even_and_odd_positions_part_and_join_at_every_level() {
        let from: Vec<f32> = (0..32).map(|i| i as f32).collect();
        for level in Level::available() {
            let (lanes, mut unzipped, mut zipped) = (level.lanes(), vec![0.0; 32], vec![0.0; 32]);
            unzip_and_zip_at(level, &from, &mut unzipped, &mut zipped);
            let wanted = |at: usize| (2 * (at % lanes) + at / lanes) as f32;
            assert!((0..2 * lanes).all(|at| unzipped[at] == wanted(at)), "{level}: {unzipped:?}");
            assert_eq!(zipped[..2 * lanes], from[..2 * lanes], "{level}");
        }
    }

    #[test]
    fn rows_become_columns_at_every_level() {
        let from: [f32; 16 * 20] = std::array::from_fn(|i| i as f32);
        for level in Level::available() {
            let (lanes, mut to) = (level.lanes(), [-1.0; 16 * 17]);
            transpose_at(level, &from, &mut to);
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
            exp_at(level, &x, &mut out);
            for (x, y) in x.iter().zip(&out) {
                let exact = f64::from(*x).exp();
                assert!((f64::from(*y) / exact - 1.0).abs() < 3e-7, "{level}: exp({x}) = {y}");
            }
            let (x, mut out) = ([f32::NEG_INFINITY, f32::NAN, -1e4, 0.0], [1.0; 4]);
            exp_at(level, &x, &mut out);
            assert!(out[0] == 0.0 && out[1].is_nan() && out[2] == 0.0 && out[3] == 1.0, "{level}: {out:?}");
        }
    }

    #[test]
    fn bytes_become_floats_at_every_level() {
        let x: [u8; 16] = std::array::from_fn(|i| 255 - 7 * i as u8);
        for level in Level::available() {
            let lanes = level.lanes();
            let sum = |n: usize| x[..n].iter().map(|b| f32::from(*b)).sum::<f32>();
            assert_eq!(reduce_at(level, &x), [sum(lanes), sum(lanes - 1), 255.0, 255.0], "{level}");
        }
    }
}
