//! When each dispatch ran, by the device's own clock: a pass for each, with a timestamp before and after.

use super::faults::checked;
use super::mapping::take;
use super::shared::Shared;
use crate::error::{Error, Result};
use crate::execution::{Span, Work};

pub(super) struct Timing {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readback: wgpu::Buffer,
    /// Seconds per tick.
    tick: f64,
    /// Op and step of the dispatches in the block that is being recorded.
    recorded: Vec<(Option<usize>, u64)>,
    /// The first tick of all.
    zero: Option<u64>,
    spans: Vec<Span>,
}

/// Most dispatches in a block: a query set holds this many on any device, at two queries each.
pub(super) const MOST: usize = wgpu::QUERY_SET_MAX_QUERIES as usize / 2;

const TICK_BYTES: usize = wgpu::QUERY_SIZE as usize;

impl Timing {
    pub fn new(shared: &Shared, work: &mut Work) -> Result<Self> {
        if !shared.has_timestamps() {
            let what = "timestamps, which a profile is made of".to_owned();
            return Err(Error::Unsupported { adapter: shared.name().to_owned(), what });
        }
        let count = 2 * MOST as u32;
        let description =
            wgpu::QuerySetDescriptor { label: Some("times"), ty: wgpu::QueryType::Timestamp, count };
        let queries = checked(&shared.raw, || shared.raw.create_query_set(&description))?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let bytes = 2 * MOST * TICK_BYTES;
        Ok(Timing {
            queries,
            resolved: shared.buffer("times", bytes, usage, work)?,
            readback: shared.readback(bytes, work)?,
            tick: f64::from(shared.queue.get_timestamp_period()) * 1e-9,
            recorded: Vec::new(),
            zero: None,
            spans: Vec::new(),
        })
    }

    /// A pass for the next dispatch.
    pub fn pass<'a>(
        &mut self,
        encoder: &'a mut wgpu::CommandEncoder,
        op: Option<usize>,
        step: u64,
    ) -> wgpu::ComputePass<'a> {
        let at = 2 * self.recorded.len() as u32;
        self.recorded.push((op, step));
        let timestamp_writes = wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        };
        encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: Some(timestamp_writes),
        })
    }

    /// Ends the recording of a block.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let count = 2 * self.recorded.len();
        encoder.resolve_query_set(&self.queries, 0..count as u32, &self.resolved, 0);
        let bytes = (count * TICK_BYTES) as u64;
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readback, 0, bytes);
    }

    /// Waits for the block, which `submission` ends, and takes its times.
    pub async fn collect(&mut self, shared: &Shared, submission: wgpu::SubmissionIndex) -> Result<()> {
        let bytes = (2 * self.recorded.len() * TICK_BYTES) as u64;
        if bytes == 0 {
            return Ok(());
        }
        shared.map(&self.readback, wgpu::MapMode::Read, 0..bytes, submission).await?;
        let ticks = bytemuck::pod_collect_to_vec::<u8, u64>(&take(&self.readback, bytes)?);
        let zero = *self.zero.get_or_insert(ticks[0]);
        let seconds = |ticks: u64| ticks.saturating_sub(zero) as f64 * self.tick;
        let pairs = self.recorded.drain(..).zip(ticks.chunks_exact(2));
        self.spans.extend(pairs.map(|((op, step), pair)| Span {
            op,
            step,
            worker: 0,
            start: seconds(pair[0]),
            // Some clocks run backwards by a tick between two passes.
            end: seconds(pair[1]).max(seconds(pair[0])),
        }));
        Ok(())
    }

    /// All spans since the last call.
    pub fn take(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.spans)
    }
}
