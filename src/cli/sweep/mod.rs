//! `inkgrad sweep`: trains variations of a recipe and ranks them by their validation images.

mod journal;
mod results;
mod trials;
mod vary;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use inkgrad::data::DataSet;
use inkgrad::network::{Network, Task};
use inkgrad::train::{
    Evaluation, Fingerprint, Session, SessionOptions, Trainer, TrainerOptions, evaluate_members,
};
use inkgrad::{Error, Result, output_file};

use super::data_options::DataOptions;
use super::device::{Chosen, DeviceOptions};
use super::failure::Failure;
use super::{json, output, plotting, source};
use journal::{Header, Journal, Outcome};
use trials::Trial;
use vary::Vary;

#[derive(Args)]
pub struct Options {
    /// Built-in recipe, or your own (.toml)
    #[arg(value_name = "PRESET|FILE")]
    recipe: PathBuf,
    /// A field of the recipe and what to try there: values (layers.0.units=64,128), a range to draw from
    /// (learning_rate=0.001..0.1), or a range in equal parts (batch=16..256/5). Layers are numbered from 0. A range whose
    /// end is at least ten times its beginning is divided logarithmically. Can be given several times
    #[arg(long, value_name = "FIELD=VALUES", required = true)]
    vary: Vec<Vary>,
    /// Draw N random trials [default: every combination of values]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: Option<u16>,
    /// Train each trial with N seeds and rank by their mean; a GPU trains them side by side, as it does trials of one seed
    /// that differ only in their learning rates
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: u16,
    /// Seed of the trials' choice, and of their training
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Directory of the results [default: sweep-RECIPE]. Running the same command again continues an interrupted sweep
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Print only errors (and what --json prints)
    #[arg(long, short)]
    quiet: bool,
    /// Print JSON Lines: a line for each trial, the best first
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let (name, recipe) = options.named_recipe()?;
    let trials = trials::trials(&recipe, &options.vary, options.runs.map(usize::from), options.seed)?;
    let (asked, choice) = (options.data.clone(), options.device.choose());
    let (data, chosen) = source::beside(move || source::data_set(&asked), choice).await?;
    if data.validation.is_empty() {
        let what = "too few training images to hold some back for validation, by which trials are ranked";
        return Err(Error::Data(format!("{what}: give 12 images or more")).into());
    }
    // Every trial is checked before any is trained.
    let mut networks = Vec::new();
    for trial in &trials {
        let network = Network::new(Task::from(&data), trial.recipe.normalisation, &trial.recipe.layers);
        networks
            .push(network.map_err(|error| Error::Recipe(format!("{}: {error}", results::called(trial))))?);
    }
    let dir = options.dir.clone().unwrap_or_else(|| PathBuf::from(format!("sweep-{name}")));
    let header = Header {
        recipe: results::toml(&recipe)?,
        vary: options.vary.iter().map(ToString::to_string).collect(),
        seed: options.seed,
        seeds: options.seeds.into(),
        images: Fingerprint::of(&data.train),
    };
    let mut journal = Journal::open(&dir, &header)?;
    let sweep = Sweep { options: &options, data: &data, chosen: &chosen };
    let count = trials.iter().filter(|trial| journal.outcome(trial).is_none()).count();
    sweep.note(format_args!("device: {chosen}"));
    sweep.note(format_args!("{name}: {} trials, {count} of them still to run", trials.len()));
    let mut left: Vec<(&Trial, &Network)> =
        trials.iter().zip(&networks).filter(|(trial, _)| journal.outcome(trial).is_none()).collect();
    while let Some((first, network)) = left.first().copied() {
        let most = sweep.most_at_once(first, network);
        let mut together = Vec::new();
        left.retain(|(trial, _)| {
            let is_taken = together.len() < most && trial.recipe.differs_in_rate_alone(&first.recipe);
            if is_taken {
                together.push(*trial);
            }
            !is_taken
        });
        for (trial, outcome) in together.iter().zip(sweep.outcomes(&together, network).await?) {
            let (number, of, line) = (trial.number + 1, trials.len(), results::line(trial, &outcome));
            sweep.note(format_args!("trial {number} of {of}: {line}"));
            journal.add(outcome)?;
        }
    }
    chosen.keep_choices();
    let mut ranked: Vec<(&Trial, &Outcome)> =
        trials.iter().filter_map(|trial| Some((trial, journal.outcome(trial)?))).collect();
    ranked.sort_by(|a, b| results::order(a.1, b.1));
    let (best, plot) = (dir.join("best.toml"), dir.join("sweep.svg"));
    if let Some((trial, _)) = ranked.first().filter(|(_, outcome)| outcome.validation_accuracy.is_some()) {
        output_file::write_aside(&best, results::toml(&trial.recipe)?.as_bytes())?;
    }
    let drawing = results::drawn(&options.vary, &ranked);
    if let Some(drawing) = &drawing {
        plotting::write(drawing, &plot)?;
    }
    if options.json {
        return ranked.iter().try_for_each(|(_, outcome)| json::line(outcome));
    }
    if options.quiet {
        return Ok(());
    }
    output::print(results::table(&options.vary, &ranked))?;
    if drawing.is_some() {
        output::line(format_args!("\nplot: {}", plot.display()))?;
    }
    output::line(format_args!("best recipe: {}", best.display()))
}

impl Options {
    fn named_recipe(&self) -> Result<(String, inkgrad::recipe::Recipe)> {
        let is_file = self.recipe.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let preset = self.recipe.to_string_lossy();
        let (name, mut recipe) = source::recipe(&preset, is_file.then_some(self.recipe.as_path()))?;
        // Images that a network was trained on say nothing about its accuracy on others.
        recipe.all_images = false;
        Ok((name, recipe))
    }
}

struct Sweep<'a> {
    options: &'a Options,
    data: &'a DataSet,
    chosen: &'a Chosen,
}

impl Sweep<'_> {
    fn note(&self, text: impl std::fmt::Display) {
        if !self.options.quiet {
            output::note(text);
        }
    }

    /// How many trials that differ in their learning rates train in one run. Seeds have the run's networks to themselves.
    fn most_at_once(&self, trial: &Trial, network: &Network) -> usize {
        match self.options.seeds {
            1 => Trainer::most_networks(&self.chosen.device(), network, &trial.recipe),
            _ => 1,
        }
    }

    /// Trains one trial with all its seeds, or several with one seed in one run.
    async fn outcomes(&self, trials: &[&Trial], network: &Network) -> Result<Vec<Outcome>> {
        let started = Instant::now();
        let validations: Vec<Vec<Option<Evaluation>>> = match trials {
            [trial] => vec![self.validate_seeds(trial, network).await?],
            _ => self.validate_trials(trials, network).await?.into_iter().map(|one| vec![one]).collect(),
        };
        let seconds = started.elapsed().as_secs_f64() / trials.len().max(1) as f64;
        let outcomes = trials.iter().zip(validations);
        Ok(outcomes.map(|(trial, validations)| Outcome::of(trial, &validations, seconds)).collect())
    }

    /// The validations of a trial's seeds; after one that has diverged no further seed is trained.
    async fn validate_seeds(&self, trial: &Trial, network: &Network) -> Result<Vec<Option<Evaluation>>> {
        let device = &self.chosen.device();
        let seeds = u64::from(self.options.seeds);
        let most = Trainer::most_networks(device, network, &trial.recipe) as u64;
        let mut found = Vec::new();
        while (found.len() as u64) < seeds && found.iter().all(Option::is_some) {
            let done = found.len() as u64;
            let (seed, networks) = (self.options.seed.wrapping_add(done), most.min(seeds - done) as usize);
            let options = TrainerOptions { seed, networks, ..TrainerOptions::default() };
            let trainer = Trainer::new(device, network, &trial.recipe, &self.data.train, options).await?;
            match self.validate(trainer, network).await {
                Err(Error::Diverged { .. }) => found.push(None),
                validations => found.extend(validations?),
            }
        }
        Ok(found)
    }

    async fn validate_trials(&self, trials: &[&Trial], network: &Network) -> Result<Vec<Option<Evaluation>>> {
        let recipes: Vec<_> = trials.iter().map(|trial| trial.recipe.clone()).collect();
        let options = TrainerOptions { seed: self.options.seed, ..TrainerOptions::default() };
        let device = &self.chosen.device();
        let trainer = Trainer::at_rates(device, network, &recipes, &self.data.train, options).await?;
        self.validate(trainer, network).await
    }

    /// Trains all networks of a run; returns the validation of each, none of one that has diverged.
    async fn validate(&self, trainer: Trainer, network: &Network) -> Result<Vec<Option<Evaluation>>> {
        let device = &self.chosen.device();
        let views = trainer.recipe().views;
        let networks = trainer.networks();
        let mut session = Session::new(device, trainer, SessionOptions::default())?;
        let has_any = |session: &Session| (0..networks).any(|index| !session.trainer().has_diverged(index));
        while !session.is_done() && has_any(&session) {
            session.advance().await?;
            // A run that diverges ends here, not with its last step.
            session.losses()?;
        }
        session.finish().await?;
        let mut validations = Vec::new();
        for index in 0..networks {
            let (weights, _) = session.weights(index).await?;
            let is_lost = session.trainer().has_diverged(index) || !weights.is_finite();
            let members = std::slice::from_ref(&weights);
            validations.push(match is_lost {
                true => None,
                false => {
                    Some(evaluate_members(device, network, members, views, &self.data.validation).await?)
                }
            });
        }
        Ok(validations)
    }
}
