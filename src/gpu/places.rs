//! Where a plan's tensors live, and how nets that run side by side share buffers and grids: net k's part of a buffer
//! begins k times a stride from its start, and every layer of a grid along z is there once a net.

use super::feed::Slot;
use crate::error::{Error, Result};
use crate::plan::{Launch, Storage};

#[derive(Clone)]
pub(super) enum Place {
    /// A buffer with a part for each net.
    Buffer(wgpu::Buffer),
    /// A buffer that all nets read: a whole split.
    Shared(wgpu::Buffer),
    /// One of the slot's buffers.
    Slot(Storage),
}

impl Place {
    pub fn buffer<'a>(&'a self, slot: &'a Slot) -> &'a wgpu::Buffer {
        match self {
            Place::Buffer(buffer) | Place::Shared(buffer) => buffer,
            Place::Slot(Storage::Images) => &slot.images,
            Place::Slot(Storage::Labels) => &slot.labels,
            Place::Slot(Storage::SampleLoss) => &slot.sample_loss,
            Place::Slot(Storage::Losses) => &slot.losses,
            Place::Slot(_) => &slot.indices,
        }
    }
}

/// The shaders' constants for the strides: the `@id` of each is its binding.
const STRIDES: [&str; 7] = ["0", "1", "2", "3", "4", "5", "6"];

/// A launch for `nets` nets, its bindings in `places`; for one net nothing changes.
pub(super) fn side_by_side(launch: &Launch, places: &[Place], slot: &Slot, nets: usize) -> Launch {
    let mut launch = launch.clone();
    if nets > 1 {
        launch.groups[2] *= nets as u32;
        launch.constants.push(("NETWORKS", nets as f64));
        let strides = STRIDES.iter().zip(places).filter(|(_, place)| !matches!(place, Place::Shared(_)));
        let words = |place: &Place| place.buffer(slot).size() / 4 / nets as u64;
        launch.constants.extend(strides.map(|(id, place)| (*id, words(place) as f64)));
    }
    launch
}

/// Checks that a grid of that depth can be launched.
pub(super) fn check_depth(layers: u64, limits: &wgpu::Limits) -> Result<()> {
    let most = limits.max_compute_workgroups_per_dimension;
    match layers <= u64::from(most) {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "{layers} layers of workgroups, and this device takes {most}: train fewer nets side by side, or a smaller batch"
        ))),
    }
}
