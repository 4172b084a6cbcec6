// A classifier's last layer and its loss in one pass; the logits are never stored.
//   logits[r, c]          = bias[c] + sum over i of x[r, i] * weight[c, i]
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
//
// A workgroup takes 4 rows. Invocations stand side by side along the inputs (neighbours read neighbouring
// words), each with 4 rows x 5 classes of sums in registers; the two halves of the workgroup take 5 classes
// each. The sums of all lanes are then added in a fixed order.

override ROWS: u32 = 1;
override INPUTS: u32 = 1;
override CLASSES: u32 = 1;
override SCALE: f32 = 1.0;
/// Invocations along the inputs: a power of two, 8 to 64.
override LANES: u32 = 32;
/// CLASSES, if that many logits a row are kept in workgroup memory; else 1, and logits_gradient keeps them.
override KEPT: u32 = 1;
/// Image bytes, `x = byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32.
override X_IS_BYTES: bool = false;
override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;
/// 1 where the tensor holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override LABELS_IN_BLOCK: u32 = 0;
override LOSS_IN_BLOCK: u32 = 0;
override WEIGHT_OFFSET: u32 = 0;
override BIAS_OFFSET: u32 = 0;
/// Every row of the weight begins at a whole vec4.
override WEIGHT_IS_ALIGNED: bool = false;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override WEIGHT_NET: u32 = 0;
@id(2) override BIAS_NET: u32 = 0;
@id(3) override LABELS_NET: u32 = 0;
@id(4) override LOGITS_GRADIENT_NET: u32 = 0;
@id(5) override SAMPLE_LOSS_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> x: array<u32>;                // [rows, inputs]
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;     // [classes, inputs] at WEIGHT_OFFSET
@group(0) @binding(2) var<storage, read> bias: array<f32>;             // [classes] at BIAS_OFFSET
@group(0) @binding(3) var<storage, read> labels: array<u32>;           // [rows]
@group(0) @binding(4) var<storage, read_write> logits_gradient: array<f32>; // [rows, classes]
@group(0) @binding(5) var<storage, read_write> sample_loss: array<f32>;     // [rows]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

const GROUP_ROWS = 4u;
const TILE = 5u;
override WORDS: u32 = (INPUTS + 3u) / 4u;
override THREADS: u32 = 2u * LANES;
/// Invocations that share a row's softmax.
override ROW_THREADS: u32 = THREADS / GROUP_ROWS;

var<workgroup> sums: array<vec4<f32>, 10u * LANES>;       // [class of the round, lane], a component a row
var<workgroup> fewer_sums: array<vec4<f32>, THREADS>;     // [class of the round, THREADS / 16]
var<workgroup> logits: array<f32, GROUP_ROWS * KEPT>;     // [row, class]
var<workgroup> maxima: array<f32, THREADS>;               // [row, ROW_THREADS]
var<workgroup> totals: array<f32, THREADS>;

/// Inputs 4 * word.. of a row.
fn x_at(row: u32, word: u32) -> vec4<f32> {
    let at = row + X_IN_BLOCK * scalars.first_row;
    if (X_IS_BYTES) {
        return unpack4x8unorm(x[X_NET * net + at * WORDS + word]) * GAIN + OFFSET;
    }
    let i = 4u * word;
    let start = X_NET * net + at * INPUTS + i;
    if (INPUTS % 4u == 0u || i + 4u <= INPUTS) {
        return bitcast<vec4<f32>>(vec4<u32>(x[start], x[start + 1u], x[start + 2u], x[start + 3u]));
    }
    var values = vec4<f32>(bitcast<f32>(x[start]), 0.0, 0.0, 0.0);
    if (i + 1u < INPUTS) { values.y = bitcast<f32>(x[start + 1u]); }
    if (i + 2u < INPUTS) { values.z = bitcast<f32>(x[start + 2u]); }
    return values;
}

fn one_weight(at: u32) -> f32 {
    return weight[WEIGHT_NET / 4u * net + at / 4u][at % 4u];
}

/// Weights 4 * word.. of a class; 0 past the last input, whatever x holds there.
fn weight_at(kind: u32, word: u32) -> vec4<f32> {
    let i = 4u * word;
    let start = WEIGHT_OFFSET + min(kind, CLASSES - 1u) * INPUTS + i;
    if (WEIGHT_IS_ALIGNED) {
        return weight[WEIGHT_NET / 4u * net + start / 4u];
    }
    var values = vec4<f32>(one_weight(start), 0.0, 0.0, 0.0);
    if (i + 1u < INPUTS) { values.y = one_weight(start + 1u); }
    if (i + 2u < INPUTS) { values.z = one_weight(start + 2u); }
    if (i + 3u < INPUTS) { values.w = one_weight(start + 3u); }
    return values;
}

fn keep(first: u32, row: u32, kind: u32, logit: f32) {
    if (KEPT == CLASSES) {
        logits[row * KEPT + kind] = logit;
    } else if (first + row < ROWS) {
        logits_gradient[LOGITS_GRADIENT_NET * net + (first + row) * CLASSES + kind] = logit;
    }
}

fn kept(first: u32, row: u32, kind: u32) -> f32 {
    if (KEPT == CLASSES) {
        return logits[row * KEPT + kind];
    }
    return logits_gradient[LOGITS_GRADIENT_NET * net + min(first + row, ROWS - 1u) * CLASSES + kind];
}

@compute @workgroup_size(LANES, 2)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    net = group.z % NETS;
    let first = (group.y * groups.x + group.x) * GROUP_ROWS;
    // rows past the last repeat the last, and are not stored
    let row0 = min(first, ROWS - 1u);
    let row1 = min(first + 1u, ROWS - 1u);
    let row2 = min(first + 2u, ROWS - 1u);
    let row3 = min(first + 3u, ROWS - 1u);

    for (var round = 0u; round < CLASSES; round += 2u * TILE) {
        let kind = round + local.y * TILE;
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        var sum4 = vec4<f32>();
        if (kind < CLASSES) {
            for (var word = local.x; word < WORDS; word += LANES) {
                let four_rows = mat4x4<f32>(x_at(row0, word), x_at(row1, word), x_at(row2, word), x_at(row3, word));
                sum0 += weight_at(kind, word) * four_rows;
                sum1 += weight_at(kind + 1u, word) * four_rows;
                sum2 += weight_at(kind + 2u, word) * four_rows;
                sum3 += weight_at(kind + 3u, word) * four_rows;
                sum4 += weight_at(kind + 4u, word) * four_rows;
            }
        }
        let slot = local.y * TILE * LANES + local.x;
        sums[slot] = sum0;
        sums[slot + LANES] = sum1;
        sums[slot + 2u * LANES] = sum2;
        sums[slot + 3u * LANES] = sum3;
        sums[slot + 4u * LANES] = sum4;
        workgroupBarrier();

        // 16 groups of invocations, 10 of them with a class: each adds up its share of the lanes
        let share = THREADS / 16u;
        let tile = thread / share;
        if (tile < 2u * TILE) {
            var sum = vec4<f32>();
            for (var lane = thread % share; lane < LANES; lane += share) {
                sum += sums[tile * LANES + lane];
            }
            fewer_sums[thread] = sum;
        }
        workgroupBarrier();

        for (var at = thread; at < 2u * TILE * GROUP_ROWS; at += THREADS) {
            let row = at % GROUP_ROWS;
            let tile = at / GROUP_ROWS;
            let kind = round + tile;
            if (kind < CLASSES) {
                var logit = bias[BIAS_NET * net + BIAS_OFFSET + kind];
                for (var i = 0u; i < share; i++) {
                    logit += fewer_sums[tile * share + i][row];
                }
                keep(first, row, kind, logit);
            }
        }
    }
    if (KEPT != CLASSES) { storageBarrier(); }
    workgroupBarrier();

    // each row's largest logit, and the sum of exponentials less that: first by each invocation for its share
    let row = thread / ROW_THREADS;
    let share = thread % ROW_THREADS;
    if (share < CLASSES) {
        var largest = kept(first, row, share);
        for (var kind = share + ROW_THREADS; kind < CLASSES; kind += ROW_THREADS) {
            largest = max(largest, kept(first, row, kind));
        }
        var total = 0.0;
        for (var kind = share; kind < CLASSES; kind += ROW_THREADS) {
            total += exp(kept(first, row, kind) - largest);
        }
        maxima[thread] = largest;
        totals[thread] = total;
    }
    workgroupBarrier();

    if (share >= CLASSES || first + row >= ROWS) {
        return;
    }
    let shares = row * ROW_THREADS;
    var largest = maxima[shares];
    for (var i = 1u; i < min(ROW_THREADS, CLASSES); i++) {
        largest = max(largest, maxima[shares + i]);
    }
    var total = 0.0;
    for (var i = 0u; i < min(ROW_THREADS, CLASSES); i++) {
        total += totals[shares + i] * exp(maxima[shares + i] - largest);
    }
    let label = labels[LABELS_NET * net + first + row + LABELS_IN_BLOCK * scalars.first_row];
    let is_labelled = label < CLASSES;
    if (label % ROW_THREADS == share || (!is_labelled && share == 0u)) {
        // the invocation that will overwrite the label's logit, where logits_gradient keeps the logits
        var loss = 0.0;
        if (is_labelled) {
            loss = log(total) + (largest - kept(first, row, label));
        }
        sample_loss[SAMPLE_LOSS_NET * net + first + row + LOSS_IN_BLOCK * scalars.first_row] = loss;
    }
    for (var kind = share; kind < CLASSES; kind += ROW_THREADS) {
        let probability = exp(kept(first, row, kind) - largest) / total;
        let gradient = (probability - select(0.0, 1.0, kind == label)) * SCALE;
        let at = (first + row) * CLASSES + kind;
        logits_gradient[LOGITS_GRADIENT_NET * net + at] = select(0.0, gradient, is_labelled);
    }
}
