//! How many bytes a file holds, unpacked.

use std::io::{Cursor, Read};

use flate2::read::{GzDecoder, MultiGzDecoder};
use image::{ImageDecoder, ImageReader};
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

/// Of a picture's file: its pixels, and its metadata at most.
pub fn decoded(bytes: &[u8]) -> usize {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    let pixels = reader.and_then(|reader| Some(reader.into_decoder().ok()?.total_bytes()));
    bytes.len() + pixels.unwrap_or(0) as usize
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
