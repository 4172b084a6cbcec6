// A dense layer's gradients and their SGD step in one pass, large blocks in registers, the output's gradient shared within
// subgroups: the same as dense_sgd.wgsl.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
//
// As matmul_blocked_subgroups.wgsl: each invocation makes 8 x 8 sums in registers. All invocations of a workgroup want the
// gradients of the same 8 outputs: each lane reads one and gives it to the others. Inputs are read four at a time, for which
// INPUTS must be a multiple of four where x is no bytes. For subgroups of 8 lanes and more. No invocation leaves before the
// sums are made, so that all lanes are there to ask. (Browsers would want `enable subgroups;` here, which naga 30 refuses.)

override ROWS: u32 = 1;
override INPUTS: u32 = 1;
override OUTPUTS: u32 = 1;
override THREADS: u32 = 64;
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
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;               // [rows, inputs]
@group(0) @binding(1) var<storage, read> x_bytes: array<u32>;
@group(0) @binding(2) var<storage, read> output_gradient: array<f32>;       // [rows, outputs]
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;      // weight [outputs, inputs], bias [outputs]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override INPUT_FOURS: u32 = (INPUTS + 3u) / 4u;

/// Inputs 4 four.. of a row, or those of the last four.
fn x_at(row: u32, four: u32) -> vec4<f32> {
    let at = (row + X_IN_BLOCK * scalars.first_row) * INPUT_FOURS + min(four, INPUT_FOURS - 1u);
    if (X_IS_BYTES) {
        return unpack4x8unorm(x_bytes[X_BYTES_NET * net + at]) * GAIN + OFFSET;
    }
    return x[X_NET / 4u * net + at];
}

/// The same of rows row .. row + 4, one row a column; of rows past the last one what the last has.
fn x_block(row: u32, four: u32) -> mat4x4<f32> {
    let last = ROWS - 1u;
    return mat4x4<f32>(
        x_at(min(row, last), four), x_at(min(row + 1u, last), four),
        x_at(min(row + 2u, last), four), x_at(min(row + 3u, last), four));
}

/// The gradient of an output; 0 in rows past the last.
fn gradient_at(row: u32, output: u32) -> f32 {
    let at = min(row, ROWS - 1u) * OUTPUTS + output;
    return select(0.0, output_gradient[OUTPUT_GRADIENT_NET * net + at], row < ROWS);
}

fn update(output: u32, input: u32, gradient: f32) {
    if (output < OUTPUTS && input < INPUTS) {
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
    update_four(output, input, gradients[0]);
    update_four(output + 1u, input, gradients[1]);
    update_four(output + 2u, input, gradients[2]);
    update_four(output + 3u, input, gradients[3]);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    net = group.z % NETS;
    let output = 8u * group.y;
    let read_output = min(output + lane % 8u, OUTPUTS - 1u);
    // fours of inputs
    let here = 2u * THREADS * group.x + local.x;
    let there = here + THREADS;

    // outputs 0 to 3 and 4 to 7
    var here_first = mat4x4<f32>();
    var here_second = mat4x4<f32>();
    var there_first = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    var sum = vec4<f32>();
    for (var row = 0u; row < ROWS; row += 4u) {
        let read = vec4<f32>(
            gradient_at(row, read_output), gradient_at(row + 1u, read_output),
            gradient_at(row + 2u, read_output), gradient_at(row + 3u, read_output));
        sum += read;
        // a matrix product of columns [row][input] and [output][row] gives columns [output][input]
        let first = mat4x4<f32>(
            subgroupBroadcast(read, 0u), subgroupBroadcast(read, 1u),
            subgroupBroadcast(read, 2u), subgroupBroadcast(read, 3u));
        let second = mat4x4<f32>(
            subgroupBroadcast(read, 4u), subgroupBroadcast(read, 5u),
            subgroupBroadcast(read, 6u), subgroupBroadcast(read, 7u));
        let x_here = x_block(row, here);
        here_first += x_here * first;
        here_second += x_here * second;
        let x_there = x_block(row, there);
        there_first += x_there * first;
        there_second += x_there * second;
    }

    update_block(output, 4u * here, here_first);
    update_block(output + 4u, 4u * here, here_second);
    update_block(output, 4u * there, there_first);
    update_block(output + 4u, 4u * there, there_second);
    // Eight lanes, wherever in the workgroup they are, have each summed the output that they read.
    if (group.x == 0u && subgroup == 0u && lane < 8u && output + lane < OUTPUTS) {
        parameters[PARAMETERS_NET * net + BIAS_OFFSET + read_output] -= scalars.learning_rate * dot(sum, vec4<f32>(1.0));
    }
}
