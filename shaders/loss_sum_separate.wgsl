// One loss per step: losses[s] = SCALE * sum over r of sample_loss[s, r], for every step s of the block. One invocation per
// step, along z: as loss_sum.wgsl, without workgroup memory.

override ROWS: u32 = 1;
override SCALE: f32 = 1.0;

@group(0) @binding(0) var<storage, read> sample_loss: array<f32>;       // [steps, rows]
@group(0) @binding(1) var<storage, read_write> losses: array<f32>;      // [steps]

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
    network = group.z % NETWORKS;
    let step = group.z / NETWORKS;
    var sum = 0.0;
    for (var row = 0u; row < ROWS; row++) {
        sum += sample_loss[network * STRIDE_0 + step * ROWS + row];
    }
    losses[network * STRIDE_1 + step] = sum * SCALE;
}
