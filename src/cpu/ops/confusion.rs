use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cpu::Level;
use crate::cpu::ops::count_correct::predicted;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::Confusion;

impl Kernel for Confusion {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: vec![self.counts], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.logits, self.rows, self.classes),
            Need::words(self.labels, self.rows),
            Need::words(self.counts, self.classes.saturating_mul(self.classes)),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let (logits, labels) = (tensors.floats(self.logits), tensors.words(self.labels));
        for row in range {
            // SAFETY: `needs` covers the rows and the counters, which workers add to atomically alone.
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
