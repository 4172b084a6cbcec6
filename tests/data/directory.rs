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

#[test]
fn plain_names_come_before_prefixed_ones() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte", 3);
    write(dir.path(), "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", 2);
    assert_eq!(Part::open_train(dir.path()).unwrap().height, 2);
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
    let words = ["several sets of training images", "emnist-balanced-train", "emnist-letters-train"];
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
    assert_says(nowhere, &["nowhere is not a directory"]);
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
