use super::{Checkpoint, steps};
use crate::data::{BatchOrder, Split};
use crate::error::{Error, Result};
use crate::executor::{Device, Executor, ExecutorOptions, Feed, Flat, Store, Variants, Work};
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::StepScalars;
use crate::profile::{Profile, Span};
use crate::recipe::Recipe;

/// What a trainer is told beside the recipe.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrainerOptions {
    pub seed: u64,
    pub feed: Feed,
    /// Runs the plan's plain ops, without fusing: slower, the reference of the fused ones.
    pub plain: bool,
    /// Which shaders a GPU runs.
    pub variants: Variants,
    /// Notes when each op runs, see [`Trainer::spans`].
    pub profile: bool,
}

/// Where a run that goes on stands: what [`super::Checkpoint`] keeps.
struct Start<'a> {
    step: u64,
    weights: &'a Weights,
    states: &'a [Vec<f32>],
}

/// A training run on one device.
pub struct Trainer {
    network: Network,
    split: Split,
    order: BatchOrder,
    executor: Executor,
    store: Store,
    recipe: Recipe,
    seed: u64,
    block: usize,
    /// Steps handed to the executor so far, and steps whose loss is known.
    started: u64,
    known: u64,
    steps: u64,
    indices: Vec<u32>,
    batch_indices: Vec<u32>,
    scalars: Vec<StepScalars>,
}

impl Trainer {
    /// Prepares a run: first values of the parameters, the plan made ready on the device.
    ///
    /// # Errors
    /// Where the recipe does not fit the images, or the device refuses the plan.
    pub async fn new(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
    ) -> Result<Self> {
        let (weights, states) = steps::first_values(network, recipe, options.seed);
        let start = Start { step: 0, weights: &weights, states: &states };
        Self::start(device, network, recipe, split, options, start).await
    }

    /// Prepares a run that goes on where a checkpoint was written: the options' seed is not asked for.
    ///
    /// # Errors
    /// As [`Trainer::new`], and where the checkpoint is not of this network.
    pub async fn resume(
        device: &Device,
        network: &Network,
        split: &Split,
        options: TrainerOptions,
        checkpoint: &Checkpoint,
    ) -> Result<Self> {
        let Checkpoint { about, weights, states, .. } = checkpoint;
        let (parameters, statistics) = (network.parameter_count(), network.statistics_count());
        if (weights.parameters.len(), weights.statistics.len()) != (parameters, statistics)
            || states.len() != about.recipe.training_options().states()
            || states.iter().any(|state| state.len() != parameters)
        {
            return Err(Error::Checkpoint("the checkpoint's tensors do not fit its recipe".into()));
        }
        let options = TrainerOptions { seed: about.seed, ..options };
        let start = Start { step: about.step, weights, states };
        Self::start(device, network, &about.recipe, split, options, start).await
    }

    async fn start(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
        start: Start<'_>,
    ) -> Result<Self> {
        recipe.check().map_err(Error::Recipe)?;
        let count = recipe.steps_on(split.len())?;
        let order = BatchOrder::at(split.len(), recipe.batch, options.seed, start.step)?;
        let plan = steps::plan(device, network, recipe, options.plain);
        plan.check()?;
        let store = device.store(plan.flat, &start.weights.parameters)?;
        store.write(Flat::Statistics, &start.weights.statistics)?;
        for (which, state) in start.states.iter().enumerate() {
            store.write(Flat::State(which), state)?;
        }
        let block = steps::block(network, recipe, 1);
        let executor = device
            .executor(
                &plan,
                &store,
                ExecutorOptions {
                    feed: options.feed,
                    block,
                    variants: options.variants,
                    profile: options.profile,
                },
            )
            .await?;
        let block = block.min(executor.block());
        Ok(Trainer {
            network: network.clone(),
            split: split.clone(),
            order,
            executor,
            store,
            recipe: recipe.clone(),
            seed: options.seed,
            block,
            started: start.step,
            known: start.step,
            steps: count,
            indices: Vec::new(),
            batch_indices: Vec::new(),
            scalars: Vec::new(),
        })
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

    /// Hands the next block of steps to the device. Does not wait for it to be done.
    pub async fn advance(&mut self) -> Result<()> {
        self.advance_to(self.steps).await
    }

    /// As [`Trainer::advance`], but not beyond step `limit`.
    pub async fn advance_to(&mut self, limit: u64) -> Result<()> {
        let limit = limit.min(self.steps);
        let count = limit.saturating_sub(self.started).min(self.block as u64);
        self.indices.clear();
        self.scalars.clear();
        for step in self.started..self.started + count {
            self.order.next_batch(&mut self.batch_indices);
            self.indices.extend_from_slice(&self.batch_indices);
            self.scalars.push(steps::scalars(&self.recipe, self.split.len(), self.steps, self.seed, step));
        }
        self.executor.run(&self.split, &self.indices, &self.scalars).await?;
        self.started += count;
        Ok(())
    }

    /// The losses that have become known since the last call, one a step in order; never waits for the device.
    ///
    /// # Errors
    /// [`Error::Diverged`] with the first step, counted from 1, whose loss is not finite.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        let losses = self.executor.losses()?;
        self.checked(losses)
    }

    /// Waits until every step handed over is done; returns the losses not yet given.
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        let losses = self.executor.finish().await?;
        self.checked(losses)
    }

    fn checked(&mut self, losses: Vec<f32>) -> Result<Vec<f32>> {
        if let Some(at) = losses.iter().position(|loss| !loss.is_finite()) {
            return Err(Error::Diverged { step: self.known + at as u64 + 1 });
        }
        self.known += losses.len() as u64;
        Ok(losses)
    }

    /// The weights that the run has to show: averaged ones where the recipe asks for them. Waits for the device.
    pub async fn weights(&mut self) -> Result<Weights> {
        let mut weights = self.current_weights().await?;
        if let Some(which) = self.recipe.training_options().average_state() {
            weights.parameters = self.store.read(Flat::State(which)).await?;
        }
        Ok(weights)
    }

    /// The weights that the next step starts from.
    pub async fn current_weights(&mut self) -> Result<Weights> {
        let parameters = self.store.read(Flat::Parameters).await?;
        Ok(Weights { parameters, statistics: self.store.read(Flat::Statistics).await? })
    }

    /// The optimiser's state, and averaged weights.
    pub async fn states(&mut self) -> Result<Vec<Vec<f32>>> {
        let mut states = Vec::new();
        for which in 0..self.recipe.training_options().states() {
            states.push(self.store.read(Flat::State(which)).await?);
        }
        Ok(states)
    }

    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The training images.
    pub fn split(&self) -> &Split {
        &self.split
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The flat buffers, for executors of other plans over the same parameters (not the averaged ones).
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// When the ops of the blocks since the last call ran, where the options asked for a profile. Waits until they are done.
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        self.executor.spans().await
    }

    /// The sums of nothing yet, over the ops of a step.
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
    use crate::network::Task;

    /// The decay of the first step is 0.1, see [`crate::recipe::Average`]: so much is left of the first values.
    #[test]
    fn averages_begin_with_the_first_values() {
        pollster::block_on(async {
            let text = "batch = 2\nsteps = 1\nlearning_rate = 0.5\noptimiser = { kind = \"sgd\" }\naverage = { decay = 0.9 }\nlayers = [{ kind = \"dense\" }]";
            let recipe = Recipe::parse(std::path::Path::new("test"), text).unwrap();
            let task = Task { height: 1, width: 4, classes: 2 };
            let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
            let split = Split::new(4, vec![9, 200, 30, 80, 255, 0, 10, 7], vec![0, 1]).unwrap();
            let device = Device::Cpu(crate::cpu::Device::with_threads(1));
            let options = TrainerOptions::default();
            let mut trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
            trainer.advance().await.unwrap();
            let (first, last) = (network.initial_parameters(0), trainer.current_weights().await.unwrap());
            let averaged = trainer.weights().await.unwrap();
            assert_ne!(first, last.parameters);
            for ((average, first), last) in averaged.parameters.iter().zip(first).zip(last.parameters) {
                assert!((average - (0.1 * first + 0.9 * last)).abs() < 1e-6);
            }
        });
    }
}
