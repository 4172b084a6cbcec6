use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level, exp};
use crate::plan::StepScalars;
use crate::plan::ops::{ClassWeights, SoftmaxCrossEntropy};

impl CpuOp for SoftmaxCrossEntropy {
    fn partition(&self) -> Partition {
        let shared = self.class_weights.iter().map(|weights| weights.tensor).collect();
        Partition::Rows { rows: self.rows, shared, alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let gradient = self.logits_gradient.map(|id| Requirement::floats(id, self.rows, self.classes));
        let requirements = [
            Requirement::floats(self.logits, self.rows, self.classes),
            Requirement::words(self.labels, self.rows),
            Requirement::floats(self.sample_loss, 1, self.rows),
        ];
        let weights = self.class_weights.map(|weights| Requirement::floats(weights.tensor, 1, self.classes));
        requirements.into_iter().chain(gradient).chain(weights).collect()
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
            weights: weights_of(chunk, self.class_weights, self.classes),
        };
        softmax_rows(chunk.level(), softmax)
    }
}

/// The class weights as ops read them, `[classes]` and their mean.
pub(crate) fn weights_of<'a>(
    chunk: &'a Chunk,
    weights: Option<ClassWeights>,
    classes: usize,
) -> Option<(&'a [f32], f32)> {
    weights.map(|weights| (&chunk.whole(weights.tensor)[..classes], weights.mean))
}

/// Rows of the batch.
pub(crate) struct SoftmaxRows<'a> {
    /// `[rows, classes]`. None if the logits are in `gradient`; the gradient then overwrites them.
    pub logits: Option<&'a [f32]>,
    /// `[rows, classes]`. None where no gradient is wanted.
    pub gradient: Option<&'a mut [f32]>,
    pub labels: &'a [u32],
    pub loss: &'a mut [f32],
    pub classes: usize,
    pub scale: f32,
    pub smoothing: f32,
    /// `[classes]`, and their mean.
    pub weights: Option<(&'a [f32], f32)>,
}

by_level!(pub(crate) fn softmax_rows = body(softmax: SoftmaxRows));

#[inline(always)]
fn body<V: F32>(softmax: SoftmaxRows) {
    let SoftmaxRows { logits, mut gradient, labels, loss, classes, scale, smoothing, weights } = softmax;
    let target = Target { scale, smoothing, weights };
    for (row, (label, loss)) in labels.iter().zip(loss).enumerate() {
        let values = row * classes..(row + 1) * classes;
        let logits = logits.map(|logits| &logits[values.clone()]);
        let gradient = gradient.as_mut().map(|gradient| &mut gradient[values]);
        *loss = softmax_row::<V>(logits, gradient, *label as usize, target);
    }
}

#[derive(Clone, Copy)]
struct Target<'a> {
    scale: f32,
    smoothing: f32,
    weights: Option<(&'a [f32], f32)>,
}

/// Maximum, exponentials and their sum, gradient; returns the loss. A label that names no class (`NO_LABEL`) gives zeros.
#[inline(always)]
fn softmax_row<V: F32>(
    logits: Option<&[f32]>,
    mut gradient: Option<&mut [f32]>,
    label: usize,
    Target { scale, smoothing, weights }: Target,
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
    // The target of the label alone, and that of all classes together.
    let (mut own, mut whole) = (1.0 - smoothing, 1.0);
    if let Some((weights, mean)) = weights {
        own *= weights[label];
        whole = own + smoothing * mean;
        at_label *= own;
        if smoothing > 0.0 {
            let others = source.iter().zip(weights).map(|(logit, weight)| (logit - max) * weight);
            at_label += smoothing / classes as f32 * others.sum::<f32>();
        }
    } else if smoothing > 0.0 {
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
        let factor = V::splat(scale * whole / sum);
        let even = V::splat(-scale * smoothing / classes as f32);
        for c in (0..classes).step_by(V::LANES) {
            let even = weights.map_or(even, |(weights, _)| even.mul(V::take(weights, c, 0.0)));
            V::take(gradient, c, 0.0).mul_add(factor, even).put(gradient, c);
        }
        gradient[label] -= scale * own;
    }
    whole * sum.ln() - at_label
}
