//! Puts a whole split on the device.

use std::sync::{Arc, PoisonError};

use super::resident::Resident;
use super::shared::Shared;
use crate::data::Split;
use crate::error::Result;
use crate::execution::{Feed, Work};
use crate::plan::image_stride;

/// Larger splits are streamed unless `Feed::Resident` is asked for.
const MOST_BYTES: usize = 256 << 20;

/// Bytes a write hands over at a time: wgpu keeps a copy of each until it is done.
const CHUNK: usize = 4 << 20;

/// Whether a split is to live on the device.
pub(super) fn wanted(feed: Feed, shared: &Shared, split: &Split) -> bool {
    let bytes = split.len().saturating_mul(image_stride(split.image_bytes()));
    match feed {
        Feed::Stream => false,
        Feed::Resident => true,
        Feed::Auto => bytes <= MOST_BYTES && bytes as u64 <= shared.limits.max_storage_buffer_binding_size,
    }
}

/// The split as it is on the device already, where it was the last one to be uploaded; else uploads it. The device keeps it
/// for later executors.
pub(super) fn resident(shared: &Shared, split: &Split, work: &mut Work) -> Result<Arc<Resident>> {
    let mut last = shared.resident.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(resident) = last.as_ref().filter(|resident| resident.holds(split)) {
        return Ok(resident.clone());
    }
    *last = None; // frees its memory first
    let resident = Arc::new(upload(shared, split, work)?);
    *last = Some(resident.clone());
    Ok(resident)
}

fn upload(shared: &Shared, split: &Split, work: &mut Work) -> Result<Resident> {
    let stride = image_stride(split.image_bytes());
    let images = shared.storage("all images", split.len() * stride, work)?;
    let labels = shared.storage("all labels", split.len() * 4, work)?;
    let rows = (CHUNK / stride.max(1)).max(1);
    let mut padded = Vec::new();
    for (chunk, pixels) in split.images().chunks(rows * split.image_bytes().max(1)).enumerate() {
        padded.clear();
        for row in pixels.chunks(split.image_bytes().max(1)) {
            padded.extend_from_slice(row);
            padded.resize(padded.len().next_multiple_of(4), 0);
        }
        shared.queue.write_buffer(&images, (chunk * rows * stride) as u64, &padded);
        shared.queue.submit([]);
    }
    let words: Vec<u32> = split.labels().iter().map(|label| u32::from(*label)).collect();
    shared.queue.write_buffer(&labels, 0, bytemuck::cast_slice(&words));
    work.bytes_uploaded += (split.len() * (stride + 4)) as u64;
    shared.faults.check()?;
    Ok(Resident { images, labels, split: split.clone() })
}
