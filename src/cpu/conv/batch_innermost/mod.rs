//! Direct convolution with the batch innermost, the layout `[channel, row, column, image]` (CHWN, as in A. Krizhevsky's
//! cuda-convnet): a vector holds the same value of as many images as it has lanes.
//!
//! Small maps fill such vectors whatever their sides, where vectors along their rows would stay half empty, and taps that
//! reach beyond the image are left out instead of multiplied by zeros. A chunk's images are transposed as they are read
//! and the results as they are written ([`layout`]).
//!
//! Each image is a lane of its own, and its values the same chains of additions whichever images are beside it: bits do
//! not depend on how a batch is divided, nor on the number of lanes. Only a weight gradient adds up a group's images in
//! another order where the group is larger than a vector.
//!
//! Chosen for stride 1, four images or more, at most 256 pairs of channels and maps that fit in half of a small
//! second-level cache, unless kernels have five columns, which `winograd_1d` takes.
//! No preset uses it as it is, but `winograd_1d` is built on its layout and register tiles: without Winograd `lenet5` is 1.9
//! times as fast by it as by direct convolution of one image at a time (docs/performance.md).

mod forward;
pub(super) mod layout;
pub(super) mod register_tiles;
mod weight_gradient;

pub(crate) use forward::{Direction, Forward};
pub(crate) use weight_gradient::WeightGradient;

use std::ops::Range;

use crate::cpu::conv::{ConvShape, split_evenly};

/// Most channels of a register block: with two positions each 12 sums, which leaves 16 registers room for values and a weight.
pub(super) const BLOCK_CHANNELS: usize = 6;

/// Fewest images for which a vector is worth it, even if it has more lanes.
const MIN_IMAGES: usize = 4;

/// Most pairs of input and output channels. Beyond that, loading a weight for each vector costs more than the lanes that
/// other algorithms leave empty.
const MAX_CHANNEL_PAIRS: usize = 256;

/// Floats of an image's maps, input and output: of eight images half of a small second-level cache, of sixteen half of what
/// processors with AVX-512 have.
const MAX_FLOATS: usize = 8 * 1024;

/// Whether vectors of images serve a shape, here and in `winograd_1d`.
pub(super) fn serves(shape: &ConvShape) -> bool {
    let &ConvShape { rows, in_channels, out_channels, window, .. } = shape;
    let within = |i: usize| window.padding[i] < window.kernel[i] && window.output[i] > 0;
    let floats = in_channels * window.inputs() + out_channels * window.outputs();
    rows >= MIN_IMAGES
        && window.stride == [1, 1]
        && within(0)
        && within(1)
        && in_channels.saturating_mul(out_channels) <= MAX_CHANNEL_PAIRS
        && floats <= MAX_FLOATS
}

/// The register blocks that channels fall into.
pub(super) fn channel_blocks(channels: usize) -> impl Iterator<Item = Range<usize>> {
    split_evenly(channels, BLOCK_CHANNELS)
}
