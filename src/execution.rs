//! What executors accept and report on any device: options, the names of the flat buffers, counts of the work done, times of
//! ops. Both executors depend on this file; [`crate::executor`] re-exports all of it.

/// How the images of a data set reach a GPU. Both ways give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feed {
    /// Batches are uploaded while the device computes; device memory does not grow with the data set.
    Stream,
    /// The whole split is uploaded once, and each batch is gathered from it on the device.
    Resident,
    /// Resident where the split fits comfortably, else streamed.
    #[default]
    Auto,
}

/// Which of an op's shaders a GPU runs. They round differently, so repeatable results require the same choice each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variants {
    /// The plain ones; or, on a device that tunes, the fastest by a short measurement, now or in an earlier run: see
    /// [`crate::gpu::Device::tune`].
    #[default]
    Device,
    /// The plain ones, which every op has.
    Plain,
    /// Variant index, clamped to the op's last one (tests only).
    Nth(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct ExecutorOptions {
    pub feed: Feed,
    /// Largest number of steps in a block.
    pub block: usize,
    pub variants: Variants,
    /// Records when each op ran, see [`crate::executor::Executor::spans`]. This itself takes time.
    pub profile: bool,
}

impl Default for ExecutorOptions {
    fn default() -> Self {
        ExecutorOptions { feed: Feed::Auto, block: 32, variants: Variants::Device, profile: false }
    }
}

/// What an executor has done so far. Tests assert these counts instead of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub steps: u64,
    pub dispatches: u64,
    pub submissions: u64,
    pub buffers_created: u64,
    /// Bytes of all buffers created, padding included.
    pub bytes_allocated: u64,
    pub bind_groups_created: u64,
    pub pipelines_created: u64,
    pub bytes_uploaded: u64,
    pub readbacks: u64,
}

/// One of the flat buffers of float32 values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flat {
    Parameters,
    Gradients,
    /// Optimiser state by index, or the averaged weights.
    State(usize),
    /// Running statistics of batch normalisation.
    Statistics,
}

/// When one op of one step ran; on the CPU, one chunk of it on one worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Index into the plan's ops; none for the copying of images and labels to the device.
    pub op: Option<usize>,
    /// Step of the executor, from 0. An op that runs once per block belongs to the block's first step.
    pub step: u64,
    /// Worker thread on the CPU; 0 on a GPU.
    pub worker: usize,
    /// Seconds since the executor was made, or on a GPU since its first op.
    pub start: f64,
    pub end: f64,
}
