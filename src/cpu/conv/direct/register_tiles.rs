//! The convolution of one padded image: a tile of output channels x vectors of neighbouring positions is kept in registers
//! during the loop over all taps. A tap costs one weight per channel and one unaligned load per vector.
//!
//! Every value is one chain of additions in the order of the taps, whatever tile it falls in: its bits do not depend on
//! how the work is divided.

// Loops over register tiles have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::{MAX_LANES, split_evenly};
use crate::cpu::simd::F32;

/// Most channels of a tile, for 32 and for 16 vector registers.
const fn most_channels(registers: usize) -> usize {
    if registers == 32 { 14 } else { 6 }
}

/// With so few channels a tile is four vectors wide where registers allow it, else two.
const FEW_CHANNELS: usize = 6;

/// `out[o, y, x] = finish(sum over taps of weights[o, tap] * image[tap_offsets[tap] + y * row_stride + x])`, where finish
/// adds the bias and applies ReLU.
#[derive(Clone, Copy)]
pub(super) struct ImageConvolution {
    /// Distance of each tap from its position, `[taps]`.
    pub tap_offsets: *const u32,
    pub taps: usize,
    /// As [`pack`] orders them.
    pub weights: *const f32,
    pub channels: usize,
    /// Height and width of the output.
    pub output: [usize; 2],
    /// From one row of the padded image to the next.
    pub row_stride: usize,
    /// From one channel, row and column of `out` to the next.
    pub out_strides: [usize; 3],
    /// `[channels]`, or null.
    pub bias: *const f32,
    pub relu: bool,
}

/// The blocks of channels that tiles work on, as even as possible.
fn channel_blocks<V: F32>(channels: usize) -> impl Iterator<Item = Range<usize>> {
    split_evenly(channels, most_channels(V::REGISTERS))
}

/// Weights `[channels, taps]`, read through `weight(channel, tap)`, in the order in which tiles read them: for each block
/// of channels `[taps, channels of the block]`.
///
/// # Safety
/// `to` has room for `channels * taps` floats.
#[inline(always)]
pub(super) unsafe fn pack<V: F32>(
    channels: usize,
    taps: usize,
    weight: impl Fn(usize, usize) -> f32,
    to: *mut f32,
) {
    for block in channel_blocks::<V>(channels) {
        for channel in block.clone() {
            for tap in 0..taps {
                let at = block.start * taps + tap * block.len() + (channel - block.start);
                *to.add(at) = weight(channel, tap);
            }
        }
    }
}

/// Neighbouring output positions that one vector holds.
#[derive(Clone, Copy)]
enum Positions {
    /// In one row: the first, and how many there are.
    Row { y: usize, x: usize, count: usize },
    /// On over the ends of rows, including the padded image's extra columns, which are not stored.
    Flat { start: usize },
}

impl ImageConvolution {
    /// Whether vectors run on over the ends of rows: they do where separate rows would leave much of them empty.
    fn is_flat<V: F32>(&self) -> bool {
        let [height, width] = self.output;
        let rows = height * width.div_ceil(V::LANES);
        let flat = self.flat_positions().div_ceil(V::LANES);
        20 * flat < 19 * rows
    }

    fn flat_positions(&self) -> usize {
        let [height, width] = self.output;
        (height - 1) * self.row_stride + width
    }

    /// Vectors of one output channel.
    fn vectors<V: F32>(&self) -> usize {
        let [height, width] = self.output;
        if self.is_flat::<V>() {
            self.flat_positions().div_ceil(V::LANES)
        } else {
            height * width.div_ceil(V::LANES)
        }
    }

    fn positions<V: F32>(&self, vector: usize) -> Positions {
        if self.is_flat::<V>() {
            return Positions::Flat { start: vector * V::LANES };
        }
        let vectors_per_row = self.output[1].div_ceil(V::LANES);
        let (y, x) = (vector / vectors_per_row, vector % vectors_per_row * V::LANES);
        Positions::Row { y, x, count: V::LANES.min(self.output[1] - x) }
    }

    /// All output channels of one image.
    ///
    /// # Safety
    /// Pointers are good for the sizes given, the padded image for [`super::padded_image::SLACK`] floats more.
    #[inline(always)]
    pub unsafe fn run<V: F32>(&self, image: *const f32, out: *mut f32) {
        if self.output.contains(&0) || self.channels == 0 {
            return;
        }
        let vectors = self.vectors::<V>();
        for block in channel_blocks::<V>(self.channels) {
            let mut at = 0;
            if V::REGISTERS == 32 && block.len() <= FEW_CHANNELS {
                while at + 4 <= vectors {
                    self.tile_of::<V, 4>(image, out, block.clone(), at);
                    at += 4;
                }
            }
            while at + 2 <= vectors {
                self.tile_of::<V, 2>(image, out, block.clone(), at);
                at += 2;
            }
            if at < vectors {
                self.tile_of::<V, 1>(image, out, block.clone(), at);
            }
        }
    }

    /// The tile with as many channels as the block has.
    #[inline(always)]
    unsafe fn tile_of<V: F32, const N: usize>(
        &self,
        image: *const f32,
        out: *mut f32,
        block: Range<usize>,
        at: usize,
    ) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match block.len() {
                    $($count
                        if $count <= most_channels(V::REGISTERS) && (N < 4 || $count <= FEW_CHANNELS) =>
                    {
                        self.tile::<V, $count, N>(image, out, block.start, at)
                    })*
                    _ => {}
                }
            };
        }
        counts!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    }

    /// `R` channels from `channel` on, `N` vectors of positions from vector `at` on.
    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(
        &self,
        image: *const f32,
        out: *mut f32,
        channel: usize,
        at: usize,
    ) {
        // Once for all channels: where vectors lie takes divisions.
        let mut positions = [Positions::Flat { start: 0 }; N];
        let mut bases = [image; N];
        for n in 0..N {
            positions[n] = self.positions::<V>(at + n);
            bases[n] = image.add(match positions[n] {
                Positions::Row { y, x, .. } => y * self.row_stride + x,
                Positions::Flat { start } => start,
            });
        }
        let mut sums = [[V::splat(0.0); N]; R];
        let mut weights = self.weights.add(channel * self.taps);
        for tap in 0..self.taps {
            let offset = *self.tap_offsets.add(tap) as usize;
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
            let out = out.add((channel + r) * self.out_strides[0]);
            for n in 0..N {
                let mut sum = sums[r][n].add(V::splat(bias));
                if self.relu {
                    sum = sum.max(V::splat(0.0));
                }
                self.store(out, positions[n], sum);
            }
        }
    }

    #[inline(always)]
    unsafe fn store<V: F32>(&self, out: *mut f32, positions: Positions, sum: V) {
        let [_, row_stride, column_stride] = self.out_strides;
        if let (Positions::Row { y, x, count }, 1) = (positions, column_stride) {
            let to = out.add(y * row_stride + x);
            if count == V::LANES {
                sum.store(to)
            } else {
                sum.store_partial(to, count)
            }
            return;
        }
        let mut values = [0.0; MAX_LANES];
        sum.store(values.as_mut_ptr());
        let (mut y, mut x, count) = match positions {
            Positions::Row { y, x, count } => (y, x, count),
            Positions::Flat { start } => (start / self.row_stride, start % self.row_stride, V::LANES),
        };
        for value in values.iter().take(count) {
            if x < self.output[1] && y < self.output[0] {
                *out.add(y * row_stride + x * column_stride) = *value;
            }
            x += 1;
            if x == self.row_stride {
                (y, x) = (y + 1, 0);
            }
        }
    }
}
