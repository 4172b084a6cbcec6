// A dense layer's gradients and their SGD step in one pass, the gradients never stored.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
// x [rows, inputs], parameters: weight [outputs, inputs], bias [outputs]
//
// A workgroup of WIDTH x HEIGHT invocations takes 5 outputs and WIDTH words of 4 inputs; its rows of invocations take the rows
// of the batch in turn, each with 5 x 4 sums in registers, which are then added in a fixed order. The last workgroups along x
// update the bias.

override WIDTH: u32 = 32;
override HEIGHT: u32 = 4;
/// Workgroups along the inputs.
override INPUT_GROUPS: u32 = 1;

@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, outputs]

const TILE = 5u;
override THREADS: u32 = WIDTH * HEIGHT;
override SUMS: u32 = TILE * THREADS;

var<workgroup> sums: array<vec4<f32>, SUMS>;            // [output of the tile, HEIGHT, WIDTH]
var<workgroup> bias_sums: array<f32, THREADS>;          // [THREADS / 8, 8 for the outputs of the tile]

fn gradient_at(row: u32, output: u32) -> f32 {
    return output_gradient[network * STRIDE_1 + row * OUTPUTS + min(output, OUTPUTS - 1u)];
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let output = group.y * TILE;
    if (group.x == INPUT_GROUPS) {
        sum_bias(output, thread);
        return;
    }
    let word = group.x * WIDTH + local.x;
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    var sum4 = vec4<f32>();
    if (word < WORDS) {
        for (var row = local.y; row < ROWS; row += HEIGHT) {
            let inputs = x_at(row, word);
            sum0 += gradient_at(row, output) * inputs;
            sum1 += gradient_at(row, output + 1u) * inputs;
            sum2 += gradient_at(row, output + 2u) * inputs;
            sum3 += gradient_at(row, output + 3u) * inputs;
            sum4 += gradient_at(row, output + 4u) * inputs;
        }
    }
    sums[thread] = sum0;
    sums[thread + THREADS] = sum1;
    sums[thread + 2u * THREADS] = sum2;
    sums[thread + 3u * THREADS] = sum3;
    sums[thread + 4u * THREADS] = sum4;
    workgroupBarrier();

    if (word < WORDS) {
        for (var tile = local.y; tile < TILE; tile += HEIGHT) {
            var sum = vec4<f32>();
            for (var y = 0u; y < HEIGHT; y++) {
                sum += sums[(tile * HEIGHT + y) * WIDTH + local.x];
            }
            update_four(output + tile, 4u * word, sum);
        }
    }
}

fn sum_bias(output: u32, thread: u32) {
    let tile = thread % 8u;
    if (tile < TILE) {
        var sum = 0.0;
        for (var row = thread / 8u; row < ROWS; row += THREADS / 8u) {
            sum += gradient_at(row, output + tile);
        }
        bias_sums[thread] = sum;
    }
    workgroupBarrier();
    if (thread < TILE) {
        var sum = 0.0;
        for (var part = 0u; part < THREADS / 8u; part++) {
            sum += bias_sums[part * 8u + tile];
        }
        update_bias(output + tile, sum);
    }
}
