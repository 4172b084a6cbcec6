//! How a worker's scratch memory is laid out in forward pass and input gradient.

use super::{ELEMENTS, Tiling, whole_vectors};

/// The number of tiles in a product is a multiple of this: two blocks of rows for 16 registers, one for 32.
const TILE_STEP: usize = 12;

/// Bytes of transformed tiles that are to stay in a core's own cache beside the kernels.
const CACHED: usize = 224 << 10;

/// Two padded maps of several images, channels last; then transformed tiles of both sides. All in floats.
pub(super) struct Scratch {
    /// Channels in whole vectors.
    pub in_channels: usize,
    pub out_channels: usize,
    /// One padded input and one padded output.
    pub input: usize,
    pub output: usize,
    /// Images that are worked on together, and tiles that are multiplied together.
    pub images: usize,
    pub tiles: usize,
    /// From one element of the transformed tiles to the next, of the input's side and of the output's.
    pub input_element: usize,
    pub output_element: usize,
}

impl Scratch {
    pub fn new(tiling: &Tiling, lanes: usize) -> Self {
        let (in_channels, out_channels) =
            (whole_vectors(tiling.in_channels, lanes), whole_vectors(tiling.out_channels, lanes));
        let tiles = tiles_together(in_channels, out_channels);
        Scratch {
            in_channels,
            out_channels,
            input: map(tiling.padded_input(), in_channels),
            output: map(tiling.padded_output(), out_channels),
            images: tiles.div_ceil(tiling.count()),
            tiles,
            input_element: element_stride(tiles * in_channels),
            output_element: element_stride(tiles * out_channels),
        }
    }

    pub fn floats(&self) -> usize {
        self.images * (self.input + self.output) + ELEMENTS * (self.input_element + self.output_element)
    }
}

/// Tiles that go through the products together: as many as the cache holds. If the kernels are larger than the cache,
/// enough tiles that reading all kernels once costs no more than reading the tiles.
fn tiles_together(in_channels: usize, out_channels: usize) -> usize {
    let cached = CACHED / (4 * ELEMENTS * (in_channels + out_channels));
    let balanced = in_channels * out_channels / (2 * (in_channels + out_channels));
    (cached.max(balanced) / TILE_STEP * TILE_STEP).max(TILE_STEP)
}

/// Floats of one image's map, channels last.
pub(super) fn map([height, width]: [usize; 2], channels: usize) -> usize {
    whole_cache_lines(height * width * channels)
}

/// Floats between one element's values and the next's: not a power of two, so that the 36 do not all compete for the
/// same cache sets.
pub(super) fn element_stride(values: usize) -> usize {
    values + 16
}

pub(super) fn whole_cache_lines(floats: usize) -> usize {
    floats.next_multiple_of(16)
}
