// Convolution with stride 1 and kernels up to 5 wide, kernel rows split among the invocations of a workgroup: the same as
// conv2d.wgsl, and with MIRRORED as conv2d_input_gradient.wgsl.
//   out[r, o, y, x] = bias[o] + sum over c, i, j of x[r, c, y - TOP + i, x - LEFT + j] * weight(o, c, i, j), zeros outside
// x [rows, in_channels, height, width], weight [out_channels, in_channels, kernel] or mirrored and exchanged
//
// For convolutions that would otherwise be too small to occupy a large GPU. An invocation computes 4 channels of a strip of 4
// neighbouring positions, from every DEPTH-th kernel row, which is one (c, i).

override SLOTS: u32 = THREADS;
const DEPTH_FIRST = false;

@compute @workgroup_size(THREADS, DEPTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    let at = (group.z / NETWORKS * 65535u + group.x) * THREADS + local.x;
    let channel = 4u * group.y;
    let strip = strip_at(at);
    var block = mat4x4<f32>();
    for (var kernel_row = local.y; kernel_row < IN_CHANNELS * KERNEL_HEIGHT; kernel_row += DEPTH) {
        let c = kernel_row / KERNEL_HEIGHT;
        let i = kernel_row % KERNEL_HEIGHT;
        var seen = seen(strip.image, c, i, strip.y, strip.x);
        for (var j = 0u; j < KERNEL_WIDTH; j++) {
            block += outer_product(seen.first, weights(channel, WEIGHT_OFFSET + c * WEIGHT_IN + tap_at(i, j)));
            seen = shifted(seen);
        }
    }
    block = sum_over_depth(block, local.x, local.y);
    if (local.y == 0u) {
        store_strips(at, channel, block);
    }
}
