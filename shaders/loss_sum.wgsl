// One loss per step: losses[s] = SCALE * sum over r of sample_loss[s, r], for every step s of the block. One
// workgroup per step, along z; partial sums are added in a fixed order.

override ROWS: u32 = 1;
override SCALE: f32 = 1.0;

@group(0) @binding(0) var<storage, read> sample_loss: array<f32>;       // [steps, rows]
@group(0) @binding(1) var<storage, read_write> losses: array<f32>;      // [steps]

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    network = group.z % NETWORKS;
    let step = group.z / NETWORKS;
    var sum = 0.0;
    for (var row = thread; row < ROWS; row += 64u) {
        sum += sample_loss[network * STRIDE_0 + step * ROWS + row];
    }
    sums[thread] = sum;
    workgroupBarrier();
    if (thread < 8u) {
        for (var i = thread + 8u; i < 64u; i += 8u) {
            sum += sums[i];
        }
        sums[thread] = sum;
    }
    workgroupBarrier();
    if (thread == 0u) {
        for (var i = 1u; i < 8u; i++) {
            sum += sums[i];
        }
        losses[network * STRIDE_1 + step] = sum * SCALE;
    }
}
