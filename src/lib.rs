//! inkgrad trains image classifiers on any GPU, or on the CPU.

pub mod cpu;
pub mod data;
mod error;
pub mod executor;
pub mod gpu;
pub mod model_file;
pub mod network;
pub mod plan;
pub mod profile;
pub mod random;
pub mod recipe;
pub mod train;
pub mod verify;

pub use error::{Error, Result};
