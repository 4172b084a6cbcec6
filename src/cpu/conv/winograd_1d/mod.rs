//! Winograd convolution along rows alone, F(5, 5), with the batch innermost (A. Lavin and S. Gray, "Fast Algorithms for
//! Convolutional Neural Networks", 2016, nested in one dimension only; see `batch_innermost` for the layout).
//!
//! Rows of the output are cut into tiles of 5 positions. What a tile reads, 9 inputs, and each row of a kernel are
//! transformed to 9 elements, for which the convolution becomes nine convolutions of one column: 9 multiplications in
//! place of 25. Sums over channels and rows of the kernel are complete before the output transform, so that it runs once
//! per tile. Along both axes it would be 81 multiplications in place of 625, but sums over few channels would not
//! outweigh the transforms.
//!
//! Input gradient and weight gradient go through the same tiles, each step transposed.
//!
//! Chosen for kernels of five columns where vectors of images serve the shape, sums are of five products or more and rows
//! fill their tiles. Preset and bench task `lenet5` use it: 1.35 times as fast as batch-innermost without Winograd, which is
//! 1.9 times as fast as direct convolution of one image at a time (docs/performance.md).

mod forward;
mod kernels;
mod rows;
mod transform;
mod weight_gradient;

pub(crate) use forward::Forward;
pub(crate) use weight_gradient::WeightGradient;

use crate::cpu::conv::ConvShape;
use crate::plan::Window;

/// Columns of a kernel.
const TAPS: usize = 5;
/// Positions of a tile of the output.
const OUTPUT_TILE: usize = 5;
/// Elements of a transformed tile; inputs that a tile reads.
const TILE: usize = OUTPUT_TILE + TAPS - 1;

/// Fewest products that are added up at an element; with fewer, the transforms cost what they save. With five, one
/// channel and five rows, a sixth of the time is saved.
const MIN_PRODUCTS: usize = 5;

/// How the tiles of a convolution cover its maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tiling {
    in_channels: usize,
    out_channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    kernel_rows: usize,
    /// Rows above and columns left of the input that do not exist.
    padding: [usize; 2],
    /// Tiles per row.
    tiles: usize,
}

impl Tiling {
    /// For shapes that [`super::batch_innermost::serves`]; none if the algorithm does not apply or would not
    /// be faster.
    pub fn new(shape: &ConvShape) -> Option<Self> {
        let &ConvShape { in_channels, out_channels, window, .. } = shape;
        let Window { input, output, kernel: [kernel_rows, columns], padding, .. } = window;
        let tiles = output[1].div_ceil(OUTPUT_TILE);
        // A sum goes over the channels of one side, forward or back. Half of the multiplications must be saved: rows that
        // fill their tiles badly save less.
        let products = in_channels.min(out_channels) * kernel_rows;
        let pays = products >= MIN_PRODUCTS && 2 * tiles * TILE <= output[1] * TAPS;
        (columns == TAPS && pays).then_some(Tiling {
            in_channels,
            out_channels,
            input,
            output,
            kernel_rows,
            padding,
            tiles,
        })
    }

    /// Vectors of a transformed row of a channel, `[element, tile]`.
    fn row_vectors(&self) -> usize {
        TILE * self.tiles
    }
}
