// Softmax and cross-entropy of each row, with the gradient by the logits, in one pass.
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
// The largest logit is subtracted first, so nothing overflows. A workgroup takes 4 rows, 16 invocations each.

override ROWS: u32 = 1;
override CLASSES: u32 = 1;
override SCALE: f32 = 1.0;
/// Share of the target that is spread over all classes.
override SMOOTHING: f32 = 0.0;
/// 1 where the tensor holds the rows of a whole block of steps, of which first_row is this step's first.
override LABELS_IN_BLOCK: u32 = 0;
override LOSS_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override LOGITS_NET: u32 = 0;
@id(1) override LABELS_NET: u32 = 0;
@id(2) override SAMPLE_LOSS_NET: u32 = 0;
@id(3) override LOGITS_GRADIENT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [rows, classes]
@group(0) @binding(1) var<storage, read> labels: array<u32>;                // [rows]
@group(0) @binding(2) var<storage, read_write> sample_loss: array<f32>;     // [rows]
@group(0) @binding(3) var<storage, read_write> logits_gradient: array<f32>; // [rows, classes]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

const GROUP_ROWS = 4u;
const ROW_THREADS = 16u;
var<workgroup> maxima: array<f32, 64>;  // [row, ROW_THREADS]
var<workgroup> totals: array<f32, 64>;

@compute @workgroup_size(ROW_THREADS, GROUP_ROWS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let row = (group.y * groups.x + group.x) * GROUP_ROWS + local.y;
    let share = local.x;
    let works = row < ROWS && share < CLASSES;
    let start = LOGITS_NET * net + row * CLASSES;

    // the largest logit and the sum of exponentials less that, of each invocation's share of the classes
    if (works) {
        var largest = logits[start + share];
        for (var kind = share + ROW_THREADS; kind < CLASSES; kind += ROW_THREADS) {
            largest = max(largest, logits[start + kind]);
        }
        var total = 0.0;
        for (var kind = share; kind < CLASSES; kind += ROW_THREADS) {
            total += exp(logits[start + kind] - largest);
        }
        maxima[thread] = largest;
        totals[thread] = total;
    }
    workgroupBarrier();
    if (!works) {
        return;
    }

    let shares = local.y * ROW_THREADS;
    var largest = maxima[shares];
    for (var i = 1u; i < min(ROW_THREADS, CLASSES); i++) {
        largest = max(largest, maxima[shares + i]);
    }
    var total = 0.0;
    for (var i = 0u; i < min(ROW_THREADS, CLASSES); i++) {
        total += totals[shares + i] * exp(maxima[shares + i] - largest);
    }
    let label = labels[LABELS_NET * net + row + LABELS_IN_BLOCK * scalars.first_row];
    let is_labelled = label < CLASSES;
    if (share == 0u) {
        var loss = 0.0;
        if (is_labelled) {
            var wanted = logits[start + label];
            if (SMOOTHING > 0.0) {
                var sum = 0.0;
                for (var kind = 0u; kind < CLASSES; kind++) {
                    sum += logits[start + kind] - largest;
                }
                wanted += SMOOTHING * (largest + sum / f32(CLASSES) - wanted);
            }
            loss = log(total) + (largest - wanted);
        }
        sample_loss[SAMPLE_LOSS_NET * net + row + LOSS_IN_BLOCK * scalars.first_row] = loss;
    }
    for (var kind = share; kind < CLASSES; kind += ROW_THREADS) {
        let probability = exp(logits[start + kind] - largest) / total;
        let aim = select(0.0, 1.0 - SMOOTHING, kind == label) + SMOOTHING / f32(CLASSES);
        let gradient = (probability - aim) * SCALE;
        logits_gradient[LOGITS_GRADIENT_NET * net + row * CLASSES + kind] = select(0.0, gradient, is_labelled);
    }
}
