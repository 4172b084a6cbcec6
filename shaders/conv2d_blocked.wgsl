// Convolution with stride 1 and kernels up to 5 wide, large blocks in registers: the same as conv2d.wgsl, and with FLIPPED
// (the kernel mirrored, channels exchanged) as conv2d_input_gradient.wgsl.
//   out[r, o, y, x] = bias[o] + sum over c, i, j of in[r, c, y - TOP + i, x - LEFT + j] * weight(o, c, i, j), zeros outside
//
// Each invocation makes 8 channels of two runs of 4 neighbouring places. A run's row of the input is read once for all taps
// of a kernel's row: 8 values for 4 places under 5 taps. No workgroup memory: what neighbours read again the caches hold.
// What lies outside the image is read inside it and then made 0; what lies past the end is not stored.

override ROWS: u32 = 1;
override IN_CHANNELS: u32 = 1;
override OUT_CHANNELS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
/// Rows of zeros above and columns of zeros left of the image.
override TOP: u32 = 0;
override LEFT: u32 = 0;
override RELU: bool = false;
override HAS_BIAS: bool = false;
/// Image bytes, `value = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where the input holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;
/// From one output channel's weights to the next one's, and from one input channel's.
override WEIGHT_OUT: u32 = 1;
override WEIGHT_IN: u32 = 1;
override FLIPPED: bool = false;
override THREADS: u32 = 64;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override WEIGHT_NET: u32 = 0;
@id(2) override BIAS_NET: u32 = 0;
@id(3) override OUT_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;             // [rows, in_channels, height, width]
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [out_channels]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, out_channels, out_height, out_width]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override WORDS: u32 = (HEIGHT * WIDTH + 3u) / 4u;
override KERNEL: u32 = KERNEL_HEIGHT * KERNEL_WIDTH;
override RUNS_A_ROW: u32 = (OUT_WIDTH + 3u) / 4u;
override RUNS: u32 = ROWS * OUT_HEIGHT * RUNS_A_ROW;

/// Four neighbouring places of one image's row.
struct Run {
    image: u32,
    y: u32,
    x: u32,
}

fn run_at(at: u32) -> Run {
    let run = min(at, RUNS - 1u);
    let row = run / RUNS_A_ROW;
    return Run(row / OUT_HEIGHT, row % OUT_HEIGHT, run % RUNS_A_ROW * 4u);
}

/// The value at `column` of the image's row that begins at `start`; 0 beside it.
fn value_at(start: u32, column: i32, inside: bool) -> f32 {
    let at = start + u32(clamp(column, 0, i32(WIDTH) - 1));
    var value: f32;
    if (X_IS_BYTES) {
        value = unpack4x8unorm(x[X_NET * net + at / 4u])[at % 4u] * GAIN + OFFSET;
    } else {
        value = bitcast<f32>(x[X_NET * net + at]);
    }
    return select(0.0, value, inside && column >= 0 && column < i32(WIDTH));
}

/// What a run's first four places see through a kernel's first column; the next four see it through its fifth.
struct Seen {
    first: vec4<f32>,
    second: vec4<f32>,
}

/// The part of input channel `channel` that a run sees through row `i` of the kernel.
fn seen(run: Run, channel: u32, i: u32) -> Seen {
    let y = i32(run.y + i) - i32(TOP);
    let inside = y >= 0 && y < i32(HEIGHT);
    let row = u32(clamp(y, 0, i32(HEIGHT) - 1));
    let image = run.image + X_IN_BLOCK * scalars.first_row;
    let start = select((image * IN_CHANNELS + channel) * HEIGHT * WIDTH, 4u * image * WORDS, X_IS_BYTES) + row * WIDTH;
    let column = i32(run.x) - i32(LEFT);
    var result: Seen;
    result.first = vec4<f32>(
        value_at(start, column, inside), value_at(start, column + 1, inside),
        value_at(start, column + 2, inside), value_at(start, column + 3, inside));
    if (KERNEL_WIDTH > 1u) {
        result.second.x = value_at(start, column + 4, inside);
    }
    if (KERNEL_WIDTH > 2u) {
        result.second.y = value_at(start, column + 5, inside);
    }
    if (KERNEL_WIDTH > 3u) {
        result.second.z = value_at(start, column + 6, inside);
    }
    if (KERNEL_WIDTH > 4u) {
        result.second.w = value_at(start, column + 7, inside);
    }
    return result;
}

/// One tap of four output channels.
fn weights(channel: u32, start: u32) -> vec4<f32> {
    let last = OUT_CHANNELS - 1u;
    let first = WEIGHT_NET * net + start;
    return vec4<f32>(
        weight[first + WEIGHT_OUT * min(channel, last)], weight[first + WEIGHT_OUT * min(channel + 1u, last)],
        weight[first + WEIGHT_OUT * min(channel + 2u, last)], weight[first + WEIGHT_OUT * min(channel + 3u, last)]);
}

/// Each channel's weight times each place's value, one channel a column.
fn outer(values: vec4<f32>, channels: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(values * channels.x, values * channels.y, values * channels.z, values * channels.w);
}

fn store_run(at: u32, channel: u32, values: vec4<f32>) {
    if (at >= RUNS || channel >= OUT_CHANNELS) {
        return;
    }
    let run = run_at(at);
    var results = values;
    if (HAS_BIAS) {
        results += bias[BIAS_NET * net + BIAS_OFFSET + channel];
    }
    if (RELU) {
        results = max(results, vec4<f32>());
    }
    let start = OUT_NET * net + ((run.image * OUT_CHANNELS + channel) * OUT_HEIGHT + run.y) * OUT_WIDTH + run.x;
    out[start] = results.x;
    if (run.x + 1u < OUT_WIDTH) { out[start + 1u] = results.y; }
    if (run.x + 2u < OUT_WIDTH) { out[start + 2u] = results.z; }
    if (run.x + 3u < OUT_WIDTH) { out[start + 3u] = results.w; }
}

fn store(at: u32, channel: u32, block: mat4x4<f32>) {
    store_run(at, channel, block[0]);
    store_run(at, channel + 1u, block[1]);
    store_run(at, channel + 2u, block[2]);
    store_run(at, channel + 3u, block[3]);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    net = group.z % NETS;
    let at = (group.z / NETS * 65535u + group.x) * 2u * THREADS + local.x;
    let channel = 8u * group.y;
    let here = run_at(at);
    let there = run_at(at + THREADS);

    var here_first = mat4x4<f32>();     // channels 0 to 3
    var here_second = mat4x4<f32>();    // channels 4 to 7
    var there_first = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var c = 0u; c < IN_CHANNELS; c++) {
        for (var i = 0u; i < KERNEL_HEIGHT; i++) {
            var seen_here = seen(here, c, i);
            var seen_there = seen(there, c, i);
            for (var j = 0u; j < KERNEL_WIDTH; j++) {
                let tap = i * KERNEL_WIDTH + j;
                let start = WEIGHT_OFFSET + c * WEIGHT_IN + select(tap, KERNEL - 1u - tap, FLIPPED);
                let first = weights(channel, start);
                let second = weights(channel + 4u, start);
                here_first += outer(seen_here.first, first);
                here_second += outer(seen_here.first, second);
                there_first += outer(seen_there.first, first);
                there_second += outer(seen_there.first, second);
                // the next tap sees everything one further
                let rest = seen_here.second;
                seen_here = Seen(vec4<f32>(seen_here.first.yzw, rest.x), vec4<f32>(rest.yzw, 0.0));
                let rest_there = seen_there.second;
                seen_there = Seen(vec4<f32>(seen_there.first.yzw, rest_there.x), vec4<f32>(rest_there.yzw, 0.0));
            }
        }
    }

    store(at, channel, here_first);
    store(at, channel + 4u, here_second);
    store(at + THREADS, channel, there_first);
    store(at + THREADS, channel + 4u, there_second);
}
