
// ---- blocks of the result, stored value by value through the op's store(row, column, value)

fn store_four(row: u32, column: u32, values: vec4<f32>) {
    store(row, column, values.x);
    store(row, column + 1u, values.y);
    store(row, column + 2u, values.z);
    store(row, column + 3u, values.w);
}

/// Four rows, one per column of the matrix.
fn store_block(row: u32, column: u32, block: mat4x4<f32>) {
    store_four(row, column, block[0]);
    store_four(row + 1u, column, block[1]);
    store_four(row + 2u, column, block[2]);
    store_four(row + 3u, column, block[3]);
}
