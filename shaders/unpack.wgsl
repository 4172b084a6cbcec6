// Makes floats of image bytes: out[r, c] = images[r, c] / 255 * GAIN + OFFSET.
// Value i of the grid is a word, that is four neighbouring bytes of a row.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
/// 1 where images holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WORDS: u32 = (COLUMNS + 3u) / 4u;
override COUNT: u32 = ROWS * WORDS;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // u8 [rows, columns], rows padded to words
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [rows, columns]

fn compute(i: u32) {
    let values = pixels(images[network * STRIDE_0 + i + X_IN_BLOCK * scalars.first_row * WORDS]);
    let row = i / WORDS;
    let column = 4u * (i % WORDS);
    let first = network * STRIDE_1 + row * COLUMNS + column;
    out[first] = values.x;
    if (column + 1u < COLUMNS) { out[first + 1u] = values.y; }
    if (column + 2u < COLUMNS) { out[first + 2u] = values.z; }
    if (column + 3u < COLUMNS) { out[first + 3u] = values.w; }
}
