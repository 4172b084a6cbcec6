
// ---- patches: the part of x that a kernel at one position sees. x is float32 or, with one channel, image bytes in rows that
// are padded to whole words

override X_IS_BYTES: bool = false;
/// 1 where x holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WORDS: u32 = (INPUTS + 3u) / 4u;

@group(0) @binding(0) var<storage, read> x: array<u32>;     // [rows, in_channels, height, width]

/// The stored row of x that holds an image, and the top left corner of a position's patch.
fn patch_corner(image: u32, position: u32) -> vec3<i32> {
    return vec3<i32>(
        i32(image + X_IN_BLOCK * scalars.first_row),
        i32(position / OUT_WIDTH * STRIDE_Y) - i32(TOP),
        i32(position % OUT_WIDTH * STRIDE_X) - i32(LEFT));
}

/// Where a tap reads: start of its channel, row and column within the kernel.
fn tap_offset(tap: u32) -> vec3<i32> {
    return vec3<i32>(
        i32(tap / KERNEL * INPUTS), i32(tap % KERNEL / KERNEL_WIDTH), i32(tap % KERNEL % KERNEL_WIDTH));
}

/// One value of a patch, 0 outside the image, and where the corner's row or the tap's channel is negative. Without branches: a
/// tiled product calls this 4 to 32 times, and some drivers take seconds to compile that many branches.
fn patch_at(corner: vec3<i32>, tap: vec3<i32>) -> f32 {
    let y = corner.y + tap.y;
    let column = corner.z + tap.z;
    // as unsigned numbers, negative rows and columns are too large as well
    let is_inside = (corner.x >= 0) & (tap.x >= 0) & (u32(y) < HEIGHT) & (u32(column) < WIDTH);
    let row = select(0u, u32(corner.x), is_inside);
    let at = select(0u, u32(tap.x + y * i32(WIDTH) + column), is_inside);
    var value: f32;
    if (X_IS_BYTES) {
        value = pixels(x[network * STRIDE_0 + row * WORDS + at / 4u])[at % 4u];
    } else {
        value = bitcast<f32>(x[network * STRIDE_0 + row * IN_CHANNELS * INPUTS + at]);
    }
    return select(0.0, value, is_inside);
}
