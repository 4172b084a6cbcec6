use inkgrad::plan::Op;

use super::confusion::predicted;
use super::{Wanted, check};

#[test]
fn adds_to_the_count() {
    check("count_correct", 0.0, |op, inputs| {
        let Op::CountCorrect(op) = op else { unreachable!() };
        let (logits, labels) = (inputs.floats(op.logits), inputs.words(op.labels));
        let right = logits
            .chunks_exact(op.classes)
            .zip(labels)
            .filter(|(row, label)| predicted(row) == *label as usize);
        vec![Wanted::Words(vec![inputs.words(op.correct)[0] + right.count() as u32])]
    });
}
