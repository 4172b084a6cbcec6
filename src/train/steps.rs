//! What the trainers make their steps of: first values, the plan, the numbers of each step, how many steps a block.

use crate::executor::Device;
use crate::model_file::Weights;
use crate::network::Network;
use crate::plan::{Plan, StepScalars, fuse, image_stride};
use crate::recipe::{Position, Recipe};

/// Bytes of images that one block of steps carries at most, and steps: enough to hide the hand-over, little
/// enough that three blocks in flight are nothing beside the data.
const BLOCK_BYTES: usize = 4 << 20;
const BLOCK_STEPS: usize = 32;

/// Of nets side by side a block carries the images of each: as many times the bytes, up to this.
const MOST_BLOCK_BYTES: usize = 16 << 20;

/// Steps a block.
pub(super) fn block(network: &Network, recipe: &Recipe, nets: usize) -> usize {
    let bytes = recipe.batch.saturating_mul(image_stride(network.task.pixels())).saturating_mul(nets);
    let most = BLOCK_BYTES.saturating_mul(nets).min(MOST_BLOCK_BYTES);
    (most / bytes.max(1)).clamp(1, BLOCK_STEPS)
}

/// Weights and optimiser states before the first step.
pub(super) fn first_values(network: &Network, recipe: &Recipe, seed: u64) -> (Weights, Vec<Vec<f32>>) {
    let parameters = network.initial_parameters(seed);
    let weights = Weights { parameters, statistics: network.initial_statistics() };
    // Only averaged weights do not begin at zero.
    let mut states = vec![vec![0.0; weights.parameters.len()]; recipe.training_options().states()];
    if let Some(which) = recipe.training_options().average_state() {
        states[which].copy_from_slice(&weights.parameters);
    }
    (weights, states)
}

/// The numbers of a step of a run of `steps` on so many images.
pub(super) fn scalars(recipe: &Recipe, images: usize, steps: u64, seed: u64, step: u64) -> StepScalars {
    let steps_an_epoch = images as f64 / recipe.batch as f64;
    let mut scalars = StepScalars {
        step: step as u32,
        learning_rate: recipe.learning_rate_at(Position { step, steps, steps_an_epoch }),
        seed: [seed as u32, (seed >> 32) as u32],
        average_rate: recipe.average.map_or(0.0, |average| average.rate(step)),
        ..StepScalars::default()
    };
    recipe.optimiser.correct(step, &mut scalars);
    scalars
}

/// The plan of one training step, fused as the device likes it.
pub(super) fn plan(device: &Device, network: &Network, recipe: &Recipe, plain: bool) -> Plan {
    let plan = network.training_plan(recipe.training_options());
    match device {
        _ if plain => plan,
        Device::Cpu(_) => fuse::for_cpu(plan),
        Device::Gpu(_) => fuse::for_gpu(plan),
    }
}
