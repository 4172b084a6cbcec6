//! The ops of convolutional networks: windows, activations, normalisation, random masks.

use super::draft::{BUILT_IN, Draft, EXACT, NORMAL, NORMALISED, ONE_ROUNDING, PLACES, PRODUCT, SUM};
use crate::plan::ops::{
    Augment, AveragePool2d, AveragePool2dGradient, BatchNorm, BatchNormInputGradient, BatchNormMoments,
    BatchNormSums, Conv2d, Conv2dInputGradient, Conv2dWeightGradient, Dropout, MaxPool2d, MaxPool2dGradient,
    Relu, ReluGradient, Strengths, Tanh, TanhGradient,
};
use crate::plan::{Element, Phase, Storage, Window};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, in_channels, out_channels, window) in convolutions() {
        let sizes = (rows, in_channels, out_channels);
        for bytes in [false, true].into_iter().take(if in_channels == 1 { 2 } else { 1 }) {
            for (has_bias, relu) in [(true, false), (false, true)] {
                cases.push(conv2d(sizes, window, bytes, has_bias, relu));
            }
            cases.push(conv2d_weight_gradient(sizes, window, bytes, true, 4));
            cases.push(conv2d_weight_gradient(sizes, window, bytes, false, 128));
            // more than one group, of more images than short vectors hold
            if rows > 16 && rows < 32 {
                cases.push(conv2d_weight_gradient(sizes, window, bytes, true, 16));
            }
        }
        cases.push(conv2d_input_gradient(sizes, window));
    }
    for (rows, channels, window) in pools() {
        cases.push(max_pool2d(rows, channels, window));
        cases.push(max_pool2d_gradient(rows, channels, window, false));
        cases.push(max_pool2d_gradient(rows, channels, window, true));
        cases.push(average_pool2d(rows, channels, window));
        cases.push(average_pool2d_gradient(rows, channels, window));
    }
    for (rows, columns) in [(1, 1), (3, 7), (100, 257), (5, 784)] {
        cases.extend(activations(rows, columns));
        for rate in [0.0, 0.3, 0.5] {
            cases.push(dropout(rows, columns, rate));
        }
    }
    for (rows, channels, inner) in [(1, 1, 2), (3, 7, 1), (100, 10, 1), (5, 6, 49), (64, 3, 169)] {
        cases.push(batch_norm_moments(rows, channels, inner));
        cases.push(batch_norm(rows, channels, inner));
        cases.push(batch_norm_sums(rows, channels, inner));
        cases.push(batch_norm_input_gradient(rows, channels, inner));
    }
    let all =
        Strengths { shift: 0.1, rotation: 15.0, zoom: 0.2, shear: 0.2, elastic: 1.5, ..Strengths::default() };
    let turned = Strengths { rotation: 180.0, ..Strengths::default() };
    let fine = Strengths { elastic: 2.0, elastic_spacing: 1.0, ..Strengths::default() };
    for (rows, height, width) in [(1, 1, 1), (3, 5, 7), (9, 28, 28), (2, 40, 31)] {
        for strengths in [Strengths::default(), all, turned, fine] {
            cases.push(augment(rows, height, width, strengths));
        }
    }
    cases
}

/// Rows, channels in and out, window.
fn convolutions() -> Vec<(usize, usize, usize, Window)> {
    let padded = |input, kernel, stride, padding| Window::padded(input, kernel, stride, padding);
    [
        (1, 1, 1, Window::valid([1, 1], [1, 1], [1, 1])),
        (3, 1, 6, padded([28, 28], [5, 5], [1, 1], [2, 2])),
        (8, 6, 16, Window::valid([14, 14], [5, 5], [1, 1])),
        (2, 3, 33, Window::same([9, 7], [3, 3], [1, 1])),
        (5, 2, 4, Window::same([7, 10], [4, 4], [1, 1])),
        (2, 3, 5, Window::same([13, 11], [5, 5], [2, 2])),
        (3, 4, 3, Window::valid([10, 17], [3, 2], [3, 2])),
        (2, 1, 15, padded([8, 8], [3, 3], [2, 2], [2, 2])),
        (1, 16, 7, Window::valid([4, 4], [1, 1], [2, 2])),
        (2, 2, 2, Window::valid([7, 7], [7, 7], [1, 1])),
        (9, 33, 20, Window::same([5, 20], [3, 3], [1, 1])),
        (100, 1, 3, Window::valid([6, 6], [2, 2], [1, 1])),
        (5, 12, 12, Window::same([12, 12], [3, 3], [1, 1])),
        (7, 24, 17, Window::valid([6, 9], [3, 3], [1, 1])),
        (19, 13, 30, Window::valid([10, 10], [3, 3], [1, 1])),
        (3, 13, 40, padded([14, 14], [5, 5], [1, 1], [2, 2])),
        (2, 16, 18, Window::valid([9, 8], [5, 5], [1, 1])),
        // With images side by side: whole vectors of them and not, places and channels that fill no block.
        (17, 6, 16, Window::valid([14, 14], [5, 5], [1, 1])),
        (12, 1, 6, padded([28, 28], [5, 5], [1, 1], [2, 2])),
        (13, 3, 7, padded([5, 4], [3, 3], [1, 1], [2, 2])),
        (23, 16, 13, Window::same([3, 1], [2, 3], [1, 1])),
        (4, 5, 1, Window::valid([9, 6], [1, 4], [1, 1])),
        (9, 2, 3, Window::valid([7, 7], [7, 7], [1, 1])),
        // The same by points: tiles that are whole and not, one or more across, kernels of fewer rows, inputs beyond all windows.
        (9, 4, 7, padded([6, 12], [5, 5], [1, 1], [2, 2])),
        (5, 5, 6, padded([7, 10], [4, 5], [1, 1], [3, 4])),
        (18, 16, 16, Window::valid([5, 14], [2, 5], [1, 1])),
        (4, 8, 30, Window::valid([6, 9], [3, 5], [1, 1])),
        (4, 5, 5, padded([12, 23], [4, 5], [1, 1], [2, 1]).map(|all| Window { output: [3, 10], ..all })),
        // Image rows of whole words, seen from each place in a word.
        (2, 1, 9, Window::same([5, 12], [3, 3], [1, 1])),
        (3, 1, 5, Window::valid([6, 16], [2, 5], [1, 1])),
        (2, 1, 8, padded([4, 8], [4, 5], [1, 1], [3, 3])),
    ]
    .into_iter()
    .filter_map(|(rows, in_channels, out_channels, window)| {
        Some((rows, in_channels, out_channels, fits(window)?))
    })
    .collect()
}

fn pools() -> Vec<(usize, usize, Window)> {
    [
        (3, 6, Window::valid([28, 28], [2, 2], [2, 2])),
        (1, 1, Window::valid([2, 2], [2, 2], [2, 2])),
        (2, 5, Window::valid([7, 9], [2, 2], [2, 2])),
        (2, 3, Window::valid([8, 7], [3, 3], [2, 2])),
        (3, 2, Window::same([7, 10], [3, 2], [2, 2])),
        (2, 4, Window::valid([9, 9], [2, 3], [4, 3])),
        (1, 2, Window::same([5, 5], [3, 3], [1, 1])),
    ]
    .into_iter()
    .filter_map(|(rows, channels, window)| Some((rows, channels, fits(window)?)))
    .collect()
}

/// No case is to be lost in silence.
fn fits(window: Option<Window>) -> Option<Window> {
    debug_assert!(window.is_some(), "a case whose window does not fit");
    window
}

fn describe(window: &Window) -> String {
    let Window { input, kernel, stride, padding, .. } = window;
    format!("{input:?} by {kernel:?} every {stride:?} padded {padding:?}")
}

fn conv2d(
    (rows, in_channels, out_channels): (usize, usize, usize),
    window: Window,
    bytes: bool,
    has_bias: bool,
    relu: bool,
) -> Case {
    let (values, weights) = (in_channels * window.inputs(), out_channels * in_channels * window.taps());
    let mut draft = Draft::new(rows, if bytes { values } else { 1 }, 2);
    draft.flat(3 + weights + out_channels + 2);
    let x = draft.operand("x", [rows, values], bytes);
    let weight = draft.parameter("weight", &[out_channels, weights / out_channels], 3);
    let bias = has_bias.then(|| draft.parameter("bias", &[out_channels], 3 + weights));
    let out = draft.output("out", &[rows, out_channels, window.outputs()]);
    let shape = format!(
        "{rows} x {in_channels} to {out_channels}, {}{}{}",
        describe(&window),
        if bytes { ", bytes" } else { "" },
        if relu { ", ReLU, no bias" } else { "" }
    );
    let op = Conv2d { x, weight, bias, relu, out, rows, in_channels, out_channels, window };
    draft.case(Phase::Forward, op, shape, PRODUCT)
}

fn conv2d_input_gradient((rows, in_channels, out_channels): (usize, usize, usize), window: Window) -> Case {
    let weights = out_channels * in_channels * window.taps();
    let mut draft = Draft::new(rows, 1, 2);
    draft.flat(5 + weights);
    let output_gradient = draft.input("output_gradient", &[rows, out_channels, window.outputs()]);
    let weight = draft.parameter("weight", &[out_channels, weights / out_channels], 5);
    let input_gradient = draft.output("input_gradient", &[rows, in_channels, window.inputs()]);
    let shape = format!("{rows} x {out_channels} to {in_channels}, {}", describe(&window));
    let op = Conv2dInputGradient {
        output_gradient,
        weight,
        input_gradient,
        rows,
        in_channels,
        out_channels,
        window,
    };
    draft.case(Phase::Backward, op, shape, PRODUCT)
}

fn conv2d_weight_gradient(
    (rows, in_channels, out_channels): (usize, usize, usize),
    window: Window,
    bytes: bool,
    has_bias: bool,
    group: usize,
) -> Case {
    let values = in_channels * window.inputs();
    let mut draft = Draft::new(rows, if bytes { values } else { 1 }, 2);
    let x = draft.operand("x", [rows, values], bytes);
    let output_gradient = draft.input("output_gradient", &[rows, out_channels, window.outputs()]);
    let columns = out_channels * (in_channels * window.taps() + usize::from(has_bias));
    let partials = draft.output("partials", &[rows.div_ceil(group), columns]);
    let shape = format!(
        "{rows} by {group} x {in_channels} to {out_channels}, {}{}",
        describe(&window),
        if bytes { ", bytes" } else { "" },
    );
    let op = Conv2dWeightGradient {
        x,
        output_gradient,
        partials,
        has_bias,
        group,
        rows,
        in_channels,
        out_channels,
        window,
    };
    draft.case(Phase::Backward, op, shape, PRODUCT)
}

fn max_pool2d(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, channels, window.inputs()]);
    let out = draft.output("out", &[rows, channels, window.outputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    draft.case(Phase::Forward, MaxPool2d { x, out, rows, channels, window }, shape, EXACT)
}

fn max_pool2d_gradient(rows: usize, channels: usize, window: Window, relu: bool) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    // Few different values, so that many windows have several largest.
    let x = draft.builder.activation("x", &[rows, channels, window.inputs()]);
    let values: Vec<u32> = (0..rows * channels * window.inputs())
        .map(|_| (draft.random.below(4) as f32 - 1.0).to_bits())
        .collect();
    draft.give(x, values);
    let output_gradient = draft.input("output_gradient", &[rows, channels, window.outputs()]);
    let input_gradient = draft.output("input_gradient", &[rows, channels, window.inputs()]);
    let shape = format!("{rows} x {channels}, {}{}", describe(&window), if relu { ", of ReLU" } else { "" });
    let op = MaxPool2dGradient { x, output_gradient, input_gradient, rows, channels, window, relu };
    draft.case(Phase::Backward, op, shape, ONE_ROUNDING)
}

fn average_pool2d(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, channels, window.inputs()]);
    let out = draft.output("out", &[rows, channels, window.outputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    draft.case(Phase::Forward, AveragePool2d { x, out, rows, channels, window }, shape, SUM)
}

fn average_pool2d_gradient(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let output_gradient = draft.input("output_gradient", &[rows, channels, window.outputs()]);
    let input_gradient = draft.output("input_gradient", &[rows, channels, window.inputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    let op = AveragePool2dGradient { output_gradient, input_gradient, rows, channels, window };
    draft.case(Phase::Backward, op, shape, SUM)
}

fn activations(rows: usize, columns: usize) -> [Case; 4] {
    let shape = || format!("{rows} x {columns}");
    let forward = |spread| {
        let mut draft = Draft::new(rows, 1, 2);
        let x = draft.input_spread("x", &[rows, columns], spread);
        let out = draft.output("out", &[rows, columns]);
        (draft, x, out)
    };
    let backward = || {
        let mut draft = Draft::new(rows, 1, 2);
        let out = draft.input("out", &[rows, columns]);
        let output_gradient = draft.input("output_gradient", &[rows, columns]);
        let input_gradient = draft.output("input_gradient", &[rows, columns]);
        (draft, out, output_gradient, input_gradient)
    };
    let (relu, x, out) = forward(1.0);
    let relu = relu.case(Phase::Forward, Relu { x, out, rows, columns }, shape(), EXACT);
    // From where tanh is nearly straight to where it is flat.
    let (tanh, x, out) = forward(12.0);
    let tanh = tanh.case(Phase::Forward, Tanh { x, out, rows, columns }, shape(), BUILT_IN);
    let (draft, out, output_gradient, input_gradient) = backward();
    let op = ReluGradient { out, output_gradient, input_gradient, rows, columns };
    let relu_gradient = draft.case(Phase::Backward, op, shape(), EXACT);
    let (draft, out, output_gradient, input_gradient) = backward();
    let op = TanhGradient { out, output_gradient, input_gradient, rows, columns };
    let tanh_gradient = draft.case(Phase::Backward, op, shape(), ONE_ROUNDING);
    [relu, relu_gradient, tanh, tanh_gradient]
}

fn dropout(rows: usize, columns: usize, rate: f32) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    let out = draft.output("out", &[rows, columns]);
    let op = Dropout { x, out, rows, columns, rate, layer: 7 };
    draft.case(Phase::Forward, op, format!("{rows} x {columns}, rate {rate}"), EXACT)
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
    draft.case(Phase::Forward, op, shape, SUM)
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
    draft.case(Phase::Backward, op, shape, PRODUCT)
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

fn augment(rows: usize, height: usize, width: usize, strengths: Strengths) -> Case {
    let mut draft = Draft::new(rows, height * width, 2);
    let images = draft.images(rows, height * width);
    let out = draft.output("out", &[rows, height * width]);
    let Strengths { shift, rotation, elastic, .. } = strengths;
    let shape = format!("{rows} x {height} x {width}, shift {shift}, turn {rotation}, elastic {elastic}");
    let op = Augment { images, out, rows, height, width, pixels: NORMAL, strengths };
    draft.case(Phase::Forward, op, shape, PLACES)
}
