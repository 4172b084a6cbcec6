// Matrix product whose inner dimension is split among the invocations of a workgroup: the same as matmul.wgsl.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B; out is [m, n]
//
// For products that would otherwise be too small to occupy a large GPU. An invocation computes 4 x 4 values from every DEPTH-th
// four of the inner dimension; a workgroup of WIDTH x HEIGHT x DEPTH computes a tile of 4 HEIGHT rows x 4 WIDTH columns.

override WIDTH: u32 = 4;
override HEIGHT: u32 = 4;
override SLOTS: u32 = WIDTH * HEIGHT;
/// If both factors are stored along the inner dimension, neighbouring invocations share a sum and read
/// neighbouring values.
override DEPTH_FIRST: bool = !TRANSPOSE_A && TRANSPOSE_B;
override THREADS: u32 = SLOTS * DEPTH;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    network = group.z % NETWORKS;
    let slot = select(thread % SLOTS, thread / DEPTH, DEPTH_FIRST);
    let depth = select(thread / SLOTS, thread % DEPTH, DEPTH_FIRST);
    let row = 4u * (HEIGHT * group.y + slot / WIDTH);
    let column = 4u * (WIDTH * (group.z / NETWORKS * 65535u + group.x) + slot % WIDTH);
    var block = mat4x4<f32>();
    // a matrix product of columns [row][k] and [k][column] gives columns [row][column]; two of them at a time, so that more
    // reads are under way together
    var inner = depth;
    for (; inner + DEPTH < INNER_FOURS; inner += 2u * DEPTH) {
        let a = a_block(row, inner);
        let b = b_block(inner, column);
        let next_a = a_block(row, inner + DEPTH);
        let next_b = b_block(inner + DEPTH, column);
        block += b * a;
        block += next_b * next_a;
    }
    if (inner < INNER_FOURS) {
        block += b_block(inner, column) * a_block(row, inner);
    }
    block = sum_over_depth(block, slot, depth);
    if (depth == 0u) {
        store_block(row, column, block);
    }
}
