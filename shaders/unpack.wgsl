// Makes floats of image bytes.
//   out[r, c] = images[r, c] / 255 * GAIN + OFFSET
// One invocation a word, that is four neighbouring bytes of a row.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where images holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override IMAGES_NET: u32 = 0;
@id(1) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // u8 [rows, columns], rows padded to words
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [rows, columns]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

override WORDS: u32 = (COLUMNS + 3u) / 4u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= ROWS * WORDS) {
        return;
    }
    let values = unpack4x8unorm(images[IMAGES_NET * net + at + X_IN_BLOCK * scalars.first_row * WORDS]) * GAIN + OFFSET;
    let row = at / WORDS;
    let column = 4u * (at % WORDS);
    let first = OUT_NET * net + row * COLUMNS + column;
    out[first] = values.x;
    if (column + 1u < COLUMNS) { out[first + 1u] = values.y; }
    if (column + 2u < COLUMNS) { out[first + 2u] = values.z; }
    if (column + 3u < COLUMNS) { out[first + 3u] = values.w; }
}
