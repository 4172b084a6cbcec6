//! Convolutions of 3 x 3 and 5 x 5 with a quarter to a third of the multiplications (Lavin and Gray 2016, "Fast Algorithms
//! for Convolutional Neural Networks"; the algorithm is Winograd's).
//!
//! The output is cut in tiles of `side` x `side` places. A tile needs 6 x 6 places of the input: both they and the kernels
//! are taken to 36 points (`transform`), where the convolution is one product a point and channel, and the sums over
//! channels are 36 matrix products (`product`). From the sums' points the way leads back to the tile's places.
//!
//! The six points of a line are 0, a, -a, b, -b and infinity. Rounding grows with their size; these are the ones that
//! oneDNN takes, with errors of some 1e-6 of the largest value.
//!
//! All vectors run along channels: images are turned to `[y, x, channel]` on the way in and back on the way out
//! (`images`). Each value is one chain of additions over the channels, however the work is cut.

mod forward;
mod images;
mod input_gradient;
mod kernels;
mod product;
mod transform;
mod weight_gradient;

pub(crate) use forward::{Forward, forward};
pub(crate) use input_gradient::{InputGradient, input_gradient};
pub(crate) use kernels::{Order, prepare};
pub(crate) use weight_gradient::{WeightGradient, weight_gradient};

use crate::cpu::Level;
use crate::plan::Window;

/// Points a line; the input's places that a tile needs.
const LINE: usize = 6;
/// Points a tile.
const POINTS: usize = LINE * LINE;

/// Fewest channels on either side: below that the transforms cost more than they save.
const LEAST_CHANNELS: usize = 12;

/// Which places a convolution's tiles lie at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tiling {
    in_channels: usize,
    out_channels: usize,
    /// Sides of the input and of the output.
    input: [usize; 2],
    output: [usize; 2],
    /// Rows above and columns left of the input that do not exist.
    padding: [usize; 2],
    /// Side of the kernel, 3 or 5, and of a tile, 4 or 2.
    kernel: usize,
    side: usize,
    /// Rows and columns of tiles.
    tiles: [usize; 2],
}

impl Tiling {
    /// None where the algorithm does not apply, or would not pay.
    pub fn new(window: &Window, in_channels: usize, out_channels: usize) -> Option<Self> {
        let &Window { input, output, kernel, stride, padding } = window;
        let side = match kernel {
            [3, 3] => 4,
            [5, 5] => 2,
            _ => return None,
        };
        let tiles = output.map(|length| length.div_ceil(side));
        let (transformed, direct) = (tiles[0] * tiles[1] * POINTS, window.outputs() * window.taps());
        let fits = stride == [1, 1] && padding.iter().all(|padding| *padding < kernel[0]);
        // What is saved must pay for the transforms.
        let pays = in_channels.min(out_channels) >= LEAST_CHANNELS && 10 * transformed <= 6 * direct;
        let [kernel, _] = kernel;
        (fits && pays && direct > 0).then_some(Tiling {
            in_channels,
            out_channels,
            input,
            output,
            padding,
            kernel,
            side,
            tiles,
        })
    }

    /// Of the way back, from the output's gradient to the input's: a convolution with the kernels turned round.
    pub fn back(window: &Window, in_channels: usize, out_channels: usize) -> Option<Self> {
        let turned = |i: usize| (window.kernel[i] - 1).checked_sub(window.padding[i]);
        let padding = [turned(0)?, turned(1)?];
        let back = Window { input: window.output, output: window.input, padding, ..*window };
        Tiling::new(&back, out_channels, in_channels)
    }

    /// The same with its channels changed over, as the way back takes the kernels.
    pub fn swapped(self) -> Self {
        Tiling { in_channels: self.out_channels, out_channels: self.in_channels, ..self }
    }

    /// Tiles of one image.
    pub fn count(&self) -> usize {
        self.tiles[0] * self.tiles[1]
    }

    fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Rows and columns of the places that tiles read, zeros around the input among them.
    fn read(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.side + self.kernel - 1)
    }

    /// Rows and columns of the places that tiles make: the output's, and what sticks out.
    fn made(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.side)
    }

    /// Floats of the kernels' points.
    pub fn prepared(&self, level: Level) -> usize {
        POINTS * self.in_channels * pitch(self.out_channels, level.lanes())
    }
}

/// Channels in whole vectors.
fn pitch(channels: usize, lanes: usize) -> usize {
    channels.next_multiple_of(lanes)
}

/// Floats between one point's values and the next's: not a power of two, lest all 36 meet in the same lines of the cache.
fn point_pitch(values: usize) -> usize {
    values + 16
}

/// Floats in whole cache lines.
fn lines(floats: usize) -> usize {
    floats.next_multiple_of(16)
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
        assert_eq!(tiles(&same(5, 3), 32), None, "four tiles of 16 places for 25");
        assert_eq!(tiles(&same(12, 7), 32), None);
        assert_eq!(tiles(&Window::same([12, 12], [3, 3], [2, 2]).unwrap(), 32), None);
        let valid = Window::valid([12, 12], [3, 3], [1, 1]).unwrap();
        let back = Tiling::back(&valid, 16, 32).unwrap();
        assert_eq!((back.padding, back.input, back.output), ([2, 2], [10, 10], [12, 12]));
        assert_eq!((back.in_channels, back.out_channels), (32, 16));
    }
}
