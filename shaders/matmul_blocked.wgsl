// Matrix product, large blocks in registers: out = A · B, plus a bias for each column where there is one, through a ReLU where
// RELU says so.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B
//
// The same as matmul.wgsl and dense.wgsl without workgroup memory: each invocation makes 8 x 8 values in registers, for
// which it reads 64 values, four together, for every 256 multiply-adds, and leaves it to the caches that its neighbours
// read the same. Nothing waits for anything. Neighbours along x read and write side by side. Rows and columns past the end
// read the last ones instead and are not stored, so that the inner loop asks no questions.
// Four together: stored rows must be whole vec4s and begin at one.

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
override BIAS_START: u32 = 0;
override OUT_START: u32 = 0;
override HAS_BIAS: bool = false;
override RELU: bool = false;
/// 0 where what a ReLU gave, at the same place as the result, is not above 0.
override HAS_GATE: bool = false;
/// 1 where the tensor holds the rows of a whole block of steps, of which first_row is this step's first.
override A_IN_BLOCK: u32 = 0;
override B_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override A_NET: u32 = 0;
@id(1) override A_BYTES_NET: u32 = 0;
@id(2) override B_NET: u32 = 0;
@id(3) override B_BYTES_NET: u32 = 0;
@id(4) override BIAS_NET: u32 = 0;
@id(5) override OUT_NET: u32 = 0;
@id(6) override GATE_NET: u32 = 0;
var<private> net: u32;

// Each side once as floats and once as bytes: the same buffer, of which one view is used.
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> a_bytes: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b_bytes: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;          // [n]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;     // [m, n]
@group(0) @binding(6) var<storage, read> gate: array<f32>;          // [m, n]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

// Fours of a stored row.
override A_FOURS: u32 = (select(K, M, TRANSPOSE_A) + 3u) / 4u;
override B_FOURS: u32 = (select(N, K, TRANSPOSE_B) + 3u) / 4u;
override INNER_FOURS: u32 = (K + 3u) / 4u;

/// Four values that lie together in a stored row of A, or of B.
fn a_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + A_IN_BLOCK * scalars.first_row) * A_FOURS + four;
    if (A_IS_BYTES) {
        return unpack4x8unorm(a_bytes[A_BYTES_NET * net + at]) * A_GAIN + A_OFFSET;
    }
    return a[A_NET / 4u * net + A_START / 4u + at];
}

fn b_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + B_IN_BLOCK * scalars.first_row) * B_FOURS + four;
    if (B_IS_BYTES) {
        return unpack4x8unorm(b_bytes[B_BYTES_NET * net + at]) * B_GAIN + B_OFFSET;
    }
    return b[B_NET / 4u * net + B_START / 4u + at];
}

/// A[row.., 4 inner .. 4 inner + 4] for four rows, one a column of the result.
fn a_block(row: u32, inner: u32) -> mat4x4<f32> {
    if (TRANSPOSE_A) {
        let four = min(row / 4u, A_FOURS - 1u);
        let last = K - 1u;
        return transpose(mat4x4<f32>(
            a_four(min(4u * inner, last), four), a_four(min(4u * inner + 1u, last), four),
            a_four(min(4u * inner + 2u, last), four), a_four(min(4u * inner + 3u, last), four)));
    }
    let last = M - 1u;
    return mat4x4<f32>(
        a_four(min(row, last), inner), a_four(min(row + 1u, last), inner),
        a_four(min(row + 2u, last), inner), a_four(min(row + 3u, last), inner));
}

/// B[4 inner .. 4 inner + 4, column..] for four columns, one inner index a column of the result; 0 past the last.
fn b_block(inner: u32, column: u32) -> mat4x4<f32> {
    var block: mat4x4<f32>;
    if (TRANSPOSE_B) {
        let last = N - 1u;
        block = transpose(mat4x4<f32>(
            b_four(min(column, last), inner), b_four(min(column + 1u, last), inner),
            b_four(min(column + 2u, last), inner), b_four(min(column + 3u, last), inner)));
    } else {
        let four = min(column / 4u, B_FOURS - 1u);
        let last = K - 1u;
        block = mat4x4<f32>(
            b_four(min(4u * inner, last), four), b_four(min(4u * inner + 1u, last), four),
            b_four(min(4u * inner + 2u, last), four), b_four(min(4u * inner + 3u, last), four));
    }
    if (K % 4u != 0u) {
        let left = K - 4u * inner;
        block[1] = select(vec4<f32>(), block[1], left > 1u);
        block[2] = select(vec4<f32>(), block[2], left > 2u);
        block[3] = select(vec4<f32>(), block[3], left > 3u);
    }
    return block;
}

fn store_one(row: u32, column: u32, value: f32) {
    if (row < M && column < N) {
        var result = value;
        if (HAS_BIAS) {
            result += bias[BIAS_NET * net + BIAS_START + column];
        }
        if (RELU) {
            result = max(result, 0.0);
        }
        if (HAS_GATE) {
            result = select(0.0, result, gate[GATE_NET * net + row * N + column] > 0.0);
        }
        out[OUT_NET * net + OUT_START + row * N + column] = result;
    }
}

fn store_four(row: u32, column: u32, values: vec4<f32>) {
    store_one(row, column, values.x);
    store_one(row, column + 1u, values.y);
    store_one(row, column + 2u, values.z);
    store_one(row, column + 3u, values.w);
}

/// Four rows, one a column of the matrix.
fn store(row: u32, column: u32, block: mat4x4<f32>) {
    store_four(row, column, block[0]);
    store_four(row + 1u, column, block[1]);
    store_four(row + 2u, column, block[2]);
    store_four(row + 3u, column, block[3]);
}

@compute @workgroup_size(WIDTH, HEIGHT)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    net = group.z % NETS;
    let row = 4u * (2u * HEIGHT * group.y + local.y);
    let next_row = row + 4u * HEIGHT;
    let column = 4u * (2u * WIDTH * (group.z / NETS * 65535u + group.x) + local.x);
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

    store(row, column, here);
    store(row, next_column, right);
    store(next_row, column, below);
    store(next_row, next_column, across);
}
