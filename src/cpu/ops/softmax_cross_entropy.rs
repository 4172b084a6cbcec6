use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level, exp};
use crate::plan::StepScalars;
use crate::plan::ops::SoftmaxCrossEntropy;

impl CpuOp for SoftmaxCrossEntropy {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let gradient = self.logits_gradient.map(|id| Requirement::floats(id, self.rows, self.classes));
        let requirements = [
            Requirement::floats(self.logits, self.rows, self.classes),
            Requirement::words(self.labels, self.rows),
            Requirement::floats(self.sample_loss, 1, self.rows),
        ];
        requirements.into_iter().chain(gradient).collect()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let softmax = Softmax {
            logits: tensors.floats(self.logits),
            labels: tensors.words(self.labels),
            gradient: self.logits_gradient.map_or(std::ptr::null_mut(), |id| tensors.floats(id)),
            loss: tensors.floats(self.sample_loss),
            classes: self.classes,
            scale: self.scale,
            smoothing: self.smoothing,
        };
        // SAFETY: `requirements` covers the rows, which are this worker's.
        unsafe { softmax_rows(tensors.level, &softmax, range) }
    }
}

pub(crate) struct Softmax {
    pub logits: *const f32,
    pub labels: *const u32,
    /// Null where no gradient is wanted; may be the logits themselves.
    pub gradient: *mut f32,
    pub loss: *mut f32,
    pub classes: usize,
    pub scale: f32,
    pub smoothing: f32,
}

by_level!(
    /// # Safety
    /// Pointers are good for `rows` and `classes`; nobody else touches those rows of what is written.
    pub(crate) unsafe fn softmax_rows = body(softmax: &Softmax, rows: Range<usize>)
);

/// Max, exp and sum, gradient. A label that names no class (`NO_LABEL`) gives zeros.
#[inline(always)]
unsafe fn body<V: F32>(softmax: &Softmax, rows: Range<usize>) {
    let classes = softmax.classes;
    for row in rows {
        unsafe {
            let logits = softmax.logits.add(row * classes);
            let gradient =
                if softmax.gradient.is_null() { None } else { Some(softmax.gradient.add(row * classes)) };
            let label = *softmax.labels.add(row) as usize;
            if label >= classes {
                *softmax.loss.add(row) = 0.0;
                if let Some(gradient) = gradient {
                    std::ptr::write_bytes(gradient, 0, classes);
                }
                continue;
            }
            let mut max = V::splat(f32::NEG_INFINITY);
            for c in (0..classes).step_by(V::LANES) {
                let count = V::LANES.min(classes - c);
                max = max.max(V::load_partial(logits.add(c), count, f32::NEG_INFINITY));
            }
            let max = max.reduce_max();
            let mut at_label = *logits.add(label) - max;
            if softmax.smoothing > 0.0 {
                let others: f32 = (0..classes).map(|c| *logits.add(c) - max).sum();
                at_label += softmax.smoothing * (others / classes as f32 - at_label);
            }
            let mut sum = V::splat(0.0);
            for c in (0..classes).step_by(V::LANES) {
                let count = V::LANES.min(classes - c);
                let x = V::load_partial(logits.add(c), count, f32::NEG_INFINITY);
                // no class beyond the last: exp of -infinity is 0
                let e = exp(x.sub(V::splat(max)));
                sum = sum.add(e);
                if let Some(gradient) = gradient {
                    e.store_partial(gradient.add(c), count);
                }
            }
            let sum = sum.reduce_sum();
            *softmax.loss.add(row) = sum.ln() - at_label;
            let Some(gradient) = gradient else { continue };
            let factor = V::splat(softmax.scale / sum);
            let even = V::splat(-softmax.scale * softmax.smoothing / classes as f32);
            for c in (0..classes).step_by(V::LANES) {
                let count = V::LANES.min(classes - c);
                let e = V::load_partial(gradient.add(c), count, 0.0);
                e.mul_add(factor, even).store_partial(gradient.add(c), count);
            }
            *gradient.add(label) -= softmax.scale * (1.0 - softmax.smoothing);
        }
    }
}
