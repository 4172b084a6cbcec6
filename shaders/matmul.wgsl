// Matrix product: out = A · B.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B
//
// A workgroup of WIDTH x HEIGHT invocations makes a tile of 4 HEIGHT x 4 WIDTH values, each invocation 4 x 4 of
// them in registers, from slices of 16 of the inner dimension that pass through workgroup memory.

override M: u32 = 1;
override N: u32 = 1;
override K: u32 = 1;
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
/// Image bytes, `byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override A_IS_BYTES: bool = false;
override A_GAIN: f32 = 1.0;
override A_OFFSET: f32 = 0.0;
override B_IS_BYTES: bool = false;
override B_GAIN: f32 = 1.0;
override B_OFFSET: f32 = 0.0;
/// Where the tensor begins in its buffer, in values.
override A_START: u32 = 0;
override B_START: u32 = 0;
override OUT_START: u32 = 0;
/// 0 where what a ReLU gave, at the same place as the result, is not above 0.
override HAS_GATE: bool = false;
/// 1 where the tensor holds the rows of a whole block of steps, of which first_row is this step's first.
override A_IN_BLOCK: u32 = 0;
override B_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override A_NET: u32 = 0;
@id(1) override B_NET: u32 = 0;
@id(2) override OUT_NET: u32 = 0;
@id(3) override GATE_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;     // [m, n]
@group(0) @binding(3) var<storage, read> gate: array<f32>;          // [m, n]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

const SLICE = 16u;
override THREADS: u32 = WIDTH * HEIGHT;
// Columns of what is stored.
override A_COLUMNS: u32 = select(K, M, TRANSPOSE_A);
override B_COLUMNS: u32 = select(N, K, TRANSPOSE_B);
// One more than needed: then invocations that write one below the other do not meet in one memory bank.
override A_PITCH: u32 = HEIGHT + 1u;
override B_PITCH: u32 = WIDTH + 1u;

var<workgroup> a_slice: array<vec4<f32>, SLICE * A_PITCH>;  // [k of the slice, 4 rows of the tile]
var<workgroup> b_slice: array<vec4<f32>, SLICE * B_PITCH>;  // [k of the slice, 4 columns of the tile]

fn a_stored(row: u32, column: u32) -> f32 {
    let at = row + A_IN_BLOCK * scalars.first_row;
    if (A_IS_BYTES) {
        let four = unpack4x8unorm(a[A_NET * net + at * ((A_COLUMNS + 3u) / 4u) + column / 4u]);
        return four[column % 4u] * A_GAIN + A_OFFSET;
    }
    return bitcast<f32>(a[A_NET * net + A_START + at * A_COLUMNS + column]);
}

fn b_stored(row: u32, column: u32) -> f32 {
    let at = row + B_IN_BLOCK * scalars.first_row;
    if (B_IS_BYTES) {
        let four = unpack4x8unorm(b[B_NET * net + at * ((B_COLUMNS + 3u) / 4u) + column / 4u]);
        return four[column % 4u] * B_GAIN + B_OFFSET;
    }
    return bitcast<f32>(b[B_NET * net + B_START + at * B_COLUMNS + column]);
}

/// A[row, inner], 0 outside.
fn a_at(row: u32, inner: u32) -> f32 {
    if (row >= M || inner >= K) {
        return 0.0;
    }
    if (TRANSPOSE_A) {
        return a_stored(inner, row);
    }
    return a_stored(row, inner);
}

/// B[inner, column], 0 outside.
fn b_at(inner: u32, column: u32) -> f32 {
    if (column >= N || inner >= K) {
        return 0.0;
    }
    if (TRANSPOSE_B) {
        return b_stored(column, inner);
    }
    return b_stored(inner, column);
}

fn store_one(row: u32, column: u32, value: f32) {
    if (column >= N) {
        return;
    }
    var result = value;
    if (HAS_GATE) {
        result = select(0.0, value, gate[GATE_NET * net + row * N + column] > 0.0);
    }
    out[OUT_NET * net + OUT_START + row * N + column] = result;
}

fn store(row: u32, column: u32, values: vec4<f32>) {
    if (row >= M) {
        return;
    }
    store_one(row, column, values.x);
    store_one(row, column + 1u, values.y);
    store_one(row, column + 2u, values.z);
    store_one(row, column + 3u, values.w);
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let first_row = group.y * 4u * HEIGHT;
    let first_column = (group.z / NETS * 65535u + group.x) * 4u * WIDTH;
    var row0 = vec4<f32>();
    var row1 = vec4<f32>();
    var row2 = vec4<f32>();
    var row3 = vec4<f32>();

    for (var inner = 0u; inner < K; inner += SLICE) {
        // neighbours read along whichever dimension lies together in memory
        for (var i = thread; i < SLICE * HEIGHT; i += THREADS) {
            let k = select(i % SLICE, i / HEIGHT, TRANSPOSE_A);
            let y = select(i / SLICE, i % HEIGHT, TRANSPOSE_A);
            let row = first_row + 4u * y;
            let at = inner + k;
            a_slice[k * A_PITCH + y] = vec4<f32>(a_at(row, at), a_at(row + 1u, at), a_at(row + 2u, at), a_at(row + 3u, at));
        }
        for (var i = thread; i < SLICE * WIDTH; i += THREADS) {
            let k = select(i / WIDTH, i % SLICE, TRANSPOSE_B);
            let x = select(i % WIDTH, i / SLICE, TRANSPOSE_B);
            let column = first_column + 4u * x;
            let at = inner + k;
            b_slice[k * B_PITCH + x] =
                vec4<f32>(b_at(at, column), b_at(at, column + 1u), b_at(at, column + 2u), b_at(at, column + 3u));
        }
        workgroupBarrier();
        for (var k = 0u; k < SLICE; k++) {
            let left = a_slice[k * A_PITCH + local.y];
            let right = b_slice[k * B_PITCH + local.x];
            row0 += left.x * right;
            row1 += left.y * right;
            row2 += left.z * right;
            row3 += left.w * right;
        }
        workgroupBarrier();
    }

    let row = first_row + 4u * local.y;
    let column = first_column + 4u * local.x;
    store(row, column, row0);
    store(row + 1u, column, row1);
    store(row + 2u, column, row2);
    store(row + 3u, column, row3);
}
