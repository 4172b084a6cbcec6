//! Transforms of a channel's rows, from `[y, x, lane]` to `[y, element, tile, lane]`.

use super::{OUTPUT_TILE, TILE, Tiling, transform};
use crate::cpu::simd::F32;

impl Tiling {
    /// The first `height` rows of an input channel.
    #[inline(always)]
    pub(super) unsafe fn transform_input<V: F32>(&self, from: *const f32, height: usize, to: *mut f32) {
        let (width, left) = (self.input[1], self.padding[1]);
        for y in 0..height {
            for tile in 0..self.tiles {
                let start = tile * OUTPUT_TILE;
                let mut inputs = [V::splat(0.0); TILE];
                for (i, input) in inputs.iter_mut().enumerate() {
                    let x = (start + i).wrapping_sub(left);
                    if x < width {
                        *input = V::load(from.add((y * width + x) * V::LANES));
                    }
                }
                self.store(transform::input(inputs), to, y, tile);
            }
        }
    }

    /// A channel of the output gradient.
    #[inline(always)]
    pub(super) unsafe fn transform_output_gradient<V: F32>(&self, from: *const f32, to: *mut f32) {
        let [height, width] = self.output;
        for y in 0..height {
            for tile in 0..self.tiles {
                let mut outputs = [V::splat(0.0); OUTPUT_TILE];
                for (i, output) in outputs.iter_mut().enumerate() {
                    let x = tile * OUTPUT_TILE + i;
                    if x < width {
                        *output = V::load(from.add((y * width + x) * V::LANES));
                    }
                }
                self.store(transform::output_gradient(outputs), to, y, tile);
            }
        }
    }

    #[inline(always)]
    unsafe fn store<V: F32>(&self, elements: [V; TILE], to: *mut f32, y: usize, tile: usize) {
        for (element, value) in elements.into_iter().enumerate() {
            let at = y * self.row_vectors() + element * self.tiles + tile;
            value.store(to.add(at * V::LANES));
        }
    }
}
