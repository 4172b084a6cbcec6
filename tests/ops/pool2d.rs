use inkgrad::plan::{Op, Window};

use super::{Wanted, check};

/// The places of the input that each window holds, row by row.
fn windows(window: &Window) -> Vec<Vec<usize>> {
    let Window { input, output, kernel, stride, padding } = *window;
    let span = |i: usize, at: usize| {
        let start = (at * stride[i]) as isize - padding[i] as isize;
        (start..start + kernel[i] as isize).filter(move |y| (0..input[i] as isize).contains(y))
    };
    let places = |y: usize, x: usize| {
        span(0, y).flat_map(|y| span(1, x).map(move |x| y as usize * input[1] + x as usize)).collect()
    };
    (0..output[0]).flat_map(|y| (0..output[1]).map(move |x| (y, x))).map(|(y, x)| places(y, x)).collect()
}

#[test]
fn the_largest_and_the_mean_of_each_window() {
    check("max_pool2d", 0.0, |op, inputs| {
        let Op::MaxPool2d(op) = op else { unreachable!() };
        let x = inputs.floats(op.x);
        let maps = x.chunks_exact(op.window.inputs());
        let largest = |map: &[f64], window: &Vec<usize>| {
            window.iter().map(|at| map[*at]).fold(f64::NEG_INFINITY, f64::max)
        };
        let windows = windows(&op.window);
        vec![Wanted::Floats(
            maps.flat_map(|map| windows.iter().map(|w| largest(map, w)).collect::<Vec<_>>()).collect(),
        )]
    });
    check("average_pool2d", 4e-7, |op, inputs| {
        let Op::AveragePool2d(op) = op else { unreachable!() };
        let x = inputs.floats(op.x);
        let maps = x.chunks_exact(op.window.inputs());
        let mean = |map: &[f64], window: &Vec<usize>| {
            window.iter().map(|at| map[*at]).sum::<f64>() / window.len() as f64
        };
        let windows = windows(&op.window);
        vec![Wanted::Floats(
            maps.flat_map(|map| windows.iter().map(|w| mean(map, w)).collect::<Vec<_>>()).collect(),
        )]
    });
}

#[test]
fn gradients_go_to_the_first_largest_or_to_all_alike() {
    check("max_pool2d_gradient", 4e-7, |op, inputs| {
        let Op::MaxPool2dGradient(op) = op else { unreachable!() };
        let (x, given) = (inputs.floats(op.x), inputs.floats(op.output_gradient));
        let mut wanted = vec![0.0; x.len()];
        for (map, given) in given.chunks_exact(op.window.outputs()).enumerate() {
            let start = map * op.window.inputs();
            for (window, gradient) in windows(&op.window).iter().zip(given) {
                let mut best = window[0];
                window.iter().for_each(|at| {
                    if x[start + at] > x[start + best] {
                        best = *at
                    }
                });
                if !op.relu || x[start + best] > 0.0 {
                    wanted[start + best] += gradient;
                }
            }
        }
        vec![Wanted::Floats(wanted)]
    });
    check("average_pool2d_gradient", 4e-7, |op, inputs| {
        let Op::AveragePool2dGradient(op) = op else { unreachable!() };
        let given = inputs.floats(op.output_gradient);
        let mut wanted = vec![0.0; op.rows * op.channels * op.window.inputs()];
        for (map, given) in given.chunks_exact(op.window.outputs()).enumerate() {
            for (window, gradient) in windows(&op.window).iter().zip(given) {
                let share = gradient / window.len() as f64;
                window.iter().for_each(|at| wanted[map * op.window.inputs() + at] += share);
            }
        }
        vec![Wanted::Floats(wanted)]
    });
}
