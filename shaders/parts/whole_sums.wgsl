
// ---- whole sums, in place of depth_sum: DEPTH is 1, so no sum is shared with other invocations

override DEPTH: u32 = 1;

fn sum_over_depth(sum: mat4x4<f32>, slot: u32, depth: u32) -> mat4x4<f32> {
    return sum;
}
