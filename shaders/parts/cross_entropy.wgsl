
// ---- softmax and cross-entropy of 4 rows per workgroup, 16 invocations per row. The largest logit is subtracted first, so
// that nothing overflows. The op defines logit(row, class_index) and store_gradient(row, class_index, gradient), rows
// counted from first_row, HAS_GRADIENT, and with IS_WEIGHTED class_weight(class_index)

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
override SCALE: f32 = 1.0;
/// Part of the target that is spread over all classes.
override SMOOTHING: f32 = 0.0;
/// Mean of all class weights.
override MEAN_CLASS_WEIGHT: f32 = 1.0;
/// 1 where the tensor holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;
override LOSS_IN_BLOCK: u32 = 0;

@group(0) @binding(0) var<storage, read> labels: array<u32>;                // [rows]
@group(0) @binding(1) var<storage, read_write> sample_loss: array<f32>;     // [rows]

const GROUP_ROWS = 4u;
const ROW_THREADS = 16u;
var<workgroup> maxima: array<f32, 64>;  // [row, ROW_THREADS]
var<workgroup> totals: array<f32, 64>;

/// The first of the workgroup's rows.
var<private> first_row: u32;

/// Stores loss and gradient of a row, for all invocations of the workgroup: `column` of the ROW_THREADS takes every 16th
/// class.
fn cross_entropy(row: u32, column: u32) {
    let works = row < GROUP_ROWS && first_row + row < ROWS && column < CLASSES;
    let start = row * ROW_THREADS;
    if (works) {
        var largest = logit(row, column);
        for (var kind = column + ROW_THREADS; kind < CLASSES; kind += ROW_THREADS) {
            largest = max(largest, logit(row, kind));
        }
        var total = 0.0;
        for (var kind = column; kind < CLASSES; kind += ROW_THREADS) {
            total += exp(logit(row, kind) - largest);
        }
        maxima[start + column] = largest;
        totals[start + column] = total;
    }
    workgroupBarrier();
    if (!works) {
        return;
    }

    var largest = maxima[start];
    for (var i = 1u; i < min(ROW_THREADS, CLASSES); i++) {
        largest = max(largest, maxima[start + i]);
    }
    var total = 0.0;
    for (var i = 0u; i < min(ROW_THREADS, CLASSES); i++) {
        total += totals[start + i] * exp(maxima[start + i] - largest);
    }
    let label = labels[network * STRIDE_0 + first_row + row + LABELS_IN_BLOCK * scalars.first_row];
    let is_labelled = label < CLASSES;
    // Where gradients overwrite logits, this invocation is the one that overwrites the label's.
    if (column == select(0u, label % ROW_THREADS, is_labelled)) {
        var loss = 0.0;
        if (is_labelled && IS_WEIGHTED) {
            let own = (1.0 - SMOOTHING) * class_weight(label);
            loss = (own + SMOOTHING * MEAN_CLASS_WEIGHT) * log(total) + own * (largest - logit(row, label));
            if (SMOOTHING > 0.0) {
                for (var kind = 0u; kind < CLASSES; kind++) {
                    loss += SMOOTHING / f32(CLASSES) * class_weight(kind) * (largest - logit(row, kind));
                }
            }
        } else if (is_labelled) {
            var wanted = logit(row, label);
            if (SMOOTHING > 0.0) {
                var sum = 0.0;
                for (var kind = 0u; kind < CLASSES; kind++) {
                    sum += logit(row, kind) - largest;
                }
                wanted += SMOOTHING * (largest + sum / f32(CLASSES) - wanted);
            }
            loss = log(total) + (largest - wanted);
        }
        sample_loss[network * STRIDE_1 + first_row + row + LOSS_IN_BLOCK * scalars.first_row] = loss;
    }
    if (HAS_GRADIENT) {
        for (var kind = column; kind < CLASSES; kind += ROW_THREADS) {
            var probability = exp(logit(row, kind) - largest) / total;
            var wanted = select(0.0, 1.0 - SMOOTHING, kind == label) + SMOOTHING / f32(CLASSES);
            if (IS_WEIGHTED) {
                wanted *= class_weight(kind);
                let own = class_weight(min(label, CLASSES - 1u));
                probability *= (1.0 - SMOOTHING) * own + SMOOTHING * MEAN_CLASS_WEIGHT;
            }
            store_gradient(row, kind, select(0.0, (probability - wanted) * SCALE, is_labelled));
        }
    }
}
