//! Losses on their way to the host: kept on the device, copied now and then, read when they have arrived.

use std::collections::VecDeque;

use super::mapping::take;
use super::shared::Shared;
use super::waiter::Pending;
use crate::error::Result;
use crate::execution::Work;

/// Steps whose losses the device keeps.
const STEPS: u64 = 4096;

pub(super) struct History {
    networks: u64,
    /// Loss of step s at s % STEPS, network by network.
    ring: wgpu::Buffer,
    /// Readback buffers that are not in use.
    free: Vec<wgpu::Buffer>,
    /// Copies under way, in the order of steps, each with how many steps it holds.
    coming: VecDeque<(wgpu::Buffer, u64, Pending)>,
    arrived: Vec<f32>,
    /// Steps whose losses are in the ring, and steps of which a copy was asked for.
    written: u64,
    asked: u64,
}

impl History {
    pub fn new(shared: &Shared, networks: usize, work: &mut Work) -> Result<Self> {
        let bytes = 4 * STEPS as usize * networks;
        let ring = shared.storage("loss history", bytes, work)?;
        let free = vec![shared.readback(bytes, work)?, shared.readback(bytes, work)?];
        let networks = networks as u64;
        Ok(History {
            networks,
            ring,
            free,
            coming: VecDeque::new(),
            arrived: Vec::new(),
            written: 0,
            asked: 0,
        })
    }

    /// Takes over the losses of a block's steps, from the first on in each network's part of `losses`.
    pub fn keep(&mut self, encoder: &mut wgpu::CommandEncoder, losses: &wgpu::Buffer, steps: u64) {
        let at = self.written % STEPS;
        let before_end = steps.min(STEPS - at);
        for network in 0..self.networks {
            let (from, to) = (losses.size() / self.networks * network, 4 * STEPS * network);
            encoder.copy_buffer_to_buffer(losses, from, &self.ring, to + 4 * at, 4 * before_end);
            if before_end < steps {
                let rest = 4 * (steps - before_end);
                encoder.copy_buffer_to_buffer(losses, from + 4 * before_end, &self.ring, to, rest);
            }
        }
        self.written += steps;
    }

    /// Makes room for another block, so that no loss is overwritten before it is read. Waits only if losses have not been
    /// asked for in a long time.
    pub async fn make_room(&mut self, shared: &Shared, steps: u64, work: &mut Work) -> Result<()> {
        while self.written + steps - self.asked > STEPS / 2 && self.written > self.asked {
            if self.free.is_empty() {
                self.await_oldest().await?;
            }
            self.ask(shared, work);
        }
        Ok(())
    }

    /// Asks for a copy of what is new, where a readback buffer is free.
    pub fn ask(&mut self, shared: &Shared, work: &mut Work) {
        let count = self.written - self.asked;
        if count == 0 {
            return;
        }
        let Some(readback) = self.free.pop() else { return };
        let at = self.asked % STEPS;
        let before_end = count.min(STEPS - at);
        let mut encoder = shared.raw.create_command_encoder(&Default::default());
        for network in 0..self.networks {
            let (from, to) = (4 * STEPS * network, 4 * count * network);
            encoder.copy_buffer_to_buffer(&self.ring, from + 4 * at, &readback, to, 4 * before_end);
            if before_end < count {
                let rest = 4 * (count - before_end);
                encoder.copy_buffer_to_buffer(&self.ring, from, &readback, to + 4 * before_end, rest);
            }
        }
        let submission = shared.queue.submit([encoder.finish()]);
        let pending = shared.map(&readback, wgpu::MapMode::Read, 0..4 * count * self.networks, submission);
        self.coming.push_back((readback, count, pending));
        self.asked += count;
        work.readbacks += 1;
        work.submissions += 1;
    }

    /// The losses that have arrived, in the order of steps, each step's network by network.
    pub fn arrived(&mut self) -> Result<Vec<f32>> {
        while let Some((.., pending)) = self.coming.front_mut() {
            let Some(outcome) = pending.is_done() else { break };
            outcome?;
            self.unpack_oldest()?;
        }
        Ok(std::mem::take(&mut self.arrived))
    }

    /// Waits for all losses there are.
    pub async fn all(&mut self, shared: &Shared, work: &mut Work) -> Result<Vec<f32>> {
        while !self.coming.is_empty() || self.written > self.asked {
            self.ask(shared, work);
            self.await_oldest().await?;
        }
        Ok(std::mem::take(&mut self.arrived))
    }

    async fn await_oldest(&mut self) -> Result<()> {
        if let Some((.., pending)) = self.coming.front_mut() {
            pending.await?;
            self.unpack_oldest()?;
        }
        Ok(())
    }

    fn unpack_oldest(&mut self) -> Result<()> {
        if let Some((readback, count, _)) = self.coming.pop_front() {
            let bytes = take(&readback, 4 * count * self.networks)?;
            let losses = bytemuck::pod_collect_to_vec::<u8, f32>(&bytes);
            let of_step = |step| losses.iter().skip(step).step_by(count as usize);
            self.arrived.extend((0..count as usize).flat_map(of_step));
            self.free.push(readback);
        }
        Ok(())
    }
}
