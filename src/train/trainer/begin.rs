//! How a run begins: from initial values, from weights, from a checkpoint, or on another device.

use super::super::forward::{require_images, require_labels};
use super::super::memory::{self, MAX_NETWORKS};
use super::super::{Checkpoint, steps};
use super::{Trainer, TrainerOptions};
use crate::data::{BatchOrder, Split};
use crate::error::{Error, Result};
use crate::executor::{Device, ExecutorOptions, Flat};
use crate::model_file::Weights;
use crate::network::Network;
use crate::recipe::Recipe;

/// What a network's next step starts from: its weights, and the optimiser states (each as long as the parameters, or empty where
/// it is all zero).
pub(in crate::train) type Start<'a> = (&'a Weights, &'a [Vec<f32>]);

impl Trainer {
    /// How many networks of this kind should train in one run at most: 1 on the CPU, and 1 on a GPU if each network is
    /// large.
    pub fn most_networks(device: &Device, network: &Network, recipe: &Recipe) -> usize {
        match device {
            Device::Cpu(_) => 1,
            Device::Gpu(_) => {
                let plan = steps::plan(device, network, recipe.training_options(), false);
                memory::most_networks(&plan, steps::block(&plan, 1))
            }
        }
    }

    /// Prepares a run: initial parameters, the plan made ready on the device.
    ///
    /// # Errors
    /// `Recipe` for a recipe that cannot be trained, `Data` if the images do not fit the network, `Usage` if the options
    /// contradict each other or the device, `OutOfMemory` if fewer networks may fit, otherwise what the device reports.
    pub async fn new(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
    ) -> Result<Self> {
        check(&options)?;
        let seeds = (0..options.networks).map(|index| options.seed_of(index));
        let first: Vec<Weights> = seeds.map(|seed| steps::first_weights(network, seed)).collect();
        Self::from_weights(device, network, recipe, split, options, &first).await
    }

    /// As [`Trainer::new`], of one network for each recipe, all with the options' seed. The recipes may differ in learning rate,
    /// schedule and warm-up. A network that diverges does not end the run: see [`Trainer::has_diverged`].
    ///
    /// # Errors
    /// As [`Trainer::new`]; `Usage` where the recipes differ in more.
    pub async fn at_rates(
        device: &Device,
        network: &Network,
        recipes: &[Recipe],
        split: &Split,
        options: TrainerOptions,
    ) -> Result<Self> {
        let options = TrainerOptions { networks: recipes.len(), same_seed: true, ..options };
        check(&options)?;
        let first = &recipes[0];
        if recipes.iter().any(|recipe| !recipe.differs_in_rate_alone(first)) {
            let what = "networks of one run may differ in learning rate, schedule and warm-up";
            return Err(Error::Usage(format!("{what}: train the others in runs of their own")));
        }
        let trainer = Self::new(device, network, first, split, options).await?;
        Ok(Trainer { rates: recipes.to_vec(), ..trainer })
    }

    /// As [`Trainer::new`], but starting from these weights, one set for each network.
    ///
    /// # Errors
    /// As [`Trainer::new`]; `Internal` if the weights do not fit the network, or there is not one set for
    /// each network.
    pub async fn from_weights(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
        first: &[Weights],
    ) -> Result<Self> {
        check(&options)?;
        let lengths = (network.parameter_count(), network.statistics_count());
        let fits = |weights: &Weights| (weights.parameters.len(), weights.statistics.len()) == lengths;
        if first.len() != options.networks || !first.iter().all(fits) {
            return Err(Error::Internal("weights that are not those of the networks to train".into()));
        }
        let states: Vec<_> = first.iter().map(|weights| steps::first_states(recipe, weights)).collect();
        let starts: Vec<Start> =
            first.iter().zip(&states).map(|(weights, states)| (weights, &states[..])).collect();
        Self::start(device, network, recipe, split, options, 0, &starts).await
    }

    /// Prepares a run that continues from a checkpoint, with the checkpoint's recipe and seed (the options' seed is
    /// ignored).
    ///
    /// # Errors
    /// As [`Trainer::new`]; `Checkpoint` where the checkpoint is not of this network, `Usage` where the options ask for
    /// more than the one network that a checkpoint holds.
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
            let what = "the checkpoint's tensors do not fit its recipe: resume from another checkpoint";
            return Err(Error::Checkpoint(what.into()));
        }
        if options.networks != 1 {
            return Err(Error::Usage("a checkpoint holds one network: resume one at a time".into()));
        }
        let options = TrainerOptions { seed: about.seed, ..options };
        let (done, steps) = (about.step, about.recipe.steps_on(split.len())?);
        if steps < done {
            return Err(Error::Usage(format!(
                "{steps} steps: the run has done {done} already, ask for more"
            )));
        }
        Self::start(device, network, &about.recipe, split, options, about.step, &[(weights, states)]).await
    }

    async fn start(
        device: &Device,
        network: &Network,
        recipe: &Recipe,
        split: &Split,
        options: TrainerOptions,
        step: u64,
        starts: &[Start<'_>],
    ) -> Result<Self> {
        recipe.check().map_err(Error::Recipe)?;
        require_images(network, split)?;
        require_labels(network, split)?;
        let steps = recipe.steps_on(split.len())?;
        let training = recipe.training_options_on(split.labels(), network.task.classes)?;
        let plan = steps::plan(device, network, training, options.plain);
        plan.check()?;
        let store = device.store_for_networks(plan.flat, starts.len())?;
        let mut orders = Vec::new();
        for (index, (weights, states)) in starts.iter().enumerate() {
            store.write_network(index, Flat::Parameters, &weights.parameters)?;
            store.write_network(index, Flat::Statistics, &weights.statistics)?;
            // Empty ones are zero, which is what a store begins with.
            for (which, state) in states.iter().enumerate().filter(|(_, state)| !state.is_empty()) {
                store.write_network(index, Flat::State(which), state)?;
            }
            orders.push(BatchOrder::at(split.len(), recipe.batch, options.seed_of(index), step)?);
        }
        let block = steps::block(&plan, starts.len());
        let TrainerOptions { feed, variants, profile, .. } = options;
        let executor_options = ExecutorOptions { feed, block, variants, profile };
        let executor = device.executor(&plan, &store, executor_options).await?;
        let block = block.min(executor.block());
        Ok(Trainer {
            network: network.clone(),
            split: split.clone(),
            orders,
            executor,
            store,
            recipe: recipe.clone(),
            options,
            block,
            started: step,
            known: step,
            steps,
            rate_factor: 1.0,
            rates: Vec::new(),
            diverged: vec![false; starts.len()],
            indices: Vec::new(),
            batch_indices: Vec::new(),
            scalars: Vec::new(),
        })
    }

    /// This run on another device, from step `step` on.
    pub(in crate::train) async fn start_again(
        &self,
        device: &Device,
        step: u64,
        starts: &[Start<'_>],
    ) -> Result<Self> {
        let again = Self::start(device, &self.network, &self.recipe, &self.split, self.options, step, starts);
        let (rate_factor, rates) = (self.rate_factor, self.rates.clone());
        Ok(Trainer { rate_factor, rates, ..again.await? })
    }
}

fn check(options: &TrainerOptions) -> Result<()> {
    if !(1..=MAX_NETWORKS).contains(&options.networks) {
        let networks = options.networks;
        return Err(Error::Usage(format!(
            "{networks} networks in one run: 1 to {MAX_NETWORKS} are possible"
        )));
    }
    if options.networks > 1 && options.profile {
        return Err(Error::Usage(
            "a profile requires a run of one network: train the networks one by one".into(),
        ));
    }
    Ok(())
}
