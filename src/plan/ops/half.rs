//! Half precision: which launches compute in it, and how gradients are kept from vanishing in it.

use super::{Constant, Launch, Op};
use crate::plan::{Phase, Plan, TensorId};

/// What products are multiplied in. Parameters, gradients, optimiser state and all tensors in memory are float32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    #[default]
    F32,
    /// Half precision with float32 sums, in products and convolutions that are large enough to have a shader for it. Only on
    /// GPUs that can.
    F16,
}

/// How far above 1 the gradients of single images are lifted: what a layer near the loss has is at most 1, and float16 has
/// room up to 65,504 for products with activations and sums of 16 of them.
const LIFT: f32 = 16.0;

/// The variant in half precision of a launch in blocks.
pub(super) fn halved(
    launch: &Launch,
    source: &'static str,
    scales: impl IntoIterator<Item = Constant>,
) -> Launch {
    let mut constants = launch.constants.clone();
    constants.extend(scales);
    Launch { variant: "blocked_f16", needs_f16: true, source, constants, ..launch.clone() }
}

/// What a tensor is multiplied by as it is rounded to float16: for a gradient the power of two that makes up for the loss's
/// scale (1 / batch for a mean), [`LIFT`] times; for all else 1.
pub(super) fn scale(plan: &Plan, tensor: TensorId) -> f64 {
    let is_gradient = plan.steps.iter().any(|step| {
        matches!(step.phase, Phase::Loss | Phase::Backward) && step.op.writes().contains(&tensor)
    });
    let loss_scale = plan.steps.iter().find_map(|step| match &step.op {
        Op::SoftmaxCrossEntropy(loss) => Some(loss.scale),
        Op::DenseSoftmaxCrossEntropy(loss) => Some(loss.scale),
        _ => None,
    });
    match loss_scale {
        Some(loss_scale) if is_gradient && loss_scale > 0.0 => {
            // 2^60 and back again is still a float32.
            f64::from((LIFT / loss_scale).log2().floor().clamp(-60.0, 60.0)).exp2()
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Network, Task};
    use crate::plan::fuse;
    use crate::recipe::Recipe;

    /// Of a batch of 100: 16 * 100, down to a power of two. Nothing but gradients is scaled.
    #[test]
    fn gradients_are_scaled_by_a_power_of_two() {
        let recipe = Recipe::preset("lenet5").unwrap();
        let task = Task { height: 28, width: 28, classes: 10 };
        let network = Network::new(task, recipe.normalisation, &recipe.layers).unwrap();
        let options = recipe.training_options();
        let plan = fuse::for_gpu(network.training_plan(options));
        let mut halves = 0;
        for step in &plan.steps {
            for launch in step.op.launches(&plan).iter().filter(|launch| launch.needs_f16) {
                let scales = launch.constants.iter().filter(|(name, _)| name.ends_with("SCALE"));
                let product: f64 = scales.map(|(_, value)| value).product();
                let wanted = if step.phase == Phase::Forward {
                    1.0
                } else {
                    (f64::from(LIFT) * recipe.batch as f64).log2().floor().exp2()
                };
                assert_eq!(product, wanted, "{} in {:?}", step.op.name(), step.phase);
                halves += 1;
            }
        }
        assert!(halves >= 5, "{halves} ops");
    }
}
