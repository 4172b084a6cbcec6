//! Copies of an image's channels with zeros around them, so that every tap of a window reads at a constant distance from
//! the place that it is for.
//!
//! Where windows move by more than one, the input is split by phases, a plane each: plane (a, b) of stride (s, t) holds
//! every s-th row from a on and every t-th column from b on. Then taps move by one value from place to place, whatever
//! the stride.

use std::ops::Range;

use crate::cpu::runtime::tensors::{Matrix, Source};
use crate::cpu::simd::F32;
use crate::plan::Window;

/// Floats beyond the last plane that whole vectors may read: zeros, so that nothing there spoils a sum.
pub(crate) const SLACK: usize = 128;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes {
    window: Window,
    /// Rows and columns of the input, at its beginning, that no window reads.
    skip: [usize; 2],
    pub channels: usize,
    /// Sides of a plane.
    height: usize,
    pub width: usize,
}

impl Planes {
    pub fn new(window: Window, channels: usize) -> Self {
        Planes::cropped(window, channels, [0, 0])
    }

    /// Of an input whose first rows and columns do not count.
    pub fn cropped(window: Window, channels: usize, skip: [usize; 2]) -> Self {
        let side = |i: usize| window.output[i] + (window.kernel[i] - 1) / window.stride[i];
        Planes { window, skip, channels, height: side(0), width: side(1) }
    }

    /// Floats of one image's planes, without the slack.
    pub fn len(&self) -> usize {
        self.channels * self.phases() * self.height * self.width
    }

    fn phases(&self) -> usize {
        self.window.stride[0] * self.window.stride[1]
    }

    /// Taps: channels times the window's values.
    pub fn taps(&self) -> usize {
        self.channels * self.window.taps()
    }

    /// How far from the place `[0, 0]` a tap reads; taps are counted as in the weights, `[channel, i, j]`.
    pub fn offset(&self, tap: usize) -> usize {
        let Window { kernel: [_, across], stride: [sy, sx], .. } = self.window;
        let (channel, within) = (tap / self.window.taps(), tap % self.window.taps());
        let (i, j) = (within / across, within % across);
        let phase = i % sy * sx + j % sx;
        ((channel * self.phases() + phase) * self.height + i / sy) * self.width + j / sx
    }

    /// Copies an image, `[channels, height, width]` from `start` on in row `row` of `x`.
    ///
    /// # Safety
    /// `x` holds the image and `to` has room for [`Planes::len`] floats.
    #[inline(always)]
    pub unsafe fn fill<V: F32>(&self, x: Matrix, row: usize, to: *mut f32) {
        unsafe {
            match x {
                Matrix::Floats(x) => self.fill_from::<V, _>(x, row, to),
                Matrix::Bytes(x) => self.fill_from::<V, _>(x, row, to),
            }
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
                    unsafe {
                        if y < rows {
                            let from = (channel * rows + y) * columns;
                            self.line::<V, S>(x, row, from, b + self.skip[1], left, to);
                        } else {
                            zero::<V>(to, 0..self.width);
                        }
                        to = to.add(self.width);
                    }
                }
            }
        }
    }

    /// One line of a plane: the input's values `from..` of a row of x, every `stride`-th from `b - left` on.
    #[inline(always)]
    unsafe fn line<V: F32, S: Source>(
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
        unsafe {
            zero::<V>(to, 0..first);
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
            zero::<V>(to, end..self.width);
        }
    }
}

#[inline(always)]
pub(crate) unsafe fn zero<V: F32>(to: *mut f32, range: Range<usize>) {
    for c in range.clone().step_by(V::LANES) {
        unsafe { V::splat(0.0).store_partial(to.add(c), V::LANES.min(range.end - c)) }
    }
}
