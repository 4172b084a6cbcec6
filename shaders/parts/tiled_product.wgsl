
// ---- tiled product: of a left factor [rows, inner] and a right one [inner, columns]. A workgroup of TILE_WIDTH x TILE_HEIGHT
// invocations computes a tile of 4 TILE_HEIGHT rows x 4 TILE_WIDTH columns, each invocation 4 x 4 of them in registers, from
// slices of 16 of the inner dimension that pass through workgroup memory.
//
// The op defines the factors, left(row, slice, k) and right(column, slice, k), with rows and columns counted from the tile's
// first and the inner index slice + k; begin_tile and begin_slice, which prepare what these read; tile_column and
// inner_size; and store(row, column, value). LEFT_ALONG_INNER and RIGHT_ALONG_INNER: whether neighbouring invocations read
// along the inner dimension or across it, whichever is contiguous in memory.

const SLICE = 16u;
override LEFT_FOURS: u32 = TILE_HEIGHT;
override RIGHT_FOURS: u32 = TILE_WIDTH;

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    begin(group, thread);
    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();
    let inner = inner_size(group.z / NETWORKS);
    var read: Slice;
    // Each iteration reads a slice and multiplies the one before. A first read before the loop would be a second copy of what is
    // most of the code: drivers inline functions.
    for (var slice = 0u; slice < inner + SLICE; slice += SLICE) {
        // all invocations have multiplied what workgroup memory holds
        workgroupBarrier();
        if (slice > 0u) {
            keep_slice(read, thread);
        }
        begin_slice(slice, thread);
        workgroupBarrier();
        if (slice < inner) {
            read = read_slice(slice, thread);
        }
        if (slice > 0u) {
            for (var k = 0u; k < SLICE; k++) {
                let left_four = left_slice[k * LEFT_PITCH + local.y];
                let right_four = right_slice[k * RIGHT_PITCH + local.x];
                row0 += left_four.x * right_four;
                row1 += left_four.y * right_four;
                row2 += left_four.z * right_four;
                row3 += left_four.w * right_four;
            }
        }
    }

    let row = first_row + 4u * local.y;
    let column = first_column + 4u * local.x;
    store_four(row, column, row0);
    store_four(row + 1u, column, row1);
    store_four(row + 2u, column, row2);
    store_four(row + 3u, column, row3);
}
