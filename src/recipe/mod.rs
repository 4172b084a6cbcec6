//! Recipes: everything about a training run but the data and the device, as data (TOML), not code.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::network::{LayerSpec, LossReduction, Normalisation, Optimiser};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Images a step.
    pub batch: usize,
    /// How long to train: steps, or else epochs (walks through the training images).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    pub learning_rate: f32,
    #[serde(default)]
    pub loss_reduction: LossReduction,
    pub optimiser: Optimiser,
    #[serde(default)]
    pub normalisation: Normalisation,
    pub layers: Vec<LayerSpec>,
}

/// The presets' names and texts.
pub const PRESETS: &[(&str, &str)] = &[("softmax", include_str!("presets/softmax.toml"))];

/// More steps than any run on small images needs; it also keeps every step number exact.
const MOST_STEPS: u64 = 1 << 31;

impl Recipe {
    /// One of the [`PRESETS`].
    pub fn preset(name: &str) -> Result<Self> {
        let Some((_, text)) = PRESETS.iter().find(|(preset, _)| *preset == name) else {
            let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            return Err(Error::Config(format!("no preset `{name}`: there are {}", names.join(", "))));
        };
        Self::parse(Path::new(name), text)
    }

    /// A recipe's text; `path` names it in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let recipe: Recipe = toml::from_str(text).map_err(|e| Error::bad_file(path, e.to_string()))?;
        recipe.check().map_err(|what| Error::bad_file(path, what))?;
        Ok(recipe)
    }

    /// What no single field's type can promise.
    pub fn check(&self) -> Result<(), String> {
        if self.batch == 0 || self.batch > 1 << 20 {
            return Err(format!("batch = {}: from 1 to {} images a step", self.batch, 1 << 20));
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(format!("learning_rate = {}: a number above zero is needed", self.learning_rate));
        }
        match (self.steps, self.epochs) {
            (None, None) | (Some(_), Some(_)) => {
                Err("either `steps` or `epochs` says how long to train".into())
            }
            (Some(steps), _) if steps == 0 || steps > MOST_STEPS => {
                Err(format!("steps = {steps}: from 1 to {MOST_STEPS}"))
            }
            (_, Some(epochs)) if !(epochs.is_finite() && epochs > 0.0) => {
                Err(format!("epochs = {epochs}: a number above zero is needed"))
            }
            _ => Ok(()),
        }
    }

    /// How many steps the run takes on so many training images: part of a step counts as a whole one.
    pub fn steps_on(&self, images: usize) -> Result<u64> {
        let steps = match (self.steps, self.epochs) {
            (Some(steps), _) => return Ok(steps),
            (None, epochs) => (epochs.unwrap_or(1.0) * images as f64 / self.batch as f64).ceil().max(1.0),
        };
        match steps <= MOST_STEPS as f64 {
            true => Ok(steps as u64),
            false => Err(Error::Config(format!("{steps} steps are too many: at most {MOST_STEPS}"))),
        }
    }
}
