//! Convolutions with images side by side: a block of channels x two neighbouring places is kept in registers while all
//! taps pass by. Taps that reach beyond the image are left out, not multiplied by zeros: what a gradient of an input, whose
//! windows reach far beyond, gains most from.
//!
//! Every value is one chain of additions in the order of the taps.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::batch_innermost::BLOCK;
use crate::cpu::conv::batch_innermost::MOST_LANES;
use crate::cpu::conv::batch_innermost::blocks;
use crate::cpu::conv::batch_innermost::gather;
use crate::cpu::conv::batch_innermost::scatter;
use crate::cpu::conv::batch_innermost::strip_rows;
use crate::cpu::conv::batch_innermost::strip_vectors;
use crate::cpu::conv::batch_innermost::zero;
use crate::cpu::runtime::tensors::Matrix;
use crate::cpu::simd::{F32, by_level};

/// Neighbouring places of a block. Rows have a column of zeros at either end, for the one of two whose tap is outside.
const PLACES: usize = 2;

/// `out[r, o, y, x] = finish(sum over c, i, j of weight(o, c, i, j) * x[r, c, y + i - top, x + j - left])`.
pub(crate) struct LanesConvolution {
    /// Rows of `[in_channels, height, width]`.
    pub x: Matrix,
    /// `[out_channels, in_channels, kernel_height, kernel_width]`; or, where `is_turned`, with the first two in the other
    /// order and the kernel turned round.
    pub weight: *const f32,
    pub is_turned: bool,
    /// `[out_channels]`, or null.
    pub bias: *const f32,
    pub relu: bool,
    /// `[rows, out_channels, out_height, out_width]`.
    pub out: *mut f32,
    pub in_channels: usize,
    pub out_channels: usize,
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub kernel: [usize; 2],
    pub padding: [usize; 2],
}

impl LanesConvolution {
    fn pitch(&self) -> usize {
        self.input[1] + 2 * (PLACES - 1)
    }

    fn taps(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    /// Vectors of the images, and behind them what the last block of values spoils.
    fn gathered(&self) -> usize {
        self.in_channels * self.input[0] * self.pitch() + MOST_LANES
    }

    /// Floats that [`run`] wants.
    pub fn scratch(&self) -> usize {
        let vectors = self.gathered() + BLOCK * strip_vectors(self.output);
        vectors * MOST_LANES + self.out_channels * self.taps()
    }

    /// Weights as blocks take them: `[tap, channel of the block]` one block after the other.
    unsafe fn pack(&self, to: *mut f32) {
        let [kh, kw] = self.kernel;
        let mut to = to;
        for block in blocks(self.out_channels) {
            for (c, tap) in (0..self.in_channels).flat_map(|c| (0..kh * kw).map(move |tap| (c, tap))) {
                for o in block.clone() {
                    let at = if self.is_turned {
                        (c * self.out_channels + o) * kh * kw + kh * kw - 1 - tap
                    } else {
                        (o * self.in_channels + c) * kh * kw + tap
                    };
                    unsafe {
                        *to = *self.weight.add(at);
                        to = to.add(1);
                    }
                }
            }
        }
    }
}

by_level!(
    /// Images `rows`; `scratch` is as long as [`LanesConvolution::scratch`] says.
    ///
    /// # Safety
    /// Pointers are good for the sizes given; nobody else touches those rows of `out`.
    pub(crate) unsafe fn convolve =
        body(convolution: &LanesConvolution, rows: Range<usize>, scratch: *mut f32)
);

#[inline(always)]
unsafe fn body<V: F32>(convolution: &LanesConvolution, rows: Range<usize>, scratch: *mut f32) {
    let &LanesConvolution { out, in_channels, out_channels, input, output, .. } = convolution;
    let ([height, width], outputs) = (input, output[0] * output[1]);
    unsafe {
        let strip = scratch.add(convolution.gathered() * V::LANES);
        let (strip_rows, pitch) = (strip_rows(output), strip_vectors(output));
        let weights = strip.add(BLOCK * pitch * V::LANES);
        convolution.pack(weights);
        for row in rows.clone().step_by(V::LANES) {
            let images = V::LANES.min(rows.end - row);
            for line in 0..in_channels * height {
                let to = scratch.add(line * convolution.pitch() * V::LANES);
                let values = to.add((PLACES - 1) * V::LANES);
                gather::<V>(convolution.x, row, images, line * width, width, values);
                zero::<V>(to, PLACES - 1);
                zero::<V>(values.add(width * V::LANES), PLACES - 1);
            }
            let mut weights = weights.cast_const();
            for block in blocks(out_channels) {
                for top in (0..output[0]).step_by(strip_rows) {
                    let bottom = output[0].min(top + strip_rows);
                    let to = out.add((row * out_channels + block.start) * outputs + top * output[1]);
                    let strip = Strip { convolution, images: scratch, weights, to: strip, pitch };
                    strip.by_channels::<V>(block.clone(), top..bottom);
                    for channel in 0..block.len() {
                        let from = strip.to.add(channel * pitch * V::LANES);
                        let (count, to) = ((bottom - top) * output[1], to.add(channel * outputs));
                        scatter::<V>(from, count, to, out_channels * outputs, images);
                    }
                }
                weights = weights.add(block.len() * convolution.taps());
            }
        }
    }
}

/// Some rows of the output, of a block of channels.
struct Strip<'a> {
    convolution: &'a LanesConvolution,
    /// `[in_channels, height, pitch, lane]`.
    images: *const f32,
    /// `[tap, channel]`.
    weights: *const f32,
    /// `[channel, place, lane]`, channels `pitch` vectors apart.
    to: *mut f32,
    pitch: usize,
}

impl Strip<'_> {
    #[inline(always)]
    unsafe fn by_channels<V: F32>(&self, channels: Range<usize>, rows: Range<usize>) {
        macro_rules! counts {
            ($($count:literal)*) => {
                match channels.len() {
                    $($count => self.rows::<V, $count>(channels.start, rows),)*
                    _ => {}
                }
            };
        }
        const { assert!(BLOCK == 6) }
        unsafe { counts!(1 2 3 4 5 6) }
    }

    #[inline(always)]
    unsafe fn rows<V: F32, const R: usize>(&self, channel: usize, rows: Range<usize>) {
        let width = self.convolution.output[1];
        for y in rows.clone() {
            let mut x = 0;
            unsafe {
                let to = self.to.add((y - rows.start) * width * V::LANES);
                while x + PLACES <= width {
                    self.places::<V, R, PLACES>(channel, y, x, to);
                    x += PLACES;
                }
                while x < width {
                    self.places::<V, R, 1>(channel, y, x, to);
                    x += 1;
                }
            }
        }
    }

    /// `R` channels of `P` places from `[y, x]` on; `to` is the row's.
    #[inline(always)]
    unsafe fn places<V: F32, const R: usize, const P: usize>(
        &self,
        channel: usize,
        y: usize,
        x: usize,
        to: *mut f32,
    ) {
        let &LanesConvolution { input: [height, width], kernel: [kh, kw], padding, .. } = self.convolution;
        let pitch = self.convolution.pitch();
        let [top, left] = padding;
        // The taps that at least one of the places has inside the image.
        let (down, bottom) = (top.saturating_sub(y), kh.min((height + top).saturating_sub(y)));
        let (across, right) = (left.saturating_sub(x + P - 1), kw.min((width + left).saturating_sub(x)));
        let taps = Taps {
            images: self.images,
            weights: self.weights,
            channels: self.convolution.in_channels,
            rows: down..bottom,
            first: across,
            count: right.saturating_sub(across),
            kernel: self.convolution.kernel,
            start: (y * pitch + x + PLACES - 1).wrapping_sub(top * pitch + left),
            height,
            pitch,
        };
        unsafe {
            let sums = match taps.count {
                5 => taps.chains::<V, R, P, 5>(),
                4 if P == PLACES => taps.chains::<V, R, P, 4>(),
                3 => taps.chains::<V, R, P, 3>(),
                2 if P == PLACES => taps.chains::<V, R, P, 2>(),
                _ => taps.chains::<V, R, P, 0>(),
            };
            let &LanesConvolution { bias, relu, .. } = self.convolution;
            for r in 0..R {
                let bias = if bias.is_null() { 0.0 } else { *bias.add(channel + r) };
                let to = to.add((r * self.pitch + x) * V::LANES);
                for p in 0..P {
                    let mut sum = sums[r][p].add(V::splat(bias));
                    if relu {
                        sum = sum.max(V::splat(0.0));
                    }
                    sum.store(to.add(p * V::LANES));
                }
            }
        }
    }
}

/// The taps that some places have inside the images.
struct Taps {
    images: *const f32,
    weights: *const f32,
    channels: usize,
    /// Of the kernel; of its columns `count` from `first` on.
    rows: Range<usize>,
    first: usize,
    count: usize,
    kernel: [usize; 2],
    /// Where the first of the places has tap `[0, 0]`, below zero where that lies outside.
    start: usize,
    height: usize,
    pitch: usize,
}

impl Taps {
    /// Apart from what comes before and after, so that the sums alone fill the registers. `K` is `count` where the compiler
    /// is to know it, else 0.
    #[inline(always)]
    unsafe fn chains<V: F32, const R: usize, const P: usize, const K: usize>(&self) -> [[V; P]; R] {
        let [kh, kw] = self.kernel;
        let count = if K > 0 { K } else { self.count };
        unsafe {
            let mut sums = [[V::splat(0.0); P]; R];
            for c in 0..self.channels {
                let line =
                    self.start.wrapping_add((c * self.height + self.rows.start) * self.pitch + self.first);
                let mut line = self.images.add(line * V::LANES);
                let mut weights = self.weights.add(((c * kh + self.rows.start) * kw + self.first) * R);
                for _ in self.rows.clone() {
                    for tap in 0..count {
                        let mut values = [V::splat(0.0); P];
                        for p in 0..P {
                            values[p] = V::load(line.add((tap + p) * V::LANES));
                        }
                        for r in 0..R {
                            let weight = V::splat(*weights.add(tap * R + r));
                            for p in 0..P {
                                sums[r][p] = weight.mul_add(values[p], sums[r][p]);
                            }
                        }
                    }
                    line = line.wrapping_add(self.pitch * V::LANES);
                    weights = weights.wrapping_add(kw * R);
                }
            }
            sums
        }
    }
}
