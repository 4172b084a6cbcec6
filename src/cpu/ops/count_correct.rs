use std::sync::atomic::{AtomicU32, Ordering};

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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (logits, labels) = (tensors.floats(self.logits), tensors.words(self.labels));
        // SAFETY: `requirements` covers the rows and the counter, which workers add to atomically alone.
        unsafe {
            let right = |row: &usize| {
                predicted(logits.add(row * self.classes), self.classes) == *labels.add(*row) as usize
            };
            let correct = range.filter(right).count() as u32;
            AtomicU32::from_ptr(tensors.words(self.correct)).fetch_add(correct, Ordering::Relaxed);
        }
    }
}

/// The class of the largest logit, the first of equals.
///
/// # Safety
/// `logits` is good for `classes` values.
pub(crate) unsafe fn predicted(logits: *const f32, classes: usize) -> usize {
    let (mut best, mut largest) = (0, f32::NEG_INFINITY);
    for class in 0..classes {
        // SAFETY: as promised by the caller.
        let logit = unsafe { *logits.add(class) };
        if logit > largest {
            (best, largest) = (class, logit);
        }
    }
    best
}
