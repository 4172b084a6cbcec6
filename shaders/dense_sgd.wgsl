// A dense layer's gradients and their SGD step in one pass, the gradients never stored.
//   weight[o, i] -= learning_rate * sum over r of output_gradient[r, o] * x[r, i]
//   bias[o]      -= learning_rate * sum over r of output_gradient[r, o]
//
// A workgroup takes 5 outputs and LANES words of 4 inputs; its SLICES rows of invocations share the rows of the
// batch, each with 5 x 4 sums in registers, which are then added in a fixed order. The last workgroups along x
// do the bias.

override ROWS: u32 = 1;
override INPUTS: u32 = 1;
override OUTPUTS: u32 = 1;
override LANES: u32 = 32;
override SLICES: u32 = 4;
/// Workgroups along the inputs.
override INPUT_GROUPS: u32 = 1;
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
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override PARAMETERS_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;                 // [rows, inputs]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, outputs]
@group(0) @binding(2) var<storage, read_write> parameters: array<f32>;  // weight [outputs, inputs], bias [outputs]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

const TILE = 5u;
override WORDS: u32 = (INPUTS + 3u) / 4u;
override THREADS: u32 = LANES * SLICES;

var<workgroup> sums: array<vec4<f32>, TILE * THREADS>;  // [output of the tile, slice, lane]
var<workgroup> bias_sums: array<f32, THREADS>;          // [stripe of rows, 8 for the outputs of the tile]

/// Inputs 4 * word.. of a row.
fn x_at(row: u32, word: u32) -> vec4<f32> {
    let at = row + X_IN_BLOCK * scalars.first_row;
    if (X_IS_BYTES) {
        return unpack4x8unorm(x[X_NET * net + at * WORDS + word]) * GAIN + OFFSET;
    }
    let i = 4u * word;
    let start = X_NET * net + at * INPUTS + i;
    if (INPUTS % 4u == 0u || i + 4u <= INPUTS) {
        return bitcast<vec4<f32>>(vec4<u32>(x[start], x[start + 1u], x[start + 2u], x[start + 3u]));
    }
    var values = vec4<f32>(bitcast<f32>(x[start]), 0.0, 0.0, 0.0);
    if (i + 1u < INPUTS) { values.y = bitcast<f32>(x[start + 1u]); }
    if (i + 2u < INPUTS) { values.z = bitcast<f32>(x[start + 2u]); }
    return values;
}

fn gradient_at(row: u32, output: u32) -> f32 {
    return output_gradient[OUTPUT_GRADIENT_NET * net + row * OUTPUTS + min(output, OUTPUTS - 1u)];
}

fn update_weights(output: u32, word: u32, gradient: vec4<f32>) {
    let i = 4u * word;
    let at = PARAMETERS_NET * net + WEIGHT_OFFSET + output * INPUTS + i;
    let change = scalars.learning_rate * gradient;
    parameters[at] -= change.x;
    if (i + 1u < INPUTS) { parameters[at + 1u] -= change.y; }
    if (i + 2u < INPUTS) { parameters[at + 2u] -= change.z; }
    if (i + 3u < INPUTS) { parameters[at + 3u] -= change.w; }
}

@compute @workgroup_size(LANES, SLICES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let output = group.y * TILE;
    if (group.x == INPUT_GROUPS) {
        update_bias(output, thread);
        return;
    }
    let word = group.x * LANES + local.x;
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    var sum4 = vec4<f32>();
    if (word < WORDS) {
        for (var row = local.y; row < ROWS; row += SLICES) {
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
        for (var tile = local.y; tile < TILE && output + tile < OUTPUTS; tile += SLICES) {
            var sum = vec4<f32>();
            for (var slice = 0u; slice < SLICES; slice++) {
                sum += sums[(tile * SLICES + slice) * LANES + local.x];
            }
            update_weights(output + tile, word, sum);
        }
    }
}

fn update_bias(output: u32, thread: u32) {
    let tile = thread % 8u;
    let has_bias = tile < TILE && output + tile < OUTPUTS;
    if (has_bias) {
        var sum = 0.0;
        for (var row = thread / 8u; row < ROWS; row += THREADS / 8u) {
            sum += gradient_at(row, output + tile);
        }
        bias_sums[thread] = sum;
    }
    workgroupBarrier();
    if (has_bias && thread < 8u) {
        var sum = 0.0;
        for (var stripe = 0u; stripe < THREADS / 8u; stripe++) {
            sum += bias_sums[stripe * 8u + tile];
        }
        parameters[PARAMETERS_NET * net + BIAS_OFFSET + output + tile] -= scalars.learning_rate * sum;
    }
}
