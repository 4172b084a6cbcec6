//! Each CPU op against a direct float64 formula, in the shapes of `inkgrad verify`, with every set of vector
//! instructions that this machine has. The GPU is then checked against the CPU by the same cases
//! (`inkgrad verify`, which `tests/cli` runs).

mod activations;
mod augment;
mod batch_norm;
mod bias_add;
mod column_sum;
mod confusion;
mod conv2d;
mod count_correct;
mod dense;
mod dense_sgd;
mod dense_softmax_cross_entropy;
mod dropout;
mod gather;
mod gradients;
mod layers;
mod loss_sum;
mod matmul;
mod optimisers;
mod pool2d;
mod runs;
mod sgd;
mod softmax_cross_entropy;
mod threads;
mod unpack;

use inkgrad::cpu::{self, Level};
use inkgrad::executor::Device;
use inkgrad::plan::ops::Operand;
use inkgrad::plan::{Element, Op, TensorId, image_stride};
use inkgrad::verify::{Case, cases};

/// A case's inputs as numbers.
pub struct Inputs<'a> {
    pub case: &'a Case,
}

impl Inputs<'_> {
    fn raw(&self, tensor: TensorId) -> &[u8] {
        let given = self.case.inputs.iter().find(|(id, _)| *id == tensor);
        &given.unwrap_or_else(|| panic!("no input {}", self.case.plan.tensor(tensor))).1
    }

    pub fn floats(&self, tensor: TensorId) -> Vec<f64> {
        assert_eq!(self.case.plan.tensor(tensor).element, Element::F32);
        let words = self.raw(tensor).chunks_exact(4);
        words.map(|word| f64::from(f32::from_le_bytes(word.try_into().unwrap()))).collect()
    }

    pub fn words(&self, tensor: TensorId) -> Vec<u32> {
        self.raw(tensor).chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    }

    /// Rows of bytes without their padding.
    pub fn bytes(&self, tensor: TensorId) -> Vec<u8> {
        let columns = *self.case.plan.tensor(tensor).shape.last().unwrap();
        self.raw(tensor)
            .chunks_exact(image_stride(columns))
            .flat_map(|row| &row[..columns])
            .copied()
            .collect()
    }

    pub fn operand(&self, operand: Operand) -> Vec<f64> {
        match operand.pixels {
            None => self.floats(operand.tensor),
            Some(pixels) => {
                let (gain, offset) = (f64::from(pixels.gain), f64::from(pixels.offset));
                let bytes = self.bytes(operand.tensor);
                bytes.into_iter().map(|byte| f64::from(byte) / 255.0 * gain + offset).collect()
            }
        }
    }

    pub fn learning_rate(&self) -> f64 {
        f64::from(self.case.scalars.learning_rate)
    }
}

/// Float32 results of an op, as float64, or its words.
#[derive(Debug)]
pub enum Wanted {
    Floats(Vec<f64>),
    Words(Vec<u32>),
}

/// Runs every case of an op on every level, and compares what it writes with `formula`'s answer, in the order of the
/// op's `writes`. `tolerance` is the largest difference allowed, over the tensor's largest value.
pub fn check(name: &str, tolerance: f64, formula: impl Fn(&Op, &Inputs) -> Vec<Wanted>) {
    let mut count = 0;
    for case in cases().iter().filter(|case| case.op == name) {
        let wanted = formula(&case.plan.ops[0].op, &Inputs { case });
        for level in Level::available() {
            let device = Device::Cpu(cpu::Device::with_threads(2).with_level(level).unwrap());
            let given = pollster::block_on(case.run(&device)).unwrap();
            assert_eq!(given.len(), wanted.len());
            for (given, wanted) in given.iter().zip(&wanted) {
                let context = format!("{name} {} {level:?}", case.shape);
                compare(given, wanted, tolerance, &context);
            }
            count += 1;
        }
    }
    assert!(count >= 4, "{name} has cases");
}

fn compare(given: &[u8], wanted: &Wanted, tolerance: f64, context: &str) {
    let words = || given.chunks_exact(4).map(|word| word.try_into().unwrap());
    match wanted {
        Wanted::Words(wanted) => {
            assert_eq!(&words().map(u32::from_le_bytes).collect::<Vec<_>>(), wanted, "{context}");
        }
        Wanted::Floats(wanted) => {
            let given: Vec<f64> = words().map(|word| f64::from(f32::from_le_bytes(word))).collect();
            assert_eq!(given.len(), wanted.len(), "{context}");
            let largest = wanted.iter().fold(1e-30f64, |largest, value| largest.max(value.abs()));
            for (at, (given, wanted)) in given.iter().zip(wanted).enumerate() {
                let error = (given - wanted).abs() / largest;
                assert!(error <= tolerance, "{context}: value {at} is {given}, {wanted} wanted ({error:e})");
            }
        }
    }
}

/// `a · bᵀ` of `[rows, k]` and `[columns, k]`.
pub fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    a.chunks_exact(k).flat_map(|x| b.chunks_exact(k).map(move |y| dot(x, y))).collect()
}

pub fn transposed(x: &[f64], columns: usize) -> Vec<f64> {
    let rows = x.len() / columns;
    (0..columns).flat_map(|c| (0..rows).map(move |r| x[r * columns + c])).collect()
}

/// Loss and gradient of a row of logits, by the definition.
pub fn softmax_loss(logits: &[f64], label: u32, scale: f64) -> (f64, Vec<f64>) {
    smoothed_loss(logits, label, scale, 0.0)
}

/// With a target that has `smoothing` spread over all classes.
pub fn smoothed_loss(logits: &[f64], label: u32, scale: f64, smoothing: f64) -> (f64, Vec<f64>) {
    if label as usize >= logits.len() {
        return (0.0, vec![0.0; logits.len()]);
    }
    let largest = logits.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    let target = |class: usize| {
        (1.0 - smoothing) * f64::from(u8::from(class == label as usize)) + smoothing / logits.len() as f64
    };
    let log_probability = |logit: &f64| logit - largest - total.ln();
    let loss = logits.iter().enumerate().map(|(class, logit)| -target(class) * log_probability(logit)).sum();
    let gradient = logits
        .iter()
        .enumerate()
        .map(|(class, logit)| (log_probability(logit).exp() - target(class)) * scale);
    (loss, gradient.collect())
}
