
// ---- weight gradient by strips of 4 neighbouring positions: what is read of the output's gradient, and how sums are stored

/// A channel's gradients of a strip, in the row that begins at `start`; 0 past the row's end.
fn strip_gradients(start: u32, x: u32) -> vec4<f32> {
    let last = OUT_WIDTH - 1u;
    let values = vec4<f32>(
        output_gradient[start + x], output_gradient[start + min(x + 1u, last)],
        output_gradient[start + min(x + 2u, last)], output_gradient[start + min(x + 3u, last)]);
    if (OUT_WIDTH % 4u == 0u) {
        return values;
    }
    return select(vec4<f32>(), values, x + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(OUT_WIDTH));
}

/// Four channels' gradients of a strip, one position per column.
fn gradient_block(image: u32, channel: u32, y: u32, x: u32) -> mat4x4<f32> {
    let last = OUT_CHANNELS - 1u;
    let start = network * STRIDE_1 + image * OUT_CHANNELS * OUTPUTS + y * OUT_WIDTH;
    return transpose(mat4x4<f32>(
        strip_gradients(start + min(channel, last) * OUTPUTS, x),
        strip_gradients(start + min(channel + 1u, last) * OUTPUTS, x),
        strip_gradients(start + min(channel + 2u, last) * OUTPUTS, x),
        strip_gradients(start + min(channel + 3u, last) * OUTPUTS, x)));
}

/// A tap, or the bias, of four channels; channels are `step` values apart.
fn store_four(start: u32, step: u32, channel: u32, values: vec4<f32>) {
    store(start + channel * step, channel, values.x);
    store(start + (channel + 1u) * step, channel + 1u, values.y);
    store(start + (channel + 2u) * step, channel + 2u, values.z);
    store(start + (channel + 3u) * step, channel + 3u, values.w);
}

fn store(at: u32, channel: u32, value: f32) {
    if (channel < OUT_CHANNELS) {
        partials[network * STRIDE_2 + at] = value;
    }
}
