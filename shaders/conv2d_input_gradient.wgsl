// The gradient of a convolution's input: input_gradient[r, c, y, x] = sum over o, i, j of
//   output_gradient[r, o, (y + TOP - i) / STRIDE_Y, (x + LEFT - j) / STRIDE_X] * weight[o, c, i, j],
// over the whole quotients that lie inside the output.
//
// Tiled as conv2d is, the channels of the input in place of those of the output: a tap is one (o, i, j), a place one
// (r, y, x) of the input.

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
override WEIGHT_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(1) override WEIGHT_NET: u32 = 0;
@id(2) override INPUT_GRADIENT_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> output_gradient: array<f32>;       // [rows, out_channels, out_height, out_width]
@group(0) @binding(1) var<storage, read> weight: array<f32>;                // [out_channels, in_channels, window] at WEIGHT_OFFSET
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [rows, in_channels, height, width]

override WINDOW: u32 = KERNEL_HEIGHT * KERNEL_WIDTH;
override TAPS: u32 = OUT_CHANNELS * WINDOW;
override INPUTS: u32 = HEIGHT * WIDTH;
override PLACES: u32 = ROWS * INPUTS;
const SLICE = 16u;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override LEFT_PITCH: u32 = TILE_HEIGHT + 1u;
override RIGHT_PITCH: u32 = TILE_WIDTH + 1u;

var<workgroup> left_slice: array<vec4<f32>, SLICE * LEFT_PITCH>;    // weights [tap of the slice, 4 channels]
var<workgroup> right_slice: array<vec4<f32>, SLICE * RIGHT_PITCH>;  // gradients [tap of the slice, 4 places]
var<workgroup> places: array<vec3<i32>, 4u * TILE_WIDTH>;           // image row, y + TOP and x + LEFT; row -1 past the end
var<workgroup> taps: array<vec3<i32>, SLICE>;                       // output channel, y and x within the window

fn weight_at(channel: u32, tap: u32) -> f32 {
    if (channel >= IN_CHANNELS || tap >= TAPS) {
        return 0.0;
    }
    return weight[WEIGHT_NET * net + WEIGHT_OFFSET + (tap / WINDOW * IN_CHANNELS + channel) * WINDOW + tap % WINDOW];
}

/// The gradient that a place gets through a tap, 0 where there is none.
fn gradient_at(place: vec3<i32>, tap: vec3<i32>) -> f32 {
    let y = place.y - tap.y;
    let x = place.z - tap.z;
    if (place.x < 0 || tap.x < 0 || y < 0 || x < 0) {
        return 0.0;
    }
    let row = u32(y) / STRIDE_Y;
    let column = u32(x) / STRIDE_X;
    if (row * STRIDE_Y != u32(y) || column * STRIDE_X != u32(x) || row >= OUT_HEIGHT || column >= OUT_WIDTH) {
        return 0.0;
    }
    let at = ((u32(place.x) * OUT_CHANNELS + u32(tap.x)) * OUT_HEIGHT + row) * OUT_WIDTH + column;
    return output_gradient[OUTPUT_GRADIENT_NET * net + at];
}

/// Where a tap reads; past the last one nowhere.
fn locate(tap: u32) -> vec3<i32> {
    return vec3<i32>(
        select(-1, i32(tap / WINDOW), tap < TAPS), i32(tap % WINDOW / KERNEL_WIDTH), i32(tap % WINDOW % KERNEL_WIDTH));
}

fn store(channel: u32, place: u32, value: f32) {
    if (channel < IN_CHANNELS && place < PLACES) {
        let at = (place / INPUTS * IN_CHANNELS + channel) * INPUTS + place % INPUTS;
        input_gradient[INPUT_GRADIENT_NET * net + at] = value;
    }
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
        places[i] = vec3<i32>(
            select(-1, i32(place / INPUTS), place < PLACES),
            i32(place % INPUTS / WIDTH + TOP),
            i32(place % INPUTS % WIDTH + LEFT));
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
                gradient_at(places[4u * four], tap), gradient_at(places[4u * four + 1u], tap),
                gradient_at(places[4u * four + 2u], tap), gradient_at(places[4u * four + 3u], tap));
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
