//! WebAssembly's 128-bit vectors: 4 values per vector, where the module is compiled with them (`-Ctarget-feature=+simd128`).
//! Products are added in two roundings, or in one where it is compiled with relaxed vectors too (`+relaxed-simd`) and the
//! processor can.

use std::arch::wasm32::*;

use crate::cpu::simd::{F32, memory};

#[derive(Clone, Copy)]
pub(crate) struct Wasm(v128);

impl F32 for Wasm {
    const LANES: usize = 4;
    /// WebAssembly has no registers; x86 processors have 16 for what it becomes.
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Wasm(f32x4_splat(x))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Wasm(memory! { v128_load(from.cast()) })
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self {
        let all = f32x4_splat(fill);
        memory! {
            Wasm(match count {
                0 => all,
                1 => v128_load32_lane::<0>(all, from.cast()),
                2 => v128_load64_lane::<0>(all, from.cast()),
                3 => v128_load32_lane::<2>(v128_load64_lane::<0>(all, from.cast()), from.add(2).cast()),
                _ => v128_load(from.cast()),
            })
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        memory! { v128_store(to.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, count: usize) {
        memory! {
            match count {
                0 => {}
                1 => v128_store32_lane::<0>(self.0, to.cast()),
                2 => v128_store64_lane::<0>(self.0, to.cast()),
                3 => {
                    v128_store64_lane::<0>(self.0, to.cast());
                    v128_store32_lane::<2>(self.0, to.add(2).cast());
                }
                _ => v128_store(to.cast(), self.0),
            }
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        let bytes = memory! { v128_load32_zero(from.cast()) };
        Wasm(f32x4_convert_i32x4(i32x4_extend_low_i16x8(i16x8_extend_low_u8x16(bytes))))
    }
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        let mut bytes = [0u8; 4];
        memory! {
            for (i, byte) in bytes.iter_mut().enumerate().take(count) {
                *byte = *from.add(i);
            }
            Self::load_bytes(bytes.as_ptr())
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Wasm(f32x4_add(self.0, other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Wasm(f32x4_sub(self.0, other.0))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Wasm(f32x4_mul(self.0, other.0))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Wasm(f32x4_div(self.0, other.0))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Wasm(f32x4_sqrt(self.0))
    }
    #[inline(always)]
    fn where_positive(self, sign: Self) -> Self {
        Wasm(v128_and(self.0, f32x4_gt(sign.0, f32x4_splat(0.0))))
    }
    #[inline(always)]
    fn where_not_positive(self, sign: Self) -> Self {
        Wasm(v128_andnot(self.0, f32x4_gt(sign.0, f32x4_splat(0.0))))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Wasm(f32x4_relaxed_madd(self.0, factor.0, term.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        Wasm(f32x4_add(f32x4_mul(self.0, factor.0), term.0))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // `pmax(a, b)` is b where a < b, else a
        Wasm(f32x4_pmax(other.0, self.0))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Wasm(f32x4_pmin(other.0, self.0))
    }
    #[inline(always)]
    fn round(self) -> Self {
        Wasm(f32x4_nearest(self.0))
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        Wasm(i32x4_shl(i32x4_add(i32x4_trunc_sat_f32x4(self.0), i32x4_splat(127)), 23))
    }
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        let pairs = f32x4_add(self.0, i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0));
        f32x4_extract_lane::<0>(pairs) + f32x4_extract_lane::<1>(pairs)
    }
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        let pairs = f32x4_pmax(self.0, i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0));
        f32x4_extract_lane::<0>(pairs).max(f32x4_extract_lane::<1>(pairs))
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        memory! {
            let row = |at: usize| v128_load(from.add(at * from_stride).cast());
            let (a, b, c, d) = (row(0), row(1), row(2), row(3));
            let (ab, ab_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
            let (cd, cd_high) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
            v128_store(to.cast(), i64x2_shuffle::<0, 2>(ab, cd));
            v128_store(to.add(to_stride).cast(), i64x2_shuffle::<1, 3>(ab, cd));
            v128_store(to.add(2 * to_stride).cast(), i64x2_shuffle::<0, 2>(ab_high, cd_high));
            v128_store(to.add(3 * to_stride).cast(), i64x2_shuffle::<1, 3>(ab_high, cd_high));
        }
    }
    #[inline(always)]
    fn unzip(self, next: Self) -> (Self, Self) {
        let even = i32x4_shuffle::<0, 2, 4, 6>(self.0, next.0);
        (Wasm(even), Wasm(i32x4_shuffle::<1, 3, 5, 7>(self.0, next.0)))
    }
    #[inline(always)]
    fn zip(self, odd: Self) -> (Self, Self) {
        let first = i32x4_shuffle::<0, 4, 1, 5>(self.0, odd.0);
        (Wasm(first), Wasm(i32x4_shuffle::<2, 6, 3, 7>(self.0, odd.0)))
    }
}
