use std::sync::atomic::Ordering;

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
        let logits = chunk.rows(self.logits, self.classes).chunks_exact(self.classes.max(1));
        let labels: &[u32] = chunk.units(self.labels);
        let counters = chunk.counters(self.counts);
        for (logits, label) in logits.zip(labels).filter(|(_, label)| (**label as usize) < self.classes) {
            let counter = &counters[*label as usize * self.classes + predicted(logits)];
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}
