// A dense layer's gradients and their SGD step in one pass, 4 inputs of 5 outputs by one invocation: as dense_sgd.wgsl, without workgroup
// memory.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
// x [rows, inputs], parameters: weight [outputs, inputs], bias [outputs]

@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, outputs]

const TILE = 5u;

fn gradient_at(row: u32, output: u32) -> f32 {
    return output_gradient[network * STRIDE_1 + row * OUTPUTS + min(output, OUTPUTS - 1u)];
}

@compute @workgroup_size(32)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let i = (group.y * groups.x + group.x) * 32u + thread;
    let output = i / WORDS * TILE;
    let word = i % WORDS;
    if (output >= OUTPUTS) {
        return;
    }
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    var sum4 = vec4<f32>();
    var biases = vec4<f32>();
    var last_bias = 0.0;
    for (var row = 0u; row < ROWS; row++) {
        let inputs = x_at(row, word);
        let gradients = vec4<f32>(
            gradient_at(row, output), gradient_at(row, output + 1u),
            gradient_at(row, output + 2u), gradient_at(row, output + 3u));
        let last = gradient_at(row, output + 4u);
        sum0 += gradients.x * inputs;
        sum1 += gradients.y * inputs;
        sum2 += gradients.z * inputs;
        sum3 += gradients.w * inputs;
        sum4 += last * inputs;
        biases += gradients;
        last_bias += last;
    }
    update_four(output, 4u * word, sum0);
    update_four(output + 1u, 4u * word, sum1);
    update_four(output + 2u, 4u * word, sum2);
    update_four(output + 3u, 4u * word, sum3);
    update_four(output + 4u, 4u * word, sum4);
    if (word == 0u) {
        update_bias(output, biases.x);
        update_bias(output + 1u, biases.y);
        update_bias(output + 2u, biases.z);
        update_bias(output + 3u, biases.w);
        update_bias(output + 4u, last_bias);
    }
}
