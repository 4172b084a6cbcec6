
// ---- convolution in register blocks: 8 output channels of two strips per invocation

override THREADS: u32 = 64;
override WEIGHT_OFFSET: u32 = 0;
/// From one output channel's weights to the next one's, and from one input channel's.
override WEIGHT_OUT: u32 = 1;
override WEIGHT_IN: u32 = 1;
/// Whether the kernel is mirrored: the convolution then gives conv2d_input_gradient, the channels exchanged.
override MIRRORED: bool = false;
override STRIPS_A_ROW: u32 = (OUT_WIDTH + 3u) / 4u;
override STRIPS: u32 = ROWS * OUT_HEIGHT * STRIPS_A_ROW;

@group(0) @binding(1) var<storage, read> weight: array<f32>;        // at WEIGHT_OFFSET
@group(0) @binding(3) var<storage, read_write> out: array<f32>;     // [rows, out_channels, out_height, out_width]

struct Strip {
    image: u32,
    y: u32,
    x: u32,
}

/// A strip of all images; past the last one, the last.
fn strip_at(at: u32) -> Strip {
    let strip = min(at, STRIPS - 1u);
    let row = strip / STRIPS_A_ROW;
    return Strip(row / OUT_HEIGHT, row % OUT_HEIGHT, strip % STRIPS_A_ROW * 4u);
}

/// Where tap (i, j) is in a kernel.
fn tap_at(i: u32, j: u32) -> u32 {
    let at = i * KERNEL_WIDTH + j;
    return select(at, KERNEL - 1u - at, MIRRORED);
}

fn store_strip(at: u32, channel: u32, values: vec4<f32>) {
    if (at >= STRIPS || channel >= OUT_CHANNELS) {
        return;
    }
    let strip = strip_at(at);
    let row = (strip.image * OUT_CHANNELS + channel) * OUT_HEIGHT + strip.y;
    let start = network * STRIDE_3 + row * OUT_WIDTH + strip.x;
    // Before the conditional stores, so that the bias is read once, not by each of them.
    let results = four_with_bias_and_relu(values, channel);
    out[start] = results.x;
    if (strip.x + 1u < OUT_WIDTH) { out[start + 1u] = results.y; }
    if (strip.x + 2u < OUT_WIDTH) { out[start + 2u] = results.z; }
    if (strip.x + 3u < OUT_WIDTH) { out[start + 3u] = results.w; }
}

/// Four channels of a strip, one per column.
fn store_strips(at: u32, channel: u32, block: mat4x4<f32>) {
    store_strip(at, channel, block[0]);
    store_strip(at, channel + 1u, block[1]);
    store_strip(at, channel + 2u, block[2]);
    store_strip(at, channel + 3u, block[3]);
}
