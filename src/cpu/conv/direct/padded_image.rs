//! Copies of an image's channels with zeros around them, so that every tap of a window reads at a constant distance from
//! the output position that it serves.
//!
//! Where windows move by more than one, each channel is split into its phases, one plane each: plane (a, b) of stride
//! (s, t) holds every s-th row from a on and every t-th column from b on. Then a tap moves by one value from one output
//! position to the next, whatever the stride.

use crate::cpu::conv::zero;
use crate::cpu::runtime::tensors::{Matrix, Source};
use crate::cpu::simd::F32;
use crate::plan::Window;

/// Floats beyond the last plane that whole vectors may read: zeros, so that nothing there (a NaN, say) reaches a sum.
pub(super) const SLACK: usize = 128;

/// The layout `[channel, phase, row, column]` of a padded image.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaddedImage {
    window: Window,
    /// Rows and columns of the input, at its beginning, that no window reads.
    skip: [usize; 2],
    pub channels: usize,
    /// Sides of a plane.
    height: usize,
    pub width: usize,
}

impl PaddedImage {
    pub fn new(window: Window, channels: usize) -> Self {
        PaddedImage::cropped(window, channels, [0, 0])
    }

    /// The layout for an input whose first `skip` rows and columns are left out.
    pub fn cropped(window: Window, channels: usize, skip: [usize; 2]) -> Self {
        let side = |i: usize| window.output[i] + (window.kernel[i] - 1) / window.stride[i];
        PaddedImage { window, skip, channels, height: side(0), width: side(1) }
    }

    /// Floats of one image, without the slack.
    pub fn len(&self) -> usize {
        self.channels * self.phases() * self.height * self.width
    }

    fn phases(&self) -> usize {
        self.window.stride[0] * self.window.stride[1]
    }

    /// Weights of one output channel: channels times the taps of a kernel.
    pub fn taps(&self) -> usize {
        self.channels * self.window.taps()
    }

    /// How far from the position `[0, 0]` a tap reads; taps are counted as in the weights, `[channel, i, j]`.
    fn offset(&self, tap: usize) -> usize {
        let Window { kernel: [_, kernel_width], stride: [sy, sx], .. } = self.window;
        let (channel, within) = (tap / self.window.taps(), tap % self.window.taps());
        let (i, j) = (within / kernel_width, within % kernel_width);
        let phase = i % sy * sx + j % sx;
        ((channel * self.phases() + phase) * self.height + i / sy) * self.width + j / sx
    }

    /// Writes the offset of each tap.
    ///
    /// # Safety
    /// `to` has room for [`PaddedImage::taps`] words.
    pub unsafe fn write_offsets(&self, to: *mut u32) {
        for tap in 0..self.taps() {
            *to.add(tap) = self.offset(tap) as u32;
        }
    }

    /// Copies an image, `[channels, height, width]` in row `row` of `x`.
    ///
    /// # Safety
    /// `x` holds the image and `to` has room for [`PaddedImage::len`] floats.
    #[inline(always)]
    pub unsafe fn fill<V: F32>(&self, x: Matrix, row: usize, to: *mut f32) {
        match x {
            Matrix::Floats(x) => self.fill_from::<V, _>(x, row, to),
            Matrix::Bytes(x) => self.fill_from::<V, _>(x, row, to),
        }
    }

    #[inline(always)]
    unsafe fn fill_from<V: F32, S: Source>(&self, x: S, row: usize, to: *mut f32) {
        let Window { input: [rows, columns], stride: [sy, sx], padding: [top, left], .. } = self.window;
        let mut to = to;
        for channel in 0..self.channels {
            for (a, b) in (0..self.phases()).map(|phase| (phase / sx, phase % sx)) {
                for r in 0..self.height {
                    let y = (r * sy + a + self.skip[0]).wrapping_sub(top);
                    if y < rows {
                        let from = (channel * rows + y) * columns;
                        self.fill_row::<V, S>(x, row, from, b + self.skip[1], left, to);
                    } else {
                        zero::<V>(to, self.width);
                    }
                    to = to.add(self.width);
                }
            }
        }
    }

    /// One row of a plane: the input's values `from..` of a row of x, every `stride`-th from `b - left` on.
    #[inline(always)]
    unsafe fn fill_row<V: F32, S: Source>(
        &self,
        x: S,
        row: usize,
        from: usize,
        b: usize,
        left: usize,
        to: *mut f32,
    ) {
        let Window { input: [_, columns], stride: [_, step], .. } = self.window;
        // The plane's columns c that exist in the input: 0 <= c * step + b - left < columns.
        let first = left.saturating_sub(b).div_ceil(step).min(self.width);
        let end = (columns + left).saturating_sub(b).div_ceil(step).clamp(first, self.width);
        zero::<V>(to, first);
        if step == 1 {
            let source = from + first + b - left;
            let mut c = first;
            while c + V::LANES <= end {
                x.load::<V>(row, source + c - first).store(to.add(c));
                c += V::LANES;
            }
            if c < end {
                let rest = x.load_partial::<V>(row, source + c - first, end - c);
                rest.store_partial(to.add(c), end - c);
            }
        } else {
            for c in first..end {
                *to.add(c) = x.at(row, from + c * step + b - left);
            }
        }
        zero::<V>(to.add(end), self.width - end);
    }
}
