//! Why a classifier can fail on images like those that it was trained on: they are stored in another way.

use super::evaluate_members;
use crate::data::Split;
use crate::error::Result;
use crate::executor::Device;
use crate::model_file::Weights;
use crate::network::Network;
use crate::recipe::Views;

/// A way in which images can differ from those of training, and what the accuracy would be without it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misread {
    pub kind: Kind,
    /// From 0 to 1, on images stored as in training.
    pub accuracy: f64,
    /// How many images were tried.
    pub images: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Black and white exchanged.
    Inverted,
    /// Rows and columns exchanged, as in EMNIST's files.
    Transposed,
    InvertedAndTransposed,
}

impl std::fmt::Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, fitting) = match self.kind {
            Kind::Inverted => ("inverted (black and white are exchanged)", "inverted back"),
            Kind::Transposed => {
                ("transposed (rows and columns are exchanged, as in EMNIST's files)", "transposed back")
            }
            Kind::InvertedAndTransposed => ("inverted and transposed", "with both undone"),
        };
        write!(
            f,
            "the images seem to be {what} compared with those that the model was trained on: {fitting}, it classifies {:.4} of {} of them correctly",
            self.accuracy, self.images
        )
    }
}

/// Most images that are tried: trying takes time, and this many are enough.
const MAX_IMAGES: usize = 1000;
/// Above this accuracy nothing can be wrong with every image.
const GOOD_ACCURACY: f64 = 0.6;
/// By how much the accuracy must rise for a reason to be reported.
const LEAST_GAIN: f64 = 0.25;

/// Looks for the reason for a low accuracy by inverting and transposing the images. None if the accuracy is not low, or
/// nothing raises it much.
///
/// # Errors
/// As [`evaluate_members`].
pub async fn misread(
    device: &Device,
    network: &Network,
    members: &[Weights],
    views: Views,
    split: &Split,
    accuracy: f64,
) -> Result<Option<Misread>> {
    if accuracy > GOOD_ACCURACY || split.is_empty() {
        return Ok(None);
    }
    // Evenly from the whole split, which may be sorted.
    let step = split.len().div_ceil(MAX_IMAGES);
    let tried = split.every(step);
    let (height, width) = (network.task.height, network.task.width);
    let mut best: Option<Misread> = None;
    for kind in [Kind::Inverted, Kind::Transposed, Kind::InvertedAndTransposed] {
        let (inverts, transposes) = (kind != Kind::Transposed, kind != Kind::Inverted);
        if transposes && height != width {
            continue;
        }
        let changed = tried.changed(|from, to| {
            for (from, to) in from.chunks_exact(height * width).zip(to.chunks_exact_mut(height * width)) {
                for (at, to) in to.iter_mut().enumerate() {
                    let pixel = from[if transposes { at % width * width + at / width } else { at }];
                    *to = if inverts { 255 - pixel } else { pixel };
                }
            }
        });
        let result = evaluate_members(device, network, members, views, &changed).await?.accuracy();
        if result > accuracy + LEAST_GAIN && best.is_none_or(|best| result > best.accuracy) {
            best = Some(Misread { kind, accuracy: result, images: tried.len() });
        }
    }
    Ok(best)
}
