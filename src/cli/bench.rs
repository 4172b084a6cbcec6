//! `inkgrad bench`: how fast this machine trains the networks that other frameworks are measured on. They are not the presets
//! of the same names. Initial values and the order of images follow from the seed, and all training images are used.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use inkgrad::data::{Part, Split};
use inkgrad::network::{Network, Task as Images};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate};
use inkgrad::{Error, Result};
use serde::Serialize;

use super::device::{Chosen, DeviceOptions, FeedChoice};
use super::failure::Failure;
use super::progress::count;
use super::table::Table;
use super::{json, output, source};

#[derive(Args)]
pub struct Options {
    /// Tasks to train [default: all]
    tasks: Vec<Task>,
    /// Steps to train for [default: 1,000 for softmax, 600 for mlp and lenet5, 200 for deepcnn]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Images per step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Runs of each task, one after another; the table shows their medians
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeat: u16,
    /// How images reach a GPU: streamed batch by batch, or all uploaded before the first step
    #[arg(long, default_value = "auto")]
    feed: FeedChoice,
    /// Directory with four IDX files, gzipped or not, to use instead of the built-in MNIST
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceOptions,
    /// Print one line of JSON per run instead of the table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Task {
    Softmax,
    Mlp,
    Lenet5,
    Deepcnn,
}

impl Task {
    const ALL: [Task; 4] = [Task::Softmax, Task::Mlp, Task::Lenet5, Task::Deepcnn];

    fn name(self) -> &'static str {
        match self {
            Task::Softmax => "softmax",
            Task::Mlp => "mlp",
            Task::Lenet5 => "lenet5",
            Task::Deepcnn => "deepcnn",
        }
    }

    fn recipe(self) -> Result<Recipe> {
        let text = match self {
            Task::Softmax => include_str!("../../benches/tasks/softmax.toml"),
            Task::Mlp => include_str!("../../benches/tasks/mlp.toml"),
            Task::Lenet5 => include_str!("../../benches/tasks/lenet5.toml"),
            Task::Deepcnn => include_str!("../../benches/tasks/deepcnn.toml"),
        };
        Recipe::parse(Path::new(self.name()), text)
    }
}

/// Steps of the warm-up run, which compiles, tunes and fills caches.
const WARM_UP: u64 = 5;

/// One run, with the field names that the other frameworks' programs use.
#[derive(Serialize)]
struct RunResult<'a> {
    framework: &'a str,
    version: &'a str,
    task: &'a str,
    device: &'a str,
    adapter: &'a str,
    steps: u64,
    batch: usize,
    seed: u64,
    /// Seconds for initial values, shuffling and all steps; loading, compiling and testing do not count.
    train_seconds: f64,
    /// Seconds for the warm-up run before it, whose network is thrown away.
    first_call_seconds: f64,
    /// Seconds since the process was started or the previous run ended.
    total_process_seconds: f64,
    test_accuracy: f64,
    images_per_second: f64,
}

pub async fn run(options: Options, started: Instant) -> Result<(), Failure> {
    let dir = options.data.clone();
    let load = move || {
        let dir = dir.as_deref();
        Ok((source::training_part(dir)?, source::plain_test_part(dir)?))
    };
    options.device.agree_with(options.feed)?;
    // All images of the training file, as the other frameworks use.
    let ((training, test), chosen) = source::beside(load, options.device.choose()).await?;
    let &Part { height, width, channels, .. } = &training;
    let images = Images { height, width, channels, classes: training.classes() };
    test.require(images.shape(), images.classes)?;
    if !options.json {
        output::note(format_args!("device: {chosen}"));
    }
    let tasks = if options.tasks.is_empty() { &Task::ALL[..] } else { &options.tasks };
    let mut table = Table::new(&[0]);
    table.row(["task", "steps", "batch", "seconds", "images/s", "range", "warm-up", "test accuracy"]);
    let mut started = started;
    for task in tasks {
        let mut runs = Vec::new();
        for turn in 1..=options.repeat {
            let bench =
                Bench { options: &options, chosen: &chosen, images, training: &training, test: &test };
            let line = bench.run(*task, started).await?;
            started = Instant::now();
            if options.json {
                json::line(&line)?;
            } else {
                let (task, of, rate) = (task.name(), options.repeat, count(line.images_per_second));
                output::note(format_args!("{task}, run {turn} of {of}: {rate} images/s"));
            }
            runs.push(line);
        }
        table.row(row(&runs));
    }
    chosen.keep_choices();
    if options.json { Ok(()) } else { output::print(table) }
}

struct Bench<'a> {
    options: &'a Options,
    chosen: &'a Chosen,
    images: Images,
    training: &'a Part,
    test: &'a Part,
}

impl<'a> Bench<'a> {
    async fn run(&self, task: Task, started: Instant) -> Result<RunResult<'a>> {
        let mut recipe = task.recipe()?;
        recipe.steps = self.options.steps.or(recipe.steps);
        recipe.batch = self.options.batch.unwrap_or(recipe.batch);
        recipe.check().map_err(Error::Recipe)?;
        let network = Network::new(self.images, recipe.normalisation, &recipe.layers)?;
        let warm_up = Recipe { steps: Some(WARM_UP), ..recipe.clone() };
        let begun = Instant::now();
        self.train(&network, &warm_up).await?;
        let first_call_seconds = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let trainer = self.train(&network, &recipe).await?;
        let train_seconds = begun.elapsed().as_secs_f64();
        let test = evaluate(&self.chosen.device(), &network, trainer.store(), &self.test.examples).await?;
        let images = (trainer.steps() * recipe.batch as u64) as f64;
        Ok(RunResult {
            framework: "inkgrad",
            version: env!("CARGO_PKG_VERSION"),
            task: task.name(),
            device: self.chosen.kind(),
            adapter: &self.chosen.name,
            steps: trainer.steps(),
            batch: recipe.batch,
            seed: self.options.seed,
            train_seconds,
            first_call_seconds,
            total_process_seconds: started.elapsed().as_secs_f64(),
            test_accuracy: test.accuracy(),
            images_per_second: images / train_seconds,
        })
    }

    /// A whole run, from initial values to the end of the last step.
    async fn train(&self, network: &Network, recipe: &Recipe) -> Result<Trainer> {
        let options = TrainerOptions {
            seed: self.options.seed,
            feed: self.options.feed.into(),
            ..TrainerOptions::default()
        };
        let split: &Split = &self.training.examples;
        let mut trainer = Trainer::new(&self.chosen.device(), network, recipe, split, options).await?;
        while !trainer.is_done() {
            trainer.advance().await?;
        }
        trainer.finish().await?;
        Ok(trainer)
    }
}

/// Medians over a task's runs, and the range from the slowest to the fastest.
fn row(runs: &[RunResult]) -> [String; 8] {
    let sorted = |of: fn(&RunResult) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let median = |of: fn(&RunResult) -> f64| {
        let values = sorted(of);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let rates = sorted(|line| line.images_per_second);
    let end = |rate: Option<&f64>| rate.map_or_else(String::new, |rate| count(*rate).to_string());
    let first = |of: fn(&RunResult) -> String| runs.first().map_or_else(String::new, of);
    [
        first(|line| line.task.to_owned()),
        first(|line| line.steps.to_string()),
        first(|line| line.batch.to_string()),
        format!("{:.3}", median(|line| line.train_seconds)),
        count(median(|line| line.images_per_second)).to_string(),
        format!("{} to {}", end(rates.first()), end(rates.last())),
        format!("{:.3}", median(|line| line.first_call_seconds)),
        format!("{:.4}", median(|line| line.test_accuracy)),
    ]
}
