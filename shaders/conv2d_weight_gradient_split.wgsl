// The gradient of a convolution's weight and bias, stride 1 and kernels up to 5 wide, positions split among the invocations of
// a workgroup: the same as conv2d_weight_gradient.wgsl.
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y - TOP + i, x - LEFT + j]
//   for each o, c, i, j; then, with a bias, the sums of output_gradient]
// x [rows, in_channels, height, width], output_gradient [rows, out_channels, out_height, out_width]
//
// For convolutions that would otherwise be too small to occupy a large GPU. An invocation computes 4 output channels of a
// kernel row, which is one (c, i) with its up to 5 j, from every DEPTH-th strip of 4 positions of the group's images.

/// Kernel rows of a workgroup, and workgroups for all kernel rows.
override GROUP_ROWS: u32 = 1;
override ROW_GROUPS: u32 = (KERNEL_ROWS + GROUP_ROWS - 1u) / GROUP_ROWS;
override SLOTS: u32 = GROUP_ROWS;
const DEPTH_FIRST = false;
override KERNEL_ROWS: u32 = IN_CHANNELS * KERNEL_HEIGHT;
override STRIPS_A_ROW: u32 = (OUT_WIDTH + 3u) / 4u;
override STRIPS_AN_IMAGE: u32 = OUT_HEIGHT * STRIPS_A_ROW;

@compute @workgroup_size(GROUP_ROWS, DEPTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    let at = group.z / NETWORKS * 65535u + group.x;
    let images = at / ROW_GROUPS;
    let kernel_row = at % ROW_GROUPS * GROUP_ROWS + local.x;
    let channel = 4u * group.y;
    let row = min(kernel_row, KERNEL_ROWS - 1u);
    let first = images * GROUP;
    // none where the grid reaches past the last group
    let strips = (max(first, min(first + GROUP, ROWS)) - first) * STRIPS_AN_IMAGE;

    var taps = mat4x4<f32>();   // one tap per column, one channel per row
    var last = mat4x4<f32>();   // the fifth tap, and the bias
    for (var strip = local.y; strip < strips; strip += DEPTH) {
        let image = first + strip / STRIPS_AN_IMAGE;
        let y = strip % STRIPS_AN_IMAGE / STRIPS_A_ROW;
        let x = strip % STRIPS_A_ROW * 4u;
        let gradients = gradient_block(image, channel, y, x);
        let seen = seen(image, row / KERNEL_HEIGHT, row % KERNEL_HEIGHT, y, x);
        taps[0] += gradients * seen.first;
        if (KERNEL_WIDTH > 1u) { taps[1] += gradients * second_column(seen); }
        if (KERNEL_WIDTH > 2u) { taps[2] += gradients * third_column(seen); }
        if (KERNEL_WIDTH > 3u) { taps[3] += gradients * fourth_column(seen); }
        if (KERNEL_WIDTH > 4u) { last[0] += gradients * seen.second; }
        if (HAS_BIAS) { last[1] += gradients * vec4<f32>(1.0); }
    }
    taps = sum_over_depth(taps, local.x, local.y);
    if (HAS_BIAS || KERNEL_WIDTH > 4u) {
        last = sum_over_depth(last, local.x, local.y);
    }
    if (local.y == 0u && kernel_row < KERNEL_ROWS && first < ROWS) {
        let start = images * PARTIAL + kernel_row * KERNEL_WIDTH;
        store_four(start, TAPS, channel, taps[0]);
        if (KERNEL_WIDTH > 1u) { store_four(start + 1u, TAPS, channel, taps[1]); }
        if (KERNEL_WIDTH > 2u) { store_four(start + 2u, TAPS, channel, taps[2]); }
        if (KERNEL_WIDTH > 3u) { store_four(start + 3u, TAPS, channel, taps[3]); }
        if (KERNEL_WIDTH > 4u) { store_four(start + 4u, TAPS, channel, last[0]); }
        if (HAS_BIAS && kernel_row == 0u) {
            store_four(images * PARTIAL + OUT_CHANNELS * TAPS, 1u, channel, last[1]);
        }
    }
}
