//! The ranges of a network's activations on images: plain loops in float32.

use super::source::{inner, scale_and_shift};
use crate::data::Split;
use crate::error::Result;
use crate::exchange::steps::{Kind, Step, Values, pixel_scales};
use crate::plan::Window;

/// Multiply-adds that calibration may take: some seconds. Large networks see fewer images.
const MAX_MULTIPLY_ADDS: u64 = 4_000_000_000;

/// Fewest images, where there are as many.
const MIN_IMAGES: u64 = 32;

/// The indices of the images that are used: evenly spaced, so that a sorted set is covered as a whole.
pub(super) fn chosen(values: Values, images: &Split) -> Vec<usize> {
    let one: u64 = values.network.layers.iter().map(|layer| layer.multiply_adds()).sum();
    let most = (MAX_MULTIPLY_ADDS / one.max(1)).max(MIN_IMAGES).min(images.len() as u64) as usize;
    (0..most).map(|number| number * images.len() / most).collect()
}

/// For each step, the smallest and largest value of its output on the images.
pub(super) fn ranges(
    steps: &[Step],
    values: Values,
    images: &Split,
    chosen: &[usize],
) -> Result<Vec<[f32; 2]>> {
    let mut ranges = vec![[f32::INFINITY, f32::NEG_INFINITY]; steps.len()];
    let scales = pixel_scales(values.network);
    let normalised: Vec<_> =
        steps.iter().map(|step| scale_and_shift(step, values)).collect::<Result<Vec<_>>>()?;
    for image in chosen {
        let bytes = images.image(*image);
        let mut x: Vec<f32> = Vec::new();
        for (bytes, [gain, offset]) in bytes.chunks(bytes.len() / scales.len()).zip(&scales) {
            x.extend(bytes.iter().map(|byte| f32::from(*byte) / 255.0 * gain + offset));
        }
        for ((step, range), (scale, shift)) in steps.iter().zip(&mut ranges).zip(&normalised) {
            x = forward(step, values, x, scale, shift)?;
            for value in &x {
                *range = [range[0].min(*value), range[1].max(*value)];
            }
        }
    }
    Ok(ranges)
}

fn forward(step: &Step, values: Values, mut x: Vec<f32>, scale: &[f32], shift: &[f32]) -> Result<Vec<f32>> {
    match &step.kind {
        Kind::Conv { window, has_bias } => {
            let weight = values.tensor(&step.name, "weight")?.values;
            let bias = if *has_bias { values.tensor(&step.name, "bias")?.values } else { &[] };
            Ok(conv(&x, weight, bias, step, window))
        }
        Kind::Dense => {
            let weight = values.tensor(&step.name, "weight")?.values;
            let bias = values.tensor(&step.name, "bias")?.values;
            let product = |row: &[f32]| row.iter().zip(&x).map(|(w, x)| w * x).sum::<f32>();
            Ok(weight.chunks(x.len()).zip(bias).map(|(row, bias)| product(row) + bias).collect())
        }
        Kind::BatchNorm { .. } => {
            let channels = x.chunks_mut(inner(step)).zip(scale.iter().zip(shift));
            channels.for_each(|(map, (scale, shift))| map.iter_mut().for_each(|x| *x = *x * scale + shift));
            Ok(x)
        }
        Kind::MaxPool(window) => {
            Ok(pool(&x, window, |values| values.iter().copied().fold(f32::NEG_INFINITY, f32::max)))
        }
        Kind::AveragePool(window) => {
            Ok(pool(&x, window, |values| values.iter().sum::<f32>() / values.len().max(1) as f32))
        }
        Kind::Relu => {
            x.iter_mut().for_each(|x| *x = x.max(0.0));
            Ok(x)
        }
        Kind::Tanh => {
            x.iter_mut().for_each(|x| *x = x.tanh());
            Ok(x)
        }
        Kind::Flatten | Kind::Dropout { .. } => Ok(x),
    }
}

/// The row (or column) of the input under tap `i` of window `at`; none in the padding.
fn under(window: &Window, axis: usize, at: usize, i: usize) -> Option<usize> {
    let position = (at * window.stride[axis] + i).checked_sub(window.padding[axis])?;
    (position < window.input[axis]).then_some(position)
}

/// Adds a whole map of products for each tap, so that the inner loop is a long one.
fn conv(x: &[f32], weight: &[f32], bias: &[f32], step: &Step, window: &Window) -> Vec<f32> {
    let ([height, width], stride) = (window.output, window.stride[1]);
    let mut out = Vec::new();
    for channel in 0..step.output[0] {
        let mut map = vec![bias.get(channel).copied().unwrap_or(0.0); height * width];
        let kernels = weight[channel * step.input[0] * window.taps()..].chunks(window.taps());
        for (input, kernel) in x.chunks(window.inputs()).zip(kernels) {
            for row in 0..height {
                let out = &mut map[row * width..][..width];
                for i in 0..window.kernel[0] {
                    let Some(y) = under(window, 0, row, i) else { continue };
                    let input = &input[y * window.input[1]..][..window.input[1]];
                    for (j, weight) in kernel[i * window.kernel[1]..][..window.kernel[1]].iter().enumerate() {
                        // Columns whose window has this tap inside the map.
                        let first = window.padding[1].saturating_sub(j).div_ceil(stride);
                        let from = (first * stride + j).saturating_sub(window.padding[1]);
                        let outputs = out.iter_mut().skip(first);
                        let inputs = input.iter().skip(from).step_by(stride);
                        outputs.zip(inputs).for_each(|(out, x)| *out += weight * x);
                    }
                }
            }
        }
        out.extend(map);
    }
    out
}

fn pool(x: &[f32], window: &Window, of: impl Fn(&[f32]) -> f32) -> Vec<f32> {
    let (mut out, mut seen) = (Vec::new(), Vec::new());
    for map in x.chunks(window.inputs()) {
        for row in 0..window.output[0] {
            for column in 0..window.output[1] {
                seen.clear();
                for y in (0..window.kernel[0]).filter_map(|i| under(window, 0, row, i)) {
                    let columns = (0..window.kernel[1]).filter_map(|j| under(window, 1, column, j));
                    seen.extend(columns.map(|x| map[y * window.input[1] + x]));
                }
                out.push(of(&seen));
            }
        }
    }
    out
}
