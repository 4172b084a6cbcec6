// A classifier's last layer and its loss in one pass; the logits are never stored.
//   logits[r, c]          = bias[c] + sum over i of x[r, i] * weight[c, i]
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
// labels [rows], sample_loss [rows], x [rows, inputs]
//
// A workgroup of WIDTH x 2 invocations takes 4 rows. Neighbours along x read neighbouring words of the inputs, each with sums of
// 4 rows x 5 classes in registers; the two halves of the workgroup take 5 classes each. All invocations' sums are then added
// in a fixed order.

/// CLASSES, if that many logits per row are kept in workgroup memory; else 1, and logits_gradient keeps them.
override KEPT: u32 = 1;
override KEPT_LOGITS: u32 = GROUP_ROWS * KEPT;
const HAS_GRADIENT = true;

const TILE = 5u;        // classes of an invocation
/// Invocations along the inputs.
override WIDTH: u32 = 32;
override THREADS: u32 = 2u * WIDTH;
override SUMS: u32 = 10u * WIDTH;

var<workgroup> sums: array<vec4<f32>, SUMS>;         // [class of the round, invocation], one component per row
var<workgroup> fewer_sums: array<vec4<f32>, THREADS>;       // [class of the round, THREADS / 16]
var<workgroup> kept_logits: array<f32, KEPT_LOGITS>;        // [row, class]

fn keep(row: u32, kind: u32, value: f32) {
    if (KEPT == CLASSES) {
        kept_logits[row * KEPT + kind] = value;
    } else if (first_row + row < ROWS) {
        store_gradient(row, kind, value);
    }
}

fn logit(row: u32, kind: u32) -> f32 {
    if (KEPT == CLASSES) {
        return kept_logits[row * KEPT + kind];
    }
    return logits_gradient[network * STRIDE_5 + (first_row + row) * CLASSES + kind];
}

fn store_gradient(row: u32, kind: u32, gradient: f32) {
    logits_gradient[network * STRIDE_5 + (first_row + row) * CLASSES + kind] = gradient;
}

@compute @workgroup_size(WIDTH, 2)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    first_row = (group.y * groups.x + group.x) * GROUP_ROWS;
    // rows past the last repeat the last, and are not stored
    let row0 = min(first_row, ROWS - 1u);
    let row1 = min(first_row + 1u, ROWS - 1u);
    let row2 = min(first_row + 2u, ROWS - 1u);
    let row3 = min(first_row + 3u, ROWS - 1u);

    for (var round = 0u; round < CLASSES; round += 2u * TILE) {
        let kind = round + local.y * TILE;
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        var sum4 = vec4<f32>();
        if (kind < CLASSES) {
            for (var word = local.x; word < WORDS; word += WIDTH) {
                let four_rows = mat4x4<f32>(x_at(row0, word), x_at(row1, word), x_at(row2, word), x_at(row3, word));
                sum0 += weight_at(kind, word) * four_rows;
                sum1 += weight_at(kind + 1u, word) * four_rows;
                sum2 += weight_at(kind + 2u, word) * four_rows;
                sum3 += weight_at(kind + 3u, word) * four_rows;
                sum4 += weight_at(kind + 4u, word) * four_rows;
            }
        }
        let slot = local.y * TILE * WIDTH + local.x;
        sums[slot] = sum0;
        sums[slot + WIDTH] = sum1;
        sums[slot + 2u * WIDTH] = sum2;
        sums[slot + 3u * WIDTH] = sum3;
        sums[slot + 4u * WIDTH] = sum4;
        workgroupBarrier();

        // 16 groups of invocations, 10 of them with a class: each invocation adds up some of its class's sums
        let adders = THREADS / 16u;
        let tile = thread / adders;
        if (tile < 2u * TILE) {
            var sum = vec4<f32>();
            for (var i = thread % adders; i < WIDTH; i += adders) {
                sum += sums[tile * WIDTH + i];
            }
            fewer_sums[thread] = sum;
        }
        workgroupBarrier();

        for (var at = thread; at < 2u * TILE * GROUP_ROWS; at += THREADS) {
            let row = at % GROUP_ROWS;
            let tile = at / GROUP_ROWS;
            let kind = round + tile;
            if (kind < CLASSES) {
                var value = bias[network * STRIDE_4 + BIAS_OFFSET + kind];
                for (var i = 0u; i < adders; i++) {
                    value += fewer_sums[tile * adders + i][row];
                }
                keep(row, kind, value);
            }
        }
    }
    if (KEPT != CLASSES) { storageBarrier(); }
    workgroupBarrier();
    cross_entropy(thread / ROW_THREADS, thread % ROW_THREADS);
}
