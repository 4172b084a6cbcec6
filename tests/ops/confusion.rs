use inkgrad::plan::Op;

use super::{Wanted, check};

/// The first of the largest values.
pub fn predicted(logits: &[f64]) -> usize {
    logits.iter().enumerate().fold(0, |best, (class, logit)| if *logit > logits[best] { class } else { best })
}

#[test]
fn counts_labels_and_predictions() {
    check("confusion", 0.0, |op, inputs| {
        let Op::Confusion(op) = op else { unreachable!() };
        let mut counts = inputs.words(op.counts);
        for (row, label) in inputs.floats(op.logits).chunks_exact(op.classes).zip(inputs.words(op.labels)) {
            if (label as usize) < op.classes {
                counts[label as usize * op.classes + predicted(row)] += 1;
            }
        }
        vec![Wanted::Words(counts)]
    });
}
