//! Model files: safetensors, the parameters under PyTorch's names, and what made them in the metadata.

mod write;

pub use write::write_aside;

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::network::{Network, Task};
use crate::recipe::Recipe;

/// A trained classifier: enough to use it, and to say how it came about.
#[derive(Clone, Debug)]
pub struct Model {
    /// The preset's or recipe's name.
    pub name: String,
    pub network: Network,
    /// Flat, in the network's order.
    pub parameters: Vec<f32>,
    pub recipe: Recipe,
    pub seed: u64,
    /// Steps that it was trained for.
    pub steps: u64,
}

/// The metadata's one entry, as JSON: one, so that the same model gives the same bytes.
const KEY: &str = "inkgrad";
const FORMAT: u32 = 1;

/// Larger files are not read: no network for small images comes near.
const MOST_BYTES: u64 = 2 << 30;

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
}

impl Model {
    /// The file's bytes: the same for the same model.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let fault = |what: String| Error::Config(format!("the model cannot be written: {what}"));
        let description = Description {
            format: FORMAT,
            inkgrad: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
            task: self.network.task,
            recipe: self.recipe.clone(),
            seed: self.seed,
            steps: self.steps,
        };
        let description = serde_json::to_string(&description).map_err(|e| fault(e.to_string()))?;
        let mut tensors = Vec::new();
        for slice in &self.network.parameters {
            let values =
                self.parameters.get(slice.range()).ok_or_else(|| fault("too few parameters".into()))?;
            let view = TensorView::new(Dtype::F32, slice.shape.clone(), bytemuck::cast_slice(values));
            tensors.push((slice.name.clone(), view.map_err(|e| fault(e.to_string()))?));
        }
        let metadata = HashMap::from([(KEY.to_owned(), description)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| fault(e.to_string()))
    }

    /// A model from a file's bytes; `path` names it in errors.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |what: String| Error::bad_file(path, what);
        let not_ours = |e| bad(format!("not a whole safetensors file ({e})"));
        let file = SafeTensors::deserialize(bytes).map_err(not_ours)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_ours)?;
        let Some(text) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)) else {
            return Err(bad("no inkgrad model: its metadata does not say which network it holds".into()));
        };
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
        if let Some(other) = file.names().into_iter().find(|name| network.slice(name).is_none()) {
            return Err(bad(format!("holds `{other}`, which its network does not have")));
        }
        // Only after every tensor is known to be there is memory taken: the file's length bounds it.
        let mut tensors = Vec::new();
        for slice in &network.parameters {
            let tensor = file.tensor(&slice.name).map_err(|_| bad(format!("`{}` is missing", slice.name)))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != slice.shape {
                let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
                return Err(bad(format!("`{}` is {found}, F32 {:?} wanted", slice.name, slice.shape)));
            }
            tensors.push(tensor);
        }
        let mut parameters = Vec::with_capacity(network.parameter_count());
        for tensor in tensors {
            let words = tensor.data().chunks_exact(4);
            parameters.extend(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])));
        }
        if let Some(at) = parameters.iter().position(|value| !value.is_finite()) {
            return Err(bad(format!("parameter {at} is not a finite number")));
        }
        let Description { name, recipe, seed, steps, .. } = description;
        Ok(Model { name, network, parameters, recipe, seed, steps })
    }

    pub fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
        if length > MOST_BYTES {
            return Err(Error::bad_file(
                path,
                format!("{length} bytes, no model is larger than {MOST_BYTES}"),
            ));
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::from_bytes(path, &bytes)
    }

    /// Writes the file: whole under its name, or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_aside(path, &self.to_bytes()?)
    }
}
