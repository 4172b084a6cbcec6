//! Reading buffers back.

use std::ops::Range;

use super::shared::Shared;
use super::waiter::Pending;
use crate::error::{Error, Result};

impl Shared {
    /// Maps a buffer as soon as `submission`, its last use, is done.
    pub(super) fn map(
        &self,
        buffer: &wgpu::Buffer,
        mode: wgpu::MapMode,
        range: Range<u64>,
        submission: wgpu::SubmissionIndex,
    ) -> Pending {
        let (signal, pending) = Pending::new();
        let callback = signal.clone();
        buffer
            .map_async(mode, range, move |outcome| callback.send(outcome.map_err(|error| error.to_string())));
        self.waiter.wait(submission, signal);
        pending
    }

    /// Done when everything submitted so far is.
    pub(super) fn drained(&self) -> Pending {
        let (signal, pending) = Pending::new();
        let callback = signal.clone();
        let submission = self.queue.submit([]);
        self.queue.on_submitted_work_done(move || callback.send(Ok(())));
        self.waiter.wait(submission, signal);
        pending
    }

    /// Reads part of a buffer through `readback`, which must be as long and is free again afterwards.
    pub(super) async fn read(
        &self,
        buffer: &wgpu::Buffer,
        range: Range<u64>,
        readback: &wgpu::Buffer,
    ) -> Result<Vec<u8>> {
        let bytes = range.end - range.start;
        let mut encoder = self.raw.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, range.start, readback, 0, bytes);
        let submission = self.queue.submit([encoder.finish()]);
        let pending = self.map(readback, wgpu::MapMode::Read, 0..bytes, submission);
        let outcome = pending.await;
        self.explained(self.faults.check())?;
        self.explained(outcome)?;
        self.explained(take(readback, bytes))
    }
}

/// The bytes of a buffer that is mapped for reading; unmaps it.
pub(super) fn take(readback: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>> {
    let view = readback.get_mapped_range(0..bytes).map_err(|error| Error::Gpu(error.to_string()))?;
    let taken = view.to_vec();
    drop(view);
    readback.unmap();
    Ok(taken)
}
