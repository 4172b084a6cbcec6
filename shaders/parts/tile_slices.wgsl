
// ---- slices of a tiled product's factors: read into registers while the previous slice is multiplied, then kept in workgroup
// memory. The product defines SLICE, the length of a slice, and LEFT_FOURS and RIGHT_FOURS, the number of fours across it. An
// invocation reads 16 / TILE_WIDTH fours of the left factor and 16 / TILE_HEIGHT of the right one

/// Invocations of a workgroup along and down its tile.
override TILE_WIDTH: u32 = 8;
override TILE_HEIGHT: u32 = 8;
override THREADS: u32 = TILE_WIDTH * TILE_HEIGHT;
/// Most workgroups along x; further columns of tiles are in the next layer of z.
const MOST_GROUPS = 65535u;
// One more than needed, so that invocations that write to successive rows do not use the same memory bank.
override LEFT_PITCH: u32 = LEFT_FOURS + 1u;
override RIGHT_PITCH: u32 = RIGHT_FOURS + 1u;
override LEFT_SLICE: u32 = SLICE * LEFT_PITCH;
override RIGHT_SLICE: u32 = SLICE * RIGHT_PITCH;
override TILE_COLUMNS: u32 = 4u * RIGHT_FOURS;
/// Fours of a slice that an invocation reads.
override LEFT_EACH: u32 = 16u / TILE_WIDTH;
override RIGHT_EACH: u32 = 16u / TILE_HEIGHT;

var<workgroup> left_slice: array<vec4<f32>, LEFT_SLICE>;    // [k of the slice, 4 rows of the tile]
var<workgroup> right_slice: array<vec4<f32>, RIGHT_SLICE>;  // [k of the slice, 4 columns of the tile]

/// The tile, and the layer of the grid that it is in.
var<private> first_row: u32;
var<private> first_column: u32;
var<private> layer: u32;

/// Index in the slice, and four of the tile, of the i-th that the workgroup reads.
fn slice_index(i: u32, fours: u32, is_along_inner: bool) -> vec2<u32> {
    if (is_along_inner) {
        return vec2<u32>(i % SLICE, i / SLICE);
    }
    return vec2<u32>(i / fours, i % fours);
}

fn left_four(i: u32, slice: u32) -> vec4<f32> {
    let at = slice_index(i, LEFT_FOURS, LEFT_ALONG_INNER);
    let row = 4u * at.y;
    return vec4<f32>(
        left(row, slice, at.x), left(row + 1u, slice, at.x), left(row + 2u, slice, at.x), left(row + 3u, slice, at.x));
}

fn right_four(i: u32, slice: u32) -> vec4<f32> {
    let at = slice_index(i, RIGHT_FOURS, RIGHT_ALONG_INNER);
    let column = 4u * at.y;
    return vec4<f32>(
        right(column, slice, at.x), right(column + 1u, slice, at.x),
        right(column + 2u, slice, at.x), right(column + 3u, slice, at.x));
}

fn keep_left(i: u32, values: vec4<f32>) {
    let at = slice_index(i, LEFT_FOURS, LEFT_ALONG_INNER);
    left_slice[at.x * LEFT_PITCH + at.y] = values;
}

fn keep_right(i: u32, values: vec4<f32>) {
    let at = slice_index(i, RIGHT_FOURS, RIGHT_ALONG_INNER);
    right_slice[at.x * RIGHT_PITCH + at.y] = values;
}

/// What an invocation has read of the next slice.
struct Slice {
    left0: vec4<f32>,
    left1: vec4<f32>,
    left2: vec4<f32>,
    left3: vec4<f32>,
    left4: vec4<f32>,
    left5: vec4<f32>,
    left6: vec4<f32>,
    left7: vec4<f32>,
    right0: vec4<f32>,
    right1: vec4<f32>,
    right2: vec4<f32>,
    right3: vec4<f32>,
    right4: vec4<f32>,
    right5: vec4<f32>,
    right6: vec4<f32>,
    right7: vec4<f32>,
}

fn read_slice(slice: u32, thread: u32) -> Slice {
    var read: Slice;
    read.left0 = left_four(thread, slice);
    if (LEFT_EACH > 1u) { read.left1 = left_four(thread + THREADS, slice); }
    if (LEFT_EACH > 2u) { read.left2 = left_four(thread + 2u * THREADS, slice); }
    if (LEFT_EACH > 3u) { read.left3 = left_four(thread + 3u * THREADS, slice); }
    if (LEFT_EACH > 4u) { read.left4 = left_four(thread + 4u * THREADS, slice); }
    if (LEFT_EACH > 5u) { read.left5 = left_four(thread + 5u * THREADS, slice); }
    if (LEFT_EACH > 6u) { read.left6 = left_four(thread + 6u * THREADS, slice); }
    if (LEFT_EACH > 7u) { read.left7 = left_four(thread + 7u * THREADS, slice); }
    read.right0 = right_four(thread, slice);
    if (RIGHT_EACH > 1u) { read.right1 = right_four(thread + THREADS, slice); }
    if (RIGHT_EACH > 2u) { read.right2 = right_four(thread + 2u * THREADS, slice); }
    if (RIGHT_EACH > 3u) { read.right3 = right_four(thread + 3u * THREADS, slice); }
    if (RIGHT_EACH > 4u) { read.right4 = right_four(thread + 4u * THREADS, slice); }
    if (RIGHT_EACH > 5u) { read.right5 = right_four(thread + 5u * THREADS, slice); }
    if (RIGHT_EACH > 6u) { read.right6 = right_four(thread + 6u * THREADS, slice); }
    if (RIGHT_EACH > 7u) { read.right7 = right_four(thread + 7u * THREADS, slice); }
    return read;
}

fn keep_slice(read: Slice, thread: u32) {
    keep_left(thread, read.left0);
    if (LEFT_EACH > 1u) { keep_left(thread + THREADS, read.left1); }
    if (LEFT_EACH > 2u) { keep_left(thread + 2u * THREADS, read.left2); }
    if (LEFT_EACH > 3u) { keep_left(thread + 3u * THREADS, read.left3); }
    if (LEFT_EACH > 4u) { keep_left(thread + 4u * THREADS, read.left4); }
    if (LEFT_EACH > 5u) { keep_left(thread + 5u * THREADS, read.left5); }
    if (LEFT_EACH > 6u) { keep_left(thread + 6u * THREADS, read.left6); }
    if (LEFT_EACH > 7u) { keep_left(thread + 7u * THREADS, read.left7); }
    keep_right(thread, read.right0);
    if (RIGHT_EACH > 1u) { keep_right(thread + THREADS, read.right1); }
    if (RIGHT_EACH > 2u) { keep_right(thread + 2u * THREADS, read.right2); }
    if (RIGHT_EACH > 3u) { keep_right(thread + 3u * THREADS, read.right3); }
    if (RIGHT_EACH > 4u) { keep_right(thread + 4u * THREADS, read.right4); }
    if (RIGHT_EACH > 5u) { keep_right(thread + 5u * THREADS, read.right5); }
    if (RIGHT_EACH > 6u) { keep_right(thread + 6u * THREADS, read.right6); }
    if (RIGHT_EACH > 7u) { keep_right(thread + 7u * THREADS, read.right7); }
}

/// Finds the tile that the workgroup works on.
fn begin(group: vec3<u32>, thread: u32) {
    network = group.z % NETWORKS;
    layer = group.z / NETWORKS;
    first_row = group.y * 4u * LEFT_FOURS;
    first_column = tile_column(group.x) * TILE_COLUMNS;
    begin_tile(thread);
}
