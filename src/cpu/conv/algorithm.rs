//! Which algorithm computes a convolution: decided here and nowhere else.

use super::{Convolution, WeightGradient, batch_innermost, direct, winograd, winograd_1d};
use crate::cpu::Level;
use crate::plan::Window;

/// Which of a convolution's three computations is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pass {
    Forward,
    InputGradient,
    WeightGradient,
}

/// All that a choice depends on, besides the level. Channels and window are always those of the forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ConvShape {
    pub pass: Pass,
    /// Images of the batch.
    pub rows: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
    /// Whether the input is image bytes.
    pub has_bytes: bool,
}

impl ConvShape {
    /// Values of one partial sum of the weight gradient: weights, then biases.
    pub fn gradient_columns(&self, has_bias: bool) -> usize {
        self.out_channels * (self.in_channels * self.window.taps() + usize::from(has_bias))
    }
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ConvAlgorithm {
    Direct,
    /// Winograd along both axes. Of an input gradient: as a convolution of the output gradient with rotated kernels.
    Winograd(winograd::Tiling),
    /// Input gradient through the forward pass's Winograd tiles, each step transposed.
    WinogradTransposed(winograd::Tiling),
    /// Winograd along rows, batch innermost.
    Winograd1d(winograd_1d::Tiling),
    /// Direct, batch innermost.
    BatchInnermost,
}

impl ConvAlgorithm {
    /// The algorithm for a shape, and the level of vector instructions that it runs at.
    ///
    /// It depends on the batch's rows, not a chunk's, so that a batch gives the same bits however it is divided; and not
    /// on the level, which decides only how long the vectors are.
    pub fn choose(shape: &ConvShape, level: Level) -> (Self, Level) {
        if let Some(algorithm) = Self::winograd(shape) {
            return (algorithm, level);
        }
        if !batch_innermost::serves(shape) {
            return (Self::Direct, level);
        }
        let algorithm = winograd_1d::Tiling::new(shape).map_or(Self::BatchInnermost, Self::Winograd1d);
        // Empty lanes cost these two more than long vectors gain where the processor takes such vectors in two passes.
        (algorithm, level.unsplit())
    }

    /// Winograd along both axes if it applies and is worth it. An input gradient takes the way that needs
    /// fewer tiles.
    fn winograd(shape: &ConvShape) -> Option<Self> {
        let &ConvShape { pass, in_channels, out_channels, ref window, has_bytes, .. } = shape;
        let forward = winograd::Tiling::new(window, in_channels, out_channels);
        if pass != Pass::InputGradient {
            return forward.filter(|_| !has_bytes).map(Self::Winograd);
        }
        let rotated = winograd::Tiling::of_input_gradient(window, in_channels, out_channels);
        match (rotated, forward) {
            (Some(rotated), Some(forward)) if rotated.count() <= forward.count() => {
                Some(Self::Winograd(rotated))
            }
            (_, Some(forward)) => Some(Self::WinogradTransposed(forward)),
            (rotated, None) => rotated.map(Self::Winograd),
        }
    }

    /// Forward pass or input gradient of a shape, at a level that goes with the algorithm.
    pub fn convolution(self, shape: ConvShape, level: Level) -> Box<dyn Convolution> {
        use winograd::KernelOrder;
        let is_forward = shape.pass == Pass::Forward;
        let direction = match shape.pass {
            Pass::InputGradient => batch_innermost::Direction::InputGradient,
            _ => batch_innermost::Direction::Forward,
        };
        match self {
            Self::Direct if is_forward => Box::new(direct::Forward { shape, level }),
            Self::Direct => Box::new(direct::InputGradient { shape, level }),
            Self::Winograd(tiling) => {
                let order = if is_forward { KernelOrder::Forward } else { KernelOrder::Rotated };
                Box::new(winograd::Forward { tiling, order, level })
            }
            Self::WinogradTransposed(tiling) => Box::new(winograd::InputGradient { tiling, level }),
            Self::Winograd1d(tiling) => Box::new(winograd_1d::Forward { tiling, direction, level }),
            Self::BatchInnermost => Box::new(batch_innermost::Forward::new(&shape, direction, level)),
        }
    }

    /// Weight gradient of a shape: a partial sum for each `group` images, a power of two.
    pub fn weight_gradient(
        self,
        shape: ConvShape,
        group: usize,
        has_bias: bool,
        level: Level,
    ) -> Box<dyn WeightGradient> {
        match self {
            Self::Winograd(tiling) => Box::new(winograd::WeightGradient { tiling, group, has_bias, level }),
            Self::Winograd1d(tiling) => {
                Box::new(winograd_1d::WeightGradient { tiling, group, has_bias, level })
            }
            Self::BatchInnermost => {
                Box::new(batch_innermost::WeightGradient { shape, group, has_bias, level })
            }
            // `choose` transposes Winograd's tiles for input gradients alone.
            Self::Direct | Self::WinogradTransposed(_) => {
                Box::new(direct::WeightGradient { shape, group, has_bias, level })
            }
        }
    }
}
