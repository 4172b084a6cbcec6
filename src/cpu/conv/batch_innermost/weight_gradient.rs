//! The gradient of a convolution's weight with images side by side: a tile of output channels x taps is kept in registers
//! while all places pass by; a sum a lane, added up over the lanes at a group's end.
//!
//! Every partial sum is made of the same chains, in the same order, whatever else is computed beside it.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::batch_innermost::MOST_LANES;
use crate::cpu::conv::batch_innermost::gather;
use crate::cpu::conv::batch_innermost::zero;
use crate::cpu::runtime::tensors::{Floats, Matrix};
use crate::cpu::simd::{F32, by_level};

/// A tile's most channels and taps, one of the two: with 12 sums, and the values they come of, 16 registers are full.
const TILES: [[usize; 2]; 2] = [[4, 3], [6, 2]];

/// Whether a tile's registers are there; known when the kernel is compiled, so that larger tiles vanish.
pub(crate) const fn fits(channels: usize, taps: usize) -> bool {
    channels <= TILES[0][0] || taps <= TILES[1][1]
}

/// Places of a channel that are swept together: beside the images, six channels of them stay in the nearest cache.
const SWEEP: usize = 112;

/// `partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y + i - top, x + j - left]
/// for each o, c, i, j; then, with a bias, the sums of output_gradient]`.
pub(crate) struct LanesWeightGradient {
    /// Rows of `[in_channels, height, width]`.
    pub x: Matrix,
    /// Rows of `[out_channels, out_height, out_width]`.
    pub output_gradient: Floats,
    /// `[groups, columns]`.
    pub partials: *mut f32,
    pub has_bias: bool,
    /// Images a group, a power of two.
    pub group: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub kernel: [usize; 2],
    pub padding: [usize; 2],
}

impl LanesWeightGradient {
    /// Sides of the images with all zeros that windows reach.
    fn padded(&self) -> [usize; 2] {
        [0, 1].map(|i| self.output[i] + self.kernel[i] - 1)
    }

    fn taps(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    fn columns(&self) -> usize {
        self.out_channels * (self.taps() + usize::from(self.has_bias))
    }

    /// Rows of the output that are swept together.
    fn strip(&self) -> usize {
        (SWEEP / self.output[1]).clamp(1, self.output[0])
    }

    /// Vectors of the images, of the strip's gradients, of the sums; behind each what the last block of values spoils.
    fn vectors(&self) -> [usize; 3] {
        let [height, width] = self.padded();
        let strip = (self.strip() * self.output[1]).next_multiple_of(MOST_LANES);
        let images = self.in_channels * height * width + MOST_LANES;
        [images, self.out_channels * strip, self.columns().next_multiple_of(MOST_LANES)]
    }

    /// Floats that [`gradient`] wants.
    pub fn scratch(&self) -> usize {
        self.vectors().iter().sum::<usize>() * MOST_LANES + self.taps()
    }
}

by_level!(
    /// Images `rows`, whole groups and whole vectors; `scratch` is as long as [`LanesWeightGradient::scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those groups of `partials`.
    pub(crate) unsafe fn gradient =
        body(wanted: &LanesWeightGradient, rows: Range<usize>, scratch: *mut f32)
);

#[inline(always)]
unsafe fn body<V: F32>(wanted: &LanesWeightGradient, rows: Range<usize>, scratch: *mut f32) {
    let [images, gradients, sums] = wanted.vectors();
    let width = wanted.output[1];
    unsafe {
        let gradients_at = scratch.add(images * V::LANES);
        let sums_at = gradients_at.add(gradients * V::LANES);
        let offsets = sums_at.add(sums * V::LANES).cast::<u32>();
        let ([kh, kw], [high, wide]) = (wanted.kernel, wanted.padded());
        for tap in 0..wanted.taps() {
            let (c, i, j) = (tap / (kh * kw), tap / kw % kh, tap % kw);
            *offsets.add(tap) = ((c * high + i) * wide + j) as u32;
        }
        zero::<V>(scratch, images);
        let sweep = Sweep {
            wanted,
            images: scratch,
            gradients: gradients_at,
            pitch: gradients / wanted.out_channels,
            sums: sums_at,
            offsets,
        };
        // What is added up before lanes are: a group, or as many as there are in one vector.
        for first in rows.clone().step_by(wanted.group.max(V::LANES)) {
            let end = rows.end.min(first + wanted.group.max(V::LANES));
            zero::<V>(sums_at, sums);
            for row in (first..end).step_by(V::LANES) {
                let count = V::LANES.min(end - row);
                sweep.fill::<V>(row, count);
                for top in (0..wanted.output[0]).step_by(wanted.strip()) {
                    let bottom = wanted.output[0].min(top + wanted.strip());
                    for channel in 0..wanted.out_channels {
                        let from = (channel * wanted.output[0] + top) * width;
                        let to = gradients_at.add(channel * sweep.pitch * V::LANES);
                        let x = Matrix::Floats(wanted.output_gradient);
                        gather::<V>(x, row, count, from, (bottom - top) * width, to);
                    }
                    sweep.weights::<V>(top..bottom);
                    if wanted.has_bias {
                        sweep.biases::<V>((bottom - top) * width);
                    }
                }
            }
            sweep.finish::<V>(first..end);
        }
    }
}

struct Sweep<'a> {
    wanted: &'a LanesWeightGradient,
    /// `[in_channels, padded height, padded width, lane]`.
    images: *mut f32,
    /// `[out_channels, place, lane]`, channels `pitch` vectors apart.
    gradients: *const f32,
    pitch: usize,
    /// `[column, lane]`.
    sums: *mut f32,
    offsets: *const u32,
}

impl Sweep<'_> {
    /// The images' values between the zeros.
    #[inline(always)]
    unsafe fn fill<V: F32>(&self, row: usize, count: usize) {
        let [high, wide] = self.wanted.padded();
        let &LanesWeightGradient { input: [height, width], padding: [top, left], .. } = self.wanted;
        // Windows need not reach the last rows and columns.
        let (rows, columns) = (height.min(high - top), width.min(wide - left));
        for c in 0..self.wanted.in_channels {
            for y in 0..rows {
                unsafe {
                    let to = self.images.add(((c * high + y + top) * wide + left) * V::LANES);
                    gather::<V>(self.wanted.x, row, count, (c * height + y) * width, columns, to);
                    // What the last block has spoilt: zeros, or values that are written next.
                    let spoilt = columns.next_multiple_of(V::LANES) - columns;
                    zero::<V>(to.add(columns * V::LANES), spoilt);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn weights<V: F32>(&self, rows: Range<usize>) {
        for (channels, taps) in register_tiles(self.wanted.out_channels, self.wanted.taps()) {
            macro_rules! sizes {
                ($(($r:literal $n:literal))*) => {
                    match (channels.len(), taps.len()) {
                        $(($r, $n) if fits($r, $n) =>
                            self.tile::<V, $r, $n>(channels.start, taps.start, rows.clone()),)*
                        _ => {}
                    }
                };
            }
            unsafe {
                sizes!(
                    (1 1)(1 2)(1 3)(2 1)(2 2)(2 3)(3 1)(3 2)(3 3)(4 1)(4 2)(4 3)(5 1)(5 2)(6 1)(6 2)
                );
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(
        &self,
        channel: usize,
        tap: usize,
        rows: Range<usize>,
    ) {
        let (taps, width, wide) = (self.wanted.taps(), self.wanted.output[1], self.wanted.padded()[1]);
        unsafe {
            let mut places = [self.images.cast_const(); N];
            for n in 0..N {
                places[n] = places[n].add(*self.offsets.add(tap + n) as usize * V::LANES);
            }
            let walk = Walk {
                rows: rows.len(),
                columns: width,
                image_row: wide,
                gradient_row: width,
                gradient_channel: self.pitch,
                sum_channel: taps,
            };
            let places = places.map(|place| place.add(rows.start * wide * V::LANES));
            let gradients = self.gradients.add(channel * self.pitch * V::LANES);
            let sums = self.sums.add((channel * taps + tap) * V::LANES);
            walk.tile::<V, R, N>(places, gradients, sums);
        }
    }

    #[inline(always)]
    unsafe fn biases<V: F32>(&self, count: usize) {
        for channel in 0..self.wanted.out_channels {
            let column = self.wanted.out_channels * self.wanted.taps() + channel;
            unsafe {
                let gradients = self.gradients.add(channel * self.pitch * V::LANES);
                sum_places::<V>(gradients, count, self.sums.add(column * V::LANES));
            }
        }
    }

    /// The sums of images `rows` to their groups.
    #[inline(always)]
    unsafe fn finish<V: F32>(&self, rows: Range<usize>) {
        let &LanesWeightGradient { group, partials, .. } = self.wanted;
        let columns = self.wanted.columns();
        unsafe {
            let to = partials.add(rows.start / group * columns);
            add_lanes::<V>(self.sums, columns, rows.len(), group, to);
        }
    }
}

/// The way past all places, for a tile in registers: sizes and distances in vectors.
pub(crate) struct Walk {
    pub rows: usize,
    pub columns: usize,
    pub image_row: usize,
    pub gradient_row: usize,
    pub gradient_channel: usize,
    pub sum_channel: usize,
}

impl Walk {
    /// Adds to `R` channels x `N` neighbouring sums, from `sums` on: the products of each channel's gradients and what lies
    /// beside each of `places`.
    #[inline(always)]
    pub(crate) unsafe fn tile<V: F32, const R: usize, const N: usize>(
        &self,
        places: [*const f32; N],
        gradients: *const f32,
        sums: *mut f32,
    ) {
        let at = |r: usize, n: usize| (r * self.sum_channel + n) * V::LANES;
        unsafe {
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
                        values[n] = V::load(places[n].add((y * self.image_row + x) * V::LANES));
                    }
                    for r in 0..R {
                        let place = r * self.gradient_channel + y * self.gradient_row + x;
                        let gradient = V::load(gradients.add(place * V::LANES));
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
}

/// The tiles that channels and taps fall into.
pub(crate) fn register_tiles(
    channels: usize,
    taps: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let count = |[r, n]: [usize; 2]| channels.div_ceil(r) * taps.div_ceil(n);
    let [r, n] = if count(TILES[1]) < count(TILES[0]) { TILES[1] } else { TILES[0] };
    let split = |count: usize, most: usize| {
        let tiles = count.div_ceil(most);
        (0..tiles).map(move |t| count * t / tiles..count * (t + 1) / tiles)
    };
    split(channels, r).flat_map(move |channels| split(taps, n).map(move |taps| (channels.clone(), taps)))
}

/// Adds up `count` places of a channel, lane by lane.
#[inline(always)]
pub(crate) unsafe fn sum_places<V: F32>(places: *const f32, count: usize, to: *mut f32) {
    unsafe {
        // Several chains, since an addition's result takes its time.
        let mut sums = [V::splat(0.0); 4];
        for at in 0..count / 4 {
            for i in 0..4 {
                sums[i] = sums[i].add(V::load(places.add((4 * at + i) * V::LANES)));
            }
        }
        for at in count / 4 * 4..count {
            sums[0] = sums[0].add(V::load(places.add(at * V::LANES)));
        }
        let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
        V::load(to).add(sum).store(to);
    }
}

/// `sums: [column, lane]` of `images` images to `[group, column]`: over the lanes of each group, in order.
#[inline(always)]
pub(crate) unsafe fn add_lanes<V: F32>(
    sums: *const f32,
    columns: usize,
    images: usize,
    group: usize,
    to: *mut f32,
) {
    let mut block = [0.0; MOST_LANES * MOST_LANES];
    for column in (0..columns).step_by(V::LANES) {
        let count = V::LANES.min(columns - column);
        unsafe {
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
}
