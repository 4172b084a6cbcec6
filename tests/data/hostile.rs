//! Data that is broken, by accident or on purpose: a clear error or a sensible answer, in bounded memory.

use std::fs;

use inkgrad::data::{DataSet, Options};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::allocation::largest_allocation;
use crate::formats::{npy, png, save, zipped};
use crate::{assert_says, gzip};

/// Reading a file of this name must end in an error with these words, and in little memory.
#[track_caller]
fn refused(name: &str, bytes: &[u8], words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let (result, largest) = largest_allocation(|| DataSet::open(&dir.path().join(name)));
    assert_says(result, words);
    assert!(largest < 16 << 20, "{largest} bytes for {name}");
}

#[test]
fn tables_that_are_none() {
    refused("a.csv", b"", &["a.csv: it holds no rows"]);
    refused("a.csv", b"label,pixel0\n", &["no images"]);
    refused("a.csv", b"<!DOCTYPE html>", &["a web page"]);
    refused("a.csv", b"label,a,b,c,d\n1,2,3,4,5\n1,2,3\n", &["row 2 has 3 columns, the first has 5"]);
    refused("a.csv", b"label,a,b,c,d\n1,2,3,4,256\n", &["row 1, column 5: `256` is not a pixel"]);
    refused("a.csv", b"label,a,b,c,d\n1,2,3,4,0.5\n", &["`0.5` is not a pixel"]);
    refused("a.csv", b"label,a,b,c,d\n,2,3,4,5\n", &["row 1 has no label"]);
    refused("a.csv", b"label,a,b,c,d\n1.5,2,3,4,5\n2,1,1,1,1\n", &["not classes"]);
    refused("a.csv", b"label,a,b,c\n1,2,3,4\n", &["square grey images", "--size"]);
    refused("a.csv", b"a,b,c,d\n1,2,3,4\n", &["no column of labels"]);
    let many: String = (0..300).map(|at| format!("n{at},1,2,3,4\n")).collect();
    refused("a.csv", format!("label,a,b,c,d\n{many}").as_bytes(), &["more than 256 different labels"]);
    // a row without end, packed a thousandfold
    refused("a.csv.gz", &gzip(&vec![b'1'; 64 << 20]), &["a row without end"]);
    refused("a.csv.gz", &[&gzip(b"label,a,b,c,d\n1,2,3,4,5\n")[..], b"x"].concat(), &["trailing data"]);
}

#[test]
fn arrays_that_are_none() {
    let archive =
        |images: Vec<u8>, labels: Vec<u8>| zipped(&[("x_train.npy", images), ("y_train.npy", labels)]);
    let (images, labels) = (npy("|u1", "2, 3, 3", &[7; 18]), npy("|u1", "2,", &[0, 1]));
    let said = |images: &[u8], labels: &[u8], words: &[&str]| {
        refused("a.npz", &archive(images.to_vec(), labels.to_vec()), words);
    };
    said(b"", &labels, &["header is cut off"]);
    said(b"not an array, but longer", &labels, &["not an NPY file"]);
    said(&npy("|O", "2, 3, 3", &[]), &labels, &["Python objects"]);
    said(&npy("|u1", "2, 3", &[7; 6]), &labels, &["[2, 3] is not that of images"]);
    said(&npy("|u1", "2, 2, 3, 4", &[7; 48]), &labels, &["1 or 3 channels"]);
    said(&npy("|u1", "2, 0, 3", &[]), &labels, &["0x3 pixels"]);
    said(&npy("|u1", "3, 3, 3", &[7; 27]), &labels, &["3 images", "2 labels"]);
    said(&images[..images.len() - 1], &labels, &["cut off"]);
    said(&[&images[..], &[0]].concat(), &labels, &["goes on after"]);
    said(
        &npy("<f4", "2, 1, 1", &[(-1.0f32).to_le_bytes(), 1.0f32.to_le_bytes()].concat()),
        &labels,
        &["a pixel is -1"],
    );
    said(
        &npy("<f4", "2, 1, 1", &[f32::NAN.to_le_bytes(), 1.0f32.to_le_bytes()].concat()),
        &labels,
        &["a pixel is NaN"],
    );
    said(&images, &npy("<i2", "2,", &[0, 1, 0, 0]), &["label 0", "256"]);
    said(&images, &npy("|u1", "2, 2, 1", &[0; 4]), &["not one label per image"]);
    said(&images, &npy("|u1", "2, 2", &[1, 1, 0, 1]), &["one-hot"]);
    // sizes whose product overflows, and ones that the file cannot hold
    said(&npy("|u1", "18446744073709551615, 4096, 4096", &[]), &labels, &["images"]);
    said(&images, &npy("|u1", "18446744073709551615,", &[]), &["promises more than"]);
    said(&images, &npy("|u1", "4000000000,", &[0; 9]), &["cut off"]);
}

/// What a directory says of a file's length is not believed, and what unpacks a thousandfold is stopped by its own header.
#[test]
fn bombs_in_archives() {
    let bomb = npy("|u1", "1, 4, 4", &vec![0; 100 << 20]);
    refused(
        "a.npz",
        &zipped(&[("x_train.npy", bomb), ("y_train.npy", npy("|u1", "1,", &[0]))]),
        &["goes on after"],
    );
    let page = vec![b' '; 300 << 20];
    let packed = zipped(&[("a/1.png", page.clone()), ("b/1.png", page[..9].to_vec())]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    fs::write(&path, packed).unwrap();
    let (result, largest) = largest_allocation(|| DataSet::open(&path));
    assert_says(result, &["2 of 2 pictures cannot be read"]);
    assert!(largest < 600 << 20, "{largest}");
    // archives in an archive, which together unpack to more than is held
    let padded = [vec![0; 257 << 20], zipped(&[("x.npy", npy("|u1", "1, 4, 4", &[7; 16]))])].concat();
    fs::write(&path, zipped(&[("a.npz", padded.clone()), ("b.npz", padded)])).unwrap();
    assert_says(DataSet::open(&path), &["b.npz", "longer than"]);
    for cut in [4, 40, 200] {
        let whole = zipped(&[("a/1.png", png(&[1; 4], 2, 2)), ("b/1.png", png(&[2; 4], 2, 2))]);
        fs::write(&path, &whole[..cut.min(whole.len() - 1)]).unwrap();
        assert_says(DataSet::open(&path), &["a.zip: a damaged zip archive"]);
    }
    fs::write(&path, zipped(&[])).unwrap();
    assert_says(DataSet::open(&path), &["no training images"]);
}

/// Memory is reserved for what the header promises only as far as so many packed bytes can hold it.
#[test]
fn an_archive_that_overstates_packed_lengths() {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 64][..], &[0, 0, 16, 0].repeat(2), &[7; 40]].concat();
    let labels = [&[0, 0, 8, 1, 0, 0, 0, 64][..], &[3; 64]].concat();
    let files = ["train", "t10k"].map(|half| {
        [(format!("{half}-images-idx3-ubyte"), &images), (format!("{half}-labels-idx1-ubyte"), &labels)]
    });
    let files: Vec<_> =
        files.as_flattened().iter().map(|(name, bytes)| (&name[..], bytes.to_vec())).collect();
    let mut packed = zipped(&files);
    // The packed length is the sixth field of a record of the archive's directory.
    let records: Vec<usize> =
        (0..packed.len() - 4).filter(|at| packed[*at..].starts_with(b"PK\x01\x02")).collect();
    assert_eq!(records.len(), files.len());
    for at in records {
        packed[at + 20..at + 24].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    }
    refused("a.zip", &packed, &["train-images-idx3-ubyte", "64 images of 4096x4096 pixels"]);
}

#[test]
fn folders_that_hold_no_classes() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &[("1.png".into(), png(&[1; 4], 2, 2)), ("2.png".into(), png(&[1; 4], 2, 2))]);
    assert_says(DataSet::open(dir.path()), &["one folder per class"]);
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &[("a/1.png".into(), png(&[1; 4], 2, 2)), ("b/1.png".into(), png(&[1; 4], 2, 2))]);
    assert_says(DataSet::open(dir.path()), &["too few"]);
    save(
        dir.path(),
        &[
            ("test/c/1.png".into(), vec![]),
            ("train/a/1.png".into(), vec![]),
            ("train/b/1.png".into(), vec![]),
        ],
    );
    assert_says(DataSet::open(dir.path()), &["class `c`"]);
    let dir = tempfile::tempdir().unwrap();
    for class in 0..300 {
        save(dir.path(), &[(format!("n{class}/1.png"), vec![])]);
    }
    assert_says(DataSet::open(dir.path()), &["300 folders", "256 classes"]);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("cifar.tar.gz"), "x").unwrap();
    assert_says(DataSet::open(dir.path()), &["tar archive", "unpack it first"]);
}

/// A link in a circle is looked into once; one that leads nowhere is nothing.
#[cfg(unix)]
#[test]
fn links_in_a_circle() {
    let dir = tempfile::tempdir().unwrap();
    let picture = |at: u8| png(&[at; 4], 2, 2);
    for class in ["a", "b"] {
        for at in 0..10 {
            save(dir.path(), &[(format!("{class}/{at}.png"), picture(at))]);
        }
    }
    std::os::unix::fs::symlink(dir.path(), dir.path().join("a/again")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("a/lost.png")).unwrap();
    let set = DataSet::open(dir.path()).unwrap();
    assert_eq!(set.train.len() + set.validation.len() + set.test.len(), 20);
}

fn table() -> Vec<u8> {
    let rows = (0..12).map(|at| format!("{},{},{},{},{}\n", at % 3, at, at * 3, 255 - at, 7));
    ("label,p0,p1,p2,p3\n".to_owned() + &rows.collect::<String>()).into_bytes()
}

fn archive() -> Vec<u8> {
    let images = npy("|u1", "12, 2, 2", &(0..48).collect::<Vec<u8>>());
    zipped(&[("x.npy", images), ("y.npy", npy("|u1", "12,", &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]))])
}

fn pictures() -> Vec<u8> {
    let files: Vec<(String, Vec<u8>)> =
        (0..12u8).map(|at| (format!("{}/{at}.png", at % 3), png(&[at; 4], 2, 2))).collect();
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    zipped(&files)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn files_with_changed_bytes(
        which in 0usize..4,
        flips in vec((any::<prop::sample::Index>(), 1u8..), 0..6),
        cut in proptest::option::weighted(0.3, any::<prop::sample::Index>()),
        more in vec(any::<u8>(), 0..20),
    ) {
        let (name, mut bytes) = match which {
            0 => ("a.csv", table()),
            1 => ("a.csv.gz", gzip(&table())),
            2 => ("a.npz", archive()),
            _ => ("a.zip", pictures()),
        };
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(more);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let options = Options { skip_bad: true, ..Options::default() };
        let (result, largest) = largest_allocation(|| DataSet::read(&path, &options));
        prop_assert!(largest < 300 << 20, "{} bytes", largest);
        if let Ok(set) = result {
            for split in [&set.train, &set.validation, &set.test] {
                prop_assert_eq!(split.images().len(), split.len() * set.image_bytes());
                prop_assert!(split.labels().iter().all(|label| usize::from(*label) < set.classes));
            }
        }
    }
}
