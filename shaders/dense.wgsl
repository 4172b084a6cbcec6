// A dense layer in one pass: out[r, o] = bias[o] + sum over i of x[r, i] * weight[o, i], or 0 with RELU where that is less.
//
// A workgroup of WIDTH x HEIGHT invocations makes a tile of 4 HEIGHT rows x 4 WIDTH outputs, each invocation
// 4 x 4 of them in registers, from slices of 16 inputs that pass through workgroup memory.

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
override RELU: bool = false;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override WEIGHT_NET: u32 = 0;
@id(2) override BIAS_NET: u32 = 0;
@id(3) override OUT_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;             // [rows, inputs]
@group(0) @binding(1) var<storage, read> weight: array<f32>;        // [outputs, inputs] at WEIGHT_OFFSET
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [outputs] at BIAS_OFFSET
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, outputs]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

const SLICE = 16u;
override WORDS: u32 = (INPUTS + 3u) / 4u;
override THREADS: u32 = WIDTH * HEIGHT;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override X_PITCH: u32 = HEIGHT + 1u;
override WEIGHT_PITCH: u32 = WIDTH + 1u;

var<workgroup> x_slice: array<vec4<f32>, SLICE * X_PITCH>;              // [input of the slice, 4 rows]
var<workgroup> weight_slice: array<vec4<f32>, SLICE * WEIGHT_PITCH>;    // [input of the slice, 4 outputs]

/// x[row, input], 0 outside.
fn x_at(row: u32, input: u32) -> f32 {
    if (row >= ROWS || input >= INPUTS) {
        return 0.0;
    }
    let at = row + X_IN_BLOCK * scalars.first_row;
    if (X_IS_BYTES) {
        return unpack4x8unorm(x[X_NET * net + at * WORDS + input / 4u])[input % 4u] * GAIN + OFFSET;
    }
    return bitcast<f32>(x[X_NET * net + at * INPUTS + input]);
}

fn weight_at(output: u32, input: u32) -> f32 {
    if (output >= OUTPUTS || input >= INPUTS) {
        return 0.0;
    }
    return weight[WEIGHT_NET * net + WEIGHT_OFFSET + output * INPUTS + input];
}

fn store_one(row: u32, output: u32, value: f32) {
    if (row < ROWS && output < OUTPUTS) {
        let result = value + bias[BIAS_NET * net + BIAS_OFFSET + output];
        out[OUT_NET * net + row * OUTPUTS + output] = select(result, max(result, 0.0), RELU);
    }
}

fn store(row: u32, output: u32, values: vec4<f32>) {
    store_one(row, output, values.x);
    store_one(row, output + 1u, values.y);
    store_one(row, output + 2u, values.z);
    store_one(row, output + 3u, values.w);
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let first_row = (group.z / NETS * 65535u + group.x) * 4u * HEIGHT;
    let first_output = group.y * 4u * WIDTH;
    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();

    for (var slice = 0u; slice < INPUTS; slice += SLICE) {
        for (var i = thread; i < SLICE * HEIGHT; i += THREADS) {
            let k = i % SLICE;
            let row = first_row + 4u * (i / SLICE);
            let at = slice + k;
            x_slice[k * X_PITCH + i / SLICE] =
                vec4<f32>(x_at(row, at), x_at(row + 1u, at), x_at(row + 2u, at), x_at(row + 3u, at));
        }
        for (var i = thread; i < SLICE * WIDTH; i += THREADS) {
            let k = i % SLICE;
            let output = first_output + 4u * (i / SLICE);
            let at = slice + k;
            weight_slice[k * WEIGHT_PITCH + i / SLICE] = vec4<f32>(
                weight_at(output, at), weight_at(output + 1u, at), weight_at(output + 2u, at), weight_at(output + 3u, at));
        }
        workgroupBarrier();
        for (var k = 0u; k < SLICE; k++) {
            let left = x_slice[k * X_PITCH + local.y];
            let right = weight_slice[k * WEIGHT_PITCH + local.x];
            row0 += left.x * right;
            row1 += left.y * right;
            row2 += left.z * right;
            row3 += left.w * right;
        }
        workgroupBarrier();
    }

    let row = first_row + 4u * local.y;
    let output = first_output + 4u * local.x;
    store(row, output, row0);
    store(row + 1u, output, row1);
    store(row + 2u, output, row2);
    store(row + 3u, output, row3);
}
