
// ---- depth: invocations of a workgroup that go through different parts of the same sums, which are added at the end, always
// in the same order. The op defines SLOTS, the number of invocations that have sums of their own, and DEPTH_FIRST, whether
// neighbouring invocations share a slot

/// Invocations that share a sum, a power of two.
override DEPTH: u32 = 1;
override HALF_OF_THREADS: u32 = (SLOTS * DEPTH + 1u) / 2u;
override DEPTH_SUMS: u32 = 4u * HALF_OF_THREADS;

var<workgroup> depth_sums: array<vec4<f32>, DEPTH_SUMS>;    // [column of the block, half of the depth, slot]

/// The block's sum over the depth, for the invocations of depth 0. All invocations of the workgroup must call
/// this.
fn sum_over_depth(block: mat4x4<f32>, slot: u32, depth: u32) -> mat4x4<f32> {
    var sum = block;
    // Mesa's software driver does not remove the loop below where it never runs, and keeps the sums in memory for it.
    if (DEPTH == 1u) {
        return sum;
    }
    for (var half = DEPTH / 2u; half > 0u; half /= 2u) {
        let at = select(depth % half * SLOTS + slot, slot * half + depth % half, DEPTH_FIRST);
        if (depth >= half && depth < 2u * half) {
            depth_sums[at] = sum[0];
            depth_sums[at + HALF_OF_THREADS] = sum[1];
            depth_sums[at + 2u * HALF_OF_THREADS] = sum[2];
            depth_sums[at + 3u * HALF_OF_THREADS] = sum[3];
        }
        workgroupBarrier();
        if (depth < half) {
            sum += mat4x4<f32>(
                depth_sums[at], depth_sums[at + HALF_OF_THREADS],
                depth_sums[at + 2u * HALF_OF_THREADS], depth_sums[at + 3u * HALF_OF_THREADS]);
        }
        workgroupBarrier();
    }
    return sum;
}
