// Picks a block of batches out of a data set that lives on the device.
//   images[r] = all_images[indices[r]], labels[r] = all_labels[indices[r]]
// An index of NO_IMAGE gives a black image with the label NO_LABEL. One invocation a word of an image; along z
// one layer of workgroups a step, each with ROWS rows.

override ROWS: u32 = 1;
/// Words of an image: rows of bytes are padded to whole words.
override WORDS: u32 = 1;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(2) override INDICES_NET: u32 = 0;
@id(3) override IMAGES_NET: u32 = 0;
@id(4) override LABELS_NET: u32 = 0;

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
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= ROWS * WORDS) {
        return;
    }
    let row = group.z / NETS * ROWS + at / WORDS;
    let word = at % WORDS;
    let index = indices[INDICES_NET * net + row];
    let is_image = index != NO_IMAGE;
    var pixels = 0u;
    if (is_image) {
        pixels = all_images[index * WORDS + word];
    }
    images[IMAGES_NET * net + row * WORDS + word] = pixels;
    if (word == 0u) {
        var label = NO_LABEL;
        if (is_image) {
            label = all_labels[index];
        }
        labels[LABELS_NET * net + row] = label;
    }
}
