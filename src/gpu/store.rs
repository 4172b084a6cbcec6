//! The flat buffers on a GPU.

use std::sync::Arc;

use super::shared::Shared;
use crate::error::{Error, Result};
use crate::execution::{Flat, Work};
use crate::plan::FlatSizes;

/// The flat buffers, shared by every executor over the same parameters; of several networks where those train in one run.
pub struct Store {
    shared: Arc<Shared>,
    sizes: FlatSizes,
    networks: usize,
    parameters: wgpu::Buffer,
    gradients: wgpu::Buffer,
    states: Vec<wgpu::Buffer>,
    statistics: wgpu::Buffer,
}

impl Store {
    pub(super) fn new(shared: &Arc<Shared>, sizes: FlatSizes, parameters: &[f32]) -> Result<Self> {
        let store = Store::of_networks(shared, sizes, 1)?;
        store.write(Flat::Parameters, parameters)?;
        Ok(store)
    }

    pub(super) fn of_networks(shared: &Arc<Shared>, sizes: FlatSizes, networks: usize) -> Result<Self> {
        shared.faults.check()?;
        let (networks, mut work) = (networks.max(1), Work::default());
        let mut flat = |label: &str, values: usize| {
            let buffer = shared.storage_of_networks(label, 4 * values, networks, &mut work);
            buffer.map_err(|error| match error {
                // No smaller batch makes these smaller.
                Error::OutOfMemory(what) if networks == 1 => {
                    let adapter = shared.name().to_owned();
                    Error::Unsupported {
                        adapter,
                        what: format!("memory for a network of this size ({what})"),
                    }
                }
                error => error,
            })
        };
        Ok(Store {
            shared: shared.clone(),
            sizes,
            networks,
            parameters: flat("parameters", sizes.parameters)?,
            gradients: flat("gradients", sizes.parameters)?,
            states: (0..sizes.states).map(|_| flat("state", sizes.parameters)).collect::<Result<_>>()?,
            statistics: flat("statistics", sizes.statistics)?,
        })
    }

    /// How many networks it holds.
    pub fn networks(&self) -> usize {
        self.networks
    }

    pub(super) fn sizes(&self) -> FlatSizes {
        self.sizes
    }

    pub(super) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.shared, shared)
    }

    /// The buffer, and how many values it holds of each network.
    pub(super) fn buffer(&self, flat: Flat) -> Result<(&wgpu::Buffer, usize)> {
        Ok(match flat {
            Flat::Parameters => (&self.parameters, self.sizes.parameters),
            Flat::Gradients => (&self.gradients, self.sizes.parameters),
            Flat::State(which) => match self.states.get(which) {
                Some(state) => (state, self.sizes.parameters),
                None => return Err(Error::Internal(format!("there is no optimiser state number {which}"))),
            },
            Flat::Statistics => (&self.statistics, self.sizes.statistics),
        })
    }

    /// Where a network's values begin in a flat buffer, in bytes.
    fn start(&self, buffer: &wgpu::Buffer, network: usize) -> Result<u64> {
        match network < self.networks {
            true => Ok(buffer.size() / self.networks as u64 * network as u64),
            false => Err(Error::Internal(format!("network number {network} of {}", self.networks))),
        }
    }

    pub async fn read(&self, flat: Flat) -> Result<Vec<f32>> {
        self.read_network(0, flat).await
    }

    /// As `read`, of one of several networks.
    pub async fn read_network(&self, network: usize, flat: Flat) -> Result<Vec<f32>> {
        self.shared.explained(self.shared.faults.check())?;
        let (buffer, values) = self.buffer(flat)?;
        let start = self.start(buffer, network)?;
        if values == 0 {
            return Ok(Vec::new());
        }
        let readback = self.shared.readback(4 * values, &mut Work::default())?;
        let bytes = self.shared.read(buffer, start..start + 4 * values as u64, &readback).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Overwrites a flat buffer; `values` must be as long as it.
    pub fn write(&self, flat: Flat, values: &[f32]) -> Result<()> {
        self.write_network(0, flat, values)
    }

    /// As `write`, of one of several networks.
    pub fn write_network(&self, network: usize, flat: Flat, values: &[f32]) -> Result<()> {
        self.shared.explained(self.shared.faults.check())?;
        let (buffer, length) = self.buffer(flat)?;
        if values.len() != length {
            return Err(Error::Internal(format!(
                "{} values given for {flat:?}, which has {length}",
                values.len()
            )));
        }
        let start = self.start(buffer, network)?;
        self.shared.queue.write_buffer(buffer, start, bytemuck::cast_slice(values));
        self.shared.explained(self.shared.faults.check())
    }
}
