// One loss a step: losses[s] = SCALE * sum over r of sample_loss[s, r], for every step s of the block.
// One workgroup a step, along z; partial sums are added in a fixed order.

override ROWS: u32 = 1;
override SCALE: f32 = 1.0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override SAMPLE_LOSS_NET: u32 = 0;
@id(1) override LOSSES_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> sample_loss: array<f32>;       // [steps, rows]
@group(0) @binding(1) var<storage, read_write> losses: array<f32>;      // [steps]

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let net = group.z % NETS;
    let step = group.z / NETS;
    var sum = 0.0;
    for (var row = thread; row < ROWS; row += 64u) {
        sum += sample_loss[SAMPLE_LOSS_NET * net + step * ROWS + row];
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
        losses[LOSSES_NET * net + step] = sum * SCALE;
    }
}
