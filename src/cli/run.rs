//! One training run of `inkgrad train`: what it prints, logs and saves.

use indicatif::HumanCount;
use inkgrad::data::{DataSet, Split};
use inkgrad::executor::{Device, Work};
use inkgrad::model_file::{Model, Weights};
use inkgrad::network::{Network, Task};
use inkgrad::train::{
    Evaluation, Event as Happened, Session, SessionOptions, Trainer, TrainerOptions, evaluate_members,
};
use inkgrad::{Error, Result};

use super::device::Chosen;
use super::failure::Failure;
use super::interrupt;
use super::json::{self, Event};
use super::meter::{Meter, Pace};
use super::metrics::Metrics;
use super::options::{Options, Plan};
use super::output;
use super::profiling::Profiling;
use super::progress::{Progress, Rhythm, count};
use super::source;

/// All that a run needs, at hand.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub options: &'a Options,
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    pub chosen: &'a Chosen,
}

/// A run that has come to its end.
pub struct Trained {
    pub network: Network,
    pub weights: Weights,
    pub test: Evaluation,
    /// Steps of the run, and steps that its weights have seen (fewer where the run ended early).
    pub steps: u64,
    pub kept: u64,
    /// Steps done in this process, which differ where a run went on.
    pub here: u64,
    pub seconds: f64,
    /// Where a profile is wanted.
    pub profiled: Option<(Profiling, Work)>,
}

/// JSON's step events in a whole run.
pub const EVENTS: u64 = 100;

impl Run<'_> {
    pub async fn train(&self) -> Result<(), Failure> {
        let trained = self.one(self.plan.seed, true).await?;
        if let Some(path) = &self.options.save {
            self.model(&trained.network, vec![trained.weights.clone()], trained.kept).save(path)?;
        }
        // After the model is safe: neither a trace that cannot be written nor a closed pipe costs it.
        let told = match &trained.profiled {
            Some((profiling, work)) => profiling.report(self.options, &self.chosen.device, *work).await,
            None => Ok(()),
        };
        self.report(&trained)?;
        told
    }

    /// The model that `weights` make.
    pub fn model(&self, network: &Network, members: Vec<Weights>, steps: u64) -> Model {
        Model {
            name: self.plan.name.clone(),
            network: network.clone(),
            members,
            recipe: self.plan.recipe.clone(),
            seed: self.plan.seed,
            steps,
        }
    }

    /// Trains with one seed, and tests.
    pub async fn one(&self, seed: u64, is_first: bool) -> Result<Trained, Failure> {
        let Run { options, plan, data, chosen } = *self;
        let network = Network::new(Task::from(data), plan.recipe.normalisation, &plan.recipe.layers)?;
        let trainer_options = TrainerOptions {
            seed,
            feed: options.feed(),
            profile: options.is_profiled(),
            ..TrainerOptions::default()
        };
        let (device, split) = (&chosen.device, &self.split());
        let session_options = self.session_options();
        let session = match &plan.resumed {
            None => {
                let trainer = Trainer::new(device, &network, &plan.recipe, split, trainer_options).await?;
                Session::new(device, trainer, session_options)
            }
            Some(checkpoint) => {
                if checkpoint.about.task != Task::from(data) {
                    let what = "the checkpoint's run was trained on images of another size";
                    return Err(Error::Usage(format!("{what}: name them with `--data DIR`")).into());
                }
                let trainer = Trainer::resume(device, &network, split, trainer_options, checkpoint).await?;
                Session::resume(device, trainer, session_options, checkpoint.clone())?
            }
        };
        let mut session = session;
        if is_first {
            let trainer = session.trainer();
            self.announce(&network, trainer.steps())?;
        }
        let before = session.trainer().started();
        // A run that is killed goes on with the same shaders.
        chosen.keep_choices();
        let (seconds, profiling) = self.steps(&mut session, seed).await?;
        let profiled = profiling.map(|profiling| (profiling, session.trainer().work()));
        let (weights, kept) = session.weights().await?;
        let steps = session.trainer().started();
        let test = self.test(&network, &weights, steps).await?;
        Ok(Trained { network, weights, test, steps, kept, here: steps - before, seconds, profiled })
    }

    /// Tests the weights of a run that has come to its end, `steps` long.
    pub async fn test(&self, network: &Network, weights: &Weights, steps: u64) -> Result<Evaluation> {
        if !weights.is_finite() {
            return Err(Error::Diverged { step: steps });
        }
        let members = std::slice::from_ref(weights);
        let test =
            evaluate_members(&self.chosen.device, network, members, self.plan.recipe.views, &self.data.test)
                .await?;
        // The last update can be the one that went wrong: no loss but the test's has seen its parameters.
        match test.loss.is_finite() {
            true => Ok(test),
            false => Err(Error::Diverged { step: steps }),
        }
    }

    /// The images to train on.
    pub fn split(&self) -> Split {
        match self.plan.recipe.all_images {
            true => self.data.all_training(),
            false => self.data.train.clone(),
        }
    }

    fn session_options(&self) -> SessionOptions {
        let Run { plan, data, .. } = *self;
        SessionOptions {
            name: plan.name.clone(),
            validation: (!data.validation.is_empty()).then(|| data.validation.clone()),
            validate_every: plan.validate_every,
            patience: plan.patience,
            checkpoints: plan.checkpoints.clone(),
            checkpoint_every: plan.checkpoint_every,
            device: self.device(),
        }
    }

    /// What a checkpoint tells of where its run began; other threads round alike.
    fn device(&self) -> String {
        match &self.chosen.device {
            Device::Cpu(device) => format!("CPU, {}", device.level()),
            Device::Gpu(_) => self.chosen.name.clone(),
        }
    }

    /// Runs all steps; how many seconds they took, from the first handed over until all are done.
    async fn steps(&self, session: &mut Session, seed: u64) -> Result<(f64, Option<Profiling>), Failure> {
        let (before, steps) = (session.trainer().started(), session.trainer().steps());
        let (json, quiet) = (self.options.json, self.options.quiet);
        let mut progress = Progress::new(quiet, before, steps);
        let mut events = Meter::new(before, steps, EVENTS);
        let mut metrics = Metrics::open(self.options, seed, before)?;
        let interrupt = interrupt::watch(self.plan.checkpoints.is_some() || self.options.is_profiled())?;
        let mut profiling = Profiling::of(self.options, session.trainer());
        let mut rhythm = Rhythm::start();
        let mut known = before;
        let pace = Pace::start(before, steps, self.plan.recipe.batch);
        let mut show = |losses: Vec<f32>, metrics: &mut Metrics| {
            known += losses.len() as u64;
            progress.show(&losses, known, &pace);
            for record in events.take(&losses) {
                let images_per_second = pace.images_per_second(known);
                let event = Event::Step { seed, step: record.step, loss: record.loss, images_per_second };
                metrics.step(&record, &event)?;
                if json {
                    json::line(&event)?;
                }
            }
            Ok::<_, Failure>(())
        };
        while !session.is_done() {
            match session.advance().await? {
                Happened::Advanced => {
                    if let Some(profiling) = &mut profiling {
                        profiling.block(session).await?;
                    }
                    if rhythm.is_due() {
                        show(session.losses()?, &mut metrics)?;
                    }
                }
                Happened::Validated { step, evaluation } => {
                    show(session.losses()?, &mut metrics)?;
                    let (loss, accuracy) = (evaluation.loss, evaluation.accuracy());
                    let event = Event::Validation { seed, step, loss, accuracy };
                    metrics.validation(step, loss, accuracy, &event)?;
                    if json {
                        json::line(&event)?;
                    } else if !quiet {
                        let step = HumanCount(step);
                        output::note(format_args!(
                            "step {step}: validation loss {loss:.4}, accuracy {accuracy:.4}"
                        ));
                    }
                }
                Happened::Saved { step, path } => {
                    if json {
                        json::line(&Event::Checkpoint { step, path: &path.to_string_lossy() })?;
                    }
                }
                Happened::StoppedEarly { step, best } => {
                    self.options.say(format_args!(
                        "stopped at step {}: validation has not got better since step {} (loss {:.4}, accuracy {:.4})",
                        HumanCount(step), HumanCount(best.step), best.loss, best.accuracy,
                    ));
                }
            }
            if interrupt.is_asked_for() && !session.is_done() {
                let losses = session.finish().await?;
                show(losses, &mut metrics)?;
                progress.end();
                if let Some(profiling) = profiling {
                    let work = session.trainer().work();
                    profiling.report(self.options, &self.chosen.device, work).await?;
                }
                return Err(self.interrupted(session).await);
            }
        }
        let losses = session.finish().await?;
        let seconds = pace.seconds();
        show(losses, &mut metrics)?;
        progress.end();
        Ok((seconds, profiling))
    }

    /// Ctrl-C: the step is finished, a checkpoint is written where there is a place for one, and how to go on is said.
    async fn interrupted(&self, session: &mut Session) -> Failure {
        let step = HumanCount(session.trainer().started());
        match (&self.plan.checkpoints, session.save()) {
            (None, _) => output::note(format_args!(
                "interrupted after step {step}: nothing was saved (`--checkpoint DIR` would have)"
            )),
            (Some(dir), saving) => match saving.await {
                Err(error) => return error.into(),
                Ok(_) => output::note(format_args!(
                    "interrupted after step {step}, saved. To go on: inkgrad train{}{}{}{}{} --device {}{}",
                    option("--resume", Some(dir)),
                    option("--data", self.options.data.as_deref()),
                    option("--save", self.options.save.as_deref()),
                    option("--log", self.options.log.as_deref()),
                    option("--tensorboard", self.options.tensorboard.as_deref()),
                    self.chosen.kind(),
                    self.options.device.rest(),
                )),
            },
        }
        Failure::Interrupted
    }

    /// What is about to happen, before it does: so many steps.
    pub fn announce(&self, network: &Network, steps: u64) -> Result<(), Failure> {
        let Run { options, plan, data, chosen } = *self;
        let (task, recipe) = (&plan.name, &plan.recipe);
        options.say(format_args!("device: {chosen}"));
        let parameters = network.parameter_count();
        options.say(format_args!(
            "{task}: {} parameters; {} images of {} x {} in {} classes to train, {} to test",
            HumanCount(parameters as u64),
            HumanCount(self.split().len() as u64),
            data.height,
            data.width,
            data.classes,
            HumanCount(data.test.len() as u64),
        ));
        if let Some(note) = source::without_images(self.split().labels(), data.classes) {
            options.say(format_args!("{note}"));
        }
        if options.loss_reduction.is_some() && options.learning_rate.is_none() {
            let rate = recipe.learning_rate;
            options.say(format_args!("learning rate: {rate} (so that steps stay as long as the recipe's)"));
        }
        if let Some(checkpoint) = &plan.resumed {
            let (step, began) = (HumanCount(checkpoint.about.step), &checkpoint.about.device);
            options.say(format_args!("going on after step {step} of {}", HumanCount(steps)));
            if *began != self.device() {
                options.say(format_args!(
                    "note: the run began on {began}; another device rounds otherwise, so the result will differ a little"
                ));
            }
        }
        if !options.json {
            return Ok(());
        }
        json::line(&Event::Start {
            task,
            device: chosen.kind(),
            adapter: &chosen.name,
            parameters,
            training_images: self.split().len(),
            test_images: data.test.len(),
            steps,
            batch: recipe.batch,
            learning_rate: recipe.learning_rate,
            loss_reduction: recipe.loss_reduction,
            seed: plan.seed,
        })
    }

    fn report(&self, trained: &Trained) -> Result<(), Failure> {
        let Run { options, plan, chosen, .. } = *self;
        let Trained { test, steps, here, seconds, .. } = trained;
        let images = (here * plan.recipe.batch as u64) as f64;
        let images_per_second = images / seconds.max(f64::MIN_POSITIVE);
        if options.json {
            let model = options.save.as_ref().map(|path| path.to_string_lossy());
            return json::line(&Event::Result {
                task: &plan.name,
                device: chosen.kind(),
                adapter: &chosen.name,
                steps: *steps,
                batch: plan.recipe.batch,
                seed: plan.seed,
                train_seconds: *seconds,
                images_per_second,
                test_accuracy: test.accuracy(),
                test_loss: test.loss,
                model: model.as_deref(),
            });
        }
        if options.quiet {
            return Ok(());
        }
        output::line(format_args!(
            "test: loss {:.4}, accuracy {:.4} ({} of {} images)",
            test.loss,
            test.accuracy(),
            HumanCount(test.correct),
            HumanCount(test.images as u64),
        ))?;
        output::line(format_args!(
            "training: {} steps of {} images in {seconds:.3} s, {} images/s",
            HumanCount(*here),
            plan.recipe.batch,
            count(images_per_second),
        ))?;
        match &options.save {
            Some(path) => output::line(format_args!("saved: {}", path.display())),
            None => Ok(()),
        }
    }
}

fn option(name: &str, path: Option<&std::path::Path>) -> String {
    path.map_or_else(String::new, |path| match path.display().to_string() {
        path if path.contains(' ') => format!(" {name} \"{path}\""),
        path => format!(" {name} {path}"),
    })
}
