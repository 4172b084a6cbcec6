//! Files that are not what they seem: a clear error or a sensible answer, in bounded memory.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use inkgrad::model_file::Model;
use inkgrad::picture::{Fit, Picture, Preparation, page, png};

use crate::allocation::largest_allocation;

/// More than any picture may ask for at once.
const MOST: usize = 300 << 20;

fn error(bytes: &[u8]) -> String {
    let (result, largest) = largest_allocation(|| Picture::decode(Path::new("it"), bytes));
    assert!(largest < MOST, "{largest} bytes");
    let error = result.expect_err("this is no picture").to_string();
    assert!(error.starts_with("it: "), "{error}");
    error
}

/// A PNG whose header promises a size and whose pixels are zeros, packed.
fn packed_png(width: u32, height: u32, colour: u8, zeros: usize) -> Vec<u8> {
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    let block = vec![0; 1 << 20];
    for _ in 0..zeros >> 20 {
        data.write_all(&block).unwrap();
    }
    data.write_all(&block[..zeros % (1 << 20)]).unwrap();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, colour, 0, 0, 0]);
    for (kind, content) in [(b"IHDR", header), (b"IDAT", data.finish().unwrap()), (b"IEND", Vec::new())] {
        file.extend((content.len() as u32).to_be_bytes());
        let begin = file.len();
        file.extend(kind);
        file.extend(content);
        let mut crc = flate2::Crc::new();
        crc.update(&file[begin..]);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}

#[test]
fn what_is_no_picture_is_named() {
    assert!(error(b"").contains("empty"));
    assert!(error(b"hello, this is text").contains("PNG, JPEG, GIF, BMP, TIFF and WebP"));
    assert!(error(b"%PDF-1.7 ...").contains("a PDF"));
    assert!(error(&[0; 5000]).contains("not a picture"));
    let heic = error(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic....");
    assert!(heic.contains("HEIC") && heic.contains("heif-convert") && heic.contains("sips"), "{heic}");
    assert!(error(b"\0\0\0\x18ftypavif\0\0\0\0").contains("AVIF"));
    assert!(error(b"\0\0\0\x18ftypisom\0\0\0\0").contains("film"));
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for (width, height) in [(0, 5), (5, 0), (0, 0)] {
        error(&packed_png(width, height, 0, 10));
    }
    for (width, height) in
        [(60_000, 60_000), (u32::MAX, 1), (100_000, 2), (65_535, 65_535), (1 << 20, 1 << 20)]
    {
        assert!(error(&packed_png(width, height, 2, 100)).contains("Reduce it"), "{width} x {height}");
    }
}

/// A small file that unpacks to gigabytes.
#[test]
fn bombs_do_not_go_off() {
    let bomb = packed_png(30_000, 30_000, 0, 64 << 20);
    assert!(bomb.len() < 1 << 20);
    assert!(error(&bomb).contains("Reduce it"));
    // A size that is allowed, with more pixels behind it than it says.
    let (result, largest) =
        largest_allocation(|| Picture::decode(Path::new("it"), &packed_png(50, 50, 0, 64 << 20)));
    assert!(largest < 8 << 20, "{largest} bytes");
    assert!(result.is_err() || result.is_ok_and(|picture| picture.width() == 50));
    // A GIF whose screen is as large as it can be.
    let mut gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    gif.extend(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0;");
    error(&gif);
}

/// Far from square, all of one colour, a single pixel: something is always answered.
#[test]
fn odd_pictures_are_prepared_and_read() {
    let sizes = [(1, 1), (1, 60_000), (60_000, 1), (2, 3000), (28, 28), (3, 3), (1000, 700)];
    for (height, width) in sizes {
        for value in [0, 127, 255] {
            let picture = Picture::new(height, width, 1, vec![value; height * width]).unwrap();
            prepared(&picture);
            let mut spotted = picture.pixels().to_vec();
            spotted[height * width / 2] = 255 - value;
            prepared(&Picture::new(height, width, 1, spotted).unwrap());
        }
        let noise = (0..3 * height * width).map(|at| (at * 7919 % 251) as u8).collect();
        prepared(&Picture::new(height, width, 3, noise).unwrap());
    }
}

fn prepared(picture: &Picture) {
    let (_, largest) = largest_allocation(|| {
        assert_eq!(Preparation::digits(28, 28).bytes(picture).len(), 784);
        for fit in [Fit::Pad, Fit::Crop, Fit::Stretch] {
            assert_eq!(Preparation::fitted(32, 20, 3, fit).bytes(picture).len(), 3 * 640);
        }
        for touching in page::lines(picture, 28, 28).iter().flatten() {
            assert!(touching.candidates.iter().all(|candidate| candidate.image.len() == 784));
        }
    });
    assert!(largest < MOST, "{largest} bytes");
}

#[test]
fn a_blank_picture_is_blank() {
    let white = Picture::new(40, 30, 1, vec![250; 1200]).unwrap();
    assert_eq!(Preparation::digits(28, 28).bytes(&white), [0; 784]);
}

/// An extension says nothing: the bytes do.
#[test]
fn files_are_told_by_their_bytes() {
    let file = png(&[9, 200, 9, 9, 200, 9], 2, 3, 1).unwrap();
    let picture = Picture::decode(Path::new("photo.jpg"), &file).unwrap();
    assert_eq!((picture.height(), picture.width(), picture.channels()), (2, 3, 1));
    assert_eq!(picture.pixels(), [9, 200, 9, 9, 200, 9]);
}

#[test]
fn the_built_in_networks_are_what_they_should_be() {
    let digits = (Model::built_in().unwrap(), "digits", 10);
    let reader = (Model::built_in_reader().unwrap(), "reader", 11);
    for (model, name, classes) in [digits, reader] {
        assert_eq!(model.preparation(), Preparation::digits(28, 28));
        assert_eq!((model.network.task.classes, model.network.task.channels), (classes, 1));
        // Their files hold float16; written again they are the same.
        let path = format!("{}/data/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        let again = model.to_bytes_in(inkgrad::model_file::Precision::Float16).unwrap();
        assert!(again == std::fs::read(path).unwrap(), "{name}");
        assert!(again.len() < 1_500_000);
    }
}
