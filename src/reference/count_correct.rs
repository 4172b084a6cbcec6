use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::CountCorrect;

/// `correct += number of rows whose predicted class is their label`, with logits `[rows, classes]`.
impl Reference for CountCorrect {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut correct = inputs.words(self.correct)?[0];
        let rows = inputs.floats(self.logits)?.chunks_exact(self.classes);
        for (logits, label) in rows.zip(inputs.words(self.labels)?) {
            if predicted(logits) == *label as usize {
                correct += 1;
            }
        }
        Ok(vec![Values::Words(vec![correct])])
    }
}

/// The class with the largest logit, the first of equals.
pub(super) fn predicted(logits: &[f64]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = class;
        }
    }
    best
}
