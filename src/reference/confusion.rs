use super::count_correct::predicted;
use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Confusion;

/// `counts[label[r], predicted class of r] += 1` for each row r, with logits `[rows, classes]` and counts
/// `[classes, classes]`. A row without a label counts nowhere.
impl Reference for Confusion {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let mut counts = inputs.words(self.counts)?.to_vec();
        let rows = inputs.floats(self.logits)?.chunks_exact(self.classes);
        for (logits, label) in rows.zip(inputs.words(self.labels)?) {
            if (*label as usize) < self.classes {
                counts[*label as usize * self.classes + predicted(logits)] += 1;
            }
        }
        Ok(vec![Values::Words(counts)])
    }
}
