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
        let gradient = self.logits_gradient.map(|id| chunk.rows_mut(id, self.classes));
        let softmax = SoftmaxRows {
            logits: Some(chunk.rows(self.logits, self.classes)),
            gradient,
            labels: chunk.units(self.labels),
            loss: chunk.units_mut(self.sample_loss),
            classes: self.classes,
            scale: self.scale,
            smoothing: self.smoothing,
        };
        softmax_rows(chunk.level(), softmax)
    }
}

/// Rows of the batch.
pub(crate) struct SoftmaxRows<'a> {
    /// `[rows, classes]`. None where they lie in `gradient`, whose place the gradient then takes.
    pub logits: Option<&'a [f32]>,
    /// `[rows, classes]`. None where no gradient is wanted.
    pub gradient: Option<&'a mut [f32]>,
    pub labels: &'a [u32],
    pub loss: &'a mut [f32],
    pub classes: usize,
    pub scale: f32,
    pub smoothing: f32,
}

by_level!(pub(crate) fn softmax_rows = body(softmax: SoftmaxRows));

#[inline(always)]
fn body<V: F32>(softmax: SoftmaxRows) {
    let SoftmaxRows { logits, mut gradient, labels, loss, classes, scale, smoothing } = softmax;
    let smooth = Smooth { scale, smoothing };
    for (row, (label, loss)) in labels.iter().zip(loss).enumerate() {
        let values = row * classes..(row + 1) * classes;
        let logits = logits.map(|logits| &logits[values.clone()]);
        let gradient = gradient.as_mut().map(|gradient| &mut gradient[values]);
        *loss = softmax_row::<V>(logits, gradient, *label as usize, smooth);
    }
}

#[derive(Clone, Copy)]
struct Smooth {
    scale: f32,
    smoothing: f32,
}

/// Maximum, exponentials and their sum, gradient; returns the loss. A label that names no class (`NO_LABEL`) gives zeros.
#[inline(always)]
fn softmax_row<V: F32>(
    logits: Option<&[f32]>,
    mut gradient: Option<&mut [f32]>,
    label: usize,
    Smooth { scale, smoothing }: Smooth,
) -> f32 {
    let source = logits.or(gradient.as_deref()).unwrap_or_default();
    let classes = source.len();
    if label >= classes {
        if let Some(gradient) = gradient {
            gradient.fill(0.0);
        }
        return 0.0;
    }
    let mut max = V::splat(f32::NEG_INFINITY);
    for c in (0..classes).step_by(V::LANES) {
        max = max.max(V::take(source, c, f32::NEG_INFINITY));
    }
    let max = max.reduce_max();
    let mut at_label = source[label] - max;
    if smoothing > 0.0 {
        let others: f32 = source.iter().map(|logit| logit - max).sum();
        at_label += smoothing * (others / classes as f32 - at_label);
    }
    let mut sum = V::splat(0.0);
    for c in (0..classes).step_by(V::LANES) {
        // No class beyond the last: exp of -infinity is 0.
        let x = V::take(logits.or(gradient.as_deref()).unwrap_or_default(), c, f32::NEG_INFINITY);
        let e = exp(x.sub(V::splat(max)));
        sum = sum.add(e);
        if let Some(gradient) = &mut gradient {
            e.put(gradient, c);
        }
    }
    let sum = sum.reduce_sum();
    if let Some(gradient) = gradient {
        let factor = V::splat(scale / sum);
        let even = V::splat(-scale * smoothing / classes as f32);
        for c in (0..classes).step_by(V::LANES) {
            V::take(gradient, c, 0.0).mul_add(factor, even).put(gradient, c);
        }
        gradient[label] -= scale * (1.0 - smoothing);
    }
    sum.ln() - at_label
}
