// The gradient of a convolution's weight and bias, stride 1 and kernels up to 5 wide, in register blocks, the output's gradient
// exchanged within subgroups: the same as conv2d_weight_gradient.wgsl.
//   partials[g] = [sum over the group's r and all y, x of output_gradient[r, o, y, x] * x[r, c, y - TOP + i, x - LEFT + j]
//   for each o, c, i, j; then, with a bias, the sums of output_gradient]
// x [rows, in_channels, height, width], output_gradient [rows, out_channels, out_height, out_width]
//
// As conv2d_weight_gradient_blocked.wgsl, but all invocations of a workgroup go through the same group of images and use the
// same 8 channels' gradients: each lane reads those of one channel and broadcasts them to the others. For subgroups of 8 lanes
// and more. No invocation leaves before the sums are made, so that all lanes can broadcast. (Browsers ask for
// `enable subgroups;` here, which naga 30 refuses.) DEPTH invocations can share their sums; all lanes of a subgroup must have
// the same depth.

/// Workgroups that share a group's pairs of kernel rows.
override PARTS: u32 = (KERNEL_ROWS + 2u * THREADS - 1u) / (2u * THREADS);

/// Which of eight channels this lane reads.
var<private> read_channel: u32;

fn gradient_blocks(image: u32, channel: u32, y: u32, x: u32) -> GradientBlocks {
    let map = image * OUT_CHANNELS + min(channel + read_channel, OUT_CHANNELS - 1u);
    let read = strip_gradients(network * STRIDE_1 + map * OUTPUTS + y * OUT_WIDTH, x);
    return GradientBlocks(transpose(lanes_0_to_3(read)), transpose(lanes_4_to_7(read)));
}

/// In one dimension, as naga requires of shaders that number lanes.
override ALL_THREADS: u32 = THREADS * DEPTH;

@compute @workgroup_size(ALL_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    network = group.z % NETWORKS;
    let slot = local.x % THREADS;
    let depth = local.x / THREADS;
    read_channel = lane % 8u;
    let at = group.z / NETWORKS * 65535u + group.x;
    let group_of_images = min(at / PARTS, GROUPS - 1u);
    let kernel_row = 2u * (at % PARTS * THREADS + slot);
    sum_group(group_of_images, kernel_row, 8u * group.y, slot, depth, at / PARTS < GROUPS);
}
