//! How a step is computed: the plan's ops, their source texts and their times.

use super::host::Host;
use super::messages::{Explained, OpAbout, Sources, TensorAbout};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::network::Network;
use crate::plan::{Op, Phase, Plan, TensorId, ops};
use crate::recipe::Recipe;
use crate::train::{Trainer, TrainerOptions, training_plan};

/// Seconds that measuring takes, once everything is ready, and most steps of it.
const MEASURED: f64 = 0.3;
const STEPS: u64 = 50;

/// The plan of a training step, fused for that device.
pub(super) fn explain(device: &Device, network: &Network, recipe: &Recipe) -> Explained {
    let plan = training_plan(device, network, recipe.training_options());
    let variants = match device {
        Device::Gpu(gpu) => {
            gpu.variants(&plan).into_iter().map(|(names, chosen)| (names, Some(chosen))).collect()
        }
        Device::Cpu(_) => {
            plan.ops.iter().map(|planned| (names(&planned.op, &plan), None)).collect::<Vec<_>>()
        }
    };
    let tensors = |ids: Vec<TensorId>| {
        let about = |id: &TensorId| {
            let tensor = plan.tensor(*id);
            TensorAbout { name: tensor.name.clone(), shape: tensor.shape.clone() }
        };
        ids.iter().map(about).collect::<Vec<_>>()
    };
    let op =
        |(planned, (variants, chosen)): (&crate::plan::PlannedOp, (Vec<&'static str>, Option<usize>))| {
            let (inputs, outputs) = (tensors(planned.op.reads()), tensors(planned.op.writes()));
            OpAbout {
                op: planned.op.name(),
                phase: format!("{:?}", planned.phase).to_lowercase(),
                layer: layer(network, planned.phase, &outputs, &inputs),
                inputs,
                outputs,
                chosen: chosen.and_then(|chosen| variants.get(chosen).copied()),
                variants,
            }
        };
    Explained { ops: plan.ops.iter().zip(variants).map(op).collect() }
}

fn names(op: &Op, plan: &Plan) -> Vec<&'static str> {
    op.launches(plan).iter().map(|launch| launch.shader.variant).collect()
}

/// The layer that an op computes for: whose parameters it reads, or whose gradients it writes; else the one that its result is
/// named after. What comes after the last layer belongs to none.
fn layer(network: &Network, phase: Phase, outputs: &[TensorAbout], inputs: &[TensorAbout]) -> Option<String> {
    let named = |tensor: &TensorAbout| {
        let name = tensor.name.split('.').next().unwrap_or_default();
        network.layers.iter().find(|placed| placed.name == name).map(|placed| placed.name.clone())
    };
    let is_parameter =
        |tensor: &&TensorAbout| tensor.name.contains('.') && !tensor.name.ends_with("input_gradient");
    match phase {
        Phase::Forward | Phase::Backward => {
            let all = || outputs.iter().chain(inputs);
            all().filter(is_parameter).find_map(named).or_else(|| all().find_map(named))
        }
        _ => None,
    }
}

macro_rules! texts {
    ($(($module:ident, $name:ident),)*) => {
        /// Each op's definition and its code on the CPU.
        const TEXTS: &[(&str, &str, &str)] = &[$((
            stringify!($module),
            include_str!(concat!("../reference/", stringify!($module), ".rs")),
            include_str!(concat!("../cpu/ops/", stringify!($module), ".rs")),
        ),)*];
    };
}
ops::with_ops!(texts);

/// An op's texts; `variant` of its shaders, by default the plain one.
pub(super) fn source(op: &str, variant: Option<&str>) -> Result<Sources> {
    let shaders = Op::all_shaders();
    let (Some((_, reference, cpu)), Some((_, shaders))) =
        (TEXTS.iter().find(|(name, ..)| *name == op), shaders.iter().find(|(name, _)| *name == op))
    else {
        return Err(Error::Usage(format!("there is no op `{op}`; there are {}", Op::NAMES.join(", "))));
    };
    let variant = variant.unwrap_or("plain");
    match shaders.iter().find(|shader| shader.variant == variant) {
        Some(shader) => Ok(Sources { wgsl: shader.source, reference, cpu }),
        None => {
            let names: Vec<&str> = shaders.iter().map(|shader| shader.variant).collect();
            Err(Error::Usage(format!("{op} has no variant `{variant}`; it has {}", names.join(", "))))
        }
    }
}

/// Seconds that each op of the plan takes in a step; none where the device cannot tell.
pub(super) async fn times<H: Host>(
    host: &H,
    device: &Device,
    network: &Network,
    recipe: &Recipe,
    images: &Split,
) -> Result<Option<Vec<f64>>> {
    if let Device::Gpu(gpu) = device
        && !gpu.has_timestamps()
    {
        return Ok(None);
    }
    let recipe = Recipe { steps: Some(STEPS), epochs: None, ..recipe.clone() };
    let options = TrainerOptions { profile: true, ..TrainerOptions::default() };
    let mut trainer = Trainer::new(device, network, &recipe, images, options).await?;
    // The first step warms up, and does not count.
    trainer.advance_to(1).await?;
    trainer.spans().await?;
    let mut profile = trainer.profile();
    let start = host.seconds();
    while !trainer.is_done() && (profile.steps == 0 || host.seconds() - start < MEASURED) {
        let before = trainer.started();
        trainer.advance_to(before + 1).await?;
        profile.add(&trainer.spans().await?, trainer.started() - before);
    }
    let each = |seconds: f64| seconds / (profile.steps.max(1) as f64 * profile.workers.max(1) as f64);
    // The first row is the copying of images.
    Ok(Some(profile.rows.iter().skip(1).map(|row| each(row.seconds)).collect()))
}
