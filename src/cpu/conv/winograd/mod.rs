//! Winograd convolution along both axes, F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5): A. Lavin and S. Gray, "Fast Algorithms for
//! Convolutional Neural Networks", 2016 (arXiv:1509.09308).
//!
//! The output is cut into tiles of 4 x 4 (2 x 2) positions. What a tile reads, 6 x 6 inputs, and every kernel are transformed
//! to 36 elements each; the convolution then takes one multiplication per element and channel, so that the sums over channels
//! are 36 matrix products. The output transform computes the tile's positions from the sums. A 3 x 3 kernel takes 36
//! multiplications in place of 144, a 5 x 5 kernel 36 in place of 100.
//!
//! Kernels are transformed once per step. Vectors run along channels: images are transposed to channels last and
//! back ([`channels_last`]). Each value is one chain of additions over the channels, however the work is divided.
//!
//! Chosen for 3 x 3 and 5 x 5 kernels of stride 1 with 12 channels or more on both sides, where tiles fit the map well enough
//! to save two multiplications in five. The presets `cnn`, `fast` and `record` and the bench task `deepcnn` use it: against
//! direct convolution `deepcnn` is 1.6 times as fast (docs/performance.md).

mod channels_last;
mod forward;
mod gemm;
mod input_gradient;
mod kernels;
mod scratch;
mod tiles;
mod transform;
mod weight_gradient;

pub(crate) use forward::Forward;
pub(crate) use input_gradient::InputGradient;
pub(crate) use kernels::KernelOrder;
pub(crate) use weight_gradient::WeightGradient;

use std::ops::Range;

use crate::plan::Window;

/// Side of a transformed tile, and of the inputs that a tile reads.
const TILE: usize = 6;
/// Elements of a transformed tile.
const ELEMENTS: usize = TILE * TILE;

/// Fewest channels on either side: below that the transforms cost more than they save.
const MIN_CHANNELS: usize = 12;

/// How the tiles of a convolution cover its maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tiling {
    in_channels: usize,
    out_channels: usize,
    /// Height and width of the input and of the output.
    input: [usize; 2],
    output: [usize; 2],
    /// Rows above and columns left of the input that do not exist.
    padding: [usize; 2],
    /// Side of the kernel, 3 or 5.
    kernel: usize,
    /// Side of a tile of the output, 4 or 2.
    output_tile: usize,
    /// Rows and columns of tiles.
    tiles: [usize; 2],
}

impl Tiling {
    /// None if the algorithm does not apply, or would not be faster.
    pub fn new(window: &Window, in_channels: usize, out_channels: usize) -> Option<Self> {
        let &Window { input, output, kernel, stride, padding } = window;
        let output_tile = match kernel {
            [3, 3] => 4,
            [5, 5] => 2,
            _ => return None,
        };
        let tiles = output.map(|length| length.div_ceil(output_tile));
        let (transformed, direct) = (tiles[0] * tiles[1] * ELEMENTS, window.outputs() * window.taps());
        let fits = stride == [1, 1] && padding.iter().all(|padding| *padding < kernel[0]);
        // The multiplications saved must outweigh the transforms.
        let pays = in_channels.min(out_channels) >= MIN_CHANNELS && 10 * transformed <= 6 * direct;
        let [kernel, _] = kernel;
        (fits && pays && direct > 0).then_some(Tiling {
            in_channels,
            out_channels,
            input,
            output,
            padding,
            kernel,
            output_tile,
            tiles,
        })
    }

    /// Of the convolution that is the input gradient of this one: of the output gradient with rotated kernels.
    pub fn of_input_gradient(window: &Window, in_channels: usize, out_channels: usize) -> Option<Self> {
        let rotated = |i: usize| (window.kernel[i] - 1).checked_sub(window.padding[i]);
        let padding = [rotated(0)?, rotated(1)?];
        let back = Window { input: window.output, output: window.input, padding, ..*window };
        Tiling::new(&back, out_channels, in_channels)
    }

    /// Tiles of one image.
    pub fn count(&self) -> usize {
        self.tiles[0] * self.tiles[1]
    }

    fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Height and width of the inputs that tiles read, with the zeros around the input.
    fn padded_input(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.output_tile + self.kernel - 1)
    }

    /// Height and width of the positions that tiles cover: the output, and what the last tiles cover beyond
    /// it.
    fn padded_output(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.output_tile)
    }

    /// Where each of the tiles `tiles` lies, counted over several images of `image` floats: offsets of a tile's first value
    /// in maps of `width` columns and `channels` channels, channels last; and of its place among the transformed tiles
    /// `[tile, channel]`.
    fn tile_offsets(
        &self,
        tiles: Range<usize>,
        image: usize,
        width: usize,
        channels: usize,
    ) -> impl Iterator<Item = [usize; 2]> {
        let (count, across, output_tile) = (self.count(), self.tiles[1], self.output_tile);
        tiles.enumerate().map(move |(at, tile)| {
            let (y, x) = (tile % count / across, tile % count % across);
            [tile / count * image + (y * width + x) * output_tile * channels, at * channels]
        })
    }
}

/// Channels in whole vectors.
fn whole_vectors(channels: usize, lanes: usize) -> usize {
    channels.next_multiple_of(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_it_pays() {
        let same = |side, kernel| Window::same([side, side], [kernel, kernel], [1, 1]).unwrap();
        let tiles = |window: &Window, channels| Tiling::new(window, channels, channels).map(|t| t.tiles);
        assert_eq!(tiles(&same(14, 5), 32), Some([7, 7]));
        assert_eq!(tiles(&same(12, 3), 32), Some([3, 3]));
        assert_eq!(tiles(&same(12, 3), 6), None);
        assert_eq!(tiles(&same(5, 3), 32), None, "four tiles of 16 positions for 25");
        assert_eq!(tiles(&same(12, 7), 32), None);
        assert_eq!(tiles(&Window::same([12, 12], [3, 3], [2, 2]).unwrap(), 32), None);
        let valid = Window::valid([12, 12], [3, 3], [1, 1]).unwrap();
        let back = Tiling::of_input_gradient(&valid, 16, 32).unwrap();
        assert_eq!((back.padding, back.input, back.output), ([2, 2], [10, 10], [12, 12]));
        assert_eq!((back.in_channels, back.out_channels), (32, 16));
    }
}
