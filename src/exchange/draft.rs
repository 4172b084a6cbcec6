//! A network in the making: what a reader finds in a file, layer by layer.

use std::path::Path;

use super::steps::{Kind, Step, steps};
use crate::error::{Error, Result};
use crate::model_file::{Model, Weights};
use crate::network::{LayerSpec, Network, Normalisation, Task};
use crate::recipe::Recipe;

/// Layers in order, each with the values of its parameters and statistics in the order of [`Step::tensors`].
#[derive(Default)]
pub(super) struct Draft {
    pub layers: Vec<(LayerSpec, Vec<Vec<f32>>)>,
}

impl Draft {
    pub fn push(&mut self, layer: LayerSpec, values: Vec<Vec<f32>>) {
        self.layers.push((layer, values));
    }

    /// The model. A recipe's layers must compute what the file's do; its other settings are taken, apart from
    /// `normalisation`, which the caller has decided.
    ///
    /// # Errors
    /// `BadFile` where the layers make no network, or not the recipe's.
    pub fn model(
        self,
        path: &Path,
        task: Task,
        normalisation: Normalisation,
        recipe: Option<&Recipe>,
    ) -> Result<Model> {
        let bad = |what: String| Error::bad_file(path, what);
        let (layers, values): (Vec<LayerSpec>, Vec<_>) = self.layers.into_iter().unzip();
        let mut network = Network::new(task, normalisation, &layers).map_err(|e| bad(e.to_string()))?;
        let weights = weights(&network, values).map_err(bad)?;
        let mut recipe = match recipe {
            Some(recipe) => {
                let wanted = Network::new(task, normalisation, &recipe.layers)?;
                same(steps(&wanted)?, steps(&network)?).map_err(bad)?;
                network = wanted;
                recipe.clone()
            }
            None => Recipe { layers, ..Recipe::parse(Path::new("settings"), include_str!("settings.toml"))? },
        };
        recipe.normalisation = normalisation;
        if !weights.is_finite() {
            return Err(bad("it holds values that are not finite numbers".into()));
        }
        let name = name(path);
        Ok(Model {
            name,
            network,
            members: vec![weights],
            recipe,
            seed: 0,
            steps: 0,
            class_names: Vec::new(),
            preparation: None,
            split: None,
        })
    }
}

/// A model's name: the file's, without endings.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    name.split('.').next().filter(|name| !name.is_empty()).unwrap_or("imported").to_owned()
}

fn weights(network: &Network, values: Vec<Vec<Vec<f32>>>) -> Result<Weights, String> {
    let mut weights = Weights::default();
    for (placed, values) in network.layers.iter().zip(values) {
        let layer = placed.spec.layer();
        let wanted = network.parameters.get(placed.parameters.clone()).unwrap_or_default();
        let statistics = layer.statistics(&placed.input);
        let sizes = wanted.iter().map(|slice| slice.len());
        let sizes = sizes.chain(statistics.iter().map(|statistic| statistic.shape.iter().product()));
        if !sizes.eq(values.iter().map(Vec::len)) {
            let found: Vec<usize> = values.iter().map(Vec::len).collect();
            return Err(format!("{}: parameters of {found:?} values do not fit it", placed.name));
        }
        for (number, values) in values.into_iter().enumerate() {
            let is_parameter = number < wanted.len();
            let flat = if is_parameter { &mut weights.parameters } else { &mut weights.statistics };
            flat.extend(values);
        }
    }
    Ok(weights)
}

/// Whether both compute the same from the same parameters.
fn same(recipe: Vec<Step>, file: Vec<Step>) -> Result<(), String> {
    let computing = |steps: Vec<Step>| {
        steps.into_iter().filter(|step| !matches!(step.kind, Kind::Dropout { .. })).collect::<Vec<Step>>()
    };
    let (recipe, file) = (computing(recipe), computing(file));
    let differs = |(one, other): &(&Step, &Step)| {
        (&one.kind, &one.input, &one.output) != (&other.kind, &other.input, &other.output)
    };
    let text = |step: Option<&Step>| {
        step.map_or("nothing".to_owned(), |step| {
            format!("{:?} {:?} -> {:?}", step.kind, step.input, step.output)
        })
    };
    let at = recipe.iter().zip(&file).position(|pair| differs(&pair));
    let at = at.or((recipe.len() != file.len()).then(|| recipe.len().min(file.len())));
    match at {
        None => Ok(()),
        Some(at) => {
            let (recipe, file) = (text(recipe.get(at)), text(file.get(at)));
            let what = format!("layer {} is {file}, but the recipe's is {recipe}", at + 1);
            Err(format!("{what}: leave the recipe out, or give the one that fits"))
        }
    }
}
