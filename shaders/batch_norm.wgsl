// Batch normalisation with given moments (Ioffe and Szegedy 2015, algorithm 1):
//   out[r, c, i] = (x[r, c, i] - mean[c]) / sqrt(variance[c] + EPSILON) * weight[c] + bias[c]

override COUNT: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override EPSILON: f32 = 1e-5;
override MOMENTS_OFFSET: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> moments: array<f32>;       // [2, channels] at MOMENTS_OFFSET: means, variances
@group(0) @binding(2) var<storage, read> parameters: array<f32>;    // weight and bias, [channels] each, at their offsets
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, channels, inner]

fn compute(i: u32) {
    let channel = i / INNER % CHANNELS;
    let mean = moments[network * STRIDE_1 + MOMENTS_OFFSET + channel];
    let variance = moments[network * STRIDE_1 + MOMENTS_OFFSET + CHANNELS + channel];
    let gain = parameters[network * STRIDE_2 + WEIGHT_OFFSET + channel] / sqrt(variance + EPSILON);
    let bias = parameters[network * STRIDE_2 + BIAS_OFFSET + channel];
    out[network * STRIDE_3 + i] = (x[network * STRIDE_0 + i] - mean) * gain + bias;
}
