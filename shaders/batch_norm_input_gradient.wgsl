// The gradient of batch normalisation's input; s = 1 / sqrt(variance[c] + EPSILON), N = rows * inner:
//   input_gradient = weight[c] * s * (output_gradient - bias_gradient[c] / N - (x - mean[c]) * s * weight_gradient[c] / N)
// One invocation a value.

override ROWS: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override EPSILON: f32 = 1e-5;
override WEIGHT_OFFSET: u32 = 0;
override WEIGHT_GRADIENT_OFFSET: u32 = 0;
override BIAS_GRADIENT_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [rows, channels, inner]
@group(0) @binding(2) var<storage, read> moments: array<f32>;               // [2, channels]: means, variances
@group(0) @binding(3) var<storage, read> weight: array<f32>;                // [channels] at WEIGHT_OFFSET
@group(0) @binding(4) var<storage, read> gradients: array<f32>;             // of weight and bias, [channels] each
@group(0) @binding(5) var<storage, read_write> input_gradient: array<f32>;  // [rows, channels, inner]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= ROWS * CHANNELS * INNER) {
        return;
    }
    let channel = at / INNER % CHANNELS;
    let spread = 1.0 / sqrt(moments[CHANNELS + channel] + EPSILON);
    let count = f32(ROWS * INNER);
    let along = (x[at] - moments[channel]) * spread * gradients[WEIGHT_GRADIENT_OFFSET + channel] / count;
    let even = gradients[BIAS_GRADIENT_OFFSET + channel] / count;
    input_gradient[at] = weight[WEIGHT_OFFSET + channel] * spread * (output_gradient[at] - even - along);
}
