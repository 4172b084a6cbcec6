//! What a run's steps consist of: initial values, the plan, each step's scalars, the number of steps in a block.

use crate::executor::Device;
use crate::model_file::Weights;
use crate::network::{Network, TrainingOptions};
use crate::plan::{MAX_NETWORKS, Plan, StepScalars, fuse};
use crate::recipe::{Position, Recipe};

/// Limits on the block of one network, in bytes of images and in steps: large enough to hide the submission to the device,
/// small enough for three blocks in flight to be small compared with the data set.
const BLOCK_BYTES: usize = 4 << 20;
const BLOCK_STEPS: usize = 32;

/// A block carries the images of every network of the run: its bytes grow with their number, up to this.
const MAX_BLOCK_BYTES: usize = 16 << 20;

/// Steps in a block of the plan, for a run of several networks.
pub(super) fn block(plan: &Plan, networks: usize) -> usize {
    let bytes = plan.batch.saturating_mul(plan.image_stride()).saturating_mul(networks);
    let most = BLOCK_BYTES.saturating_mul(networks).min(MAX_BLOCK_BYTES);
    (most / bytes.max(1)).clamp(1, BLOCK_STEPS)
}

/// Weights before the first step.
pub(super) fn first_weights(network: &Network, seed: u64) -> Weights {
    let parameters = network.initial_parameters(seed);
    Weights { parameters, statistics: network.initial_statistics() }
}

/// Optimiser states before the first step; empty where they are all zero.
pub(super) fn first_states(recipe: &Recipe, weights: &Weights) -> Vec<Vec<f32>> {
    let options = recipe.training_options();
    let mut states = vec![Vec::new(); options.states()];
    // All states start at zero, except averaged weights.
    if let Some(which) = options.average_state() {
        states[which] = weights.parameters.clone();
    }
    states
}

/// The scalars of step `step`, from 0, in a run of `steps` steps on `images` images.
pub(super) fn scalars(recipe: &Recipe, images: usize, steps: u64, seed: u64, step: u64) -> StepScalars {
    let steps_an_epoch = images as f64 / recipe.batch as f64;
    let mut scalars = StepScalars {
        step: step as u32,
        learning_rates: [recipe.learning_rate_at(Position { step, steps, steps_an_epoch }); MAX_NETWORKS],
        seed: [seed as u32, (seed >> 32) as u32],
        average_rate: recipe.average.map_or(0.0, |average| average.rate(step)),
        ..StepScalars::default()
    };
    recipe.optimiser.correct(step, &mut scalars);
    scalars
}

/// The plan of one training step, fused for the device.
pub fn training_plan(device: &Device, network: &Network, options: TrainingOptions) -> Plan {
    plan(device, network, options, false)
}

/// As [`training_plan`], but not fused if `plain`.
pub(super) fn plan(device: &Device, network: &Network, options: TrainingOptions, plain: bool) -> Plan {
    let plan = network.training_plan(options);
    match device {
        _ if plain => plan,
        Device::Cpu(_) => fuse::for_cpu(plan),
        Device::Gpu(_) => fuse::for_gpu(plan),
    }
}
