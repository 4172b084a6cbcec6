//! The ops of dense classifiers.

use super::draft::{Draft, EXACT, EXPONENTIAL, NORMAL, ONE_ROUNDING, PRODUCT, PRODUCT_WITH_EXPONENTIAL, SUM};
use crate::plan::ops::{
    BiasAdd, ColumnSum, Confusion, CountCorrect, Dense, DenseSgd, DenseSoftmaxCrossEntropy, Gather, LossSum,
    Matmul, Operand, Sgd, SoftmaxCrossEntropy, Unpack,
};
use crate::plan::{Element, NO_IMAGE, Phase, Storage, TensorId};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (3, 7), (100, 784), (5, 257), (64, 25)] {
        cases.push(unpack(rows, columns));
        cases.push(gather(rows, columns));
        cases.push(bias_add(rows, columns));
        cases.push(column_sum(rows, columns));
    }
    for [m, n, k] in PRODUCTS {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true)] {
            cases.push(matmul(m, n, k, transpose_a, transpose_b, Values::Floats, false));
        }
        for bytes in [Values::Bytes, Values::Digits] {
            cases.push(matmul(m, n, k, true, false, bytes, false));
            cases.push(matmul(m, n, k, false, true, bytes, false));
        }
        cases.push(matmul(m, n, k, false, false, Values::Floats, true));
    }
    // A k of which the CPU's product packs a part at a time, with rows and columns for several of its blocks.
    cases.push(matmul(130, 40, 8200, true, false, Values::Floats, false));
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
        for bytes in [Values::Floats, Values::Bytes, Values::Digits] {
            cases.push(dense(rows, inputs, outputs, bytes, false));
            cases.push(dense(rows, inputs, outputs, bytes, true));
            cases.push(dense_softmax_cross_entropy(rows, inputs, outputs, bytes));
            cases.push(dense_sgd(rows, inputs, outputs, bytes));
        }
    }
    cases
}

/// What a product's first operand holds (or, of a weight's gradient, its second).
#[derive(Clone, Copy, PartialEq)]
enum Values {
    Floats,
    /// Any bytes, with a mean that is taken off.
    Bytes,
    /// Bytes as digits have them, see [`Draft::digits`].
    Digits,
}

impl Values {
    fn name(self) -> &'static str {
        match self {
            Values::Floats => "",
            Values::Bytes => " bytes",
            Values::Digits => " digits",
        }
    }
}

/// `[m, n, k]`, or rows, outputs, inputs.
const PRODUCTS: [[usize; 3]; 10] = [
    [1, 1, 1],
    [3, 10, 7],
    [1, 10, 784],
    [100, 10, 784],
    [10, 784, 100],
    [3, 257, 7],
    [100, 257, 784],
    [33, 65, 129],
    [130, 128, 256],
    [20, 40, 67],
];

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
        draft.builder.tensor("all_images", &[examples, columns], Element::U8, Storage::Activation);
    let bytes = draft.image_bytes(examples, columns);
    draft.inputs.push((all_images, bytes));
    let all_labels = draft.builder.tensor("all_labels", &[examples], Element::U32, Storage::Activation);
    draft.give(all_labels, (0..examples as u32).map(|label| label % 10).collect());
    let indices = draft.builder.tensor("indices", &[rows], Element::U32, Storage::Activation);
    let mut chosen: Vec<u32> = (0..rows).map(|_| draft.random.below(examples as u32)).collect();
    if rows >= 3 {
        chosen[rows - 1] = NO_IMAGE;
    }
    draft.give(indices, chosen);
    let (images, labels) = (draft.builder.images(), draft.builder.labels());
    let op = Gather { all_images, all_labels, indices, images, labels, rows, columns };
    draft.case(Phase::Forward, op, format!("{rows} of {examples} x {columns}"), EXACT)
}

fn matmul(
    m: usize,
    n: usize,
    k: usize,
    transpose_a: bool,
    transpose_b: bool,
    values: Values,
    is_gated: bool,
) -> Case {
    // Bytes stand where the forward pass has them (A, not transposed) or where the weight's gradient has them (B).
    let (rows, pixels) = if transpose_a { (k, n) } else { (m, k) };
    let mut draft = Draft::new(rows, pixels, 2);
    let bytes = values != Values::Floats;
    if values == Values::Digits {
        draft.digits();
    }
    let a = draft.operand("a", if transpose_a { [k, m] } else { [m, k] }, bytes && !transpose_a);
    let b = draft.operand("b", if transpose_b { [n, k] } else { [k, n] }, bytes && transpose_a);
    let out = draft.output("out", &[m, n]);
    let shape = format!(
        "{m}x{k}{} by {k}x{n}{}{}{}",
        if transpose_a { "ᵀ" } else { "" },
        if transpose_b { "ᵀ" } else { "" },
        values.name(),
        if is_gated { ", gated" } else { "" }
    );
    let gate = is_gated.then(|| draft.input("gate", &[m, n]));
    draft.case(Phase::Forward, Matmul { a, b, out, transpose_a, transpose_b, m, n, k, gate }, shape, PRODUCT)
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
    let out = draft.builder.tensor("out", &[columns], Element::F32, Storage::Gradients { offset: 5 });
    draft.case(Phase::Backward, ColumnSum { x, out, rows, columns }, format!("{rows} x {columns}"), SUM)
}

fn softmax_cross_entropy(rows: usize, classes: usize, spread: f32) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input_spread("logits", &[rows, classes], spread);
    let labels = draft.labels(rows, classes);
    let logits_gradient = Some(draft.output("logits_gradient", &[rows, classes]));
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
    let scale = 1.0 / rows as f32;
    // Half of the cases smooth their labels.
    let smoothing = if rows % 2 == 1 { 0.2 } else { 0.0 };
    let op =
        SoftmaxCrossEntropy { logits, labels, logits_gradient, sample_loss, rows, classes, scale, smoothing };
    let shape = format!("{rows} x {classes}, logits to ±{spread}");
    draft.case(Phase::Loss, op, shape, EXPONENTIAL)
}

fn count_correct(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input("logits", &[rows, classes]);
    let labels = draft.labels(rows, classes);
    let correct = draft.builder.tensor("correct", &[1], Element::U32, Storage::Counts);
    draft.give(correct, vec![41]);
    let op = CountCorrect { logits, labels, correct, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn confusion(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input("logits", &[rows, classes]);
    let labels = draft.labels(rows, classes);
    let counts = draft.builder.tensor("counts", &[classes, classes], Element::U32, Storage::Counts);
    draft.give(counts, (0..(classes * classes) as u32).collect());
    let op = Confusion { logits, labels, counts, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn loss_sum(rows: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
    let values = draft.floats(rows, 1.0);
    draft.give(sample_loss, values.into_iter().map(|bits| bits & 0x7fff_ffff).collect());
    let losses = draft.builder.tensor("loss", &[1], Element::F32, Storage::Losses);
    let op = LossSum { sample_loss, losses, rows, scale: 1.0 / rows as f32 };
    draft.case(Phase::Metrics, op, format!("{rows}"), SUM)
}

fn sgd(count: usize) -> Case {
    let mut draft = Draft::new(1, 1, 2);
    draft.flat(count);
    let parameters = draft.parameter("parameters", &[count], 0);
    let gradients =
        draft.builder.tensor("gradients", &[count], Element::F32, Storage::Gradients { offset: 0 });
    let values = draft.floats(count, 1.0);
    draft.give(gradients, values);
    draft.case(
        Phase::Update,
        Sgd { gradients, parameters, count, weight_decay: 0.01 },
        format!("{count}"),
        ONE_ROUNDING,
    )
}

/// A dense layer's tensors: weight and bias apart in a flat buffer that begins and ends with other values.
fn dense_tensors(
    draft: &mut Draft,
    rows: usize,
    inputs: usize,
    outputs: usize,
    values: Values,
) -> DenseTensors {
    if values == Values::Digits {
        draft.digits();
    }
    // Some shaders are for rows of whole vec4s that begin at one.
    let start = if inputs.is_multiple_of(4) { 4 } else { 2 };
    draft.flat(start + inputs * outputs + 1 + outputs + 3);
    let x = draft.operand("x", [rows, inputs], values != Values::Floats);
    let weight = draft.parameter("weight", &[outputs, inputs], start);
    let bias = draft.parameter("bias", &[outputs], start + inputs * outputs + 1);
    let shape = format!("{rows} x {inputs} to {outputs}{}", values.name());
    DenseTensors { x, weight, bias, shape }
}

struct DenseTensors {
    x: Operand,
    weight: TensorId,
    bias: TensorId,
    shape: String,
}

fn dense(rows: usize, inputs: usize, outputs: usize, values: Values, relu: bool) -> Case {
    let mut draft = Draft::new(rows, inputs, 2);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, outputs, values);
    let out = draft.output("out", &[rows, outputs]);
    let shape = shape + if relu { ", ReLU" } else { "" };
    draft.case(Phase::Forward, Dense { x, weight, bias, out, rows, inputs, outputs, relu }, shape, PRODUCT)
}

fn dense_softmax_cross_entropy(rows: usize, inputs: usize, classes: usize, values: Values) -> Case {
    let mut draft = Draft::new(rows, inputs, classes);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, classes, values);
    let labels = draft.labels(rows, classes);
    let logits_gradient = draft.output("logits_gradient", &[rows, classes]);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
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

fn dense_sgd(rows: usize, inputs: usize, outputs: usize, values: Values) -> Case {
    let mut draft = Draft::new(rows, inputs, 2);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, outputs, values);
    let output_gradient = draft.input("output_gradient", &[rows, outputs]);
    let op = DenseSgd { x, output_gradient, weight, bias, rows, inputs, outputs };
    draft.case(Phase::Update, op, shape, PRODUCT)
}
