//! Plain arrays, for targets without a level of their own. Short, so that a compiler's baseline vectors hold one.

use crate::cpu::simd::{F32, memory};

pub(crate) const LANES: usize = 4;

#[derive(Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Portable([f32; LANES]);

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> Portable {
    Portable([f(0), f(1), f(2), f(3)])
}

impl F32 for Portable {
    const LANES: usize = LANES;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Portable([x; LANES])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Portable(memory! { from.cast::<[f32; LANES]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize, fill: f32) -> Self {
        each(|i| {
            if i < count {
                memory! { *from.add(i) }
            } else {
                fill
            }
        })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        memory! { to.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, count: usize) {
        for i in 0..LANES {
            if i < count {
                memory! { *to.add(i) = self.0[i] }
            }
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        let bytes = memory! { from.cast::<[u8; LANES]>().read() };
        each(|i| f32::from(bytes[i]))
    }
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        each(|i| if i < count { f32::from(memory! { *from.add(i) }) } else { 0.0 })
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        each(|i| self.0[i] + other.0[i])
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        each(|i| self.0[i] - other.0[i])
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        each(|i| self.0[i] * other.0[i])
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        each(|i| self.0[i] / other.0[i])
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        each(|i| self.0[i].sqrt())
    }
    #[inline(always)]
    fn where_positive(self, sign: Self) -> Self {
        each(|i| if sign.0[i] > 0.0 { self.0[i] } else { 0.0 })
    }
    #[inline(always)]
    fn where_not_positive(self, sign: Self) -> Self {
        each(|i| if sign.0[i] > 0.0 { 0.0 } else { self.0[i] })
    }
    /// In two roundings: `f32::mul_add` is a slow library call where the baseline has no such instruction.
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        each(|i| self.0[i] * factor.0[i] + term.0[i])
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        each(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        each(|i| if self.0[i] < other.0[i] { self.0[i] } else { other.0[i] })
    }
    #[inline(always)]
    fn round(self) -> Self {
        // adding and taking away 1.5 * 2^23 rounds where |x| < 2^22, which is all that `exp` needs
        let magic = 12_582_912.0;
        each(|i| (self.0[i] + magic) - magic)
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        each(|i| f32::from_bits(((self.0[i] as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    fn reduce_sum(self) -> f32 {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }
    #[inline(always)]
    fn reduce_max(self) -> f32 {
        self.0[0].max(self.0[1]).max(self.0[2].max(self.0[3]))
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for column in 0..LANES {
            memory! { each(|row| *from.add(row * from_stride + column)).store(to.add(column * to_stride)) }
        }
    }
    #[inline(always)]
    fn unzip(self, next: Self) -> (Self, Self) {
        let at = |i: usize| if i < LANES { self.0[i] } else { next.0[i - LANES] };
        (each(|i| at(2 * i)), each(|i| at(2 * i + 1)))
    }
    #[inline(always)]
    fn zip(self, odd: Self) -> (Self, Self) {
        let at = |i: usize| if i.is_multiple_of(2) { self.0[i / 2] } else { odd.0[i / 2] };
        (each(at), each(|i| at(LANES + i)))
    }
}
