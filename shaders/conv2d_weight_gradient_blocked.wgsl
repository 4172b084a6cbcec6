// The gradient of a convolution's weight and bias, stride 1 and kernels up to 5 wide, in register blocks: the same as
// conv2d_weight_gradient.wgsl.
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y - TOP + i, x - LEFT + j]
//   for each o, c, i, j; then, with a bias, the sums of output_gradient]
// x [rows, in_channels, height, width], output_gradient [rows, out_channels, out_height, out_width]
//
// Each invocation computes 8 output channels of two kernel rows for one group of images; its neighbours compute the next kernel
// rows, and then those of the next group.

override PAIRS: u32 = (KERNEL_ROWS + 1u) / 2u;

fn gradient_blocks(image: u32, channel: u32, y: u32, x: u32) -> GradientBlocks {
    return GradientBlocks(gradient_block(image, channel, y, x), gradient_block(image, channel + 4u, y, x));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    let at = (group.z / NETWORKS * 65535u + group.x) * THREADS + local.x;
    sum_group(min(at / PAIRS, GROUPS - 1u), 2u * (at % PAIRS), 8u * group.y, local.x, 0u, at < PAIRS * GROUPS);
}
