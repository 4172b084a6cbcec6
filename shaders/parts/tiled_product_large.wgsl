
// ---- tiled product, large: as tiled_product.wgsl, which says what the op defines. A workgroup of TILE_WIDTH x TILE_HEIGHT
// invocations computes a tile of 8 TILE_HEIGHT rows x 8 TILE_WIDTH columns, each invocation 8 x 8 of them in registers, from
// slices of 8 of the inner dimension.

const SLICE = 8u;
override LEFT_FOURS: u32 = 2u * TILE_HEIGHT;
override RIGHT_FOURS: u32 = 2u * TILE_WIDTH;

/// Each row's value times each column's, one row per column of the matrix.
fn products(rows: vec4<f32>, columns: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
}

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    begin(group, thread);
    var here = mat4x4<f32>();
    var right_of = mat4x4<f32>();
    var below = mat4x4<f32>();
    var across = mat4x4<f32>();
    begin_slice(0u, thread);
    workgroupBarrier();
    let inner = inner_size(group.z / NETWORKS);
    var read = read_slice(0u, thread);
    for (var slice = 0u; slice < inner; slice += SLICE) {
        // all invocations have read this slice into registers, and multiplied the last one
        workgroupBarrier();
        keep_slice(read, thread);
        begin_slice(slice + SLICE, thread);
        workgroupBarrier();
        if (slice + SLICE < inner) {
            read = read_slice(slice + SLICE, thread);
        }
        for (var k = 0u; k < SLICE; k++) {
            let rows = left_slice[k * LEFT_PITCH + local.y];
            let rows_below = left_slice[k * LEFT_PITCH + TILE_HEIGHT + local.y];
            let columns = right_slice[k * RIGHT_PITCH + local.x];
            let columns_right = right_slice[k * RIGHT_PITCH + TILE_WIDTH + local.x];
            here += products(rows, columns);
            right_of += products(rows, columns_right);
            below += products(rows_below, columns);
            across += products(rows_below, columns_right);
        }
    }

    let row = first_row + 4u * local.y;
    let column = first_column + 4u * local.x;
    store_block(row, column, here);
    store_block(row, column + 4u * TILE_WIDTH, right_of);
    store_block(row + 4u * TILE_HEIGHT, column, below);
    store_block(row + 4u * TILE_HEIGHT, column + 4u * TILE_WIDTH, across);
}
