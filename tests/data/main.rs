//! Data sets: what reading them promises, and what it refuses.

mod allocation;
mod directory;
mod formats;
mod hostile;
mod malformed;
mod mnist;
mod mutation;
mod order;
mod sets;
mod sizes;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// An image file with `count` images, whatever the sizes; its pixels count up.
pub fn image_file(count: u32, height: u32, width: u32) -> Vec<u8> {
    let mut file = header(0x803, &[count, height, width]);
    file.extend((0..count * height * width).map(|pixel| pixel as u8));
    file
}

pub fn label_file(labels: &[u8]) -> Vec<u8> {
    let mut file = header(0x801, &[labels.len() as u32]);
    file.extend_from_slice(labels);
    file
}

pub fn header(magic: u32, fields: &[u32]) -> Vec<u8> {
    std::iter::once(&magic).chain(fields).flat_map(|field| field.to_be_bytes()).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
pub fn assert_says<T: std::fmt::Debug>(result: inkgrad::Result<T>, words: &[&str]) {
    let message = result.expect_err("an error is wanted").to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}
