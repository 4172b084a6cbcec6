// Convolution: out[r, o, y, x] = bias[o] + sum over c, i, j of
//   x[r, c, y * STRIDE_Y - TOP + i, x * STRIDE_X - LEFT + j] * weight[o, c, i, j], zeros outside; with RELU at least 0.
//
// A matrix product of the weights [out_channels, taps] and of patches [taps, places] that are gathered as they are read,
// a tap being one (c, i, j) and a place one (r, y, x). A workgroup of TILE_WIDTH x TILE_HEIGHT invocations makes a tile of
// 4 TILE_HEIGHT channels x 4 TILE_WIDTH places, each invocation 4 x 4 of them in registers, from slices of 16 taps that
// pass through workgroup memory. Where taps and places lie is worked out once for all that read them.

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
override RELU: bool = false;
override HAS_BIAS: bool = true;
/// Image bytes, `x = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where x holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override WEIGHT_NET: u32 = 0;
@id(2) override BIAS_NET: u32 = 0;
@id(3) override OUT_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;             // [rows, in_channels, height, width]
@group(0) @binding(1) var<storage, read> weight: array<f32>;        // [out_channels, taps] at WEIGHT_OFFSET
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [out_channels] at BIAS_OFFSET
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, out_channels, out_height, out_width]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override WORDS: u32 = (HEIGHT * WIDTH + 3u) / 4u;
override TAPS: u32 = IN_CHANNELS * KERNEL_HEIGHT * KERNEL_WIDTH;
override OUTPUTS: u32 = OUT_HEIGHT * OUT_WIDTH;
override PLACES: u32 = ROWS * OUTPUTS;
const SLICE = 16u;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override LEFT_PITCH: u32 = TILE_HEIGHT + 1u;
override RIGHT_PITCH: u32 = TILE_WIDTH + 1u;

var<workgroup> left_slice: array<vec4<f32>, SLICE * LEFT_PITCH>;    // weights [tap of the slice, 4 channels]
var<workgroup> right_slice: array<vec4<f32>, SLICE * RIGHT_PITCH>;  // patches [tap of the slice, 4 places]
var<workgroup> places: array<vec3<i32>, 4u * TILE_WIDTH>;           // image row, first y and x; row -1 past the end
var<workgroup> taps: array<vec3<i32>, SLICE>;                       // start of the channel, y and x within the window

/// The image byte or value of row `row` at `at` within its row.
fn x_at(row: u32, at: u32) -> f32 {
    if (X_IS_BYTES) {
        return unpack4x8unorm(x[X_NET * net + row * WORDS + at / 4u])[at % 4u] * GAIN + OFFSET;
    }
    return bitcast<f32>(x[X_NET * net + row * IN_CHANNELS * HEIGHT * WIDTH + at]);
}

fn weight_at(channel: u32, tap: u32) -> f32 {
    if (channel >= OUT_CHANNELS || tap >= TAPS) {
        return 0.0;
    }
    return weight[WEIGHT_NET * net + WEIGHT_OFFSET + channel * TAPS + tap];
}

/// One value of a patch, 0 outside the image.
fn patch_at(place: vec3<i32>, tap: vec3<i32>) -> f32 {
    let y = place.y + tap.y;
    let column = place.z + tap.z;
    if (place.x < 0 || tap.x < 0 || y < 0 || column < 0 || y >= i32(HEIGHT) || column >= i32(WIDTH)) {
        return 0.0;
    }
    return x_at(u32(place.x), u32(tap.x + y * i32(WIDTH) + column));
}

/// Where a tap reads; past the last one nowhere.
fn locate(tap: u32) -> vec3<i32> {
    let window = KERNEL_HEIGHT * KERNEL_WIDTH;
    let start = select(-1, i32(tap / window * HEIGHT * WIDTH), tap < TAPS);
    return vec3<i32>(start, i32(tap % window / KERNEL_WIDTH), i32(tap % window % KERNEL_WIDTH));
}

fn store(channel: u32, place: u32, value: f32) {
    if (channel >= OUT_CHANNELS || place >= PLACES) {
        return;
    }
    var result = value;
    if (HAS_BIAS) {
        result += bias[BIAS_NET * net + BIAS_OFFSET + channel];
    }
    if (RELU) {
        result = max(result, 0.0);
    }
    out[OUT_NET * net + (place / OUTPUTS * OUT_CHANNELS + channel) * OUTPUTS + place % OUTPUTS] = result;
}

fn store_four(channel: u32, place: u32, values: vec4<f32>) {
    store(channel, place, values.x);
    store(channel, place + 1u, values.y);
    store(channel, place + 2u, values.z);
    store(channel, place + 3u, values.w);
}

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let first_place = (group.z / NETS * 65535u + group.x) * 4u * TILE_WIDTH;
    let first_channel = group.y * 4u * TILE_HEIGHT;
    for (var i = thread; i < 4u * TILE_WIDTH; i += THREADS) {
        let place = first_place + i;
        let row = i32(place / OUTPUTS + X_IN_BLOCK * scalars.first_row);
        places[i] = vec3<i32>(
            select(-1, row, place < PLACES),
            i32(place % OUTPUTS / OUT_WIDTH * STRIDE_Y) - i32(TOP),
            i32(place % OUTPUTS % OUT_WIDTH * STRIDE_X) - i32(LEFT));
    }
    for (var i = thread; i < SLICE; i += THREADS) {
        taps[i] = locate(i);
    }
    workgroupBarrier();

    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();
    for (var slice = 0u; slice < TAPS; slice += SLICE) {
        for (var i = thread; i < SLICE * TILE_HEIGHT; i += THREADS) {
            let k = i % SLICE;
            let channel = first_channel + 4u * (i / SLICE);
            let tap = slice + k;
            left_slice[k * LEFT_PITCH + i / SLICE] = vec4<f32>(
                weight_at(channel, tap), weight_at(channel + 1u, tap),
                weight_at(channel + 2u, tap), weight_at(channel + 3u, tap));
        }
        for (var i = thread; i < SLICE * TILE_WIDTH; i += THREADS) {
            let k = i / TILE_WIDTH;
            let four = i % TILE_WIDTH;
            let tap = taps[k];
            right_slice[k * RIGHT_PITCH + four] = vec4<f32>(
                patch_at(places[4u * four], tap), patch_at(places[4u * four + 1u], tap),
                patch_at(places[4u * four + 2u], tap), patch_at(places[4u * four + 3u], tap));
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
        // the old taps have all been read before the first barrier
        for (var i = thread; i < SLICE; i += THREADS) {
            taps[i] = locate(slice + SLICE + i);
        }
        workgroupBarrier();
    }

    let channel = first_channel + 4u * local.y;
    let place = first_place + 4u * local.x;
    store_four(channel, place, row0);
    store_four(channel + 1u, place, row1);
    store_four(channel + 2u, place, row2);
    store_four(channel + 3u, place, row3);
}
