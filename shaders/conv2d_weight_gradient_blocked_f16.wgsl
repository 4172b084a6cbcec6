// The gradient of a convolution's weight and bias in half precision, stride 1 and kernels up to 5 wide, large blocks in
// registers: the same as conv2d_weight_gradient_blocked.wgsl.
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y - TOP + i, x - LEFT + j]
//   for each o, c, i, j; then, with a bias, the sums of output_gradient]
//
// Everything in memory is float32. Values are rounded to float16 as they are read, gradients times GRADIENT_SCALE (a power
// of two, see matmul_blocked_f16.wgsl); products are summed in float16 over 16 places, those sums and the bias's in
// float32.

enable f16;

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
override GRADIENT_SCALE: f32 = 1.0;
override THREADS: u32 = 64;

struct Numbers { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override PARTIALS_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;                     // [rows, in_channels, height, width]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [rows, out_channels, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;        // [groups, weights (+ out_channels)]
@group(1) @binding(0) var<uniform> numbers: Numbers;

override WORDS: u32 = (HEIGHT * WIDTH + 3u) / 4u;
override TAPS: u32 = IN_CHANNELS * KERNEL_HEIGHT * KERNEL_WIDTH;
override TAP_ROWS: u32 = IN_CHANNELS * KERNEL_HEIGHT;
override PAIRS: u32 = (TAP_ROWS + 1u) / 2u;
override GROUPS: u32 = (ROWS + GROUP - 1u) / GROUP;
override OUTPUTS: u32 = OUT_HEIGHT * OUT_WIDTH;

/// Places along a row whose products are summed in float16.
const SUMMED_PLACES = 16u;

/// The value at `column` of the image's row that begins at `start`; 0 beside it.
fn value_at(start: u32, column: i32, inside: bool) -> f16 {
    let at = start + u32(clamp(column, 0, i32(WIDTH) - 1));
    var value: f32;
    if (X_IS_BYTES) {
        value = unpack4x8unorm(x[X_NET * net + at / 4u])[at % 4u] * GAIN + OFFSET;
    } else {
        value = bitcast<f32>(x[X_NET * net + at]);
    }
    return select(0.0h, f16(value), inside && column >= 0 && column < i32(WIDTH));
}

struct Seen {
    first: vec4<f16>,
    second: vec4<f16>,
}

/// What the run of image `image` that begins at `y`, `x` sees through a row of taps: 4 places under the first tap, and what
/// the further taps add.
fn seen(image: u32, tap_row: u32, run_y: u32, run_x: u32) -> Seen {
    let y = i32(run_y + tap_row % KERNEL_HEIGHT) - i32(TOP);
    let inside = y >= 0 && y < i32(HEIGHT);
    let row = u32(clamp(y, 0, i32(HEIGHT) - 1));
    let in_block = image + X_IN_BLOCK * numbers.first_row;
    let plane = (in_block * IN_CHANNELS + tap_row / KERNEL_HEIGHT) * HEIGHT * WIDTH;
    let start = select(plane, 4u * in_block * WORDS, X_IS_BYTES) + row * WIDTH;
    let column = i32(run_x) - i32(LEFT);
    var result: Seen;
    result.first = vec4<f16>(
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

/// A row of taps, four channels each: what was summed in float16, and in float32.
struct Run {
    tap0: vec4<f16>,
    tap1: vec4<f16>,
    tap2: vec4<f16>,
    tap3: vec4<f16>,
    tap4: vec4<f16>,
}

struct Sums {
    tap0: vec4<f32>,
    tap1: vec4<f32>,
    tap2: vec4<f32>,
    tap3: vec4<f32>,
    tap4: vec4<f32>,
}

/// With the products of four places.
fn with_places(run: Run, gradients: mat4x4<f16>, seen: Seen) -> Run {
    var result = run;
    result.tap0 += gradients * seen.first;
    if (KERNEL_WIDTH > 1u) {
        result.tap1 += gradients * vec4<f16>(seen.first.yzw, seen.second.x);
    }
    if (KERNEL_WIDTH > 2u) {
        result.tap2 += gradients * vec4<f16>(seen.first.zw, seen.second.xy);
    }
    if (KERNEL_WIDTH > 3u) {
        result.tap3 += gradients * vec4<f16>(seen.first.w, seen.second.xyz);
    }
    if (KERNEL_WIDTH > 4u) {
        result.tap4 += gradients * seen.second;
    }
    return result;
}

fn with_run(sums: Sums, run: Run) -> Sums {
    return Sums(
        sums.tap0 + vec4<f32>(run.tap0), sums.tap1 + vec4<f32>(run.tap1), sums.tap2 + vec4<f32>(run.tap2),
        sums.tap3 + vec4<f32>(run.tap3), sums.tap4 + vec4<f32>(run.tap4));
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
        store_four(at, TAPS, channel, first * (1.0 / GRADIENT_SCALE));
        store_four(at, TAPS, channel + 4u, second * (1.0 / GRADIENT_SCALE));
    }
}

fn store_row(start: u32, tap_row: u32, channel: u32, first: Sums, second: Sums) {
    store_tap(start, tap_row, 0u, channel, first.tap0, second.tap0);
    store_tap(start, tap_row, 1u, channel, first.tap1, second.tap1);
    store_tap(start, tap_row, 2u, channel, first.tap2, second.tap2);
    store_tap(start, tap_row, 3u, channel, first.tap3, second.tap3);
    store_tap(start, tap_row, 4u, channel, first.tap4, second.tap4);
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

    // the two rows of taps, channels 0 to 3 and 4 to 7
    var a_first = Sums();
    var a_second = Sums();
    var b_first = Sums();
    var b_second = Sums();
    var sum = vec4<f32>();
    var sum_second = vec4<f32>();
    for (var image = first_image; image < min(first_image + GROUP, ROWS); image++) {
        for (var y = 0u; y < OUT_HEIGHT; y++) {
            for (var first_x = 0u; first_x < OUT_WIDTH; first_x += SUMMED_PLACES) {
                var a_first_run = Run();
                var a_second_run = Run();
                var b_first_run = Run();
                var b_second_run = Run();
                for (var x0 = first_x; x0 < min(first_x + SUMMED_PLACES, OUT_WIDTH); x0 += 4u) {
                    let first = gradient_block(image, channel, y, x0);
                    let second = gradient_block(image, channel + 4u, y, x0);
                    if (HAS_BIAS) {
                        sum += first * vec4<f32>(1.0);
                        sum_second += second * vec4<f32>(1.0);
                    }
                    let a = seen(image, row_a, y, x0);
                    let b = seen(image, row_b, y, x0);
                    let scaled = mat4x4<f16>(GRADIENT_SCALE * first);
                    let scaled_second = mat4x4<f16>(GRADIENT_SCALE * second);
                    a_first_run = with_places(a_first_run, scaled, a);
                    a_second_run = with_places(a_second_run, scaled_second, a);
                    b_first_run = with_places(b_first_run, scaled, b);
                    b_second_run = with_places(b_second_run, scaled_second, b);
                }
                a_first = with_run(a_first, a_first_run);
                a_second = with_run(a_second, a_second_run);
                b_first = with_run(b_first, b_first_run);
                b_second = with_run(b_second, b_second_run);
            }
        }
    }

    if (at >= PAIRS * GROUPS) {
        return;
    }
    let start = partial * OUT_CHANNELS * (TAPS + u32(HAS_BIAS));
    store_row(start, row, channel, a_first, a_second);
    store_row(start, row + 1u, channel, b_first, b_second);
    if (HAS_BIAS && row == 0u) {
        store_four(start + OUT_CHANNELS * TAPS, 1u, channel, sum);
        store_four(start + OUT_CHANNELS * TAPS, 1u, channel + 4u, sum_second);
    }
}
