// Matrix product in register blocks: the same as matmul.wgsl.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B; out is [m, n]
//
// No workgroup memory: each invocation computes 8 x 8 values in registers, for which it reads 64 values, four at a time, for
// every 256 multiply-adds. Its neighbours read the same values, from the caches. Neighbours along x read and write side by
// side. Rows and columns past the end read the last ones instead and are not stored, so that the inner loop has no branches.
// Four at a time: stored rows must consist of whole vec4s and begin at one.

override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    network = group.z % NETWORKS;
    let row = 4u * (2u * HEIGHT * group.y + local.y);
    let next_row = row + 4u * HEIGHT;
    let column = 4u * (2u * WIDTH * (group.z / NETWORKS * 65535u + group.x) + local.x);
    let next_column = column + 4u * WIDTH;

    var here = mat4x4<f32>();
    var right = mat4x4<f32>();
    var below = mat4x4<f32>();
    var across = mat4x4<f32>();
    for (var inner = 0u; inner < INNER_FOURS; inner++) {
        // a matrix product of columns [row][k] and [k][column] gives columns [row][column]
        let left = a_block(row, inner);
        let left_below = a_block(next_row, inner);
        let first = b_block(inner, column);
        here += first * left;
        below += first * left_below;
        let second = b_block(inner, next_column);
        right += second * left;
        across += second * left_below;
    }

    store_block(row, column, here);
    store_block(row, next_column, right);
    store_block(next_row, column, below);
    store_block(next_row, next_column, across);
}
