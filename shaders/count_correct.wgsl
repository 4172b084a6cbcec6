// Adds to correct[0] the number of rows whose largest logit (the first of equals) stands at the label.
// One invocation a row. Whole numbers: atomics give the same sum in any order.

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
/// 1 where labels holds the rows of a whole block of steps, of which first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override LOGITS_NET: u32 = 0;
@id(1) override LABELS_NET: u32 = 0;
@id(2) override CORRECT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> logits: array<f32>;                    // [rows, classes]
@group(0) @binding(1) var<storage, read> labels: array<u32>;                    // [rows]
@group(0) @binding(2) var<storage, read_write> correct: array<atomic<u32>>;     // [1]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

var<workgroup> hits: array<u32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let row = (group.y * groups.x + group.x) * 64u + thread;
    var hit = 0u;
    if (row < ROWS) {
        var largest = logits[LOGITS_NET * net + row * CLASSES];
        var predicted = 0u;
        for (var kind = 1u; kind < CLASSES; kind++) {
            let logit = logits[LOGITS_NET * net + row * CLASSES + kind];
            if (logit > largest) {
                largest = logit;
                predicted = kind;
            }
        }
        if (predicted == labels[LABELS_NET * net + row + LABELS_IN_BLOCK * scalars.first_row]) {
            hit = 1u;
        }
    }
    hits[thread] = hit;
    workgroupBarrier();
    if (thread == 0u) {
        var sum = 0u;
        for (var i = 0u; i < 64u; i++) {
            sum += hits[i];
        }
        atomicAdd(&correct[CORRECT_NET * net], sum);
    }
}
