// Adds one for each row to counts[label, predicted]; predicted is the largest logit's class, the first of equals.
// One invocation per row. Atomic sums of integers are the same in any order.

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
/// 1 where labels holds the rows of a whole block of steps, of which first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;
override COUNT: u32 = ROWS;

@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [rows, classes]
@group(0) @binding(1) var<storage, read> labels: array<u32>;                // [rows]
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;  // [classes, classes]

fn compute(row: u32) {
    let label = labels[network * STRIDE_1 + row + LABELS_IN_BLOCK * scalars.first_row];
    if (label < CLASSES) {
        atomicAdd(&counts[network * STRIDE_2 + label * CLASSES + predicted_class(row)], 1u);
    }
}
