//! inkgrad trains image classifiers on any GPU, or on the CPU.

mod error;
pub mod plan;

pub use error::{Error, Result};
