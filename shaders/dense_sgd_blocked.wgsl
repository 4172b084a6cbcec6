// A dense layer's gradients and their SGD step in one pass, in register blocks: the same as dense_sgd.wgsl.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
// x [rows, inputs], parameters: weight [outputs, inputs], bias [outputs]
//
// As matmul_blocked.wgsl: each invocation computes 8 x 8 sums in registers, without workgroup memory, reading four
// values at a time. For that OUTPUTS must be a multiple of four, and so must INPUTS unless x is bytes. The invocations
// of the first inputs also update the bias.

override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override OUTPUT_FOURS: u32 = OUTPUTS / 4u;

@group(0) @binding(1) var<storage, read> output_gradient: array<vec4<f32>>;     // [rows, outputs]

fn gradient_at(row: u32, four: u32) -> vec4<f32> {
    return output_gradient[network * (STRIDE_1 / 4u) + row * OUTPUT_FOURS + min(four, OUTPUT_FOURS - 1u)];
}

/// One output per column, one input per row.
fn outer_product(inputs: vec4<f32>, outputs: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(inputs * outputs.x, inputs * outputs.y, inputs * outputs.z, inputs * outputs.w);
}

fn update_four_biases(output: u32, gradients: vec4<f32>) {
    update_bias(output, gradients.x);
    update_bias(output + 1u, gradients.y);
    update_bias(output + 2u, gradients.z);
    update_bias(output + 3u, gradients.w);
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    // fours of inputs and outputs
    let input = 2u * WIDTH * group.x + local.x;
    let output = 2u * HEIGHT * group.y + local.y;

    var here = mat4x4<f32>();
    var right = mat4x4<f32>();
    var below = mat4x4<f32>();
    var across = mat4x4<f32>();
    var sum = vec4<f32>();
    var sum_below = vec4<f32>();
    for (var row = 0u; row < ROWS; row++) {
        let first = x_at(row, input);
        let second = x_at(row, input + WIDTH);
        let gradient = gradient_at(row, output);
        let gradient_below = gradient_at(row, output + HEIGHT);
        here += outer_product(first, gradient);
        right += outer_product(second, gradient);
        below += outer_product(first, gradient_below);
        across += outer_product(second, gradient_below);
        sum += gradient;
        sum_below += gradient_below;
    }

    update_block(4u * output, 4u * input, here);
    update_block(4u * output, 4u * (input + WIDTH), right);
    update_block(4u * (output + HEIGHT), 4u * input, below);
    update_block(4u * (output + HEIGHT), 4u * (input + WIDTH), across);
    if (input == 0u) {
        update_four_biases(4u * output, sum);
        update_four_biases(4u * (output + HEIGHT), sum_below);
    }
}
