//! The kernels' transform, done once per step.

use std::ops::Range;

use super::{TAPS, TILE, Tiling, transform};
use crate::cpu::conv::TransformedKernels;
use crate::cpu::conv::batch_innermost::{Direction, channel_blocks};

impl Tiling {
    /// Units are elements.
    pub(super) fn transformed_kernels(&self) -> TransformedKernels {
        let floats = self.in_channels * self.out_channels * self.kernel_rows * TILE;
        TransformedKernels { floats, units: TILE }
    }

    /// Channels that are summed over, and output channels.
    pub(super) fn channels(&self, direction: Direction) -> (usize, usize) {
        match direction {
            Direction::Forward => (self.in_channels, self.out_channels),
            Direction::InputGradient => (self.out_channels, self.in_channels),
        }
    }

    /// Transforms the kernels to `[element, channel summed over, row, channel of the block]`, one block of channels after
    /// another. For an input gradient rows are in reverse order.
    ///
    /// # Safety
    /// `weight` is `[out_channels, in_channels, rows, TAPS]`, `to` is as large as [`Tiling::transformed_kernels`] says;
    /// nobody else touches these elements of it.
    pub(super) unsafe fn transform_kernels(
        &self,
        weight: *const f32,
        direction: Direction,
        to: *mut f32,
        elements: Range<usize>,
    ) {
        let rows = self.kernel_rows;
        let (summed, made) = self.channels(direction);
        for block in channel_blocks(made) {
            for element in elements.clone() {
                let mut at = (block.start * TILE + element * block.len()) * summed * rows;
                for (channel, row) in (0..summed).flat_map(|c| (0..rows).map(move |row| (c, row))) {
                    for other in block.clone() {
                        let (kernel, row) = match direction {
                            Direction::Forward => (other * self.in_channels + channel, row),
                            Direction::InputGradient => (channel * self.in_channels + other, rows - 1 - row),
                        };
                        let mut value = 0.0;
                        for tap in 0..TAPS {
                            let weight = *weight.add((kernel * rows + row) * TAPS + tap);
                            value += transform::KERNEL[element][tap] * weight;
                        }
                        *to.add(at) = value;
                        at += 1;
                    }
                }
            }
        }
    }
}
