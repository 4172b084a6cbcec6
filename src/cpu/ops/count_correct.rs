use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::CountCorrect;

impl Kernel for CountCorrect {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: vec![self.correct], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.logits, self.rows, self.classes),
            Need::words(self.labels, self.rows),
            Need::words(self.correct, 1),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let (logits, labels) = (tensors.floats(self.logits), tensors.words(self.labels));
        // SAFETY: `needs` covers the rows and the counter, which workers add to atomically alone.
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
