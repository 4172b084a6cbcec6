//! How many bytes a file holds, unpacked.

use std::io::{Cursor, Read};

use flate2::read::{GzDecoder, MultiGzDecoder};
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};
use zip::ZipArchive;

/// Bytes that come out of a reader, up to an error.
fn length(mut reader: impl Read) -> usize {
    let mut piece = [0; 1 << 14];
    let mut all = 0;
    while let Ok(count @ 1..) = reader.read(&mut piece) {
        all += count;
    }
    all
}

/// Of a file that may be gzipped.
pub fn unpacked(bytes: &[u8]) -> usize {
    bytes.len() + length(MultiGzDecoder::new(bytes)).max(length(GzDecoder::new(bytes)))
}

/// Of a picture's file: its pixels, or half of what the decoder of its format needs for them where that is more.
pub fn decoded(bytes: &[u8]) -> usize {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    let pixels = reader.and_then(|reader| {
        let format = reader.format()?;
        let decoder = reader.into_decoder().ok()?;
        let (width, height) = decoder.dimensions();
        let area = u64::from(width) * u64::from(height);
        Some(decoder.total_bytes().max(area * per_pixel(format, decoder.color_type())))
    });
    bytes.len() + pixels.unwrap_or(0) as usize
}

/// Half of the bytes that decoding a pixel takes at most, rounded up.
fn per_pixel(format: ImageFormat, colour: ColorType) -> u64 {
    match format {
        // A progressive one: coefficients of two bytes for each of up to four components, and the pixels.
        ImageFormat::Jpeg => 6,
        // An animation's first frame: the canvas, the frame and the pixels, four bytes each.
        ImageFormat::WebP => 6,
        // The pixels, a frame a third larger, and its indices.
        ImageFormat::Gif => 6,
        // A JPEG picture inside as above, a copy and the pixels.
        ImageFormat::Tiff => 8,
        // Transparency is removed from four bytes.
        _ if colour == ColorType::La8 => 3,
        _ => 0,
    }
}

/// Of an archive: each file in it, and what that holds.
pub fn archived(bytes: &[u8]) -> usize {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return bytes.len() };
    let mut all = bytes.len();
    for number in 0..archive.len() {
        let Ok(file) = archive.by_index(number) else { continue };
        let mut content = Vec::new();
        // An error ends the file, but what came before it was held.
        let _ = file.take(1 << 30).read_to_end(&mut content);
        all += unpacked(&content) + decoded(&content);
        if content.starts_with(b"PK") {
            all += archived(&content);
        }
    }
    all
}
