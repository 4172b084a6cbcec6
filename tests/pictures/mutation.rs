//! Whatever is done to a picture's file, decoding it ends in a picture or an error, in bounded memory.

use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use inkgrad::picture::{Picture, Preparation, page};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::allocation::largest_allocation;

/// Small pictures in every format, with and without colour and transparency.
fn originals() -> Vec<Vec<u8>> {
    let value = |at: usize| (at * 37 % 256) as u8;
    let grey = GrayImage::from_raw(13, 9, (0..117).map(value).collect()).unwrap();
    let colour = RgbImage::from_raw(13, 9, (0..351).map(value).collect()).unwrap();
    let transparent = RgbaImage::from_raw(13, 9, (0..468).map(value).collect()).unwrap();
    let mut files = Vec::new();
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ] {
        let images = [DynamicImage::from(grey.clone()), colour.clone().into(), transparent.clone().into()];
        for image in images {
            let mut file = std::io::Cursor::new(Vec::new());
            if image.write_to(&mut file, format).is_ok() {
                files.push(file.into_inner());
            }
        }
    }
    assert!(files.len() >= 14, "{}", files.len());
    files
}

#[derive(Clone, Debug)]
enum Change {
    Flip { at: prop::sample::Index, mask: u8 },
    Cut(prop::sample::Index),
    Remove(prop::sample::Index),
    Word { at: prop::sample::Index, value: u32 },
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![any::<u32>(), 0u32..9, Just(u32::MAX), Just(0xffff), Just(1 << 24)];
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), 1u8..).prop_map(|(at, mask)| Change::Flip { at, mask }),
        1 => at().prop_map(Change::Cut),
        1 => at().prop_map(Change::Remove),
        2 => (at(), value).prop_map(|(at, value)| Change::Word { at, value }),
    ]
}

fn apply(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes {
        match change {
            _ if bytes.is_empty() => {}
            Change::Flip { at, mask } => {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Change::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
            Change::Word { at, value } => {
                let at = at.index(bytes.len());
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&value.to_be_bytes()[..end - at]);
            }
        }
    }
}

fn decoded(bytes: &[u8]) {
    let (result, largest) = largest_allocation(|| Picture::decode(Path::new("mutant"), bytes));
    assert!(largest < 300 << 20, "{largest} bytes");
    match result {
        Ok(picture) => {
            let (height, width) = (picture.height(), picture.width());
            assert_eq!(picture.pixels().len(), height * width * picture.channels());
            if height * width < 100_000 {
                assert_eq!(Preparation::digits(28, 28).bytes(&picture).len(), 784);
                page::lines(&picture, 28, 28);
            }
        }
        Err(error) => assert!(error.to_string().starts_with("mutant: "), "{error}"),
    }
}

#[test]
fn originals_are_decoded() {
    for file in originals() {
        let picture = Picture::decode(Path::new("original"), &file).unwrap();
        assert_eq!((picture.height(), picture.width()), (9, 13));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mutants(which in any::<prop::sample::Index>(), changes in vec(change(), 1..4)) {
        let originals = originals();
        let mut bytes = originals[which.index(originals.len())].clone();
        apply(&mut bytes, &changes);
        decoded(&bytes);
    }

    #[test]
    fn anything_at_all(head in 0usize..8, bytes in vec(any::<u8>(), 0..300)) {
        let heads: [&[u8]; 8] = [
            b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP",
        ];
        decoded(&[heads[head], &bytes].concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    /// Any pixels of any shape are prepared and read.
    #[test]
    fn any_pixels(height in 1usize..90, width in 1usize..90, coloured: bool, seed: u32, levels in 1u32..256) {
        let channels = if coloured { 3 } else { 1 };
        let pixel = |at: usize| {
            ((seed ^ at as u32).wrapping_mul(2_654_435_761).rotate_left(13) % levels * (255 / levels)) as u8
        };
        let pixels = (0..height * width * channels).map(pixel).collect();
        let picture = Picture::new(height, width, channels, pixels).unwrap();
        let seen = Preparation::digits(28, 28).bytes(&picture);
        prop_assert!(seen.iter().all(|value| *value == 0) || seen.contains(&255));
        for touching in page::lines(&picture, 28, 28).iter().flatten() {
            prop_assert!(touching.candidates.iter().any(|candidate| candidate.span == (0, touching.cuts + 1)));
        }
    }
}
