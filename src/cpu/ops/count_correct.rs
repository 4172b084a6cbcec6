use std::sync::atomic::Ordering;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::CountCorrect;

impl CpuOp for CountCorrect {
    fn partition(&self) -> Partition {
        Partition::Rows { rows: self.rows, shared: vec![self.correct], alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.logits, self.rows, self.classes),
            Requirement::words(self.labels, self.rows),
            Requirement::words(self.correct, 1),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let logits = chunk.rows(self.logits, self.classes).chunks_exact(self.classes.max(1));
        let labels: &[u32] = chunk.units(self.labels);
        let correct = logits.zip(labels).filter(|(logits, label)| predicted(logits) == **label as usize);
        chunk.counters(self.correct)[0].fetch_add(correct.count() as u32, Ordering::Relaxed);
    }
}

/// The class of the largest logit, the first of equals.
pub(crate) fn predicted(logits: &[f32]) -> usize {
    let (mut best, mut largest) = (0, f32::NEG_INFINITY);
    for (class, logit) in logits.iter().enumerate() {
        if *logit > largest {
            (best, largest) = (class, *logit);
        }
    }
    best
}
