//! Convolutions of one image, read from padded planes: a tile of channels x vectors of neighbouring places is kept in
//! registers while all taps pass by. A tap is one weight a channel and one unaligned load a vector.
//!
//! Every value is one chain of additions in the order of the taps, whatever tile it falls in: its bits do not depend on
//! how work is cut.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use crate::cpu::simd::F32;

/// Most channels of a tile, for 32 and for 16 vector registers.
const fn most_channels(registers: usize) -> usize {
    if registers == 32 { 14 } else { 6 }
}

/// With so few channels a tile is four vectors wide where registers allow it, else two.
const FEW_CHANNELS: usize = 6;

/// The widest vectors, in floats.
const MOST_LANES: usize = 16;

/// What is computed: `out[o, y, x] = finish(sum over taps of weights[o, tap] * planes[offset of tap + y * pitch + x])`.
#[derive(Clone, Copy)]
pub(crate) struct Sliding {
    /// Distance of each tap from its place, `[taps]`.
    pub offsets: *const u32,
    pub taps: usize,
    /// As [`pack`] lays them out.
    pub weights: *const f32,
    pub channels: usize,
    /// Places, and values of a plane from one row of places to the next.
    pub sides: [usize; 2],
    pub pitch: usize,
    /// Values of `out` from one channel, row and column to the next.
    pub strides: [usize; 3],
    /// `[channels]`, or null.
    pub bias: *const f32,
    pub relu: bool,
}

/// The blocks that `channels` fall into: how many, and where block `b` begins.
fn blocks<V: F32>(channels: usize) -> usize {
    channels.div_ceil(most_channels(V::REGISTERS))
}

/// Weights `[channels, taps]`, read through `weight(channel, tap)`, as tiles take them: for each block of channels
/// `[taps, channels of the block]`.
///
/// # Safety
/// `to` has room for `channels * taps` floats.
#[inline(always)]
pub(crate) unsafe fn pack<V: F32>(
    channels: usize,
    taps: usize,
    weight: impl Fn(usize, usize) -> f32,
    to: *mut f32,
) {
    let blocks = blocks::<V>(channels);
    for b in 0..blocks {
        let (start, end) = (channels * b / blocks, channels * (b + 1) / blocks);
        for channel in start..end {
            for tap in 0..taps {
                let at = start * taps + tap * (end - start) + (channel - start);
                unsafe { *to.add(at) = weight(channel, tap) }
            }
        }
    }
}

/// A vector of places: where it reads from and what of it is stored.
#[derive(Clone, Copy)]
enum Vector {
    /// Places of one row: the first, and how many there are.
    Row { y: usize, x: usize, count: usize },
    /// Places one after another over the ends of rows, with the columns between rows that no one wants.
    Flat { at: usize },
}

impl Sliding {
    /// Whether vectors run over the ends of rows: they do where rows would leave much of theirs empty.
    fn is_flat<V: F32>(&self) -> bool {
        let [height, width] = self.sides;
        let rows = height * width.div_ceil(V::LANES);
        let flat = self.flat_places().div_ceil(V::LANES);
        20 * flat < 19 * rows
    }

    fn flat_places(&self) -> usize {
        let [height, width] = self.sides;
        (height - 1) * self.pitch + width
    }

    fn vectors<V: F32>(&self) -> usize {
        let [height, width] = self.sides;
        if self.is_flat::<V>() {
            self.flat_places().div_ceil(V::LANES)
        } else {
            height * width.div_ceil(V::LANES)
        }
    }

    fn vector<V: F32>(&self, number: usize) -> Vector {
        if self.is_flat::<V>() {
            return Vector::Flat { at: number * V::LANES };
        }
        let across = self.sides[1].div_ceil(V::LANES);
        let (y, x) = (number / across, number % across * V::LANES);
        Vector::Row { y, x, count: V::LANES.min(self.sides[1] - x) }
    }

    /// All channels of one image.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, the planes for [`crate::cpu::conv::direct::padded_planes::SLACK`] floats more.
    #[inline(always)]
    pub unsafe fn run<V: F32>(&self, planes: *const f32, out: *mut f32) {
        if self.sides.contains(&0) || self.channels == 0 {
            return;
        }
        let (blocks, vectors) = (blocks::<V>(self.channels), self.vectors::<V>());
        for b in 0..blocks {
            let (start, end) = (self.channels * b / blocks, self.channels * (b + 1) / blocks);
            let mut at = 0;
            unsafe {
                if V::REGISTERS == 32 && end - start <= FEW_CHANNELS {
                    while at + 4 <= vectors {
                        self.by_channels::<V, 4>(planes, out, start, end, at);
                        at += 4;
                    }
                }
                while at + 2 <= vectors {
                    self.by_channels::<V, 2>(planes, out, start, end, at);
                    at += 2;
                }
                if at < vectors {
                    self.by_channels::<V, 1>(planes, out, start, end, at);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn by_channels<V: F32, const N: usize>(
        &self,
        planes: *const f32,
        out: *mut f32,
        start: usize,
        end: usize,
        at: usize,
    ) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match end - start {
                    $($count
                        if $count <= most_channels(V::REGISTERS) && (N < 4 || $count <= FEW_CHANNELS) =>
                    {
                        self.tile::<V, $count, N>(planes, out, start, at)
                    })*
                    _ => {}
                }
            };
        }
        unsafe { counts!(1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
    }

    /// `R` channels from `channel` on, `N` vectors from number `at` on.
    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(
        &self,
        planes: *const f32,
        out: *mut f32,
        channel: usize,
        at: usize,
    ) {
        unsafe {
            let mut bases = [planes; N];
            for n in 0..N {
                bases[n] = planes.add(match self.vector::<V>(at + n) {
                    Vector::Row { y, x, .. } => y * self.pitch + x,
                    Vector::Flat { at } => at,
                });
            }
            let mut sums = [[V::splat(0.0); N]; R];
            let mut weights = self.weights.add(channel * self.taps);
            for tap in 0..self.taps {
                let offset = *self.offsets.add(tap) as usize;
                let mut values = [V::splat(0.0); N];
                for n in 0..N {
                    values[n] = V::load(bases[n].add(offset));
                }
                for r in 0..R {
                    let weight = V::splat(*weights.add(r));
                    for n in 0..N {
                        sums[r][n] = weight.mul_add(values[n], sums[r][n]);
                    }
                }
                weights = weights.add(R);
            }
            for r in 0..R {
                let bias = if self.bias.is_null() { 0.0 } else { *self.bias.add(channel + r) };
                let out = out.add((channel + r) * self.strides[0]);
                for n in 0..N {
                    let mut sum = sums[r][n].add(V::splat(bias));
                    if self.relu {
                        sum = sum.max(V::splat(0.0));
                    }
                    self.store(out, self.vector::<V>(at + n), sum);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store<V: F32>(&self, out: *mut f32, vector: Vector, sum: V) {
        let [_, down, across] = self.strides;
        unsafe {
            if let (Vector::Row { y, x, count }, 1) = (vector, across) {
                let to = out.add(y * down + x);
                if count == V::LANES {
                    sum.store(to)
                } else {
                    sum.store_partial(to, count)
                }
                return;
            }
            let mut values = [0.0; MOST_LANES];
            sum.store(values.as_mut_ptr());
            let (mut y, mut x, count) = match vector {
                Vector::Row { y, x, count } => (y, x, count),
                Vector::Flat { at } => (at / self.pitch, at % self.pitch, V::LANES),
            };
            for value in values.iter().take(count) {
                if x < self.sides[1] && y < self.sides[0] {
                    *out.add(y * down + x * across) = *value;
                }
                x += 1;
                if x == self.pitch {
                    (y, x) = (y + 1, 0);
                }
            }
        }
    }
}
