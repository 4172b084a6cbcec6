// Matrix product: out = A · B, and for a dense layer with a bias for each column and ReLU.
//   A is [m, k], or stored as [k, m] with TRANSPOSE_A; B is [k, n], or stored as [n, k] with TRANSPOSE_B; out is [m, n]

@group(0) @binding(3) var<storage, read> a: array<u32>;
@group(0) @binding(4) var<storage, read> b: array<u32>;

// Words of a stored row of bytes.
override A_WORDS: u32 = (A_COLUMNS + 3u) / 4u;
override B_WORDS: u32 = (B_COLUMNS + 3u) / 4u;

override LEFT_ALONG_INNER: bool = !TRANSPOSE_A;
override RIGHT_ALONG_INNER: bool = TRANSPOSE_B;

fn a_stored(row: u32, column: u32) -> f32 {
    let at = row + A_IN_BLOCK * scalars.first_row;
    if (A_IS_BYTES) {
        return pixels(a[network * STRIDE_3 + at * A_WORDS + column / 4u])[column % 4u];
    }
    return bitcast<f32>(a[network * STRIDE_3 + A_OFFSET + at * A_COLUMNS + column]);
}

fn b_stored(row: u32, column: u32) -> f32 {
    let at = row + B_IN_BLOCK * scalars.first_row;
    if (B_IS_BYTES) {
        return pixels(b[network * STRIDE_4 + at * B_WORDS + column / 4u])[column % 4u];
    }
    return bitcast<f32>(b[network * STRIDE_4 + B_OFFSET + at * B_COLUMNS + column]);
}

// Both without branches: a tiled product calls each 4 to 32 times, and some drivers take seconds to compile that many branches.

/// A[first_row + row, slice + k], 0 outside.
fn left(row: u32, slice: u32, k: u32) -> f32 {
    let is_inside = (first_row + row < M) & (slice + k < K);
    let y = select(0u, first_row + row, is_inside);
    let inner = select(0u, slice + k, is_inside);
    var value: f32;
    if (TRANSPOSE_A) {
        value = a_stored(inner, y);
    } else {
        value = a_stored(y, inner);
    }
    return select(0.0, value, is_inside);
}

/// B[slice + k, first_column + column], 0 outside.
fn right(column: u32, slice: u32, k: u32) -> f32 {
    let is_inside = (first_column + column < N) & (slice + k < K);
    let x = select(0u, first_column + column, is_inside);
    let inner = select(0u, slice + k, is_inside);
    var value: f32;
    if (TRANSPOSE_B) {
        value = b_stored(x, inner);
    } else {
        value = b_stored(inner, x);
    }
    return select(0.0, value, is_inside);
}

fn store(row: u32, column: u32, value: f32) {
    if (row < M && column < N) {
        store_result(row * N + column, column, value);
    }
}

fn tile_column(x: u32) -> u32 {
    return layer * MOST_GROUPS + x;
}

fn inner_size(layer: u32) -> u32 {
    return K;
}

fn begin_tile(thread: u32) {}

fn begin_slice(slice: u32, thread: u32) {}
