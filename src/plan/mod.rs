//! The plan: a flat list of ops over named tensors (forward, loss, backward, update) that an executor replays.
//!
//! A plan knows shapes and order, nothing of devices, threads or files. Both executors (`cpu`, `gpu`) run the
//! same plan, so their agreement is a property of each op alone, and fusing is a rewrite of a list.

mod builder;
pub mod fuse;
pub mod ops;
mod tensor;
mod window;

pub use builder::Builder;
pub use ops::{Access, Launch, Op, Shader};
pub use tensor::{Element, Storage, Tensor, TensorId};
pub use window::Window;

pub use crate::batch::{NO_IMAGE, NO_LABEL, image_stride};

use crate::error::{Error, Result};

/// Which part of a training step an op belongs to. `Backward` ends where every gradient is complete, and `Update` reads
/// nothing but the flat buffers: between the two is where several devices would sum their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Forward,
    Loss,
    Backward,
    Update,
    /// Sums of losses and counts over the whole block of steps: one dispatch per block on the GPU, one call per step on the
    /// CPU.
    Metrics,
}

/// An op of a plan, and its phase.
#[derive(Clone, Debug)]
pub struct PlannedOp {
    pub phase: Phase,
    pub op: Op,
}

/// How long the flat buffers are, in float32 values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlatSizes {
    /// Parameters; the gradients are as many.
    pub parameters: usize,
    /// Number of buffers of optimiser state, each as long as the parameters.
    pub states: usize,
    /// Values that are kept between steps without being trained (batch normalisation's running statistics).
    pub statistics: usize,
}

#[derive(Clone, Debug)]
pub struct Plan {
    /// Images per step.
    pub batch: usize,
    /// Bytes per image: its pixels, once for each channel.
    pub image_bytes: usize,
    pub classes: usize,
    pub flat: FlatSizes,
    pub tensors: Vec<Tensor>,
    /// What tensors of [`Storage::Constant`] hold: executors write it when they are made.
    pub constants: Vec<(TensorId, Vec<f32>)>,
    pub ops: Vec<PlannedOp>,
}

/// The numbers that change from step to step. Everything else is fixed when an executor is made.
/// The same 96 bytes are the uniform `scalars` of every shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct StepScalars {
    /// First row of this step's images, labels and sample losses in the block. Set by the executor.
    pub first_row: u32,
    /// Step number, from 0: the counter of the random numbers.
    pub step: u32,
    /// 0: network k's seed is the first one's plus k. 1: all networks have the same seed.
    pub same_seed: u32,
    /// Adam's `1 / (1 - beta1^t)` and `1 / (1 - beta2^t)` (Kingma and Ba 2015, algorithm 1), computed in float64.
    pub correction1: f32,
    pub correction2: f32,
    /// Low and high word, of the first network.
    pub seed: [u32; 2],
    /// How far averaged weights move towards the weights in this step, from 0 to 1.
    pub average_rate: f32,
    /// Of each network.
    pub learning_rates: [f32; MAX_NETWORKS],
}

/// Most networks in one run.
pub const MAX_NETWORKS: usize = 16;

impl StepScalars {
    /// The learning rate of the first network: the only one on the CPU.
    pub fn learning_rate(&self) -> f32 {
        self.learning_rates[0]
    }
}

impl Plan {
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.index()]
    }

    pub fn find(&self, name: &str) -> Option<TensorId> {
        self.tensors.iter().position(|t| t.name == name).map(TensorId::new)
    }

    /// The tensor with a given storage, where there is only one such (the images, the labels, the counts).
    pub fn only(&self, storage: Storage) -> Option<TensorId> {
        self.tensors.iter().position(|t| t.storage == storage).map(TensorId::new)
    }

    /// Bytes of an image's row on the device: whole 32-bit words, since shaders read words.
    pub fn image_stride(&self) -> usize {
        image_stride(self.image_bytes)
    }

    /// Checks that every slice lies inside its flat buffer.
    pub fn check_slices(&self) -> Result<()> {
        for tensor in &self.tensors {
            let room = match tensor.storage {
                Storage::Parameters { .. } | Storage::Gradients { .. } => self.flat.parameters,
                Storage::State { which, .. } if which < self.flat.states => self.flat.parameters,
                Storage::Statistics { .. } => self.flat.statistics,
                Storage::State { .. } => 0,
                _ => continue,
            };
            if tensor.storage.offset() + tensor.len() > room {
                return Err(Error::Internal(format!("plan: {} lies outside its flat buffer", tensor.name)));
            }
        }
        Ok(())
    }

    /// Checks what executors rely on: slices inside their flat buffers, nothing read that no earlier op of the step
    /// wrote.
    pub fn check(&self) -> Result<()> {
        self.check_slices()?;
        let mut written = vec![false; self.tensors.len()];
        for planned in &self.ops {
            for id in planned.op.reads() {
                let tensor = self.tensor(id);
                if tensor.storage == Storage::Activation && !written[id.index()] {
                    let what = format!("plan: {} reads {} before it is made", planned.op.name(), tensor.name);
                    return Err(Error::Internal(what));
                }
            }
            planned.op.writes().into_iter().for_each(|id| written[id.index()] = true);
        }
        Ok(())
    }
}

impl std::fmt::Display for Plan {
    /// One line per op: phase, op, what it reads and writes.
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        for planned in &self.ops {
            let names = |ids: Vec<TensorId>| {
                ids.iter().map(|id| self.tensor(*id).to_string()).collect::<Vec<_>>().join(", ")
            };
            let (reads, writes) = (names(planned.op.reads()), names(planned.op.writes()));
            writeln!(f, "{:<9}{:<28}{reads} -> {writes}", format!("{:?}", planned.phase), planned.op.name())?;
        }
        Ok(())
    }
}
