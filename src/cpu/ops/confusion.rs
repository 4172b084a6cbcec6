use std::sync::atomic::{AtomicU32, Ordering};

use crate::cpu::ops::count_correct::predicted;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::Confusion;

impl CpuOp for Confusion {
    fn partition(&self) -> Partition {
        Partition::Rows { rows: self.rows, shared: vec![self.counts], alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.logits, self.rows, self.classes),
            Requirement::words(self.labels, self.rows),
            Requirement::words(self.counts, self.classes.saturating_mul(self.classes)),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (logits, labels) = (tensors.floats(self.logits), tensors.words(self.labels));
        for row in range {
            // SAFETY: `requirements` covers the rows and the counters, which workers add to atomically alone.
            unsafe {
                let label = *labels.add(row) as usize;
                if label < self.classes {
                    let predicted = predicted(logits.add(row * self.classes), self.classes);
                    let counter = tensors.words(self.counts).add(label * self.classes + predicted);
                    AtomicU32::from_ptr(counter).fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
