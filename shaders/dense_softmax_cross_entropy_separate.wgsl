// A classifier's last layer and its loss in one pass, each row by one invocation: as dense_softmax_cross_entropy.wgsl, without
// workgroup memory.
//   logits[r, c]          = bias[c] + sum over i of x[r, i] * weight[c, i]
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
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

var<private> first_logit: u32;
var<private> largest: f32;

/// logits_gradient keeps the logits until the gradient takes their place.
fn keep(kind: u32, products: vec4<f32>) {
    if (kind < CLASSES) {
        let logit = bias[network * STRIDE_4 + BIAS_OFFSET + kind] + dot(products, vec4<f32>(1.0));
        largest = select(max(largest, logit), logit, kind == 0u);
        logits_gradient[first_logit + kind] = logit;
    }
}

@compute @workgroup_size(32)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let row = (group.y * groups.x + group.x) * 32u + thread;
    if (row >= ROWS) {
        return;
    }
    first_logit = network * STRIDE_5 + row * CLASSES;
    for (var kind = 0u; kind < CLASSES; kind += TILE) {
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        var sum4 = vec4<f32>();
        for (var word = 0u; word < WORDS; word++) {
            let inputs = x_at(row, word);
            sum0 += weight_at(kind, word) * inputs;
            sum1 += weight_at(kind + 1u, word) * inputs;
            sum2 += weight_at(kind + 2u, word) * inputs;
            sum3 += weight_at(kind + 3u, word) * inputs;
            sum4 += weight_at(kind + 4u, word) * inputs;
        }
        keep(kind, sum0);
        keep(kind + 1u, sum1);
        keep(kind + 2u, sum2);
        keep(kind + 3u, sum3);
        keep(kind + 4u, sum4);
    }

    var total = 0.0;
    for (var kind = 0u; kind < CLASSES; kind++) {
        total += exp(logits_gradient[first_logit + kind] - largest);
    }
    let label = labels[network * STRIDE_0 + row + LABELS_IN_BLOCK * scalars.first_row];
    let is_labelled = label < CLASSES;
    var loss = 0.0;
    if (is_labelled) {
        loss = log(total) + (largest - logits_gradient[first_logit + label]);
    }
    sample_loss[network * STRIDE_1 + row + LOSS_IN_BLOCK * scalars.first_row] = loss;
    for (var kind = 0u; kind < CLASSES; kind++) {
        let probability = exp(logits_gradient[first_logit + kind] - largest) / total;
        let gradient = (probability - select(0.0, 1.0, kind == label)) * SCALE;
        logits_gradient[first_logit + kind] = select(0.0, gradient, is_labelled);
    }
}
