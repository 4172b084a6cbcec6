
// ---- in place of depth: each invocation has whole sums, and needs no others

override DEPTH: u32 = 1;

fn sum_over_depth(sum: mat4x4<f32>, slot: u32, depth: u32) -> mat4x4<f32> {
    return sum;
}
