
// ---- tiled product, large: as tiled_product.wgsl, which says what the op gives. A workgroup of TILE_WIDTH x TILE_HEIGHT
// invocations makes a tile of 8 TILE_HEIGHT rows x 8 TILE_WIDTH columns, each invocation 8 x 8 of them in registers, from slices
// of 8 of the inner dimension. The next slice is read into registers while this one is multiplied. TILE_WIDTH is 8 or 16,
// TILE_HEIGHT 4, 8 or 16.

/// Invocations of a workgroup along and down its tile.
override TILE_WIDTH: u32 = 8;
override TILE_HEIGHT: u32 = 8;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
const SLICE = 8u;
/// Most workgroups along x; further columns of tiles are in the next layer of z.
const MOST_GROUPS = 65535u;
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override LEFT_PITCH: u32 = 2u * TILE_HEIGHT + 1u;
override RIGHT_PITCH: u32 = 2u * TILE_WIDTH + 1u;
override LEFT_SLICE: u32 = SLICE * LEFT_PITCH;
override RIGHT_SLICE: u32 = SLICE * RIGHT_PITCH;
override TILE_COLUMNS: u32 = 8u * TILE_WIDTH;
/// Fours of a slice that an invocation reads.
override LEFT_EACH: u32 = 2u * SLICE / TILE_WIDTH;
override RIGHT_EACH: u32 = 2u * SLICE / TILE_HEIGHT;

var<workgroup> left_slice: array<vec4<f32>, LEFT_SLICE>;    // [k of the slice, 4 rows of the tile]
var<workgroup> right_slice: array<vec4<f32>, RIGHT_SLICE>;  // [k of the slice, 4 columns of the tile]

/// The tile, and the layer of the grid that it is in.
var<private> first_row: u32;
var<private> first_column: u32;
var<private> layer: u32;

/// Index in the slice, and four of the tile, of the i-th that the workgroup reads of the left factor.
fn left_index(i: u32) -> vec2<u32> {
    if (LEFT_ALONG_INNER) {
        return vec2<u32>(i % SLICE, i / SLICE);
    }
    return vec2<u32>(i / (2u * TILE_HEIGHT), i % (2u * TILE_HEIGHT));
}

fn right_index(i: u32) -> vec2<u32> {
    if (RIGHT_ALONG_INNER) {
        return vec2<u32>(i % SLICE, i / SLICE);
    }
    return vec2<u32>(i / (2u * TILE_WIDTH), i % (2u * TILE_WIDTH));
}

fn left_four(i: u32, slice: u32) -> vec4<f32> {
    let at = left_index(i);
    let row = 4u * at.y;
    return vec4<f32>(
        left(row, slice, at.x), left(row + 1u, slice, at.x), left(row + 2u, slice, at.x), left(row + 3u, slice, at.x));
}

fn right_four(i: u32, slice: u32) -> vec4<f32> {
    let at = right_index(i);
    let column = 4u * at.y;
    return vec4<f32>(
        right(column, slice, at.x), right(column + 1u, slice, at.x),
        right(column + 2u, slice, at.x), right(column + 3u, slice, at.x));
}

fn keep_left(i: u32, values: vec4<f32>) {
    let at = left_index(i);
    left_slice[at.x * LEFT_PITCH + at.y] = values;
}

fn keep_right(i: u32, values: vec4<f32>) {
    let at = right_index(i);
    right_slice[at.x * RIGHT_PITCH + at.y] = values;
}

/// Fours that an invocation has read, for the next slice.
struct Read {
    left0: vec4<f32>,
    left1: vec4<f32>,
    right0: vec4<f32>,
    right1: vec4<f32>,
    right2: vec4<f32>,
    right3: vec4<f32>,
}

fn read_slice(slice: u32, thread: u32) -> Read {
    var read: Read;
    read.left0 = left_four(thread, slice);
    if (LEFT_EACH > 1u) { read.left1 = left_four(thread + THREADS, slice); }
    read.right0 = right_four(thread, slice);
    if (RIGHT_EACH > 1u) { read.right1 = right_four(thread + THREADS, slice); }
    if (RIGHT_EACH > 2u) { read.right2 = right_four(thread + 2u * THREADS, slice); }
    if (RIGHT_EACH > 3u) { read.right3 = right_four(thread + 3u * THREADS, slice); }
    return read;
}

fn keep_slice(read: Read, thread: u32) {
    keep_left(thread, read.left0);
    if (LEFT_EACH > 1u) { keep_left(thread + THREADS, read.left1); }
    keep_right(thread, read.right0);
    if (RIGHT_EACH > 1u) { keep_right(thread + THREADS, read.right1); }
    if (RIGHT_EACH > 2u) { keep_right(thread + 2u * THREADS, read.right2); }
    if (RIGHT_EACH > 3u) { keep_right(thread + 3u * THREADS, read.right3); }
}

/// Each row's value times each column's, one row a column of the matrix.
fn products(rows: vec4<f32>, columns: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(rows.x * columns, rows.y * columns, rows.z * columns, rows.w * columns);
}

@compute @workgroup_size(TILE_WIDTH, TILE_HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    layer = group.z / NETWORKS;
    first_row = group.y * 8u * TILE_HEIGHT;
    first_column = tile_column(group.x) * 8u * TILE_WIDTH;
    begin_tile(thread);
    begin_slice(0u, thread);
    workgroupBarrier();

    var here = mat4x4<f32>();
    var right_of = mat4x4<f32>();
    var below = mat4x4<f32>();
    var across = mat4x4<f32>();
    let inner = inner_size(group.z / NETWORKS);
    var read = read_slice(0u, thread);
    for (var slice = 0u; slice < inner; slice += SLICE) {
        // all have read the factors, and multiplied the last slice
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
