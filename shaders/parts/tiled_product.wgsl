
// ---- tiled product: of a left factor [rows, inner] and a right one [inner, columns]. A workgroup of TILE_WIDTH x TILE_HEIGHT
// invocations makes a tile of 4 TILE_HEIGHT rows x 4 TILE_WIDTH columns, each invocation 4 x 4 of them in registers, from
// slices of 16 of the inner dimension that pass through workgroup memory.
//
// The op gives the factors, left(row, slice, k) and right(column, slice, k), rows and columns counted from the tile's first,
// inner index slice + k; begin_tile and begin_slice, which make ready what these read; tile_column and inner_size; and
// store(row, column, value). LEFT_ALONG_INNER and RIGHT_ALONG_INNER: whether neighbours read along the inner dimension, else
// across it, whichever lies together in memory.

/// Invocations of a workgroup along and down its tile.
override TILE_WIDTH: u32 = 8;
override TILE_HEIGHT: u32 = 8;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
const SLICE = 16u;
/// Most workgroups along x; further columns of tiles are in the next layer of z.
const MOST_GROUPS = 65535u;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override LEFT_PITCH: u32 = TILE_HEIGHT + 1u;
override RIGHT_PITCH: u32 = TILE_WIDTH + 1u;
override LEFT_SLICE: u32 = SLICE * LEFT_PITCH;
override RIGHT_SLICE: u32 = SLICE * RIGHT_PITCH;
override TILE_COLUMNS: u32 = 4u * TILE_WIDTH;

var<workgroup> left_slice: array<vec4<f32>, LEFT_SLICE>;    // [k of the slice, 4 rows of the tile]
var<workgroup> right_slice: array<vec4<f32>, RIGHT_SLICE>;  // [k of the slice, 4 columns of the tile]

/// The tile, and the layer of the grid that it is in.
var<private> first_row: u32;
var<private> first_column: u32;
var<private> layer: u32;

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    layer = group.z / NETWORKS;
    first_row = group.y * 4u * TILE_HEIGHT;
    first_column = tile_column(group.x) * 4u * TILE_WIDTH;
    begin_tile(thread);
    begin_slice(0u, thread);
    workgroupBarrier();

    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();
    let inner = inner_size(group.z / NETWORKS);
    for (var slice = 0u; slice < inner; slice += SLICE) {
        for (var i = thread; i < SLICE * TILE_HEIGHT; i += THREADS) {
            let k = select(i / TILE_HEIGHT, i % SLICE, LEFT_ALONG_INNER);
            let four = select(i % TILE_HEIGHT, i / SLICE, LEFT_ALONG_INNER);
            left_slice[k * LEFT_PITCH + four] = vec4<f32>(
                left(4u * four, slice, k), left(4u * four + 1u, slice, k),
                left(4u * four + 2u, slice, k), left(4u * four + 3u, slice, k));
        }
        for (var i = thread; i < SLICE * TILE_WIDTH; i += THREADS) {
            let k = select(i / TILE_WIDTH, i % SLICE, RIGHT_ALONG_INNER);
            let four = select(i % TILE_WIDTH, i / SLICE, RIGHT_ALONG_INNER);
            right_slice[k * RIGHT_PITCH + four] = vec4<f32>(
                right(4u * four, slice, k), right(4u * four + 1u, slice, k),
                right(4u * four + 2u, slice, k), right(4u * four + 3u, slice, k));
        }
        workgroupBarrier();
        for (var k = 0u; k < SLICE; k++) {
            let left_four = left_slice[k * LEFT_PITCH + local.y];
            let right_four = right_slice[k * RIGHT_PITCH + local.x];
            row0 += left_four.x * right_four;
            row1 += left_four.y * right_four;
            row2 += left_four.z * right_four;
            row3 += left_four.w * right_four;
        }
        // all have read what began this slice before the first barrier
        begin_slice(slice + SLICE, thread);
        workgroupBarrier();
    }

    let row = first_row + 4u * local.y;
    let column = first_column + 4u * local.x;
    store_four(row, column, row0);
    store_four(row + 1u, column, row1);
    store_four(row + 2u, column, row2);
    store_four(row + 3u, column, row3);
}
