//! What weight gradients with vectors of images have in common, direct and Winograd: a tile of output channels x columns (of
//! taps, or rows of kernels) is kept in registers during the loop over all positions, one sum per lane; then lanes are added
//! up.
//!
//! Every partial sum is made of the same chains, in the same order, whatever else is computed beside it.

// Loops over register tiles have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::{MAX_LANES, split_evenly};
use crate::cpu::simd::F32;

/// The two largest tiles, in channels and columns: 12 sums and the values that they come from fill 16 registers.
const TILES: [[usize; 2]; 2] = [[4, 3], [6, 2]];

/// Whether there are registers for a tile; known when it is compiled, so that larger ones are left out.
const fn fits(channels: usize, columns: usize) -> bool {
    channels <= TILES[0][0] || columns <= TILES[1][1]
}

/// The tiles that channels and columns fall into.
pub(in crate::cpu::conv) fn register_tiles(
    channels: usize,
    columns: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let count = |[r, n]: [usize; 2]| channels.div_ceil(r) * columns.div_ceil(n);
    let [r, n] = if count(TILES[1]) < count(TILES[0]) { TILES[1] } else { TILES[0] };
    split_evenly(channels, r)
        .flat_map(move |channels| split_evenly(columns, n).map(move |columns| (channels.clone(), columns)))
}

/// All positions of a map, for one tile. Sizes and strides are in vectors.
pub(in crate::cpu::conv) struct Positions {
    pub rows: usize,
    pub columns: usize,
    pub input_row: usize,
    pub gradient_row: usize,
    pub gradient_channel: usize,
    /// From one output channel's sums to the next.
    pub sum_channel: usize,
}

impl Positions {
    /// Adds to the sums of `channels` output channels x `offsets.len()` neighbouring columns, from `sums` on: the products of
    /// each channel's gradients and of the input at each of the offsets.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; the tile is one of [`register_tiles`].
    #[inline(always)]
    pub unsafe fn add_products<V: F32>(
        &self,
        channels: usize,
        offsets: &[u32],
        input: *const f32,
        gradients: *const f32,
        sums: *mut f32,
    ) {
        macro_rules! sizes {
            ($(($r:literal $n:literal))*) => {
                match (channels, offsets.len()) {
                    $(($r, $n) if fits($r, $n) => {
                        self.tile::<V, $r, $n>(offsets, input, gradients, sums)
                    })*
                    _ => {}
                }
            };
        }
        sizes!((1 1)(1 2)(1 3)(2 1)(2 2)(2 3)(3 1)(3 2)(3 3)(4 1)(4 2)(4 3)(5 1)(5 2)(6 1)(6 2));
    }

    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(
        &self,
        offsets: &[u32],
        input: *const f32,
        gradients: *const f32,
        sums: *mut f32,
    ) {
        let at = |r: usize, n: usize| (r * self.sum_channel + n) * V::LANES;
        let mut inputs = [input; N];
        for n in 0..N {
            inputs[n] = input.add(*offsets.get_unchecked(n) as usize * V::LANES);
        }
        let mut tile = [[V::splat(0.0); N]; R];
        for r in 0..R {
            for n in 0..N {
                tile[r][n] = V::load(sums.add(at(r, n)));
            }
        }
        for y in 0..self.rows {
            for x in 0..self.columns {
                let mut values = [V::splat(0.0); N];
                for n in 0..N {
                    values[n] = V::load(inputs[n].add((y * self.input_row + x) * V::LANES));
                }
                for r in 0..R {
                    let position = r * self.gradient_channel + y * self.gradient_row + x;
                    let gradient = V::load(gradients.add(position * V::LANES));
                    for n in 0..N {
                        tile[r][n] = gradient.mul_add(values[n], tile[r][n]);
                    }
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                tile[r][n].store(sums.add(at(r, n)));
            }
        }
    }
}

/// Adds up `count` positions of a channel, lane by lane.
#[inline(always)]
pub(in crate::cpu::conv) unsafe fn add_positions<V: F32>(positions: *const f32, count: usize, to: *mut f32) {
    // Several chains, to hide the latency of additions.
    let mut sums = [V::splat(0.0); 4];
    for at in 0..count / 4 {
        for i in 0..4 {
            sums[i] = sums[i].add(V::load(positions.add((4 * at + i) * V::LANES)));
        }
    }
    for at in count / 4 * 4..count {
        sums[0] = sums[0].add(V::load(positions.add(at * V::LANES)));
    }
    let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
    V::load(to).add(sum).store(to);
}

/// `sums: [column, lane]` of `images` images to `[group, column]`: adds up the lanes of each group, in order.
#[inline(always)]
pub(in crate::cpu::conv) unsafe fn add_lanes<V: F32>(
    sums: *const f32,
    columns: usize,
    images: usize,
    group: usize,
    to: *mut f32,
) {
    let mut block = [0.0; MAX_LANES * MAX_LANES];
    for column in (0..columns).step_by(V::LANES) {
        let count = V::LANES.min(columns - column);
        V::transpose(sums.add(column * V::LANES), V::LANES, block.as_mut_ptr(), V::LANES);
        for first in (0..images).step_by(group) {
            let lane = first % V::LANES;
            let mut sum = V::load(block.as_ptr().add(lane * V::LANES));
            for lane in lane + 1..V::LANES.min(lane + group) {
                sum = sum.add(V::load(block.as_ptr().add(lane * V::LANES)));
            }
            sum.store_partial(to.add(first / group * columns + column), count);
        }
    }
}
