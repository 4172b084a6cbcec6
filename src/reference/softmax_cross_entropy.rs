use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::SoftmaxCrossEntropy;

/// The loss of a classifier and its gradient with respect to the logits `[rows, classes]`. With `p = softmax(logits[r])` and
/// `target[c] = (1 - smoothing) * (c == label[r]) + smoothing / classes`: `sample_loss[r] = -sum over c of target[c] * log(p[c])`
/// and `logits_gradient[r, c] = (p[c] * (sum of the target) - target[c]) * scale`. Without class weights the target adds up to 1;
/// with them `target[c]` is `class_weights[c]` times the above, as in PyTorch's `CrossEntropyLoss(weight, label_smoothing)`. (The
/// mean over a batch is over its images; PyTorch's is over their weights.)
///
/// A row without a label has no loss and no gradient. The gradient: Bridle 1990, "Probabilistic interpretation of feedforward
/// classification network outputs"; the smoothed target: Szegedy et al. 2016, section 7.
impl Reference for SoftmaxCrossEntropy {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (scale, smoothing) = (f64::from(self.scale), f64::from(self.smoothing));
        let logits = inputs.floats(self.logits)?;
        let weights = inputs.class_weights(self.class_weights, self.classes)?;
        let (gradient, loss) = losses(logits, inputs.words(self.labels)?, &weights, scale, smoothing);
        let gradient = self.logits_gradient.map(|_| gradient.into());
        Ok(gradient.into_iter().chain([loss.into()]).collect())
    }
}

/// The gradients `[rows, classes]` and the losses `[rows]`; `weights` are `[classes]`.
pub(super) fn losses(
    logits: &[f64],
    labels: &[u32],
    weights: &[f64],
    scale: f64,
    smoothing: f64,
) -> (Vec<f64>, Vec<f64>) {
    let classes = weights.len();
    let (mut gradients, mut losses) = (Vec::new(), Vec::new());
    for (logits, label) in logits.chunks_exact(classes).zip(labels) {
        let label = *label as usize;
        if label >= classes {
            gradients.extend(vec![0.0; classes]);
            losses.push(0.0);
            continue;
        }
        // Subtracting one number from all logits changes nothing; subtracting the largest keeps the
        // exponentials from overflowing.
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        let target = |class: usize| {
            let is_label = if class == label { 1.0 } else { 0.0 };
            weights[class] * ((1.0 - smoothing) * is_label + smoothing / classes as f64)
        };
        let whole: f64 = (0..classes).map(target).sum();
        let mut loss = 0.0;
        for (class, logit) in logits.iter().enumerate() {
            let log_probability = logit - largest - sum.ln();
            loss -= target(class) * log_probability;
            gradients.push((log_probability.exp() * whole - target(class)) * scale);
        }
        losses.push(loss);
    }
    (gradients, losses)
}
