//! Pixels to PNG files.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};

use crate::{Error, Result};

/// A PNG file of planar bytes `[channels, height, width]`, 1 channel (grey) or 3 (red, green, blue).
///
/// # Errors
/// `Data` where the number of bytes is another, or a side is 0.
pub fn png(planes: &[u8], height: usize, width: usize, channels: usize) -> Result<Vec<u8>> {
    let area = height.checked_mul(width).unwrap_or(0);
    let colour = if channels == 3 { ExtendedColorType::Rgb8 } else { ExtendedColorType::L8 };
    let bad = |what: String| Error::Data(format!("no PNG of {height} x {width} pixels: {what}"));
    let (Ok(rows), Ok(columns)) = (u32::try_from(height), u32::try_from(width)) else {
        return Err(bad("too large".into()));
    };
    if area == 0 || !matches!(channels, 1 | 3) || planes.len() != area * channels {
        return Err(bad(format!("{} bytes in {channels} channels", planes.len())));
    }
    let pixels: Vec<u8> =
        (0..area).flat_map(|at| (0..channels).map(move |channel| planes[channel * area + at])).collect();
    let mut file = Cursor::new(Vec::new());
    image::codecs::png::PngEncoder::new(&mut file)
        .write_image(&pixels, columns, rows, colour)
        .map_err(|error| bad(error.to_string()))?;
    Ok(file.into_inner())
}
