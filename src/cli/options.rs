//! The options of `inkgrad train`, and the settings of a run that follow from them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use inkgrad::executor::Feed;
use inkgrad::model_file::Model;
use inkgrad::network::LossReduction;
use inkgrad::recipe::Recipe;
use inkgrad::train::{About, Checkpoint, Latest, Lock};
use inkgrad::{Error, Result};

use super::data_options::DataOptions;
use super::device::{DeviceOptions, FeedChoice};
use super::{output, source, tensorboard};

#[derive(Args)]
pub struct Options {
    /// Built-in recipe: softmax, mlp, lenet5, cnn, fast, record or colour (`inkgrad recipe` prints one)
    /// [default: softmax]
    #[arg(conflicts_with = "recipe")]
    preset: Option<String>,
    /// Your own recipe, in TOML
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    /// Start from the weights of this model, which `train --save` wrote; with its recipe unless a preset or --recipe names
    /// another. For other classes the last layer starts anew
    #[arg(long, value_name = "MODEL", conflicts_with = "resume")]
    from: Option<PathBuf>,
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
    #[arg(long, value_name = "RATE")]
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
    /// Write checkpoints into this directory, every --every steps, at the end and on Ctrl-C; the last two are kept
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seeds", "ensemble", "resume"])]
    checkpoint: Option<PathBuf>,
    /// Steps between two checkpoints
    #[arg(long, value_name = "STEPS", requires = "checkpoint", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Continue from the last checkpoint in this directory, with its recipe and seed, and write further ones there. --steps
    /// or --epochs, of the whole run, and --learning-rate change the rest of the run
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "preset", "recipe", "batch", "loss_reduction", "seed", "seeds", "ensemble", "validate_every", "early_stop",
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
    /// Draw the loss and the accuracy over the steps into this file (.svg or .png)
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Instead of training, find the learning rate: a short run with a rising rate shows where the loss falls
    #[arg(long, conflicts_with_all = [
        "save", "log", "tensorboard", "checkpoint", "resume", "from", "seeds", "ensemble", "validate_every", "profile",
        "trace", "learning_rate", "steps", "epochs",
    ])]
    pub find_rate: bool,
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
    /// Newer checkpoints that cannot be read.
    pub damaged: Vec<Error>,
    /// Whether the options change the rest of a run that continues.
    pub is_changed: bool,
    pub from: Option<(PathBuf, Model)>,
    /// The directory for TensorBoard's files.
    pub board: Option<PathBuf>,
    /// Keeps other processes out of the directory of checkpoints.
    _lock: Option<Lock>,
}

impl Options {
    pub fn settings(&self) -> Result<Settings> {
        self.device.agree_with(self.feed)?;
        let Some(dir) = &self.resume else { return self.settings_of_new_run() };
        let lock = Checkpoint::prepare(dir, true)?;
        let Latest { mut checkpoint, damaged } = Checkpoint::latest(dir)?;
        let is_changed = self.steps.is_some() || self.epochs.is_some() || self.learning_rate.is_some();
        if is_changed {
            self.change(&mut checkpoint.about.recipe)?;
            // The validations that ended the run, if they did, were those of its old schedule.
            checkpoint.about.waited = 0;
        }
        let About { name, recipe, seed, every, validate_every, patience, board, .. } =
            checkpoint.about.clone();
        Ok(Settings {
            name,
            recipe,
            seed,
            validate_every,
            patience,
            checkpoints: Some(dir.clone()),
            checkpoint_every: every,
            resumed: Some(checkpoint),
            damaged,
            is_changed,
            from: None,
            board: self.board(board.as_deref().map(Path::new))?,
            _lock: lock,
        })
    }

    fn settings_of_new_run(&self) -> Result<Settings> {
        let from = match &self.from {
            Some(path) => Some((path.clone(), Model::open(path)?)),
            None => None,
        };
        let (name, recipe) = self.recipe(from.as_ref().map(|(_, model)| model))?;
        let lock = match &self.checkpoint {
            Some(dir) => Checkpoint::prepare(dir, false)?,
            None => None,
        };
        Ok(Settings {
            name,
            recipe,
            seed: self.seed,
            validate_every: self.validate_every,
            patience: self.early_stop,
            checkpoints: self.checkpoint.clone(),
            checkpoint_every: self.every,
            resumed: None,
            damaged: Vec::new(),
            is_changed: false,
            from,
            board: self.board(None)?,
            _lock: lock,
        })
    }

    /// The directory for TensorBoard's files, if they were asked for; `before` is that of a run that continues.
    fn board(&self, before: Option<&Path>) -> Result<Option<PathBuf>> {
        self.tensorboard.as_deref().map(|dir| tensorboard::directory(dir, before)).transpose()
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

    /// The recipe, by default that of the model that the run starts from, as changed by the other options.
    fn recipe(&self, from: Option<&Model>) -> Result<(String, Recipe)> {
        let (name, mut recipe) = match (&self.preset, &self.recipe, from) {
            (None, None, Some(model)) => (model.name.clone(), model.recipe.clone()),
            (preset, file, _) => source::recipe(preset.as_deref().unwrap_or("softmax"), file.as_deref())?,
        };
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
        // Images that a network was trained on say nothing about its accuracy on others.
        recipe.all_images &= self.validate_every.is_none();
        self.change(&mut recipe)?;
        Ok((name, recipe))
    }

    /// Changes what a run may change on its way: its length and its learning rate.
    fn change(&self, recipe: &mut Recipe) -> Result<()> {
        if let Some(rate) = self.learning_rate {
            recipe.learning_rate = rate;
        }
        if self.steps.is_some() || self.epochs.is_some() {
            (recipe.steps, recipe.epochs) = (self.steps, self.epochs);
        }
        recipe.check().map_err(Error::Recipe)
    }

    /// Whether a run leaves anything besides what it prints.
    pub fn has_outputs(&self) -> bool {
        let files = [&self.save, &self.log, &self.plot, &self.trace, &self.tensorboard];
        files.into_iter().chain([&self.checkpoint, &self.resume]).any(Option::is_some)
    }

    /// The given options of device and output, for the printed command that continues a run.
    pub fn rest(&self) -> String {
        let feed = match self.feed {
            FeedChoice::Auto => "",
            FeedChoice::Stream => " --feed stream",
            FeedChoice::Resident => " --feed resident",
        };
        let [quiet, json] =
            [(self.quiet, " --quiet"), (self.json, " --json")].map(|(is, name)| if is { name } else { "" });
        format!("{}{feed}{quiet}{json}", self.device.rest())
    }

    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            output::note(text);
        }
    }
}
