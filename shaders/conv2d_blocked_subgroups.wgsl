// Convolution with stride 1 and kernels up to 5 wide in register blocks, weights exchanged within subgroups: the same as
// conv2d_blocked.wgsl.
//   out[r, o, y, x] = bias[o] + sum over c, i, j of x[r, c, y - TOP + i, x - LEFT + j] * weight(o, c, i, j), zeros outside
// x [rows, in_channels, height, width], weight [out_channels, in_channels, kernel] or mirrored and exchanged
//
// All invocations of a workgroup use the same 8 channels' weights: each lane reads a row of one channel's kernel, up to five
// taps, and broadcasts it to the others. For subgroups of 8 lanes and more. No invocation leaves early, so that all lanes can
// broadcast. Where there are few strips, DEPTH invocations share their sums, each with every DEPTH-th input channel; all lanes of
// a subgroup must have the same depth. (Browsers ask for `enable subgroups;` here, which naga 30 refuses.)

/// The weights of a kernel's row.
struct Taps {
    first: vec4<f32>,
    last: f32,
}

/// Row `i` of the kernel from input channel c to an output channel whose weights begin at `start`.
fn taps(start: u32, c: u32, i: u32) -> Taps {
    let first = start + c * WEIGHT_IN;
    var result: Taps;
    result.first.x = weight[first + tap_at(i, 0u)];
    if (KERNEL_WIDTH > 1u) { result.first.y = weight[first + tap_at(i, 1u)]; }
    if (KERNEL_WIDTH > 2u) { result.first.z = weight[first + tap_at(i, 2u)]; }
    if (KERNEL_WIDTH > 3u) { result.first.w = weight[first + tap_at(i, 3u)]; }
    if (KERNEL_WIDTH > 4u) { result.last = weight[first + tap_at(i, 4u)]; }
    return result;
}

/// What a row of taps adds to a strip. The whole row at once, so that where registers do not suffice for all sums, a sum
/// is loaded and stored once per five products.
fn through(taps: Taps, seen: Seen) -> vec4<f32> {
    var sum = taps.first.x * seen.first;
    if (KERNEL_WIDTH > 1u) { sum += taps.first.y * second_column(seen); }
    if (KERNEL_WIDTH > 2u) { sum += taps.first.z * third_column(seen); }
    if (KERNEL_WIDTH > 3u) { sum += taps.first.w * fourth_column(seen); }
    if (KERNEL_WIDTH > 4u) { sum += taps.last * seen.second; }
    return sum;
}

override SLOTS: u32 = THREADS;
const DEPTH_FIRST = false;

/// In one dimension, as naga requires of shaders that number lanes.
override ALL_THREADS: u32 = THREADS * DEPTH;

@compute @workgroup_size(ALL_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    network = group.z % NETWORKS;
    var slot = local.x;
    // A constant if no sums are shared, so that compilers see that all lanes read the same input channel.
    var depth = 0u;
    if (DEPTH > 1u) {
        slot = local.x % THREADS;
        depth = local.x / THREADS;
    }
    let at = (group.z / NETWORKS * 65535u + group.x) * 2u * THREADS + slot;
    let channel = 8u * group.y;
    let own_weights = network * STRIDE_1 + WEIGHT_OFFSET + WEIGHT_OUT * min(channel + lane % 8u, OUT_CHANNELS - 1u);
    let here = strip_at(at);
    let there = strip_at(at + THREADS);

    var here_first = mat4x4<f32>();     // channels 0 to 3
    var here_second = mat4x4<f32>();    // channels 4 to 7
    var there_first = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var c = depth; c < IN_CHANNELS; c += DEPTH) {
        for (var i = 0u; i < KERNEL_HEIGHT; i++) {
            let seen_here = seen(here.image, c, i, here.y, here.x);
            let seen_there = seen(there.image, c, i, there.y, there.x);
            let own = taps(own_weights, c, i);
            let taps0 = Taps(subgroupBroadcast(own.first, 0u), subgroupBroadcast(own.last, 0u));
            here_first[0] += through(taps0, seen_here);
            there_first[0] += through(taps0, seen_there);
            if (OUT_CHANNELS > 1u) {
                let taps1 = Taps(subgroupBroadcast(own.first, 1u), subgroupBroadcast(own.last, 1u));
                here_first[1] += through(taps1, seen_here);
                there_first[1] += through(taps1, seen_there);
            }
            if (OUT_CHANNELS > 2u) {
                let taps2 = Taps(subgroupBroadcast(own.first, 2u), subgroupBroadcast(own.last, 2u));
                here_first[2] += through(taps2, seen_here);
                there_first[2] += through(taps2, seen_there);
            }
            if (OUT_CHANNELS > 3u) {
                let taps3 = Taps(subgroupBroadcast(own.first, 3u), subgroupBroadcast(own.last, 3u));
                here_first[3] += through(taps3, seen_here);
                there_first[3] += through(taps3, seen_there);
            }
            if (OUT_CHANNELS > 4u) {
                let taps4 = Taps(subgroupBroadcast(own.first, 4u), subgroupBroadcast(own.last, 4u));
                here_second[0] += through(taps4, seen_here);
                there_second[0] += through(taps4, seen_there);
            }
            if (OUT_CHANNELS > 5u) {
                let taps5 = Taps(subgroupBroadcast(own.first, 5u), subgroupBroadcast(own.last, 5u));
                here_second[1] += through(taps5, seen_here);
                there_second[1] += through(taps5, seen_there);
            }
            if (OUT_CHANNELS > 6u) {
                let taps6 = Taps(subgroupBroadcast(own.first, 6u), subgroupBroadcast(own.last, 6u));
                here_second[2] += through(taps6, seen_here);
                there_second[2] += through(taps6, seen_there);
            }
            if (OUT_CHANNELS > 7u) {
                let taps7 = Taps(subgroupBroadcast(own.first, 7u), subgroupBroadcast(own.last, 7u));
                here_second[3] += through(taps7, seen_here);
                there_second[3] += through(taps7, seen_there);
            }
        }
    }

    here_first = sum_over_depth(here_first, slot, depth);
    here_second = sum_over_depth(here_second, slot, depth);
    there_first = sum_over_depth(there_first, slot, depth);
    there_second = sum_over_depth(there_second, slot, depth);
    if (depth == 0u) {
        store_strips(at, channel, here_first);
        store_strips(at, channel + 4u, here_second);
        store_strips(at + THREADS, channel, there_first);
        store_strips(at + THREADS, channel + 4u, there_second);
    }
}
