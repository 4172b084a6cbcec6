//! Each kind of bad file gets an error that names the file and what is wrong with it.

use inkgrad::data::idx::Source;
use inkgrad::data::{DataSet, Part};

use crate::allocation::largest_allocation;
use crate::{assert_says, gzip, header, image_file, label_file};

/// The error of reading `bytes` as images, raw and gzipped, must say each of `words`.
#[track_caller]
fn images_say(bytes: &[u8], words: &[&str]) {
    for bytes in [bytes, &gzip(bytes)] {
        let (result, largest) = largest_allocation(|| Source::bytes("some-images", bytes).images());
        assert_says(result, &[&["some-images"], words].concat());
        assert!(largest < 1 << 20, "{largest} bytes for a file of {}", bytes.len());
    }
}

#[track_caller]
fn labels_say(bytes: &[u8], words: &[&str]) {
    for bytes in [bytes, &gzip(bytes)] {
        assert_says(Source::bytes("some-labels", bytes).labels(), &[&["some-labels"], words].concat());
    }
}

#[test]
fn wrong_magic() {
    images_say(&label_file(&[1, 2, 3]), &["this is a label file (magic 0x801)", "image file (magic 0x803)"]);
    labels_say(&image_file(1, 2, 2), &["this is an image file (magic 0x803)", "label file (magic 0x801)"]);
    images_say(&header(0xd03, &[1, 1, 1]), &["an IDX file of 32-bit floats in dimensions of [1, 1, 1]"]);
    images_say(&header(0x802, &[3, 4]), &["bytes in dimensions of [3, 4]", "channels"]);
    images_say(&header(0x12345678, &[1]), &["no IDX file (magic 0x12345678)"]);
    images_say(&0x803u32.to_le_bytes(), &["little-endian"]);
    images_say(b"<!DOCTYPE html><html>", &["a web page"]);
    images_say(b"\xef\xbb\xbf\n{\"message\": \"Not Found\"}", &["JSON text"]);
    images_say(b"version https://git-lfs.github.com/spec/v1\n", &["git lfs pull"]);
    images_say(b"404: Not Found", &["text (404: Not Found)"]);
    images_say(b"PK\x03\x04", &["a zip archive"]);
    labels_say(&header(0xd01, &[1]), &["32-bit floats"]);
    labels_say(&header(0x802, &[1, 0]), &["0 columns"]);
    labels_say(&[&header(0x802, &[2, 3])[..], &[0, 1, 0, 1, 1, 0]].concat(), &["row 1", "one-hot"]);
    labels_say(&[&header(0xc01, &[1])[..], &300u32.to_be_bytes()].concat(), &["label 0", "300"]);
    assert_says(Source::bytes("twice", &gzip(&gzip(&[0; 9]))).images(), &["twice: ", "gzipped twice"]);
}

#[test]
fn short_header() {
    for length in 0..4 {
        labels_say(&label_file(&[1])[..length], &["header", "8 bytes expected", &format!("{length} found")]);
    }
    images_say(&image_file(1, 1, 1)[..15], &["header", "16 bytes expected", "15 found"]);
}

#[test]
fn body_of_another_length() {
    let mut images = image_file(3, 2, 2);
    images_say(&images[..27], &["3 images of 2x2", "12 bytes expected", "11 found"]);
    images_say(&images[..16], &["12 bytes expected", "0 found"]);
    images.push(0);
    assert_says(Source::bytes("f", &images).images(), &["12 bytes expected", "13 found"]);
    assert_says(Source::bytes("f", &gzip(&images)).images(), &["goes on after the 3 images of 2x2", "12"]);
    labels_say(&label_file(&[1, 2, 3])[..9], &["3 labels", "3 bytes expected", "1 found"]);
}

#[test]
fn nothing_inside() {
    images_say(&header(0x803, &[0, 28, 28]), &["no images"]);
    labels_say(&header(0x801, &[0]), &["no labels"]);
    for (height, width) in [(0, 28), (28, 0), (4097, 1), (1, u32::MAX)] {
        images_say(&header(0x803, &[1, height, width]), &[&format!("{height}x{width}"), "1..=4096"]);
    }
}

#[test]
fn a_header_that_claims_billions() {
    images_say(&header(0x803, &[u32::MAX, 4096, 4096]), &["promises 4294967295 images", "not read"]);
    // within the limit, but more than the file can hold
    let claim = header(0x803, &[1 << 20, 64, 64]);
    assert_says(Source::bytes("f", &claim).images(), &["4294967296 bytes expected", "0 found"]);
    assert_says(Source::bytes("f", &gzip(&claim)).images(), &["4294967296", "compressed bytes can hold"]);
    labels_say(&header(0x801, &[u32::MAX]), &["4294967295"]);
}

#[test]
fn memory_follows_the_gzip_stream_and_not_the_header() {
    // 200 MB claimed, which a stream of this length could hold; but its bytes do not shrink and then end
    let mut file = header(0x803, &[50_000, 64, 64]);
    let mut state = 1u32;
    file.extend((0..1 << 18).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    let packed = gzip(&file);
    let (result, largest) = largest_allocation(|| Source::bytes("f", &packed).images());
    assert_says(result, &["204800000 bytes expected", "262144 found"]);
    assert!(largest <= packed.len() * 16, "{largest} bytes for a file of {}", packed.len());
}

#[test]
fn a_gzip_bomb_stops_at_the_headers_promise() {
    let mut file = image_file(2, 3, 3);
    file.resize(64 << 20, 0);
    let packed = gzip(&file);
    let (result, largest) = largest_allocation(|| Source::bytes("bomb", &packed).images());
    assert_says(result, &["bomb", "goes on after the 2 images of 3x3"]);
    assert!(largest < 1 << 20, "{largest}");
}

#[test]
fn a_broken_gzip_stream() {
    let whole = gzip(&image_file(30, 9, 9));
    for length in 2..whole.len() {
        assert_says(Source::bytes("cut", &whole[..length]).images(), &["cut: its gzip stream", "Fetch"]);
    }
    // the last eight bytes are the checksum and the length
    for at in whole.len() - 8..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        assert_says(Source::bytes("crc", &broken).images(), &["crc: its gzip stream is broken", "Fetch"]);
    }
    let mut garbage = whole.clone();
    garbage[10..].fill(0xff);
    assert_says(Source::bytes("garbage", &garbage).images(), &["garbage: its gzip stream"]);
    let trailing = [&whole[..], b"and more"].concat();
    assert_says(Source::bytes("trailing", &trailing).images(), &["trailing: its gzip stream is followed by"]);
    let after_zeros = [&whole[..], &[0, 0, 7]].concat();
    assert_says(Source::bytes("f", &after_zeros).images(), &["followed by other data"]);
    let (result, largest) = largest_allocation(|| {
        let padded = [&whole[..], &vec![0; 1 << 17]].concat();
        Source::bytes("padded", &padded).images()
    });
    assert_eq!(result.unwrap().pixels, image_file(30, 9, 9)[16..]);
    assert!(largest < 1 << 19, "{largest}");
    // several members, as some packers write them, are one file all the same
    let file = image_file(2, 2, 2);
    let members = [gzip(&file[..19]), gzip(&file[19..])].concat();
    assert_eq!(Source::bytes("f", &members).images().unwrap().pixels, file[16..]);
    let padded = [&members[..], &[0; 512]].concat();
    assert_eq!(Source::bytes("f", &padded).images().unwrap().pixels, file[16..]);
}

/// What is no MNIST to the letter, but means something.
#[test]
fn other_dimensions_and_types() {
    let pixels: Vec<u8> = (0..24).collect();
    let images = |sizes: &[u32]| {
        let magic = 0x800 + sizes.len() as u32;
        let file = [header(magic, sizes), pixels.clone()].concat();
        Source::bytes("f", &file).images().unwrap()
    };
    for sizes in [&[2, 3, 4][..], &[2, 3, 4, 1], &[2, 1, 3, 4]] {
        let images = images(sizes);
        assert_eq!((images.count, images.height, images.width, images.channels), (2, 3, 4, 1));
        assert_eq!(images.pixels, pixels);
    }
    let together = images(&[2, 2, 2, 3]);
    assert_eq!((together.height, together.width, together.channels), (2, 2, 3));
    assert_eq!(together.pixels[..12], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    assert_eq!(images(&[2, 3, 2, 2]).pixels, pixels);

    let labels = |magic, sizes: &[u32], body: &[u8]| {
        Source::bytes("f", &[header(magic, sizes), body.to_vec()].concat()).labels().unwrap()
    };
    assert_eq!(labels(0x901, &[2], &[5, 0]), [5, 0]);
    assert_eq!(labels(0xb01, &[2], &[0, 5, 0, 200]), [5, 200]);
    assert_eq!(labels(0xc01, &[1], &[0, 0, 0, 9]), [9]);
    assert_eq!(labels(0x802, &[2, 3], &[0, 0, 1, 1, 0, 0]), [2, 0]);
    assert_eq!(labels(0x802, &[2, 1], &[4, 7]), [4, 7]);
}

#[test]
fn what_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_says(Source::file(dir.path()).images(), &[dir.path().to_str().unwrap(), "not a file"]);
    assert_says(Source::file(dir.path().join("absent")).labels(), &["absent: "]);
}

#[test]
fn counts_that_disagree() {
    let result = Part::from_idx_bytes("train", &image_file(3, 2, 2), &label_file(&[0, 1]));
    assert_says(result, &["train-images-idx3-ubyte: ", "3 images", "train-labels-idx1-ubyte holds 2 labels"]);
}

#[test]
fn halves_that_do_not_belong_together() {
    let images = image_file(3, 2, 2);
    let labels = label_file(&[0, 1, 2]);
    let set = |test_images: &[u8], test_labels: &[u8]| {
        DataSet::from_idx_bytes(&images, &labels, test_images, test_labels)
    };
    assert_says(
        set(&images, &label_file(&[0, 3, 2])),
        &["t10k-labels-idx1-ubyte: label 1", "is 3", "3 classes"],
    );
    assert_says(set(&image_file(3, 2, 3), &labels), &["t10k-images-idx3-ubyte: ", "2x3", "2x2 are needed"]);
    assert_says(set(&labels, &images), &["t10k-labels-idx1-ubyte: this is an image file"]);
}
