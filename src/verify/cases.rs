//! The cases of each op: many shapes, odd ones above all (a single row, a tail, one class, more than a workgroup).

use super::{Case, Tolerance};
use crate::plan::ops::{
    BiasAdd, ColumnSum, Confusion, CountCorrect, Dense, DenseSgd, DenseSoftmaxCrossEntropy, Gather, LossSum,
    Matmul, Operand, Pixels, Sgd, SoftmaxCrossEntropy, Unpack,
};
use crate::plan::{
    Builder, Element, FlatSizes, Home, NO_IMAGE, NO_LABEL, Op, Phase, StepNumbers, TensorId, image_stride,
};
use crate::random::{Sequence, Stream};

const EXACT: Tolerance = Tolerance { relative: 0.0, reason: "integers, or the same single operation" };
const ONE_ROUNDING: Tolerance =
    Tolerance { relative: 4e-7, reason: "one multiply-add a value, which a device may or may not contract" };
const PRODUCT: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "sums of up to 1,024 products in another order: sqrt(k) * 2^-24 is 2e-6, ten times that is a fault",
};
const SUM: Tolerance = Tolerance { relative: 1e-5, reason: "a sum of up to 1,024 values in another order" };
const EXPONENTIAL: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "WGSL allows exp an error of 3 + 2|x| units in the last place, log 2^-21 near 1",
};
/// The update hides rounding beside the far larger parameter, a wrong gradient it does not.
const PRODUCT_WITH_EXPONENTIAL: Tolerance =
    Tolerance { relative: 5e-5, reason: "a product's logits through exp: both errors add" };

const NORMAL: Pixels = Pixels { gain: 3.245_699, offset: -0.424_213 };

/// Every op in many shapes. The values are the same at every call.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (3, 7), (100, 784), (5, 257), (64, 25)] {
        cases.push(unpack(rows, columns));
        cases.push(gather(rows, columns));
        cases.push(bias_add(rows, columns));
        cases.push(column_sum(rows, columns));
    }
    for [m, n, k] in PRODUCTS {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true)] {
            cases.push(matmul(m, n, k, transpose_a, transpose_b, false));
        }
        cases.push(matmul(m, n, k, true, false, true));
        cases.push(matmul(m, n, k, false, true, true));
    }
    for (rows, classes) in [(1, 1), (1, 10), (3, 2), (100, 10), (37, 47), (7, 257), (2, 1000)] {
        for spread in [1.0, 10_000.0] {
            cases.push(softmax_cross_entropy(rows, classes, spread));
        }
        cases.push(count_correct(rows, classes));
        cases.push(confusion(rows, classes));
    }
    for rows in [1, 3, 100, 1000] {
        cases.push(loss_sum(rows));
    }
    for count in [1, 7, 7850, 100_003] {
        cases.push(sgd(count));
    }
    for [rows, outputs, inputs] in PRODUCTS {
        for bytes in [false, true] {
            cases.push(dense(rows, inputs, outputs, bytes));
            cases.push(dense_softmax_cross_entropy(rows, inputs, outputs, bytes));
            cases.push(dense_sgd(rows, inputs, outputs, bytes));
        }
    }
    cases
}

/// `[m, n, k]`, or rows, outputs, inputs.
const PRODUCTS: [[usize; 3]; 9] = [
    [1, 1, 1],
    [3, 10, 7],
    [1, 10, 784],
    [100, 10, 784],
    [10, 784, 100],
    [3, 257, 7],
    [100, 257, 784],
    [33, 65, 129],
    [130, 128, 256],
];

/// A case in the making: tensors with their contents, then the op.
struct Draft {
    builder: Builder,
    random: Sequence,
    inputs: Vec<(TensorId, Vec<u8>)>,
}

impl Draft {
    fn new(batch: usize, pixels: usize, classes: usize) -> Self {
        let random = Sequence::new(batch as u64 * 1_000_003 + pixels as u64, Stream::Initial, classes as u64);
        Draft { builder: Builder::new(batch, pixels, classes), random, inputs: Vec::new() }
    }

    fn give(&mut self, tensor: TensorId, words: Vec<u32>) {
        self.inputs.push((tensor, words.into_iter().flat_map(u32::to_le_bytes).collect()));
    }

    /// Values between -spread and spread.
    fn floats(&mut self, count: usize, spread: f32) -> Vec<u32> {
        (0..count).map(|_| (spread * (2.0 * self.random.uniform() - 1.0)).to_bits()).collect()
    }

    fn input(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.input_spread(name, shape, 1.0)
    }

    fn input_spread(&mut self, name: &str, shape: &[usize], spread: f32) -> TensorId {
        let tensor = self.builder.activation(name, shape);
        let values = self.floats(shape.iter().product(), spread);
        self.give(tensor, values);
        tensor
    }

    fn output(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.builder.activation(name, shape)
    }

    fn parameter(&mut self, name: &str, shape: &[usize], offset: usize) -> TensorId {
        let tensor = self.builder.tensor(name, shape, Element::F32, Home::Parameters { offset });
        let values = self.floats(shape.iter().product(), 1.0);
        self.give(tensor, values);
        tensor
    }

    fn flat(&mut self, parameters: usize) {
        self.builder.flat(FlatSizes { parameters, states: 0, statistics: 0 });
    }

    /// Image bytes: rows padded to whole words, the padding zero.
    fn image_bytes(&mut self, rows: usize, pixels: usize) -> Vec<u8> {
        let stride = image_stride(pixels);
        let mut bytes = vec![0; rows * stride];
        for row in bytes.chunks_exact_mut(stride) {
            row[..pixels].fill_with(|| (self.random.word() >> 24) as u8);
        }
        bytes
    }

    fn images(&mut self, rows: usize, pixels: usize) -> TensorId {
        let (tensor, bytes) = (self.builder.images(), self.image_bytes(rows, pixels));
        self.inputs.push((tensor, bytes));
        tensor
    }

    /// Random labels; of three or more rows one has none.
    fn labels(&mut self, rows: usize, classes: usize) -> TensorId {
        let mut labels: Vec<u32> = (0..rows).map(|_| self.random.below(classes as u32)).collect();
        if rows >= 3 {
            labels[rows / 2] = NO_LABEL;
        }
        let tensor = self.builder.labels();
        self.give(tensor, labels);
        tensor
    }

    /// A product's operand: floats, or the batch's bytes.
    fn operand(&mut self, name: &str, shape: [usize; 2], bytes: bool) -> Operand {
        match bytes {
            true => Operand { tensor: self.images(shape[0], shape[1]), pixels: Some(NORMAL) },
            false => self.input(name, &shape).into(),
        }
    }

    fn case(mut self, phase: Phase, op: impl Into<Op>, shape: String, tolerance: Tolerance) -> Case {
        let op = op.into();
        let name = op.name();
        self.builder.push(phase, op);
        let numbers = StepNumbers { learning_rate: 0.1, step: 3, seed: [5, 7], ..StepNumbers::default() };
        Case { op: name, shape, plan: self.builder.finish(), inputs: self.inputs, numbers, tolerance }
    }
}

fn unpack(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, columns, 2);
    let images = draft.images(rows, columns);
    let out = draft.output("out", &[rows, columns]);
    let op = Unpack { images, out, rows, columns, pixels: NORMAL };
    draft.case(Phase::Forward, op, format!("{rows} x {columns}"), ONE_ROUNDING)
}

fn gather(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, columns, 10);
    let examples = 2 * rows + 1;
    let all_images =
        draft.builder.tensor("all_images", &[examples, columns], Element::U8, Home::Activation);
    let bytes = draft.image_bytes(examples, columns);
    draft.inputs.push((all_images, bytes));
    let all_labels = draft.builder.tensor("all_labels", &[examples], Element::U32, Home::Activation);
    draft.give(all_labels, (0..examples as u32).map(|label| label % 10).collect());
    let indices = draft.builder.tensor("indices", &[rows], Element::U32, Home::Activation);
    let mut chosen: Vec<u32> = (0..rows).map(|_| draft.random.below(examples as u32)).collect();
    if rows >= 3 {
        chosen[rows - 1] = NO_IMAGE;
    }
    draft.give(indices, chosen);
    let (images, labels) = (draft.builder.images(), draft.builder.labels());
    let op = Gather { all_images, all_labels, indices, images, labels, rows, columns };
    draft.case(Phase::Forward, op, format!("{rows} of {examples} x {columns}"), EXACT)
}

fn matmul(m: usize, n: usize, k: usize, transpose_a: bool, transpose_b: bool, bytes: bool) -> Case {
    // Bytes stand where the forward pass has them (A, not transposed) or where the weight's gradient has them (B).
    let (rows, pixels) = if transpose_a { (k, n) } else { (m, k) };
    let mut draft = Draft::new(rows, pixels, 2);
    let a = draft.operand("a", if transpose_a { [k, m] } else { [m, k] }, bytes && !transpose_a);
    let b = draft.operand("b", if transpose_b { [n, k] } else { [k, n] }, bytes && transpose_a);
    let out = draft.output("out", &[m, n]);
    let shape = format!(
        "{m}x{k}{} by {k}x{n}{}{}",
        if transpose_a { "ᵀ" } else { "" },
        if transpose_b { "ᵀ" } else { "" },
        if bytes { " bytes" } else { "" }
    );
    draft.case(Phase::Forward, Matmul { a, b, out, transpose_a, transpose_b, m, n, k }, shape, PRODUCT)
}

fn bias_add(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    // An offset into the flat buffer that is no multiple of anything.
    draft.flat(columns + 3);
    let bias = draft.parameter("bias", &[columns], 3);
    let out = draft.output("out", &[rows, columns]);
    let op = BiasAdd { x, bias, out, rows, columns };
    draft.case(Phase::Forward, op, format!("{rows} x {columns}"), EXACT)
}

fn column_sum(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    draft.flat(columns + 5);
    let out = draft.builder.tensor("out", &[columns], Element::F32, Home::Gradients { offset: 5 });
    draft.case(Phase::Backward, ColumnSum { x, out, rows, columns }, format!("{rows} x {columns}"), SUM)
}

fn softmax_cross_entropy(rows: usize, classes: usize, spread: f32) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input_spread("logits", &[rows, classes], spread);
    let labels = draft.labels(rows, classes);
    let logits_gradient = Some(draft.output("logits_gradient", &[rows, classes]));
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Home::SampleLoss);
    let scale = 1.0 / rows as f32;
    let op = SoftmaxCrossEntropy { logits, labels, logits_gradient, sample_loss, rows, classes, scale };
    let shape = format!("{rows} x {classes}, logits to ±{spread}");
    draft.case(Phase::Loss, op, shape, EXPONENTIAL)
}

fn count_correct(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input("logits", &[rows, classes]);
    let labels = draft.labels(rows, classes);
    let correct = draft.builder.tensor("correct", &[1], Element::U32, Home::Counts);
    draft.give(correct, vec![41]);
    let op = CountCorrect { logits, labels, correct, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn confusion(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input("logits", &[rows, classes]);
    let labels = draft.labels(rows, classes);
    let counts = draft.builder.tensor("counts", &[classes, classes], Element::U32, Home::Counts);
    draft.give(counts, (0..(classes * classes) as u32).collect());
    let op = Confusion { logits, labels, counts, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn loss_sum(rows: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Home::SampleLoss);
    let values = draft.floats(rows, 1.0);
    draft.give(sample_loss, values.into_iter().map(|bits| bits & 0x7fff_ffff).collect());
    let losses = draft.builder.tensor("loss", &[1], Element::F32, Home::Losses);
    let op = LossSum { sample_loss, losses, rows, scale: 1.0 / rows as f32 };
    draft.case(Phase::Account, op, format!("{rows}"), SUM)
}

fn sgd(count: usize) -> Case {
    let mut draft = Draft::new(1, 1, 2);
    draft.flat(count);
    let parameters = draft.parameter("parameters", &[count], 0);
    let gradients = draft.builder.tensor("gradients", &[count], Element::F32, Home::Gradients { offset: 0 });
    let values = draft.floats(count, 1.0);
    draft.give(gradients, values);
    draft.case(Phase::Update, Sgd { gradients, parameters, count }, format!("{count}"), ONE_ROUNDING)
}

/// A dense layer's tensors: weight and bias apart in a flat buffer that begins and ends with other values.
fn dense_tensors(draft: &mut Draft, rows: usize, inputs: usize, outputs: usize, bytes: bool) -> DenseTensors {
    draft.flat(2 + inputs * outputs + 1 + outputs + 3);
    let x = draft.operand("x", [rows, inputs], bytes);
    let weight = draft.parameter("weight", &[outputs, inputs], 2);
    let bias = draft.parameter("bias", &[outputs], 2 + inputs * outputs + 1);
    let shape = format!("{rows} x {inputs} to {outputs}{}", if bytes { " bytes" } else { "" });
    DenseTensors { x, weight, bias, shape }
}

struct DenseTensors {
    x: Operand,
    weight: TensorId,
    bias: TensorId,
    shape: String,
}

fn dense(rows: usize, inputs: usize, outputs: usize, bytes: bool) -> Case {
    let mut draft = Draft::new(rows, inputs, 2);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, outputs, bytes);
    let out = draft.output("out", &[rows, outputs]);
    draft.case(Phase::Forward, Dense { x, weight, bias, out, rows, inputs, outputs }, shape, PRODUCT)
}

fn dense_softmax_cross_entropy(rows: usize, inputs: usize, classes: usize, bytes: bool) -> Case {
    let mut draft = Draft::new(rows, inputs, classes);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, classes, bytes);
    let labels = draft.labels(rows, classes);
    let logits_gradient = draft.output("logits_gradient", &[rows, classes]);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Home::SampleLoss);
    let scale = 1.0 / rows as f32;
    let op = DenseSoftmaxCrossEntropy {
        x,
        weight,
        bias,
        labels,
        logits_gradient,
        sample_loss,
        rows,
        inputs,
        classes,
        scale,
    };
    draft.case(Phase::Loss, op, shape, PRODUCT_WITH_EXPONENTIAL)
}

fn dense_sgd(rows: usize, inputs: usize, outputs: usize, bytes: bool) -> Case {
    let mut draft = Draft::new(rows, inputs, 2);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, outputs, bytes);
    let output_gradient = draft.input("output_gradient", &[rows, outputs]);
    let op = DenseSgd { x, output_gradient, weight, bias, rows, inputs, outputs };
    draft.case(Phase::Update, op, shape, PRODUCT)
}
