//! The input gradient: for each phase of the stride a convolution of the output gradient with the taps that reach inputs
//! of this phase, rotated by 180 degrees. With a stride of 1 there is one phase.

use std::ops::Range;

use super::padded_image::{PaddedImage, SLACK};
use super::register_tiles::{ImageConvolution, pack};
use crate::cpu::Level;
use crate::cpu::conv::{ConvShape, Convolution, Maps, zero};
use crate::cpu::simd::{F32, by_level};
use crate::plan::Window;

pub(crate) struct InputGradient {
    pub shape: ConvShape,
    pub level: Level,
}

impl Convolution for InputGradient {
    /// A padded output gradient, packed weights and offsets of taps, of the largest phase.
    fn scratch(&self) -> usize {
        let size = |phase: Phase| {
            let image = PaddedImage::cropped(phase.window, self.shape.out_channels, phase.skip);
            image.len() + SLACK + (self.shape.in_channels + 1) * image.taps()
        };
        phases(&self.shape.window).map(size).max().unwrap_or(0)
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        input_gradient(self.level, &self.shape, maps, rows)
    }
}

/// The inputs at one position modulo the stride.
#[derive(Clone, Copy)]
struct Phase {
    /// The window of the convolution over the output gradient.
    window: Window,
    /// First rows and columns of the output that reach no input of this phase.
    skip: [usize; 2],
    /// First input of the phase, and first row and column of the kernel that reach it; both go on by the stride.
    first: [usize; 2],
    tap: [usize; 2],
}

/// All phases but those without inputs or without taps.
fn phases(window: &Window) -> impl Iterator<Item = Phase> {
    let window = *window;
    let [sy, sx] = window.stride;
    (0..sy * sx).filter_map(move |phase| {
        let tap = [phase / sx, phase % sx];
        let (mut first, mut count, mut kernel, mut start) = ([0; 2], [0; 2], [0; 2], [0; 2]);
        for i in 0..2 {
            let stride = window.stride[i];
            // Input y belongs to tap r where (y + top) % stride == r; output q - m reaches it through tap r + m * stride,
            // q being (y + top) / stride.
            let q = window.padding[i].saturating_sub(tap[i]).div_ceil(stride);
            first[i] = (q * stride + tap[i]).checked_sub(window.padding[i])?;
            count[i] = window.input[i].checked_sub(first[i])?.div_ceil(stride);
            kernel[i] = window.kernel[i].checked_sub(tap[i])?.div_ceil(stride);
            start[i] = q;
        }
        if count.contains(&0) || kernel.contains(&0) {
            return None;
        }
        // In the rotated kernel tap m is at kernel - 1 - m, and reads output q + m - (kernel - 1).
        let padding = [0, 1].map(|i| (kernel[i] - 1).saturating_sub(start[i]));
        let skip = [0, 1].map(|i| start[i].saturating_sub(kernel[i] - 1));
        let window = Window { input: window.output, output: count, kernel, stride: [1, 1], padding };
        Some(Phase { window, skip, first, tap })
    })
}

by_level!(unsafe fn input_gradient = body(shape: &ConvShape, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(shape: &ConvShape, maps: &Maps, rows: Range<usize>) {
    let &ConvShape { in_channels, out_channels, window, .. } = shape;
    let (inputs, [_, width], [sy, sx]) = (window.inputs(), window.input, window.stride);
    let values = in_channels * inputs;
    if window.stride != [1, 1] {
        // Inputs that no window reaches belong to no phase.
        maps.output.add(rows.start * values).write_bytes(0, rows.len() * values);
    }
    for phase in phases(&window) {
        let image = PaddedImage::cropped(phase.window, out_channels, phase.skip);
        let taps = image.taps();
        let weights = maps.scratch.add(image.len() + SLACK);
        let tap_offsets = weights.add(in_channels * taps).cast::<u32>();
        image.write_offsets(tap_offsets);
        let weight = |channel: usize, rotated: usize| {
            let (o, within) = (rotated / phase.window.taps(), rotated % phase.window.taps());
            let m = phase.window.kernel[0] - 1 - within / phase.window.kernel[1];
            let n = phase.window.kernel[1] - 1 - within % phase.window.kernel[1];
            let (i, j) = (phase.tap[0] + m * sy, phase.tap[1] + n * sx);
            let start = (o * in_channels + channel) * window.taps();
            *maps.weight.add(start + i * window.kernel[1] + j)
        };
        pack::<V>(in_channels, taps, weight, weights);
        zero::<V>(maps.scratch.add(image.len()), SLACK);
        let convolution = ImageConvolution {
            tap_offsets,
            taps,
            weights,
            channels: in_channels,
            output: phase.window.output,
            row_stride: image.width,
            out_strides: [inputs, sy * width, sx],
            bias: std::ptr::null(),
            relu: false,
        };
        for row in rows.clone() {
            image.fill::<V>(maps.input, row, maps.scratch);
            let to = maps.output.add(row * values + phase.first[0] * width + phase.first[1]);
            convolution.run::<V>(maps.scratch, to);
        }
    }
}
