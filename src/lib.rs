//! inkgrad trains image classifiers on any GPU, or on the CPU.

// Input, files and devices come back as errors: outside tests nothing may panic on them (CI's clippy holds us to it).
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod batch;
mod clock;
pub mod cpu;
pub mod data;
mod error;
mod execution;
pub mod executor;
pub mod gpu;
pub mod model_file;
pub mod network;
pub mod plan;
pub mod profile;
pub mod random;
pub mod recipe;
pub mod reference;
pub mod train;
pub mod verify;

pub use error::{Error, Result};
