//! The one interface of the two executors: a plan made ready on a device, and blocks of steps run through it.
//!
//! A block is a number of consecutive steps that are handed over together (one submission on a GPU). The flat
//! buffers live in a [`Store`], which several executors share: training and evaluation are two plans over the
//! same parameters.

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

/// The flat buffers on a device.
pub enum Store {
    Cpu(cpu::Store),
    Gpu(gpu::Store),
}

pub enum Executor {
    Cpu(Box<cpu::Executor>),
    Gpu(Box<gpu::Executor>),
}

impl Device {
    /// Makes the flat buffers: parameters as given, everything else zero.
    pub fn store(&self, sizes: FlatSizes, parameters: &[f32]) -> Result<Store> {
        Ok(match self {
            Device::Cpu(device) => Store::Cpu(device.store(sizes, parameters)?),
            Device::Gpu(device) => Store::Gpu(device.store(sizes, parameters)?),
        })
    }

    /// Makes a plan ready: buffers, pipelines, bind groups, or threads' shares. `store` must be this device's.
    pub async fn executor(&self, plan: &Plan, store: &Store, options: ExecutorOptions) -> Result<Executor> {
        match (self, store) {
            (Device::Cpu(device), Store::Cpu(store)) => {
                Ok(Executor::Cpu(Box::new(device.executor(plan, store, options)?)))
            }
            (Device::Gpu(device), Store::Gpu(store)) => {
                Ok(Executor::Gpu(Box::new(device.executor(plan, store, options).await?)))
            }
            _ => Err(Error::Internal("the store lives on another device than the executor".into())),
        }
    }
}

impl Store {
    pub async fn read(&self, flat: Flat) -> Result<Vec<f32>> {
        match self {
            Store::Cpu(store) => Ok(store.read(flat)),
            Store::Gpu(store) => store.read(flat).await,
        }
    }

    /// Overwrites a flat buffer; `values` must be as long as it.
    pub fn write(&self, flat: Flat, values: &[f32]) -> Result<()> {
        match self {
            Store::Cpu(store) => store.write(flat, values),
            Store::Gpu(store) => store.write(flat, values),
        }
    }
}

impl Executor {
    /// Runs `scalars.len()` steps (at most the options' `block`) on images of `split`: step `s` takes the images
    /// `indices[s * batch..][..batch]`. Returns when the work is handed over, not when it is done; waits only
    /// for room where too much is in flight.
    pub async fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.run(split, indices, scalars),
            Executor::Gpu(executor) => executor.run(split, indices, scalars).await,
        }
    }

    /// The losses that have become known since the last call, in the order of steps, one a step. On a GPU this
    /// asks for a read-back and returns what earlier ones have brought: it never waits.
    pub fn losses(&mut self) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.losses()),
            Executor::Gpu(executor) => executor.losses(),
        }
    }

    /// Waits until all steps are done; returns the losses that `losses` has not given yet.
    pub async fn finish(&mut self) -> Result<Vec<f32>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.losses()),
            Executor::Gpu(executor) => executor.finish().await,
        }
    }

    /// A tensor's bytes as the device holds them (32-bit words, little endian; rows of pixels padded).
    ///
    /// # Errors
    /// On the CPU, activations that other ops of the plan use up are not kept.
    pub async fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        match self {
            Executor::Cpu(executor) => executor.read(tensor),
            Executor::Gpu(executor) => executor.read(tensor).await,
        }
    }

    /// Overwrites a tensor, bytes as `read` gives them.
    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.write(tensor, bytes),
            Executor::Gpu(executor) => executor.write(tensor, bytes),
        }
    }

    /// Which step of a block's rows of images, labels and losses `read`, `write` and `run_as_is` mean from now on; at first it
    /// is the first step. Only a GPU keeps a whole block's rows: on the CPU this changes nothing.
    pub fn look_at(&mut self, step: usize) {
        if let Executor::Gpu(executor) = self {
            executor.look_at(step);
        }
    }

    /// Runs one step on whatever the tensors hold (the batch included, see `write`): for checks of single ops.
    pub async fn run_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        match self {
            Executor::Cpu(executor) => executor.run_as_is(scalars),
            Executor::Gpu(executor) => executor.run_as_is(scalars).await,
        }
    }

    /// When the ops of the blocks since the last call ran, where the options asked for a profile. Waits until they are done.
    pub async fn spans(&mut self) -> Result<Vec<Span>> {
        match self {
            Executor::Cpu(executor) => Ok(executor.spans()),
            Executor::Gpu(executor) => executor.spans().await,
        }
    }

    /// Threads that work side by side; 1 on a GPU, whatever it does inside.
    pub fn workers(&self) -> usize {
        match self {
            Executor::Cpu(executor) => executor.threads(),
            Executor::Gpu(_) => 1,
        }
    }

    /// Most steps that `run` takes: the options' block, or fewer where a profile is made.
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
