//! The training loop: blocks of steps on one device, for one network or several.

mod begin;

use super::steps;
use crate::data::{BatchOrder, Split};
use crate::error::{Error, Result};
use crate::executor::{Executor, Feed, Flat, Span, Store, Variants, Work};
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::StepScalars;
use crate::profile::Profile;
use crate::recipe::Recipe;

/// A trainer's options, besides the recipe.
#[derive(Clone, Copy, Debug)]
pub struct TrainerOptions {
    /// Seed of the first network; each further network's is one more, unless `same_seed`.
    pub seed: u64,
    /// All networks have the first one's seed: for networks that differ in something else, see [`Trainer::at_rates`].
    pub same_seed: bool,
    /// Networks in this run, from 1 to [`MAX_NETWORKS`](crate::train::MAX_NETWORKS). More than one requires a GPU.
    pub networks: usize,
    pub feed: Feed,
    /// Runs the plan's plain ops, unfused: slower, the reference for the fused ones.
    pub plain: bool,
    /// Which shaders a GPU runs.
    pub variants: Variants,
    /// Records when each op runs, see [`Trainer::spans`]. For one network only.
    pub profile: bool,
}

impl TrainerOptions {
    /// The seed of network `index`, counted from 0.
    fn seed_of(&self, index: usize) -> u64 {
        if self.same_seed { self.seed } else { self.seed.wrapping_add(index as u64) }
    }
}

impl Default for TrainerOptions {
    fn default() -> Self {
        TrainerOptions {
            seed: 0,
            same_seed: false,
            networks: 1,
            feed: Feed::default(),
            plain: false,
            variants: Variants::default(),
            profile: false,
        }
    }
}

/// A training run on one device, of one network or of several that differ only in their seed, or only in
/// their learning rates.
///
/// On a GPU several networks share their dispatches, because launches are most of the cost of a small network's step. Each
/// ends with exactly the weights of its run alone on the same device, since the same shaders compute the same
/// sums in the same order.
pub struct Trainer {
    network: Network,
    split: Split,
    /// One order of images per network.
    orders: Vec<BatchOrder>,
    executor: Executor,
    store: Store,
    recipe: Recipe,
    options: TrainerOptions,
    block: usize,
    /// Steps handed to the executor so far, and steps whose loss is known.
    started: u64,
    known: u64,
    steps: u64,
    /// What the schedule's learning rate is multiplied by.
    rate_factor: f32,
    /// The recipes that the networks take their learning rates from; empty if all take them from `recipe`.
    rates: Vec<Recipe>,
    /// Which networks have had a loss that is not finite.
    diverged: Vec<bool>,
    indices: Vec<u32>,
    batch_indices: Vec<u32>,
    scalars: Vec<StepScalars>,
}

impl Trainer {
    /// Multiplies the learning rate of the schedule by `factor` in all steps that are not handed over yet: 1 leaves
    /// the schedule as it is.
    ///
    /// # Errors
    /// `Usage` unless it is a finite number that is not negative.
    pub fn scale_rate(&mut self, factor: f32) -> Result<()> {
        if !(factor.is_finite() && factor >= 0.0) {
            return Err(Error::Usage(format!(
                "a learning rate times {factor}: a number from 0 up is needed"
            )));
        }
        self.rate_factor = factor;
        Ok(())
    }

    /// The learning rate of the first network in step `step`, counted from 0, with the present factor.
    pub fn learning_rate(&self, step: u64) -> f32 {
        self.scalars_of(step).learning_rate()
    }

    fn scalars_of(&self, step: u64) -> StepScalars {
        let of = |recipe| steps::scalars(recipe, self.split.len(), self.steps, self.seed(), step);
        let mut scalars = of(&self.recipe);
        for (rate, recipe) in scalars.learning_rates.iter_mut().zip(&self.rates) {
            *rate = of(recipe).learning_rate();
        }
        scalars.learning_rates = scalars.learning_rates.map(|rate| rate * self.rate_factor);
        scalars.same_seed = self.options.same_seed.into();
        scalars
    }

    /// Most steps that are handed over together.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Number of networks in this run.
    pub fn networks(&self) -> usize {
        self.orders.len()
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps handed to the device so far.
    pub fn started(&self) -> u64 {
        self.started
    }

    pub fn is_done(&self) -> bool {
        self.started >= self.steps
    }

    /// Hands the next block of steps to the device, without waiting until they are done.
    pub async fn advance(&mut self) -> Result<()> {
        self.advance_to(self.steps).await
    }

    /// As [`Trainer::advance`], but not beyond step `limit`.
    pub async fn advance_to(&mut self, limit: u64) -> Result<()> {
        let limit = limit.min(self.steps);
        let count = limit.saturating_sub(self.started).min(self.block as u64);
        self.indices.clear();
        self.scalars.clear();
        for order in &mut self.orders {
            for _ in 0..count {
                order.next_batch(&mut self.batch_indices);
                self.indices.extend_from_slice(&self.batch_indices);
            }
        }
        for step in self.started..self.started + count {
            self.scalars.push(self.scalars_of(step));
        }
        self.executor.run(&self.split, &self.indices, &self.scalars).await?;
        self.started += count;
        Ok(())
    }

    /// The losses that have become known since the last call, `[steps, networks]`: step after step, one loss per network.
    /// Never waits for the device.
    ///
    /// # Errors
    /// [`Error::Diverged`] with the first step, counted from 1, at which a network's loss is not finite.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        let losses = self.executor.losses()?;
        self.checked(losses)
    }

    /// Waits until every step handed over is done; returns the losses that [`Trainer::losses`] has not given yet.
    ///
    /// # Errors
    /// As [`Trainer::losses`].
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        let losses = self.executor.finish().await?;
        self.checked(losses)
    }

    fn checked(&mut self, losses: Vec<f32>) -> Result<Vec<f32>> {
        let networks = self.networks();
        for (at, _) in losses.iter().enumerate().filter(|(_, loss)| !loss.is_finite()) {
            self.diverged[at % networks] = true;
            if self.rates.is_empty() {
                return Err(Error::Diverged { step: self.known + (at / networks) as u64 + 1 });
            }
        }
        self.known += (losses.len() / networks) as u64;
        Ok(losses)
    }

    /// Whether a loss of network `index`, counted from 0, was not finite. Of networks that differ in their learning rates the
    /// others go on.
    pub fn has_diverged(&self, index: usize) -> bool {
        self.diverged.get(index).is_some_and(|has| *has)
    }

    /// The weights to evaluate and to save of network `index`, counted from 0: averaged where the recipe asks for it, else
    /// [`Trainer::current_weights`]. Waits for the device.
    pub async fn weights(&self, index: usize) -> Result<Weights> {
        let mut weights = self.current_weights(index).await?;
        if let Some(which) = self.recipe.training_options().average_state() {
            weights.parameters = self.store.read_network(index, Flat::State(which)).await?;
        }
        Ok(weights)
    }

    /// The weights that the next step of network `index` starts from. Waits for the device.
    pub async fn current_weights(&self, index: usize) -> Result<Weights> {
        let parameters = self.store.read_network(index, Flat::Parameters).await?;
        Ok(Weights { parameters, statistics: self.store.read_network(index, Flat::Statistics).await? })
    }

    /// The optimiser states of network `index` and, where the recipe averages weights, their average; each as long as the
    /// parameters. Waits for the device.
    pub async fn states(&self, index: usize) -> Result<Vec<Vec<f32>>> {
        let mut states = Vec::new();
        for which in 0..self.recipe.training_options().states() {
            states.push(self.store.read_network(index, Flat::State(which)).await?);
        }
        Ok(states)
    }

    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The first network's seed.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The training images.
    pub fn split(&self) -> &Split {
        &self.split
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The flat buffers, for executors of other plans over the same parameters (the current ones, not their average).
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// When the ops of the blocks since the last call ran, if the options asked for a profile. Waits until they are done.
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        self.executor.spans().await
    }

    /// An empty profile of this run's plan, to add [`Trainer::spans`] to.
    pub fn profile(&self) -> Profile {
        Profile::new(self.executor.plan(), self.executor.workers())
    }

    pub fn work(&self) -> Work {
        self.executor.work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Device;
    use crate::network::Task;

    const AVERAGED: &str = r#"
batch = 2
steps = 1
learning_rate = 0.5
optimiser = { kind = "sgd" }
average = { decay = 0.9 }
layers = [{ kind = "dense" }]
"#;

    async fn trainer(options: TrainerOptions) -> Result<Trainer> {
        let recipe = Recipe::parse(std::path::Path::new("test"), AVERAGED).unwrap();
        let task = Task::grey(1, 4, 2);
        let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
        let split = Split::new(4, vec![9, 200, 30, 80, 255, 0, 10, 7], vec![0, 1]).unwrap();
        let device = Device::Cpu(crate::cpu::Device::with_threads(1));
        Trainer::new(&device, &network, &recipe, &split, options).await
    }

    /// The decay of the first step is 0.1, see [`crate::recipe::Average`]: a tenth of the initial values is left.
    #[test]
    fn averages_begin_with_the_first_values() {
        pollster::block_on(async {
            let mut trainer = trainer(TrainerOptions::default()).await.unwrap();
            trainer.advance().await.unwrap();
            let first = trainer.network().initial_parameters(0);
            let last = trainer.current_weights(0).await.unwrap();
            let averaged = trainer.weights(0).await.unwrap();
            assert_ne!(first, last.parameters);
            for ((average, first), last) in averaged.parameters.iter().zip(first).zip(last.parameters) {
                assert!((average - (0.1 * first + 0.9 * last)).abs() < 1e-6);
            }
        });
    }

    #[test]
    fn what_cannot_train_side_by_side_is_said() {
        let refusals = [
            (TrainerOptions { networks: 0, ..TrainerOptions::default() }, "0 networks in one run"),
            (TrainerOptions { networks: 17, ..TrainerOptions::default() }, "1 to 16"),
            (TrainerOptions { networks: 2, profile: true, ..TrainerOptions::default() }, "a profile"),
            (TrainerOptions { networks: 2, ..TrainerOptions::default() }, "the CPU"),
        ];
        for (options, words) in refusals {
            let error = pollster::block_on(trainer(options)).err().expect("refused");
            assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(words), "{error}");
        }
    }
}
