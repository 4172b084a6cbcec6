//! Which pixels a sliding window sees: what convolution and pooling have in common.

use crate::plan::Window;

/// A tap of the kernel and the pixel of the input under it, each counted row by row.
pub(super) type TapAndPixel = (usize, usize);

/// For each output position, row by row: the taps that lie on a pixel. The others lie in the padding.
///
/// Tap `[i, j]` of the window at output position `[y, x]` lies on the pixel `[y * stride + i - padding,
/// x * stride + j - padding]`, each with its own side's stride and padding.
pub(super) fn windows(window: &Window) -> Vec<Vec<TapAndPixel>> {
    let Window { input, output, kernel, stride, padding } = *window;
    let mut windows = Vec::new();
    for y in 0..output[0] {
        for x in 0..output[1] {
            let mut taps = Vec::new();
            for i in 0..kernel[0] {
                for j in 0..kernel[1] {
                    // Counted from the padding's first row and column, so that nothing is negative.
                    let (row, column) = (y * stride[0] + i, x * stride[1] + j);
                    let is_inside = (padding[0]..padding[0] + input[0]).contains(&row)
                        && (padding[1]..padding[1] + input[1]).contains(&column);
                    if is_inside {
                        let pixel = (row - padding[0]) * input[1] + column - padding[1];
                        taps.push((i * kernel[1] + j, pixel));
                    }
                }
            }
            windows.push(taps);
        }
    }
    windows
}
