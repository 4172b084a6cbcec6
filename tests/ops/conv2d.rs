//! The three ops of a convolution against its definition, by plain loops in float64.

use inkgrad::plan::{Op, Window};

use super::{Wanted, check};

/// Calls `each(row, out channel, in channel, place of the output, tap of the window, place of the input)` for every
/// product that a convolution is made of.
fn products(
    [rows, out_channels, in_channels]: [usize; 3],
    window: &Window,
    mut each: impl FnMut(usize, usize, usize, usize, usize, usize),
) {
    let Window { input, output, kernel, stride, padding } = *window;
    for row in 0..rows {
        for o in 0..out_channels {
            for c in 0..in_channels {
                for place in 0..output[0] * output[1] {
                    for tap in 0..kernel[0] * kernel[1] {
                        let y = place / output[1] * stride[0] + tap / kernel[1];
                        let x = place % output[1] * stride[1] + tap % kernel[1];
                        let inside = |i: usize, at: usize| (padding[i]..padding[i] + input[i]).contains(&at);
                        if inside(0, y) && inside(1, x) {
                            each(row, o, c, place, tap, (y - padding[0]) * input[1] + x - padding[1]);
                        }
                    }
                }
            }
        }
    }
}

/// Sums of up to 900 products: sqrt(900) * 2^-24 is 1.8e-6; by points half as much again, 2.8e-6 in the worst case.
const TOLERANCE: f64 = 4e-6;

#[test]
fn forward() {
    check("conv2d", TOLERANCE, |op, inputs| {
        let Op::Conv2d(op) = op else { unreachable!() };
        let (x, weight) = (inputs.operand(op.x), inputs.floats(op.weight));
        let (ins, outs, taps) = (op.window.inputs(), op.window.outputs(), op.window.taps());
        let mut out = vec![0.0; op.rows * op.out_channels * outs];
        products([op.rows, op.out_channels, op.in_channels], &op.window, |row, o, c, place, tap, from| {
            out[(row * op.out_channels + o) * outs + place] +=
                x[(row * op.in_channels + c) * ins + from] * weight[(o * op.in_channels + c) * taps + tap];
        });
        if let Some(bias) = op.bias {
            let bias = inputs.floats(bias);
            out.iter_mut().enumerate().for_each(|(i, value)| *value += bias[i / outs % op.out_channels]);
        }
        if op.relu {
            out.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        vec![Wanted::Floats(out)]
    });
}

#[test]
fn input_gradient() {
    check("conv2d_input_gradient", TOLERANCE, |op, inputs| {
        let Op::Conv2dInputGradient(op) = op else { unreachable!() };
        let (given, weight) = (inputs.floats(op.output_gradient), inputs.floats(op.weight));
        let (ins, outs, taps) = (op.window.inputs(), op.window.outputs(), op.window.taps());
        let mut wanted = vec![0.0; op.rows * op.in_channels * ins];
        products([op.rows, op.out_channels, op.in_channels], &op.window, |row, o, c, place, tap, from| {
            wanted[(row * op.in_channels + c) * ins + from] += given
                [(row * op.out_channels + o) * outs + place]
                * weight[(o * op.in_channels + c) * taps + tap];
        });
        vec![Wanted::Floats(wanted)]
    });
}

/// Sums of up to 9,408 products, sqrt(9,408) * 2^-24 being 5.8e-6, and transforms that round half as much again.
const WEIGHT_TOLERANCE: f64 = 9e-6;

#[test]
fn weight_gradient() {
    check("conv2d_weight_gradient", WEIGHT_TOLERANCE, |op, inputs| {
        let Op::Conv2dWeightGradient(op) = op else { unreachable!() };
        let (x, given) = (inputs.operand(op.x), inputs.floats(op.output_gradient));
        let (ins, outs, taps) = (op.window.inputs(), op.window.outputs(), op.window.taps());
        let weights = op.out_channels * op.in_channels * taps;
        let columns = weights + if op.has_bias { op.out_channels } else { 0 };
        let mut wanted = vec![0.0; op.rows.div_ceil(op.group) * columns];
        products([op.rows, op.out_channels, op.in_channels], &op.window, |row, o, c, place, tap, from| {
            wanted[row / op.group * columns + (o * op.in_channels + c) * taps + tap] += given
                [(row * op.out_channels + o) * outs + place]
                * x[(row * op.in_channels + c) * ins + from];
        });
        if op.has_bias {
            for (at, gradient) in given.iter().enumerate() {
                let (row, o) = (at / outs / op.out_channels, at / outs % op.out_channels);
                wanted[row / op.group * columns + weights + o] += gradient;
            }
        }
        vec![Wanted::Floats(wanted)]
    });
}
