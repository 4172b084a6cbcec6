//! NEON: 4 values per vector, 32 registers.

use std::arch::aarch64::*;

use crate::cpu::simd::{F32, instructions, memory};

#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t);

impl F32 for Neon {
    const LANES: usize = 4;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Neon(instructions! { vdupq_n_f32(x) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Neon(memory! { vld1q_f32(from) })
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self {
        let mut values = [fill; 4];
        memory! {
            std::ptr::copy_nonoverlapping(from, values.as_mut_ptr(), count);
            Self::load(values.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        memory! { vst1q_f32(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, count: usize) {
        let mut values = [0.0; 4];
        memory! {
            self.store(values.as_mut_ptr());
            std::ptr::copy_nonoverlapping(values.as_ptr(), to, count);
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        memory! {
            let word = from.cast::<u32>().read_unaligned();
            let bytes = vcreate_u8(u64::from(u32::from_le(word)));
            Neon(vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes)))))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        let mut bytes = [0u8; 4];
        memory! {
            std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), count);
            Self::load_bytes(bytes.as_ptr())
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Neon(instructions! { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Neon(instructions! { vsubq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Neon(instructions! { vmulq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Neon(instructions! { vdivq_f32(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Neon(instructions! { vsqrtq_f32(self.0) })
    }
    #[inline(always)]
    fn where_positive(self, sign: Self) -> Self {
        Neon(instructions! { vbslq_f32(vcgtzq_f32(sign.0), self.0, vdupq_n_f32(0.0)) })
    }
    #[inline(always)]
    fn where_not_positive(self, sign: Self) -> Self {
        Neon(instructions! { vbslq_f32(vcgtzq_f32(sign.0), vdupq_n_f32(0.0), self.0) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Neon(instructions! { vfmaq_f32(term.0, self.0, factor.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Neon(instructions! { vbslq_f32(vcgtq_f32(self.0, other.0), self.0, other.0) })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Neon(instructions! { vbslq_f32(vcltq_f32(self.0, other.0), self.0, other.0) })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Neon(instructions! { vrndnq_f32(self.0) })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        instructions! {
            let exponent = vaddq_s32(vcvtq_s32_f32(self.0), vdupq_n_s32(127));
            Neon(vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent)))
        }
    }
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        instructions! { vaddvq_f32(self.0) }
    }
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        instructions! { vmaxvq_f32(self.0) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        memory! {
            // [a0 b0 a2 b2] and [a1 b1 a3 b3], and the same for c and d: each column consists of one half of
            // each.
            let ab = vtrnq_f32(vld1q_f32(from), vld1q_f32(from.add(from_stride)));
            let from = from.add(2 * from_stride);
            let cd = vtrnq_f32(vld1q_f32(from), vld1q_f32(from.add(from_stride)));
            vst1q_f32(to, vcombine_f32(vget_low_f32(ab.0), vget_low_f32(cd.0)));
            vst1q_f32(to.add(to_stride), vcombine_f32(vget_low_f32(ab.1), vget_low_f32(cd.1)));
            vst1q_f32(to.add(2 * to_stride), vcombine_f32(vget_high_f32(ab.0), vget_high_f32(cd.0)));
            vst1q_f32(to.add(3 * to_stride), vcombine_f32(vget_high_f32(ab.1), vget_high_f32(cd.1)));
        }
    }
    #[inline(always)]
    fn unzip(self, next: Self) -> (Self, Self) {
        instructions! { (Neon(vuzp1q_f32(self.0, next.0)), Neon(vuzp2q_f32(self.0, next.0))) }
    }
    #[inline(always)]
    fn zip(self, odd: Self) -> (Self, Self) {
        instructions! { (Neon(vzip1q_f32(self.0, odd.0)), Neon(vzip2q_f32(self.0, odd.0))) }
    }
}
