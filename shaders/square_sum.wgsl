// Partial sums of squares: sums[p] = sum of x[i]^2 over the PART values from p * PART on. One workgroup per
// part: each invocation adds up every 256th value, then those sums are added.

override COUNT: u32 = 1;
override PART: u32 = 1;
override X_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count] at X_OFFSET
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;    // [parts]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    network = group.z % NETWORKS;
    let end = min((group.x + 1u) * PART, COUNT);
    var sum = 0.0;
    for (var i = group.x * PART + thread; i < end; i += 256u) {
        let value = x[network * STRIDE_0 + X_OFFSET + i];
        sum += value * value;
    }
    let total = workgroup_sum(thread, sum);
    if (thread == 0u) {
        sums[network * STRIDE_1 + group.x] = total;
    }
}
