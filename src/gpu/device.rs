//! An opened GPU, and what everything made on it shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::adapter::{About, Adapter};
use super::faults::{Faults, checked};
use super::kernels::Kernels;
use super::mapping::Waiter;
use super::tuning::Choices;
use super::{Executor, Store};
use crate::error::{Error, Result};
use crate::execution::{ExecutorOptions, Work};
use crate::plan::{FlatSizes, Plan};

/// An opened GPU. Clones are the same GPU.
#[derive(Clone)]
pub struct Device {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    // Dropped first: its thread uses the device.
    pub(super) waiter: Waiter,
    pub(super) kernels: Kernels,
    pub(super) raw: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    pub(super) faults: Faults,
    about: About,
    /// Lanes of the smallest subgroups.
    subgroup_lanes: u32,
    /// None where nothing is to be timed or chosen.
    choices: Mutex<Option<Choices>>,
}

impl Device {
    /// Opens an adapter with all its limits.
    ///
    /// # Errors
    /// `Unsupported` where the adapter has too little for any plan, `Gpu` where it cannot be opened.
    pub async fn open(adapter: &Adapter) -> Result<Device> {
        let about = adapter.about().clone();
        let limits = adapter.raw.limits();
        supports(&about, &limits)?;
        let wanted = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP;
        let description = wgpu::DeviceDescriptor {
            label: Some("inkgrad"),
            required_features: wanted & adapter.raw.features(),
            required_limits: limits.clone(),
            ..Default::default()
        };
        let opened = adapter.raw.request_device(&description).await;
        let (raw, queue) = opened.map_err(|error| Error::Gpu(format!("{}: {error}", about.name)))?;
        let faults = Faults::default();
        faults.listen(&raw);
        let waiter = Waiter::new(&raw, &faults)?;
        let kernels = checked(&raw, || Kernels::new(&raw))?;
        let choices = Mutex::default();
        let subgroup_lanes = adapter.raw.get_info().subgroup_min_size;
        Ok(Device {
            shared: Arc::new(Shared {
                waiter,
                kernels,
                raw,
                queue,
                limits,
                faults,
                about,
                subgroup_lanes,
                choices,
            }),
        })
    }

    pub fn about(&self) -> &About {
        &self.shared.about
    }

    /// Whether the device can time single ops.
    pub fn has_timestamps(&self) -> bool {
        self.shared.has_timestamps()
    }

    /// From now on, ops that have several shaders get the quickest: by earlier choices for this adapter and driver, or else
    /// by a short timing when an executor is made. Names that no op knows do no harm. Without timestamps nothing is timed.
    pub fn tune(&self, choices: Choices) {
        self.shared.choices().get_or_insert_default().extend(choices);
    }

    /// What was chosen so far, to be kept for this adapter and driver.
    pub fn choices(&self) -> Choices {
        self.shared.choices().clone().unwrap_or_default()
    }

    /// Drops the compiled shaders that no executor uses. They are kept for later executors of the same shapes; whoever goes
    /// through many shapes must not keep them all.
    pub fn forget_unused_pipelines(&self) {
        self.shared.kernels.forget_unused();
    }

    /// Makes the flat buffers: parameters as given, everything else zero.
    pub fn store(&self, sizes: FlatSizes, parameters: &[f32]) -> Result<Store> {
        Store::new(&self.shared, sizes, parameters)
    }

    /// Makes the flat buffers of several nets, side by side, all zero: an executor over them runs that many nets.
    pub fn store_of_nets(&self, sizes: FlatSizes, nets: usize) -> Result<Store> {
        Store::of_nets(&self.shared, sizes, nets)
    }

    /// Makes a plan ready: buffers, pipelines, bind groups. `store` must be this device's.
    pub async fn executor(&self, plan: &Plan, store: &Store, options: ExecutorOptions) -> Result<Executor> {
        Executor::new(&self.shared, plan, store, options).await
    }
}

/// The shaders are written for the portable limits; an adapter below them cannot run them.
fn supports(about: &About, limits: &wgpu::Limits) -> Result<()> {
    let portable = wgpu::Limits::default();
    let needs = [
        (
            "invocations a workgroup",
            limits.max_compute_invocations_per_workgroup,
            portable.max_compute_invocations_per_workgroup,
        ),
        (
            "bytes of workgroup memory",
            limits.max_compute_workgroup_storage_size,
            portable.max_compute_workgroup_storage_size,
        ),
        (
            "storage buffers a shader",
            limits.max_storage_buffers_per_shader_stage,
            portable.max_storage_buffers_per_shader_stage,
        ),
        (
            "workgroups a dimension",
            limits.max_compute_workgroups_per_dimension,
            portable.max_compute_workgroups_per_dimension,
        ),
    ];
    match needs.into_iter().find(|(_, has, needs)| has < needs) {
        Some((what, has, needs)) => Err(Error::Unsupported {
            adapter: about.name.clone(),
            what: format!("{needs} {what}, it has {has}"),
        }),
        None => Ok(()),
    }
}

/// Bytes of a buffer that holds so many: never none, and whole vec4s, which is how some shaders read. Where nets lie side
/// by side, this is also how far each begins from the one before it.
pub(super) fn buffer_size(bytes: usize) -> u64 {
    (bytes as u64).next_multiple_of(16).max(16)
}

const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

impl Shared {
    fn choices(&self) -> MutexGuard<'_, Option<Choices>> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_tuning(&self) -> bool {
        self.choices().is_some()
    }

    pub(super) fn choice(&self, key: &str) -> Option<String> {
        self.choices().as_ref()?.get(key).cloned()
    }

    pub(super) fn choose(&self, key: &str, variant: &str) {
        self.choices().get_or_insert_default().insert(key.to_owned(), variant.to_owned());
    }

    pub(super) fn has_subgroups(&self) -> bool {
        self.raw.features().contains(wgpu::Features::SUBGROUP) && self.subgroup_lanes >= 8
    }

    pub(super) fn has_timestamps(&self) -> bool {
        self.raw.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    pub(super) fn name(&self) -> &str {
        &self.about.name
    }

    /// A zeroed buffer that shaders read and write.
    pub(super) fn storage(&self, label: &str, bytes: usize, work: &mut Work) -> Result<wgpu::Buffer> {
        let most = self.limits.max_storage_buffer_binding_size;
        if buffer_size(bytes) > most {
            return Err(Error::OutOfMemory(format!(
                "{label}: {bytes} bytes, and shaders here can reach {most}"
            )));
        }
        self.buffer(label, bytes, STORAGE, work)
    }

    /// A zeroed buffer for so many bytes of each net.
    pub(super) fn storage_of_nets(
        &self,
        label: &str,
        bytes: usize,
        nets: usize,
        work: &mut Work,
    ) -> Result<wgpu::Buffer> {
        self.storage(label, (buffer_size(bytes) as usize).saturating_mul(nets), work)
    }

    pub(super) fn buffer(
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

    /// What failed on a device that has been lost failed for that reason, though the first that is heard of it may be
    /// that some buffer is no longer valid.
    pub(super) fn explained<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            // Lets the driver's news through; that this may fail itself tells nothing more.
            let _ = self.raw.poll(wgpu::PollType::Poll);
            if let Err(lost @ Error::DeviceLost(_)) = self.faults.check() {
                return Err(lost);
            }
        }
        result
    }

    pub(super) fn readback(&self, bytes: usize, work: &mut Work) -> Result<wgpu::Buffer> {
        self.buffer("readback", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Choice;

    /// What a driver that resets does to a program, done on purpose.
    #[test]
    fn a_lost_device_is_an_error_with_a_remedy() {
        pollster::block_on(async {
            let adapter = Adapter::choose(&Choice::Any).await;
            let adapter = adapter.expect("this needs an adapter: `apt-get install mesa-vulkan-drivers`");
            let device = Device::open(&adapter).await.unwrap();
            let sizes = FlatSizes { parameters: 4, states: 0, statistics: 0 };
            let store = device.store(sizes, &[1.0; 4]).unwrap();
            assert_eq!(store.read(crate::execution::Flat::Parameters).await.unwrap(), [1.0; 4]);
            device.shared.raw.destroy();
            let read = store.read(crate::execution::Flat::Parameters).await;
            assert!(matches!(read, Err(Error::DeviceLost(_))), "{read:?}");
            let told = read.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(told.contains("--device cpu"), "{told}");
            // It stays lost, and whatever is asked of it says so.
            assert!(matches!(device.store(sizes, &[1.0; 4]), Err(Error::DeviceLost(_))));
        });
    }
}
