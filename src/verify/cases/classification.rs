//! The ops at the end of a classifier: loss, its sum, counts of right and wrong predictions.

use super::draft::{Draft, EXACT, EXPONENTIAL, SUM};
use crate::plan::ops::{Confusion, CountCorrect, LossSum, SoftmaxCrossEntropy};
use crate::plan::{Element, NO_LABEL, Phase, Storage, TensorId};
use crate::verify::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, classes) in [(1, 1), (1, 10), (3, 2), (100, 10), (37, 47), (7, 257), (2, 1000)] {
        for spread in [1.0, 10_000.0] {
            for has_gradient in [true, false] {
                cases.push(softmax_cross_entropy(rows, classes, spread, has_gradient, false));
            }
            cases.push(softmax_cross_entropy(rows, classes, spread, true, true));
        }
    }
    // Rows about what a workgroup takes.
    for (rows, classes) in [
        (1, 1),
        (1, 10),
        (3, 2),
        (63, 10),
        (64, 5),
        (65, 10),
        (100, 10),
        (129, 3),
        (256, 7),
        (257, 7),
        (2, 1000),
    ] {
        cases.push(count_correct(rows, classes));
        cases.push(confusion(rows, classes));
    }
    // Every number of rows about that of a workgroup's invocations, and of several.
    for rows in [1, 2, 3, 7, 8, 9, 63, 64, 65, 100, 127, 128, 129, 192, 255, 256, 257, 1000] {
        cases.push(loss_sum(rows));
    }
    cases
}

fn softmax_cross_entropy(
    rows: usize,
    classes: usize,
    spread: f32,
    has_gradient: bool,
    is_weighted: bool,
) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let logits = draft.input_spread("logits", &[rows, classes], spread);
    let labels = draft.labels(rows, classes);
    let logits_gradient = has_gradient.then(|| draft.output("logits_gradient", &[rows, classes]));
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
    let scale = 1.0 / rows as f32;
    // Half of the cases that train smooth their labels.
    let smoothing = if rows % 2 == 1 && has_gradient { 0.2 } else { 0.0 };
    let class_weights = is_weighted.then(|| draft.class_weights(classes));
    let op = SoftmaxCrossEntropy {
        logits,
        labels,
        logits_gradient,
        sample_loss,
        rows,
        classes,
        scale,
        smoothing,
        class_weights,
    };
    let only = match (has_gradient, is_weighted) {
        (_, true) => ", weighted",
        (true, false) => "",
        (false, false) => ", no gradient",
    };
    let shape = format!("{rows} x {classes}, logits to ±{spread}{only}");
    draft.case(Phase::Loss, op, shape, EXPONENTIAL)
}

/// Logits of which most rows have several largest, and labels of which some name the first of these and some the last; of
/// three or more rows one has no label.
fn tied_logits(draft: &mut Draft, rows: usize, classes: usize) -> (TensorId, TensorId) {
    let logits = draft.builder.activation("logits", &[rows, classes]);
    let values = draft.coarse_values(rows * classes);
    let mut labels = Vec::new();
    for (row, values) in values.chunks_exact(classes).enumerate() {
        let largest = values.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let first = values.iter().position(|value| *value == largest);
        let last = values.iter().rposition(|value| *value == largest);
        let label = [first, last, Some(row % classes)][row % 3];
        labels.push(label.map_or(NO_LABEL, |label| label as u32));
    }
    if rows >= 3 {
        labels[rows / 2] = NO_LABEL;
    }
    draft.give(logits, values.into_iter().map(f32::to_bits).collect());
    let tensor = draft.builder.labels();
    draft.give(tensor, labels);
    (logits, tensor)
}

fn count_correct(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let (logits, labels) = tied_logits(&mut draft, rows, classes);
    let correct = draft.builder.tensor("correct", &[1], Element::U32, Storage::Counts);
    draft.give(correct, vec![41]);
    let op = CountCorrect { logits, labels, correct, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn confusion(rows: usize, classes: usize) -> Case {
    let mut draft = Draft::new(rows, 1, classes);
    let (logits, labels) = tied_logits(&mut draft, rows, classes);
    let counts = draft.builder.tensor("counts", &[classes, classes], Element::U32, Storage::Counts);
    draft.give(counts, (0..(classes * classes) as u32).collect());
    let op = Confusion { logits, labels, counts, rows, classes };
    draft.case(Phase::Loss, op, format!("{rows} x {classes}"), EXACT)
}

fn loss_sum(rows: usize) -> Case {
    let mut draft = Draft::new(rows, 1, 2);
    let sample_loss = draft.builder.tensor("sample_loss", &[rows], Element::F32, Storage::SampleLoss);
    let values = draft.floats(rows, 1.0);
    draft.give(sample_loss, values.into_iter().map(|bits| bits & 0x7fff_ffff).collect());
    let losses = draft.builder.tensor("loss", &[1], Element::F32, Storage::Losses);
    let op = LossSum { sample_loss, losses, rows, scale: 1.0 / rows as f32 };
    draft.case(Phase::Metrics, op, format!("{rows}"), SUM)
}
