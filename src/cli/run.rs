//! What a run of `inkgrad train` starts from, and what it ends with.

use std::cell::RefCell;
use std::path::Path;

use inkgrad::data::{DataSet, Split};
use inkgrad::executor::Device;
use inkgrad::model_file::{Model, Weights};
use inkgrad::network::Network;
use inkgrad::report::Runs;
use inkgrad::train::Evaluation;

use super::device::Chosen;
use super::options::{Options, Settings};
use super::reports::Reports;

/// Everything required to start a run.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub options: &'a Options,
    pub settings: &'a Settings,
    pub data: &'a DataSet,
    pub network: &'a Network,
    pub chosen: &'a Chosen,
    pub reports: &'a Reports,
    /// What is recorded of the losses and validations, for a plot.
    pub curves: &'a RefCell<Runs>,
    pub start: Option<Start<'a>>,
}

/// The model that a run starts from.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    pub path: &'a Path,
    pub model: &'a Model,
    /// Whether the last layer starts from the model too.
    pub last_layer: bool,
}

/// A network that has been trained and tested.
pub struct Trained {
    pub seed: u64,
    pub weights: Weights,
    pub test: Evaluation,
    /// Steps of the run, and the step of the weights that are kept (an earlier one if validation chose them).
    pub steps: u64,
    pub kept: u64,
    /// Steps done in this process; fewer than `steps` if the run was resumed.
    pub here: u64,
    /// This network's part of the run's time.
    pub seconds: f64,
}

impl Run<'_> {
    /// The images to train on.
    pub fn split(&self) -> Split {
        match self.settings.recipe.all_images {
            true => self.data.all_training(),
            false => self.data.train.clone(),
        }
    }

    /// The device's name in checkpoints, without the number of threads, which changes no bit.
    pub fn device(&self) -> String {
        match self.chosen.device() {
            Device::Cpu(device) => format!("CPU, {}", device.level()),
            Device::Gpu(_) => self.chosen.name.clone(),
        }
    }
}
