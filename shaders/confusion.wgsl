// Adds one for each row to counts[label, predicted]; predicted is the largest logit's class, the first of equals.
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
@id(2) override COUNTS_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [rows, classes]
@group(0) @binding(1) var<storage, read> labels: array<u32>;                // [rows]
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;  // [classes, classes]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let row = (group.y * groups.x + group.x) * 64u + thread;
    if (row >= ROWS) {
        return;
    }
    let label = labels[LABELS_NET * net + row + LABELS_IN_BLOCK * scalars.first_row];
    if (label >= CLASSES) {
        return;
    }
    var largest = logits[LOGITS_NET * net + row * CLASSES];
    var predicted = 0u;
    for (var kind = 1u; kind < CLASSES; kind++) {
        let logit = logits[LOGITS_NET * net + row * CLASSES + kind];
        if (logit > largest) {
            largest = logit;
            predicted = kind;
        }
    }
    atomicAdd(&counts[COUNTS_NET * net + label * CLASSES + predicted], 1u);
}
