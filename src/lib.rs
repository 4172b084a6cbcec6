//! inkgrad trains image classifiers on any GPU, or on the CPU.

pub mod data;
mod error;
pub mod random;

pub use error::{Error, Result};
