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

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override MOMENTS_NET: u32 = 0;
@id(3) override WEIGHT_NET: u32 = 0;
@id(4) override GRADIENTS_NET: u32 = 0;
@id(5) override INPUT_GRADIENT_NET: u32 = 0;

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
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= ROWS * CHANNELS * INNER) {
        return;
    }
    let channel = at / INNER % CHANNELS;
    let mean = moments[MOMENTS_NET * net + channel];
    let spread = 1.0 / sqrt(moments[MOMENTS_NET * net + CHANNELS + channel] + EPSILON);
    let weight_gradient = gradients[GRADIENTS_NET * net + WEIGHT_GRADIENT_OFFSET + channel];
    let bias_gradient = gradients[GRADIENTS_NET * net + BIAS_GRADIENT_OFFSET + channel];
    let count = f32(ROWS * INNER);
    let along = (x[X_NET * net + at] - mean) * spread * weight_gradient / count;
    let even = bias_gradient / count;
    let through = output_gradient[OUTPUT_GRADIENT_NET * net + at] - even - along;
    input_gradient[INPUT_GRADIENT_NET * net + at] = weight[WEIGHT_NET * net + WEIGHT_OFFSET + channel] * spread * through;
}
