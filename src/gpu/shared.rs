//! What everything made on one GPU uses: the device, its queue, its limits, its pipelines, and the choice of shaders.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::adapter::About;
use super::faults::{Faults, checked};
use super::pipelines::Pipelines;
use super::resident::Resident;
use super::waiter::Waiter;
use crate::error::{Error, Result};
use crate::execution::Work;

/// The variant chosen for each op and shape, by op and sizes, such as `matmul M=100 N=256 K=784: plain blocked`.
pub type Choices = BTreeMap<String, String>;

pub(super) struct Shared {
    // Dropped first: its thread uses the device.
    pub waiter: Waiter,
    pub pipelines: Pipelines,
    pub raw: wgpu::Device,
    pub queue: wgpu::Queue,
    pub limits: wgpu::Limits,
    pub faults: Faults,
    pub about: About,
    /// Lanes of the smallest subgroups, and of the largest.
    pub subgroup_lanes: [u32; 2],
    /// The split that was uploaded last, for executors to come.
    pub resident: Mutex<Option<Arc<Resident>>>,
    /// Whether ops without a choice get the shader called `separate`, where they have one.
    pub avoids_barriers: AtomicBool,
    /// None where nothing is to be timed or chosen.
    pub choices: Mutex<Option<Choices>>,
}

/// Size of a buffer for that many bytes: never 0, and whole vec4s, which is how some shaders read. Where a buffer holds several
/// networks, this is also the stride between them.
fn buffer_size(bytes: usize) -> u64 {
    (bytes as u64).next_multiple_of(16).max(16)
}

const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

impl Shared {
    pub fn choices(&self) -> MutexGuard<'_, Option<Choices>> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_tuning(&self) -> bool {
        self.choices().is_some()
    }

    pub fn choice(&self, key: &str) -> Option<String> {
        self.choices().as_ref()?.get(key).cloned()
    }

    pub fn choose(&self, key: &str, variant: &str) {
        self.choices().get_or_insert_default().insert(key.to_owned(), variant.to_owned());
    }

    pub fn has_subgroups(&self) -> bool {
        self.raw.features().contains(wgpu::Features::SUBGROUP) && self.subgroup_lanes[0] >= 8
    }

    /// Lanes of the largest subgroups.
    pub fn most_lanes(&self) -> usize {
        self.subgroup_lanes[1] as usize
    }

    pub fn has_timestamps(&self) -> bool {
        self.raw.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// A zeroed buffer that shaders read and write.
    pub fn storage(&self, label: &str, bytes: usize, work: &mut Work) -> Result<wgpu::Buffer> {
        let most = self.limits.max_storage_buffer_binding_size;
        if buffer_size(bytes) > most {
            return Err(Error::OutOfMemory(format!(
                "{label}: {bytes} bytes, and shaders here can reach {most}"
            )));
        }
        self.buffer(label, bytes, STORAGE, work)
    }

    /// A zeroed buffer with that many bytes for each network.
    pub fn storage_of_networks(
        &self,
        label: &str,
        bytes: usize,
        networks: usize,
        work: &mut Work,
    ) -> Result<wgpu::Buffer> {
        self.storage(label, (buffer_size(bytes) as usize).saturating_mul(networks), work)
    }

    pub fn buffer(
        &self,
        label: &str,
        bytes: usize,
        usage: wgpu::BufferUsages,
        work: &mut Work,
    ) -> Result<wgpu::Buffer> {
        let (size, most) = (buffer_size(bytes), self.limits.max_buffer_size);
        if size > most {
            return Err(Error::OutOfMemory(format!("{label}: {bytes} bytes, and buffers here hold {most}")));
        }
        work.buffers_created += 1;
        work.bytes_allocated += size;
        let mapped_at_creation = usage.contains(wgpu::BufferUsages::MAP_WRITE);
        let description = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation };
        self.explained(checked(&self.raw, || self.raw.create_buffer(&description)))
    }

    /// An error on a device that has been lost is a consequence of the loss, though the first error reported may be that
    /// some buffer is no longer valid: returns the loss instead.
    pub fn explained<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Gpu(_) | Error::OutOfMemory(_)) = result {
            // The loss is reported once nothing is in flight any more. If this wait fails too, that adds nothing.
            let timeout = Some(std::time::Duration::from_secs(5));
            let _ = self.raw.poll(wgpu::PollType::Wait { submission_index: None, timeout });
            if let Err(lost @ Error::DeviceLost(_)) = self.faults.check() {
                return Err(lost);
            }
        }
        result
    }

    pub fn readback(&self, bytes: usize, work: &mut Work) -> Result<wgpu::Buffer> {
        self.buffer("readback", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST, work)
    }
}
