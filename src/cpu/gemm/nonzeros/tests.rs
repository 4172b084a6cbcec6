use super::*;
use crate::cpu::runtime::tensors::Bytes;
use crate::plan::TensorId;
use crate::plan::ops::Pixels;

/// Mostly background, as digits are.
fn images(rows: usize, inputs: usize, stride: usize) -> Vec<u8> {
    let pixel = |i: usize| if i * 7 % 11 < 3 { (i * 37 % 255) as u8 + 1 } else { 0 };
    (0..rows * stride).map(|i| if i % stride < inputs { pixel(i / stride + i) } else { 9 }).collect()
}

fn floats_of(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 31 + seed) % 61) as f32 / 61.0 - 0.5).collect()
}

const GAIN: f32 = 1.0 / 255.0;

fn value(images: &[u8], at: usize) -> f64 {
    f64::from(images[at]) * f64::from(GAIN)
}

/// Sizes that are not whole panels, blocks, units or vectors among them.
const SHAPES: [[usize; 3]; 4] = [[33, 784, 256], [16, 69, 33], [40, 260, 150], [300, 131, 40]];

#[test]
fn forward_is_the_product_at_every_level() {
    for [rows, inputs, outputs] in SHAPES {
        let stride = inputs.next_multiple_of(4);
        let x = images(rows, inputs, stride);
        let (weight, bias) = (floats_of(outputs * inputs, 1), floats_of(outputs, 2));
        for level in Level::available() {
            let mut panels = vec![f32::NAN; Forward::panel_floats(level, inputs, outputs)];
            let mut scratch = vec![f32::NAN; Forward::scratch(level, inputs)];
            let mut out = vec![f32::NAN; rows * outputs];
            let units = 0..Forward::units(inputs);
            // SAFETY: the buffers have the sizes that `Forward` asks for.
            unsafe { prepare(level, weight.as_ptr(), inputs, outputs, panels.as_mut_ptr(), units) };
            let op = Forward {
                x: Bytes { start: x.as_ptr(), stride, gain: GAIN, offset: 0.0 },
                inputs,
                outputs,
                panels: panels.as_ptr(),
                bias: bias.as_ptr(),
                out: out.as_mut_ptr(),
                scratch: scratch.as_mut_ptr(),
            };
            // SAFETY: as above.
            unsafe {
                forward(level, &op, 0..5);
                forward(level, &op, 5..rows);
            }
            for (i, got) in out.iter().enumerate() {
                let (row, output) = (i / outputs, i % outputs);
                let products =
                    (0..inputs).map(|k| value(&x, row * stride + k) * f64::from(weight[output * inputs + k]));
                let wanted = products.sum::<f64>() + f64::from(bias[output]);
                assert!((f64::from(*got) - wanted).abs() < 1e-5, "{level}: {got} for {wanted} at {i}");
            }
        }
    }
}

#[test]
fn weight_gradient_is_the_product_at_every_level() {
    for [rows, inputs, outputs] in SHAPES {
        let stride = inputs.next_multiple_of(4);
        let (x, gradient) = (images(rows, inputs, stride), floats_of(rows * outputs, 3));
        for level in Level::available() {
            let mut scratch = vec![f32::NAN; WeightGradient::scratch(level)];
            let mut out = vec![f32::NAN; outputs * inputs];
            let op = WeightGradient {
                x: Bytes { start: x.as_ptr(), stride, gain: GAIN, offset: 0.0 },
                output_gradient: gradient.as_ptr(),
                out: out.as_mut_ptr(),
                rows,
                inputs,
                outputs,
                scratch: scratch.as_mut_ptr(),
            };
            // SAFETY: the buffers have the sizes that `WeightGradient` asks for.
            unsafe {
                weight_gradient(level, &op, 0..1);
                weight_gradient(level, &op, 1..WeightGradient::units(inputs));
            }
            for (i, got) in out.iter().enumerate() {
                let (output, pixel) = (i / inputs, i % inputs);
                let wanted: f64 = (0..rows)
                    .map(|row| value(&x, row * stride + pixel) * f64::from(gradient[row * outputs + output]))
                    .sum();
                assert!((f64::from(*got) - wanted).abs() < 1e-5, "{level}: {got} for {wanted} at {i}");
            }
        }
    }
}

#[test]
fn bytes_of_nothing_must_mean_nothing() {
    let pixels = |offset| Operand { tensor: TensorId::new(0), pixels: Some(Pixels { gain: 1.0, offset }) };
    assert!(serves(&pixels(0.0), 100, 784, 256));
    assert!(!serves(&pixels(-0.4), 100, 784, 256), "an image's background has a value");
    assert!(!serves(&pixels(0.0), 100, 784, 10));
    assert!(!serves(&pixels(0.0), 1, 784, 256));
}
