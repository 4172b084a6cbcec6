//! Which algorithm each preset and bench task gets, and that all algorithms compute the same.

use std::path::Path;

use super::{ConvAlgorithm, ConvShape, GradientTensors, Maps, Pass, batch_innermost, winograd, winograd_1d};
use crate::cpu::Level;
use crate::cpu::runtime::tensors::{Floats, Matrix};
use crate::network::{Network, Task};
use crate::plan::{Op, Window, fuse};
use crate::recipe::Recipe;

fn name(algorithm: ConvAlgorithm) -> &'static str {
    match algorithm {
        ConvAlgorithm::Direct => "direct",
        ConvAlgorithm::Winograd(_) => "winograd",
        ConvAlgorithm::WinogradTransposed(_) => "winograd transposed",
        ConvAlgorithm::Winograd1d(_) => "winograd 1d",
        ConvAlgorithm::BatchInnermost => "batch innermost",
    }
}

/// Which algorithm each convolution of a recipe's training plan, and each gradient, gets; in the plan's order.
fn table(recipe: &Recipe) -> Vec<String> {
    let task = Task::grey(28, 28, 10);
    let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
    let plan = fuse::for_cpu(network.training_plan(recipe.training_options()));
    let describe = |shape: &ConvShape| {
        let ConvShape { pass, in_channels, out_channels, window, .. } = shape;
        let (algorithm, _) = ConvAlgorithm::choose(shape, Level::Portable);
        let Window { kernel: [height, width], output: [rows, columns], .. } = window;
        let shape = format!("{in_channels} to {out_channels}, {height} x {width}, output {rows} x {columns}");
        format!("{pass:?} {shape}: {}", name(algorithm))
    };
    let shape = |op: &Op| match op {
        Op::Conv2d(op) => Some(op.conv_shape()),
        Op::Conv2dInputGradient(op) => Some(op.conv_shape()),
        Op::Conv2dWeightGradient(op) => Some(op.conv_shape()),
        _ => None,
    };
    plan.ops.iter().filter_map(|planned| shape(&planned.op)).map(|shape| describe(&shape)).collect()
}

fn preset(name: &str) -> Vec<String> {
    table(&Recipe::preset(name).unwrap())
}

#[test]
fn presets_and_bench_tasks_get_their_algorithms() {
    let lenet5 = [
        "Forward 1 to 6, 5 x 5, output 28 x 28: winograd 1d",
        "Forward 6 to 16, 5 x 5, output 10 x 10: winograd 1d",
        "WeightGradient 6 to 16, 5 x 5, output 10 x 10: winograd 1d",
        "InputGradient 6 to 16, 5 x 5, output 10 x 10: winograd 1d",
        "WeightGradient 1 to 6, 5 x 5, output 28 x 28: winograd 1d",
    ];
    let cnn = [
        "Forward 1 to 32, 5 x 5, output 28 x 28: direct",
        "Forward 32 to 64, 5 x 5, output 14 x 14: winograd",
        "WeightGradient 32 to 64, 5 x 5, output 14 x 14: winograd",
        "InputGradient 32 to 64, 5 x 5, output 14 x 14: winograd",
        "WeightGradient 1 to 32, 5 x 5, output 28 x 28: direct",
    ];
    let fast = [
        "Forward 1 to 24, 5 x 5, output 24 x 24: direct",
        "Forward 24 to 32, 3 x 3, output 10 x 10: winograd",
        "WeightGradient 24 to 32, 3 x 3, output 10 x 10: winograd",
        "InputGradient 24 to 32, 3 x 3, output 10 x 10: winograd",
        "WeightGradient 1 to 24, 5 x 5, output 24 x 24: direct",
    ];
    let record = [
        "Forward 1 to 32, 5 x 5, output 24 x 24: direct",
        "Forward 32 to 48, 3 x 3, output 24 x 24: winograd",
        "Forward 48 to 96, 3 x 3, output 12 x 12: winograd",
        "Forward 96 to 96, 3 x 3, output 12 x 12: winograd",
        "Forward 96 to 192, 3 x 3, output 6 x 6: winograd",
        "Forward 192 to 192, 3 x 3, output 4 x 4: winograd",
        "WeightGradient 192 to 192, 3 x 3, output 4 x 4: winograd",
        "InputGradient 192 to 192, 3 x 3, output 4 x 4: winograd transposed",
        "WeightGradient 96 to 192, 3 x 3, output 6 x 6: winograd",
        "InputGradient 96 to 192, 3 x 3, output 6 x 6: winograd",
        "WeightGradient 96 to 96, 3 x 3, output 12 x 12: winograd",
        "InputGradient 96 to 96, 3 x 3, output 12 x 12: winograd",
        "WeightGradient 48 to 96, 3 x 3, output 12 x 12: winograd",
        "InputGradient 48 to 96, 3 x 3, output 12 x 12: winograd",
        "WeightGradient 32 to 48, 3 x 3, output 24 x 24: winograd",
        "InputGradient 32 to 48, 3 x 3, output 24 x 24: winograd",
        "WeightGradient 1 to 32, 5 x 5, output 24 x 24: direct",
    ];
    assert_eq!(preset("lenet5"), lenet5);
    assert_eq!(preset("cnn"), cnn);
    assert_eq!(preset("fast"), fast);
    assert_eq!(preset("record"), record);
    assert!(preset("mlp").is_empty() && preset("softmax").is_empty());
    let task = |text| table(&Recipe::parse(Path::new("task"), text).unwrap());
    assert_eq!(task(include_str!("../../../benches/tasks/lenet5.toml")), lenet5);
    assert_eq!(task(include_str!("../../../benches/tasks/deepcnn.toml")), cnn);
}

/// Every algorithm that can serve a shape, chosen for it or not.
fn candidates(shape: &ConvShape) -> Vec<ConvAlgorithm> {
    let &ConvShape { pass, in_channels, out_channels, ref window, .. } = shape;
    let tiling = winograd::Tiling::new(window, in_channels, out_channels);
    let rotated = winograd::Tiling::of_input_gradient(window, in_channels, out_channels);
    let mut found = vec![ConvAlgorithm::Direct];
    if pass == Pass::InputGradient {
        found.extend(rotated.map(ConvAlgorithm::Winograd));
        found.extend(tiling.map(ConvAlgorithm::WinogradTransposed));
    } else {
        found.extend(tiling.map(ConvAlgorithm::Winograd));
    }
    if batch_innermost::serves(shape) {
        found.push(ConvAlgorithm::BatchInnermost);
        found.extend(winograd_1d::Tiling::new(shape).map(ConvAlgorithm::Winograd1d));
    }
    found
}

/// Values between -0.5 and 0.5 that repeat at every run.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// Images per partial sum, and whether biases have a gradient.
const GROUP: usize = 4;

/// An algorithm's result for a shape: the images in chunks of two alignments, as several workers would take them. Memory
/// holds NaN before it is written.
fn compute(algorithm: ConvAlgorithm, shape: ConvShape, level: Level) -> Vec<f32> {
    let ConvShape { pass, rows, in_channels, out_channels, window, .. } = shape;
    let (inputs, outputs) = (in_channels * window.inputs(), out_channels * window.outputs());
    let (x, output_gradient) = (values(rows * inputs, 1), values(rows * outputs, 2));
    let weight = values(out_channels * in_channels * window.taps(), 3);
    let bias = values(out_channels, 4);
    let x = Floats { start: x.as_ptr(), stride: inputs };
    let output_gradient = Floats { start: output_gradient.as_ptr(), stride: outputs };
    let chunks = |step: usize| (0..rows).step_by(step).map(move |start| start..rows.min(start + step));
    if pass == Pass::WeightGradient {
        let gradient = algorithm.weight_gradient(shape, GROUP, true, level);
        let mut out = vec![f32::NAN; rows.div_ceil(GROUP) * shape.gradient_columns(true)];
        let mut scratch = vec![f32::NAN; gradient.scratch()];
        let tensors = GradientTensors {
            x: Matrix::Floats(x),
            output_gradient,
            partials: out.as_mut_ptr(),
            scratch: scratch.as_mut_ptr(),
        };
        for chunk in chunks(2 * gradient.alignment().max(GROUP)) {
            // SAFETY: the tensors have the shape's sizes.
            unsafe { gradient.run(&tensors, chunk) }
        }
        return out;
    }
    let convolution = algorithm.convolution(shape, level);
    let is_forward = pass == Pass::Forward;
    let mut out = vec![f32::NAN; rows * if is_forward { outputs } else { inputs }];
    let kernels = convolution.transformed_kernels();
    let mut transformed = vec![f32::NAN; kernels.map_or(0, |kernels| kernels.floats)];
    let mut scratch = vec![f32::NAN; convolution.scratch()];
    for unit in 0..kernels.map_or(0, |kernels| kernels.units) {
        // SAFETY: weights and memory have the sizes that are asked for.
        unsafe { convolution.transform_kernels(weight.as_ptr(), transformed.as_mut_ptr(), unit..unit + 1) }
    }
    let maps = Maps {
        input: Matrix::Floats(if is_forward { x } else { output_gradient }),
        weight: weight.as_ptr(),
        transformed_kernels: transformed.as_ptr(),
        bias: if is_forward { bias.as_ptr() } else { std::ptr::null() },
        relu: is_forward,
        output: out.as_mut_ptr(),
        scratch: scratch.as_mut_ptr(),
    };
    for chunk in chunks(2 * convolution.alignment()) {
        // SAFETY: the tensors have the shape's sizes.
        unsafe { convolution.run(&maps, chunk) }
    }
    out
}

#[test]
fn all_algorithms_agree_wherever_they_serve() {
    let windows = [
        Window::same([7, 12], [3, 3], [1, 1]),
        Window::valid([12, 14], [5, 5], [1, 1]),
        Window::same([10, 10], [5, 5], [1, 1]),
        Window::valid([6, 6], [3, 3], [1, 1]),
        Window::valid([9, 14], [3, 5], [1, 1]),
        Window::same([9, 7], [3, 3], [2, 2]),
        Window::same([5, 9], [2, 4], [1, 1]),
    ];
    let mut tried = Vec::new();
    for window in windows.map(Option::unwrap) {
        for (rows, in_channels, out_channels) in [(5, 1, 6), (19, 12, 14), (4, 13, 19)] {
            for pass in [Pass::Forward, Pass::InputGradient, Pass::WeightGradient] {
                let shape = ConvShape { pass, rows, in_channels, out_channels, window, has_bytes: false };
                let wanted = compute(ConvAlgorithm::Direct, shape, Level::Portable);
                let largest = wanted.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                for (algorithm, level) in candidates(&shape)
                    .into_iter()
                    .flat_map(|algorithm| Level::available().into_iter().map(move |level| (algorithm, level)))
                {
                    tried.push((pass, name(algorithm)));
                    for (at, (given, wanted)) in
                        compute(algorithm, shape, level).iter().zip(&wanted).enumerate()
                    {
                        // Sums of up to 500 products; transforms round half as much again.
                        let error = (given - wanted).abs() / largest;
                        let case = || format!("{} at {level}, value {at} of {shape:?}", name(algorithm));
                        assert!(error <= 5e-6, "{}: {given} for {wanted}", case());
                    }
                }
            }
        }
    }
    for pass in [Pass::Forward, Pass::InputGradient, Pass::WeightGradient] {
        for algorithm in ["direct", "winograd", "winograd 1d", "batch innermost"] {
            assert!(tried.contains(&(pass, algorithm)), "{algorithm} serves no {pass:?} here");
        }
    }
    assert!(tried.contains(&(Pass::InputGradient, "winograd transposed")));
}
