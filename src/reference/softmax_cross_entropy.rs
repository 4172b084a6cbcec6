use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::SoftmaxCrossEntropy;

/// The loss of a classifier and its gradient by the logits `[rows, classes]`. With
/// `p = softmax(logits[r])` and `target[c] = (1 - smoothing) * (c == label[r]) + smoothing / classes`:
/// `sample_loss[r] = -sum over c of target[c] * log(p[c])` and
/// `logits_gradient[r, c] = (p[c] - target[c]) * scale`.
///
/// A row without a label has no loss and no gradient. The gradient: Bridle 1990, "Probabilistic interpretation of feedforward
/// classification network outputs"; the smoothed target: Szegedy et al. 2016, section 7.
impl Reference for SoftmaxCrossEntropy {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (scale, smoothing) = (f64::from(self.scale), f64::from(self.smoothing));
        let logits = inputs.floats(self.logits)?;
        let (gradient, loss) = losses(logits, inputs.words(self.labels)?, self.classes, scale, smoothing);
        let gradient = self.logits_gradient.map(|_| gradient.into());
        Ok(gradient.into_iter().chain([loss.into()]).collect())
    }
}

/// The gradients `[rows, classes]` and the losses `[rows]`.
pub(super) fn losses(
    logits: &[f64],
    labels: &[u32],
    classes: usize,
    scale: f64,
    smoothing: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut gradients, mut losses) = (Vec::new(), Vec::new());
    for (logits, label) in logits.chunks_exact(classes).zip(labels) {
        let label = *label as usize;
        if label >= classes {
            gradients.extend(vec![0.0; classes]);
            losses.push(0.0);
            continue;
        }
        // Any number may be taken off all logits; with the largest no exponential overflows.
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        let mut loss = 0.0;
        for (class, logit) in logits.iter().enumerate() {
            let log_probability = logit - largest - sum.ln();
            let is_label = if class == label { 1.0 } else { 0.0 };
            let target = (1.0 - smoothing) * is_label + smoothing / classes as f64;
            loss -= target * log_probability;
            gradients.push((log_probability.exp() - target) * scale);
        }
        losses.push(loss);
    }
    (gradients, losses)
}
