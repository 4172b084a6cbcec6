
// ---- a classifier's last layer: its weight and bias, and the gradient of its logits

override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;
/// Whether every row of the weight begins at a whole vec4.
override WEIGHT_IS_ALIGNED: bool = false;

@group(0) @binding(3) var<storage, read> weight: array<vec4<f32>>;          // [classes, inputs] at WEIGHT_OFFSET
@group(0) @binding(4) var<storage, read> bias: array<f32>;                  // [classes] at BIAS_OFFSET
@group(0) @binding(5) var<storage, read_write> logits_gradient: array<f32>; // [rows, classes]

fn one_weight(at: u32) -> f32 {
    return weight[network * (STRIDE_3 / 4u) + at / 4u][at % 4u];
}

/// Weights 4 * word.. of a class; 0 past the last input, whatever x holds there.
fn weight_at(kind: u32, word: u32) -> vec4<f32> {
    let i = 4u * word;
    let start = WEIGHT_OFFSET + min(kind, CLASSES - 1u) * INPUTS + i;
    if (WEIGHT_IS_ALIGNED) {
        return weight[network * (STRIDE_3 / 4u) + start / 4u];
    }
    var values = vec4<f32>(one_weight(start), 0.0, 0.0, 0.0);
    if (i + 1u < INPUTS) { values.y = one_weight(start + 1u); }
    if (i + 2u < INPUTS) { values.z = one_weight(start + 2u); }
    if (i + 3u < INPUTS) { values.w = one_weight(start + 3u); }
    return values;
}
