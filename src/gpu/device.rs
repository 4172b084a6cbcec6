//! An opened GPU, and what can be made on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::adapter::{About, Adapter};
use super::choosing;
use super::faults::{Faults, checked};
use super::pipelines::Pipelines;
use super::shared::{Choices, Shared};
use super::waiter::Waiter;
use super::{Executor, Store};
use crate::error::{Error, Result};
use crate::execution::ExecutorOptions;
use crate::plan::{FlatSizes, Plan};

/// An opened GPU. Clones are the same GPU.
#[derive(Clone)]
pub struct Device {
    pub(super) shared: Arc<Shared>,
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
        let pipelines = checked(&raw, || Pipelines::new(&raw))?;
        let choices = Mutex::default();
        let info = adapter.raw.get_info();
        let subgroup_lanes = [info.subgroup_min_size, info.subgroup_max_size];
        Ok(Device {
            shared: Arc::new(Shared {
                waiter,
                pipelines,
                raw,
                queue,
                limits,
                faults,
                about,
                subgroup_lanes,
                avoids_barriers: AtomicBool::new(false),
                choices,
                resident: Mutex::default(),
            }),
        })
    }

    /// Gives the GPU up at once: whatever was made on it is lost, as if its driver had been reset.
    pub fn destroy(&self) {
        // First of all, so that whoever meets a buffer that is gone already knows why.
        self.shared.faults.lost("it was given up".into());
        self.shared.raw.destroy();
    }

    /// Whether it was lost, or has failed outside a call that could say so: it then refuses all further work, and is to be
    /// opened anew.
    pub fn has_failed(&self) -> bool {
        self.shared.faults.check().is_err()
    }

    pub fn about(&self) -> &About {
        &self.shared.about
    }

    /// Whether the device can measure the time of single ops.
    pub fn has_timestamps(&self) -> bool {
        self.shared.has_timestamps()
    }

    /// From now on, ops that have several shaders get the fastest: by earlier choices for this adapter and driver, or else
    /// by a short measurement when an executor is made. Unknown names are ignored. Without timestamps nothing is measured.
    pub fn tune(&self, choices: Choices) {
        self.shared.choices().get_or_insert_default().extend(choices);
    }

    /// From now on, ops for which no shader was chosen get the one called `separate`, without barriers, where there is one: for
    /// software GPUs, some of which switch stacks at each barrier.
    pub fn avoid_barriers(&self) {
        self.shared.avoids_barriers.store(true, Ordering::Relaxed);
    }

    /// Whether `avoid_barriers` was called.
    pub fn avoids_barriers(&self) -> bool {
        self.shared.avoids_barriers.load(Ordering::Relaxed)
    }

    /// What was chosen so far, to be kept for this adapter and driver.
    pub fn choices(&self) -> Choices {
        self.shared.choices().clone().unwrap_or_default()
    }

    /// Of each op of a plan the shaders that this device can run, the plain one first, and which of them it has chosen.
    pub fn variants(&self, plan: &Plan) -> Vec<(Vec<&'static str>, usize)> {
        choosing::variants(&self.shared, plan)
    }

    /// Drops the compiled shaders that no executor uses. They are kept for later executors of the same shapes; a program
    /// that goes through many shapes should not keep them all.
    pub fn forget_unused_pipelines(&self) {
        self.shared.pipelines.forget_unused();
    }

    /// Makes the flat buffers: parameters as given, everything else zero.
    pub fn store(&self, sizes: FlatSizes, parameters: &[f32]) -> Result<Store> {
        Store::new(&self.shared, sizes, parameters)
    }

    /// Makes the flat buffers of several networks, all zero: an executor over them trains that many at once.
    pub fn store_of_networks(&self, sizes: FlatSizes, networks: usize) -> Result<Store> {
        Store::of_networks(&self.shared, sizes, networks)
    }

    /// Makes a plan ready: buffers, pipelines, bind groups. `store` must be this device's.
    pub async fn executor(&self, plan: &Plan, store: &Store, options: ExecutorOptions) -> Result<Executor> {
        let made = Executor::new(&self.shared, plan, store, options).await;
        self.shared.explained(made)
    }
}

/// The shaders are written for the portable limits; an adapter below them cannot run them.
fn supports(about: &About, limits: &wgpu::Limits) -> Result<()> {
    let portable = wgpu::Limits::default();
    let needs = [
        (
            "invocations per workgroup",
            limits.max_compute_invocations_per_workgroup,
            portable.max_compute_invocations_per_workgroup,
        ),
        (
            "bytes of workgroup memory",
            limits.max_compute_workgroup_storage_size,
            portable.max_compute_workgroup_storage_size,
        ),
        (
            "storage buffers per shader",
            limits.max_storage_buffers_per_shader_stage,
            portable.max_storage_buffers_per_shader_stage,
        ),
        (
            "workgroups per dimension",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Choice;

    /// A device that is destroyed looks to a program like one whose driver was reset.
    #[test]
    fn a_lost_device_is_an_error_with_a_remedy() {
        pollster::block_on(async {
            let adapter = Adapter::choose(&Choice::Any).await;
            let adapter = adapter.expect("this needs an adapter: `apt-get install mesa-vulkan-drivers`");
            let device = Device::open(&adapter).await.unwrap();
            let sizes = FlatSizes { parameters: 4, states: 0, statistics: 0 };
            let store = device.store(sizes, &[1.0; 4]).unwrap();
            assert_eq!(store.read(crate::execution::Flat::Parameters).await.unwrap(), [1.0; 4]);
            assert!(!device.has_failed());
            device.destroy();
            let read = store.read(crate::execution::Flat::Parameters).await;
            assert!(matches!(read, Err(Error::DeviceLost(_))), "{read:?}");
            let told = read.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(told.contains("--device cpu"), "{told}");
            // It stays lost, and whatever is asked of it says so.
            assert!(device.has_failed());
            assert!(matches!(device.store(sizes, &[1.0; 4]), Err(Error::DeviceLost(_))));
        });
    }
}
