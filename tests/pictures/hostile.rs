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

/// A TIFF, little-endian: its fields (tag, kind, count, value) and what lies behind them.
fn tiff(fields: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((fields.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in fields {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file.extend(data);
    file
}

/// A TIFF of one strip, grey or red, green, blue.
fn strip_tiff(width: u32, height: u32, samples: u32, compression: u32, data: &[u8]) -> Vec<u8> {
    let photometric = if samples == 1 { 1 } else { 2 };
    let begin = 8 + 2 + 12 * 9 + 4;
    // One value for the bits of all samples is allowed.
    let fields = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, photometric),
        (273, 4, 1, begin),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, data.len() as u32),
    ];
    tiff(&fields, data)
}

/// A JPEG without pixels whose header promises a size.
fn jpeg_header(width: u16, height: u16) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\0\x0b\x08");
    file.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    file.extend(b"\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\0\0\xff\xd9");
    file
}

/// Chunks in a RIFF file: each has a kind, the length that it claims, and its content.
fn webp(chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
    let mut file = b"RIFF\0\x10\0\0WEBP".to_vec();
    for (kind, length, content) in chunks {
        file.extend([&kind[..], &length.to_le_bytes(), content].concat());
    }
    file
}

/// Small files that claim something large, each in a way that its decoder would believe.
#[test]
fn claims_are_not_believed() {
    let few = 40 << 20;
    let mut wrong = Vec::new();
    let mut check = |what: &str, file: &[u8], words: &str| {
        let (result, largest) = largest_allocation(|| Picture::decode(Path::new("it"), file));
        let error = result.map_or_else(|error| error.to_string(), |_| "decoded".into());
        if largest > few || !error.contains(words) {
            wrong.push(format!("{what}: {largest} bytes; {error}"));
        }
    };

    // The decoder makes room for all values of a field before it reads the first.
    let long = tiff(&[(256, 3, 1, 10), (257, 3, 4_000_000, 200)], &[]);
    check("a long field", &long, "field 257 claims");
    // It makes room for a row of a tile where it leaves samples out of it.
    let begin = 8 + 2 + 12 * 10 + 4;
    let wide = [
        (256, 4, 1, 10),
        (257, 4, 1, 10),
        (258, 3, 1, 8),
        (262, 3, 1, 2),
        (277, 3, 1, 4),
        (322, 4, 1, 1 << 27),
        (323, 4, 1, 16),
        (324, 4, 1, begin),
        (325, 4, 1, 100),
        (338, 3, 1, 0),
    ];
    check("a wide tile", &tiff(&wide, &[0; 100]), "rows of 134217728 pixels");
    // A strip in JPEG that is larger than the picture, behind bytes that belong to nothing.
    let strip = [&b"\xff\xd8\0\x01\x02"[..], &jpeg_header(16_000, 16_000)[2..]].concat();
    for strip in [&strip[..], &jpeg_header(16_000, 16_000)] {
        check("a large strip", &strip_tiff(10, 10, 1, 7, strip), "a JPEG picture inside is larger");
    }
    // A frame that is larger than the picture, alone and in an animation.
    let header = |flags: u8| [flags, 0, 0, 0, 9, 0, 0, 9, 0, 0];
    let frame = b"\x10\x02\0\x9d\x01\x2a\xff\x3f\xff\x3f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let alone = webp(&[(b"VP8X", 10, &header(0)), (b"VP8 ", 26, frame)]);
    check("a large frame", &alone, "a frame inside is larger");
    let moving = [&[0, 0, 0, 0, 0, 0, 9, 0, 0, 9, 0, 0, 0, 0, 0, 0], &b"VP8 \x1a\0\0\0"[..], frame].concat();
    let moving =
        webp(&[(b"VP8X", 10, &header(2)), (b"ANIM", 6, &[0; 6]), (b"ANMF", moving.len() as u32, &moving)]);
    check("a large frame of an animation", &moving, "a frame inside is larger");
    // EXIF data of two gigabytes, of which four bytes are there.
    let pixels = b"\x2f\x09\x40\x02\0\0\0\0";
    let exif = webp(&[(b"VP8X", 10, &header(8)), (b"VP8L", 8, pixels), (b"EXIF", 1 << 31, b"II*\0")]);
    check("EXIF data", &exif, "damaged");
    // A GIF of one pixel with a frame of 60 million.
    let mut gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    gif.extend(b",\0\0\0\0\0\x20\0\x1d\0\x02\x02\x4c\x01\0;");
    check("a large frame of a GIF", &gif, "too large");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A colour profile that unpacks to 200 MB.
#[test]
fn packed_metadata_are_bounded() {
    let mut profile = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::fast());
    let block = vec![0; 1 << 20];
    for _ in 0..200 {
        profile.write_all(&block).unwrap();
    }
    let profile = profile.finish().unwrap();
    let mut file = packed_png(20, 20, 0, 20 * 21);
    let mut chunk = (profile.len() as u32).to_be_bytes().to_vec();
    chunk.extend([b"iCCP", &profile[..]].concat());
    let mut crc = flate2::Crc::new();
    crc.update(&chunk[4..]);
    chunk.extend(crc.sum().to_be_bytes());
    // Behind the header: 8 bytes of signature, 25 of the chunk.
    file.splice(33..33, chunk);
    let (result, largest) = largest_allocation(|| Picture::decode(Path::new("it"), &file));
    assert!(largest < 40 << 20, "{largest} bytes");
    // What the profile says is not used.
    assert_eq!(result.unwrap().pixels(), [0; 400]);
}

/// As large as pictures may be, in one piece.
#[test]
fn a_large_strip_is_decoded() {
    let side = 7_000;
    let pixels: Vec<u8> = (0..3 * side * side).map(|at| (at % 251) as u8).collect();
    let file = strip_tiff(side as u32, side as u32, 3, 1, &pixels);
    let picture = Picture::decode(Path::new("it"), &file).unwrap();
    assert_eq!((picture.height(), picture.width(), picture.channels()), (side, side, 3));
    assert!(picture.pixels() == pixels);
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
