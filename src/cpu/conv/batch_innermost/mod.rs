//! Images side by side: a vector holds the same value of as many images as it has lanes. Small images fill such vectors
//! whatever their sides, where vectors along their rows would stay half empty.
//!
//! Each image is a lane of its own, and its values the same chains of additions whichever images stand beside it: bits do
//! not depend on how a batch is cut, nor on how many lanes there are, which is for [`Level::unsplit`] to say. A weight's
//! gradient adds up a group of images: there, groups larger than a vector are added up in another order than with more lanes.

mod forward;
pub(crate) mod weight_gradient;

pub(crate) use crate::cpu::conv::winograd_1d::{
    PointsConvolution, PointsWeightGradient, Tiles, convolve_points, points_gradient,
};
pub(crate) use forward::{LanesConvolution, convolve};
pub(crate) use weight_gradient::{LanesWeightGradient, gradient};

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::tensors::{Matrix, Source};
use crate::cpu::simd::F32;
use crate::plan::Window;

/// Most lanes of any level's vectors.
pub(crate) const MOST_LANES: usize = 16;

/// Most channels of a block in registers: with two places each 12 sums, which leaves 16 registers room for values and a weight.
pub(crate) const BLOCK: usize = 6;

/// Images that are worth a vector, even where it has more lanes.
const LEAST_IMAGES: usize = 4;

/// Products of channels up to which loads of weights, one for each value of all lanes, cost less than what empty lanes do.
const MOST_CHANNELS: usize = 256;

/// Floats of an image, before and after: of eight images half of a small second-level cache, of sixteen half of what processors
/// with AVX-512 have.
const MOST_FLOATS: usize = 8 * 1024;

/// How many images stand side by side: cuts fall on multiples of it.
pub(crate) fn lanes(level: Level) -> usize {
    level.unsplit().lanes()
}

/// How a convolution, or a gradient of one, is computed with images side by side.
pub(crate) enum Way {
    Direct,
    Points(Tiles),
}

/// The way, if there is one. For shapes alone to decide: the same batch must take the same way however it is cut.
pub(crate) fn way(rows: usize, in_channels: usize, out_channels: usize, window: &Window) -> Option<Way> {
    let within = |i: usize| window.padding[i] < window.kernel[i] && window.output[i] > 0;
    let floats = in_channels * window.inputs() + out_channels * window.outputs();
    let serves = rows >= LEAST_IMAGES
        && window.stride == [1, 1]
        && within(0)
        && within(1)
        && in_channels.saturating_mul(out_channels) <= MOST_CHANNELS
        && floats <= MOST_FLOATS;
    let tiles = || Tiles::new(window, in_channels, out_channels);
    serves.then(|| tiles().map_or(Way::Direct, Way::Points))
}

/// The blocks that channels fall into.
pub(crate) fn blocks(channels: usize) -> impl Iterator<Item = Range<usize>> {
    let blocks = channels.div_ceil(BLOCK);
    (0..blocks).map(move |b| channels * b / blocks..channels * (b + 1) / blocks)
}

/// Rows of a map that are scattered together: whole blocks of values where there are enough.
pub(crate) fn strip_rows([height, width]: [usize; 2]) -> usize {
    let whole = (1..MOST_LANES).find(|rows| (rows * width).is_multiple_of(MOST_LANES));
    whole.unwrap_or(MOST_LANES).min(height)
}

pub(crate) fn strip_vectors(sides: [usize; 2]) -> usize {
    (strip_rows(sides) * sides[1]).next_multiple_of(MOST_LANES)
}

/// Images `row..row + images`, at most one a lane: `count` values of each from `column` on, to `[value, lane]`. Lanes
/// without an image are zero.
///
/// # Safety
/// `x` holds the values, and `to` has room for whole blocks of `LANES` values: what lies behind `count` is spoilt.
#[inline(always)]
pub(crate) unsafe fn gather<V: F32>(
    x: Matrix,
    row: usize,
    images: usize,
    column: usize,
    count: usize,
    to: *mut f32,
) {
    unsafe {
        match x {
            Matrix::Floats(x) if images == V::LANES => {
                let from = x.start.add(row * x.stride + column);
                let mut c = 0;
                while c + V::LANES <= count {
                    V::transpose(from.add(c), x.stride, to.add(c * V::LANES), V::LANES);
                    c += V::LANES;
                }
                gather_slowly::<V, _>(x, row, images, column, c..count, to);
            }
            Matrix::Floats(x) => gather_slowly::<V, _>(x, row, images, column, 0..count, to),
            Matrix::Bytes(x) => gather_slowly::<V, _>(x, row, images, column, 0..count, to),
        }
    }
}

/// By way of a block of whole rows: any source, any number of images and values.
#[inline(always)]
unsafe fn gather_slowly<V: F32, S: Source>(
    x: S,
    row: usize,
    images: usize,
    column: usize,
    range: Range<usize>,
    to: *mut f32,
) {
    let mut block = [0.0; MOST_LANES * MOST_LANES];
    for c in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - c);
        for image in 0..images.min(V::LANES) {
            unsafe {
                let values: V = if count == V::LANES {
                    x.load(row + image, column + c)
                } else {
                    x.load_partial(row + image, column + c, count)
                };
                values.store(block.as_mut_ptr().add(image * V::LANES));
            }
        }
        unsafe { V::transpose(block.as_ptr(), V::LANES, to.add(c * V::LANES), V::LANES) }
    }
}

/// The way back: `count` values `[value, lane]` to as many images, which begin at `to` and lie `stride` values apart.
///
/// # Safety
/// `from` holds whole blocks of `LANES` values, and `to` is good for what is written.
#[inline(always)]
pub(crate) unsafe fn scatter<V: F32>(
    from: *const f32,
    count: usize,
    to: *mut f32,
    stride: usize,
    images: usize,
) {
    let mut block = [0.0; MOST_LANES * MOST_LANES];
    for c in (0..count).step_by(V::LANES) {
        let part = V::LANES.min(count - c);
        unsafe {
            let (from, to) = (from.add(c * V::LANES), to.add(c));
            if part == V::LANES && images == V::LANES {
                V::transpose(from, V::LANES, to, stride);
                continue;
            }
            V::transpose(from, V::LANES, block.as_mut_ptr(), V::LANES);
            for image in 0..images.min(V::LANES) {
                let values = V::load(block.as_ptr().add(image * V::LANES));
                values.store_partial(to.add(image * stride), part);
            }
        }
    }
}

/// # Safety
/// `to` is good for `count` vectors.
#[inline(always)]
pub(crate) unsafe fn zero<V: F32>(to: *mut f32, count: usize) {
    for at in 0..count {
        unsafe { V::splat(0.0).store(to.add(at * V::LANES)) }
    }
}
