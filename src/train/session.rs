//! A whole run: steps, validations, checkpoints, an early stop. It yields events to whoever drives it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::checkpoint::{About, Checkpoint, Fingerprint};
use super::snapshot::{Progress, Snapshot};
use super::{Evaluation, Trainer, evaluate_members};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::{Device, Span};
use crate::model_file::Weights;

/// What a run does besides its steps. All of it requires a run of a single network.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// The recipe's name, for checkpoints.
    pub name: String,
    /// The images that validation classifies.
    pub validation: Option<Split>,
    /// Steps between two validations.
    pub validate_every: Option<u64>,
    /// Ends the run after this many validations in a row without a smaller loss, and keeps the weights with the
    /// smallest loss.
    pub patience: Option<u32>,
    /// Directory of the checkpoints.
    pub checkpoints: Option<PathBuf>,
    /// Steps between two checkpoints; none: only at the end and when [`Session::save`] is called.
    pub checkpoint_every: Option<u64>,
    /// The device's name, and the directory of the run's files for TensorBoard, for checkpoints.
    pub device: String,
    pub board: Option<String>,
}

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps done by then.
    pub step: u64,
    /// Mean cross-entropy per image, in nats.
    pub loss: f64,
    /// From 0 to 1.
    pub accuracy: f64,
}

/// What [`Session::advance`] did.
#[derive(Clone, Debug)]
pub enum Event {
    /// Handed a block of steps to the device. [`Session::losses`] may know more now.
    Advanced,
    Validated {
        step: u64,
        evaluation: Evaluation,
    },
    /// Wrote a checkpoint.
    Saved {
        step: u64,
        path: PathBuf,
    },
    /// Ended the run: validation has not improved for long enough.
    StoppedEarly {
        step: u64,
        best: Best,
    },
}

/// A training run with everything that happens between its steps. [`Session::advance`] until [`Session::is_done`], then
/// take the [`Session::weights`].
pub struct Session {
    device: Device,
    trainer: Trainer,
    options: SessionOptions,
    images: Option<Fingerprint>,
    progress: Progress,
    remembered: Option<Snapshot>,
    /// Losses that became known while the run waited for the device.
    losses: Vec<f32>,
}

impl Session {
    /// # Errors
    /// `Usage` where several networks train in one run and the options ask for validation or checkpoints.
    pub fn new(device: &Device, trainer: Trainer, options: SessionOptions) -> Result<Self> {
        if trainer.networks() > 1 && (options.validate_every.is_some() || options.checkpoints.is_some()) {
            let what =
                "validation and checkpoints require a run of one network: train the networks one by one";
            return Err(Error::Usage(what.into()));
        }
        let start = trainer.started();
        let images = options.checkpoints.is_some().then(|| Fingerprint::of(trainer.split()));
        Ok(Session {
            device: device.clone(),
            trainer,
            options,
            images,
            progress: Progress { best: None, waited: 0, validated: start, saved: start, stopped: false },
            remembered: None,
            losses: Vec::new(),
        })
    }

    /// Continues from a checkpoint, from which the trainer was made too.
    ///
    /// # Errors
    /// `Data` where the training images are not those that the run began with.
    pub fn resume(
        device: &Device,
        trainer: Trainer,
        options: SessionOptions,
        checkpoint: Checkpoint,
    ) -> Result<Self> {
        let Checkpoint { about, best, .. } = checkpoint;
        if Fingerprint::of(trainer.split()) != about.images {
            let what = "the checkpoint's run was trained on other images";
            return Err(Error::Data(format!("{what}: name them with `--data DIR`, as at its start")));
        }
        let mut session = Session::new(device, trainer, options)?;
        session.images = Some(about.images);
        session.progress.best = about.best.zip(best);
        session.progress.waited = about.waited;
        session.progress.validated = about.validated.unwrap_or(session.progress.validated);
        session.progress.stopped = session.is_patience_over();
        Ok(session)
    }

    /// See [`Trainer::spans`].
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        self.trainer.spans().await
    }

    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// See [`Trainer::scale_rate`].
    pub fn scale_rate(&mut self, factor: f32) -> Result<()> {
        self.trainer.scale_rate(factor)
    }

    pub fn is_done(&self) -> bool {
        self.progress.stopped
            || (self.trainer.is_done() && !self.is_validation_due() && !self.is_checkpoint_due())
    }

    fn is_patience_over(&self) -> bool {
        self.options
            .patience
            .is_some_and(|patience| self.progress.best.is_some() && self.progress.waited >= patience)
    }

    /// The next multiple of `every` after the steps done.
    fn next(&self, every: Option<u64>) -> u64 {
        let started = self.trainer.started();
        every.map_or(u64::MAX, |every| (started / every.max(1) + 1).saturating_mul(every.max(1)))
    }

    fn is_due(&self, every: Option<u64>, last: u64) -> bool {
        let step = self.trainer.started();
        let is_multiple = every.is_some_and(|every| step.is_multiple_of(every.max(1)));
        step > last && (is_multiple || self.trainer.is_done())
    }

    fn is_validation_due(&self) -> bool {
        let every = self.options.validate_every;
        self.options.validation.is_some() && every.is_some() && self.is_due(every, self.progress.validated)
    }

    fn is_checkpoint_due(&self) -> bool {
        self.options.checkpoints.is_some() && self.is_due(self.options.checkpoint_every, self.progress.saved)
    }

    /// Does the next thing that is due: a validation, a checkpoint, the early stop, or a block of steps.
    pub async fn advance(&mut self) -> Result<Event> {
        self.advance_to(u64::MAX).await
    }

    /// As [`Session::advance`], with no step beyond step `limit`.
    pub async fn advance_to(&mut self, limit: u64) -> Result<Event> {
        // Validation comes before the checkpoint, which then contains its result.
        if self.is_validation_due() {
            return self.validate().await;
        }
        if self.is_checkpoint_due() {
            let (step, path) = self.save().await?;
            return Ok(Event::Saved { step, path });
        }
        if let (true, Some((best, _))) = (self.is_patience_over(), &self.progress.best) {
            self.progress.stopped = true;
            return Ok(Event::StoppedEarly { step: self.trainer.started(), best: *best });
        }
        let due = self.next(self.options.validate_every).min(self.next(self.options.checkpoint_every));
        self.trainer.advance_to(limit.min(due)).await?;
        Ok(Event::Advanced)
    }

    async fn validate(&mut self) -> Result<Event> {
        let step = self.trainer.started();
        self.progress.validated = step;
        self.wait().await?;
        let weights = self.trainer.weights(0).await?;
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
            // A NaN loss never counts as an improvement.
            let is_better = self.progress.best.as_ref().is_none_or(|(best, _)| loss < best.loss);
            if is_better && loss.is_finite() {
                (self.progress.best, self.progress.waited) =
                    (Some((Best { step, loss, accuracy }, weights)), 0);
            } else {
                self.progress.waited += 1;
            }
        }
        Ok(Event::Validated { step, evaluation })
    }

    /// Writes a checkpoint now; returns its step and its file.
    ///
    /// # Errors
    /// `Usage` where the options name no directory, `Diverged` where the weights are not finite, else whatever stops it
    /// from being written; the checkpoint before it is then still good.
    pub async fn save(&mut self) -> Result<(u64, PathBuf)> {
        let Some(dir) = self.options.checkpoints.clone() else {
            return Err(Error::Usage(
                "no directory for checkpoints: name one with `--checkpoint DIR`".into(),
            ));
        };
        let step = self.trainer.started();
        self.wait().await?;
        let images = *self.images.get_or_insert_with(|| Fingerprint::of(self.trainer.split()));
        let trainer = &self.trainer;
        let (weights, states) = (trainer.current_weights(0).await?, trainer.states(0).await?);
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
        let (best, best_weights) = self.progress.best.clone().unzip();
        let about = About {
            every: self.options.checkpoint_every,
            validate_every: self.options.validate_every,
            patience: self.options.patience,
            best,
            waited: self.progress.waited,
            validated: Some(self.progress.validated),
            board: self.options.board.clone(),
            ..about
        };
        let checkpoint = Checkpoint { about, weights, states, best: best_weights };
        self.progress.saved = step;
        Ok((step, checkpoint.save(&dir)?))
    }

    /// Waits for the device; keeps the losses that have become known for the next call of `losses`.
    async fn wait(&mut self) -> Result<()> {
        let losses = self.trainer.finish().await?;
        self.losses.extend(losses);
        Ok(())
    }

    /// The losses that have become known since the last call, `[steps, networks]` as in [`Trainer::losses`]; never waits.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        let losses = self.trainer.losses()?;
        self.losses.extend(losses);
        Ok(std::mem::take(&mut self.losses))
    }

    /// Waits until all steps handed over are done; returns the losses not given yet.
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        self.wait().await?;
        Ok(std::mem::take(&mut self.losses))
    }

    /// Keeps a copy of the run as it is now in memory, for [`Session::recover`]. Waits for the device.
    pub async fn remember(&mut self) -> Result<()> {
        self.wait().await?;
        self.remembered = Some(Snapshot::of(&self.trainer, &self.progress).await?);
        Ok(())
    }

    /// Continues from the last copy in memory, on a device that takes the place of one that was lost. Returns the step
    /// that the run has gone back to; the losses and events of later steps will come again.
    ///
    /// # Errors
    /// `Internal` where there is no copy, else as [`Trainer::new`].
    pub async fn recover(&mut self, device: &Device) -> Result<u64> {
        let Some(snapshot) = &self.remembered else {
            return Err(Error::Internal("there is no copy of the run to go on from".into()));
        };
        self.trainer = snapshot.restore(device, &self.trainer).await?;
        self.progress = snapshot.progress.clone();
        self.device = device.clone();
        self.losses.clear();
        Ok(self.trainer.started())
    }

    /// The weights of network `index` to keep, and after which step they were taken: the best by validation where the
    /// options ask for early stopping, else the last (averaged) ones.
    pub async fn weights(&self, index: usize) -> Result<(Weights, u64)> {
        match &self.progress.best {
            Some((best, weights)) => Ok((weights.clone(), best.step)),
            None => Ok((self.trainer.weights(index).await?, self.trainer.started())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Network, Task};
    use crate::recipe::Recipe;
    use crate::train::TrainerOptions;
    use crate::{cpu, gpu};

    /// A run that is interrupted between a step and the validation that is due after it validates when it continues.
    #[test]
    fn a_validation_that_was_due_is_not_lost() {
        pollster::block_on(async {
            let device = Device::Cpu(cpu::Device::with_threads(1));
            let recipe = Recipe { steps: Some(30), batch: 5, ..Recipe::preset("softmax").unwrap() };
            let task = Task::grey(2, 2, 2);
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
            let mut session = Session::new(&device, trainer, options.clone()).unwrap();
            while session.trainer().started() < 10 {
                session.advance().await.unwrap();
            }
            session.save().await.unwrap();
            for is_due in [true, false] {
                let checkpoint = Checkpoint::latest(dir.path()).unwrap().checkpoint;
                assert_eq!(checkpoint.about.step, 10);
                let trainer =
                    Trainer::resume(&device, &network, &split, trainer_options, &checkpoint).await.unwrap();
                let mut again = Session::resume(&device, trainer, options.clone(), checkpoint).unwrap();
                let event = again.advance().await.unwrap();
                assert_eq!(matches!(event, Event::Validated { step: 10, .. }), is_due, "{event:?}");
                // saved after validating: the next to continue does not validate again
                again.save().await.unwrap();
            }
        });
    }

    /// A GPU that is destroyed looks like one whose driver was reset.
    #[test]
    fn a_run_goes_on_where_its_gpu_was_lost() {
        pollster::block_on(async {
            let open = async || {
                let adapter = gpu::Adapter::choose(&gpu::Choice::Any).await;
                let adapter = adapter.expect("this needs an adapter: `apt-get install mesa-vulkan-drivers`");
                gpu::Device::open(&adapter).await.unwrap()
            };
            let recipe = Recipe { steps: Some(60), epochs: None, batch: 5, ..Recipe::preset("mlp").unwrap() };
            let network = Network::new(Task::grey(2, 2, 2), recipe.normalisation, &recipe.layers).unwrap();
            let pixels = (0..80u8).map(|i| i.wrapping_mul(37)).collect();
            let split = Split::new(4, pixels, (0..20).map(|i| i % 2).collect()).unwrap();
            let options = TrainerOptions { networks: 2, ..TrainerOptions::default() };
            let mut ends = Vec::new();
            for is_lost in [false, true] {
                let gpu = open().await;
                let device = Device::Gpu(gpu.clone());
                let trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
                let mut session = Session::new(&device, trainer, SessionOptions::default()).unwrap();
                session.advance().await.unwrap();
                session.remember().await.unwrap();
                let remembered = session.trainer().started();
                session.advance().await.unwrap();
                if is_lost {
                    gpu.destroy();
                    let lost = session.finish().await;
                    assert!(matches!(lost, Err(Error::DeviceLost(_))), "{lost:?}");
                    assert_eq!(session.recover(&Device::Gpu(open().await)).await.unwrap(), remembered);
                }
                while !session.is_done() {
                    session.advance().await.unwrap();
                }
                session.finish().await.unwrap();
                ends.push([session.weights(0).await.unwrap(), session.weights(1).await.unwrap()]);
            }
            assert_eq!(ends[0], ends[1]);
        });
    }
}
