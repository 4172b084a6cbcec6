//! Classifies the test images with a saved model through the library, and writes the probabilities: float32, little-endian,
//! `[images, classes]`. `tests/exchange/check` compares other programs with them.
//!
//!     probabilities MODEL OUT [DIR]

use std::path::{Path, PathBuf};

use inkgrad::cpu;
use inkgrad::data::Part;
use inkgrad::executor::Device;
use inkgrad::model_file::Model;
use inkgrad::train::predict_members;
use inkgrad::{Error, Result};

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (model, out, part) = match &arguments[..] {
        [model, out] => (model, out, Part::embedded_test()?),
        [model, out, dir] => (model, out, Part::open_test(dir)?),
        _ => return Err(Error::Usage("probabilities MODEL OUT [DIR]".into())),
    };
    let bytes = pollster::block_on(probabilities(model, &part))?;
    std::fs::write(out, bytes).map_err(|e| Error::Io { path: out.clone(), source: e })
}

async fn probabilities(model: &Path, part: &Part) -> Result<Vec<u8>> {
    let model = Model::open(model)?;
    let device = Device::Cpu(cpu::Device::new());
    let predictions =
        predict_members(&device, &model.network, &model.members, model.recipe.views, &part.examples).await?;
    Ok(predictions.probabilities.iter().flat_map(|value| value.to_le_bytes()).collect())
}
