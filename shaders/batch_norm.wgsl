// Batch normalisation with given moments (Ioffe and Szegedy 2015, algorithm 1):
//   out[r, c, i] = (x[r, c, i] - mean[c]) / sqrt(variance[c] + EPSILON) * weight[c] + bias[c]
// One invocation a value.

override COUNT: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override EPSILON: f32 = 1e-5;
override MOMENTS_OFFSET: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override MOMENTS_NET: u32 = 0;
@id(2) override PARAMETERS_NET: u32 = 0;
@id(3) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, channels, inner]
@group(0) @binding(1) var<storage, read> moments: array<f32>;       // [2, channels] at MOMENTS_OFFSET: means, variances
@group(0) @binding(2) var<storage, read> parameters: array<f32>;    // weight and bias, [channels] each, at their offsets
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, channels, inner]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= COUNT) {
        return;
    }
    let channel = at / INNER % CHANNELS;
    let mean = moments[MOMENTS_NET * net + MOMENTS_OFFSET + channel];
    let variance = moments[MOMENTS_NET * net + MOMENTS_OFFSET + CHANNELS + channel];
    let gain = parameters[PARAMETERS_NET * net + WEIGHT_OFFSET + channel] / sqrt(variance + EPSILON);
    let bias = parameters[PARAMETERS_NET * net + BIAS_OFFSET + channel];
    out[OUT_NET * net + at] = (x[X_NET * net + at] - mean) * gain + bias;
}
