// Convolution with stride 1 and kernels up to 5 wide, large blocks in registers, weights shared within subgroups: the same
// as conv2d_blocked.wgsl.
//   out[r, o, y, x] = bias[o] + sum over c, i, j of in[r, c, y - TOP + i, x - LEFT + j] * weight(o, c, i, j), zeros outside
//
// All invocations of a workgroup want the same 8 channels' weights: each lane reads a row of one channel's kernel, up to five
// taps, and gives it to the others. For subgroups of 8 lanes and more. No invocation leaves early, so that all lanes are there to ask. (Browsers would want
// `enable subgroups;` here, which naga 30 refuses.)

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

/// Rows of image bytes in whole words are read by words.
override BY_WORDS: bool = X_IS_BYTES && WIDTH % 4u == 0u;
/// How far into a word a run sees first.
override SHIFT: u32 = (4u - LEFT % 4u) % 4u;

/// Word `at` of the image's row that begins at word `start`; 0 beside it.
fn word_at(start: u32, at: i32, inside: bool) -> vec4<f32> {
    let last = i32(WIDTH / 4u) - 1;
    let word = x[X_NET * net + start + u32(clamp(at, 0, last))];
    return select(vec4<f32>(), unpack4x8unorm(word) * GAIN + OFFSET, inside && at >= 0 && at <= last);
}

/// What is seen from `column` on, a multiple of four less LEFT, in the row that begins at `start`.
fn seen_words(start: u32, column: i32, inside: bool) -> Seen {
    let word = (column - i32(SHIFT)) / 4;
    let a = word_at(start / 4u, word, inside);
    let b = word_at(start / 4u, word + 1, inside);
    if (SHIFT == 0u) {
        return Seen(a, b);
    }
    let c = word_at(start / 4u, word + 2, inside);
    if (SHIFT == 1u) {
        return Seen(vec4<f32>(a.yzw, b.x), vec4<f32>(b.yzw, c.x));
    }
    if (SHIFT == 2u) {
        return Seen(vec4<f32>(a.zw, b.xy), vec4<f32>(b.zw, c.xy));
    }
    return Seen(vec4<f32>(a.w, b.xyz), vec4<f32>(b.w, c.xyz));
}

/// The part of input channel `channel` that a run sees through row `i` of the kernel.
fn seen(run: Run, channel: u32, i: u32) -> Seen {
    let y = i32(run.y + i) - i32(TOP);
    let inside = y >= 0 && y < i32(HEIGHT);
    let row = u32(clamp(y, 0, i32(HEIGHT) - 1));
    let image = run.image + X_IN_BLOCK * scalars.first_row;
    let start = select((image * IN_CHANNELS + channel) * HEIGHT * WIDTH, 4u * image * WORDS, X_IS_BYTES) + row * WIDTH;
    let column = i32(run.x) - i32(LEFT);
    if (BY_WORDS) {
        return seen_words(start, column, inside);
    }
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

/// The weights of a kernel's row.
struct Taps {
    first: vec4<f32>,
    last: f32,
}

/// Row `i` of the kernel from input channel c to an output channel whose weights begin at `start`.
fn taps(start: u32, c: u32, i: u32) -> Taps {
    let first = start + c * WEIGHT_IN;
    var result: Taps;
    result.first.x = weight[first + tap(i, 0u)];
    if (KERNEL_WIDTH > 1u) { result.first.y = weight[first + tap(i, 1u)]; }
    if (KERNEL_WIDTH > 2u) { result.first.z = weight[first + tap(i, 2u)]; }
    if (KERNEL_WIDTH > 3u) { result.first.w = weight[first + tap(i, 3u)]; }
    if (KERNEL_WIDTH > 4u) { result.last = weight[first + tap(i, 4u)]; }
    return result;
}

fn tap(i: u32, j: u32) -> u32 {
    let at = i * KERNEL_WIDTH + j;
    return select(at, KERNEL - 1u - at, FLIPPED);
}

/// What a row of taps adds to a run. All of the row at once: a sum is fetched and put back once for five products, where
/// there are not registers enough for all sums.
fn through(taps: Taps, seen: Seen) -> vec4<f32> {
    let first = seen.first;
    let second = seen.second;
    var sum = taps.first.x * first;
    if (KERNEL_WIDTH > 1u) { sum += taps.first.y * vec4<f32>(first.yzw, second.x); }
    if (KERNEL_WIDTH > 2u) { sum += taps.first.z * vec4<f32>(first.zw, second.xy); }
    if (KERNEL_WIDTH > 3u) { sum += taps.first.w * vec4<f32>(first.w, second.xyz); }
    if (KERNEL_WIDTH > 4u) { sum += taps.last * second; }
    return sum;
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
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    net = group.z % NETS;
    let at = (group.z / NETS * 65535u + group.x) * 2u * THREADS + local.x;
    let channel = 8u * group.y;
    let own_weights = WEIGHT_NET * net + WEIGHT_OFFSET + WEIGHT_OUT * min(channel + lane % 8u, OUT_CHANNELS - 1u);
    let here = run_at(at);
    let there = run_at(at + THREADS);

    var here_first = mat4x4<f32>();     // channels 0 to 3
    var here_second = mat4x4<f32>();    // channels 4 to 7
    var there_first = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var c = 0u; c < IN_CHANNELS; c++) {
        for (var i = 0u; i < KERNEL_HEIGHT; i++) {
            let seen_here = seen(here, c, i);
            let seen_there = seen(there, c, i);
            let own = taps(own_weights, c, i);
            let taps0 = Taps(subgroupBroadcast(own.first, 0u), subgroupBroadcast(own.last, 0u));
            here_first[0] += through(taps0, seen_here);
            there_first[0] += through(taps0, seen_there);
            if (OUT_CHANNELS > 1u) {
                let taps1 = Taps(subgroupBroadcast(own.first, 1u), subgroupBroadcast(own.last, 1u));
                here_first[1] += through(taps1, seen_here);
                there_first[1] += through(taps1, seen_there);
            }
            if (OUT_CHANNELS > 2u) {
                let taps2 = Taps(subgroupBroadcast(own.first, 2u), subgroupBroadcast(own.last, 2u));
                here_first[2] += through(taps2, seen_here);
                there_first[2] += through(taps2, seen_there);
            }
            if (OUT_CHANNELS > 3u) {
                let taps3 = Taps(subgroupBroadcast(own.first, 3u), subgroupBroadcast(own.last, 3u));
                here_first[3] += through(taps3, seen_here);
                there_first[3] += through(taps3, seen_there);
            }
            if (OUT_CHANNELS > 4u) {
                let taps4 = Taps(subgroupBroadcast(own.first, 4u), subgroupBroadcast(own.last, 4u));
                here_second[0] += through(taps4, seen_here);
                there_second[0] += through(taps4, seen_there);
            }
            if (OUT_CHANNELS > 5u) {
                let taps5 = Taps(subgroupBroadcast(own.first, 5u), subgroupBroadcast(own.last, 5u));
                here_second[1] += through(taps5, seen_here);
                there_second[1] += through(taps5, seen_there);
            }
            if (OUT_CHANNELS > 6u) {
                let taps6 = Taps(subgroupBroadcast(own.first, 6u), subgroupBroadcast(own.last, 6u));
                here_second[2] += through(taps6, seen_here);
                there_second[2] += through(taps6, seen_there);
            }
            if (OUT_CHANNELS > 7u) {
                let taps7 = Taps(subgroupBroadcast(own.first, 7u), subgroupBroadcast(own.last, 7u));
                here_second[3] += through(taps7, seen_here);
                there_second[3] += through(taps7, seen_there);
            }
        }
    }

    store(at, channel, here_first);
    store(at, channel + 4u, here_second);
    store(at + THREADS, channel, there_first);
    store(at + THREADS, channel + 4u, there_second);
}
