//! A copy of a run in memory, from which it goes on where its device was lost.

use super::{Best, Trainer};
use crate::error::Result;
use crate::executor::Device;
use crate::model_file::Weights;

/// A run between two steps: as a checkpoint, but of one or several networks.
pub(super) struct Snapshot {
    step: u64,
    /// Of each network: the weights that the next step starts from, and the optimiser states.
    networks: Vec<(Weights, Vec<Vec<f32>>)>,
    pub progress: Progress,
}

/// The state of validation and checkpoints.
#[derive(Clone)]
pub(super) struct Progress {
    pub best: Option<(Best, Weights)>,
    /// Validations since the best.
    pub waited: u32,
    /// Steps at which the last validation and the last checkpoint were made.
    pub validated: u64,
    pub saved: u64,
    pub stopped: bool,
}

impl Snapshot {
    /// Waits for the device.
    pub async fn of(trainer: &Trainer, progress: &Progress) -> Result<Self> {
        let mut networks = Vec::new();
        for index in 0..trainer.networks() {
            networks.push((trainer.current_weights(index).await?, trainer.states(index).await?));
        }
        Ok(Snapshot { step: trainer.started(), networks, progress: progress.clone() })
    }

    /// The run on another device, from this step on.
    pub async fn restore(&self, device: &Device, trainer: &Trainer) -> Result<Trainer> {
        let starts: Vec<_> =
            self.networks.iter().map(|(weights, states)| (weights, states.as_slice())).collect();
        trainer.start_again(device, self.step, &starts).await
    }
}
