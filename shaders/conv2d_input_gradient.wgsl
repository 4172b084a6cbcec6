// The gradient of a convolution's input: input_gradient[r, c, y, x] = sum over o, i, j of
//   output_gradient[r, o, (y + TOP - i) / STRIDE_Y, (x + LEFT - j) / STRIDE_X] * weight[o, c, i, j],
// over the quotients without remainder that lie inside the output.
//
// A tiled product as conv2d.wgsl, the channels of the input in place of those of the output: a tap is one (o, i, j), a
// position one (r, y, x) of the input.

override WEIGHT_OFFSET: u32 = 0;
override TAPS: u32 = OUT_CHANNELS * KERNEL;
override POSITIONS: u32 = ROWS * INPUTS;

@group(0) @binding(0) var<storage, read> output_gradient: array<f32>;       // [rows, out_channels, out_height, out_width]
@group(0) @binding(1) var<storage, read> weight: array<f32>;                // [out_channels, in_channels, kernel] at WEIGHT_OFFSET
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [rows, in_channels, height, width]

var<workgroup> positions: array<vec3<i32>, TILE_COLUMNS>;    // image, y + TOP and x + LEFT; image -1 past the end
var<workgroup> taps: array<vec3<i32>, SLICE>;                   // output channel, row and column within the kernel

const LEFT_ALONG_INNER = true;
const RIGHT_ALONG_INNER = false;

fn tile_column(x: u32) -> u32 {
    return layer * MOST_GROUPS + x;
}

fn inner_size(layer: u32) -> u32 {
    return TAPS;
}

fn begin_tile(thread: u32) {
    for (var i = thread; i < TILE_COLUMNS; i += THREADS) {
        let position = first_column + i;
        positions[i] = vec3<i32>(
            select(-1, i32(position / INPUTS), position < POSITIONS),
            i32(position % INPUTS / WIDTH + TOP),
            i32(position % INPUTS % WIDTH + LEFT));
    }
}

fn begin_slice(slice: u32, thread: u32) {
    for (var i = thread; i < SLICE; i += THREADS) {
        let tap = slice + i;
        taps[i] = vec3<i32>(
            select(-1, i32(tap / KERNEL), tap < TAPS),
            i32(tap % KERNEL / KERNEL_WIDTH),
            i32(tap % KERNEL % KERNEL_WIDTH));
    }
}

fn left(row: u32, slice: u32, k: u32) -> f32 {
    let channel = first_row + row;
    let tap = slice + k;
    let is_inside = (channel < IN_CHANNELS) & (tap < TAPS);
    let at = select(0u, (tap / KERNEL * IN_CHANNELS + channel) * KERNEL + tap % KERNEL, is_inside);
    return select(0.0, weight[network * STRIDE_1 + WEIGHT_OFFSET + at], is_inside);
}

/// The gradient that a position gets through a tap, 0 where there is none.
fn right(column: u32, slice: u32, k: u32) -> f32 {
    let position = positions[column];
    let tap = taps[k];
    let y = position.y - tap.y;
    let x = position.z - tap.z;
    let out_y = u32(y) / STRIDE_Y;
    let out_x = u32(x) / STRIDE_X;
    let is_inside = (position.x >= 0) & (tap.x >= 0) & (y >= 0) & (x >= 0)
        & (out_y * STRIDE_Y == u32(y)) & (out_x * STRIDE_X == u32(x)) & (out_y < OUT_HEIGHT) & (out_x < OUT_WIDTH);
    let plane = u32(position.x) * OUT_CHANNELS + u32(tap.x);
    let at = select(0u, (plane * OUT_HEIGHT + out_y) * OUT_WIDTH + out_x, is_inside);
    return select(0.0, output_gradient[network * STRIDE_0 + at], is_inside);
}

fn store(channel: u32, position: u32, value: f32) {
    if (channel < IN_CHANNELS && position < POSITIONS) {
        let at = (position / INPUTS * IN_CHANNELS + channel) * INPUTS + position % INPUTS;
        input_gradient[network * STRIDE_2 + at] = value;
    }
}
