//! A whole run: steps, validations, checkpoints, an early end. It yields events to whoever drives it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::checkpoint::{About, Checkpoint, Fingerprint};
use super::{Evaluation, Trainer, evaluate_members};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::model_file::Weights;
use crate::profile::Span;

/// What a run does beside its steps.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// The recipe's name.
    pub name: String,
    /// The images that validation classifies.
    pub validation: Option<Split>,
    /// Steps between two validations.
    pub validate_every: Option<u64>,
    /// Ends the run after so many validations without a smaller loss, with the weights of the smallest.
    pub patience: Option<u32>,
    /// Where checkpoints go, and steps between two of them (none: only where the run is interrupted).
    pub checkpoints: Option<PathBuf>,
    pub checkpoint_every: Option<u64>,
    /// What to call the device in checkpoints.
    pub device: String,
}

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps done then.
    pub step: u64,
    pub loss: f64,
    pub accuracy: f64,
}

/// What has happened in a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// A block of steps was handed to the device. [`Session::losses`] may know more now.
    Advanced,
    Validated {
        step: u64,
        evaluation: Evaluation,
    },
    Saved {
        step: u64,
        path: PathBuf,
    },
    /// Validation has not got better for long enough.
    StoppedEarly {
        step: u64,
        best: Best,
    },
}

pub struct Session {
    device: Device,
    trainer: Trainer,
    options: SessionOptions,
    images: Option<Fingerprint>,
    best: Option<(Best, Weights)>,
    waited: u32,
    /// Steps at which the last validation and the last checkpoint were.
    validated: u64,
    saved: u64,
    stopped: bool,
    /// Losses that became known while the run waited for the device.
    known: Vec<f32>,
}

impl Session {
    pub fn new(device: &Device, trainer: Trainer, options: SessionOptions) -> Self {
        let start = trainer.started();
        let images = options.checkpoints.is_some().then(|| Fingerprint::of(trainer.split()));
        Session {
            device: device.clone(),
            trainer,
            options,
            images,
            best: None,
            waited: 0,
            validated: start,
            saved: start,
            stopped: false,
            known: Vec::new(),
        }
    }

    /// Goes on from a checkpoint, which the trainer was made from.
    ///
    /// # Errors
    /// Where the training images are not those that the run began with.
    pub fn resume(
        device: &Device,
        trainer: Trainer,
        options: SessionOptions,
        checkpoint: Checkpoint,
    ) -> Result<Self> {
        let Checkpoint { about, best, .. } = checkpoint;
        if Fingerprint::of(trainer.split()) != about.images {
            let what = "the checkpoint's run was trained on other images";
            return Err(Error::Usage(format!("{what}: name them with `--data DIR`, as at its start")));
        }
        let mut session = Session::new(device, trainer, options);
        session.images = Some(about.images);
        session.best = about.best.zip(best);
        session.waited = about.waited;
        session.validated = about.validated.unwrap_or(session.validated);
        session.stopped = session.is_patience_over();
        Ok(session)
    }

    /// See [`Trainer::spans`].
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        self.trainer.spans().await
    }

    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    pub fn is_done(&self) -> bool {
        self.stopped || (self.trainer.is_done() && !self.is_validation_due() && !self.is_checkpoint_due())
    }

    fn is_patience_over(&self) -> bool {
        self.options.patience.is_some_and(|patience| self.best.is_some() && self.waited >= patience)
    }

    /// The next multiple of `every` after the steps done.
    fn next(&self, every: Option<u64>) -> u64 {
        let started = self.trainer.started();
        every.map_or(u64::MAX, |every| (started / every.max(1) + 1).saturating_mul(every.max(1)))
    }

    fn is_due(&self, every: Option<u64>, last: u64) -> bool {
        let step = self.trainer.started();
        every
            .is_some_and(|every| step > last && (step.is_multiple_of(every.max(1)) || self.trainer.is_done()))
    }

    fn is_validation_due(&self) -> bool {
        self.options.validation.is_some() && self.is_due(self.options.validate_every, self.validated)
    }

    fn is_checkpoint_due(&self) -> bool {
        self.options.checkpoints.is_some() && self.is_due(self.options.checkpoint_every, self.saved)
    }

    /// Does the next thing that is due.
    pub async fn advance(&mut self) -> Result<Event> {
        // Before the checkpoint, which then knows of it.
        if self.is_validation_due() {
            return self.validate().await;
        }
        if self.is_checkpoint_due() {
            let (step, path) = self.save().await?;
            return Ok(Event::Saved { step, path });
        }
        if let (true, Some((best, _))) = (self.is_patience_over(), &self.best) {
            self.stopped = true;
            return Ok(Event::StoppedEarly { step: self.trainer.started(), best: *best });
        }
        let limit = self.next(self.options.validate_every).min(self.next(self.options.checkpoint_every));
        self.trainer.advance_to(limit).await?;
        Ok(Event::Advanced)
    }

    async fn validate(&mut self) -> Result<Event> {
        let step = self.trainer.started();
        self.validated = step;
        let losses = self.trainer.finish().await?;
        self.known.extend(losses);
        let weights = self.trainer.weights().await?;
        let validation = self.options.validation.clone().unwrap_or_else(Split::empty);
        let evaluation = evaluate_members(
            &self.device,
            self.trainer.network(),
            std::slice::from_ref(&weights),
            self.trainer.recipe().views,
            &validation,
        )
        .await?;
        if self.options.patience.is_some() {
            let (loss, accuracy) = (evaluation.loss, evaluation.accuracy());
            // A loss that is not a number is no better than any.
            let is_better = self.best.as_ref().is_none_or(|(best, _)| loss < best.loss);
            if is_better && loss.is_finite() {
                (self.best, self.waited) = (Some((Best { step, loss, accuracy }, weights)), 0);
            } else {
                self.waited += 1;
            }
        }
        Ok(Event::Validated { step, evaluation })
    }

    /// Writes a checkpoint now: its step and its file.
    ///
    /// # Errors
    /// Where there is no directory for it, or it cannot be written; the one before is then still good.
    pub async fn save(&mut self) -> Result<(u64, PathBuf)> {
        let Some(dir) = self.options.checkpoints.clone() else {
            return Err(Error::Usage(
                "no directory for checkpoints: name one with `--checkpoint DIR`".into(),
            ));
        };
        let step = self.trainer.started();
        let losses = self.trainer.finish().await?;
        self.known.extend(losses);
        let images = *self.images.get_or_insert_with(|| Fingerprint::of(self.trainer.split()));
        let trainer = &mut self.trainer;
        let (weights, states) = (trainer.current_weights().await?, trainer.states().await?);
        if !weights.is_finite() {
            return Err(Error::Diverged { step });
        }
        let about = About::new(
            self.options.name.clone(),
            trainer.network().task,
            trainer.recipe().clone(),
            trainer.seed(),
            step,
            images,
            self.options.device.clone(),
        );
        let (best, best_weights) = self.best.clone().unzip();
        let about = About {
            every: self.options.checkpoint_every,
            validate_every: self.options.validate_every,
            patience: self.options.patience,
            best,
            waited: self.waited,
            validated: Some(self.validated),
            ..about
        };
        let checkpoint = Checkpoint { about, weights, states, best: best_weights };
        self.saved = step;
        Ok((step, checkpoint.save(&dir)?))
    }

    /// The losses that have become known since the last call; never waits.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        let new = self.trainer.losses()?;
        let mut losses = std::mem::take(&mut self.known);
        losses.extend(new);
        Ok(losses)
    }

    /// Waits until all steps handed over are done; the losses not yet given.
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        let new = self.trainer.finish().await?;
        let mut losses = std::mem::take(&mut self.known);
        losses.extend(new);
        Ok(losses)
    }

    /// The weights to keep: the best by validation where that was asked for, else the (averaged) last ones; and the
    /// step that they are of.
    pub async fn weights(&mut self) -> Result<(Weights, u64)> {
        match &self.best {
            Some((best, weights)) => Ok((weights.clone(), best.step)),
            None => Ok((self.trainer.weights().await?, self.trainer.started())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu;
    use crate::network::{Network, Task};
    use crate::recipe::Recipe;
    use crate::train::TrainerOptions;

    /// A run that is stopped between a step and the validation that is due after it makes up for it when it goes on.
    #[test]
    fn a_validation_that_was_due_is_not_lost() {
        pollster::block_on(async {
            let device = Device::Cpu(cpu::Device::with_threads(1));
            let recipe = Recipe { steps: Some(30), batch: 5, ..Recipe::preset("softmax").unwrap() };
            let task = Task { height: 2, width: 2, classes: 2 };
            let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
            let pixels = (0..80u8).map(|i| i.wrapping_mul(37)).collect();
            let split = Split::new(4, pixels, (0..20).map(|i| i % 2).collect()).unwrap();
            let dir = tempfile::TempDir::new().unwrap();
            let options = SessionOptions {
                validation: Some(split.clone()),
                validate_every: Some(10),
                patience: Some(9),
                checkpoints: Some(dir.path().to_owned()),
                ..SessionOptions::default()
            };
            let trainer_options = TrainerOptions::default();
            let trainer = Trainer::new(&device, &network, &recipe, &split, trainer_options).await.unwrap();
            let mut session = Session::new(&device, trainer, options.clone());
            while session.trainer().started() < 10 {
                session.advance().await.unwrap();
            }
            session.save().await.unwrap();
            for is_due in [true, false] {
                let checkpoint = Checkpoint::latest(dir.path()).unwrap();
                assert_eq!(checkpoint.about.step, 10);
                let trainer =
                    Trainer::resume(&device, &network, &split, trainer_options, &checkpoint).await.unwrap();
                let mut again = Session::resume(&device, trainer, options.clone(), checkpoint).unwrap();
                let event = again.advance().await.unwrap();
                assert_eq!(matches!(event, Event::Validated { step: 10, .. }), is_due, "{event:?}");
                // now made: the next one to go on does not make it again
                again.save().await.unwrap();
            }
        });
    }
}
