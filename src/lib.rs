//! inkgrad trains image classifiers on any GPU, or on the CPU.

pub mod data;
mod error;
pub mod network;
pub mod plan;
pub mod random;

pub use error::{Error, Result};
