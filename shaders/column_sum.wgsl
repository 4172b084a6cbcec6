// The gradient of a bias: out[c] = sum over r of x[r, c].
// A workgroup takes 32 neighbouring columns; its 8 rows of invocations share the rows of x and are then added in
// a fixed order.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
override OUT_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, columns]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [columns] at OUT_OFFSET

var<workgroup> sums: array<f32, 256>;   // [share of the rows, column]

@compute @workgroup_size(32, 8)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let column = (group.y * groups.x + group.x) * 32u + local.x;
    var sum = 0.0;
    if (column < COLUMNS) {
        for (var row = local.y; row < ROWS; row += 8u) {
            sum += x[X_NET * net + row * COLUMNS + column];
        }
    }
    sums[thread] = sum;
    workgroupBarrier();
    if (local.y == 0u && column < COLUMNS) {
        for (var share = 1u; share < 8u; share++) {
            sum += sums[share * 32u + local.x];
        }
        out[OUT_NET * net + OUT_OFFSET + column] = sum;
    }
}
