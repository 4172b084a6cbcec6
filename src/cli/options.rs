//! The options of `inkgrad train`, and the settings of a run that follow from them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use inkgrad::executor::Feed;
use inkgrad::network::LossReduction;
use inkgrad::recipe::Recipe;
use inkgrad::train::{About, Checkpoint};
use inkgrad::{Error, Result};

use super::data_options::DataOptions;
use super::device::{DeviceOptions, FeedChoice};
use super::{output, source};

#[derive(Args)]
pub struct Options {
    /// Built-in recipe: softmax, mlp, lenet5, cnn, fast or record (`inkgrad recipe` prints one)
    #[arg(default_value = "softmax", conflicts_with = "recipe")]
    preset: String,
    /// Your own recipe, in TOML
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    /// Steps to train for
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Passes over the training images to train for, such as 2 or 0.5
    #[arg(long, value_name = "X")]
    epochs: Option<f64>,
    /// Images per step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate: parameters change by this times the gradient
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: Option<f32>,
    /// Loss of a batch: the mean or the sum of its images' losses. If this differs from the recipe and no
    /// --learning-rate is given, the recipe's rate is divided (or multiplied) by the batch size, so that updates keep
    /// their size
    #[arg(long)]
    pub loss_reduction: Option<Reduction>,
    /// Seed of the initial values, the order of images and all other random values
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Train with N seeds, starting at --seed; report mean, spread, best and worst
    #[arg(long, value_name = "N", conflicts_with_all = ["save", "ensemble"], value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub seeds: Option<u16>,
    /// Train N networks, with seeds starting at --seed, and average their probabilities
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub ensemble: Option<u16>,
    /// Write checkpoints into this directory, every --every steps and on Ctrl-C; the last two are kept
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seeds", "ensemble", "resume"])]
    checkpoint: Option<PathBuf>,
    /// Steps between two checkpoints
    #[arg(long, value_name = "STEPS", requires = "checkpoint", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Continue from the last checkpoint in this directory, with its recipe and seed, and write further ones there
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "preset", "recipe", "steps", "epochs", "batch", "learning_rate", "loss_reduction", "seed", "seeds",
        "ensemble", "validate_every", "early_stop",
    ])]
    resume: Option<PathBuf>,
    /// Evaluate on the validation images (part of the training images, of MNIST the first 5,000) every STEPS steps. They are then not
    /// trained on, even if the recipe would train on all images
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    validate_every: Option<u64>,
    /// Stop after N validations without a smaller loss, and keep the weights with the smallest loss
    #[arg(long, value_name = "N", requires = "validate_every", value_parser = clap::value_parser!(u32).range(1..))]
    early_stop: Option<u32>,
    /// Write metrics to this file as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Write metrics into this directory as TensorBoard event files
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Show where a step's time goes, op by op (measuring itself takes time)
    #[arg(long, conflicts_with_all = ["seeds", "ensemble"])]
    pub profile: bool,
    /// Write a trace of when each op ran, for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "ensemble"])]
    pub trace: Option<PathBuf>,
    /// How images reach a GPU: streamed batch by batch, or all uploaded before the first step
    #[arg(long, default_value = "auto")]
    feed: FeedChoice,
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Write the trained model to this file (safetensors)
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Print only errors (and what --json prints)
    #[arg(long, short)]
    pub quiet: bool,
    /// Print JSON Lines on standard output; the last line is the result
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Reduction {
    Mean,
    Sum,
}

/// What to train, and what to do during the run: from the options, or from a checkpoint.
pub struct Settings {
    pub name: String,
    pub recipe: Recipe,
    pub seed: u64,
    pub validate_every: Option<u64>,
    pub patience: Option<u32>,
    pub checkpoints: Option<PathBuf>,
    pub checkpoint_every: Option<u64>,
    pub resumed: Option<Checkpoint>,
}

impl Options {
    pub fn settings(&self) -> Result<Settings> {
        self.device.agree_with(self.feed)?;
        let Some(dir) = &self.resume else {
            let (name, recipe) = self.recipe()?;
            return Ok(Settings {
                name,
                recipe,
                seed: self.seed,
                validate_every: self.validate_every,
                patience: self.early_stop,
                checkpoints: self.checkpoint.clone(),
                checkpoint_every: self.every,
                resumed: None,
            });
        };
        let checkpoint = Checkpoint::latest(dir)?;
        let About { name, recipe, seed, every, validate_every, patience, .. } = checkpoint.about.clone();
        Ok(Settings {
            name,
            recipe,
            seed,
            validate_every,
            patience,
            checkpoints: Some(dir.clone()),
            checkpoint_every: every,
            resumed: Some(checkpoint),
        })
    }

    /// The file of the user's own recipe, if there is one.
    pub fn recipe_file(&self) -> Option<&Path> {
        self.recipe.as_deref()
    }

    pub fn is_profiled(&self) -> bool {
        self.profile || self.trace.is_some()
    }

    pub fn feed(&self) -> Feed {
        self.feed.into()
    }

    /// The recipe as changed by the other options.
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
            // An update is rate x scale x the sum of gradients, and keeps the size that the recipe's author chose.
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
        // Images that a network was trained on say nothing about its accuracy on others.
        recipe.all_images &= self.validate_every.is_none();
        recipe.check().map_err(Error::Recipe)?;
        Ok((name, recipe))
    }

    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            output::note(text);
        }
    }
}
