//! The kernels' transform, done once per step.

// Loops over register blocks have constant bounds, so that the compiler unrolls them completely.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::{ELEMENTS, TILE, Tiling, transform, whole_vectors};
use crate::cpu::Level;
use crate::cpu::conv::{MAX_LANES, TransformedKernels};
use crate::cpu::simd::{F32, by_level};

/// Which of a kernel's channels are summed over, and whether its taps are rotated. The weights are always
/// `[out, in, taps]` of the forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KernelOrder {
    /// Forward pass: sums over the input channels.
    Forward,
    /// Input gradient through the forward pass's tiles: sums over the output channels.
    Transposed,
    /// Input gradient as a convolution: sums over the output channels, kernels rotated by 180 degrees.
    Rotated,
}

/// Kernels to be transformed: channels summed over, output channels, side of a kernel.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    pub inputs: usize,
    pub outputs: usize,
    pub side: usize,
    pub order: KernelOrder,
}

impl Kernels {
    /// Units are input channels.
    pub fn transformed(&self, level: Level) -> TransformedKernels {
        let floats = ELEMENTS * self.inputs * whole_vectors(self.outputs, level.lanes());
        TransformedKernels { floats, units: self.inputs }
    }
}

impl Tiling {
    /// The kernels of a convolution in these tiles.
    pub(super) fn kernels(&self, order: KernelOrder) -> Kernels {
        let (inputs, outputs) = match order {
            KernelOrder::Forward | KernelOrder::Rotated => (self.in_channels, self.out_channels),
            KernelOrder::Transposed => (self.out_channels, self.in_channels),
        };
        Kernels { inputs, outputs, side: self.kernel, order }
    }
}

by_level!(
    /// Transforms the kernels of some input channels: `[element, panel of two vectors of outputs, input, output of the panel]`.
    ///
    /// # Safety
    /// `to` is as large as [`Kernels::transformed`] says; nobody else touches the values of these input channels.
    pub(super) unsafe fn transform_kernels =
        body(kernels: Kernels, weight: *const f32, to: *mut f32, channels: Range<usize>)
);

#[inline(always)]
unsafe fn body<V: F32>(kernels: Kernels, weight: *const f32, to: *mut f32, channels: Range<usize>) {
    match kernels.side {
        3 => transform_sides::<V, 3>(kernels, weight, to, channels),
        _ => transform_sides::<V, 5>(kernels, weight, to, channels),
    }
}

#[inline(always)]
unsafe fn transform_sides<V: F32, const K: usize>(
    kernels: Kernels,
    weight: *const f32,
    to: *mut f32,
    channels: Range<usize>,
) {
    let Kernels { inputs, outputs, order, .. } = kernels;
    let (taps, padded_outputs) = (K * K, whole_vectors(outputs, V::LANES));
    for channel in channels {
        for out in (0..padded_outputs).step_by(V::LANES) {
            let mut columns = [[V::splat(0.0); TILE]; K];
            for x in 0..K {
                let mut column = [V::splat(0.0); K];
                for y in 0..K {
                    let tap = y * K + x;
                    let mut values = [0.0; MAX_LANES];
                    for lane in 0..V::LANES.min(outputs - out) {
                        let out = out + lane;
                        values[lane] = *weight.add(match order {
                            KernelOrder::Forward => (out * inputs + channel) * taps + tap,
                            KernelOrder::Transposed => (channel * outputs + out) * taps + tap,
                            KernelOrder::Rotated => (channel * outputs + out) * taps + taps - 1 - tap,
                        });
                    }
                    column[y] = V::load(values.as_ptr());
                }
                columns[x] = transform::kernel::<V, K>(column);
            }
            let panel = out / (2 * V::LANES) * (2 * V::LANES);
            let width = (2 * V::LANES).min(padded_outputs - panel);
            let to = to.add(panel * inputs + channel * width + out - panel);
            for y in 0..TILE {
                let row = transform::kernel::<V, K>(columns.map(|column| column[y]));
                for x in 0..TILE {
                    row[x].store(to.add((y * TILE + x) * inputs * padded_outputs));
                }
            }
        }
    }
}
