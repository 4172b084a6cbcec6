//! The one interface of the two executors: a plan made ready on a device, and blocks of steps run through it.
//!
//! A block is a number of consecutive steps that are handed over together (one submission on a GPU). The flat buffers live
//! in a [`Store`], which several executors share: training and evaluation are two plans over the same parameters.

use crate::data::Split;
use crate::error::{Error, Result};
use crate::plan::{FlatSizes, Plan, StepScalars, TensorId};
use crate::{cpu, gpu};

pub use crate::execution::{ExecutorOptions, Feed, Flat, Span, Variants, Work};

/// A device that runs plans.
#[derive(Clone)]
pub enum Device {
    Cpu(cpu::Device),
    Gpu(gpu::Device),
}

/// The flat buffers on a device: of one network, or on a GPU of several.
pub enum Store {
    Cpu(cpu::Store),
    Gpu(gpu::Store),
}

/// A plan made ready on a device.
pub enum Executor {
    Cpu(Box<cpu::Executor>),
    Gpu(Box<gpu::Executor>),
}

impl Device {
    /// Makes the flat buffers of one network: parameters as given, everything else zero.
    ///
    /// # Errors
    /// `NoMemory` or `OutOfMemory` where the device has no room for them.
    pub fn store(&self, sizes: FlatSizes, parameters: &[f32]) -> Result<Store> {
        Ok(match self {
            Device::Cpu(device) => Store::Cpu(device.store(sizes, parameters)?),
            Device::Gpu(device) => Store::Gpu(device.store(sizes, parameters)?),
        })
    }

    /// Makes the flat buffers of `networks` networks side by side, each with these sizes, all zero.
    ///
    /// # Errors
    /// As [`Device::store`]; `Usage` for more than one network on the CPU.
    pub fn store_for_networks(&self, sizes: FlatSizes, networks: usize) -> Result<Store> {
        match self {
            Device::Cpu(device) if networks == 1 => {
                Ok(Store::Cpu(device.store(sizes, &vec![0.0; sizes.parameters])?))
            }
            Device::Cpu(_) => {
                let what = "networks train side by side on a GPU only: on the CPU train them one by one";
                Err(Error::Usage(what.into()))
            }
            Device::Gpu(device) => Ok(Store::Gpu(device.store_of_networks(sizes, networks)?)),
        }
    }

    /// Makes a plan ready: buffers, pipelines and bind groups on a GPU, chunks and workers on the CPU. Over a store of
    /// several networks the executor runs every step for all of them.
    ///
    /// # Errors
    /// `Internal` where the store is another device's or does not fit the plan; else whatever the device refuses.
    pub async fn executor(&self, plan: &Plan, store: &Store, options: ExecutorOptions) -> Result<Executor> {
        match (self, store) {
            (Device::Cpu(device), Store::Cpu(store)) => {
                Ok(Executor::Cpu(Box::new(device.executor(plan, store, options)?)))
            }
            (Device::Gpu(device), Store::Gpu(store)) => {
                Ok(Executor::Gpu(Box::new(device.executor(plan, store, options).await?)))
            }
            _ => Err(Error::Internal("the store is on another device than the executor".into())),
        }
    }
}

impl Store {
    /// A flat buffer of the only, or the first, network. Waits for the device.
    pub async fn read(&self, flat: Flat) -> Result<Vec<f32>> {
        self.read_network(0, flat).await
    }

    /// Overwrites a flat buffer of the only, or the first, network; `values` must be as long as it.
    pub fn write(&self, flat: Flat, values: &[f32]) -> Result<()> {
        self.write_network(0, flat, values)
    }

    /// As [`Store::read`], of network `index`, counted from 0.
    pub async fn read_network(&self, index: usize, flat: Flat) -> Result<Vec<f32>> {
        match self {
            Store::Cpu(store) => only(index).map(|()| store.read(flat)),
            Store::Gpu(store) => store.read_network(index, flat).await,
        }
    }

    /// As [`Store::write`], of network `index`, counted from 0.
    pub fn write_network(&self, index: usize, flat: Flat, values: &[f32]) -> Result<()> {
        match self {
            Store::Cpu(store) => only(index).and_then(|()| store.write(flat, values)),
            Store::Gpu(store) => store.write_network(index, flat, values),
        }
    }
}

/// A store on the CPU holds one network.
fn only(index: usize) -> Result<()> {
    match index {
        0 => Ok(()),
        _ => Err(Error::Internal(format!("network {index} of a store that holds one"))),
    }
}

impl Executor {
    /// Runs `scalars.len()` steps (at most [`Executor::block`]) on images of `split`. `indices` is
    /// `[networks, steps, batch]`: step `s` of a single network takes the images `indices[s * batch..][..batch]`. Returns
    /// when the work has been handed over, not when it is done; waits only if too much work is already in flight.
    ///
    /// # Errors
    /// `Internal` for an index outside the split; else whatever went wrong on the device since the last call.
    pub async fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.run(split, indices, scalars),
            Executor::Gpu(executor) => {
                let done = executor.run(split, indices, scalars).await;
                executor.explained(done)
            }
        }
    }

    /// The losses that have become known since the last call, `[steps, networks]`. On a GPU this requests a read-back and
    /// returns what earlier requests have brought: it never waits.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.losses()),
            Executor::Gpu(executor) => {
                let losses = executor.losses();
                executor.explained(losses)
            }
        }
    }

    /// Waits until all steps are done; returns the losses that `losses` has not returned yet.
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.losses()),
            Executor::Gpu(executor) => {
                let losses = executor.finish().await;
                executor.explained(losses)
            }
        }
    }

    /// A tensor's bytes as the device holds them (32-bit words, little endian; rows of pixels padded). Waits for the
    /// device.
    ///
    /// # Errors
    /// `Internal` for a tensor of another plan, and on the CPU for an activation that exists only within a step.
    pub async fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        match self {
            Executor::Cpu(executor) => executor.read(tensor),
            Executor::Gpu(executor) => executor.read(tensor).await,
        }
    }

    /// Overwrites a tensor with bytes as [`Executor::read`] returns them.
    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.write(tensor, bytes),
            Executor::Gpu(executor) => executor.write(tensor, bytes),
        }
    }

    /// Selects the step of the block whose images, labels and losses [`Executor::read`], [`Executor::write`] and
    /// [`Executor::run_as_is`] use from now on; at first it is the first. Only a GPU keeps the rows of a whole block: on the
    /// CPU this does nothing.
    pub fn look_at(&mut self, step: usize) {
        if let Executor::Gpu(executor) = self {
            executor.look_at(step);
        }
    }

    /// Runs one step on whatever the tensors hold, including the batch (see [`Executor::write`]): for checking single
    /// ops.
    pub async fn run_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.run_as_is(scalars),
            Executor::Gpu(executor) => executor.run_as_is(scalars).await,
        }
    }

    /// When the ops of the blocks since the last call ran, if the options asked for a profile. Waits until they are done.
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.spans()),
            Executor::Gpu(executor) => executor.spans().await,
        }
    }

    /// Worker threads; 1 on a GPU.
    pub fn workers(&self) -> usize {
        match self {
            Executor::Cpu(executor) => executor.threads(),
            Executor::Gpu(_) => 1,
        }
    }

    /// Largest number of steps that [`Executor::run`] takes: the options' block, or less while profiling.
    pub fn block(&self) -> usize {
        match self {
            Executor::Cpu(_) => usize::MAX,
            Executor::Gpu(executor) => executor.block(),
        }
    }

    pub fn plan(&self) -> &Plan {
        match self {
            Executor::Cpu(executor) => executor.plan(),
            Executor::Gpu(executor) => executor.plan(),
        }
    }

    pub fn work(&self) -> Work {
        match self {
            Executor::Cpu(executor) => executor.work(),
            Executor::Gpu(executor) => executor.work(),
        }
    }
}
