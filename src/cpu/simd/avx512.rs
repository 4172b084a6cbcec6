//! AVX-512: 16 values per vector, 32 registers, partial vectors by masks.

use std::arch::x86_64::*;

use crate::cpu::simd::avx2::Avx2;
use crate::cpu::simd::{F32, instructions, memory};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

#[inline(always)]
fn mask(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

impl F32 for Avx512 {
    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Avx512(instructions! { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Avx512(memory! { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self {
        Avx512(memory! { _mm512_mask_loadu_ps(_mm512_set1_ps(fill), mask(count), from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        memory! { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, count: usize) {
        memory! { _mm512_mask_storeu_ps(to, mask(count), self.0) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Avx512(memory! { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) })
    }
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        memory! {
            let bytes = _mm_maskz_loadu_epi8(mask(count), from.cast());
            Avx512(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Avx512(instructions! { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn where_positive(self, sign: Self) -> Self {
        instructions! {
            let mask = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign.0, _mm512_setzero_ps());
            Avx512(_mm512_maskz_mov_ps(mask, self.0))
        }
    }
    #[inline(always)]
    fn where_not_positive(self, sign: Self) -> Self {
        instructions! {
            let mask = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign.0, _mm512_setzero_ps());
            Avx512(_mm512_maskz_mov_ps(!mask, self.0))
        }
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Avx512(instructions! { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Avx512(instructions! { _mm512_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Avx512(
            instructions! { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) },
        )
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        instructions! {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
            Avx512(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent)))
        }
    }
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        instructions! { _mm512_reduce_add_ps(self.0) }
    }
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        instructions! { _mm512_reduce_max_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for at in 0..4 {
            let (row, column) = (at / 2 * 8, at % 2 * 8);
            memory! {
                let (from, to) = (from.add(row * from_stride + column), to.add(column * to_stride + row));
                Avx2::transpose(from, from_stride, to, to_stride);
            }
        }
    }
    #[inline(always)]
    fn unzip(self, next: Self) -> (Self, Self) {
        instructions! {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_or_epi32(even, _mm512_set1_epi32(1));
            let even = _mm512_permutex2var_ps(self.0, even, next.0);
            (Avx512(even), Avx512(_mm512_permutex2var_ps(self.0, odd, next.0)))
        }
    }
    #[inline(always)]
    fn zip(self, odd: Self) -> (Self, Self) {
        instructions! {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
            let low = _mm512_permutex2var_ps(self.0, low, odd.0);
            (Avx512(low), Avx512(_mm512_permutex2var_ps(self.0, high, odd.0)))
        }
    }
}
