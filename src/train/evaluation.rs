//! How well a classifier does on a split.

use super::forward::{evaluation_batch, forward_plan, require_images, require_labels};
use super::prediction::{Predictions, predict_members};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::{Device, ExecutorOptions, Feed, Store};
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::{NO_IMAGE, StepScalars};
use crate::recipe::Views;

/// The counts and the loss of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub images: usize,
    pub correct: u64,
    /// Mean cross-entropy per image, in nats.
    pub loss: f64,
    pub classes: usize,
    /// `[classes, classes]`: rows are labels, columns are predictions.
    pub confusion: Vec<u32>,
}

impl Evaluation {
    /// The evaluation of predictions; `labels` holds one label per image, and each must name one of the
    /// classes.
    pub fn of(predictions: &Predictions, labels: &[u8]) -> Self {
        let classes = predictions.classes;
        let (mut confusion, mut loss, mut correct) = (vec![0u32; classes * classes], 0.0, 0);
        for ((row, predicted), label) in predictions.rows().zip(predictions.labels()).zip(labels) {
            let label = usize::from(*label);
            let probability = row.get(label).copied().unwrap_or(0.0);
            // A probability that float32 rounds to zero is still small, not zero; a NaN stays one.
            let least = if probability.is_nan() { f32::NAN } else { f32::MIN_POSITIVE };
            loss -= f64::from(probability.max(least)).ln();
            correct += u64::from(label == predicted);
            if let Some(count) = confusion.get_mut(label * classes + predicted) {
                *count += 1;
            }
        }
        Evaluation { images: labels.len(), correct, loss: loss / labels.len() as f64, classes, confusion }
    }

    /// Fraction of images classified correctly, from 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }

    /// Fraction of the images predicted as `class` that are of it; none if no image was.
    pub fn precision(&self, class: usize) -> Option<f64> {
        let predicted = (0..self.classes).map(|label| self.count(label, class)).sum();
        fraction(self.count(class, class), predicted)
    }

    /// Fraction of the images of `class` that were predicted as it; none if there is no such image.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let labelled = (0..self.classes).map(|predicted| self.count(class, predicted)).sum();
        fraction(self.count(class, class), labelled)
    }

    /// The harmonic mean of a class's precision and recall; none if no image is of the class or was predicted as it.
    pub fn f1(&self, class: usize) -> Option<f64> {
        let of = |other: usize| self.count(class, other) + self.count(other, class);
        fraction(2 * self.count(class, class), (0..self.classes).map(of).sum())
    }

    /// Mean recall of the classes that have images, from 0 to 1: each class counts the same, however many images it has.
    pub fn balanced_accuracy(&self) -> f64 {
        mean((0..self.classes).filter_map(|class| self.recall(class)))
    }

    /// Mean of the classes' F1, from 0 to 1; of those that have images or were predicted.
    pub fn macro_f1(&self) -> f64 {
        mean((0..self.classes).filter_map(|class| self.f1(class)))
    }

    /// Images with this label that were predicted as this class.
    pub fn count(&self, label: usize, predicted: usize) -> u64 {
        self.confusion.get(label * self.classes + predicted).copied().unwrap_or(0).into()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Classifies every image of a split with the parameters in `store`.
///
/// # Errors
/// `Data` where the split is empty or does not fit the network; else whatever goes wrong on the device.
pub async fn evaluate(
    device: &Device,
    network: &Network,
    store: &Store,
    split: &Split,
) -> Result<Evaluation> {
    if split.is_empty() {
        return Err(Error::Data("there are no images to evaluate on".into()));
    }
    require_images(network, split)?;
    require_labels(network, split)?;
    let batch = evaluation_batch(network).min(split.len());
    let plan = forward_plan(device, network, batch);
    let (Some(correct), Some(confusion)) = (plan.find("correct"), plan.find("confusion")) else {
        return Err(Error::Internal("an evaluation plan without counts".into()));
    };
    let block = 4;
    let mut executor = device
        .executor(&plan, store, ExecutorOptions { feed: Feed::Stream, block, ..ExecutorOptions::default() })
        .await?;
    for counts in [correct, confusion] {
        executor.write(counts, &vec![0; plan.tensor(counts).bytes()])?;
    }
    let mut losses = Vec::new();
    let images: Vec<u32> = (0..split.len() as u32).collect();
    for some in images.chunks(batch * block) {
        let steps = some.len().div_ceil(batch);
        let mut indices = some.to_vec();
        indices.resize(steps * batch, NO_IMAGE);
        executor.run(split, &indices, &vec![StepScalars::default(); steps]).await?;
        losses.extend(executor.losses()?);
    }
    losses.extend(executor.finish().await?);
    let correct = words(&executor.read(correct).await?);
    let confusion = words(&executor.read(confusion).await?);
    Ok(Evaluation {
        images: split.len(),
        correct: correct.first().copied().unwrap_or(0).into(),
        loss: losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / split.len() as f64,
        classes: network.task.classes,
        confusion,
    })
}

/// Classifies every image of a split with the mean probabilities of one or more networks and of all views.
///
/// # Errors
/// As [`evaluate`].
pub async fn evaluate_members(
    device: &Device,
    network: &Network,
    members: &[Weights],
    views: Views,
    split: &Split,
) -> Result<Evaluation> {
    if let ([alone], Views::Plain) = (members, views) {
        return evaluate(device, network, &alone.store(device)?, split).await;
    }
    if split.is_empty() {
        return Err(Error::Data("there are no images to evaluate on".into()));
    }
    require_labels(network, split)?;
    let predictions = predict_members(device, network, members, views, split).await?;
    Ok(Evaluation::of(&predictions, split.labels()))
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of scikit-learn's `balanced_accuracy_score` and `f1_score(average="macro")` for the same predictions.
    #[test]
    fn each_class_counts_the_same() {
        let confusion = vec![90, 10, 0, 0, 5, 5, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0];
        let evaluation = Evaluation { images: 114, correct: 98, loss: 0.0, classes: 4, confusion };
        assert!((evaluation.balanced_accuracy() - (0.9 + 0.5 + 0.75) / 3.0).abs() < 1e-12);
        let f1 = [180.0 / 196.0, 10.0 / 25.0, 6.0 / 7.0];
        assert!((evaluation.macro_f1() - f1.iter().sum::<f64>() / 3.0).abs() < 1e-12);
        assert_eq!((evaluation.f1(3), evaluation.recall(3)), (None, None));
    }
}
