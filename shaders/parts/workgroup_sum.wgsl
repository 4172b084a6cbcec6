
// ---- workgroup sum: of 256 invocations, in a fixed order

var<workgroup> partial_sums: array<f32, 256>;

/// The sum of the values of all invocations, returned to every one of them.
fn workgroup_sum(thread: u32, value: f32) -> f32 {
    // all have read an earlier sum before anyone overwrites it
    workgroupBarrier();
    partial_sums[thread] = value;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            partial_sums[thread] += partial_sums[thread + half];
        }
        workgroupBarrier();
    }
    return partial_sums[0];
}
