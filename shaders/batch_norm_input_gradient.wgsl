// The gradient of batch normalisation's input; s = 1 / sqrt(variance[c] + EPSILON), N = rows * inner:
//   input_gradient = weight[c] * s * (output_gradient - bias_gradient[c] / N - (x - mean[c]) * s * weight_gradient[c] / N)

override ROWS: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override EPSILON: f32 = 1e-5;
override WEIGHT_OFFSET: u32 = 0;
override WEIGHT_GRADIENT_OFFSET: u32 = 0;
override BIAS_GRADIENT_OFFSET: u32 = 0;
override COUNT: u32 = ROWS * CHANNELS * INNER;

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [rows, channels, inner]
@group(0) @binding(2) var<storage, read> moments: array<f32>;               // [2, channels]: means, variances
@group(0) @binding(3) var<storage, read> weight: array<f32>;                // [channels] at WEIGHT_OFFSET
@group(0) @binding(4) var<storage, read> gradients: array<f32>;             // of weight and bias, [channels] each
@group(0) @binding(5) var<storage, read_write> input_gradient: array<f32>;  // [rows, channels, inner]

fn compute(i: u32) {
    let channel = i / INNER % CHANNELS;
    let mean = moments[network * STRIDE_2 + channel];
    let scale = 1.0 / sqrt(moments[network * STRIDE_2 + CHANNELS + channel] + EPSILON);
    let weight_gradient = gradients[network * STRIDE_4 + WEIGHT_GRADIENT_OFFSET + channel];
    let bias_gradient = gradients[network * STRIDE_4 + BIAS_GRADIENT_OFFSET + channel];
    let count = f32(ROWS * INNER);
    let through_variance = (x[network * STRIDE_0 + i] - mean) * scale * weight_gradient / count;
    let through_mean = bias_gradient / count;
    let gradient = output_gradient[network * STRIDE_1 + i] - through_mean - through_variance;
    input_gradient[network * STRIDE_5 + i] = weight[network * STRIDE_3 + WEIGHT_OFFSET + channel] * scale * gradient;
}
