//! A sheet of samples: a row of images for each class, as one picture.

use std::path::Path;

use super::DataSet;
use super::write::png;
use crate::{Error, Result};

/// Images in a row.
const COLUMNS: usize = 16;
/// More classes than these are not shown.
const MAX_ROWS: usize = 64;
/// Small images are enlarged to about this height.
const LEAST: usize = 40;
/// Between the images, in pixels.
const GAP: usize = 2;
const GAP_COLOUR: u8 = 128;

/// The sheet as a PNG file's bytes; the first images of each class, from all splits.
///
/// # Errors
/// `Internal` where it cannot be encoded.
pub fn sheet(set: &DataSet) -> Result<Vec<u8>> {
    let [channels, height, width] = set.shape();
    let times = (LEAST / height.max(width)).max(1);
    let (cell_height, cell_width) = (height * times + GAP, width * times + GAP);
    let rows = set.classes.min(MAX_ROWS);
    let (all_height, all_width) = (rows * cell_height + GAP, COLUMNS * cell_width + GAP);
    let mut pixels = vec![GAP_COLOUR; all_height * all_width * channels];
    for row in 0..rows {
        let images = [&set.train, &set.validation, &set.test].into_iter().flat_map(|split| {
            let of_class = move |at: &usize| usize::from(split.label(*at)) == row;
            (0..split.len()).filter(of_class).map(|at| split.image(at))
        });
        for (column, image) in images.take(COLUMNS).enumerate() {
            for y in 0..height * times {
                for x in 0..width * times {
                    let to = (row * cell_height + GAP + y) * all_width + column * cell_width + GAP + x;
                    let from = y / times * width + x / times;
                    for channel in 0..channels {
                        pixels[to * channels + channel] = image[channel * height * width + from];
                    }
                }
            }
        }
    }
    png(&pixels, [all_height, all_width], channels)
}

/// Writes the sheet to a file.
///
/// # Errors
/// As [`sheet`]; `Io` where the file cannot be written.
pub fn write(set: &DataSet, path: &Path) -> Result<()> {
    std::fs::write(path, sheet(set)?).map_err(|error| Error::io(path, error))
}
