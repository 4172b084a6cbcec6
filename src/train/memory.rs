//! How many networks may train in one run: bounds the device memory that they take together.

use crate::plan::{Plan, Storage};

/// Largest number of networks in a run: with this many, the cost of launches no longer matters.
pub const MAX_NETWORKS: usize = crate::plan::MAX_NETWORKS;

/// Bytes of device memory that they may take together.
const MAX_BYTES: usize = 512 << 20;

/// The number of networks with this training plan whose memory stays below the bound; at least 1. `block` is the number of
/// steps in a block for one network.
pub(super) fn most_networks(plan: &Plan, block: usize) -> usize {
    (MAX_BYTES / bytes(plan, block).max(1)).clamp(1, MAX_NETWORKS)
}

/// Device memory of one network: flat buffers, activations, and the images of three blocks, both staged and unpacked.
fn bytes(plan: &Plan, block: usize) -> usize {
    let flat = 4 * (plan.flat.parameters * (2 + plan.flat.states) + plan.flat.statistics);
    let activations = plan.tensors.iter().filter(|tensor| tensor.storage == Storage::Activation);
    let images = 6 * block * plan.batch * plan.image_stride();
    flat + activations.map(|tensor| tensor.bytes()).sum::<usize>() + images
}

#[cfg(test)]
mod tests {
    use super::super::steps;
    use super::*;
    use crate::network::{Network, Task};
    use crate::recipe::Recipe;

    /// Small networks gain from shared launches; large ones do not.
    #[test]
    fn memory_is_bounded() {
        let most = |preset: &str, batch: usize| {
            let recipe = Recipe { batch, ..Recipe::preset(preset).unwrap() };
            let task = Task::grey(28, 28, 10);
            let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
            let plan = network.training_plan(recipe.training_options());
            most_networks(&plan, steps::block(&plan, 1))
        };
        assert!(most("lenet5", 100) >= 8, "{}", most("lenet5", 100));
        assert_eq!(most("cnn", 20_000), 1);
    }
}
