// Picks a block of batches out of a data set that lives on the device.
//   images[r] = all_images[indices[r]], labels[r] = all_labels[indices[r]]
// An index of NO_IMAGE gives a black image with the label NO_LABEL. One invocation a word of an image; along z
// one layer of workgroups a step, each with ROWS rows.

override ROWS: u32 = 1;
/// Words of an image: rows of bytes are padded to whole words.
override WORDS: u32 = 1;

@group(0) @binding(0) var<storage, read> all_images: array<u32>;        // u8 [examples, columns]
@group(0) @binding(1) var<storage, read> all_labels: array<u32>;        // [examples]
@group(0) @binding(2) var<storage, read> indices: array<u32>;           // [steps * rows]
@group(0) @binding(3) var<storage, read_write> images: array<u32>;      // u8 [steps * rows, columns]
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;      // [steps * rows]

const NO_IMAGE = 0xffffffffu;
const NO_LABEL = 0xffffffffu;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= ROWS * WORDS) {
        return;
    }
    let row = group.z * ROWS + at / WORDS;
    let word = at % WORDS;
    let index = indices[row];
    let is_image = index != NO_IMAGE;
    var pixels = 0u;
    if (is_image) {
        pixels = all_images[index * WORDS + word];
    }
    images[row * WORDS + word] = pixels;
    if (word == 0u) {
        var label = NO_LABEL;
        if (is_image) {
            label = all_labels[index];
        }
        labels[row] = label;
    }
}
