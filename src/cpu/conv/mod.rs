//! Convolutions and both of their gradients. [`ConvAlgorithm::choose`] decides how each is computed, once, when an
//! executor is made; an op's memory, its chunks and what it runs all follow from that decision.
//!
//! | folder | algorithm | for |
//! | --- | --- | --- |
//! | `winograd` | Winograd along both axes, vectors of channels | 3 x 3 and 5 x 5, 12 channels and more on both sides |
//! | `winograd_1d` | Winograd along rows, vectors of images | 5 columns, few channels |
//! | `batch_innermost` | direct, vectors of images | other kernels of stride 1, few channels |
//! | `direct` | direct, vectors of positions | all else |
//!
//! The `unsafe fn`s of this folder share one safety contract, which the op that calls [`Convolution`] or [`WeightGradient`]
//! guarantees and which is passed down from there: pointers are valid for the sizes that the algorithm's struct states, and
//! the machine has the instructions of the level (of `V` in a generic function).

// See above: a block in each function would repeat its signature.
#![allow(unsafe_op_in_unsafe_fn)]

mod algorithm;
mod batch_innermost;
mod direct;
#[cfg(test)]
mod tests;
mod winograd;
mod winograd_1d;

pub(crate) use algorithm::{ConvAlgorithm, ConvShape, Pass};

use std::ops::Range;

use crate::cpu::runtime::tensors::{Floats, Matrix};
use crate::cpu::simd::F32;

/// Lanes of the longest vectors.
const MAX_LANES: usize = 16;

/// A convolution, or an input gradient, which is a convolution of the output gradient: made for one shape and level by
/// [`ConvAlgorithm`].
pub(crate) trait Convolution: Send + Sync {
    /// Chunks of rows begin at multiples of it: images that one vector holds.
    fn alignment(&self) -> usize {
        1
    }

    /// Floats of scratch memory that [`Convolution::run`] uses.
    fn scratch(&self) -> usize;

    /// The transformed weights that the algorithm prepares once per step, if any.
    fn transformed_kernels(&self) -> Option<TransformedKernels> {
        None
    }

    /// Transforms the units `units` of the kernels.
    ///
    /// # Safety
    /// `weight` is the layer's, `[out_channels, in_channels, height, width]`; `to` is as large as
    /// [`Convolution::transformed_kernels`] says; nobody else is at work on the same units.
    unsafe fn transform_kernels(&self, _weight: *const f32, _to: *mut f32, _units: Range<usize>) {}

    /// Computes the images `rows`, which begin at a multiple of the alignment.
    ///
    /// # Safety
    /// [`Maps`] are good for the shape and for those rows; nobody else touches those rows of the output.
    unsafe fn run(&self, maps: &Maps, rows: Range<usize>);
}

/// Memory for transformed kernels, and the number of units in which they can be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TransformedKernels {
    pub floats: usize,
    pub units: usize,
}

/// The tensors of a [`Convolution`]. Of an input gradient the input is the output gradient.
pub(crate) struct Maps {
    /// An image a row, `[channels, height, width]`.
    pub input: Matrix,
    /// `[out_channels, in_channels, kernel_height, kernel_width]`, of the forward pass, whatever is computed.
    pub weight: *const f32,
    /// Made by [`Convolution::transform_kernels`]; null where there are none.
    pub transformed_kernels: *const f32,
    /// One value an output channel, or null.
    pub bias: *const f32,
    /// Whether values below zero become zero.
    pub relu: bool,
    /// `[rows, channels, height, width]`.
    pub output: *mut f32,
    /// As long as [`Convolution::scratch`] says.
    pub scratch: *mut f32,
}

/// The gradient of a convolution's weights and bias, a partial sum for each group of images.
pub(crate) trait WeightGradient: Send + Sync {
    /// Chunks begin at rows that are multiples of this and of the group's size.
    fn alignment(&self) -> usize {
        1
    }

    /// Floats of scratch memory that [`WeightGradient::run`] uses.
    fn scratch(&self) -> usize;

    /// Computes the partial sums of the groups that `rows` hold, whole ones (but for the batch's last).
    ///
    /// # Safety
    /// [`GradientTensors`] are good for the shape and for those rows; nobody else touches those groups.
    unsafe fn run(&self, tensors: &GradientTensors, rows: Range<usize>);
}

/// The tensors of a [`WeightGradient`].
pub(crate) struct GradientTensors {
    /// The convolution's input, one image per row.
    pub x: Matrix,
    /// `[out_channels, height, width]` a row.
    pub output_gradient: Floats,
    /// `[groups, columns]`: the weights' gradients, then the biases'.
    pub partials: *mut f32,
    /// As long as [`WeightGradient::scratch`] says.
    pub scratch: *mut f32,
}

/// `count` things in as few parts of at most `most` as there can be, as even as possible.
fn split_evenly(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| count * part / parts..count * (part + 1) / parts)
}

/// Zeroes `count` floats.
#[inline(always)]
unsafe fn zero<V: F32>(to: *mut f32, count: usize) {
    for at in (0..count).step_by(V::LANES) {
        V::splat(0.0).store_partial(to.add(at), V::LANES.min(count - at));
    }
}
