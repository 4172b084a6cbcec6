//! Networks on pictures and in files.

use super::messages::{Format, Mark, Predicted, Read, Seen};
use crate::data::Split;
#[cfg(not(feature = "embedded-classifier"))]
use crate::error::Error;
use crate::error::Result;
use crate::executor::Device;
use crate::model_file::Model;
use crate::picture::Picture;
use crate::reading;
use crate::train::predict_members;

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
    match format {
        Format::Safetensors => Ok((format!("{}.safetensors", stem(&model.name)), model.to_bytes()?)),
    }
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
