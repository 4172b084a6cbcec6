//! What evaluation and prediction share: the way forward, in steps of a size that fits.

use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Device;
use crate::network::Network;
use crate::plan::{Element, Plan, fuse};

/// Images a step of evaluation: as many as keep the activations of a step within some tens of MB.
const MOST_IMAGES: usize = 500;
const ACTIVATION_BYTES: usize = 32 << 20;

pub(super) fn require_images(network: &Network, split: &Split) -> Result<()> {
    let (given, wanted) = (split.pixels(), network.task.pixels());
    match given == wanted {
        true => Ok(()),
        false => Err(Error::Data(format!("images of {given} pixels, the network was made for {wanted}"))),
    }
}

/// Images a step at which the activations stay within their room.
pub(super) fn activations_batch(network: &Network) -> usize {
    let one: Plan = network.evaluation_plan(1);
    let bytes: usize = one.tensors.iter().filter(|t| t.element == Element::F32).map(|t| t.bytes()).sum();
    let activations = bytes.saturating_sub(8 * network.parameter_count()).max(1);
    (ACTIVATION_BYTES / activations).clamp(1, MOST_IMAGES)
}

/// The evaluation plan, fused as the device likes it.
pub(super) fn forward_plan(device: &Device, network: &Network, batch: usize) -> Plan {
    let plan = network.evaluation_plan(batch);
    match device {
        Device::Cpu(_) => fuse::for_cpu(plan),
        Device::Gpu(_) => fuse::for_gpu(plan),
    }
}
