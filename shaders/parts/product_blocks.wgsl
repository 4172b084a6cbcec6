
// ---- factors of a product in blocks of 4 x 4, read four values at a time. Rows and columns past the end read the last ones
// instead and are not stored, so that the inner loop has no branches

// Each factor once as vec4s and once as words: the same buffer, of which one view is used.
@group(0) @binding(3) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> a_words: array<u32>;
@group(0) @binding(5) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> b_words: array<u32>;

// Fours of a stored row.
override A_FOURS: u32 = (A_COLUMNS + 3u) / 4u;
override B_FOURS: u32 = (B_COLUMNS + 3u) / 4u;
/// Whether every stored row consists of whole vec4s and begins at one; else each value is read by itself.
override A_IN_FOURS: bool = true;
override B_IN_FOURS: bool = true;
override INNER_FOURS: u32 = (K + 3u) / 4u;

/// Four values that lie together in a stored row of A, or of B.
fn a_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + A_IN_BLOCK * scalars.first_row) * A_FOURS + four;
    if (!A_IS_BYTES && !A_IN_FOURS) {
        let start = network * STRIDE_4 + A_OFFSET + (row + A_IN_BLOCK * scalars.first_row) * A_COLUMNS;
        let columns = min(vec4<u32>(4u * four) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(A_COLUMNS - 1u));
        return bitcast<vec4<f32>>(vec4<u32>(
            a_words[start + columns.x], a_words[start + columns.y],
            a_words[start + columns.z], a_words[start + columns.w]));
    }
    if (A_IS_BYTES) {
        return pixels(a_words[network * STRIDE_4 + at]);
    }
    return a[network * (STRIDE_3 / 4u) + A_OFFSET / 4u + at];
}

fn b_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + B_IN_BLOCK * scalars.first_row) * B_FOURS + four;
    if (!B_IS_BYTES && !B_IN_FOURS) {
        let start = network * STRIDE_6 + B_OFFSET + (row + B_IN_BLOCK * scalars.first_row) * B_COLUMNS;
        let columns = min(vec4<u32>(4u * four) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(B_COLUMNS - 1u));
        return bitcast<vec4<f32>>(vec4<u32>(
            b_words[start + columns.x], b_words[start + columns.y],
            b_words[start + columns.z], b_words[start + columns.w]));
    }
    if (B_IS_BYTES) {
        return pixels(b_words[network * STRIDE_6 + at]);
    }
    return b[network * (STRIDE_5 / 4u) + B_OFFSET / 4u + at];
}

/// A[row.., 4 inner .. 4 inner + 4] for four rows, one per column of the result.
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

/// B[4 inner .. 4 inner + 4, column..] for four columns, one inner index per column of the result; 0 past the
/// last.
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
