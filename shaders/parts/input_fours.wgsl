
// ---- input: four neighbouring values of a row at a time, read together; rows of float32 must be whole vec4s

override INPUTS: u32 = 1;
override X_IS_BYTES: bool = false;
/// 1 where x holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override INPUT_FOURS: u32 = (INPUTS + 3u) / 4u;

// The same buffer twice, as floats and as bytes; one view is used.
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;       // [rows, inputs]
@group(0) @binding(3) var<storage, read> x_bytes: array<u32>;       // u8 [rows, inputs], rows padded to words

/// Inputs 4 * four.. of a row; past the last four, the last.
fn x_at(row: u32, four: u32) -> vec4<f32> {
    let at = (row + X_IN_BLOCK * scalars.first_row) * INPUT_FOURS + min(four, INPUT_FOURS - 1u);
    if (X_IS_BYTES) {
        return pixels(x_bytes[network * STRIDE_3 + at]);
    }
    return x[network * (STRIDE_2 / 4u) + at];
}
