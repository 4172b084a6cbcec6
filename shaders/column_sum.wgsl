// The gradient of a bias: out[c] = sum over r of x[r, c].
// A workgroup takes 32 neighbouring columns: each of its 8 rows of invocations adds up every 8th row of x, and those sums
// are added in a fixed order.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
override OUT_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, columns]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [columns] at OUT_OFFSET

var<workgroup> sums: array<f32, 256>;   // [8, column]

@compute @workgroup_size(32, 8)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let column = (group.y * groups.x + group.x) * 32u + local.x;
    var sum = 0.0;
    if (column < COLUMNS) {
        for (var row = local.y; row < ROWS; row += 8u) {
            sum += x[network * STRIDE_0 + row * COLUMNS + column];
        }
    }
    sums[thread] = sum;
    workgroupBarrier();
    if (local.y == 0u && column < COLUMNS) {
        for (var part = 1u; part < 8u; part++) {
            sum += sums[part * 32u + local.x];
        }
        out[network * STRIDE_1 + OUT_OFFSET + column] = sum;
    }
}
