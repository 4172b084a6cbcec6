// The gradients of batch normalisation's weight and bias:
//   weight_gradient[c] = sum over r, i of output_gradient[r, c, i] * (x[r, c, i] - mean[c]) / sqrt(variance[c] + EPSILON)
//   bias_gradient[c]   = sum over r, i of output_gradient[r, c, i]

override EPSILON: f32 = 1e-5;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                 // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, channels, inner]
@group(0) @binding(2) var<storage, read> moments: array<f32>;           // [2, channels]: means, variances
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;   // [channels] at each of the two offsets

fn compute(channel: u32, thread: u32) {
    let mean = moments[network * STRIDE_2 + channel];
    var weight_sum = 0.0;
    var bias_sum = 0.0;
    for (var i = thread; i < COUNT; i += 256u) {
        let at = value_of_channel(channel, i);
        let gradient = output_gradient[network * STRIDE_1 + at];
        weight_sum += gradient * (x[network * STRIDE_0 + at] - mean);
        bias_sum += gradient;
    }
    let weight_total = workgroup_sum(thread, weight_sum);
    let bias_total = workgroup_sum(thread, bias_sum);
    if (thread == 0u) {
        let variance = moments[network * STRIDE_2 + CHANNELS + channel];
        gradients[network * STRIDE_3 + WEIGHT_OFFSET + channel] = weight_total / sqrt(variance + EPSILON);
        gradients[network * STRIDE_3 + BIAS_OFFSET + channel] = bias_total;
    }
}
