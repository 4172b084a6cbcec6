//! inkgrad trains image classifiers on any GPU, or on the CPU.
//!
//! A [`data::DataSet`] and a [`recipe::Recipe`] make a [`network::Network`], a [`train::Trainer`] trains it on an
//! [`executor::Device`], [`train::evaluate`] tests it, and a [`model_file::Model`] saves it.

// Bad input, files and devices are errors: outside tests nothing may panic on them (CI's clippy checks it).
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod app;
pub mod batch;
mod clock;
pub mod cpu;
pub mod data;
mod error;
pub mod exchange;
mod execution;
pub mod executor;
pub mod gpu;
pub mod model_file;
pub mod network;
pub mod output_file;
pub mod picture;
pub mod plan;
pub mod profile;
pub mod random;
pub mod reading;
pub mod recipe;
pub mod reference;
pub mod report;
pub mod threads;
pub mod train;
pub mod verify;

pub use error::{Error, Result};
