// The gradient of a convolution's weight and bias, a partial sum for each group of GROUP neighbouring images:
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x]
//                  * x[r, c, y * STRIDE_Y - TOP + i, x * STRIDE_X - LEFT + j] for each o, c, i, j;
//                  then, with HAS_BIAS, the sums of output_gradient for each o]
//
// A matrix product of gradients [out_channels, places] and patches [places, taps], a place being one (r, y, x) of the
// group and a tap one (c, i, j); the bias is a tap that always reads 1. A workgroup of TILE_WIDTH x TILE_HEIGHT
// invocations makes a tile of 4 TILE_HEIGHT channels x 4 TILE_WIDTH taps, each invocation 4 x 4 of them in registers, from
// slices of 16 places that pass through workgroup memory. Grid: tiles of taps, tiles of channels, groups of images.

override ROWS: u32 = 1;
override IN_CHANNELS: u32 = 1;
override OUT_CHANNELS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
override STRIDE_Y: u32 = 1;
override STRIDE_X: u32 = 1;
/// Rows of zeros above and columns of zeros left of the image.
override TOP: u32 = 0;
override LEFT: u32 = 0;
/// Invocations of a workgroup along and down its tile.
override TILE_WIDTH: u32 = 8;
override TILE_HEIGHT: u32 = 8;
override GROUP: u32 = 1;
override HAS_BIAS: bool = true;
/// Image bytes, `x = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where x holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;

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
override WINDOW: u32 = KERNEL_HEIGHT * KERNEL_WIDTH;
override TAPS: u32 = IN_CHANNELS * WINDOW;
override COLUMNS: u32 = TAPS + u32(HAS_BIAS);
override OUTPUTS: u32 = OUT_HEIGHT * OUT_WIDTH;
const SLICE = 16u;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override LEFT_PITCH: u32 = TILE_HEIGHT + 1u;
override RIGHT_PITCH: u32 = TILE_WIDTH + 1u;

const NOWHERE = -1;
const ALWAYS_ONE = -2;

var<workgroup> left_slice: array<vec4<f32>, SLICE * LEFT_PITCH>;    // gradients [place of the slice, 4 channels]
var<workgroup> right_slice: array<vec4<f32>, SLICE * RIGHT_PITCH>;  // patches [place of the slice, 4 taps]
var<workgroup> taps: array<vec3<i32>, 4u * TILE_WIDTH>;             // start of the channel, y and x within the window
var<workgroup> places: array<vec4<i32>, SLICE>;                     // image row, first y and x, place of the gradient

/// The image byte or value of row `row` at `at` within its row.
fn x_at(row: u32, at: u32) -> f32 {
    if (X_IS_BYTES) {
        return unpack4x8unorm(x[X_NET * net + row * WORDS + at / 4u])[at % 4u] * GAIN + OFFSET;
    }
    return bitcast<f32>(x[X_NET * net + row * IN_CHANNELS * HEIGHT * WIDTH + at]);
}

/// One value of a patch, 0 outside the image.
fn patch_at(place: vec4<i32>, tap: vec3<i32>) -> f32 {
    if (tap.x == ALWAYS_ONE) {
        return 1.0;
    }
    let y = place.y + tap.y;
    let column = place.z + tap.z;
    if (place.x < 0 || tap.x < 0 || y < 0 || column < 0 || y >= i32(HEIGHT) || column >= i32(WIDTH)) {
        return 0.0;
    }
    return x_at(u32(place.x), u32(tap.x + y * i32(WIDTH) + column));
}

/// A channel's gradient at a place, 0 past the group's end.
fn gradient_at(channel: u32, place: vec4<i32>) -> f32 {
    if (channel >= OUT_CHANNELS || place.x < 0) {
        return 0.0;
    }
    return output_gradient[OUTPUT_GRADIENT_NET * net + u32(place.w) + channel * OUTPUTS];
}

/// Where place `k` of the group lies; past the end nowhere.
fn locate(first_row: u32, end: u32, k: u32) -> vec4<i32> {
    if (k >= end) {
        return vec4<i32>(NOWHERE);
    }
    let row = first_row + k / OUTPUTS;
    let at = k % OUTPUTS;
    return vec4<i32>(
        i32(row + X_IN_BLOCK * scalars.first_row),
        i32(at / OUT_WIDTH * STRIDE_Y) - i32(TOP),
        i32(at % OUT_WIDTH * STRIDE_X) - i32(LEFT),
        i32(row * OUT_CHANNELS * OUTPUTS + at));
}

fn store(start: u32, channel: u32, tap: u32, value: f32) {
    if (channel >= OUT_CHANNELS || tap >= COLUMNS) {
        return;
    }
    let at = select(OUT_CHANNELS * TAPS + channel, channel * TAPS + tap, tap < TAPS);
    partials[PARTIALS_NET * net + start + at] = value;
}

fn store_four(start: u32, channel: u32, tap: u32, values: vec4<f32>) {
    store(start, channel, tap, values.x);
    store(start, channel, tap + 1u, values.y);
    store(start, channel, tap + 2u, values.z);
    store(start, channel, tap + 3u, values.w);
}

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let first_tap = group.x * 4u * TILE_WIDTH;
    let first_channel = group.y * 4u * TILE_HEIGHT;
    let part = group.z / NETS;
    let first_row = part * GROUP;
    let end = min(GROUP, ROWS - first_row) * OUTPUTS;
    for (var i = thread; i < 4u * TILE_WIDTH; i += THREADS) {
        let tap = first_tap + i;
        let start = select(select(NOWHERE, ALWAYS_ONE, tap < COLUMNS), i32(tap / WINDOW * HEIGHT * WIDTH), tap < TAPS);
        taps[i] = vec3<i32>(start, i32(tap % WINDOW / KERNEL_WIDTH), i32(tap % WINDOW % KERNEL_WIDTH));
    }
    for (var i = thread; i < SLICE; i += THREADS) {
        places[i] = locate(first_row, end, i);
    }
    workgroupBarrier();

    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();
    for (var slice = 0u; slice < end; slice += SLICE) {
        for (var i = thread; i < SLICE * TILE_HEIGHT; i += THREADS) {
            let k = i % SLICE;
            let channel = first_channel + 4u * (i / SLICE);
            let place = places[k];
            left_slice[k * LEFT_PITCH + i / SLICE] = vec4<f32>(
                gradient_at(channel, place), gradient_at(channel + 1u, place),
                gradient_at(channel + 2u, place), gradient_at(channel + 3u, place));
        }
        for (var i = thread; i < SLICE * TILE_WIDTH; i += THREADS) {
            let k = i % SLICE;
            let four = i / SLICE;
            let place = places[k];
            right_slice[k * RIGHT_PITCH + four] = vec4<f32>(
                patch_at(place, taps[4u * four]), patch_at(place, taps[4u * four + 1u]),
                patch_at(place, taps[4u * four + 2u]), patch_at(place, taps[4u * four + 3u]));
        }
        workgroupBarrier();
        for (var k = 0u; k < SLICE; k++) {
            let left = left_slice[k * LEFT_PITCH + local.y];
            let right = right_slice[k * RIGHT_PITCH + local.x];
            row0 += left.x * right;
            row1 += left.y * right;
            row2 += left.z * right;
            row3 += left.w * right;
        }
        // the old places have all been read before the first barrier
        for (var i = thread; i < SLICE; i += THREADS) {
            places[i] = locate(first_row, end, slice + SLICE + i);
        }
        workgroupBarrier();
    }

    let columns = OUT_CHANNELS * COLUMNS;
    let channel = first_channel + 4u * local.y;
    let tap = first_tap + 4u * local.x;
    store_four(part * columns, channel, tap, row0);
    store_four(part * columns, channel + 1u, tap, row1);
    store_four(part * columns, channel + 2u, tap, row2);
    store_four(part * columns, channel + 3u, tap, row3);
}
