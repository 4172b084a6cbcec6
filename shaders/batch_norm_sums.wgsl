// The gradients of batch normalisation's weight and bias:
//   weight_gradient[c] = sum over r, i of output_gradient[r, c, i] * (x[r, c, i] - mean[c]) / sqrt(variance[c] + EPSILON)
//   bias_gradient[c]   = sum over r, i of output_gradient[r, c, i]
// A workgroup a channel: each invocation takes every 256th value, then the sums meet in a fixed tree.

override ROWS: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override EPSILON: f32 = 1e-5;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override MOMENTS_NET: u32 = 0;
@id(3) override GRADIENTS_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                 // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, channels, inner]
@group(0) @binding(2) var<storage, read> moments: array<f32>;           // [2, channels]: means, variances
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;   // [channels] at each of the two offsets

override COUNT: u32 = ROWS * INNER;

var<workgroup> shares: array<vec2<f32>, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    // a uniform bound: all invocations of a workgroup leave together
    let channel = group.y * groups.x + group.x;
    if (channel >= CHANNELS) {
        return;
    }
    let mean = moments[MOMENTS_NET * net + channel];
    var sums = vec2<f32>();
    for (var i = thread; i < COUNT; i += 256u) {
        let at = (i / INNER * CHANNELS + channel) * INNER + i % INNER;
        sums += output_gradient[OUTPUT_GRADIENT_NET * net + at] * vec2<f32>(x[X_NET * net + at] - mean, 1.0);
    }
    shares[thread] = sums;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            shares[thread] += shares[thread + half];
        }
        workgroupBarrier();
    }
    if (thread == 0u) {
        let variance = moments[MOMENTS_NET * net + CHANNELS + channel];
        gradients[GRADIENTS_NET * net + WEIGHT_OFFSET + channel] = shares[0].x / sqrt(variance + EPSILON);
        gradients[GRADIENTS_NET * net + BIAS_OFFSET + channel] = shares[0].y;
    }
}
