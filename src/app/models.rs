//! Networks on pictures and in files.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::messages::{Format, Mark, Predicted, Read, Seen};
use crate::data::{DataSet, Split};
use crate::error::{Error, Result};
use crate::exchange::{self, Said, c, keras, onnx, pytorch};
use crate::executor::Device;
use crate::model_file::Model;
use crate::picture::Picture;
use crate::train::{evaluate_members, predict_members};
use crate::{network, reading};

/// Classifies a picture; also returns the image that the network saw.
pub(super) async fn predict(
    device: &Device,
    model: &Model,
    picture: &Picture,
) -> Result<(Predicted, Vec<u8>)> {
    let preparation = model.preparation();
    let seen = preparation.bytes(picture);
    let Model { network, members, recipe, .. } = model;
    let split = Split::new(network.task.image_bytes(), seen.clone(), vec![0])?;
    let predictions = predict_members(device, network, members, recipe.views, &split).await?;
    let class = predictions.labels().first().copied().unwrap_or(0);
    let seen_as =
        Seen { height: preparation.height, width: preparation.width, channels: preparation.channels };
    let probabilities = predictions.probabilities;
    Ok((Predicted { class, names: model.names(), probabilities, seen: seen_as, step: model.steps }, seen))
}

/// Reads all digits in a picture.
pub(super) async fn read(device: &Device, model: &Model, picture: &Picture) -> Result<Read> {
    let names = model.names();
    let mark = |digit: &reading::Digit| Mark {
        class: names.get(digit.class).cloned().unwrap_or_default(),
        probability: digit.probability,
        left: digit.bounds.left,
        top: digit.bounds.top,
        width: digit.bounds.width,
        height: digit.bounds.height,
    };
    let lines = reading::read(device, model, picture).await?;
    Ok(Read { lines: lines.iter().map(|line| line.iter().map(mark).collect()).collect() })
}

/// A file's name and bytes.
pub(super) fn file(model: &Model, format: Format) -> Result<(String, Vec<u8>)> {
    let (ending, bytes) = match format {
        Format::Safetensors => ("safetensors", model.to_bytes()?),
        Format::Onnx => ("onnx", onnx::write(model, onnx::Options::default())?),
        Format::C => {
            let sources = c::write(model, c::Arithmetic::Float32)?;
            let files = [("model.h", sources.header.into_bytes()), ("model.c", sources.source.into_bytes())];
            ("c.zip", zipped(files)?)
        }
        Format::Pytorch => {
            let script = pytorch::script(model)?.into_bytes();
            let files = [("model.safetensors", pytorch::weights(model)?), ("model.py", script)];
            ("pytorch.zip", zipped(files)?)
        }
        Format::Keras => {
            let script = keras::script(model)?.into_bytes();
            let files = [("model.weights.h5", keras::weights(model)?), ("model.py", script)];
            ("keras.zip", zipped(files)?)
        }
    };
    Ok((format!("{}.{ending}", stem(&model.name)), bytes))
}

/// A zip archive of these files.
fn zipped<const COUNT: usize>(files: [(&str, Vec<u8>); COUNT]) -> Result<Vec<u8>> {
    let unwritable =
        |error: &dyn std::fmt::Display| Error::Internal(format!("a zip cannot be written: {error}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default()).map_err(|error| unwritable(&error))?;
        zip.write_all(&bytes).map_err(|error| unwritable(&error))?;
    }
    Ok(zip.finish().map_err(|error| unwritable(&error))?.into_inner())
}

/// The network in a file; its name's ending says of which form.
pub(super) fn open(name: &str, bytes: &[u8]) -> Result<Model> {
    let path = Path::new(name);
    let is_own = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    if !is_own {
        return exchange::from_bytes(path, bytes, Said::default());
    }
    // The same ending has what `export` writes for PyTorch, with the model's description but tensors of other names.
    Model::from_bytes(path, bytes)
        .or_else(|error| exchange::from_bytes(path, bytes, Said::default()).map_err(|_| error))
}

/// Test images that a network is tried on when it is loaded.
const TRIED: usize = 1000;

/// The accuracy on some of the test images, where they are such as the network takes.
pub(super) async fn accuracy(device: &Device, model: &Model, data: &DataSet) -> Result<Option<f64>> {
    let fits = network::Task::from(data) == model.network.task
        && (model.class_names.is_empty()
            || data.class_names.is_empty()
            || model.class_names == data.class_names);
    if !fits || data.test.is_empty() {
        return Ok(None);
    }
    let some = data.test.every(data.test.len().div_ceil(TRIED));
    let Model { network, members, recipe, .. } = model;
    Ok(Some(evaluate_members(device, network, members, recipe.views, &some).await?.accuracy()))
}

/// A name that every system takes for a file's.
fn stem(name: &str) -> String {
    let taken = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let stem: String = name.chars().take(60).map(taken).collect();
    if stem.is_empty() { "model".into() } else { stem }
}

#[cfg(feature = "embedded-classifier")]
pub(super) fn built_in() -> Result<Model> {
    Model::built_in()
}

#[cfg(not(feature = "embedded-classifier"))]
pub(super) fn built_in() -> Result<Model> {
    Err(Error::Usage("this inkgrad was built without its digit classifier: train or load a network".into()))
}
