//! Compute pipelines made from launches, each made once per device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::faults::checked;
use crate::error::{Error, Result};
use crate::plan::{Access, Launch, StepScalars};

/// A shader with its constants, ready to run.
pub(super) struct Pipeline {
    pub(super) raw: wgpu::ComputePipeline,
    /// Layout of group 0: the storage buffers.
    pub(super) buffers: wgpu::BindGroupLayout,
}

/// Pipelines are kept for later executors of the same shapes, until there are more than this; then those that no executor
/// uses go. The plans of a training have fewer. Software drivers take megabytes for each.
const MAX_KEPT: usize = 128;

/// Everything in a launch that its pipeline depends on; float64 values are compared by their bits.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The address: sources are constants of the program.
    source: usize,
    constants: Vec<(&'static str, u64)>,
    access: Vec<bool>,
}

pub(super) struct Pipelines {
    made: Mutex<HashMap<Key, Arc<Pipeline>>>,
    /// Layout of group 1: the step scalars.
    pub(super) scalars: wgpu::BindGroupLayout,
}

impl Key {
    fn of(launch: &Launch) -> Self {
        Key {
            source: launch.shader.source.as_ptr() as usize,
            constants: launch.constants.iter().map(|(name, value)| (*name, value.to_bits())).collect(),
            access: launch.bindings.iter().map(|(_, access)| *access == Access::Read).collect(),
        }
    }
}

impl Pipelines {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let ty = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: true,
            min_binding_size: wgpu::BufferSize::new(size_of::<StepScalars>() as u64),
        };
        let scalars = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("step scalars"),
            entries: &[entry(0, ty)],
        });
        Pipelines { made: Mutex::new(HashMap::new()), scalars }
    }

    /// The pipelines of these launches, in their order, and how many of them had to be compiled. Those are compiled
    /// in parallel: drivers take milliseconds to seconds for each.
    pub(super) fn make(
        &self,
        device: &wgpu::Device,
        launches: &[(&str, &Launch)],
    ) -> Result<(Vec<Arc<Pipeline>>, u64)> {
        let keys: Vec<Key> = launches.iter().map(|(_, launch)| Key::of(launch)).collect();
        let mut missing: Vec<(&Key, &str, &Launch)> = Vec::new();
        {
            let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, (name, launch)) in keys.iter().zip(launches) {
                if !made.contains_key(key) && !missing.iter().any(|(other, ..)| *other == key) {
                    missing.push((key, name, launch));
                }
            }
        }
        let compiled = for_all(&missing, |(_, name, launch)| self.compile(device, name, launch))?;
        let count = compiled.len() as u64;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for ((key, ..), pipeline) in missing.iter().zip(compiled) {
            made.insert((*key).clone(), Arc::new(pipeline));
        }
        let pipelines = keys.iter().filter_map(|key| made.get(key).cloned()).collect();
        if made.len() > MAX_KEPT {
            made.retain(|_, pipeline| Arc::strong_count(pipeline) > 1);
        }
        Ok((pipelines, count))
    }

    /// Drops what no executor uses.
    pub(super) fn forget_unused(&self) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|_, pipeline| Arc::strong_count(pipeline) > 1);
    }

    fn compile(&self, device: &wgpu::Device, name: &str, launch: &Launch) -> Result<Pipeline> {
        let entries: Vec<_> =
            launch.bindings.iter().enumerate().map(|(at, (_, access))| entry(at, storage(*access))).collect();
        let make = || {
            let buffers = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(name),
                entries: &entries,
            });
            let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(name),
                bind_group_layouts: &[Some(&buffers), Some(&self.scalars)],
                immediate_size: 0,
            });
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&layout),
                module: &module(device, name, launch.shader.source),
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &launch.constants,
                    // no shader reads what it has not written; browsers zero the memory anyway
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            });
            Pipeline { raw: pipeline, buffers }
        };
        checked(device, make).map_err(|error| match error {
            Error::Gpu(what) => Error::Gpu(format!("{name}: {what}")),
            other => other,
        })
    }
}

fn module(device: &wgpu::Device, name: &str, source: &'static str) -> wgpu::ShaderModule {
    let description =
        wgpu::ShaderModuleDescriptor { label: Some(name), source: wgpu::ShaderSource::Wgsl(source.into()) };
    // With the checks of indices that wgpu adds: on software Vulkan, builds without them were no faster (median of five runs in
    // turn, with over without: softmax 1.01, mlp 1.00, lenet5 1.00).
    // Without the counter that wgpu adds to each loop to end it after 2^64 turns: it keeps drivers from unrolling loops (NVIDIA H100,
    // with over without: up to 1.9 for a convolution, 1.1 for a product).
    let checks =
        wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: every loop of our shaders counts up or halves towards a bound that does not change in it; indices are checked.
    #[allow(unsafe_code)]
    unsafe {
        device.create_shader_module_trusted(description, checks)
    }
}

fn storage(access: Access) -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Storage { read_only: access == Access::Read },
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn entry(binding: usize, ty: wgpu::BindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty,
        count: None,
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn for_all<T: Sync, U: Send>(items: &[T], make: impl Fn(&T) -> Result<U> + Sync + Send) -> Result<Vec<U>> {
    crate::threads::map(items, make).into_iter().collect()
}

// In a browser, GPU objects belong to the thread that made them.
#[cfg(target_arch = "wasm32")]
fn for_all<T, U>(items: &[T], make: impl Fn(&T) -> Result<U>) -> Result<Vec<U>> {
    items.iter().map(make).collect()
}
