//! The buffers that hold a plan's tensors. Where several networks train in one run, each buffer holds all of them, a fixed
//! stride apart, and each layer of a grid along z is repeated for each of them.

use super::feed::Slot;
use crate::error::{Error, Result};
use crate::plan::{Launch, Storage};

#[derive(Clone)]
pub(super) enum TensorBuffer {
    /// Holds the tensor of every network.
    PerNetwork(wgpu::Buffer),
    /// Read by all networks: a whole split.
    Common(wgpu::Buffer),
    /// One of the slot's buffers.
    Slot(Storage),
}

impl TensorBuffer {
    pub fn in_slot<'a>(&'a self, slot: &'a Slot) -> &'a wgpu::Buffer {
        match self {
            TensorBuffer::PerNetwork(buffer) | TensorBuffer::Common(buffer) => buffer,
            TensorBuffer::Slot(Storage::Images) => &slot.images,
            TensorBuffer::Slot(Storage::Labels) => &slot.labels,
            TensorBuffer::Slot(Storage::SampleLoss) => &slot.sample_loss,
            TensorBuffer::Slot(Storage::Losses) => &slot.losses,
            TensorBuffer::Slot(_) => &slot.indices,
        }
    }
}

/// The shaders' constants for the strides between networks: the `@id` of each is its binding.
const STRIDES: [&str; 7] = ["0", "1", "2", "3", "4", "5", "6"];

/// A launch that works for all networks; `buffers` are those of its bindings. For one network nothing changes.
pub(super) fn for_networks(
    launch: &Launch,
    buffers: &[TensorBuffer],
    slot: &Slot,
    networks: usize,
) -> Launch {
    let mut launch = launch.clone();
    if networks > 1 {
        launch.groups[2] *= networks as u32;
        launch.constants.push(("NETWORKS", networks as f64));
        let strides =
            STRIDES.iter().zip(buffers).filter(|(_, buffer)| !matches!(buffer, TensorBuffer::Common(_)));
        let words = |buffer: &TensorBuffer| buffer.in_slot(slot).size() / 4 / networks as u64;
        launch.constants.extend(strides.map(|(id, buffer)| (*id, words(buffer) as f64)));
    }
    launch
}

/// Checks that a grid with that many layers along z can be launched.
pub(super) fn check_depth(layers: u64, limits: &wgpu::Limits) -> Result<()> {
    let most = limits.max_compute_workgroups_per_dimension;
    match layers <= u64::from(most) {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "{layers} layers of workgroups, and this device takes {most}: train fewer networks in one run, or a smaller batch"
        ))),
    }
}
