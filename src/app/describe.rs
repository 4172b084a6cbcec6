//! What data, recipes, networks and errors are, in words for a page.

use super::messages::{About, Checked, Data, LayerAbout, Preset, Refusal};
use crate::data::DataSet;
use crate::error::Error;
use crate::model_file::Model;
use crate::network::Network;
use crate::recipe::{Mistake, PRESETS, Recipe};

pub(super) fn data(name: &str, set: &DataSet) -> Data {
    let mut counts = vec![0; set.classes];
    for label in set.train.labels().iter().chain(set.validation.labels()) {
        if let Some(count) = counts.get_mut(usize::from(*label)) {
            *count += 1;
        }
    }
    Data {
        name: name.to_owned(),
        classes: names(set),
        counts,
        train: set.train.len(),
        validation: set.validation.len(),
        test: set.test.len(),
        height: set.height,
        width: set.width,
        channels: set.channels,
        notes: set.notes.clone(),
    }
}

fn names(set: &DataSet) -> Vec<String> {
    match set.class_names.is_empty() {
        true => (0..set.classes).map(|class| class.to_string()).collect(),
        false => set.class_names.clone(),
    }
}

pub(super) fn layers(network: &Network) -> Vec<LayerAbout> {
    let layer = |placed: &crate::network::Placed| LayerAbout {
        name: placed.name.clone(),
        kind: placed.spec.layer().kind(),
        output: placed.output.clone(),
        parameters: network.parameters[placed.parameters.clone()].iter().map(|slice| slice.len()).sum(),
    };
    network.layers.iter().map(layer).collect()
}

pub(super) fn recipe(recipe: &Recipe, network: &Network, images: usize) -> Result<Checked, Error> {
    Ok(Checked {
        layers: layers(network),
        parameters: network.parameter_count(),
        multiply_adds: network.layers.iter().map(|placed| placed.multiply_adds()).sum(),
        steps: recipe.steps_on(images)?,
        batch: recipe.batch,
    })
}

pub(super) fn model(model: &Model) -> About {
    let task = model.network.task;
    About {
        name: model.name.clone(),
        names: model.names(),
        height: task.height,
        width: task.width,
        channels: task.channels,
        parameters: model.network.parameter_count(),
        step: model.steps,
        layers: layers(&model.network),
    }
}

/// Its recipe's text.
pub(super) fn toml(model: &Model) -> Result<String, Error> {
    toml::to_string(&model.recipe)
        .map_err(|error| Error::Internal(format!("a recipe cannot be written: {error}")))
}

pub(super) fn presets() -> Vec<Preset> {
    let about = |toml: &str| {
        let lines = toml.lines().map_while(|line| line.strip_prefix('#'));
        lines.map(str::trim).collect::<Vec<_>>().join(" ")
    };
    PRESETS.iter().map(|(name, toml)| Preset { name, about: about(toml), toml }).collect()
}

/// What a request fails with.
#[derive(Debug)]
pub(super) enum Fault {
    Error(Error),
    /// In a recipe's text.
    Mistake(Mistake),
    /// What was sent is not a request.
    Malformed(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Error(error)
    }
}

impl From<Mistake> for Fault {
    fn from(mistake: Mistake) -> Self {
        Fault::Mistake(mistake)
    }
}

impl Fault {
    pub fn refusal(self) -> Refusal {
        match self {
            Fault::Error(error) => {
                Refusal { kind: kind(&error), message: error.to_string(), line: None, column: None }
            }
            Fault::Mistake(Mistake { what, at }) => {
                let (line, column) = at.unzip();
                Refusal { kind: "recipe", message: what, line, column }
            }
            Fault::Malformed(message) => Refusal { kind: "request", message, line: None, column: None },
        }
    }
}

/// The error's variant.
pub(super) fn kind(error: &Error) -> &'static str {
    match error {
        Error::BadFile { .. } => "bad_file",
        Error::MissingFile { .. } => "missing_file",
        Error::Io { .. } => "io",
        Error::Usage(_) => "usage",
        Error::Recipe(_) => "recipe",
        Error::Data(_) => "data",
        Error::Checkpoint(_) => "checkpoint",
        Error::Output(_) => "output",
        Error::NoMemory { .. } => "no_memory",
        Error::NoThread(_) => "no_thread",
        Error::Internal(_) => "internal",
        Error::NoAdapter { .. } => "no_adapter",
        Error::Unsupported { .. } => "unsupported",
        Error::DeviceLost(_) => "device_lost",
        Error::OutOfMemory(_) => "out_of_memory",
        Error::Gpu(_) => "gpu",
        Error::Diverged { .. } => "diverged",
    }
}
