//! The learning-rate range test (Smith 2017, "Cyclical learning rates for training neural networks", section 3.3): a short run
//! whose rate rises from far too small to far too large shows between which rates the loss falls.

use super::{Trainer, TrainerOptions};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::network::{LossReduction, Network};
use crate::recipe::{Recipe, Schedule};

/// Steps of a test, unless the loss ends it before.
pub const STEPS: u64 = 300;
/// The first and the last rate, for a loss that is the mean over a batch.
const RATES: [f64; 2] = [1e-6, 10.0];
/// Weight of the earlier losses in the smoothed loss.
const SMOOTHING: f64 = 0.9;
/// The test ends when the smoothed loss exceeds its smallest value by this factor.
const MAX_RISE: f64 = 4.0;
/// The suggested rate is smaller by this factor than the rate at which the loss is smallest, where the loss is about to
/// rise.
const MARGIN: f64 = 10.0;

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePoint {
    pub rate: f64,
    /// Of the step's batch, before its update.
    pub loss: f64,
    /// Exponential moving average of the losses, without its bias towards 0.
    pub smoothed: f64,
}

/// A test under way: [`RateTest::advance`] until it gives no point.
pub struct RateTest {
    trainer: Trainer,
    rates: [f64; 2],
    average: f64,
    points: Vec<RatePoint>,
    is_done: bool,
}

impl RateTest {
    /// # Errors
    /// As [`Trainer::new`].
    pub async fn new(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
    ) -> Result<Self> {
        // An update is rate x scale x the sum of gradients: the same updates for either reduction.
        let own = recipe.loss_reduction.scale(recipe.batch);
        let scale = f64::from(LossReduction::Mean.scale(recipe.batch) / own);
        let rates = RATES.map(|rate| rate * scale);
        let epochs = STEPS as f64 * recipe.batch as f64 / split.len().max(1) as f64;
        let rising = Recipe {
            learning_rate: rates[0] as f32,
            schedule: Schedule::Exponential { factor: rates[1] / rates[0], every: epochs },
            steps: Some(STEPS),
            epochs: None,
            warm_up_epochs: 0.0,
            ..recipe.clone()
        };
        let trainer =
            Trainer::new(device, network, &rising, split, TrainerOptions { networks: 1, ..options }).await?;
        Ok(RateTest { trainer, rates, average: 0.0, points: Vec::new(), is_done: false })
    }

    /// Trains the next step. None where the test is over: all rates were tried, or the loss has risen too far.
    ///
    /// # Errors
    /// Whatever goes wrong on the device; a loss that is not finite only ends the test.
    pub async fn advance(&mut self) -> Result<Option<RatePoint>> {
        if self.is_done || self.trainer.is_done() {
            return Ok(None);
        }
        let step = self.trainer.started();
        self.trainer.advance_to(step + 1).await?;
        let losses = match self.trainer.finish().await {
            Err(Error::Diverged { .. }) => Vec::new(),
            losses => losses?,
        };
        let Some(loss) = losses.last().map(|loss| f64::from(*loss)) else {
            self.is_done = true;
            return Ok(None);
        };
        let rate = self.rates[0] * (self.rates[1] / self.rates[0]).powf(step as f64 / STEPS as f64);
        self.average = SMOOTHING * self.average + (1.0 - SMOOTHING) * loss;
        let smoothed = self.average / (1.0 - SMOOTHING.powf(step as f64 + 1.0));
        let point = RatePoint { rate, loss, smoothed };
        self.points.push(point);
        let lowest = self.points.iter().map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
        self.is_done = smoothed > MAX_RISE * lowest;
        Ok(Some(point))
    }

    pub fn points(&self) -> &[RatePoint] {
        &self.points
    }

    /// The rate to train with: a tenth of the one at which the smoothed loss is the smallest. None where the loss never fell.
    pub fn suggestion(&self) -> Option<f64> {
        suggestion(&self.points)
    }
}

fn suggestion(points: &[RatePoint]) -> Option<f64> {
    let lowest = points.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))?;
    // At the beginning, when the rates are too small to change anything, the smoothed loss is that of the
    // untrained network.
    let first = points.iter().take(10).map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
    (lowest.smoothed < 0.98 * first).then_some(lowest.rate / MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use crate::network::Task;

    #[test]
    fn the_suggestion_is_a_tenth_of_the_best() {
        let points = |losses: &[f64]| -> Vec<RatePoint> {
            let point = |(at, loss): (usize, &f64)| RatePoint {
                rate: 10f64.powi(at as i32),
                loss: *loss,
                smoothed: *loss,
            };
            losses.iter().enumerate().map(point).collect()
        };
        let falls = points(&[2.0; 10].into_iter().chain([1.9, 1.0, 0.5, 3.0]).collect::<Vec<_>>());
        assert_eq!(suggestion(&falls), Some(1e11));
        assert_eq!(suggestion(&points(&[2.0, 2.1, 3.0])), None);
        assert_eq!(suggestion(&[]), None);
    }

    /// The loss falls at some rate and rises at a larger one, for either reduction of the loss; with the sum, rates are smaller
    /// by the batch.
    #[test]
    fn a_test_finds_where_the_loss_falls() {
        let pixels: Vec<u8> =
            (0..200u32).flat_map(|at| [(at % 2 * 200) as u8, (at * 7 % 50) as u8, 30, 9]).collect();
        let split = Split::new(4, pixels, (0..200).map(|at| at % 2).collect()).unwrap();
        let device = Device::Cpu(cpu::Device::with_threads(1));
        let mut found = Vec::new();
        for loss_reduction in [LossReduction::Mean, LossReduction::Sum] {
            let recipe = Recipe { batch: 20, loss_reduction, ..Recipe::preset("softmax").unwrap() };
            let network = Network::new(Task::grey(2, 2, 2), recipe.normalisation, &recipe.layers).unwrap();
            let options = TrainerOptions::default();
            let suggestion = pollster::block_on(async {
                let mut test = RateTest::new(&device, &network, &recipe, &split, options).await.unwrap();
                while test.advance().await.unwrap().is_some() {}
                let points = test.points();
                assert!(points.windows(2).all(|pair| pair[0].rate < pair[1].rate));
                test.suggestion().unwrap()
            });
            found.push(suggestion);
        }
        assert!((1e-3..=1.0).contains(&found[0]), "{found:?}");
        assert!((found[0] / found[1] / 20.0 - 1.0).abs() < 0.2, "{found:?}");
    }
}
