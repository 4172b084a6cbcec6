// Matrix product in register blocks: the same as matmul.wgsl.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B; out is [m, n]
//
// No workgroup memory: each invocation makes 8 x 8 values in registers, for which it reads 64 values, four together, for every
// 256 multiply-adds, and leaves it to the caches that its neighbours read the same. Neighbours along x read and write side by
// side. Rows and columns past the end read the last ones instead and are not stored, so that the inner loop has no branches.
// Four together: stored rows must be whole vec4s and begin at one.

override M: u32 = 1;
override N: u32 = 1;
override K: u32 = 1;
override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
/// Image bytes in rows that are padded to whole words; else float32.
override A_IS_BYTES: bool = false;
override B_IS_BYTES: bool = false;
/// Where the tensor begins in its buffer, in values.
override A_OFFSET: u32 = 0;
override B_OFFSET: u32 = 0;
/// 1 where the tensor holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override A_IN_BLOCK: u32 = 0;
override B_IN_BLOCK: u32 = 0;

// Each factor once as floats and once as bytes: the same buffer, of which one view is used.
@group(0) @binding(3) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> a_bytes: array<u32>;
@group(0) @binding(5) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> b_bytes: array<u32>;

// Fours of a stored row.
override A_FOURS: u32 = (select(K, M, TRANSPOSE_A) + 3u) / 4u;
override B_FOURS: u32 = (select(N, K, TRANSPOSE_B) + 3u) / 4u;
override INNER_FOURS: u32 = (K + 3u) / 4u;

/// Four values that lie together in a stored row of A, or of B.
fn a_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + A_IN_BLOCK * scalars.first_row) * A_FOURS + four;
    if (A_IS_BYTES) {
        return pixels(a_bytes[network * STRIDE_4 + at]);
    }
    return a[network * (STRIDE_3 / 4u) + A_OFFSET / 4u + at];
}

fn b_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + B_IN_BLOCK * scalars.first_row) * B_FOURS + four;
    if (B_IS_BYTES) {
        return pixels(b_bytes[network * STRIDE_6 + at]);
    }
    return b[network * (STRIDE_5 / 4u) + B_OFFSET / 4u + at];
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

fn store(row: u32, column: u32, value: f32) {
    if (row < M && column < N) {
        store_result(row * N + column, column, value);
    }
}

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
