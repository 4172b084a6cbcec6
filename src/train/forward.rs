//! What evaluation and prediction share: the forward pass, in batches that fit into memory.

use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::network::Network;
use crate::plan::{Element, Plan, fuse};

/// Limits on the batch of an evaluation, in images and in bytes of activations.
const MAX_IMAGES: usize = 500;
const ACTIVATION_BYTES: usize = 32 << 20;

/// # Errors
/// `Data` where the images are of another size than the network's.
pub(super) fn require_images(network: &Network, split: &Split) -> Result<()> {
    let (given, wanted) = (split.image_bytes(), network.task.image_bytes());
    match given == wanted {
        true => Ok(()),
        false => Err(Error::Data(format!(
            "images of {given} bytes for a network of {wanted}: use images of the size and colour that it was trained on"
        ))),
    }
}

/// # Errors
/// `Data` where a label names no class of the network.
pub(super) fn require_labels(network: &Network, split: &Split) -> Result<()> {
    let classes = network.task.classes;
    match split.labels().iter().find(|label| usize::from(**label) >= classes) {
        None => Ok(()),
        Some(label) => Err(Error::Data(format!(
            "label {label} for a network of {classes} classes: labels count from 0 to {}",
            classes.saturating_sub(1)
        ))),
    }
}

/// Images in a batch, so that the activations stay within [`ACTIVATION_BYTES`].
pub(super) fn evaluation_batch(network: &Network) -> usize {
    let one: Plan = network.evaluation_plan(1);
    let bytes: usize = one.tensors.iter().filter(|t| t.element == Element::F32).map(|t| t.bytes()).sum();
    let activations = bytes.saturating_sub(8 * network.parameter_count()).max(1);
    (ACTIVATION_BYTES / activations).clamp(1, MAX_IMAGES)
}

/// The evaluation plan, fused for the device.
pub(super) fn forward_plan(device: &Device, network: &Network, batch: usize) -> Plan {
    let plan = network.evaluation_plan(batch);
    match device {
        Device::Cpu(_) => fuse::for_cpu(plan),
        Device::Gpu(_) => fuse::for_gpu(plan),
    }
}
