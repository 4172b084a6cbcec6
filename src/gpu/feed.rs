//! How a block's images, labels and step scalars reach the device: through one of three slots, so that the host fills the
//! next while the device still works on the last.

use super::shared::Shared;
use super::waiter::Pending;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::execution::Work;
use crate::plan::{NO_LABEL, Plan, StepScalars};

/// Most blocks in flight.
pub(super) const SLOTS: usize = 3;

/// Bytes from one step's scalars to the next: the alignment of dynamic offsets that every device has.
pub(super) const SCALARS_STRIDE: usize = 256;

/// The buffers of one block; each but the scalars holds all networks.
pub(super) struct Slot {
    networks: usize,
    /// Mapped whenever the slot is free: step scalars, then labels (or indices), then images.
    staging: wgpu::Buffer,
    /// Done when the device has read the staging buffer and it is mapped again.
    mapped: Option<Pending>,
    pub images: wgpu::Buffer,
    pub labels: wgpu::Buffer,
    pub indices: wgpu::Buffer,
    pub sample_loss: wgpu::Buffer,
    pub losses: wgpu::Buffer,
    pub scalars: wgpu::Buffer,
}

impl Slot {
    pub fn new(shared: &Shared, plan: &Plan, block: usize, networks: usize, work: &mut Work) -> Result<Self> {
        let rows = block.saturating_mul(plan.batch);
        let images = rows.saturating_mul(plan.image_stride());
        let per_network = rows.saturating_mul(4).saturating_add(images);
        let staging = (block * SCALARS_STRIDE).saturating_add(per_network.saturating_mul(networks));
        let upload = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let mut storage = |label, bytes| shared.storage_of_networks(label, bytes, networks, work);
        let (images, labels) = (storage("images", images)?, storage("labels", 4 * rows)?);
        let (indices, sample_loss) = (storage("indices", 4 * rows)?, storage("sample loss", 4 * rows)?);
        let losses = storage("losses", 4 * block)?;
        Ok(Slot {
            networks,
            staging: shared.buffer("staging", staging, upload, work)?,
            mapped: None,
            images,
            labels,
            indices,
            sample_loss,
            losses,
            scalars: shared.buffer("step scalars", block * SCALARS_STRIDE, uniform, work)?,
        })
    }

    /// Waits until the slot is free, fills its staging buffer, and queues the copies from there. `indices` (all of one network's,
    /// then the next one's) alone are copied where the split is resident on the device.
    pub async fn fill(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        plan: &Plan,
        split: Option<&Split>,
        indices: &[u32],
        scalars: &[StepScalars],
        work: &mut Work,
    ) -> Result<()> {
        if let Some(mapped) = self.mapped.take() {
            mapped.await?;
        }
        let (stride, words) = (plan.image_stride(), scalars.len() * SCALARS_STRIDE);
        let images = words + 4 * indices.len();
        let bytes = images + if split.is_some() { indices.len() * stride } else { 0 };
        {
            let mut view = self
                .staging
                .get_mapped_range_mut(0..bytes as u64)
                .map_err(|error| Error::Gpu(error.to_string()))?;
            for (step, scalars) in scalars.iter().enumerate() {
                let scalars = StepScalars { first_row: (step * plan.batch) as u32, ..*scalars };
                let at = step * SCALARS_STRIDE;
                view.slice(at..at + size_of::<StepScalars>()).copy_from_slice(bytemuck::bytes_of(&scalars));
            }
            match split {
                None => view.slice(words..images).copy_from_slice(bytemuck::cast_slice(indices)),
                Some(split) => {
                    for (row, index) in indices.iter().enumerate() {
                        let index = *index as usize;
                        let known = index < split.len();
                        let label = if known { u32::from(split.label(index)) } else { NO_LABEL };
                        let at = words + 4 * row;
                        view.slice(at..at + 4).copy_from_slice(&label.to_le_bytes());
                        let at = images + row * stride;
                        let filled = if known { plan.image_bytes } else { 0 };
                        if known {
                            view.slice(at..at + filled).copy_from_slice(split.image(index));
                        }
                        view.slice(at + filled..at + stride).fill(0);
                    }
                }
            }
        }
        self.staging.unmap();
        encoder.copy_buffer_to_buffer(&self.staging, 0, &self.scalars, 0, words as u64);
        // Each network's part follows the last one's in the staging buffer: blocks can be shorter than the buffers are.
        let mut copy = |from: usize, to: &wgpu::Buffer, bytes: usize| {
            let (each, stride) = ((bytes / self.networks) as u64, to.size() / self.networks as u64);
            for network in 0..self.networks as u64 {
                let from = from as u64 + each * network;
                encoder.copy_buffer_to_buffer(&self.staging, from, to, stride * network, each);
            }
        };
        match split {
            None => copy(words, &self.indices, 4 * indices.len()),
            Some(_) => {
                copy(words, &self.labels, 4 * indices.len());
                copy(images, &self.images, bytes - images);
            }
        }
        work.bytes_uploaded += bytes as u64;
        Ok(())
    }

    /// After `submission`, which reads the staging buffer, the slot is free again.
    pub fn release(&mut self, shared: &Shared, submission: wgpu::SubmissionIndex) {
        self.mapped =
            Some(shared.map(&self.staging, wgpu::MapMode::Write, 0..self.staging.size(), submission));
    }

    /// Waits until the device is done with the slot.
    pub async fn settle(&mut self) -> Result<()> {
        match self.mapped.take() {
            Some(mapped) => mapped.await,
            None => Ok(()),
        }
    }
}
