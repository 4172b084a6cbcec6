//! The CPU executor: runs the same plans on all cores, for machines without a GPU. What its ops compute is
//! defined in [`crate::reference`], with which they are compared at every level.
//!
//! This directory knows nothing of layers. `ops` has one file per op, which hands heavy work to `gemm` (matrix products) and
//! `conv` (convolutions); `simd` has the vectors that all of them are written with. `runtime` makes a plan's ops ready,
//! groups them into stages, and runs the stages in chunks on threads that meet only between stages.
//!
//! `unsafe` belongs in `gemm`, `conv`, `simd` and `runtime`. Ops get slices of their own rows or units
//! (`runtime::chunk`) and need `unsafe` only where they pass pointers to `gemm` and `conv`, or have just computed
//! through such pointers.

mod conv;
mod gemm;
mod ops;
mod runtime;
mod simd;

pub use runtime::executor::Executor;
pub use runtime::store::Store;
pub use simd::level::Level;

use std::sync::Arc;

use crate::error::Result;
use crate::execution::ExecutorOptions;
use crate::plan::{FlatSizes, Plan};
use runtime::pool::Pool;

/// This machine's processor: a number of threads, and the best vector instructions it has. Cheap to clone.
#[derive(Clone)]
pub struct Device {
    pool: Arc<Pool>,
    level: Level,
}

impl Device {
    /// As many threads as the machine has cores to give.
    pub fn new() -> Self {
        Self::with_threads(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The results do not depend on the number of threads.
    pub fn with_threads(threads: usize) -> Self {
        Device { pool: Arc::new(Pool::new(threads)), level: Level::best() }
    }

    /// The device at another level than the machine's best, for checks; `None` if the machine lacks the
    /// level's instructions.
    pub fn with_level(self, level: Level) -> Option<Self> {
        Level::available().contains(&level).then_some(Device { level, ..self })
    }

    pub fn level(&self) -> Level {
        self.level
    }

    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Such as `CPU, 2 threads, AVX-512`.
    pub fn name(&self) -> String {
        let threads = self.threads();
        let s = if threads == 1 { "" } else { "s" };
        format!("CPU, {threads} thread{s}, {}", self.level)
    }

    /// See [`crate::executor::Device::store`].
    pub fn store(&self, sizes: FlatSizes, parameters: &[f32]) -> Result<Store> {
        Store::new(sizes, parameters)
    }

    /// See [`crate::executor::Device::executor`].
    pub fn executor(&self, plan: &Plan, store: &Store, options: ExecutorOptions) -> Result<Executor> {
        Executor::new(self.pool.clone(), self.level, plan, store, options)
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}
