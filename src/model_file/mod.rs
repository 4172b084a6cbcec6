//! Model files: safetensors with the parameters under PyTorch's names; the metadata says which network and run made them.

mod stored;

use stored::Stored;

use std::collections::HashMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::data::DrawnSplit;
use crate::error::{Error, Result};
use crate::executor::{Device, Flat, Store};
use crate::network::{Network, Slice, Task};
use crate::output_file::write_aside;
use crate::picture::{Fit, Preparation};
use crate::plan::FlatSizes;
use crate::recipe::Recipe;

/// A trained classifier: everything needed to use it, and how it was made.
#[derive(Clone, Debug)]
pub struct Model {
    /// The preset's or recipe's name.
    pub name: String,
    pub network: Network,
    /// One network's weights, or those of an ensemble whose probabilities are averaged.
    pub members: Vec<Weights>,
    pub recipe: Recipe,
    pub seed: u64,
    /// Steps of training.
    pub steps: u64,
    /// A name for each class, in order; empty where the data gave none. Classes are then called by their number.
    pub class_names: Vec<String>,
    /// How pictures become the network's images; none where it was trained on the images of its files as they are.
    pub preparation: Option<Preparation>,
    /// How the images for tests were chosen, where the data has no test images of its own.
    pub split: Option<DrawnSplit>,
}

/// What a network has learned: parameters and running statistics, each as one flat buffer in the network's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    pub parameters: Vec<f32>,
    pub statistics: Vec<f32>,
}

impl Weights {
    pub fn is_finite(&self) -> bool {
        self.parameters.iter().chain(&self.statistics).all(|value| value.is_finite())
    }

    /// Copies the weights to a device, ready for evaluation.
    pub fn store(&self, device: &Device) -> Result<Store> {
        let sizes =
            FlatSizes { parameters: self.parameters.len(), states: 0, statistics: self.statistics.len() };
        let store = device.store(sizes, &self.parameters)?;
        store.write(Flat::Statistics, &self.statistics)?;
        Ok(store)
    }
}

/// Limit on the members of an ensemble; a file that has more is at fault.
const MAX_MEMBERS: usize = 1000;

/// Key of the only metadata entry, which is JSON. A single entry, because the order of several could vary and the same model
/// must give the same bytes.
pub(crate) const KEY: &str = "inkgrad";
const FORMAT: u32 = 1;

/// Larger files are not read; no sensible network for small images comes near.
const MAX_BYTES: u64 = 2 << 30;

#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    /// Version of the program that wrote the file.
    inkgrad: String,
    name: String,
    task: Task,
    recipe: Recipe,
    seed: u64,
    steps: u64,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    members: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    class_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preparation: Option<Preparation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<DrawnSplit>,
}

/// How weights are kept in a file. Networks compute in float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Float32,
    /// Half the size; values are rounded to 11 bits.
    Float16,
}

fn one() -> usize {
    1
}

fn is_one(members: &usize) -> bool {
    *members == 1
}

/// A tensor's name in the file; in an ensemble it begins with the member's index.
fn name_of(slice: &Slice, member: usize, members: usize) -> String {
    if members == 1 { slice.name.clone() } else { format!("{member}.{}", slice.name) }
}

fn unwritable(why: &dyn std::fmt::Display) -> Error {
    Error::Internal(format!("the model cannot be written: {why}"))
}

/// The weights of `members` networks from a file that must hold nothing else.
fn weights_in(file: &SafeTensors, network: &Network, members: usize) -> Result<Vec<Weights>, String> {
    // Memory is only allocated once every tensor is known to be in the file, so that the file's size bounds it.
    let mut tensors = Vec::new();
    for member in 0..members {
        for slice in network.parameters.iter().chain(&network.statistics) {
            let name = name_of(slice, member, members);
            let tensor = file.tensor(&name).map_err(|_| format!("`{name}` is missing"))?;
            if !matches!(tensor.dtype(), Dtype::F32 | Dtype::F16) || tensor.shape() != slice.shape {
                let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
                return Err(format!("`{name}` is {found}, F32 {:?} is needed", slice.shape));
            }
            tensors.push((name, tensor));
        }
    }
    if tensors.len() < file.len() {
        let other = file.names().into_iter().find(|name| tensors.iter().all(|(known, _)| known != name));
        let other = other.map_or("a tensor", |name| name);
        return Err(format!("it holds `{other}`, which its network does not have"));
    }
    let mut tensors = tensors.into_iter().map(|(_, tensor)| tensor);
    let mut values = |slices: &[Slice]| {
        let tensors = tensors.by_ref().take(slices.len());
        tensors.flat_map(|tensor| stored::floats(&tensor)).collect::<Vec<f32>>()
    };
    let weights =
        |_| Weights { parameters: values(&network.parameters), statistics: values(&network.statistics) };
    Ok((0..members).map(weights).collect())
}

impl Model {
    /// The built-in classifier of handwritten digits, 0 to 9; `examples/digit_classifier` trains it.
    ///
    /// # Errors
    /// `BadFile` where the program was built with a damaged file.
    #[cfg(feature = "embedded-classifier")]
    pub fn built_in() -> Result<Self> {
        Self::from_bytes(Path::new("digits.safetensors"), include_bytes!("../../data/digits.safetensors"))
    }

    /// The built-in reader, for pieces of a page's ink: ten classes are the digits, the eleventh is ink that is no digit.
    /// `examples/digit_classifier` trains it.
    ///
    /// # Errors
    /// `BadFile` where the program was built with a damaged file.
    #[cfg(feature = "embedded-classifier")]
    pub fn built_in_reader() -> Result<Self> {
        Self::from_bytes(Path::new("reader.safetensors"), include_bytes!("../../data/reader.safetensors"))
    }

    /// How pictures become images for this network: as its file says; else as MNIST's digits where its images have
    /// their size, and fitted with a border where not.
    pub fn preparation(&self) -> Preparation {
        let Task { height, width, channels, .. } = self.network.task;
        match &self.preparation {
            Some(own) => own.clone(),
            None if (height, width, channels) == (28, 28, 1) => Preparation::digits(height, width),
            None => Preparation::fitted(height, width, channels, Fit::Pad),
        }
    }

    /// What the classes are called: by their numbers where the data gave no names.
    pub fn names(&self) -> Vec<String> {
        match self.class_names.is_empty() {
            true => (0..self.network.task.classes).map(|class| class.to_string()).collect(),
            false => self.class_names.clone(),
        }
    }

    /// JSON that, together with the weights, holds the whole model: for files of any format.
    pub(crate) fn description(&self) -> Result<String> {
        let description = Description {
            format: FORMAT,
            inkgrad: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
            task: self.network.task,
            recipe: self.recipe.clone(),
            seed: self.seed,
            steps: self.steps,
            members: self.members.len(),
            class_names: self.class_names.clone(),
            preparation: self.preparation.clone(),
            split: self.split,
        };
        serde_json::to_string(&description).map_err(|e| unwritable(&e))
    }

    /// The model of a [`Model::description`]. `weights` reads the weights of that many networks from the file, and must not
    /// allocate memory before it has found all of them there; `path` names the file in errors.
    pub(crate) fn from_description(
        path: &Path,
        text: &str,
        weights: impl FnOnce(&Network, usize) -> Result<Vec<Weights>>,
    ) -> Result<Self> {
        let bad = |what: String| Error::bad_file(path, what);
        let description: Description = serde_json::from_str(text)
            .map_err(|e| bad(format!("its metadata cannot be read ({e}): written by another version?")))?;
        if description.format != FORMAT {
            let what = format!("format {}, this version reads {FORMAT}", description.format);
            return Err(bad(format!("{what}: use inkgrad {}", description.inkgrad)));
        }
        description.recipe.check().map_err(bad)?;
        let Description { task, recipe, .. } = &description;
        let network =
            Network::new(*task, recipe.normalisation, &recipe.layers).map_err(|e| bad(e.to_string()))?;
        let members = description.members;
        if !(1..=MAX_MEMBERS).contains(&members) {
            return Err(bad(format!("{members} members: 1 to {MAX_MEMBERS} are possible")));
        }
        if let Some(preparation) = &description.preparation {
            let (made, taken) = ([preparation.channels, preparation.height, preparation.width], task.shape());
            if made != taken {
                return Err(bad(format!(
                    "it prepares pictures as {made:?}, but its network takes {taken:?}"
                )));
            }
        }
        let (names, classes) = (description.class_names.len(), task.classes);
        if names != 0 && names != classes {
            return Err(bad(format!("it names {names} classes, but its network has {classes}")));
        }
        let members = weights(&network, members)?;
        if !members.iter().all(Weights::is_finite) {
            return Err(bad("it holds values that are not finite numbers".into()));
        }
        let Description { name, recipe, seed, steps, class_names, preparation, split, .. } = description;
        Ok(Model { name, network, members, recipe, seed, steps, class_names, preparation, split })
    }

    /// The file's bytes in float32: the same for the same model.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes_in(Precision::Float32)
    }

    /// The file's bytes in the given precision: the same for the same model.
    pub fn to_bytes_in(&self, precision: Precision) -> Result<Vec<u8>> {
        let mut tensors = Vec::new();
        for (number, member) in self.members.iter().enumerate() {
            let parameters = self.network.parameters.iter().map(|slice| (slice, &member.parameters));
            let statistics = self.network.statistics.iter().map(|slice| (slice, &member.statistics));
            for (slice, values) in parameters.chain(statistics) {
                let values = values.get(slice.range()).ok_or_else(|| unwritable(&"too few values"))?;
                let name = name_of(slice, number, self.members.len());
                tensors.push((name, Stored::new(slice, values, precision)));
            }
        }
        let metadata = HashMap::from([(KEY.to_owned(), self.description()?)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| unwritable(&e))
    }

    /// A model from a file's bytes; `path` names it in errors.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |what: String| Error::bad_file(path, what);
        let not_ours = |e| bad(format!("not a complete safetensors file ({e})"));
        let file = SafeTensors::deserialize(bytes).map_err(not_ours)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_ours)?;
        let Some(text) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)) else {
            return Err(bad("not a model of inkgrad: its metadata does not describe a network".into()));
        };
        Self::from_description(path, text, |network, members| {
            weights_in(&file, network, members).map_err(bad)
        })
    }

    pub fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
        if length > MAX_BYTES {
            return Err(Error::bad_file(
                path,
                format!("{length} bytes, no model is larger than {MAX_BYTES}"),
            ));
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::from_bytes(path, &bytes)
    }

    /// Writes the file: either completely or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_aside(path, &self.to_bytes()?)
    }
}
