// Adds to correct[0] the number of rows whose largest logit (the first of equals) is that of the label. One
// invocation per row. Atomic sums of integers are the same in any order.

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
/// 1 where labels holds the rows of a whole block of steps, of which first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;

@group(0) @binding(0) var<storage, read> logits: array<f32>;                    // [rows, classes]
@group(0) @binding(1) var<storage, read> labels: array<u32>;                    // [rows]
@group(0) @binding(2) var<storage, read_write> correct: array<atomic<u32>>;     // [1]

var<workgroup> hits: array<u32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let row = (group.y * groups.x + group.x) * 64u + thread;
    var hit = 0u;
    if (row < ROWS) {
        let label = labels[network * STRIDE_1 + row + LABELS_IN_BLOCK * scalars.first_row];
        hit = u32(predicted_class(row) == label);
    }
    hits[thread] = hit;
    workgroupBarrier();
    if (thread == 0u) {
        var sum = 0u;
        for (var i = 0u; i < 64u; i++) {
            sum += hits[i];
        }
        atomicAdd(&correct[network * STRIDE_2], sum);
    }
}
