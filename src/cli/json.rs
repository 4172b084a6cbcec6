//! JSON Lines for other programs: one event per line.

use inkgrad::Error;
use serde::Serialize;

use super::failure::Failure;
use super::output;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    Start {
        task: &'a str,
        device: &'a str,
        adapter: &'a str,
        parameters: usize,
        training_images: usize,
        test_images: usize,
        steps: u64,
        batch: usize,
        learning_rate: f32,
        loss_reduction: inkgrad::network::LossReduction,
        seed: u64,
    },
    Step {
        seed: u64,
        /// Steps done.
        step: u64,
        /// Mean over the steps since this seed's previous step event.
        loss: f64,
        /// Mean since the start of the run, over all networks that train at the same time.
        images_per_second: f64,
    },
    Validation {
        seed: u64,
        step: u64,
        loss: f64,
        accuracy: f64,
    },
    Checkpoint {
        step: u64,
        path: &'a str,
    },
    /// One of several runs.
    Seed {
        seed: u64,
        test_accuracy: f64,
        test_loss: f64,
        train_seconds: f64,
    },
    /// The test accuracies of several runs.
    Seeds {
        seeds: usize,
        mean: f64,
        deviation: f64,
        best: f64,
        worst: f64,
    },
    Ensemble {
        members: u64,
        test_accuracy: f64,
        test_loss: f64,
    },
    /// The last event of a successful run of one network.
    Result {
        task: &'a str,
        device: &'a str,
        adapter: &'a str,
        steps: u64,
        batch: usize,
        seed: u64,
        train_seconds: f64,
        images_per_second: f64,
        test_accuracy: f64,
        test_loss: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
    },
}

/// Prints a value as one line of JSON.
pub fn line(value: &impl Serialize) -> Result<(), Failure> {
    output::line(text(value)?)
}

/// A value as JSON, on one line.
pub fn text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|e| Error::Internal(format!("a value cannot be written as JSON: {e}")))
}
