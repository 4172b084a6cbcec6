// Convolution: out[r, o, y, x] = bias[o] + sum over c, i, j of
//   x[r, c, y * STRIDE_Y - TOP + i, x * STRIDE_X - LEFT + j] * weight[o, c, i, j], zeros outside; with RELU at least 0.
// x [rows, in_channels, height, width], bias [out_channels]
//
// A tiled product of the weights [out_channels, taps] and of patches [taps, positions] that are gathered as they are read,
// a tap being one (c, i, j) and a position one (r, y, x). The offsets of taps and positions are computed once for all
// invocations that read them.

override WEIGHT_OFFSET: u32 = 0;
override TAPS: u32 = IN_CHANNELS * KERNEL;
override POSITIONS: u32 = ROWS * OUTPUTS;

@group(0) @binding(1) var<storage, read> weight: array<f32>;        // [out_channels, taps] at WEIGHT_OFFSET
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, out_channels, out_height, out_width]

var<workgroup> corners: array<vec3<i32>, TILE_COLUMNS>;  // of the tile's positions; row -1 past the end
var<workgroup> taps: array<vec3<i32>, SLICE>;               // of the slice; channel -1 past the end

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
        let corner = patch_corner(position / OUTPUTS, position % OUTPUTS);
        corners[i] = select(vec3<i32>(-1), corner, position < POSITIONS);
    }
}

fn begin_slice(slice: u32, thread: u32) {
    for (var i = thread; i < SLICE; i += THREADS) {
        taps[i] = select(vec3<i32>(-1), tap_offset(slice + i), slice + i < TAPS);
    }
}

fn left(row: u32, slice: u32, k: u32) -> f32 {
    let channel = first_row + row;
    let tap = slice + k;
    let is_inside = (channel < OUT_CHANNELS) & (tap < TAPS);
    let at = select(0u, channel * TAPS + tap, is_inside);
    return select(0.0, weight[network * STRIDE_1 + WEIGHT_OFFSET + at], is_inside);
}

fn right(column: u32, slice: u32, k: u32) -> f32 {
    return patch_at(corners[column], taps[k]);
}

fn store(channel: u32, position: u32, value: f32) {
    if (channel < OUT_CHANNELS && position < POSITIONS) {
        let at = (position / OUTPUTS * OUT_CHANNELS + channel) * OUTPUTS + position % OUTPUTS;
        out[network * STRIDE_3 + at] = with_bias_and_relu(value, channel);
    }
}
