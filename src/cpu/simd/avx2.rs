//! AVX2 and FMA: 8 values per vector, 16 registers.

use std::arch::x86_64::*;

use crate::cpu::simd::{F32, instructions, memory};

#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// The 8 words of this that begin `count` before the middle have their first `count` words set.
const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn mask(count: usize) -> __m256i {
    // SAFETY: count <= 8, so the window lies inside; the level's instructions are enabled, see `F32`.
    unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast()) }
}

/// Four values of a row and of the fourth row after it. A transposition of such vectors stays within their
/// halves.
#[inline(always)]
unsafe fn in_halves(from: *const f32, stride: usize) -> __m256 {
    // SAFETY: as `F32::transpose` asks.
    unsafe {
        let (low, high) = (_mm_loadu_ps(from), _mm_loadu_ps(from.add(4 * stride)));
        _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high)
    }
}

impl F32 for Avx2 {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Avx2(instructions! { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Avx2(memory! { _mm256_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self {
        memory! {
            if count == 8 {
                return Self::load(from);
            }
            let mask = mask(count);
            let values = _mm256_maskload_ps(from, mask);
            Avx2(_mm256_blendv_ps(_mm256_set1_ps(fill), values, _mm256_castsi256_ps(mask)))
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        memory! { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, count: usize) {
        // By parts: AMD's processors take dozens of cycles for a masked store.
        memory! {
            if count == 8 {
                return self.store(to);
            }
            let (mut rest, mut to) = (_mm256_castps256_ps128(self.0), to);
            if count & 4 != 0 {
                _mm_storeu_ps(to, rest);
                (rest, to) = (_mm256_extractf128_ps::<1>(self.0), to.add(4));
            }
            if count & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                (rest, to) = (_mm_movehl_ps(rest, rest), to.add(2));
            }
            if count & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Avx2(memory! { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) })
    }
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        let mut bytes = [0u8; 8];
        memory! {
            std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), count);
            Self::load_bytes(bytes.as_ptr())
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Avx2(instructions! { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn where_positive(self, sign: Self) -> Self {
        Avx2(
            instructions! { _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_GT_OQ>(sign.0, _mm256_setzero_ps())) },
        )
    }
    #[inline(always)]
    fn where_not_positive(self, sign: Self) -> Self {
        Avx2(
            instructions! { _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(sign.0, _mm256_setzero_ps()), self.0) },
        )
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Avx2(instructions! { _mm256_fmadd_ps(self.0, factor.0, term.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Avx2(instructions! { _mm256_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Avx2(instructions! { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        instructions! {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            Avx2(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
        }
    }
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        instructions! {
            let halves = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
            _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
        }
    }
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        instructions! {
            let halves = _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let pairs = _mm_max_ps(halves, _mm_movehl_ps(halves, halves));
            _mm_cvtss_f32(_mm_max_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
        }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        memory! {
            for half in 0..2 {
                let from = from.add(4 * half);
                let (a, b) = (in_halves(from, from_stride), in_halves(from.add(from_stride), from_stride));
                let from = from.add(2 * from_stride);
                let (c, d) = (in_halves(from, from_stride), in_halves(from.add(from_stride), from_stride));
                let (ab, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                let to = to.add(4 * half * to_stride);
                _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(ab, cd));
                _mm256_storeu_ps(to.add(to_stride), _mm256_shuffle_ps::<0xee>(ab, cd));
                _mm256_storeu_ps(to.add(2 * to_stride), _mm256_shuffle_ps::<0x44>(ab_high, cd_high));
                _mm256_storeu_ps(to.add(3 * to_stride), _mm256_shuffle_ps::<0xee>(ab_high, cd_high));
            }
        }
    }
    #[inline(always)]
    fn unzip(self, next: Self) -> (Self, Self) {
        instructions! {
            // within halves, then the quarters in order
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0x88>(self.0, next.0));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0xdd>(self.0, next.0));
            let even = _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(even));
            (Avx2(even), Avx2(_mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(odd))))
        }
    }
    #[inline(always)]
    fn zip(self, odd: Self) -> (Self, Self) {
        instructions! {
            let (low, high) = (_mm256_unpacklo_ps(self.0, odd.0), _mm256_unpackhi_ps(self.0, odd.0));
            let first = _mm256_permute2f128_ps::<0x20>(low, high);
            (Avx2(first), Avx2(_mm256_permute2f128_ps::<0x31>(low, high)))
        }
    }
}
