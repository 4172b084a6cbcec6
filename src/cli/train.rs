//! `inkgrad train`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::HumanCount;
use inkgrad::data::DataSet;
use inkgrad::executor::Feed;
use inkgrad::model_file::{self, Model};
use inkgrad::network::{LossReduction, Network, Task};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Evaluation, Trainer, TrainerOptions, evaluate};
use inkgrad::{Error, Result};

use super::device::{Chosen, DeviceOptions};
use super::failure::Failure;
use super::json::{self, Event};
use super::meter::{Meter, Pace};
use super::progress::{Progress, Rhythm, count};
use super::{output, source};

#[derive(Args)]
pub struct Options {
    /// Recipe that is built in, see `inkgrad recipe`
    #[arg(default_value = "softmax", conflicts_with = "recipe")]
    preset: String,
    /// Recipe of your own, in TOML
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Directory of four IDX files, gzipped or not, in place of the built-in MNIST
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Steps to train for
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Walks through the training images to train for, such as 2 or 0.5
    #[arg(long, value_name = "X")]
    epochs: Option<f64>,
    /// Images a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Step length: parameters change by this times the gradient
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<f32>,
    /// Loss of a batch: the mean or the sum of its images' losses. Where this differs from the recipe and no
    /// --learning-rate is given, the recipe's rate is divided (or multiplied) by the batch, so that steps stay as
    /// long as they were
    #[arg(long)]
    loss_reduction: Option<Reduction>,
    /// What the order of images and random first values follow from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How images reach a GPU: batch by batch, or all at once before the first step
    #[arg(long, default_value = "auto")]
    feed: FeedChoice,
    #[command(flatten)]
    device: DeviceOptions,
    /// Write the trained model here (safetensors)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print nothing but errors (and what --json prints)
    #[arg(long, short)]
    quiet: bool,
    /// Print JSON Lines on standard output; the last line is the result
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Reduction {
    Mean,
    Sum,
}

#[derive(Clone, Copy, ValueEnum)]
enum FeedChoice {
    Auto,
    Stream,
    Resident,
}

/// JSON's step events in a whole run.
const EVENTS: u64 = 100;

pub async fn run(options: Options) -> Result<(), Failure> {
    let (task, recipe) = options.recipe()?;
    if let Some(path) = &options.save {
        model_file::check_writable(path)?;
    }
    let dir = options.data.clone();
    let choice = options.device.choose();
    let (data, chosen) = source::beside(move || source::data_set(dir.as_deref()), choice).await?;
    let run = Run { options: &options, task, recipe, data, chosen };
    run.train().await
}

impl Options {
    /// The recipe with what the other options change in it.
    fn recipe(&self) -> Result<(String, Recipe)> {
        let (name, mut recipe) = source::recipe(&self.preset, self.recipe.as_deref())?;
        if let Some(batch) = self.batch {
            recipe.batch = batch;
        }
        if let Some(reduction) = self.loss_reduction {
            let reduction = match reduction {
                Reduction::Mean => LossReduction::Mean,
                Reduction::Sum => LossReduction::Sum,
            };
            // An update is rate x scale x the sum of gradients: it stays what the recipe's author chose.
            let (old, new) = (recipe.loss_reduction.scale(recipe.batch), reduction.scale(recipe.batch));
            recipe.learning_rate *= old / new;
            recipe.loss_reduction = reduction;
        }
        if let Some(rate) = self.learning_rate {
            recipe.learning_rate = rate;
        }
        if self.steps.is_some() || self.epochs.is_some() {
            (recipe.steps, recipe.epochs) = (self.steps, self.epochs);
        }
        recipe.check().map_err(Error::Config)?;
        Ok((name, recipe))
    }

    fn say(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            output::note(text);
        }
    }
}

/// All that a run needs, at hand.
struct Run<'a> {
    options: &'a Options,
    task: String,
    recipe: Recipe,
    data: DataSet,
    chosen: Chosen,
}

impl Run<'_> {
    async fn train(&self) -> Result<(), Failure> {
        let Run { options, recipe, data, chosen, .. } = self;
        let network = Network::new(Task::from(data), recipe.normalisation, &recipe.layers)?;
        let feed = match options.feed {
            FeedChoice::Auto => Feed::Auto,
            FeedChoice::Stream => Feed::Stream,
            FeedChoice::Resident => Feed::Resident,
        };
        let trainer_options = TrainerOptions { seed: options.seed, feed, ..TrainerOptions::default() };
        let mut trainer =
            Trainer::new(&chosen.device, &network, recipe, &data.train, trainer_options).await?;
        self.announce(&network, trainer.steps())?;
        let seconds = self.steps(&mut trainer).await?;
        let test = evaluate(&self.chosen.device, &network, trainer.store(), &self.data.test).await?;
        // The last update can be the one that went wrong: no loss but the test's has seen its parameters.
        if !test.loss.is_finite() {
            return Err(Error::Diverged { step: trainer.steps() }.into());
        }
        if let Some(path) = &self.options.save {
            self.save(path, &mut trainer).await?;
        }
        self.report(&test, trainer.steps(), seconds)
    }

    /// Runs all steps; how many seconds they took, from the first handed over until all are done.
    async fn steps(&self, trainer: &mut Trainer) -> Result<f64, Failure> {
        let (steps, json) = (trainer.steps(), self.options.json);
        let mut progress = Progress::new(self.options.quiet, steps);
        let mut events = Meter::new(steps, EVENTS);
        let mut rhythm = Rhythm::start();
        let mut known = 0;
        let pace = Pace::start(steps, self.recipe.batch);
        let mut show = |losses: Vec<f32>| {
            known += losses.len() as u64;
            progress.show(&losses, known, &pace);
            for record in events.take(&losses).into_iter().filter(|_| json) {
                let images_per_second = pace.images_per_second(known);
                json::line(&Event::Step { step: record.step, loss: record.loss, images_per_second })?;
            }
            Ok::<_, Failure>(())
        };
        while !trainer.is_done() {
            trainer.advance().await?;
            if rhythm.is_due() {
                show(trainer.losses()?)?;
            }
        }
        let losses = trainer.finish().await?;
        let seconds = pace.seconds();
        show(losses)?;
        progress.end();
        Ok(seconds)
    }

    /// What is about to happen, before it does.
    fn announce(&self, network: &Network, steps: u64) -> Result<(), Failure> {
        let Run { options, task, recipe, data, chosen } = self;
        options.say(format_args!("device: {chosen}"));
        let parameters = network.parameter_count();
        options.say(format_args!(
            "{task}: {} parameters; {} images of {} x {} in {} classes to train, {} to test",
            HumanCount(parameters as u64),
            HumanCount(data.train.len() as u64),
            data.height,
            data.width,
            data.classes,
            HumanCount(data.test.len() as u64),
        ));
        if options.loss_reduction.is_some() && options.learning_rate.is_none() {
            let rate = recipe.learning_rate;
            options.say(format_args!("learning rate: {rate} (so that steps stay as long as the recipe's)"));
        }
        if !options.json {
            return Ok(());
        }
        json::line(&Event::Start {
            task,
            device: chosen.kind(),
            adapter: &chosen.name,
            parameters,
            training_images: data.train.len(),
            test_images: data.test.len(),
            steps,
            batch: recipe.batch,
            learning_rate: recipe.learning_rate,
            loss_reduction: recipe.loss_reduction,
            seed: options.seed,
        })
    }

    async fn save(&self, path: &Path, trainer: &mut Trainer) -> Result<()> {
        let parameters = trainer.parameters().await?;
        if !parameters.iter().all(|value| value.is_finite()) {
            return Err(Error::Diverged { step: trainer.steps() });
        }
        let model = Model {
            name: self.task.clone(),
            network: trainer.network().clone(),
            parameters,
            recipe: self.recipe.clone(),
            seed: self.options.seed,
            steps: trainer.steps(),
        };
        model.save(path)
    }

    fn report(&self, test: &Evaluation, steps: u64, train_seconds: f64) -> Result<(), Failure> {
        let Run { options, task, recipe, chosen, .. } = self;
        let images = (steps * recipe.batch as u64) as f64;
        let images_per_second = images / train_seconds.max(f64::MIN_POSITIVE);
        if options.json {
            let model = options.save.as_ref().map(|path| path.to_string_lossy());
            return json::line(&Event::Result {
                task,
                device: chosen.kind(),
                adapter: &chosen.name,
                steps,
                batch: recipe.batch,
                seed: options.seed,
                train_seconds,
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
            "training: {} steps of {} images in {train_seconds:.3} s, {} images/s",
            HumanCount(steps),
            recipe.batch,
            count(images_per_second),
        ))?;
        match &options.save {
            Some(path) => output::line(format_args!("saved: {}", path.display())),
            None => Ok(()),
        }
    }
}
