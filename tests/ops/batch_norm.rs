use inkgrad::plan::Op;

use super::{Inputs, Wanted, check};

/// The values of each channel.
fn by_channel(x: &[f64], channels: usize, inner: usize) -> Vec<Vec<f64>> {
    let mut values = vec![Vec::new(); channels];
    x.iter().enumerate().for_each(|(at, value)| values[at / inner % channels].push(*value));
    values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn moments(
    inputs: &Inputs,
    moments: inkgrad::plan::TensorId,
    channels: usize,
    epsilon: f32,
) -> Vec<(f64, f64)> {
    let values = inputs.floats(moments);
    (0..channels).map(|c| (values[c], 1.0 / (values[channels + c] + f64::from(epsilon)).sqrt())).collect()
}

#[test]
fn moments_and_running_statistics() {
    check("batch_norm_moments", 3e-7, |op, inputs| {
        let Op::BatchNormMoments(op) = op else { unreachable!() };
        let channels = by_channel(&inputs.floats(op.x), op.channels, op.inner);
        let means: Vec<f64> = channels.iter().map(|values| mean(values)).collect();
        let variance = |(values, center): (&Vec<f64>, &f64)| {
            values.iter().map(|value| (value - center).powi(2)).sum::<f64>() / values.len() as f64
        };
        let variances: Vec<f64> = channels.iter().zip(&means).map(variance).collect();
        let count = channels[0].len() as f64;
        let unbiased = variances.iter().map(|v| if count > 1.0 { v * count / (count - 1.0) } else { *v });
        let new = means.iter().copied().chain(unbiased);
        let running = inputs.floats(op.running);
        let moved = running.iter().zip(new).map(|(old, new)| old + f64::from(op.momentum) * (new - old));
        let moved = moved.collect();
        vec![Wanted::Floats([means, variances].concat()), Wanted::Floats(moved)]
    });
}

#[test]
fn values_are_normalised() {
    check("batch_norm", 2e-6, |op, inputs| {
        let Op::BatchNorm(op) = op else { unreachable!() };
        let moments = moments(inputs, op.moments, op.channels, op.epsilon);
        let (weight, bias) = (inputs.floats(op.weight), inputs.floats(op.bias));
        let values = inputs.floats(op.x).into_iter().enumerate().map(|(at, x)| {
            let c = at / op.inner % op.channels;
            (x - moments[c].0) * moments[c].1 * weight[c] + bias[c]
        });
        vec![Wanted::Floats(values.collect())]
    });
}

#[test]
fn gradients() {
    check("batch_norm_sums", 3e-6, |op, inputs| {
        let Op::BatchNormSums(op) = op else { unreachable!() };
        let moments = moments(inputs, op.moments, op.channels, op.epsilon);
        let x = by_channel(&inputs.floats(op.x), op.channels, op.inner);
        let given = by_channel(&inputs.floats(op.output_gradient), op.channels, op.inner);
        let weight = (0..op.channels).map(|c| {
            x[c].iter().zip(&given[c]).map(|(x, g)| (x - moments[c].0) * moments[c].1 * g).sum::<f64>()
        });
        let bias = given.iter().map(|given| given.iter().sum::<f64>());
        vec![Wanted::Floats(weight.collect()), Wanted::Floats(bias.collect())]
    });
    check("batch_norm_input_gradient", 3e-6, |op, inputs| {
        let Op::BatchNormInputGradient(op) = op else { unreachable!() };
        let moments = moments(inputs, op.moments, op.channels, op.epsilon);
        let weight = inputs.floats(op.weight);
        let (along, even) = (inputs.floats(op.weight_gradient), inputs.floats(op.bias_gradient));
        let count = (op.rows * op.inner) as f64;
        let pairs = inputs.floats(op.x).into_iter().zip(inputs.floats(op.output_gradient)).enumerate();
        let values = pairs.map(|(at, (x, given))| {
            let c = at / op.inner % op.channels;
            let (mean, spread) = moments[c];
            weight[c] * spread * (given - even[c] / count - (x - mean) * spread * along[c] / count)
        });
        vec![Wanted::Floats(values.collect())]
    });
}
