//! The forward pass.

use std::ops::Range;

use super::padded_image::{PaddedImage, SLACK};
use super::register_tiles::{ImageConvolution, pack};
use crate::cpu::Level;
use crate::cpu::conv::{ConvShape, Convolution, Maps, zero};
use crate::cpu::simd::{F32, by_level};

pub(crate) struct Forward {
    pub shape: ConvShape,
    pub level: Level,
}

impl Convolution for Forward {
    /// A padded image, packed weights, offsets of taps.
    fn scratch(&self) -> usize {
        let image = PaddedImage::new(self.shape.window, self.shape.in_channels);
        image.len() + SLACK + (self.shape.out_channels + 1) * image.taps()
    }

    unsafe fn run(&self, maps: &Maps, rows: Range<usize>) {
        forward(self.level, &self.shape, maps, rows)
    }
}

by_level!(unsafe fn forward = body(shape: &ConvShape, maps: &Maps, rows: Range<usize>));

#[inline(always)]
unsafe fn body<V: F32>(shape: &ConvShape, maps: &Maps, rows: Range<usize>) {
    let &ConvShape { out_channels, window, .. } = shape;
    let image = PaddedImage::new(window, shape.in_channels);
    let (taps, outputs) = (image.taps(), window.outputs());
    let weights = maps.scratch.add(image.len() + SLACK);
    let tap_offsets = weights.add(out_channels * taps).cast::<u32>();
    image.write_offsets(tap_offsets);
    pack::<V>(out_channels, taps, |channel, tap| *maps.weight.add(channel * taps + tap), weights);
    zero::<V>(maps.scratch.add(image.len()), SLACK);
    let convolution = ImageConvolution {
        tap_offsets,
        taps,
        weights,
        channels: out_channels,
        output: window.output,
        row_stride: image.width,
        out_strides: [outputs, window.output[1], 1],
        bias: maps.bias,
        relu: maps.relu,
    };
    for row in rows {
        image.fill::<V>(maps.input, row, maps.scratch);
        convolution.run::<V>(maps.scratch, maps.output.add(row * out_channels * outputs));
    }
}
