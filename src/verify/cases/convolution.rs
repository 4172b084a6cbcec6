//! Convolutions and their gradients.

use super::draft::{Draft, LONG_PRODUCT, PRODUCT};
use crate::plan::ops::{Conv2d, Conv2dInputGradient, Conv2dWeightGradient};
use crate::plan::{Phase, Window};
use crate::verify::{Aim, Case};

pub(super) fn cases() -> Vec<Case> {
    let every = shapes().into_iter().map(|shape| (shape, Aim::Every));
    let of_cpu = shapes_of_cpu().into_iter().map(|shape| (shape, Aim::Cpu));
    let mut cases = Vec::new();
    for (number, (shape, aim)) in every.chain(of_cpu).enumerate() {
        cases.extend(cases_of(shape, number % 2 == 0, aim));
    }
    cases
}

/// The three ops in one shape. GPUs run half of the combinations (bytes where they can be, bias with or without),
/// `is_even` says which.
fn cases_of((rows, in_channels, out_channels, window): Shape, is_even: bool, aim: Aim) -> Vec<Case> {
    let sizes = (rows, in_channels, out_channels);
    let aim_if = |is_for_every: bool| if is_for_every { aim } else { Aim::Cpu };
    let mut cases = vec![conv2d_input_gradient(sizes, window).aimed(aim)];
    let can_be_bytes = in_channels == 1;
    for bytes in [false, true].into_iter().take(if can_be_bytes { 2 } else { 1 }) {
        let is_for_every = bytes == can_be_bytes;
        for (has_bias, relu) in [(true, false), (false, true)] {
            let aim = aim_if(is_for_every && has_bias == is_even);
            cases.push(conv2d(sizes, window, bytes, has_bias, relu).aimed(aim));
        }
        for (has_bias, group) in [(true, 4), (false, 128)] {
            let aim = aim_if(is_for_every && has_bias == is_even);
            cases.push(conv2d_weight_gradient(sizes, window, bytes, has_bias, group).aimed(aim));
        }
        // More than one group, of more images than short vectors hold.
        if rows > 16 && rows < 32 {
            cases.push(conv2d_weight_gradient(sizes, window, bytes, true, 16).aimed(aim_if(is_for_every)));
        }
    }
    cases
}

/// Rows, channels in and out, window.
type Shape = (usize, usize, usize, Window);

fn checked<const N: usize>(shapes: [(usize, usize, usize, Option<Window>); N]) -> Vec<Shape> {
    let checked = shapes.into_iter().map(|(rows, in_channels, out_channels, window)| {
        Some((rows, in_channels, out_channels, fits(window)?))
    });
    checked.flatten().collect()
}

fn shapes() -> Vec<Shape> {
    checked([
        (1, 1, 1, Window::valid([1, 1], [1, 1], [1, 1])),
        (3, 1, 6, Window::padded([28, 28], [5, 5], [1, 1], [2, 2])),
        (8, 6, 16, Window::valid([14, 14], [5, 5], [1, 1])),
        (2, 3, 33, Window::same([9, 7], [3, 3], [1, 1])),
        (5, 2, 4, Window::same([7, 10], [4, 4], [1, 1])),
        (2, 3, 5, Window::same([13, 11], [5, 5], [2, 2])),
        (3, 4, 3, Window::valid([10, 17], [3, 2], [3, 2])),
        (2, 1, 15, Window::padded([8, 8], [3, 3], [2, 2], [2, 2])),
        (1, 16, 7, Window::valid([4, 4], [1, 1], [2, 2])),
        (2, 2, 2, Window::valid([7, 7], [7, 7], [1, 1])),
        (9, 33, 20, Window::same([5, 20], [3, 3], [1, 1])),
        // Large tiles, all of them cut off at the ends.
        (4, 33, 34, Window::same([23, 25], [3, 3], [1, 1])),
        (100, 1, 3, Window::valid([6, 6], [2, 2], [1, 1])),
        (23, 16, 13, Window::same([3, 1], [2, 3], [1, 1])),
        // Windows that reach neither all rows nor all columns.
        (
            4,
            5,
            5,
            Window::padded([12, 23], [4, 5], [1, 1], [2, 1]).map(|all| Window { output: [3, 10], ..all }),
        ),
        // Image rows of whole words, where a window begins at each byte of one.
        (3, 1, 5, Window::valid([6, 16], [2, 5], [1, 1])),
        (2, 1, 8, Window::padded([4, 8], [4, 5], [1, 1], [3, 3])),
    ])
}

fn shapes_of_cpu() -> Vec<Shape> {
    checked([
        // Winograd along both axes: tiles that are whole and not, channels that fill no block.
        (5, 12, 12, Window::same([12, 12], [3, 3], [1, 1])),
        (7, 24, 17, Window::valid([6, 9], [3, 3], [1, 1])),
        (19, 13, 30, Window::valid([10, 10], [3, 3], [1, 1])),
        (3, 13, 40, Window::padded([14, 14], [5, 5], [1, 1], [2, 2])),
        (2, 16, 18, Window::valid([9, 8], [5, 5], [1, 1])),
        // Images innermost: whole vectors of them and not, positions and channels that fill no block.
        (17, 6, 16, Window::valid([14, 14], [5, 5], [1, 1])),
        (12, 1, 6, Window::padded([28, 28], [5, 5], [1, 1], [2, 2])),
        (13, 3, 7, Window::padded([5, 4], [3, 3], [1, 1], [2, 2])),
        (4, 5, 1, Window::valid([9, 6], [1, 4], [1, 1])),
        (9, 2, 3, Window::valid([7, 7], [7, 7], [1, 1])),
        // Winograd along rows: one tile or more across, whole or not, kernels of fewer rows.
        (9, 4, 7, Window::padded([6, 12], [5, 5], [1, 1], [2, 2])),
        (5, 5, 6, Window::padded([7, 10], [4, 5], [1, 1], [3, 4])),
        (18, 16, 16, Window::valid([5, 14], [2, 5], [1, 1])),
        (4, 8, 30, Window::valid([6, 9], [3, 5], [1, 1])),
        // Image rows of whole words.
        (2, 1, 9, Window::same([5, 12], [3, 3], [1, 1])),
    ])
}

/// Makes sure that no case is dropped silently.
pub(super) fn fits(window: Option<Window>) -> Option<Window> {
    debug_assert!(window.is_some(), "a case whose window does not fit");
    window
}

pub(super) fn describe(window: &Window) -> String {
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
    draft.case(Phase::Backward, op, shape, LONG_PRODUCT)
}
