//! What the cases are made with: tensors and their contents, an op, a tolerance and its reason.

use super::super::{Case, Tolerance};
use crate::plan::ops::{Operand, Pixels};
use crate::plan::{
    Builder, Element, FlatSizes, NO_LABEL, Op, Phase, StepScalars, Storage, TensorId, image_stride,
};
use crate::random::{Sequence, Stream};

pub(super) const EXACT: Tolerance =
    Tolerance { relative: 0.0, reason: "integers, or the same single operation" };
pub(super) const ONE_ROUNDING: Tolerance =
    Tolerance { relative: 4e-7, reason: "one multiply-add a value, which a device may or may not contract" };
pub(super) const PRODUCT: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "sums of up to 8,200 products in another order: sqrt(k) * 2^-24 is 5e-6, four times that is a fault",
};
pub(super) const SUM: Tolerance =
    Tolerance { relative: 1e-5, reason: "a sum of up to 1,024 values in another order" };
pub(super) const EXPONENTIAL: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "WGSL allows exp an error of 3 + 2|x| units in the last place, log 2^-21 near 1",
};
/// The update hides rounding beside the far larger parameter, a wrong gradient it does not.
pub(super) const PRODUCT_WITH_EXPONENTIAL: Tolerance =
    Tolerance { relative: 5e-5, reason: "a product's logits through exp: both errors add" };

pub(super) const BUILT_IN: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "WGSL allows square roots, quotients and tanh some units in the last place, tanh 1e-5 absolute",
};
pub(super) const NORMALISED: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "differences from a mean of up to 10 times the spread, over a root that may be off by some units",
};
pub(super) const PLACES: Tolerance = Tolerance {
    relative: 2e-4,
    reason: "places of up to 40 pixels rounded to 2^-18 of one, times the contrast of random pixels",
};

/// Bytes of 0 mean 0.
pub(super) const PLAIN: Pixels = Pixels { gain: 1.0, offset: 0.0 };
pub(super) const NORMAL: Pixels = Pixels { gain: 3.245_699, offset: -0.424_213 };

/// A case in the making: tensors with their contents, then the op.
pub(super) struct Draft {
    pub builder: Builder,
    pub random: Sequence,
    pub inputs: Vec<(TensorId, Vec<u8>)>,
    /// How operands of bytes are read.
    pub pixels: Pixels,
}

impl Draft {
    pub fn new(batch: usize, pixels: usize, classes: usize) -> Self {
        let random = Sequence::new(batch as u64 * 1_000_003 + pixels as u64, Stream::Initial, classes as u64);
        Draft { builder: Builder::new(batch, pixels, classes), random, inputs: Vec::new(), pixels: NORMAL }
    }

    pub fn give(&mut self, tensor: TensorId, words: Vec<u32>) {
        self.inputs.push((tensor, words.into_iter().flat_map(u32::to_le_bytes).collect()));
    }

    /// Values between -spread and spread.
    pub fn floats(&mut self, count: usize, spread: f32) -> Vec<u32> {
        (0..count).map(|_| (spread * (2.0 * self.random.uniform() - 1.0)).to_bits()).collect()
    }

    pub fn input(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.input_spread(name, shape, 1.0)
    }

    pub fn input_spread(&mut self, name: &str, shape: &[usize], spread: f32) -> TensorId {
        let tensor = self.builder.activation(name, shape);
        let values = self.floats(shape.iter().product(), spread);
        self.give(tensor, values);
        tensor
    }

    pub fn output(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.builder.activation(name, shape)
    }

    pub fn parameter(&mut self, name: &str, shape: &[usize], offset: usize) -> TensorId {
        let tensor = self.builder.tensor(name, shape, Element::F32, Storage::Parameters { offset });
        let values = self.floats(shape.iter().product(), 1.0);
        self.give(tensor, values);
        tensor
    }

    pub fn flat(&mut self, parameters: usize) {
        self.builder.flat(FlatSizes { parameters, states: 0, statistics: 0 });
    }

    pub fn statistics(&mut self, statistics: usize) {
        self.builder.flat(FlatSizes { parameters: 0, states: 0, statistics });
    }

    /// Images as digits are: bytes of 0 mean 0, and four of five are, in stretches; of three or more rows one is empty.
    pub fn digits(&mut self) {
        self.pixels = PLAIN;
    }

    /// Image bytes: rows padded to whole words, the padding zero.
    pub fn image_bytes(&mut self, rows: usize, pixels: usize) -> Vec<u8> {
        let stride = image_stride(pixels);
        let mut bytes = vec![0; rows * stride];
        for row in bytes.chunks_exact_mut(stride) {
            row[..pixels].fill_with(|| (self.random.word() >> 24) as u8);
        }
        if self.pixels == PLAIN {
            let mut ink = 0;
            for byte in &mut bytes {
                let is_turn = self.random.below(8) == 0;
                ink = if is_turn { self.random.below(5) } else { ink };
                *byte *= u8::from(ink == 1);
            }
            if rows >= 3 {
                bytes[stride..2 * stride].fill(0);
            }
        }
        bytes
    }

    pub fn images(&mut self, rows: usize, pixels: usize) -> TensorId {
        let (tensor, bytes) = (self.builder.images(), self.image_bytes(rows, pixels));
        self.inputs.push((tensor, bytes));
        tensor
    }

    /// Random labels; of three or more rows one has none.
    pub fn labels(&mut self, rows: usize, classes: usize) -> TensorId {
        let mut labels: Vec<u32> = (0..rows).map(|_| self.random.below(classes as u32)).collect();
        if rows >= 3 {
            labels[rows / 2] = NO_LABEL;
        }
        let tensor = self.builder.labels();
        self.give(tensor, labels);
        tensor
    }

    /// A product's operand: floats, or the batch's bytes.
    pub fn operand(&mut self, name: &str, shape: [usize; 2], bytes: bool) -> Operand {
        match bytes {
            true => Operand { tensor: self.images(shape[0], shape[1]), pixels: Some(self.pixels) },
            false => self.input(name, &shape).into(),
        }
    }

    pub fn case(mut self, phase: Phase, op: impl Into<Op>, shape: String, tolerance: Tolerance) -> Case {
        let op = op.into();
        let name = op.name();
        self.builder.push(phase, op);
        let scalars = StepScalars {
            learning_rate: 0.1,
            step: 3,
            seed: [5, 7],
            correction1: 1.5,
            correction2: 2.5,
            average_rate: 0.3,
            ..StepScalars::default()
        };
        Case { op: name, shape, plan: self.builder.finish(), inputs: self.inputs, scalars, tolerance }
    }
}
