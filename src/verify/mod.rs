//! Runs every op on a device, in many shapes, and compares what it writes with the op's definition
//! ([`crate::reference`]): this shows in seconds whether a driver can be trusted.

mod cases;
mod compare;
mod guard;

pub use cases::cases;

use crate::error::Result;
use crate::executor::{Device, Executor, ExecutorOptions, Feed, Variants};
use crate::plan::{Plan, StepScalars, Storage, TensorId};
use crate::reference::{Inputs, Values, compute};
use compare::largest_error;

/// One op in one shape: a plan of that op alone, and what its tensors hold before it runs.
pub struct Case {
    pub op: &'static str,
    /// The sizes, for a reader.
    pub shape: String,
    pub plan: Plan,
    pub inputs: Vec<(TensorId, Vec<u8>)>,
    pub scalars: StepScalars,
    pub tolerance: Tolerance,
    pub aim: Aim,
}

/// What a case's shape was chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    Every,
    /// One of the CPU's algorithms. GPUs skip these cases, since each shape costs them a compilation.
    Cpu,
}

/// How far an op's results may be from its definition: the largest difference of two values over the largest value that
/// the definition gives for their tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    pub cpu: f64,
    pub gpu: f64,
    pub reason: &'static str,
}

impl Tolerance {
    pub fn on(&self, device: &Device) -> f64 {
        match device {
            Device::Cpu(_) => self.cpu,
            Device::Gpu(_) => self.gpu,
        }
    }
}

/// A device's result in one case.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub op: &'static str,
    pub shape: String,
    /// See [`Tolerance`], over all tensors that the op writes and all of its shaders. Infinite where a value is not finite
    /// or was not written, where integers differ, or where the op wrote beside its tensors.
    pub error: f64,
    pub tolerance: f64,
}

impl Comparison {
    pub fn passed(&self) -> bool {
        self.error <= self.tolerance
    }
}

/// The step of a block in which cases run: not the first, so that an op that takes the first step's rows is seen.
const STEP: usize = 1;
/// There is one step more, whose rows the op must leave alone.
const BLOCK: usize = STEP + 2;

impl Case {
    /// Whether the case says anything about a device.
    pub fn is_for(&self, device: &Device) -> bool {
        self.aim == Aim::Every || matches!(device, Device::Cpu(_))
    }

    /// How many shaders the op has to choose from in this shape.
    pub fn variants(&self) -> usize {
        self.plan.ops.iter().map(|planned| planned.op.launches(&self.plan).len()).max().unwrap_or(0)
    }

    pub fn outputs(&self) -> Vec<TensorId> {
        self.plan.ops.iter().flat_map(|planned| planned.op.writes()).collect()
    }

    /// What the op writes by its definition, in the order of [`Case::outputs`].
    pub fn reference(&self) -> Result<Vec<Values>> {
        let mut tensors = vec![None; self.plan.tensors.len()];
        for (id, bytes) in &self.inputs {
            tensors[id.index()] = Some(Values::from_device(self.plan.tensor(*id), bytes));
        }
        let inputs = Inputs { plan: &self.plan, scalars: self.scalars, tensors: &tensors };
        let results = self.plan.ops.iter().map(|planned| compute(&planned.op, &inputs));
        Ok(results.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Runs the op once on a device: the bytes of each tensor that it writes.
    pub async fn run(&self, device: &Device) -> Result<Vec<Vec<u8>>> {
        Ok(self.run_guarded(device, Variants::Plain).await?.0)
    }

    /// Runs the op, on a GPU with each of its shaders in turn, and compares what it writes with `wanted`, the
    /// [`Case::reference`]. On a GPU that avoids barriers it runs only the shader that is used there: SwiftShader needs minutes
    /// and gigabytes to compile some of the others.
    pub async fn compare(&self, device: &Device, wanted: &[Values]) -> Result<Comparison> {
        let variants = match device {
            Device::Gpu(gpu) if gpu.avoids_barriers() => vec![Variants::Device],
            Device::Gpu(_) => (0..self.variants()).map(Variants::Nth).collect(),
            Device::Cpu(_) => vec![Variants::Plain],
        };
        let mut error = 0f64;
        for variants in variants {
            let (given, is_clean) = self.run_guarded(device, variants).await?;
            if !is_clean {
                error = f64::INFINITY;
            }
            error = error.max(self.error(wanted, &given));
        }
        Ok(self.comparison(device, error))
    }

    /// The largest error of the bytes `given` for [`Case::outputs`]: see [`Comparison::error`].
    pub fn error(&self, wanted: &[Values], given: &[Vec<u8>]) -> f64 {
        let pairs = self.outputs().into_iter().zip(wanted).zip(given);
        pairs
            .map(|((id, wanted), given)| largest_error(self.plan.tensor(id), wanted, given))
            .fold(0.0, f64::max)
    }

    /// A comparison with that outcome.
    pub fn comparison(&self, device: &Device, error: f64) -> Comparison {
        Comparison { op: self.op, shape: self.shape.clone(), error, tolerance: self.tolerance.on(device) }
    }

    /// As `run`; also whether the op left alone what is not its to write. Whatever holds no input is filled with
    /// [`guard::WORD`] before the op runs: outputs (a value that is never written is not a number then), what lies beside the
    /// tensors in the flat buffers, and the rows of the block's other steps.
    async fn run_guarded(&self, device: &Device, variants: Variants) -> Result<(Vec<Vec<u8>>, bool)> {
        let store = device.store(self.plan.flat, &guard::floats(self.plan.flat.parameters))?;
        for (flat, count) in guard::flat_buffers(self.plan.flat) {
            store.write(flat, &guard::floats(count))?;
        }
        let options =
            ExecutorOptions { feed: Feed::Stream, block: BLOCK, variants, ..ExecutorOptions::default() };
        let mut executor = device.executor(&self.plan, &store, options).await?;
        // The step's own rows last: the CPU has no others.
        for step in [0, BLOCK - 1, STEP] {
            executor.look_at(step);
            for (index, tensor) in self.plan.tensors.iter().enumerate() {
                if guard::flat_of(tensor.storage).is_none() {
                    executor.write(TensorId::new(index), &guard::bytes(tensor.bytes()))?;
                }
            }
        }
        for (tensor, bytes) in &self.inputs {
            executor.write(*tensor, bytes)?;
        }
        executor.run_as_is(self.scalars).await?;
        let mut outputs = Vec::new();
        for tensor in self.outputs() {
            outputs.push(executor.read(tensor).await?);
        }
        let is_clean = self.left_other_steps_alone(&mut executor).await?
            && guard::left_flat_buffers_alone(self, &store).await?;
        Ok((outputs, is_clean))
    }

    /// Whether the rows of the block's next step are as they were.
    async fn left_other_steps_alone(&self, executor: &mut Executor) -> Result<bool> {
        if let Executor::Cpu(_) = executor {
            return Ok(true);
        }
        executor.look_at(BLOCK - 1);
        for id in self.outputs() {
            let storage = self.plan.tensor(id).storage;
            let is_in_block =
                matches!(storage, Storage::Images | Storage::Labels | Storage::SampleLoss | Storage::Losses);
            if is_in_block && executor.read(id).await? != guard::bytes(self.plan.tensor(id).bytes()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
