//! The weight gradient: a tile of output channels x taps is kept in registers, each element as a vector of sums, during
//! the loop over the positions of several images; then each vector is added up.

// Loops over register tiles have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::padded_image::{PaddedImage, SLACK};
use crate::cpu::Level;
use crate::cpu::conv::{self, ConvShape, GradientTensors, split_evenly, zero};
use crate::cpu::simd::{F32, by_level};

/// Floats of padded images that are processed together: half of a small second-level cache.
const CACHED: usize = 48 * 1024;

pub(crate) struct WeightGradient {
    pub shape: ConvShape,
    pub level: Level,
    /// Images per partial sum.
    pub group: usize,
    pub has_bias: bool,
}

impl conv::WeightGradient for WeightGradient {
    /// Padded images and output gradients that are processed together, offsets of taps.
    fn scratch(&self) -> usize {
        let layout = Layout::new(&self.shape, self.level.lanes());
        self.images(&layout) * (layout.image.len() + layout.gradients()) + SLACK + layout.image.taps()
    }

    unsafe fn run(&self, tensors: &GradientTensors, rows: Range<usize>) {
        weight_gradient(self.level, self, tensors, rows)
    }
}

impl WeightGradient {
    /// Images that are processed together.
    fn images(&self, layout: &Layout) -> usize {
        (CACHED / layout.image.len().max(1)).clamp(1, self.group)
    }
}

/// The output gradient as vectors that match the padded image: flat, with rows as far apart as the image's and zeros in
/// between; or each row in whole vectors of its own, if that leaves less empty.
#[derive(Clone, Copy)]
struct Layout {
    image: PaddedImage,
    out_channels: usize,
    output: [usize; 2],
    lanes: usize,
    is_flat: bool,
}

impl Layout {
    fn new(shape: &ConvShape, lanes: usize) -> Self {
        let image = PaddedImage::new(shape.window, shape.in_channels);
        let output @ [height, width] = shape.window.output;
        let flat = ((height - 1) * image.width + width).div_ceil(lanes);
        let is_flat = flat < height * width.div_ceil(lanes);
        Layout { image, out_channels: shape.out_channels, output, lanes, is_flat }
    }

    /// Vectors of one channel.
    fn vectors(&self) -> usize {
        let [height, width] = self.output;
        if self.is_flat {
            ((height - 1) * self.image.width + width).div_ceil(self.lanes)
        } else {
            height * width.div_ceil(self.lanes)
        }
    }

    /// Floats of one image's output gradient.
    fn gradients(&self) -> usize {
        self.out_channels * self.vectors() * self.lanes
    }

    /// Where in a padded channel a vector's positions begin.
    #[inline(always)]
    fn position(&self, vector: usize) -> usize {
        if self.is_flat {
            return vector * self.lanes;
        }
        let vectors_per_row = self.output[1].div_ceil(self.lanes);
        vector / vectors_per_row * self.image.width + vector % vectors_per_row * self.lanes
    }

    /// Copies the output gradient of an image.
    #[inline(always)]
    unsafe fn fill<V: F32>(&self, from: *const f32, to: *mut f32) {
        let [height, width] = self.output;
        let length = self.vectors() * self.lanes;
        let row_stride = if self.is_flat { self.image.width } else { width.next_multiple_of(self.lanes) };
        for channel in 0..self.out_channels {
            let to = to.add(channel * length);
            zero::<V>(to, length);
            for y in 0..height {
                let (from, to) = (from.add((channel * height + y) * width), to.add(y * row_stride));
                for x in (0..width).step_by(V::LANES) {
                    let count = V::LANES.min(width - x);
                    V::load_partial(from.add(x), count, 0.0).store_partial(to.add(x), count);
                }
            }
        }
    }
}

by_level!(
    unsafe fn weight_gradient =
        body(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(wanted: &WeightGradient, tensors: &GradientTensors, rows: Range<usize>) {
    let &WeightGradient { ref shape, group, has_bias, .. } = wanted;
    let layout = Layout::new(shape, V::LANES);
    let (image, taps, most) = (layout.image, layout.image.taps(), wanted.images(&layout));
    let outputs = shape.out_channels * shape.window.outputs();
    let gradients = tensors.scratch.add(most * image.len() + SLACK);
    let tap_offsets = gradients.add(most * layout.gradients()).cast::<u32>();
    image.write_offsets(tap_offsets);
    zero::<V>(tensors.scratch.add(most * image.len()), SLACK);
    for first in rows.clone().step_by(group) {
        let end = rows.end.min(first + group);
        let out = tensors.partials.add(first / group * shape.gradient_columns(has_bias));
        for start in (first..end).step_by(most) {
            let images = most.min(end - start);
            for i in 0..images {
                image.fill::<V>(tensors.x, start + i, tensors.scratch.add(i * image.len()));
                let from = tensors.output_gradient.start.add((start + i) * outputs);
                layout.fill::<V>(from, gradients.add(i * layout.gradients()));
            }
            if images < most {
                // What the last image's vectors read beyond it: another image, or zeros.
                zero::<V>(tensors.scratch.add(images * image.len()), SLACK);
            }
            let pass = ImagesPass {
                layout: &layout,
                images,
                padded: tensors.scratch,
                gradients,
                tap_offsets,
                taps,
                out,
                is_first: start == first,
            };
            pass.weights::<V>();
            if has_bias {
                pass.biases::<V>();
            }
        }
    }
}

/// One pass over the images in scratch memory, and the partial sum that it adds to.
struct ImagesPass<'a> {
    layout: &'a Layout,
    images: usize,
    padded: *const f32,
    gradients: *const f32,
    tap_offsets: *const u32,
    taps: usize,
    out: *mut f32,
    is_first: bool,
}

impl ImagesPass<'_> {
    /// Tiles of channels x taps: 5 x 5 sums and the ten vectors that they come from fill 32 registers, 3 x 3 fill 16.
    #[inline(always)]
    unsafe fn weights<V: F32>(&self) {
        let side = if V::REGISTERS == 32 { 5 } else { 3 };
        for channels in split_evenly(self.layout.out_channels, side) {
            for taps in split_evenly(self.taps, side) {
                macro_rules! sizes {
                    ($(($r:literal $n:literal))*) => {
                        match (channels.len(), taps.len()) {
                            // Tiles with too few registers are left out when this is compiled.
                            $(($r, $n) if usize::max($r, $n) <= side =>
                                self.tile::<V, $r, $n>(channels.start, taps.start),)*
                            _ => {}
                        }
                    };
                }
                sizes!(
                    (1 1)(1 2)(1 3)(1 4)(1 5)(2 1)(2 2)(2 3)(2 4)(2 5)(3 1)(3 2)(3 3)(3 4)(3 5)
                    (4 1)(4 2)(4 3)(4 4)(4 5)(5 1)(5 2)(5 3)(5 4)(5 5)
                );
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(&self, channel: usize, tap: usize) {
        let vectors = self.layout.vectors();
        let mut sums = [[V::splat(0.0); N]; R];
        let mut offsets = [0; N];
        for n in 0..N {
            offsets[n] = *self.tap_offsets.add(tap + n) as usize;
        }
        for image in 0..self.images {
            let padded = self.padded.add(image * self.layout.image.len());
            let gradients = self.gradients.add(image * self.layout.gradients());
            for vector in 0..vectors {
                let position = padded.add(self.layout.position(vector));
                let gradient = gradients.add((channel * vectors + vector) * V::LANES);
                let mut values = [V::splat(0.0); N];
                for n in 0..N {
                    values[n] = V::load(position.add(offsets[n]));
                }
                for r in 0..R {
                    let gradient = V::load(gradient.add(r * vectors * V::LANES));
                    for n in 0..N {
                        sums[r][n] = gradient.mul_add(values[n], sums[r][n]);
                    }
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                self.add((channel + r) * self.taps + tap + n, sums[r][n].reduce_sum());
            }
        }
    }

    #[inline(always)]
    unsafe fn biases<V: F32>(&self) {
        let vectors = self.layout.vectors();
        for channel in 0..self.layout.out_channels {
            let mut sum = V::splat(0.0);
            for image in 0..self.images {
                let gradients = self.gradients.add(image * self.layout.gradients());
                for vector in 0..vectors {
                    sum = sum.add(V::load(gradients.add((channel * vectors + vector) * V::LANES)));
                }
            }
            self.add(self.layout.out_channels * self.taps + channel, sum.reduce_sum());
        }
    }

    #[inline(always)]
    unsafe fn add(&self, at: usize, value: f32) {
        let to = self.out.add(at);
        *to = if self.is_first { value } else { *to + value };
    }
}
