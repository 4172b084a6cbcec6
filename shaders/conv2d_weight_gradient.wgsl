// The gradient of a convolution's weight and bias, a partial sum for each group of GROUP neighbouring images:
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x]
//                  * x[r, c, y * STRIDE_Y - TOP + i, x * STRIDE_X - LEFT + j] for each o, c, i, j;
//                  then, with HAS_BIAS, the sums of output_gradient for each o]
// x [rows, in_channels, height, width], output_gradient [rows, out_channels, out_height, out_width]
//
// A tiled product of gradients [out_channels, positions] and patches [positions, taps], a position being one (r, y, x) of the
// group and a tap one (c, i, j); the bias is a tap that always reads 1. Grid: tiles of taps, tiles of channels, groups of
// images.

override COLUMNS: u32 = TAPS + u32(HAS_BIAS);

const NOWHERE = -1;
const ALWAYS_ONE = -2;

var<workgroup> taps: array<vec3<i32>, TILE_COLUMNS>;     // of the tile; channel NOWHERE past the end, ALWAYS_ONE the bias
var<workgroup> corners: array<vec3<i32>, SLICE>;            // of the slice's patches; row NOWHERE past the end
var<workgroup> gradients_at: array<u32, SLICE>;             // where the first channel's gradient of the position is

const LEFT_ALONG_INNER = true;
const RIGHT_ALONG_INNER = true;

fn tile_column(x: u32) -> u32 {
    return x;
}

/// Positions of a group.
fn inner_size(group: u32) -> u32 {
    return min(GROUP, ROWS - group * GROUP) * OUTPUTS;
}

fn begin_tile(thread: u32) {
    for (var i = thread; i < TILE_COLUMNS; i += THREADS) {
        let tap = first_column + i;
        var offset = tap_offset(tap);
        if (tap >= TAPS) {
            offset.x = select(NOWHERE, ALWAYS_ONE, tap < COLUMNS);
        }
        taps[i] = offset;
    }
}

fn begin_slice(slice: u32, thread: u32) {
    for (var i = thread; i < SLICE; i += THREADS) {
        let image = layer * GROUP + (slice + i) / OUTPUTS;
        let position = (slice + i) % OUTPUTS;
        corners[i] = select(vec3<i32>(NOWHERE), patch_corner(image, position), slice + i < inner_size(layer));
        gradients_at[i] = image * OUT_CHANNELS * OUTPUTS + position;
    }
}

/// A channel's gradient at a position, 0 past the group's end.
fn left(row: u32, slice: u32, k: u32) -> f32 {
    let channel = first_row + row;
    let is_inside = (channel < OUT_CHANNELS) & (corners[k].x != NOWHERE);
    let at = select(0u, gradients_at[k] + channel * OUTPUTS, is_inside);
    return select(0.0, output_gradient[network * STRIDE_1 + at], is_inside);
}

fn right(column: u32, slice: u32, k: u32) -> f32 {
    return select(patch_at(corners[k], taps[column]), 1.0, taps[column].x == ALWAYS_ONE);
}

fn store(channel: u32, tap: u32, value: f32) {
    if (channel < OUT_CHANNELS && tap < COLUMNS) {
        let at = select(OUT_CHANNELS * TAPS + channel, channel * TAPS + tap, tap < TAPS);
        partials[network * STRIDE_2 + layer * PARTIAL + at] = value;
    }
}
