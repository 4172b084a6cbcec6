//! What the cases are made with: tensors and their contents, an op, a tolerance and its reason.

use super::super::{Aim, Case, Tolerance, guard};
use crate::plan::ops::{ClassWeights, Operand, Pixels};
use crate::plan::{
    Builder, Element, FlatSizes, MAX_NETWORKS, NO_LABEL, Op, Phase, StepScalars, Storage, TensorId,
    image_stride,
};
use crate::random::{Sequence, Stream};

/// 2^-24: what rounding to float32 costs at most, as a part of the value.
const HALF_UNIT: f64 = 5.960_464_477_539_063e-8;

const fn both(relative: f64, reason: &'static str) -> Tolerance {
    Tolerance { cpu: relative, gpu: relative, reason }
}

pub(super) const EXACT: Tolerance = both(0.0, "integers, or values that are passed on");
pub(super) const ONE_ROUNDING: Tolerance = both(HALF_UNIT, "one operation, rounded once");
pub(super) const TWO_ROUNDINGS: Tolerance =
    both(2.0 * HALF_UNIT, "a factor that is rounded, and a product with it");
pub(super) const FEW_ROUNDINGS: Tolerance =
    both(6.0 * HALF_UNIT, "up to six operations a value, each rounded by half a unit of the last place");
pub(super) const SUM: Tolerance =
    both(2e-6, "a sum of up to 1,024 values: sqrt(1024) * 2^-24, whatever the order");
pub(super) const PRODUCT: Tolerance = both(
    4e-6,
    "sums of up to 900 products, sqrt(900) * 2^-24 being 1.8e-6; Winograd's transforms round half as much again",
);
pub(super) const LONG_PRODUCT: Tolerance = both(
    9e-6,
    "sums of up to 9,408 products, sqrt(9408) * 2^-24 being 5.8e-6; Winograd's transforms round half as much again",
);
pub(super) const EXPONENTIAL: Tolerance = Tolerance {
    cpu: 2e-6,
    gpu: 2e-5,
    reason: "the CPU's exp is good to 2 units in the last place; WGSL allows 3 + 2|x| of them, and of log 2^-21 near 1",
};
pub(super) const PRODUCT_WITH_EXPONENTIAL: Tolerance = Tolerance {
    cpu: 3e-5,
    gpu: 5e-5,
    reason: "logits up to 50 are off by some 1e-6 of that, which exp makes 1e-5 and more; on a GPU exp's own error adds",
};
pub(super) const BUILT_IN: Tolerance = Tolerance {
    cpu: 5e-7,
    gpu: 2e-5,
    reason: "the CPU's roots, quotients and tanh are good to some units in the last place; WGSL allows tanh 1e-5",
};
pub(super) const MOMENTS: Tolerance =
    both(4e-7, "sums of values near their mean, then differences from a mean that is itself rounded");
pub(super) const NORMALISED: Tolerance = Tolerance {
    cpu: 3e-6,
    gpu: 2e-5,
    reason: "differences from a mean of up to 10 times the spread; of roots WGSL allows some units in the last place",
};
pub(super) const AUGMENTED: Tolerance =
    both(2e-4, "positions of up to 40 pixels rounded to 2^-18 of one, times the contrast of random pixels");

/// Bytes of 0 mean 0.
pub(super) const PLAIN: Pixels = Pixels { gain: 1.0, offset: 0.0 };
pub(super) const NORMAL: Pixels = Pixels { gain: 3.245_699, offset: -0.424_213 };
/// Of red, green and blue, far apart.
pub(super) const COLOURS: [Pixels; 3] =
    [NORMAL, Pixels { gain: 0.5, offset: 2.0 }, Pixels { gain: 4.0, offset: -3.0 }];

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

    /// Class weights from 0 to 3; with three or more classes one is 0. (With two, certain logits would leave only gradients that
    /// cancel.)
    pub fn class_weights(&mut self, classes: usize) -> ClassWeights {
        let tensor = self.builder.activation("class_weights", &[classes]);
        let mut values: Vec<f32> = (0..classes).map(|_| 3.0 * self.random.uniform()).collect();
        if classes > 2 {
            values[classes / 2] = 0.0;
        }
        self.give(tensor, values.iter().map(|value| value.to_bits()).collect());
        ClassWeights { tensor, mean: values.iter().sum::<f32>() / classes as f32 }
    }

    /// Values with many equal ones, a fifth of them exactly 0: multiples of 1/2 from -1 to 1.
    pub fn coarse(&mut self, name: &str, shape: &[usize]) -> TensorId {
        let tensor = self.builder.activation(name, shape);
        let values = self.coarse_values(shape.iter().product());
        self.give(tensor, values.into_iter().map(f32::to_bits).collect());
        tensor
    }

    pub fn coarse_values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.random.below(5) as f32 / 2.0 - 1.0).collect()
    }

    /// A tensor for what the op writes, followed by room that it must not write to.
    pub fn output(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.builder.activation(name, &[shape.iter().product::<usize>() + guard::TAIL])
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
            learning_rates: [0.1; MAX_NETWORKS],
            step: 3,
            seed: [5, 7],
            correction1: 1.5,
            correction2: 2.5,
            average_rate: 0.3,
            ..StepScalars::default()
        };
        Case {
            op: name,
            shape,
            plan: self.builder.finish(),
            inputs: self.inputs,
            scalars,
            tolerance,
            aim: Aim::Every,
        }
    }
}

impl Case {
    pub(super) fn aimed(self, aim: Aim) -> Case {
        Case { aim, ..self }
    }
}
