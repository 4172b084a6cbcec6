
// ---- epilogue: what happens to a sum before it is stored

override HAS_BIAS: bool = false;
override BIAS_OFFSET: u32 = 0;
override RELU: bool = false;

@group(0) @binding(2) var<storage, read> bias: array<f32>;  // [channels, or columns] at BIAS_OFFSET

fn with_bias_and_relu(sum: f32, channel: u32) -> f32 {
    return four_with_bias_and_relu(vec4<f32>(sum), channel).x;
}

/// Four sums of the same channel.
fn four_with_bias_and_relu(sums: vec4<f32>, channel: u32) -> vec4<f32> {
    var results = sums;
    if (HAS_BIAS) {
        results += bias[network * STRIDE_2 + BIAS_OFFSET + channel];
    }
    if (RELU) {
        results = max(results, vec4<f32>());
    }
    return results;
}
