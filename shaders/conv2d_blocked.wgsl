// Convolution with stride 1 and kernels up to 5 wide in register blocks: the same as conv2d.wgsl, and with MIRRORED as
// conv2d_input_gradient.wgsl.
//   out[r, o, y, x] = bias[o] + sum over c, i, j of x[r, c, y - TOP + i, x - LEFT + j] * weight(o, c, i, j), zeros outside
// x [rows, in_channels, height, width], weight [out_channels, in_channels, kernel] or mirrored and exchanged
//
// Each invocation computes 8 channels of two strips of 4 neighbouring positions. No workgroup memory: values that neighbours
// read too are in the caches. Results past the end are not stored.

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    let at = (group.z / NETWORKS * 65535u + group.x) * 2u * THREADS + local.x;
    let channel = 8u * group.y;
    let here = strip_at(at);
    let there = strip_at(at + THREADS);

    var here_first = mat4x4<f32>();     // channels 0 to 3
    var here_second = mat4x4<f32>();    // channels 4 to 7
    var there_first = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var c = 0u; c < IN_CHANNELS; c++) {
        for (var i = 0u; i < KERNEL_HEIGHT; i++) {
            var seen_here = seen(here.image, c, i, here.y, here.x);
            var seen_there = seen(there.image, c, i, there.y, there.x);
            for (var j = 0u; j < KERNEL_WIDTH; j++) {
                let start = WEIGHT_OFFSET + c * WEIGHT_IN + tap_at(i, j);
                let first = weights(channel, start);
                let second = weights(channel + 4u, start);
                here_first += outer_product(seen_here.first, first);
                here_second += outer_product(seen_here.first, second);
                there_first += outer_product(seen_there.first, first);
                there_second += outer_product(seen_there.first, second);
                seen_here = shifted(seen_here);
                seen_there = shifted(seen_there);
            }
        }
    }

    store_strips(at, channel, here_first);
    store_strips(at, channel + 4u, here_second);
    store_strips(at + THREADS, channel, there_first);
    store_strips(at + THREADS, channel + 4u, there_second);
}
