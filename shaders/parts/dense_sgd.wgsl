
// ---- the update of a dense layer: parameters[i] -= learning_rate * gradient

override ROWS: u32 = 1;
override OUTPUTS: u32 = 1;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;  // weight [outputs, inputs], bias [outputs]

fn update_weight(output: u32, input: u32, gradient: f32) {
    if (output < OUTPUTS && input < INPUTS) {
        let at = WEIGHT_OFFSET + output * INPUTS + input;
        parameters[network * STRIDE_0 + at] -= learning_rate() * gradient;
    }
}

fn update_bias(output: u32, gradient: f32) {
    if (output < OUTPUTS) {
        parameters[network * STRIDE_0 + BIAS_OFFSET + output] -= learning_rate() * gradient;
    }
}

fn update_four(output: u32, input: u32, gradients: vec4<f32>) {
    update_weight(output, input, gradients.x);
    update_weight(output, input + 1u, gradients.y);
    update_weight(output, input + 2u, gradients.z);
    update_weight(output, input + 3u, gradients.w);
}

/// Four outputs, one per column of the matrix, by four inputs.
fn update_block(output: u32, input: u32, gradients: mat4x4<f32>) {
    update_four(output, input, gradients[0]);
    update_four(output + 1u, input, gradients[1]);
    update_four(output + 2u, input, gradients[2]);
    update_four(output + 3u, input, gradients[3]);
}
