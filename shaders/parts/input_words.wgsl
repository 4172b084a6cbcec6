
// ---- input: four neighbouring values of a row at a time. x is float32, or image bytes in rows padded to whole words

override INPUTS: u32 = 1;
override X_IS_BYTES: bool = false;
/// 1 where x holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WORDS: u32 = (INPUTS + 3u) / 4u;

@group(0) @binding(2) var<storage, read> x: array<u32>;     // [rows, inputs]

/// Inputs 4 * word.. of a row.
fn x_at(row: u32, word: u32) -> vec4<f32> {
    let stored = row + X_IN_BLOCK * scalars.first_row;
    if (X_IS_BYTES) {
        return pixels(x[network * STRIDE_2 + stored * WORDS + word]);
    }
    let i = 4u * word;
    let start = network * STRIDE_2 + stored * INPUTS + i;
    if (INPUTS % 4u == 0u || i + 4u <= INPUTS) {
        return bitcast<vec4<f32>>(vec4<u32>(x[start], x[start + 1u], x[start + 2u], x[start + 3u]));
    }
    var values = vec4<f32>(bitcast<f32>(x[start]), 0.0, 0.0, 0.0);
    if (i + 1u < INPUTS) { values.y = bitcast<f32>(x[start + 1u]); }
    if (i + 2u < INPUTS) { values.z = bitcast<f32>(x[start + 2u]); }
    return values;
}
