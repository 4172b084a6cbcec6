//! Checkpoints: all that a run needs to continue as if it had never stopped.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{Best, Lock};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::model_file::Weights;
use crate::network::Task;
use crate::output_file::{is_aside, write_aside};
use crate::recipe::Recipe;

/// A run of one network between two steps. All else follows from this: the order of images and all random numbers from seed
/// and step, the learning rate from recipe and step.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub about: About,
    /// The weights that the next step starts from.
    pub weights: Weights,
    /// The optimiser states, and the averaged weights if there are any; each as long as the parameters.
    pub states: Vec<Vec<f32>>,
    /// The best weights so far, where validation selects them.
    pub best: Option<Weights>,
}

/// Everything in a checkpoint that is not a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub(super) format: u32,
    /// The recipe's name.
    pub name: String,
    pub task: Task,
    pub recipe: Recipe,
    pub seed: u64,
    /// Steps done.
    pub step: u64,
    pub images: Fingerprint,
    /// The device on which the run began: another one rounds differently.
    pub device: String,
    /// Steps between two checkpoints, steps between two validations, and the number of validations without progress that ends
    /// the run.
    pub every: Option<u64>,
    pub validate_every: Option<u64>,
    pub patience: Option<u32>,
    pub best: Option<Best>,
    /// Validations since the best.
    pub waited: u32,
    /// The step of the last validation: one that is due when the run is interrupted is made when it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<u64>,
    /// The directory of the run's files for TensorBoard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// Checksum of all values, so that a file damaged on its disk is not taken for a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<u64>,
}

/// The last checkpoint of a directory that can be read.
#[derive(Debug)]
pub struct Latest {
    pub checkpoint: Checkpoint,
    /// Why the later ones cannot be read.
    pub damaged: Vec<Error>,
}

/// Identifies a data set: a run must continue with the images that it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    images: usize,
    hash: u64,
}

impl Fingerprint {
    pub fn of(split: &Split) -> Self {
        let hash = hashed(split.labels(), hashed(split.images(), BASIS));
        Fingerprint { images: split.len(), hash }
    }
}

/// The 64-bit offset basis of FNV-1a (Fowler, Noll and Vo).
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over words of eight bytes, with the 64-bit prime, from `hash` on.
fn hashed(bytes: &[u8], hash: u64) -> u64 {
    bytes.chunks(8).fold(hash, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

const KEY: &str = "inkgrad_checkpoint";
const FORMAT: u32 = 1;
/// Number of checkpoints that are kept in a directory.
const KEPT: usize = 2;
/// Larger files are not read.
const MAX_BYTES: u64 = 8 << 30;

impl About {
    pub(super) fn new(
        name: String,
        task: Task,
        recipe: Recipe,
        seed: u64,
        step: u64,
        images: Fingerprint,
        device: String,
    ) -> Self {
        About {
            format: FORMAT,
            name,
            task,
            recipe,
            seed,
            step,
            images,
            device,
            every: None,
            validate_every: None,
            patience: None,
            best: None,
            waited: 0,
            validated: None,
            board: None,
            checksum: None,
        }
    }
}

impl Checkpoint {
    /// Writes the checkpoint, completely or not at all, into a directory, which is made if it does not exist. Then removes all
    /// but the last two.
    pub fn save(&self, dir: &Path) -> Result<PathBuf> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        let path = dir.join(format!("step-{:010}.safetensors", self.about.step));
        write_aside(&path, &self.to_bytes()?)?;
        for (_, old) in list(dir)?.iter().rev().skip(KEPT).filter(|(_, old)| *old != path) {
            // This checkpoint is safe: failing to remove an old one must not end the run.
            let _ = std::fs::remove_file(old);
        }
        Ok(path)
    }

    /// Makes a directory ready for the checkpoints of a new run, or for further ones of a run that continues. Removes what
    /// interrupted writes have left there. Other processes are kept out as long as the lock exists, which is none where
    /// the system has no locks.
    ///
    /// # Errors
    /// `Usage` if a new run would mix its checkpoints with another's; `Output` if the directory cannot be used or another
    /// process uses it, else `Io`.
    pub fn prepare(dir: &Path, continues: bool) -> Result<Option<Lock>> {
        if dir.exists() && !dir.is_dir() {
            return Err(Error::Output(format!(
                "{} is not a directory: name a directory for the checkpoints",
                dir.display()
            )));
        }
        if !continues {
            std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        } else if list(dir)?.is_empty() {
            return Err(nothing_in(dir));
        }
        let lock = Lock::take(dir)?;
        if !continues && !list(dir)?.is_empty() {
            let dir = dir.display();
            return Err(Error::Usage(format!(
                "{dir} has the checkpoints of another run: continue it (`--resume {dir}`), empty the directory, or name another"
            )));
        }
        for entry in std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))?.flatten() {
            if is_aside(&entry.file_name().to_string_lossy()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(lock)
    }

    /// The last checkpoint in a directory that can be read.
    ///
    /// # Errors
    /// `Usage` where there is none; where none can be read, what is wrong with the last.
    pub fn latest(dir: &Path) -> Result<Latest> {
        let mut damaged = Vec::new();
        for (_, path) in list(dir)?.iter().rev() {
            match Self::open(path) {
                Ok(checkpoint) => return Ok(Latest { checkpoint, damaged }),
                Err(error) => damaged.push(error),
            }
        }
        Err(if damaged.is_empty() { nothing_in(dir) } else { damaged.swap_remove(0) })
    }

    pub fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
        if length > MAX_BYTES {
            let what = format!("{length} bytes, no checkpoint is larger than {MAX_BYTES}");
            return Err(Error::bad_file(path, what));
        }
        Self::from_bytes(path, &std::fs::read(path).map_err(|e| Error::io(path, e))?)
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let fault = |what: String| Error::Internal(format!("the checkpoint cannot be written: {what}"));
        let about = About { checksum: Some(self.checksum()), ..self.about.clone() };
        let about = serde_json::to_string(&about).map_err(|e| fault(e.to_string()))?;
        let mut named: Vec<(String, &[f32])> = vec![
            ("parameters".into(), &self.weights.parameters),
            ("statistics".into(), &self.weights.statistics),
        ];
        if let Some(best) = &self.best {
            named.push(("best_parameters".into(), &best.parameters));
            named.push(("best_statistics".into(), &best.statistics));
        }
        let states = self.states.iter().enumerate();
        named.extend(states.map(|(which, state)| (format!("state{which}"), state.as_slice())));
        let mut tensors = Vec::new();
        for (name, values) in named {
            let view = TensorView::new(Dtype::F32, vec![values.len()], bytemuck::cast_slice(values));
            tensors.push((name, view.map_err(|e| fault(e.to_string()))?));
        }
        let metadata = HashMap::from([(KEY.to_owned(), about)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| fault(e.to_string()))
    }

    /// Of all values.
    fn checksum(&self) -> u64 {
        let best = self.best.iter().flat_map(|best| [&best.parameters, &best.statistics]);
        let weights = [&self.weights.parameters, &self.weights.statistics].into_iter();
        let buffers = weights.chain(&self.states).chain(best);
        buffers.fold(BASIS, |hash, values| hashed(bytemuck::cast_slice(values), hash))
    }

    /// A checkpoint from a file's bytes; `path` names it in errors.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |what: String| Error::bad_file(path, what);
        let not_ours = |e| bad(format!("not a complete checkpoint ({e})"));
        let file = SafeTensors::deserialize(bytes).map_err(not_ours)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_ours)?;
        let Some(text) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)) else {
            return Err(bad("not a checkpoint of inkgrad".into()));
        };
        let about: About = serde_json::from_str(text)
            .map_err(|e| bad(format!("its metadata cannot be read ({e}): written by another version?")))?;
        if about.format != FORMAT {
            return Err(bad(format!("format {}, this version reads {FORMAT}", about.format)));
        }
        about.recipe.check().map_err(bad)?;
        let values = |name: &str| {
            let tensor = file.tensor(name).map_err(|_| bad(format!("`{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(bad(format!("`{name}` is {:?}, F32 is needed", tensor.dtype())));
            }
            Ok(bytemuck::pod_collect_to_vec::<u8, f32>(tensor.data()))
        };
        let weights = Weights { parameters: values("parameters")?, statistics: values("statistics")? };
        let best = match about.best {
            None => None,
            Some(_) => Some(Weights {
                parameters: values("best_parameters")?,
                statistics: values("best_statistics")?,
            }),
        };
        let states = (0..about.recipe.training_options().states())
            .map(|which| values(&format!("state{which}")))
            .collect::<Result<Vec<_>>>()?;
        let same = |values: &Vec<f32>| values.len() == weights.parameters.len();
        if !states.iter().all(same) || !best.iter().all(|best| same(&best.parameters)) {
            return Err(bad("its tensors are of different lengths".into()));
        }
        let checkpoint = Checkpoint { about, weights, states, best };
        match checkpoint.about.checksum {
            Some(checksum) if checksum != checkpoint.checksum() => {
                Err(bad("damaged: its values are not those that were written".into()))
            }
            _ => Ok(checkpoint),
        }
    }
}

fn nothing_in(dir: &Path) -> Error {
    Error::Usage(format!(
        "{}: there is no checkpoint here. `inkgrad train --checkpoint DIR` writes them",
        dir.display()
    ))
}

/// The checkpoints in a directory, in order of their steps.
fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))? {
        let path = entry.map_err(|e| Error::io(dir, e))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let step = name.strip_prefix("step-").and_then(|rest| rest.strip_suffix(".safetensors"));
        if let Some(step) = step.and_then(|step| step.parse().ok()) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found)
}
