
// ---- product, each value of the result by one invocation: as the tiled product, without workgroup memory

/// Most workgroups along x, where the grid is made of tiles.
const MOST_GROUPS = 65535u;

/// The value's row and column, and the layer of the grid.
var<private> first_row: u32;
var<private> first_column: u32;
var<private> layer: u32;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let i = (group.y * groups.x + group.x) * 64u + thread;
    if (i >= M * N) {
        return;
    }
    first_row = i / N;
    first_column = i % N;
    var sum = 0.0;
    for (var k = 0u; k < K; k++) {
        sum += left(0u, 0u, k) * right(0u, 0u, k);
    }
    store(first_row, first_column, sum);
}
