// Converts image bytes to floats: out[r, k, p] = images[r, k, p] / 255 * gain[k] + offset[k], k being a
// channel. Value i of the grid is a word, that is, four neighbouring bytes of an image.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
/// 1 where images holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WORDS: u32 = (COLUMNS + 3u) / 4u;
override COUNT: u32 = ROWS * WORDS;
override PIXELS: u32 = COLUMNS / CHANNELS;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // u8 [rows, columns], rows padded to words
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [rows, columns]; columns: [channels, pixels]

fn store(row: u32, column: u32, value: f32) {
    if (column < COLUMNS) {
        // a word's bytes may be of two channels, or of three
        out[network * STRIDE_1 + row * COLUMNS + column] = normalised(value, column / PIXELS);
    }
}

fn compute(i: u32) {
    let values = unpack4x8unorm(images[network * STRIDE_0 + i + X_IN_BLOCK * scalars.first_row * WORDS]);
    let row = i / WORDS;
    let column = 4u * (i % WORDS);
    store(row, column, values.x);
    store(row, column + 1u, values.y);
    store(row, column + 2u, values.z);
    store(row, column + 3u, values.w);
}
