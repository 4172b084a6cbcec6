//! inkgrad trains image classifiers on any GPU, or on the CPU.

pub mod data;
mod error;
// pub mod executor; // until cpu and gpu are merged
pub mod model_file;
pub mod network;
pub mod plan;
pub mod random;
pub mod recipe;

pub use error::{Error, Result};
