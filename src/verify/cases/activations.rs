//! The ops that change each value by itself.

use super::draft::{BUILT_IN, Draft, EXACT, FEW_ROUNDINGS, TWO_ROUNDINGS};
use crate::plan::Phase;
use crate::plan::ops::{Dropout, Relu, ReluGradient, Tanh, TanhGradient};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, columns) in [(1, 1), (3, 7), (2, 128), (100, 257), (5, 784)] {
        cases.extend(activations(rows, columns));
    }
    // Counts with every remainder modulo the four values of a random block, and around the size of a
    // workgroup.
    for (rows, columns) in [(1, 1), (1, 2), (3, 1), (3, 7), (1, 1023), (41, 25), (1, 1026), (100, 257)] {
        for rate in [0.0, 0.3, 0.5] {
            cases.push(dropout(rows, columns, rate));
        }
    }
    cases
}

fn activations(rows: usize, columns: usize) -> [Case; 4] {
    let shape = || format!("{rows} x {columns}");
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.coarse("x", &[rows, columns]);
    let out = draft.output("out", &[rows, columns]);
    let relu = draft.case(Phase::Forward, Relu { x, out, rows, columns }, shape(), EXACT);
    // From where tanh is nearly straight to where it is flat.
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input_spread("x", &[rows, columns], 12.0);
    let out = draft.output("out", &[rows, columns]);
    let tanh = draft.case(Phase::Forward, Tanh { x, out, rows, columns }, shape(), BUILT_IN);
    let backward = || {
        let mut draft = Draft::new(rows, 1, 2);
        // Of a ReLU's outputs many are exactly 0, where it passes nothing back.
        let out = draft.coarse("out", &[rows, columns]);
        let output_gradient = draft.input("output_gradient", &[rows, columns]);
        let input_gradient = draft.output("input_gradient", &[rows, columns]);
        (draft, out, output_gradient, input_gradient)
    };
    let (draft, out, output_gradient, input_gradient) = backward();
    let op = ReluGradient { out, output_gradient, input_gradient, rows, columns };
    let relu_gradient = draft.case(Phase::Backward, op, shape(), EXACT);
    let (mut draft, _, output_gradient, input_gradient) = backward();
    let out = draft.input("tanh", &[rows, columns]);
    let op = TanhGradient { out, output_gradient, input_gradient, rows, columns };
    let tanh_gradient = draft.case(Phase::Backward, op, shape(), FEW_ROUNDINGS);
    [relu, relu_gradient, tanh, tanh_gradient]
}

fn dropout(rows: usize, columns: usize, rate: f32) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let x = draft.input("x", &[rows, columns]);
    let out = draft.output("out", &[rows, columns]);
    let op = Dropout { x, out, rows, columns, rate, layer: 7 };
    draft.case(Phase::Forward, op, format!("{rows} x {columns}, rate {rate}"), TWO_ROUNDINGS)
}
