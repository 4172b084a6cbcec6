//! A plan made ready on a GPU: pipelines, bind groups and grids are prepared once and replayed, block by block. Where the
//! store holds several networks, each dispatch does its work for all of them.

use std::sync::Arc;

use super::Store;
use super::choosing::choose;
use super::dispatch::{Dispatch, record, schedule, schedule_one};
use super::feed::SLOTS;
use super::history::History;
use super::resident::Resident;
use super::resources::{OpLaunch, Resources};
use super::shared::Shared;
use super::tensor_buffers::TensorBuffer;
use super::timing::{self, Timing};
use super::upload;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::execution::{ExecutorOptions, Feed, Span, Work};
use crate::plan::ops::Gather;
use crate::plan::{Builder, Element, Op, Plan, StepScalars, Storage, TensorId};

pub struct Executor {
    shared: Arc<Shared>,
    plan: Plan,
    feed: Feed,
    resources: Resources,
    dispatches: Vec<Dispatch>,
    /// The gathering of batches, and the split it gathers from.
    gather: Option<(Arc<Resident>, Dispatch)>,
    history: Option<History>,
    next_slot: usize,
    /// See [`Executor::look_at`].
    step: usize,
    work: Work,
    /// If a profile was asked for.
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
        let mut work = Work::default();
        let (mut timing, mut block) = (None, options.block.max(1));
        if options.profile {
            timing = Some(Timing::new(shared, &mut work)?);
            // One for the gathering of the images.
            block = block.min((timing::MOST - 1) / plan.ops.len().max(1)).max(1);
        }
        let resources = Resources::new(shared, plan, store, block, &mut work)?;
        let history = match plan.only(Storage::Losses) {
            Some(_) => Some(History::new(shared, resources.networks, &mut work)?),
            None => None,
        };
        let launches = choose(&resources, plan, options.variants, &mut work).await?;
        let dispatches = resources.prepare(&launches, &mut work)?;
        shared.faults.check()?;
        let mut executor = Executor {
            shared: shared.clone(),
            plan: plan.clone(),
            feed: options.feed,
            resources,
            dispatches,
            gather: None,
            history,
            next_slot: 0,
            step: 0,
            work,
            timing,
        };
        for (id, values) in &plan.constants {
            for network in 0..executor.networks() {
                executor.write_network(network, *id, bytemuck::cast_slice(values))?;
            }
        }
        Ok(executor)
    }

    /// See [`crate::executor::Executor::run`]. Several networks' indices come network by network, all steps of the first, then
    /// of the second; the scalars' seed is the first network's, that of network k is k more.
    pub async fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        self.shared.faults.check()?;
        let (batch, image_bytes, steps) = (self.plan.batch, self.plan.image_bytes, scalars.len());
        let images = batch.saturating_mul(steps).saturating_mul(self.resources.networks);
        if split.image_bytes() != image_bytes || indices.len() != images || steps > self.resources.block {
            let what = format!("{} images of {} bytes in {steps} steps", indices.len(), split.image_bytes());
            let (networks, most) = (self.resources.networks, self.resources.block);
            let wanted = format!(
                "steps of {batch} images of {image_bytes} bytes for each of {networks} networks, {most} steps at most"
            );
            return Err(Error::Internal(format!("{what}, where the plan takes {wanted}")));
        }
        // Past the split the shader would read some other image.
        split.check_indices(indices)?;
        if steps == 0 {
            return Ok(());
        }
        let resident = upload::wanted(self.feed, &self.shared, split);
        if resident && !self.gather.as_ref().is_some_and(|(resident, _)| resident.holds(split)) {
            self.gather = None; // frees the old split's memory first
            self.gather = Some(self.load(split)?);
        }
        if let Some(history) = &mut self.history {
            history.make_room(&self.shared, steps as u64, &mut self.work).await?;
        }
        let mut encoder = self.shared.raw.create_command_encoder(&Default::default());
        let at = self.next_slot;
        self.next_slot = (at + 1) % SLOTS;
        let streamed = (!resident).then_some(split);
        let slot = &mut self.resources.slots[at];
        slot.fill(&mut encoder, &self.plan, streamed, indices, scalars, &mut self.work).await?;
        let gather = self.gather.as_ref().filter(|_| resident).map(|(_, gather)| gather);
        let scheduled = schedule(gather, &self.dispatches, steps);
        let scalars = &self.resources.scalars[at];
        self.work.dispatches +=
            record(&mut encoder, &mut self.timing, scheduled, scalars, at, self.work.steps);
        if let Some(history) = &mut self.history {
            history.keep(&mut encoder, &self.resources.slots[at].losses, steps as u64);
        }
        let submission = self.submit(encoder, steps);
        self.resources.slots[at].release(&self.shared, submission.clone());
        if let Some(timing) = &mut self.timing {
            timing.collect(&self.shared, submission).await?;
        }
        Ok(())
    }

    fn submit(&mut self, encoder: wgpu::CommandEncoder, steps: usize) -> wgpu::SubmissionIndex {
        self.work.submissions += 1;
        self.work.steps += steps as u64;
        self.shared.queue.submit([encoder.finish()])
    }

    /// Uploads a split, and makes the op ready that picks batches out of it.
    fn load(&mut self, split: &Split) -> Result<(Arc<Resident>, Dispatch)> {
        let resident = upload::resident(&self.shared, split, &mut self.work)?;
        let (rows, columns) = (self.plan.batch, self.plan.image_bytes);
        let mut builder = Builder::new(rows, columns, self.plan.classes);
        let all_images =
            builder.tensor("all_images", &[split.len(), columns], Element::U8, Storage::Activation);
        let all_labels = builder.tensor("all_labels", &[split.len()], Element::U32, Storage::Activation);
        let indices = builder.tensor("indices", &[rows], Element::U32, Storage::Activation);
        let (images, labels) = (builder.images(), builder.labels());
        let op: Op = Gather { all_images, all_labels, indices, images, labels, rows, columns }.into();
        let launch = OpLaunch { op: op.name(), launch: op.launch(&builder.finish()), once_a_block: true };
        let (image_buffer, label_buffer) = (resident.images.clone(), resident.labels.clone());
        let buffer_of = move |id: TensorId| match id {
            id if id == all_images => TensorBuffer::Common(image_buffer.clone()),
            id if id == all_labels => TensorBuffer::Common(label_buffer.clone()),
            id if id == labels => TensorBuffer::Slot(Storage::Labels),
            id if id == images => TensorBuffer::Slot(Storage::Images),
            // The only activation of a slot: the block's indices.
            _ => TensorBuffer::Slot(Storage::Activation),
        };
        let mut dispatches = self.resources.prepare_with(&[launch], &buffer_of, &mut self.work)?;
        match dispatches.pop() {
            Some(dispatch) => Ok((resident, dispatch)),
            None => Err(Error::Internal("gather was not made ready".into())),
        }
    }

    /// See [`crate::executor::Executor::losses`]: of several networks, for each step the losses of all networks in their order.
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

    /// See `Shared::explained`.
    pub(crate) fn explained<T>(&self, result: Result<T>) -> Result<T> {
        self.shared.explained(result)
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

    /// One step on what the tensors hold, including the first slot's batch. Ops that work on a whole block at once do so up to
    /// the step that [`Executor::look_at`] selected.
    pub async fn run_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        self.shared.faults.check()?;
        let slot = &mut self.resources.slots[0];
        slot.settle().await?;
        let scalars = StepScalars { first_row: (self.step * self.plan.batch) as u32, ..scalars };
        self.shared.queue.write_buffer(&slot.scalars, 0, bytemuck::bytes_of(&scalars));
        let mut encoder = self.shared.raw.create_command_encoder(&Default::default());
        let scheduled = schedule_one(&self.dispatches, self.step);
        let scalars = &self.resources.scalars[0];
        self.work.dispatches +=
            record(&mut encoder, &mut self.timing, scheduled, scalars, 0, self.work.steps);
        let submission = self.submit(encoder, 1);
        if let Some(timing) = &mut self.timing {
            timing.collect(&self.shared, submission).await?;
        }
        self.shared.drained().await?;
        self.shared.faults.check()
    }

    /// See [`crate::executor::Executor::look_at`].
    pub fn look_at(&mut self, step: usize) {
        self.step = step.min(self.resources.block - 1);
    }

    /// See [`crate::executor::Executor::read`].
    pub async fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        self.read_network(0, tensor).await
    }

    /// As `read`, of one of several networks.
    pub async fn read_network(&mut self, network: usize, tensor: TensorId) -> Result<Vec<u8>> {
        self.shared.faults.check()?;
        let (buffer, start, bytes) = self.resources.locate(&self.plan, network, tensor, self.step)?;
        if bytes == 0 {
            return Ok(Vec::new());
        }
        let readback = self.shared.readback(bytes as usize, &mut self.work)?;
        self.work.readbacks += 1;
        self.shared.read(&buffer, start..start + bytes, &readback).await
    }

    /// See [`crate::executor::Executor::write`].
    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        self.write_network(0, tensor, bytes)
    }

    /// As `write`, of one of several networks.
    pub fn write_network(&mut self, network: usize, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        self.shared.faults.check()?;
        let (buffer, start, room) = self.resources.locate(&self.plan, network, tensor, self.step)?;
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

    /// How many networks it trains: as many as the store holds.
    pub fn networks(&self) -> usize {
        self.resources.networks
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Most steps in a block: the options' number, or fewer if each op is timed.
    pub fn block(&self) -> usize {
        self.resources.block
    }

    pub fn work(&self) -> Work {
        self.work
    }
}
