//! Data sets in a directory, under the names in which they come.

use std::fs;
use std::path::Path;

use inkgrad::Error;
use inkgrad::data::{DataSet, Part};

use crate::{assert_says, gzip, image_file, label_file};

/// Writes both files of one half: images of `side` x `side` pixels, so that a test can tell sets apart.
fn write(dir: &Path, images: &str, labels: &str, side: u32) {
    let pack = |name: &str, bytes: Vec<u8>| match name.ends_with(".gz") {
        true => gzip(&bytes),
        false => bytes,
    };
    fs::write(dir.join(images), pack(images, image_file(4, side, side))).unwrap();
    fs::write(dir.join(labels), pack(labels, label_file(&[0, 1, 2, 1]))).unwrap();
}

#[test]
fn all_the_usual_names() {
    for separator in ["-", "."] {
        for packed in ["", ".gz"] {
            for test in ["t10k", "test"] {
                for prefix in ["", "emnist-balanced-"] {
                    let dir = tempfile::tempdir().unwrap();
                    for half in ["train", test] {
                        let images = format!("{prefix}{half}-images{separator}idx3-ubyte{packed}");
                        let labels = format!("{prefix}{half}-labels{separator}idx1-ubyte{packed}");
                        write(dir.path(), &images, &labels, 2);
                    }
                    let set = DataSet::open(dir.path()).unwrap();
                    assert_eq!((set.train.len(), set.test.len(), set.classes), (4, 4, 3));
                    assert_eq!(Part::open_test(dir.path()).unwrap().examples.len(), 4);
                }
            }
        }
    }
}

/// Writes both files of a half under these prefixes and stems.
fn halves(dir: &Path, names: &[&str], side: u32) {
    for name in names {
        write(dir, &format!("{name}-images-idx3-ubyte"), &format!("{name}-labels-idx1-ubyte"), side);
    }
}

#[test]
fn halves_are_of_one_family() {
    let dir = tempfile::tempdir().unwrap();
    halves(dir.path(), &["fashion-train", "kmnist-t10k"], 2);
    let words = ["of different data sets", "fashion-train-images", "kmnist-t10k-images", "--data "];
    assert_says(DataSet::open(dir.path()), &words);
    assert_says(Part::open_test(dir.path()), &words);
    // an image file chooses
    let chosen = dir.path().join("kmnist-t10k-images-idx3-ubyte");
    assert_eq!(Part::open_test(&chosen).unwrap().height, 2);
    assert_says(Part::open_train(&chosen), &["no training images", "kmnist-train-images-idx3-ubyte"]);
    // the only family with both halves is the one
    halves(dir.path(), &["train", "t10k"], 3);
    assert_eq!(DataSet::open(dir.path()).unwrap().height, 3);
    // of two whole families none
    halves(dir.path(), &["emnist-digits-train", "emnist-digits-test"], 2);
    assert_says(
        DataSet::open(dir.path()),
        &["several data sets", "emnist-digits-test-images", "t10k-images"],
    );
    assert_eq!(DataSet::open(&dir.path().join("train-labels-idx1-ubyte")).unwrap().height, 3);
    assert_eq!(DataSet::open(&dir.path().join("emnist-digits-test-images-idx3-ubyte")).unwrap().height, 2);
}

#[test]
fn two_test_halves_are_ambiguous() {
    let dir = tempfile::tempdir().unwrap();
    halves(dir.path(), &["train", "t10k", "test"], 2);
    assert_says(DataSet::open(dir.path()), &["several sets of test images", "t10k-images", "test-images"]);
}

#[test]
fn companions_of_files_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let set = "emnist-digits";
    for half in ["train", "test"] {
        halves(dir.path(), &[&format!("{set}-{half}"), &format!("._{set}-{half}")], 2);
    }
    assert_eq!(DataSet::open(dir.path()).unwrap().train.len(), 4);
}

#[test]
fn files_may_lie_below() {
    let dir = tempfile::tempdir().unwrap();
    let raw = dir.path().join("MNIST").join("raw");
    fs::create_dir_all(&raw).unwrap();
    halves(&raw, &["train", "t10k"], 2);
    let set = DataSet::open(dir.path()).unwrap();
    assert!(set.notes.iter().any(|note| note.contains("MNIST")), "{:?}", set.notes);
    let other = dir.path().join("FashionMNIST").join("raw");
    fs::create_dir_all(&other).unwrap();
    halves(&other, &["train", "t10k"], 2);
    assert_says(DataSet::open(dir.path()), &["several data sets lie below", "MNIST", "FashionMNIST"]);
}

/// A row a label: class, writer, and six numbers more.
#[test]
fn labels_of_qmnist() {
    let dir = tempfile::tempdir().unwrap();
    for half in ["train", "test"] {
        fs::write(dir.path().join(format!("qmnist-{half}-images-idx3-ubyte")), image_file(4, 2, 2)).unwrap();
        let mut labels = crate::header(0xc02, &[4, 8]);
        for class in [3u32, 0, 7, 3] {
            labels.extend([class, 4, 99, 1000, 9, 8, 0, 0].map(u32::to_be_bytes).concat());
        }
        fs::write(dir.path().join(format!("qmnist-{half}-labels-idx2-int.gz")), gzip(&labels)).unwrap();
    }
    assert_eq!(DataSet::open(dir.path()).unwrap().test.labels(), [3, 0, 7, 3]);
}

#[test]
fn names_of_classes_beside_the_files() {
    let dir = tempfile::tempdir().unwrap();
    halves(dir.path(), &["train", "t10k"], 2);
    fs::write(dir.path().join("class-names.txt"), "cat\ndog\nlark\n").unwrap();
    assert_eq!(DataSet::open(dir.path()).unwrap().class_names, ["cat", "dog", "lark"]);
}

#[test]
fn content_and_not_the_name_tells_what_is_packed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("t10k-images-idx3-ubyte"), gzip(&image_file(2, 3, 3))).unwrap();
    fs::write(dir.path().join("t10k-labels-idx1-ubyte.gz"), label_file(&[0, 1])).unwrap();
    assert_eq!(Part::open_test(dir.path()).unwrap().examples.len(), 2);
}

#[test]
fn several_sets_are_ambiguous() {
    let dir = tempfile::tempdir().unwrap();
    for set in ["emnist-balanced", "emnist-letters"] {
        let [images, labels] = ["images-idx3", "labels-idx1"].map(|kind| format!("{set}-train-{kind}-ubyte"));
        write(dir.path(), &images, &labels, 2);
    }
    let words = ["several data sets", "emnist-balanced-train", "emnist-letters-train"];
    assert_says(Part::open_train(dir.path()), &words);
}

#[test]
fn missing_files_list_the_names_tried() {
    let dir = tempfile::tempdir().unwrap();
    let result = DataSet::open(dir.path());
    assert!(matches!(result, Err(Error::MissingFile { .. })));
    assert_says(result, &["training images", "train-images-idx3-ubyte, ", "train-images.idx3-ubyte.gz"]);
    assert_says(Part::open_test(dir.path()), &["test images", "t10k-images-idx3-ubyte", "test-images"]);
    // a directory of that name is no file, and one without the dash no set
    fs::create_dir(dir.path().join("train-images-idx3-ubyte")).unwrap();
    fs::write(dir.path().join("mytrain-images-idx3-ubyte"), "").unwrap();
    assert!(matches!(Part::open_train(dir.path()), Err(Error::MissingFile { .. })));
    // the images of one set and the labels of another are no pair
    fs::write(dir.path().join("a-train-images-idx3-ubyte"), image_file(1, 1, 1)).unwrap();
    fs::write(dir.path().join("b-train-labels-idx1-ubyte"), label_file(&[1])).unwrap();
    assert_says(Part::open_train(dir.path()), &["no training labels", "a-train-labels-idx1-ubyte.gz"]);
    let nowhere = DataSet::open(&dir.path().join("nowhere"));
    assert!(nowhere.as_ref().is_err_and(Error::is_environment));
    assert_says(nowhere, &["nowhere does not exist"]);
}

#[test]
fn errors_name_the_path() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", 2);
    let path = dir.path().join("train-images-idx3-ubyte");
    fs::write(&path, &image_file(4, 2, 2)[..20]).unwrap();
    let words = [path.to_str().unwrap(), "16 bytes expected, 4 found"];
    assert_says(Part::open_train(dir.path()), &words);
}
