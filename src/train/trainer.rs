use crate::data::{BatchOrder, Split};
use crate::error::{Error, Result};
use crate::executor::{Device, Executor, ExecutorOptions, Feed, Flat, Store, Work};
use crate::network::{Network, TrainingOptions};
use crate::plan::{Plan, StepNumbers, fuse, image_stride};
use crate::recipe::Recipe;

/// What a trainer is told beside the recipe.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrainerOptions {
    pub seed: u64,
    pub feed: Feed,
    /// Runs the plan's plain ops, without fusing: slower, the reference of the fused ones.
    pub plain: bool,
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
    numbers: Vec<StepNumbers>,
}

/// Bytes of images that one block of steps carries at most, and steps: enough to hide the hand-over, little
/// enough that three blocks in flight are nothing beside the data.
const BLOCK_BYTES: usize = 4 << 20;
const BLOCK_STEPS: usize = 32;

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
        recipe.check().map_err(Error::Config)?;
        let steps = recipe.steps_on(split.len())?;
        let order = BatchOrder::new(split.len(), recipe.batch, options.seed)?;
        let plan = training_plan(device, network, recipe, options.plain);
        plan.check()?;
        let store = device.store(plan.flat, &network.initial_parameters(options.seed))?;
        let block_bytes = recipe.batch.saturating_mul(image_stride(network.task.pixels()));
        let block = (BLOCK_BYTES / block_bytes.max(1)).clamp(1, BLOCK_STEPS);
        let executor = device.executor(&plan, &store, ExecutorOptions { feed: options.feed, block }).await?;
        Ok(Trainer {
            network: network.clone(),
            split: split.clone(),
            order,
            executor,
            store,
            recipe: recipe.clone(),
            seed: options.seed,
            block,
            started: 0,
            known: 0,
            steps,
            indices: Vec::new(),
            batch_indices: Vec::new(),
            numbers: Vec::new(),
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
        let count = (self.steps - self.started).min(self.block as u64);
        self.indices.clear();
        self.numbers.clear();
        for step in self.started..self.started + count {
            self.order.next_batch(&mut self.batch_indices);
            self.indices.extend_from_slice(&self.batch_indices);
            self.numbers.push(self.numbers_of(step));
        }
        self.executor.run(&self.split, &self.indices, &self.numbers).await?;
        self.started += count;
        Ok(())
    }

    fn numbers_of(&self, step: u64) -> StepNumbers {
        StepNumbers {
            step: step as u32,
            learning_rate: self.recipe.learning_rate,
            seed: [self.seed as u32, (self.seed >> 32) as u32],
            ..StepNumbers::default()
        }
    }

    /// The losses that have become known since the last call, one a step in order; never waits for the device.
    ///
    /// # Errors
    /// [`Error::Diverged`] with the first step whose loss is not finite.
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
            return Err(Error::Diverged { step: self.known + at as u64 });
        }
        self.known += losses.len() as u64;
        Ok(losses)
    }

    /// The parameters as they now are, flat, in the network's order.
    pub async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.store.read(Flat::Parameters).await
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The flat buffers, for executors of other plans over the same parameters.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn work(&self) -> Work {
        self.executor.work()
    }
}

/// The plan of one training step, fused as the device likes it.
fn training_plan(device: &Device, network: &Network, recipe: &Recipe, plain: bool) -> Plan {
    let plan = network.training_plan(TrainingOptions {
        batch: recipe.batch,
        optimiser: recipe.optimiser,
        loss_reduction: recipe.loss_reduction,
    });
    match device {
        _ if plain => plan,
        Device::Cpu(_) => fuse::for_cpu(plan),
        Device::Gpu(_) => fuse::for_gpu(plan),
    }
}
