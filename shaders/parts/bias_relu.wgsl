
// ---- epilogue: what happens to a sum before it is stored

override HAS_BIAS: bool = false;
override BIAS_OFFSET: u32 = 0;
override RELU: bool = false;

@group(0) @binding(2) var<storage, read> bias: array<f32>;  // [channels, or columns] at BIAS_OFFSET

fn with_bias_and_relu(sum: f32, channel: u32) -> f32 {
    var result = sum;
    if (HAS_BIAS) {
        result += bias[network * STRIDE_2 + BIAS_OFFSET + channel];
    }
    if (RELU) {
        result = max(result, 0.0);
    }
    return result;
}
