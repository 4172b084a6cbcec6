//! Several runs that differ in their seed alone, on a GPU in the same dispatches: a small network's step costs little but
//! its launches, and those are shared.

use super::{TrainerOptions, steps};
use crate::data::{BatchOrder, Split};
use crate::error::{Error, Result};
use crate::executor::{Device, ExecutorOptions, Flat, Work};
use crate::gpu;
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::{Plan, StepScalars, Storage};
use crate::recipe::Recipe;

/// Most nets that run side by side: by then launches no longer count.
pub const MOST_NETS: usize = 16;

/// Bytes of the device's memory that they may take together.
const MOST_BYTES: usize = 512 << 20;

/// Runs of neighbouring seeds. Each ends with the bits of the run of its seed alone on the same device (see
/// [`super::Trainer`]): the same shaders do the same sums in the same order.
pub struct SideBySide {
    split: Split,
    /// Of each net.
    orders: Vec<BatchOrder>,
    executor: gpu::Executor,
    store: gpu::Store,
    recipe: Recipe,
    /// The first net's.
    seed: u64,
    block: usize,
    started: u64,
    known: u64,
    steps: u64,
    indices: Vec<u32>,
    batch_indices: Vec<u32>,
    scalars: Vec<StepScalars>,
}

impl SideBySide {
    /// How many nets of this kind should run side by side at most: one where each is large.
    pub fn most(device: &gpu::Device, network: &Network, recipe: &Recipe) -> usize {
        let plan = steps::plan(&Device::Gpu(device.clone()), network, recipe, false);
        (MOST_BYTES / bytes(&plan, steps::block(network, recipe, 1)).max(1)).clamp(1, MOST_NETS)
    }

    /// Prepares the runs of `nets` seeds, from the options' on. Profiles are of single runs: none is made here.
    ///
    /// # Errors
    /// As [`super::Trainer::new`]; `OutOfMemory` where fewer nets may do.
    pub async fn new(
        device: &gpu::Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        nets: usize,
        options: TrainerOptions,
    ) -> Result<Self> {
        recipe.check().map_err(Error::Usage)?;
        if !(1..=MOST_NETS).contains(&nets) {
            return Err(Error::Usage(format!("{nets} nets side by side: 1 to {MOST_NETS} can run so")));
        }
        let count = recipe.steps_on(split.len())?;
        let plan = steps::plan(&Device::Gpu(device.clone()), network, recipe, options.plain);
        plan.check()?;
        let store = device.store_of_nets(plan.flat, nets)?;
        let mut orders = Vec::new();
        for net in 0..nets {
            let seed = options.seed.wrapping_add(net as u64);
            let (weights, states) = steps::first_values(network, recipe, seed);
            store.write_net(net, Flat::Parameters, &weights.parameters)?;
            store.write_net(net, Flat::Statistics, &weights.statistics)?;
            for (which, state) in states.iter().enumerate() {
                store.write_net(net, Flat::State(which), state)?;
            }
            orders.push(BatchOrder::at(split.len(), recipe.batch, seed, 0)?);
        }
        let block = steps::block(network, recipe, nets);
        let executor_options =
            ExecutorOptions { feed: options.feed, block, variants: options.variants, profile: false };
        let executor = device.executor(&plan, &store, executor_options).await?;
        Ok(SideBySide {
            split: split.clone(),
            orders,
            executor,
            store,
            recipe: recipe.clone(),
            seed: options.seed,
            block,
            started: 0,
            known: 0,
            steps: count,
            indices: Vec::new(),
            batch_indices: Vec::new(),
            scalars: Vec::new(),
        })
    }

    pub fn nets(&self) -> usize {
        self.orders.len()
    }

    /// Steps of each whole run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps of each run handed to the device so far.
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
        self.scalars.clear();
        for order in &mut self.orders {
            for _ in 0..count {
                order.next_batch(&mut self.batch_indices);
                self.indices.extend_from_slice(&self.batch_indices);
            }
        }
        for step in self.started..self.started + count {
            self.scalars.push(steps::scalars(&self.recipe, self.split.len(), self.steps, self.seed, step));
        }
        self.executor.run(&self.split, &self.indices, &self.scalars).await?;
        self.started += count;
        Ok(())
    }

    /// The losses that have become known since the last call, for each step one a net; never waits for the device.
    ///
    /// # Errors
    /// [`Error::Diverged`] with the first step, counted from 1, at which a net's loss is not finite.
    pub fn losses(&mut self) -> Result<Vec<Vec<f32>>> {
        let losses = self.executor.losses()?;
        self.checked(losses)
    }

    /// Waits until every step handed over is done; returns the losses not yet given.
    pub async fn finish(&mut self) -> Result<Vec<Vec<f32>>> {
        let losses = self.executor.finish().await?;
        self.checked(losses)
    }

    fn checked(&mut self, losses: Vec<f32>) -> Result<Vec<Vec<f32>>> {
        let nets = self.nets();
        if let Some(at) = losses.iter().position(|loss| !loss.is_finite()) {
            return Err(Error::Diverged { step: self.known + (at / nets) as u64 + 1 });
        }
        self.known += (losses.len() / nets) as u64;
        Ok(losses.chunks_exact(nets).map(<[f32]>::to_vec).collect())
    }

    /// The weights that net number `net`'s run has to show: averaged ones where the recipe asks for them. Waits for the device.
    pub async fn weights(&self, net: usize) -> Result<Weights> {
        let parameters = match self.recipe.training_options().average_state() {
            Some(which) => Flat::State(which),
            None => Flat::Parameters,
        };
        let parameters = self.store.read_net(net, parameters).await?;
        Ok(Weights { parameters, statistics: self.store.read_net(net, Flat::Statistics).await? })
    }

    pub fn work(&self) -> Work {
        self.executor.work()
    }
}

/// What one net takes of the device's memory: flat buffers, activations, and images of three blocks, staged and unpacked.
fn bytes(plan: &Plan, block: usize) -> usize {
    let flat = 4 * (plan.flat.parameters * (2 + plan.flat.states) + plan.flat.statistics);
    let activations = plan.tensors.iter().filter(|tensor| tensor.storage == Storage::Activation);
    let images = 6 * block * plan.batch * plan.image_stride();
    flat + activations.map(|tensor| tensor.bytes()).sum::<usize>() + images
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Task;

    /// Sizes that the README's claim rests on: many small nets share their launches, large ones have no need to.
    #[test]
    fn memory_is_bounded() {
        let bytes = |preset: &str, batch: usize| {
            let mut recipe = Recipe::preset(preset).unwrap();
            recipe.batch = batch;
            let task = Task { height: 28, width: 28, classes: 10 };
            let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
            let plan = network.training_plan(recipe.training_options());
            bytes(&plan, steps::block(&network, &recipe, 1))
        };
        assert!(bytes("lenet5", 100) * 8 <= MOST_BYTES, "{} bytes", bytes("lenet5", 100));
        assert!(bytes("cnn", 20_000) > MOST_BYTES);
    }
}
