//! Batch normalisation and its gradients.

use super::draft::{Draft, MOMENTS, NORMALISED};
use crate::plan::ops::{BatchNorm, BatchNormInputGradient, BatchNormMoments, BatchNormSums};
use crate::plan::{Element, Phase, Storage};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // Values of a channel: two, fewer and more than a workgroup has invocations, exactly as many, one more.
    for (rows, channels, inner) in
        [(1, 1, 2), (3, 7, 1), (100, 10, 1), (64, 2, 4), (257, 1, 1), (5, 6, 49), (64, 3, 169)]
    {
        cases.push(batch_norm_moments(rows, channels, inner));
        cases.push(batch_norm(rows, channels, inner));
        cases.push(batch_norm_sums(rows, channels, inner));
        cases.push(batch_norm_input_gradient(rows, channels, inner));
    }
    cases
}

/// A case with a tensor whose mean is large beside its spread, moments as they are, and a flat buffer for parameters.
fn normalised(rows: usize, channels: usize, inner: usize) -> (Draft, crate::plan::TensorId, String) {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.builder.activation("x", &[rows, channels, inner]);
    let values: Vec<f32> = (0..rows * channels * inner)
        .map(|i| (i / inner % channels) as f32 + draft.random.uniform())
        .collect();
    draft.give(x, values.into_iter().map(f32::to_bits).collect());
    (draft, x, format!("{rows} x {channels} x {inner}"))
}

fn moments(draft: &mut Draft, channels: usize) -> crate::plan::TensorId {
    let moments = draft.builder.activation("moments", &[2, channels]);
    let means = (0..channels).map(|channel| channel as f32 + 0.5);
    let variances = (0..channels).map(|_| 1.0 / 12.0);
    draft.give(moments, means.chain(variances).map(f32::to_bits).collect());
    moments
}

fn batch_norm_moments(rows: usize, channels: usize, inner: usize) -> Case {
    let (mut draft, x, shape) = normalised(rows, channels, inner);
    draft.statistics(2 * channels + 3);
    let moments = draft.output("moments", &[2, channels]);
    let storage = Storage::Statistics { offset: 3 };
    let running = draft.builder.tensor("running", &[2, channels], Element::F32, storage);
    let values = draft.floats(2 * channels, 1.0);
    draft.give(running, values);
    let op = BatchNormMoments { x, moments, running, rows, channels, inner, momentum: 0.1 };
    draft.case(Phase::Forward, op, shape, MOMENTS)
}

fn batch_norm(rows: usize, channels: usize, inner: usize) -> Case {
    let (mut draft, x, shape) = normalised(rows, channels, inner);
    draft.flat(2 * channels + 5);
    let moments = moments(&mut draft, channels);
    let weight = draft.parameter("weight", &[channels], 1);
    let bias = draft.parameter("bias", &[channels], channels + 4);
    let out = draft.output("out", &[rows, channels, inner]);
    let op = BatchNorm { x, moments, weight, bias, out, rows, channels, inner, epsilon: 1e-5 };
    draft.case(Phase::Forward, op, shape, NORMALISED)
}

fn batch_norm_sums(rows: usize, channels: usize, inner: usize) -> Case {
    let (mut draft, x, shape) = normalised(rows, channels, inner);
    draft.flat(2 * channels + 5);
    let moments = moments(&mut draft, channels);
    let output_gradient = draft.input("output_gradient", &[rows, channels, inner]);
    let mut gradient = |name: &str, offset| {
        draft.builder.tensor(name, &[channels], Element::F32, Storage::Gradients { offset })
    };
    let (weight_gradient, bias_gradient) =
        (gradient("weight_gradient", 1), gradient("bias_gradient", channels + 4));
    let op = BatchNormSums {
        x,
        output_gradient,
        moments,
        weight_gradient,
        bias_gradient,
        rows,
        channels,
        inner,
        epsilon: 1e-5,
    };
    draft.case(Phase::Backward, op, shape, NORMALISED)
}

fn batch_norm_input_gradient(rows: usize, channels: usize, inner: usize) -> Case {
    let (mut draft, x, shape) = normalised(rows, channels, inner);
    draft.flat(2 * channels + 5);
    let moments = moments(&mut draft, channels);
    let output_gradient = draft.input("output_gradient", &[rows, channels, inner]);
    let weight = draft.parameter("weight", &[channels], 1);
    let mut gradient = |name: &str, offset| {
        let storage = Storage::Gradients { offset };
        let tensor = draft.builder.tensor(name, &[channels], Element::F32, storage);
        let values = draft.floats(channels, 1.0);
        draft.give(tensor, values);
        tensor
    };
    let (weight_gradient, bias_gradient) =
        (gradient("weight_gradient", 1), gradient("bias_gradient", channels + 4));
    let input_gradient = draft.output("input_gradient", &[rows, channels, inner]);
    let op = BatchNormInputGradient {
        x,
        output_gradient,
        moments,
        weight,
        weight_gradient,
        bias_gradient,
        input_gradient,
        rows,
        channels,
        inner,
        epsilon: 1e-5,
    };
    draft.case(Phase::Backward, op, shape, NORMALISED)
}
