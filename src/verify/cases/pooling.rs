//! Pooling and its gradients.

use super::convolution::{describe, fits};
use super::draft::{Draft, EXACT, FEW_ROUNDINGS};
use crate::plan::ops::{AveragePool2d, AveragePool2dGradient, MaxPool2d, MaxPool2dGradient};
use crate::plan::{Phase, Window};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, channels, window) in windows() {
        cases.push(max_pool2d(rows, channels, window));
        cases.push(max_pool2d_gradient(rows, channels, window, false));
        cases.push(max_pool2d_gradient(rows, channels, window, true));
        cases.push(average_pool2d(rows, channels, window));
        cases.push(average_pool2d_gradient(rows, channels, window));
    }
    cases
}

/// Rows, channels, window.
fn windows() -> Vec<(usize, usize, Window)> {
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

fn max_pool2d(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, channels, window.inputs()]);
    let out = draft.output("out", &[rows, channels, window.outputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    draft.case(Phase::Forward, MaxPool2d { x, out, rows, channels, window }, shape, EXACT)
}

fn max_pool2d_gradient(rows: usize, channels: usize, window: Window, relu: bool) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    // Many windows have several largest values, and many a largest value of exactly 0.
    let x = draft.coarse("x", &[rows, channels, window.inputs()]);
    let output_gradient = draft.input("output_gradient", &[rows, channels, window.outputs()]);
    let input_gradient = draft.output("input_gradient", &[rows, channels, window.inputs()]);
    let shape = format!("{rows} x {channels}, {}{}", describe(&window), if relu { ", of ReLU" } else { "" });
    let op = MaxPool2dGradient { x, output_gradient, input_gradient, rows, channels, window, relu };
    draft.case(Phase::Backward, op, shape, FEW_ROUNDINGS)
}

fn average_pool2d(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, channels, window.inputs()]);
    let out = draft.output("out", &[rows, channels, window.outputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    draft.case(Phase::Forward, AveragePool2d { x, out, rows, channels, window }, shape, FEW_ROUNDINGS)
}

fn average_pool2d_gradient(rows: usize, channels: usize, window: Window) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let output_gradient = draft.input("output_gradient", &[rows, channels, window.outputs()]);
    let input_gradient = draft.output("input_gradient", &[rows, channels, window.inputs()]);
    let shape = format!("{rows} x {channels}, {}", describe(&window));
    let op = AveragePool2dGradient { output_gradient, input_gradient, rows, channels, window };
    draft.case(Phase::Backward, op, shape, FEW_ROUNDINGS)
}
