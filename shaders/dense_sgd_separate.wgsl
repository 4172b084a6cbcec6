// A dense layer's gradients and their SGD step in one pass, four weights by one invocation: as dense_sgd.wgsl, without workgroup
// memory.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
// x [rows, inputs], parameters: weight [outputs, inputs], bias [outputs]

@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, outputs]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let i = (group.y * groups.x + group.x) * 64u + thread;
    if (i >= OUTPUTS * WORDS) {
        return;
    }
    let output = i / WORDS;
    let word = i % WORDS;
    var sum = vec4<f32>();
    var bias_sum = 0.0;
    for (var row = 0u; row < ROWS; row++) {
        let gradient = output_gradient[network * STRIDE_1 + row * OUTPUTS + output];
        sum += gradient * x_at(row, word);
        bias_sum += gradient;
    }
    update_four(output, 4u * word, sum);
    if (word == 0u) {
        update_bias(output, bias_sum);
    }
}
