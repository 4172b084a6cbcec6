// A dense layer's gradients and their SGD step in one pass, large blocks in registers: the same as dense_sgd.wgsl.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
//
// As matmul_blocked.wgsl: each invocation makes 8 x 8 sums in registers, without workgroup memory, reading four values
// at a time, for which OUTPUTS, and INPUTS where x is no bytes, must be multiples of four. The invocations of the first
// inputs do the bias as well.

override ROWS: u32 = 1;
override INPUTS: u32 = 1;
override OUTPUTS: u32 = 1;
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
/// Image bytes, `x = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where x holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

struct StepScalars { first_row: u32, step: u32, learning_rate: f32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override X_BYTES_NET: u32 = 0;
@id(2) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(3) override PARAMETERS_NET: u32 = 0;
var<private> net: u32;

// x once as floats and once as bytes: the same buffer, of which one view is used.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;                   // [rows, inputs]
@group(0) @binding(1) var<storage, read> x_bytes: array<u32>;
@group(0) @binding(2) var<storage, read> output_gradient: array<vec4<f32>>;     // [rows, outputs]
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;          // weight [outputs, inputs], bias [outputs]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override INPUT_FOURS: u32 = (INPUTS + 3u) / 4u;
override OUTPUT_FOURS: u32 = OUTPUTS / 4u;

/// Inputs 4 four.. of a row, or those of the last four.
fn x_at(row: u32, four: u32) -> vec4<f32> {
    let at = (row + X_IN_BLOCK * scalars.first_row) * INPUT_FOURS + min(four, INPUT_FOURS - 1u);
    if (X_IS_BYTES) {
        return unpack4x8unorm(x_bytes[X_BYTES_NET * net + at]) * GAIN + OFFSET;
    }
    return x[X_NET / 4u * net + at];
}

fn gradient_at(row: u32, four: u32) -> vec4<f32> {
    return output_gradient[OUTPUT_GRADIENT_NET / 4u * net + row * OUTPUT_FOURS + min(four, OUTPUT_FOURS - 1u)];
}

/// One output a column, one input a row.
fn outer(inputs: vec4<f32>, outputs: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(inputs * outputs.x, inputs * outputs.y, inputs * outputs.z, inputs * outputs.w);
}

fn update(output: u32, input: u32, gradient: f32) {
    if (input < INPUTS) {
        let at = WEIGHT_OFFSET + output * INPUTS + input;
        parameters[PARAMETERS_NET * net + at] -= scalars.learning_rate * gradient;
    }
}

fn update_four(output: u32, input: u32, gradients: vec4<f32>) {
    update(output, input, gradients.x);
    update(output, input + 1u, gradients.y);
    update(output, input + 2u, gradients.z);
    update(output, input + 3u, gradients.w);
}

fn update_block(output: u32, input: u32, gradients: mat4x4<f32>) {
    if (output < OUTPUTS) {
        update_four(output, input, gradients[0]);
        update_four(output + 1u, input, gradients[1]);
        update_four(output + 2u, input, gradients[2]);
        update_four(output + 3u, input, gradients[3]);
    }
}

fn update_bias(output: u32, gradients: vec4<f32>) {
    if (output < OUTPUTS) {
        let at = PARAMETERS_NET * net + BIAS_OFFSET + output;
        parameters[at] -= scalars.learning_rate * gradients.x;
        parameters[at + 1u] -= scalars.learning_rate * gradients.y;
        parameters[at + 2u] -= scalars.learning_rate * gradients.z;
        parameters[at + 3u] -= scalars.learning_rate * gradients.w;
    }
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    net = group.z % NETS;
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
        here += outer(first, gradient);
        right += outer(second, gradient);
        below += outer(first, gradient_below);
        across += outer(second, gradient_below);
        sum += gradient;
        sum_below += gradient_below;
    }

    update_block(4u * output, 4u * input, here);
    update_block(4u * output, 4u * (input + WIDTH), right);
    update_block(4u * (output + HEIGHT), 4u * input, below);
    update_block(4u * (output + HEIGHT), 4u * (input + WIDTH), across);
    if (input == 0u) {
        update_bias(4u * output, sum);
        update_bias(4u * (output + HEIGHT), sum_below);
    }
}
