// Partial sums of squares: sums[p] = sum of x[i]^2 over the PART values from p * PART on.
// A workgroup a part: each invocation adds up every 256th value, then the sums meet in a fixed tree.

override COUNT: u32 = 1;
override PART: u32 = 1;
override X_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override SUMS_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count] at X_OFFSET
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;    // [parts]

var<workgroup> shares: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let net = group.z % NETS;
    let end = min((group.x + 1u) * PART, COUNT);
    var sum = 0.0;
    for (var i = group.x * PART + thread; i < end; i += 256u) {
        let value = x[X_NET * net + X_OFFSET + i];
        sum += value * value;
    }
    shares[thread] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            shares[thread] += shares[thread + half];
        }
        workgroupBarrier();
    }
    if (thread == 0u) {
        sums[SUMS_NET * net + group.x] = shares[0];
    }
}
