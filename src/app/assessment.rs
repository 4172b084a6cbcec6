//! Evaluates a network on a split, piece by piece.

use super::messages::{Mistake, Of, Score};
use super::pace::Pace;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::model_file::Weights;
use crate::network::Network;
use crate::recipe::Views;
use crate::train::{Evaluation, Predictions, predict_members};

/// Images that a GPU classifies at a time: always the same number, so that its shaders are compiled once.
const ON_A_GPU: usize = 1000;
/// Mistakes that are shown.
const MISTAKES: usize = 24;

/// An evaluation under way.
pub(super) struct Assessment {
    of: Of,
    split: Split,
    weights: Vec<Weights>,
    views: Views,
    predictions: Predictions,
    at: usize,
}

impl Assessment {
    /// The evaluation of a network with these weights; `split` is not empty.
    pub fn new(of: Of, split: Split, weights: Weights, views: Views, classes: usize) -> Self {
        let predictions = Predictions { classes, probabilities: Vec::new() };
        Assessment { of, split, weights: vec![weights], views, predictions, at: 0 }
    }

    /// For [`Assessment::advance`], on that device.
    pub fn pace(device: &Device) -> Pace {
        match device {
            Device::Cpu(_) => Pace::new(50, 5000),
            Device::Gpu(_) => Pace::new(ON_A_GPU, ON_A_GPU),
        }
    }

    /// Classifies some more images; returns whether all have been classified.
    pub async fn advance(&mut self, device: &Device, network: &Network, pace: Pace) -> Result<bool> {
        let some = self.split.slice(self.at..self.at + pace.pieces());
        let predicted = predict_members(device, network, &self.weights, self.views, &some).await?;
        self.predictions.probabilities.extend(predicted.probabilities);
        self.at += some.len();
        Ok(self.at >= self.split.len())
    }

    /// The result, and the images of its mistakes.
    ///
    /// # Errors
    /// `Diverged` at step `step` where the loss is not finite.
    pub fn score(&self, step: u64) -> Result<(Score, Vec<u8>)> {
        let labels = self.split.labels();
        let evaluation = Evaluation::of(&self.predictions, labels);
        if !evaluation.loss.is_finite() {
            return Err(Error::Diverged { step });
        }
        let classes = evaluation.classes;
        let said = self.predictions.labels();
        let probability = |at: usize| self.predictions.probabilities[at * classes + said[at]];
        let mut wrong: Vec<usize> =
            (0..labels.len()).filter(|at| usize::from(labels[*at]) != said[*at]).collect();
        wrong.sort_by(|a, b| probability(*b).total_cmp(&probability(*a)));
        wrong.truncate(MISTAKES);
        let mistake =
            |at: &usize| Mistake { label: labels[*at], said: said[*at], probability: probability(*at) };
        let score = Score {
            of: self.of,
            images: evaluation.images,
            loss: evaluation.loss,
            accuracy: evaluation.accuracy(),
            confusion: evaluation.confusion.chunks(classes.max(1)).map(<[u32]>::to_vec).collect(),
            mistakes: wrong.iter().map(mistake).collect(),
        };
        Ok((score, wrong.iter().flat_map(|at| self.split.image(*at).iter().copied()).collect()))
    }
}
