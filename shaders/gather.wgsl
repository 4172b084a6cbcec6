// Picks a block of batches out of a data set that is on the device.
//   images[r] = all_images[indices[r]], labels[r] = all_labels[indices[r]]
// An index of NO_IMAGE gives a black image with the label NO_LABEL. Value i of the grid is a word of a step's images; along
// z there is a layer of workgroups for each step.

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
    network = group.z % NETWORKS;
    let i = (group.y * groups.x + group.x) * 256u + thread;
    if (i >= ROWS * WORDS) {
        return;
    }
    let row = group.z / NETWORKS * ROWS + i / WORDS;
    let word = i % WORDS;
    let index = indices[network * STRIDE_2 + row];
    let is_image = index != NO_IMAGE;
    var pixels = 0u;
    if (is_image) {
        pixels = all_images[index * WORDS + word];
    }
    images[network * STRIDE_3 + row * WORDS + word] = pixels;
    if (word == 0u) {
        var label = NO_LABEL;
        if (is_image) {
            label = all_labels[index];
        }
        labels[network * STRIDE_4 + row] = label;
    }
}
