//! Products of matrices, and the dense layers made of them.

use super::draft::{Draft, LONG_PRODUCT, ONE_ROUNDING, PRODUCT, PRODUCT_WITH_EXPONENTIAL, SUM};
use crate::plan::ops::{BiasAdd, ColumnSum, Dense, DenseSgd, DenseSoftmaxCrossEntropy, Matmul, Operand};
use crate::plan::{Element, Phase, Storage, TensorId};
use crate::verify::{Aim, Case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (3, 7), (100, 784), (5, 257), (8, 32), (64, 25), (257, 33)] {
        cases.push(bias_add(rows, columns));
        cases.push(column_sum(rows, columns));
    }
    for ([m, n, k], aim) in PRODUCTS {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true)] {
            cases.push(matmul(m, n, k, transpose_a, transpose_b, Values::Floats, false).aimed(aim));
        }
        for values in [Values::Bytes, Values::Digits] {
            let aim = values.aim(aim);
            cases.push(matmul(m, n, k, true, false, values, false).aimed(aim));
            cases.push(matmul(m, n, k, false, true, values, false).aimed(aim));
        }
        cases.push(matmul(m, n, k, false, false, Values::Floats, true).aimed(aim));
    }
    // A k of which the CPU packs a part at a time, with rows and columns for several of its blocks.
    cases.push(matmul(130, 40, 8200, true, false, Values::Floats, false).aimed(Aim::Cpu));
    for ([rows, outputs, inputs], aim) in PRODUCTS {
        for values in [Values::Floats, Values::Bytes, Values::Digits] {
            let aim = values.aim(aim);
            let without_relu = if values == Values::Floats { aim } else { Aim::Cpu };
            cases.push(dense(rows, inputs, outputs, values, false).aimed(without_relu));
            cases.push(dense(rows, inputs, outputs, values, true).aimed(aim));
            cases.push(dense_softmax_cross_entropy(rows, inputs, outputs, values, false).aimed(aim));
            if values == Values::Floats {
                cases.push(dense_softmax_cross_entropy(rows, inputs, outputs, values, true).aimed(aim));
            }
            cases.push(dense_sgd(rows, inputs, outputs, values).aimed(aim));
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
    /// Only the CPU has another way for images that are mostly 0.
    fn aim(self, aim: Aim) -> Aim {
        if self == Values::Digits { Aim::Cpu } else { aim }
    }

    fn name(self) -> &'static str {
        match self {
            Values::Floats => "",
            Values::Bytes => " bytes",
            Values::Digits => " digits",
        }
    }
}

/// `[m, n, k]`, or rows, outputs, inputs.
const PRODUCTS: [([usize; 3], Aim); 12] = [
    // No side is whole vec4s.
    ([3, 10, 7], Aim::Every),
    ([33, 65, 129], Aim::Every),
    // Whole vec4s; blocks of 8 that are not, and several workgroups of whole ones.
    ([13, 20, 36], Aim::Every),
    ([130, 128, 256], Aim::Every),
    // Large tiles, all of them cut off at the ends.
    ([68, 1028, 36], Aim::Every),
    // The last layer of many networks.
    ([100, 10, 784], Aim::Every),
    ([1, 1, 1], Aim::Cpu),
    ([1, 10, 784], Aim::Cpu),
    ([10, 784, 100], Aim::Cpu),
    ([3, 257, 7], Aim::Cpu),
    ([100, 257, 784], Aim::Cpu),
    ([20, 40, 67], Aim::Cpu),
];

fn matmul(
    m: usize,
    n: usize,
    k: usize,
    transpose_a: bool,
    transpose_b: bool,
    values: Values,
    is_masked: bool,
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
        if is_masked { ", masked" } else { "" }
    );
    // Some of it exactly 0, where nothing is passed back.
    let relu_mask = is_masked.then(|| draft.coarse("mask", &[m, n]));
    let tolerance = if k > 1000 { LONG_PRODUCT } else { PRODUCT };
    draft.case(
        Phase::Forward,
        Matmul { a, b, out, transpose_a, transpose_b, m, n, k, relu_mask },
        shape,
        tolerance,
    )
}

fn bias_add(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    // An odd offset into the flat buffer.
    draft.flat(columns + 3);
    let bias = draft.parameter("bias", &[columns], 3);
    let out = draft.output("out", &[rows, columns]);
    let op = BiasAdd { x, bias, out, rows, columns };
    draft.case(Phase::Forward, op, format!("{rows} x {columns}"), ONE_ROUNDING)
}

fn column_sum(rows: usize, columns: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    draft.flat(columns + 5);
    let out = draft.builder.tensor("out", &[columns], Element::F32, Storage::Gradients { offset: 5 });
    draft.case(Phase::Backward, ColumnSum { x, out, rows, columns }, format!("{rows} x {columns}"), SUM)
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

fn dense_softmax_cross_entropy(
    rows: usize,
    inputs: usize,
    classes: usize,
    values: Values,
    is_weighted: bool,
) -> Case {
    let mut draft = Draft::new(rows, inputs, classes);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, classes, values);
    let labels = draft.labels(rows, classes);
    let logits_gradient = draft.output("logits_gradient", &[rows, classes]);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
    let scale = 1.0 / rows as f32;
    let class_weights = is_weighted.then(|| draft.class_weights(classes));
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
        class_weights,
    };
    let shape = shape + if is_weighted { ", weighted" } else { "" };
    draft.case(Phase::Loss, op, shape, PRODUCT_WITH_EXPONENTIAL)
}

fn dense_sgd(rows: usize, inputs: usize, outputs: usize, values: Values) -> Case {
    let mut draft = Draft::new(rows, inputs, 2);
    let DenseTensors { x, weight, bias, shape } = dense_tensors(&mut draft, rows, inputs, outputs, values);
    let output_gradient = draft.input("output_gradient", &[rows, outputs]);
    let op = DenseSgd { x, output_gradient, weight, bias, rows, inputs, outputs };
    draft.case(Phase::Update, op, shape, PRODUCT)
}
