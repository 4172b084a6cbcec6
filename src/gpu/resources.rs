//! What the dispatches of one executor use: the buffers of its tensors, the slots that batches come through, and bind groups.

use std::sync::Arc;

use super::Store;
use super::dispatch::Dispatch;
use super::faults::checked;
use super::feed::{SLOTS, Slot};
use super::shared::Shared;
use super::tensor_buffers::{TensorBuffer, check_depth, for_networks};
use crate::error::{Error, Result};
use crate::execution::{Flat, Work};
use crate::plan::{Launch, Plan, StepScalars, Storage, TensorId};

pub(super) struct Resources {
    pub shared: Arc<Shared>,
    pub networks: usize,
    /// Most steps of a block.
    pub block: usize,
    /// Of each tensor of the plan.
    pub tensors: Vec<TensorBuffer>,
    pub slots: Vec<Slot>,
    /// The bind group of each slot's step scalars.
    pub scalars: Vec<wgpu::BindGroup>,
}

/// A launch of an op, and whether it does a whole block of steps at once.
#[derive(Clone)]
pub(super) struct OpLaunch {
    pub op: &'static str,
    pub launch: Launch,
    pub once_a_block: bool,
}

impl Resources {
    pub fn new(
        shared: &Arc<Shared>,
        plan: &Plan,
        store: &Store,
        block: usize,
        work: &mut Work,
    ) -> Result<Self> {
        let networks = store.networks();
        let mut tensor_buffer = |tensor: &crate::plan::Tensor| {
            let flat = match tensor.storage {
                Storage::Parameters { .. } => Flat::Parameters,
                Storage::Gradients { .. } => Flat::Gradients,
                Storage::State { which, .. } => Flat::State(which),
                Storage::Statistics { .. } => Flat::Statistics,
                Storage::Activation | Storage::Counts | Storage::Constant => {
                    let made = shared.storage_of_networks(&tensor.name, tensor.bytes(), networks, work);
                    return made.map(TensorBuffer::PerNetwork);
                }
                slot => return Ok(TensorBuffer::Slot(slot)),
            };
            store.buffer(flat).map(|(buffer, _)| TensorBuffer::PerNetwork(buffer.clone()))
        };
        let tensors = plan.tensors.iter().map(&mut tensor_buffer).collect::<Result<Vec<_>>>()?;
        let slots = (0..SLOTS).map(|_| Slot::new(shared, plan, block, networks, work));
        let slots = slots.collect::<Result<Vec<_>>>()?;
        let scalars = slots.iter().map(|slot| scalars_group(shared, slot));
        let scalars = scalars.collect::<Result<Vec<_>>>()?;
        work.bind_groups_created += SLOTS as u64;
        Ok(Resources { shared: shared.clone(), networks, block, tensors, slots, scalars })
    }

    /// Pipelines and bind groups of launches over the plan's tensors.
    pub fn prepare(&self, launches: &[OpLaunch], work: &mut Work) -> Result<Vec<Dispatch>> {
        self.prepare_with(launches, &|id| self.tensors[id.index()].clone(), work)
    }

    /// As `prepare`, over tensors in the buffers that `buffer_of` names.
    pub fn prepare_with(
        &self,
        launches: &[OpLaunch],
        buffer_of: &dyn Fn(TensorId) -> TensorBuffer,
        work: &mut Work,
    ) -> Result<Vec<Dispatch>> {
        let bound = launches.iter().map(|OpLaunch { op, launch, once_a_block }| {
            let buffers: Vec<_> = launch.bindings.iter().map(|(id, _)| buffer_of(*id)).collect();
            let launch = for_networks(launch, &buffers, &self.slots[0], self.networks);
            let steps = if *once_a_block { self.block } else { 1 };
            check_depth(u64::from(launch.groups[2]) * steps as u64, &self.shared.limits)?;
            Ok((*op, launch, buffers, *once_a_block))
        });
        let bound = bound.collect::<Result<Vec<_>>>()?;
        let named: Vec<(&str, &Launch)> = bound.iter().map(|(op, launch, ..)| (*op, launch)).collect();
        let (pipelines, compiled) = self.shared.pipelines.make(&self.shared.raw, &named)?;
        work.pipelines_created += compiled;
        let mut dispatches = Vec::new();
        for ((op, launch, buffers, once_a_block), pipeline) in bound.iter().zip(pipelines) {
            let uses_slot = buffers.iter().any(|buffer| matches!(buffer, TensorBuffer::Slot(_)));
            let slots = self.slots.iter().take(if uses_slot { SLOTS } else { 1 });
            let groups = slots.map(|slot| self.bind_group(op, &pipeline.buffers, buffers, slot));
            let groups = groups.collect::<Result<Vec<_>>>()?;
            work.bind_groups_created += groups.len() as u64;
            dispatches.push(Dispatch {
                pipeline,
                buffers: groups,
                groups: launch.groups,
                once_a_block: *once_a_block,
            });
        }
        Ok(dispatches)
    }

    fn bind_group(
        &self,
        label: &str,
        layout: &wgpu::BindGroupLayout,
        buffers: &[TensorBuffer],
        slot: &Slot,
    ) -> Result<wgpu::BindGroup> {
        let entries = buffers.iter().enumerate().map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding: binding as u32,
            resource: buffer.in_slot(slot).as_entire_binding(),
        });
        let entries: Vec<_> = entries.collect();
        let description = wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries };
        checked(&self.shared.raw, || self.shared.raw.create_bind_group(&description))
    }

    /// A network's tensor in the first slot: its buffer and where it begins there, in bytes. `step` counts where the buffer
    /// holds a whole block.
    pub fn locate(
        &self,
        plan: &Plan,
        network: usize,
        tensor: TensorId,
        step: usize,
    ) -> Result<(wgpu::Buffer, u64, u64)> {
        let (Some(buffer), Some(described)) =
            (self.tensors.get(tensor.index()), plan.tensors.get(tensor.index()))
        else {
            return Err(Error::Internal("a tensor of another plan".into()));
        };
        if network >= self.networks {
            return Err(Error::Internal(format!("network number {network} of {}", self.networks)));
        }
        let raw = buffer.in_slot(&self.slots[0]).clone();
        let bytes = described.bytes() as u64;
        let network_start = raw.size() / self.networks as u64 * network as u64;
        let step_start = if matches!(buffer, TensorBuffer::Slot(_)) { step as u64 * bytes } else { 0 };
        let start = network_start + 4 * described.storage.offset() as u64 + step_start;
        Ok((raw, start, bytes))
    }
}

fn scalars_group(shared: &Shared, slot: &Slot) -> Result<wgpu::BindGroup> {
    let size = wgpu::BufferSize::new(size_of::<StepScalars>() as u64);
    let binding = wgpu::BufferBinding { buffer: &slot.scalars, offset: 0, size };
    let entries = [wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(binding) }];
    let description = wgpu::BindGroupDescriptor {
        label: Some("step scalars"),
        layout: &shared.pipelines.scalars,
        entries: &entries,
    };
    checked(&shared.raw, || shared.raw.create_bind_group(&description))
}
