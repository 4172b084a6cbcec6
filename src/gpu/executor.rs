//! A plan made ready on a GPU: pipelines, bind groups and grids are prepared once and replayed, block by block. Where the
//! store holds several nets, each dispatch does its work for all of them.

use std::sync::Arc;

use super::Store;
use super::device::Shared;
use super::dispatch::{Dispatch, record, sequence, single};
use super::faults::checked;
use super::feed::{SLOTS, Slot};
use super::history::History;
use super::places::{Place, check_depth, side_by_side};
use super::resident::{self, Resident};
use super::timing::{self, Timing};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::execution::{ExecutorOptions, Feed, Flat, Span, Work};
use crate::plan::ops::Gather;
use crate::plan::{Builder, Element, Launch, Op, Phase, Plan, StepScalars, Storage, TensorId};

pub struct Executor {
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Plan,
    pub(super) nets: usize,
    block: usize,
    feed: Feed,
    /// Where each tensor lives that is in no slot.
    pub(super) places: Vec<Place>,
    slots: Vec<Slot>,
    /// Group 1 of each slot.
    pub(super) scalars: Vec<wgpu::BindGroup>,
    dispatches: Vec<Dispatch>,
    /// The gathering of batches, and the split it gathers from.
    gather: Option<(Resident, Dispatch)>,
    history: Option<History>,
    next_slot: usize,
    /// See [`Executor::look_at`].
    step: usize,
    pub(super) work: Work,
    /// Where a profile is wanted.
    timing: Option<Timing>,
}

impl Executor {
    pub(super) async fn new(
        shared: &Arc<Shared>,
        plan: &Plan,
        store: &Store,
        options: ExecutorOptions,
    ) -> Result<Self> {
        shared.faults.check()?;
        plan.check_slices()?;
        let (has, wants) = (store.sizes(), plan.flat);
        let same = (has.parameters, has.statistics) == (wants.parameters, wants.statistics);
        if !store.is_of(shared) || !same || has.states < wants.states {
            return Err(Error::Internal(format!(
                "a store of {has:?} for a plan of {wants:?}, or of another device"
            )));
        }
        let (mut work, mut block, nets) = (Work::default(), options.block.max(1), store.nets());
        let timing = match options.profile {
            true => Some(Timing::new(shared, &mut work)?),
            false => None,
        };
        if timing.is_some() {
            // One for the gathering of the images.
            block = block.min((timing::MOST - 1) / plan.ops.len().max(1)).max(1);
        }
        let places = plan
            .tensors
            .iter()
            .map(|tensor| {
                let flat = match tensor.storage {
                    Storage::Parameters { .. } => Flat::Parameters,
                    Storage::Gradients { .. } => Flat::Gradients,
                    Storage::State { which, .. } => Flat::State(which),
                    Storage::Statistics { .. } => Flat::Statistics,
                    Storage::Activation | Storage::Counts => {
                        let made = shared.storage_of_nets(&tensor.name, tensor.bytes(), nets, &mut work);
                        return made.map(Place::Buffer);
                    }
                    slot => return Ok(Place::Slot(slot)),
                };
                store.buffer(flat).map(|(buffer, _)| Place::Buffer(buffer.clone()))
            })
            .collect::<Result<Vec<_>>>()?;
        let slots = (0..SLOTS).map(|_| Slot::new(shared, plan, block, nets, &mut work));
        let slots = slots.collect::<Result<Vec<_>>>()?;
        let history = match plan.only(Storage::Losses) {
            Some(_) => Some(History::new(shared, nets, &mut work)?),
            None => None,
        };
        let mut executor = Executor {
            shared: shared.clone(),
            plan: plan.clone(),
            nets,
            block,
            feed: options.feed,
            places,
            slots,
            scalars: Vec::new(),
            dispatches: Vec::new(),
            gather: None,
            history,
            next_slot: 0,
            step: 0,
            work,
            timing,
        };
        executor.scalars = executor.number_groups()?;
        let places = executor.places.clone();
        let mut launches: Vec<(&str, Launch, bool)> = Vec::new();
        let possible = |launch: &Launch| !launch.shader.needs_subgroups || shared.has_subgroups();
        let ways = plan.ops.iter().map(|planned| planned.op.launches(plan));
        let ways = ways.map(|launches| launches.into_iter().filter(possible).collect());
        let mut ways: Vec<Vec<Launch>> = ways.collect();
        let chosen = executor.choose(&ways, options.variants).await?;
        for ((planned, ways), chosen) in plan.ops.iter().zip(&mut ways).zip(chosen) {
            launches.push((planned.op.name(), ways.swap_remove(chosen), planned.phase == Phase::Metrics));
        }
        executor.dispatches = executor.prepare(&launches, &|id| places[id.index()].clone())?;
        shared.faults.check()?;
        Ok(executor)
    }

    fn number_groups(&mut self) -> Result<Vec<wgpu::BindGroup>> {
        let (shared, slots) = (&self.shared, &self.slots);
        self.work.bind_groups_created += SLOTS as u64;
        let size = wgpu::BufferSize::new(size_of::<StepScalars>() as u64);
        let group = |slot: &Slot| {
            let binding = wgpu::BufferBinding { buffer: &slot.scalars, offset: 0, size };
            checked(&shared.raw, || {
                shared.raw.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some("numbers"),
                    layout: &shared.kernels.scalars,
                    entries: &[wgpu::BindGroupEntry {
                        binding: 0,
                        resource: wgpu::BindingResource::Buffer(binding),
                    }],
                })
            })
        };
        slots.iter().map(group).collect()
    }

    /// Pipelines and bind groups of launches.
    pub(super) fn prepare(
        &mut self,
        launches: &[(&str, Launch, bool)],
        place: &dyn Fn(TensorId) -> Place,
    ) -> Result<Vec<Dispatch>> {
        let placed = launches.iter().map(|(name, launch, once_a_block)| {
            let places: Vec<Place> = launch.bindings.iter().map(|(id, _)| place(*id)).collect();
            let launch = side_by_side(launch, &places, &self.slots[0], self.nets);
            let steps = if *once_a_block { self.block } else { 1 };
            check_depth(u64::from(launch.groups[2]) * steps as u64, &self.shared.limits)?;
            Ok((*name, launch, places, *once_a_block))
        });
        let placed = placed.collect::<Result<Vec<_>>>()?;
        let named: Vec<(&str, &Launch)> = placed.iter().map(|(name, launch, ..)| (*name, launch)).collect();
        let (kernels, compiled) = self.shared.kernels.make(&self.shared.raw, &named)?;
        self.work.pipelines_created += compiled;
        let mut dispatches = Vec::new();
        for ((name, launch, places, once_a_block), kernel) in placed.iter().zip(kernels) {
            let in_slot = places.iter().any(|place| matches!(place, Place::Slot(_)));
            let mut buffers = Vec::new();
            for slot in self.slots.iter().take(if in_slot { SLOTS } else { 1 }) {
                let entries = places.iter().enumerate().map(|(binding, place)| wgpu::BindGroupEntry {
                    binding: binding as u32,
                    resource: place.buffer(slot).as_entire_binding(),
                });
                let entries: Vec<_> = entries.collect();
                let description = wgpu::BindGroupDescriptor {
                    label: Some(name),
                    layout: &kernel.buffers,
                    entries: &entries,
                };
                buffers.push(checked(&self.shared.raw, || self.shared.raw.create_bind_group(&description))?);
            }
            self.work.bind_groups_created += buffers.len() as u64;
            dispatches.push(Dispatch { kernel, buffers, groups: launch.groups, once_a_block: *once_a_block });
        }
        Ok(dispatches)
    }

    /// See [`crate::executor::Executor::run`]. Several nets' indices come net after net, all steps of the first, then of the
    /// second; the numbers' seed is the first net's, that of net k is k more.
    pub async fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        self.shared.faults.check()?;
        let (batch, pixels, steps) = (self.plan.batch, self.plan.pixels, scalars.len());
        let images = batch.saturating_mul(steps).saturating_mul(self.nets);
        if split.pixels() != pixels || indices.len() != images || steps > self.block {
            let what = format!("{} images of {} pixels in {steps} steps", indices.len(), split.pixels());
            let each = format!("steps of {batch} images of {pixels} pixels for each of {} nets", self.nets);
            let wanted = format!("{each}, {} steps at most", self.block);
            return Err(Error::Internal(format!("{what}, where the plan takes {wanted}")));
        }
        // An index past the split must not reach the shader, which runs without bounds checks.
        split.check_indices(indices)?;
        if steps == 0 {
            return Ok(());
        }
        let resident = resident::wanted(self.feed, &self.shared, split);
        if resident && !self.gather.as_ref().is_some_and(|(resident, _)| resident.holds(split)) {
            self.gather = None; // the old split's memory first
            self.gather = Some(self.load(split)?);
        }
        if let Some(history) = &mut self.history {
            history.make_room(&self.shared, steps as u64, &mut self.work).await?;
        }
        let mut encoder = self.shared.raw.create_command_encoder(&Default::default());
        let at = self.next_slot;
        self.next_slot = (at + 1) % SLOTS;
        let streamed = (!resident).then_some(split);
        self.slots[at].fill(&mut encoder, &self.plan, streamed, indices, scalars, &mut self.work).await?;
        let gather = self.gather.as_ref().filter(|_| resident).map(|(_, gather)| gather);
        let runs = sequence(gather, &self.dispatches, steps);
        self.work.dispatches +=
            record(&mut encoder, &mut self.timing, runs, &self.scalars[at], at, self.work.steps);
        if let Some(history) = &mut self.history {
            history.keep(&mut encoder, &self.slots[at].losses, steps as u64);
        }
        let submission = self.shared.queue.submit([encoder.finish()]);
        self.slots[at].release(&self.shared, submission.clone());
        self.work.submissions += 1;
        self.work.steps += steps as u64;
        if let Some(timing) = &mut self.timing {
            timing.collect(&self.shared, submission).await?;
        }
        Ok(())
    }

    /// Uploads a split, and makes the op ready that picks batches out of it.
    fn load(&mut self, split: &Split) -> Result<(Resident, Dispatch)> {
        let resident = Resident::new(&self.shared, split, &mut self.work)?;
        let (rows, columns) = (self.plan.batch, self.plan.pixels);
        let mut builder = Builder::new(rows, columns, self.plan.classes);
        let all_images =
            builder.tensor("all_images", &[split.len(), columns], Element::U8, Storage::Activation);
        let all_labels = builder.tensor("all_labels", &[split.len()], Element::U32, Storage::Activation);
        let indices = builder.tensor("indices", &[rows], Element::U32, Storage::Activation);
        let (images, labels) = (builder.images(), builder.labels());
        let op: Op = Gather { all_images, all_labels, indices, images, labels, rows, columns }.into();
        let launch = op.launch(&builder.finish());
        let (image_buffer, label_buffer) = (resident.images.clone(), resident.labels.clone());
        let place = move |id: TensorId| match id {
            id if id == all_images => Place::Shared(image_buffer.clone()),
            id if id == all_labels => Place::Shared(label_buffer.clone()),
            id if id == labels => Place::Slot(Storage::Labels),
            id if id == images => Place::Slot(Storage::Images),
            // The only activation of a slot: the block's indices.
            _ => Place::Slot(Storage::Activation),
        };
        let mut dispatches = self.prepare(&[("gather", launch, true)], &place)?;
        match dispatches.pop() {
            Some(dispatch) => Ok((resident, dispatch)),
            None => Err(Error::Internal("gather was not made ready".into())),
        }
    }

    /// See [`crate::executor::Executor::losses`]: of several nets, for each step one net's loss after the other's.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        self.shared.faults.check()?;
        match &mut self.history {
            Some(history) => {
                let arrived = history.arrived()?;
                history.ask(&self.shared, &mut self.work);
                Ok(arrived)
            }
            None => Ok(Vec::new()),
        }
    }

    /// See [`crate::executor::Executor::finish`].
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        let losses = match &mut self.history {
            Some(history) => history.all(&self.shared, &mut self.work).await,
            None => Ok(Vec::new()),
        };
        let drained = self.shared.drained().await;
        self.shared.faults.check()?;
        drained?;
        losses
    }

    /// One step on what the tensors hold, the first slot's batch among them. Ops that do a whole block at once do all steps up to
    /// that one.
    pub async fn run_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        self.shared.faults.check()?;
        self.slots[0].settle().await?;
        let scalars = StepScalars { first_row: (self.step * self.plan.batch) as u32, ..scalars };
        self.shared.queue.write_buffer(&self.slots[0].scalars, 0, bytemuck::bytes_of(&scalars));
        let mut encoder = self.shared.raw.create_command_encoder(&Default::default());
        let runs = single(&self.dispatches, self.step);
        self.work.dispatches +=
            record(&mut encoder, &mut self.timing, runs, &self.scalars[0], 0, self.work.steps);
        let submission = self.shared.queue.submit([encoder.finish()]);
        self.work.submissions += 1;
        self.work.steps += 1;
        if let Some(timing) = &mut self.timing {
            timing.collect(&self.shared, submission).await?;
        }
        self.shared.drained().await?;
        self.shared.faults.check()
    }

    /// See [`crate::executor::Executor::look_at`].
    pub fn look_at(&mut self, step: usize) {
        self.step = step.min(self.block - 1);
    }

    /// A net's tensor: its buffer, where it begins there, and its length, in bytes.
    fn buffer(&self, net: usize, tensor: TensorId) -> Result<(wgpu::Buffer, u64, u64)> {
        let (Some(place), Some(described)) =
            (self.places.get(tensor.index()), self.plan.tensors.get(tensor.index()))
        else {
            return Err(Error::Internal("a tensor of another plan".into()));
        };
        if net >= self.nets {
            return Err(Error::Internal(format!("net number {net} of {}", self.nets)));
        }
        let buffer = place.buffer(&self.slots[0]).clone();
        let mut start = buffer.size() / self.nets as u64 * net as u64 + 4 * described.storage.offset() as u64;
        if matches!(place, Place::Slot(_)) {
            start += (self.step * described.bytes()) as u64;
        }
        Ok((buffer, start, described.bytes() as u64))
    }

    /// See [`crate::executor::Executor::read`].
    pub async fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        self.read_net(0, tensor).await
    }

    /// As `read`, of one of several nets.
    pub async fn read_net(&mut self, net: usize, tensor: TensorId) -> Result<Vec<u8>> {
        self.shared.faults.check()?;
        let (buffer, start, bytes) = self.buffer(net, tensor)?;
        if bytes == 0 {
            return Ok(Vec::new());
        }
        let readback = self.shared.readback(bytes as usize, &mut self.work)?;
        self.work.readbacks += 1;
        self.shared.read(&buffer, start..start + bytes, &readback).await
    }

    /// See [`crate::executor::Executor::write`].
    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        self.write_net(0, tensor, bytes)
    }

    /// As `write`, of one of several nets.
    pub fn write_net(&mut self, net: usize, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        self.shared.faults.check()?;
        let (buffer, start, room) = self.buffer(net, tensor)?;
        if bytes.len() as u64 != room {
            return Err(Error::Internal(format!("{} bytes for a tensor of {room}", bytes.len())));
        }
        self.shared.queue.write_buffer(&buffer, start, bytes);
        self.work.bytes_uploaded += room;
        self.shared.faults.check()
    }

    /// See [`crate::executor::Executor::spans`].
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        Ok(self.timing.as_mut().map_or_else(Vec::new, Timing::take))
    }

    /// How many nets run side by side: as many as the store holds.
    pub fn nets(&self) -> usize {
        self.nets
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Most steps a block: the options', or fewer where each op is timed.
    pub fn block(&self) -> usize {
        self.block
    }

    pub fn work(&self) -> Work {
        self.work
    }
}
