//! Good data sets in every format: the same images, whatever they come in.

use std::fs;
use std::io::Write;
use std::path::Path;

use inkgrad::data::{DataSet, Options, Part};
use zip::write::SimpleFileOptions;

use crate::{assert_says, gzip};

/// Twenty images of 4 x 4 pixels, in the classes 0, 1 and 2.
pub fn images(seed: u8) -> Vec<(u8, Vec<u8>)> {
    let pixel = |at: u8, place: u8| at.wrapping_mul(31).wrapping_add(place * 17).wrapping_add(seed);
    (0..20).map(|at| (at % 3, (0..16).map(|place| pixel(at, place)).collect())).collect()
}

pub fn png(pixels: &[u8], height: u32, width: u32) -> Vec<u8> {
    let kind = match pixels.len() as u32 / (height * width) {
        1 => image::ExtendedColorType::L8,
        3 => image::ExtendedColorType::Rgb8,
        _ => image::ExtendedColorType::Rgba8,
    };
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(encoder, pixels, width, height, kind).unwrap();
    bytes
}

/// An array as `numpy.save` writes it.
pub fn npy(kind: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), body].concat()
}

pub fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The files of a data set of folders.
pub fn folders(parts: &[(&str, u8)], classes: [&str; 3]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (part, seed) in parts {
        for (at, (label, pixels)) in images(*seed).into_iter().enumerate() {
            let slash = if part.is_empty() { "" } else { "/" };
            let name = format!("{part}{slash}{}/{at:02}.png", classes[usize::from(label)]);
            files.push((name, png(&pixels, 4, 4)));
        }
    }
    files
}

pub fn save(dir: &Path, files: &[(String, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Labels and pixels in an order of their own.
pub fn content(splits: &[&inkgrad::data::Split]) -> Vec<(u8, Vec<u8>)> {
    let all = splits
        .iter()
        .flat_map(|split| (0..split.len()).map(|at| (split.label(at), split.image(at).to_vec())));
    let mut content: Vec<_> = all.collect();
    content.sort();
    content
}

/// The set holds the images of seed 1 for training and those of seed 2 for tests.
#[track_caller]
pub fn is_the_set(set: &DataSet) {
    assert_eq!((set.shape(), set.classes), ([1, 4, 4], 3));
    let sorted = |seed| {
        let mut images = images(seed);
        images.sort();
        images
    };
    assert_eq!(content(&[&set.train, &set.validation]), sorted(1));
    assert_eq!(content(&[&set.test]), sorted(2));
}

pub fn labels(seed: u8) -> Vec<u8> {
    images(seed).into_iter().map(|(label, _)| label).collect()
}

pub fn pixels(seed: u8) -> Vec<u8> {
    images(seed).into_iter().flat_map(|(_, pixels)| pixels).collect()
}

#[test]
fn folders_with_and_without_parts() {
    for (train, test) in
        [("train", "test"), ("training", "testing"), ("Train", "TEST"), ("mnist/train", "mnist/test")]
    {
        let dir = tempfile::tempdir().unwrap();
        let classes = ["apple", "bird", "cat"];
        save(dir.path(), &folders(&[(train, 1), (test, 2)], classes));
        fs::write(dir.path().join("README.txt"), "words").unwrap();
        let set = DataSet::open(dir.path()).unwrap();
        is_the_set(&set);
        assert_eq!(set.class_names, classes);
        assert!(set.test_split.is_none() && set.preparation.is_some());
        assert_eq!(content(&[&Part::open_test(dir.path()).unwrap().examples]), content(&[&set.test]));
    }
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &folders(&[("train", 1), ("val", 3), ("test", 2)], ["10", "9", "100"]));
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!(set.class_names, ["9", "10", "100"]);
    assert_eq!((set.train.len(), set.validation.len(), set.test.len()), (20, 20, 20));
    assert_eq!(set.validation_seed, None);
}

#[test]
fn a_part_for_tests_is_chosen_by_seed_and_class() {
    let dir = tempfile::tempdir().unwrap();
    let all = folders(&[("a", 1), ("b", 2), ("c", 3)], ["x", "y", "z"]);
    // three classes of 60 pictures in all
    save(dir.path(), &all);
    let read = |split_seed, test_share| {
        DataSet::read(dir.path(), &Options { split_seed, test_share, ..Options::default() }).unwrap()
    };
    let set = read(0, 0.15);
    assert_eq!((set.test.len(), set.train.len() + set.validation.len()), (9, 51));
    assert!((0..3).all(|class| set.test.labels().iter().filter(|label| **label == class).count() == 3));
    assert_eq!(content(&[&set.test]), content(&[&read(0, 0.15).test]));
    assert_ne!(content(&[&set.test]), content(&[&read(1, 0.15).test]));
    assert_eq!(read(0, 0.5).test.len(), 30);
    let alone = Part::read_test(dir.path(), &Options::default()).unwrap();
    assert_eq!(alone.examples.images(), set.test.images());
    assert_eq!(set.test_split.unwrap().test_share, 0.15);
    assert!(
        set.notes.iter().any(|note| note.contains("9 of its 60 images are kept for tests")),
        "{:?}",
        set.notes
    );
}

#[test]
fn tables_in_every_dialect() {
    let row = |(label, pixels): (u8, Vec<u8>), order: &str, separator: &str| {
        let mut fields: Vec<String> = pixels.iter().map(u8::to_string).collect();
        match order {
            "first" => fields.insert(0, label.to_string()),
            "last" => fields.push(label.to_string()),
            "words" => fields.insert(0, ["ant", "bee", "cow"][usize::from(label)].into()),
            _ => {}
        }
        fields.join(separator) + "\n"
    };
    let head = |order: &str, separator: &str| {
        let mut fields: Vec<String> = (0..16).map(|at| format!("pixel{at}")).collect();
        match order {
            "last" => fields.push("Label".into()),
            _ => fields.insert(0, "label".into()),
        }
        fields.join(separator) + "\n"
    };
    for order in ["first", "last", "words"] {
        for has_head in [true, false] {
            for separator in [",", ";", "\t"] {
                for packed in [false, true] {
                    let dir = tempfile::tempdir().unwrap();
                    for (name, seed) in [("mnist_train.csv", 1), ("mnist_test.csv", 2)] {
                        let mut text = if has_head { head(order, separator) } else { String::new() };
                        images(seed).into_iter().for_each(|image| text += &row(image, order, separator));
                        match packed {
                            true => fs::write(dir.path().join(format!("{name}.gz")), gzip(text.as_bytes())),
                            false => fs::write(dir.path().join(name), text.replace('\n', "\r\n")),
                        }
                        .unwrap();
                    }
                    let set = DataSet::open(dir.path()).unwrap();
                    is_the_set(&set);
                    let names: &[&str] = if order == "words" { &["ant", "bee", "cow"] } else { &[] };
                    assert_eq!(set.class_names, names);
                }
            }
        }
    }
    // Kaggle's: the test table has no labels
    let dir = tempfile::tempdir().unwrap();
    let text: String = images(1).into_iter().map(|image| row(image, "first", ",")).collect();
    fs::write(dir.path().join("train.csv"), head("first", ",") + &text).unwrap();
    let without = head("first", ",").replace("label,", "")
        + &images(2).into_iter().map(|image| row(image, "", ",")).collect::<String>();
    fs::write(dir.path().join("test.csv"), without).unwrap();
    fs::write(dir.path().join("sample_submission.csv"), "ImageId,Label\n1,0\n").unwrap();
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!((set.test.len(), set.train.len() + set.validation.len()), (3, 17));
    assert!(set.notes.iter().any(|note| note.contains("test.csv has no labels")), "{:?}", set.notes);
    for path in [dir.path().to_owned(), dir.path().join("test.csv")] {
        let part = Part::read_unlabelled(&path, &Options::default()).unwrap();
        assert_eq!(part.examples.images(), pixels(2));
    }
    // a table alone
    assert_eq!(DataSet::open(&dir.path().join("train.csv")).unwrap().test.len(), 3);
}

#[test]
fn arrays_of_numpy() {
    let bytes = |seed| npy("|u1", "20, 4, 4", &pixels(seed));
    let doubles = |seed| {
        let body: Vec<u8> =
            pixels(seed).iter().flat_map(|pixel| (f64::from(*pixel) / 255.0).to_le_bytes()).collect();
        npy("<f8", "20, 4, 4, 1", &body)
    };
    let longs = |seed| {
        npy(
            "<i8",
            "20,",
            &labels(seed).iter().flat_map(|label| i64::from(*label).to_le_bytes()).collect::<Vec<_>>(),
        )
    };
    let one_hot = |seed| {
        let body: Vec<u8> = labels(seed)
            .iter()
            .flat_map(|label| (0..3).map(move |class| u8::from(class == *label)))
            .collect();
        npy("|b1", "20, 3", &body)
    };
    let column = |seed| npy("|u1", "20, 1", &labels(seed));
    let dir = tempfile::tempdir().unwrap();
    let archive =
        |name: &str, files: &[(&str, Vec<u8>)]| fs::write(dir.path().join(name), zipped(files)).unwrap();
    // Keras' and MedMNIST's
    archive(
        "mnist.npz",
        &[
            ("x_train.npy", bytes(1)),
            ("y_train.npy", longs(1)),
            ("x_test.npy", bytes(2)),
            ("y_test.npy", longs(2)),
        ],
    );
    is_the_set(&DataSet::open(&dir.path().join("mnist.npz")).unwrap());
    is_the_set(&DataSet::open(dir.path()).unwrap());
    archive(
        "med.npz",
        &[
            ("train_images.npy", doubles(1)),
            ("train_labels.npy", column(1)),
            ("val_images.npy", bytes(3)),
            ("val_labels.npy", column(3)),
            ("test_images.npy", bytes(2)),
            ("test_labels.npy", one_hot(2)),
        ],
    );
    let set = DataSet::open(&dir.path().join("med.npz")).unwrap();
    assert_eq!((set.validation.len(), set.validation_seed), (20, None));
    assert_eq!(
        content(&[&set.train]),
        content(&[&Part::open_train(&dir.path().join("mnist.npz")).unwrap().examples])
    );
    assert_says(DataSet::open(dir.path()), &["several arrays for the same purpose", "med.npz", "mnist.npz"]);
    // KMNIST's four archives of one array each, and plain files
    let dir = tempfile::tempdir().unwrap();
    for (half, seed) in [("train", 1), ("test", 2)] {
        fs::write(dir.path().join(format!("kmnist-{half}-imgs.npz")), zipped(&[("arr_0.npy", bytes(seed))]))
            .unwrap();
        fs::write(
            dir.path().join(format!("kmnist-{half}-labels.npz")),
            zipped(&[("arr_0.npy", column(seed))]),
        )
        .unwrap();
    }
    is_the_set(&DataSet::open(dir.path()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    for (half, seed) in [("train", 1), ("test", 2)] {
        fs::write(dir.path().join(format!("X_{half}.npy")), bytes(seed)).unwrap();
        fs::write(dir.path().join(format!("y_{half}.npy")), longs(seed)).unwrap();
    }
    is_the_set(&DataSet::open(dir.path()).unwrap());
    // halves that are not named are one
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("images.npy"), bytes(1)).unwrap();
    fs::write(dir.path().join("labels.npy"), longs(1)).unwrap();
    assert_eq!(DataSet::open(dir.path()).unwrap().test.len(), 3);
}

#[test]
fn files_of_cifar() {
    let record = |class: &[u8], at: u8| {
        [class, &(0..3072u32).map(|place| (place as u8).wrapping_add(at)).collect::<Vec<_>>()].concat()
    };
    let dir = tempfile::tempdir().unwrap();
    let ten = dir.path().join("cifar-10-batches-bin");
    fs::create_dir(&ten).unwrap();
    for (name, first) in [("data_batch_1.bin", 0), ("data_batch_2.bin", 5), ("test_batch.bin", 9)] {
        fs::write(
            ten.join(name),
            (first..first + 5).flat_map(|at| record(&[at % 3], at)).collect::<Vec<_>>(),
        )
        .unwrap();
    }
    fs::write(ten.join("batches.meta.txt"), "airplane\nbird\ncat\n\n").unwrap();
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!((set.shape(), set.train.len(), set.test.len()), ([3, 32, 32], 10, 5));
    assert_eq!(set.class_names, ["airplane", "bird", "cat"]);
    assert_eq!((set.train.label(6), set.train.image(6)[..3].to_vec()), (0, vec![6, 7, 8]));
    let hundred = tempfile::tempdir().unwrap();
    for (name, count) in [("train.bin", 4), ("test.bin", 2)] {
        fs::write(
            hundred.path().join(name),
            (0..count).flat_map(|at| record(&[77, at], at)).collect::<Vec<_>>(),
        )
        .unwrap();
    }
    let set = DataSet::open(hundred.path()).unwrap();
    assert_eq!((set.train.labels(), set.test.labels()), (&[0, 1, 2, 3][..], &[0, 1][..]));
    fs::write(hundred.path().join("test.bin"), [0; 3073]).unwrap();
    assert_says(DataSet::open(hundred.path()), &["test.bin", "whole records of 3074 bytes"]);
}

#[test]
fn a_zip_archive_of_any_of_these() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("set.zip");
    let pack = |files: &[(String, Vec<u8>)]| {
        let files: Vec<(&str, Vec<u8>)> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        fs::write(&path, zipped(&files)).unwrap();
    };
    let mut files = folders(&[("set/train", 1), ("set/test", 2)], ["a", "b", "c"]);
    files.push(("__MACOSX/set/train/a/._00.png".into(), vec![0; 9]));
    pack(&files);
    is_the_set(&DataSet::open(&path).unwrap());
    // and in a directory by itself
    is_the_set(&DataSet::open(dir.path()).unwrap());
    let idx = |half: &str, seed: u8| {
        let images = [crate::header(0x803, &[20, 4, 4]), pixels(seed)].concat();
        [
            (format!("raw/{half}-images-idx3-ubyte.gz"), gzip(&images)),
            (format!("raw/{half}-labels-idx1-ubyte"), crate::label_file(&labels(seed))),
        ]
    };
    pack(&[idx("train", 1), idx("t10k", 2)].concat());
    is_the_set(&DataSet::open(&path).unwrap());
    let array = |seed| npy("|u1", "20, 4, 4", &pixels(seed));
    let npz = zipped(&[
        ("x_train.npy", array(1)),
        ("y_train.npy", npy("|u1", "20,", &labels(1))),
        ("x_test.npy", array(2)),
        ("y_test.npy", npy("|u1", "20,", &labels(2))),
    ]);
    pack(&[("set.npz".into(), npz)]);
    is_the_set(&DataSet::open(&path).unwrap());
}
