// A classifier's last layer and its loss in one pass, 4 rows by one invocation: as dense_softmax_cross_entropy.wgsl, without
// workgroup memory.
//   logits[r, c]          = bias[c] + sum over i of x[r, i] * weight[c, i]
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
// With class weights, both are multiplied by the weight of the label's class.
// labels [rows], sample_loss [rows], x [rows, inputs]

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
override SCALE: f32 = 1.0;
/// 1 where the tensor holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;
override LOSS_IN_BLOCK: u32 = 0;

@group(0) @binding(0) var<storage, read> labels: array<u32>;                // [rows]
@group(0) @binding(1) var<storage, read_write> sample_loss: array<f32>;     // [rows]

const TILE = 5u;    // classes whose logits are summed in one pass over the inputs

/// The first of the rows, and the largest logit of each.
var<private> first_row: u32;
var<private> largest: vec4<f32>;

fn logit_index(row: u32, kind: u32) -> u32 {
    return network * STRIDE_5 + row * CLASSES + kind;
}

/// logits_gradient keeps the logits of a class, one per row, until the gradient takes their place.
fn keep(kind: u32, products: vec4<f32>) {
    if (kind >= CLASSES) {
        return;
    }
    let logits = bias[network * STRIDE_4 + BIAS_OFFSET + kind] + products;
    largest = select(max(largest, logits), logits, vec4<bool>(kind == 0u));
    for (var row = 0u; row < min(4u, ROWS - first_row); row++) {
        logits_gradient[logit_index(first_row + row, kind)] = logits[row];
    }
}

/// Loss and gradient of a row from its logits.
fn cross_entropy(row: u32, row_largest: f32) {
    var total = 0.0;
    for (var kind = 0u; kind < CLASSES; kind++) {
        total += exp(logits_gradient[logit_index(row, kind)] - row_largest);
    }
    let label = labels[network * STRIDE_0 + row + LABELS_IN_BLOCK * scalars.first_row];
    let is_labelled = label < CLASSES;
    var weight = 1.0;
    var loss = 0.0;
    if (is_labelled) {
        weight = class_weight(label);
        loss = weight * (log(total) + (row_largest - logits_gradient[logit_index(row, label)]));
    }
    sample_loss[network * STRIDE_1 + row + LOSS_IN_BLOCK * scalars.first_row] = loss;
    for (var kind = 0u; kind < CLASSES; kind++) {
        let at = logit_index(row, kind);
        let probability = exp(logits_gradient[at] - row_largest) / total;
        let gradient = weight * (probability - select(0.0, 1.0, kind == label)) * SCALE;
        logits_gradient[at] = select(0.0, gradient, is_labelled);
    }
}

@compute @workgroup_size(8)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    first_row = 4u * ((group.y * groups.x + group.x) * 8u + thread);
    if (first_row >= ROWS) {
        return;
    }
    // rows past the last repeat the last, and are not stored
    let row1 = min(first_row + 1u, ROWS - 1u);
    let row2 = min(first_row + 2u, ROWS - 1u);
    let row3 = min(first_row + 3u, ROWS - 1u);
    for (var kind = 0u; kind < CLASSES; kind += TILE) {
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        var sum4 = vec4<f32>();
        for (var word = 0u; word < WORDS; word++) {
            let four_rows = mat4x4<f32>(x_at(first_row, word), x_at(row1, word), x_at(row2, word), x_at(row3, word));
            sum0 += weight_at(kind, word) * four_rows;
            sum1 += weight_at(kind + 1u, word) * four_rows;
            sum2 += weight_at(kind + 2u, word) * four_rows;
            sum3 += weight_at(kind + 3u, word) * four_rows;
            sum4 += weight_at(kind + 4u, word) * four_rows;
        }
        keep(kind, sum0);
        keep(kind + 1u, sum1);
        keep(kind + 2u, sum2);
        keep(kind + 3u, sum3);
        keep(kind + 4u, sum4);
    }
    for (var row = 0u; row < min(4u, ROWS - first_row); row++) {
        cross_entropy(first_row + row, largest[row]);
    }
}
