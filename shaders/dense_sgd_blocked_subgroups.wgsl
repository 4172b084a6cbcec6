// A dense layer's gradients and their SGD step in one pass, in register blocks, the output's gradient exchanged within
// subgroups: the same as dense_sgd.wgsl.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
// x [rows, inputs], parameters: weight [outputs, inputs], bias [outputs]
//
// As matmul_blocked_subgroups.wgsl: each invocation computes 8 x 8 sums in registers. All invocations of a workgroup use the
// gradients of the same 8 outputs: each lane reads one and broadcasts it to the others. Inputs are read four at a time, for
// which INPUTS must be a multiple of four unless x is bytes. For subgroups of 8 lanes and more. No invocation leaves before
// the sums are made, so that all lanes can broadcast. (Browsers ask for `enable subgroups;` here, which naga 30 refuses.)

override THREADS: u32 = 64;

@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [rows, outputs]

/// Four neighbouring inputs of rows row .. row + 4, one row per column; past the last row, the last one's.
fn x_block(row: u32, four: u32) -> mat4x4<f32> {
    let last = ROWS - 1u;
    return mat4x4<f32>(
        x_at(min(row, last), four), x_at(min(row + 1u, last), four),
        x_at(min(row + 2u, last), four), x_at(min(row + 3u, last), four));
}

/// The gradient of an output; 0 in rows past the last.
fn gradient_at(row: u32, output: u32) -> f32 {
    let at = min(row, ROWS - 1u) * OUTPUTS + output;
    return select(0.0, output_gradient[network * STRIDE_1 + at], row < ROWS);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    network = group.z % NETWORKS;
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
        let first = lanes_0_to_3(read);
        let second = lanes_4_to_7(read);
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
        update_bias(output + lane, dot(sum, vec4<f32>(1.0)));
    }
}
