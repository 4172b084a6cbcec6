// The gradient of a convolution's weight and bias, stride 1 and kernels up to 5 wide, large blocks in registers: the same as
// conv2d_weight_gradient.wgsl.
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y - TOP + i, x - LEFT + j]
//   for each o, c, i, j; then, with a bias, the sums of output_gradient]
//
// Each invocation makes 8 output channels of two rows of taps, a row being one (c, i) with its up to 5 j, for one group of
// images; neighbours make the next rows, and then those of the next group. It walks through the group's images by runs of 4
// neighbouring places; the 8 values that a run sees through a row serve all its taps. What lies outside the image is read
// inside it and then made 0.

override ROWS: u32 = 1;
override IN_CHANNELS: u32 = 1;
override OUT_CHANNELS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
override TOP: u32 = 0;
override LEFT: u32 = 0;
/// Images a group.
override GROUP: u32 = 1;
override HAS_BIAS: bool = false;
/// Image bytes, `x = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where x holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override THREADS: u32 = 64;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override PARTIALS_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;                     // [rows, in_channels, height, width]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [rows, out_channels, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;        // [groups, weights (+ out_channels)]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override WORDS: u32 = (HEIGHT * WIDTH + 3u) / 4u;
override TAPS: u32 = IN_CHANNELS * KERNEL_HEIGHT * KERNEL_WIDTH;
override TAP_ROWS: u32 = IN_CHANNELS * KERNEL_HEIGHT;
override PAIRS: u32 = (TAP_ROWS + 1u) / 2u;
override GROUPS: u32 = (ROWS + GROUP - 1u) / GROUP;
override OUTPUTS: u32 = OUT_HEIGHT * OUT_WIDTH;

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

/// What a run sees through a row of taps: 4 places under the first tap, and what the further taps add.
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

/// What the run of image `image` that begins at `run_y`, `run_x` sees through a row of taps.
fn seen(image: u32, tap_row: u32, run_y: u32, run_x: u32) -> Seen {
    let y = i32(run_y + tap_row % KERNEL_HEIGHT) - i32(TOP);
    let inside = y >= 0 && y < i32(HEIGHT);
    let row = u32(clamp(y, 0, i32(HEIGHT) - 1));
    let in_block = image + X_IN_BLOCK * scalars.first_row;
    let plane = (in_block * IN_CHANNELS + tap_row / KERNEL_HEIGHT) * HEIGHT * WIDTH;
    let start = select(plane, 4u * in_block * WORDS, X_IS_BYTES) + row * WIDTH;
    let column = i32(run_x) - i32(LEFT);
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

/// A channel's gradients of a run; 0 past the row's end.
fn gradients(start: u32, run_x: u32) -> vec4<f32> {
    let last = OUT_WIDTH - 1u;
    let values = vec4<f32>(
        output_gradient[start + run_x], output_gradient[start + min(run_x + 1u, last)],
        output_gradient[start + min(run_x + 2u, last)], output_gradient[start + min(run_x + 3u, last)]);
    if (OUT_WIDTH % 4u == 0u) {
        return values;
    }
    return select(vec4<f32>(), values, run_x + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(OUT_WIDTH));
}

/// Four channels' gradients of a run: one place a column.
fn gradient_block(image: u32, channel: u32, run_y: u32, run_x: u32) -> mat4x4<f32> {
    let last = OUT_CHANNELS - 1u;
    let start = OUTPUT_GRADIENT_NET * net + image * OUT_CHANNELS * OUTPUTS + run_y * OUT_WIDTH;
    return transpose(mat4x4<f32>(
        gradients(start + min(channel, last) * OUTPUTS, run_x),
        gradients(start + min(channel + 1u, last) * OUTPUTS, run_x),
        gradients(start + min(channel + 2u, last) * OUTPUTS, run_x),
        gradients(start + min(channel + 3u, last) * OUTPUTS, run_x)));
}

fn store(at: u32, channel: u32, value: f32) {
    if (channel < OUT_CHANNELS) {
        partials[PARTIALS_NET * net + at] = value;
    }
}

/// One tap, or the bias, of four channels; from one channel to the next it is `step` values.
fn store_four(start: u32, step: u32, channel: u32, values: vec4<f32>) {
    store(start + channel * step, channel, values.x);
    store(start + (channel + 1u) * step, channel + 1u, values.y);
    store(start + (channel + 2u) * step, channel + 2u, values.z);
    store(start + (channel + 3u) * step, channel + 3u, values.w);
}

fn store_tap(start: u32, tap_row: u32, j: u32, channel: u32, first: vec4<f32>, second: vec4<f32>) {
    if (tap_row < TAP_ROWS && j < KERNEL_WIDTH) {
        let at = start + tap_row * KERNEL_WIDTH + j;
        store_four(at, TAPS, channel, first);
        store_four(at, TAPS, channel + 4u, second);
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    net = group.z % NETS;
    let at = (group.z / NETS * 65535u + group.x) * THREADS + local.x;
    let partial = min(at / PAIRS, GROUPS - 1u);
    let row = 2u * (at % PAIRS);
    let row_a = min(row, TAP_ROWS - 1u);
    let row_b = min(row + 1u, TAP_ROWS - 1u);
    let channel = 8u * group.y;
    let first_image = partial * GROUP;

    // tap j of the two rows, channels 0 to 3 and 4 to 7
    var a0 = vec4<f32>(); var a0_second = vec4<f32>(); var b0 = vec4<f32>(); var b0_second = vec4<f32>();
    var a1 = vec4<f32>(); var a1_second = vec4<f32>(); var b1 = vec4<f32>(); var b1_second = vec4<f32>();
    var a2 = vec4<f32>(); var a2_second = vec4<f32>(); var b2 = vec4<f32>(); var b2_second = vec4<f32>();
    var a3 = vec4<f32>(); var a3_second = vec4<f32>(); var b3 = vec4<f32>(); var b3_second = vec4<f32>();
    var a4 = vec4<f32>(); var a4_second = vec4<f32>(); var b4 = vec4<f32>(); var b4_second = vec4<f32>();
    var sum = vec4<f32>(); var sum_second = vec4<f32>();
    for (var image = first_image; image < min(first_image + GROUP, ROWS); image++) {
        for (var y = 0u; y < OUT_HEIGHT; y++) {
            for (var x0 = 0u; x0 < OUT_WIDTH; x0 += 4u) {
                let first = gradient_block(image, channel, y, x0);
                let second = gradient_block(image, channel + 4u, y, x0);
                let a = seen(image, row_a, y, x0);
                let b = seen(image, row_b, y, x0);
                if (HAS_BIAS) {
                    sum += first * vec4<f32>(1.0);
                    sum_second += second * vec4<f32>(1.0);
                }
                a0 += first * a.first;
                a0_second += second * a.first;
                b0 += first * b.first;
                b0_second += second * b.first;
                if (KERNEL_WIDTH > 1u) {
                    let a_seen = vec4<f32>(a.first.yzw, a.second.x);
                    let b_seen = vec4<f32>(b.first.yzw, b.second.x);
                    a1 += first * a_seen;
                    a1_second += second * a_seen;
                    b1 += first * b_seen;
                    b1_second += second * b_seen;
                }
                if (KERNEL_WIDTH > 2u) {
                    let a_seen = vec4<f32>(a.first.zw, a.second.xy);
                    let b_seen = vec4<f32>(b.first.zw, b.second.xy);
                    a2 += first * a_seen;
                    a2_second += second * a_seen;
                    b2 += first * b_seen;
                    b2_second += second * b_seen;
                }
                if (KERNEL_WIDTH > 3u) {
                    let a_seen = vec4<f32>(a.first.w, a.second.xyz);
                    let b_seen = vec4<f32>(b.first.w, b.second.xyz);
                    a3 += first * a_seen;
                    a3_second += second * a_seen;
                    b3 += first * b_seen;
                    b3_second += second * b_seen;
                }
                if (KERNEL_WIDTH > 4u) {
                    a4 += first * a.second;
                    a4_second += second * a.second;
                    b4 += first * b.second;
                    b4_second += second * b.second;
                }
            }
        }
    }

    if (at >= PAIRS * GROUPS) {
        return;
    }
    let start = partial * OUT_CHANNELS * (TAPS + u32(HAS_BIAS));
    store_tap(start, row, 0u, channel, a0, a0_second);
    store_tap(start, row, 1u, channel, a1, a1_second);
    store_tap(start, row, 2u, channel, a2, a2_second);
    store_tap(start, row, 3u, channel, a3, a3_second);
    store_tap(start, row, 4u, channel, a4, a4_second);
    store_tap(start, row + 1u, 0u, channel, b0, b0_second);
    store_tap(start, row + 1u, 1u, channel, b1, b1_second);
    store_tap(start, row + 1u, 2u, channel, b2, b2_second);
    store_tap(start, row + 1u, 3u, channel, b3, b3_second);
    store_tap(start, row + 1u, 4u, channel, b4, b4_second);
    if (HAS_BIAS && row == 0u) {
        store_four(start + OUT_CHANNELS * TAPS, 1u, channel, sum);
        store_four(start + OUT_CHANNELS * TAPS, 1u, channel + 4u, sum_second);
    }
}
