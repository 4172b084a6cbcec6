//! Runs a plan on threads: the executor, its stages and chunks, the thread pool, buffers.

pub(crate) mod buffer;
pub(crate) mod chunk;
pub(crate) mod chunks;
pub(crate) mod cpu_op;
pub(crate) mod executor;
pub(crate) mod pool;
pub(crate) mod schedule;
pub(crate) mod store;
pub(crate) mod tensors;
pub(crate) mod timing;
