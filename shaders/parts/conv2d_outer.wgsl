
// ---- products of a strip's values with the weights of four channels

/// One tap of four output channels.
fn weights(channel: u32, start: u32) -> vec4<f32> {
    let last = OUT_CHANNELS - 1u;
    let first = network * STRIDE_1 + start;
    return vec4<f32>(
        weight[first + WEIGHT_OUT * min(channel, last)], weight[first + WEIGHT_OUT * min(channel + 1u, last)],
        weight[first + WEIGHT_OUT * min(channel + 2u, last)], weight[first + WEIGHT_OUT * min(channel + 3u, last)]);
}

/// Each channel's weight times each position's value, one channel per column.
fn outer_product(values: vec4<f32>, channels: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(values * channels.x, values * channels.y, values * channels.z, values * channels.w);
}

/// What the next tap of the kernel's row sees: the values one column to the right.
fn shifted(seen: Seen) -> Seen {
    return Seen(vec4<f32>(seen.first.yzw, seen.second.x), vec4<f32>(seen.second.yzw, 0.0));
}
