//! What happens to a data set besides the reading of its format: pictures fitted and kept, faults and duplicates told, images held
//! back, sets written and read again.

use std::fs;

use inkgrad::data::{DataSet, Options, Statistics, write};
use inkgrad::picture::Fit;

use crate::assert_says;
use crate::formats::{content, folders, is_the_set, pixels, png, save};

#[test]
fn pictures_of_other_sizes_and_colours() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        for at in 0..4u8 {
            let (height, width) = (6 + u32::from(at), 8);
            let pixels: Vec<u8> = (0..height * width).flat_map(|place| [place as u8, at, 200]).collect();
            save(dir.path(), &[(format!("{class}/{at}.png"), png(&pixels, height, width))]);
        }
    }
    assert_says(DataSet::open(dir.path()), &["many sizes", "--size 28"]);
    let read = |options: Options| DataSet::read(dir.path(), &Options { test_share: 0.25, ..options });
    let sized = Options { size: Some([5, 7]), ..Options::default() };
    assert_eq!(read(sized.clone()).unwrap().shape(), [3, 5, 7]);
    assert_eq!(read(Options { channels: Some(1), ..sized.clone() }).unwrap().shape(), [1, 5, 7]);
    assert_eq!(read(Options { fit: Fit::Stretch, ..sized }).unwrap().preparation.unwrap().fit, Fit::Stretch);
    assert_eq!(read(Options { as_digits: true, ..Options::default() }).unwrap().shape(), [1, 28, 28]);
    // images that are no pictures are fitted too
    let idx = tempfile::tempdir().unwrap();
    for half in ["train", "t10k"] {
        fs::write(idx.path().join(format!("{half}-images-idx3-ubyte")), crate::image_file(12, 6, 6)).unwrap();
        fs::write(
            idx.path().join(format!("{half}-labels-idx1-ubyte")),
            crate::label_file(&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]),
        )
        .unwrap();
    }
    let set =
        DataSet::read(idx.path(), &Options { size: Some([3, 4]), channels: Some(3), ..Options::default() })
            .unwrap();
    assert_eq!((set.shape(), set.preparation.is_some()), ([3, 3, 4], true));
}

#[test]
fn broken_pictures_are_named() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &folders(&[("train", 1), ("test", 2)], ["a", "b", "c"]));
    fs::write(dir.path().join("train/a/00.png"), b"\x89PNG\r\n\x1a\nnot really").unwrap();
    fs::write(dir.path().join("train/b/page.jpg"), "<html>").unwrap();
    assert_says(
        DataSet::open(dir.path()),
        &["2 of 21 pictures cannot be read", "00.png", "page.jpg", "--skip-bad"],
    );
    let set = DataSet::read(dir.path(), &Options { skip_bad: true, ..Options::default() }).unwrap();
    assert_eq!(set.train.len() + set.validation.len(), 19);
    assert!(set.notes.iter().any(|note| note.contains("left out: 2 of 21")), "{:?}", set.notes);
}

#[test]
fn duplicates_between_the_halves_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = folders(&[("train", 1), ("test", 2)], ["a", "b", "c"]);
    files[25].1 = files[3].1.clone();
    save(dir.path(), &files);
    let set = DataSet::open(dir.path()).unwrap();
    assert!(
        set.notes.iter().any(|note| note.starts_with("1 of the 20 test images are also")),
        "{:?}",
        set.notes
    );
    assert_eq!(Statistics::of(&set).duplicates, 1);
}

#[test]
fn prepared_pictures_are_kept_by_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    save(dir.path(), &folders(&[("train", 1), ("test", 2)], ["a", "b", "c"]));
    let options = Options { cache: Some(kept.path().join("pictures")), ..Options::default() };
    let read = || DataSet::read(dir.path(), &options).unwrap();
    let first = read();
    let files = || {
        fs::read_dir(kept.path().join("pictures"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let pixels =
        || files().into_iter().filter(|path| path.extension().unwrap() == "pixels").collect::<Vec<_>>();
    assert_eq!(pixels().len(), 2);
    is_the_set(&read());
    // A file that looks unchanged is not even decoded.
    let picture = dir.path().join("test/b/01.png");
    let (whole, time) = (fs::read(&picture).unwrap(), fs::metadata(&picture).unwrap().modified().unwrap());
    let write = |bytes: &[u8]| {
        fs::write(&picture, bytes).unwrap();
        fs::File::options().write(true).open(&picture).unwrap().set_modified(time).unwrap();
    };
    write(&vec![0; whole.len()]);
    is_the_set(&read());
    write(&whole);
    // What is damaged is not taken.
    for path in pixels() {
        let mut bytes = fs::read(&path).unwrap();
        bytes[5] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    is_the_set(&read());
    // Another picture under the same name is another content.
    fs::write(dir.path().join("train/a/00.png"), png(&[9; 16], 4, 4)).unwrap();
    let changed = read();
    assert!(content(&[&changed.train, &changed.validation]) != content(&[&first.train, &first.validation]));
    assert!(pixels().len() >= 3);
}

#[test]
fn written_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &folders(&[("train", 1), ("test", 2)], ["a", "b/".trim_end_matches('/'), "c"]));
    let set = DataSet::open(dir.path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let (idx, again) = (out.path().join("idx"), out.path().join("again"));
    write::write(&set, &idx, write::Form::Idx).unwrap();
    let read = DataSet::open(&idx).unwrap();
    is_the_set(&read);
    assert_eq!(read.class_names, ["a", "b", "c"]);
    write::write(&read, &again, write::Form::Pictures).unwrap();
    is_the_set(&DataSet::open(&again).unwrap());
    assert_says(write::write(&set, &idx, write::Form::Idx), &["not empty"]);
    // colour
    let record = |at: u8| {
        [
            vec![at % 2],
            (0..3072u32)
                .map(|place| (place as u8).wrapping_mul(at) / 2 + (place / 1024) as u8)
                .collect::<Vec<u8>>(),
        ]
        .concat()
    };
    let bin = tempfile::tempdir().unwrap();
    for name in ["data_batch_1.bin", "test_batch.bin"] {
        fs::write(bin.path().join(name), (0..4).flat_map(record).collect::<Vec<_>>()).unwrap();
    }
    let colour = DataSet::open(bin.path()).unwrap();
    for (name, form) in [("ci", write::Form::Idx), ("cp", write::Form::Pictures)] {
        write::write(&colour, &out.path().join(name), form).unwrap();
        let read = DataSet::open(&out.path().join(name)).unwrap();
        assert_eq!(read.shape(), [3, 32, 32]);
        assert!(content(&[&read.train]) == content(&[&colour.train]));
    }
}

#[test]
fn statistics_are_those_of_the_pixels() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), &folders(&[("train", 1), ("test", 2)], ["a", "b", "c"]));
    let statistics = Statistics::of(&DataSet::open(dir.path()).unwrap());
    let values: Vec<f64> = pixels(1).iter().map(|pixel| f64::from(*pixel) / 255.0).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    assert!(
        (statistics.mean[0] - mean).abs() < 1e-12
            && (statistics.deviation[0] - variance.sqrt()).abs() < 1e-12
    );
    let totals: Vec<usize> = statistics.counts.iter().map(|counts| counts.iter().sum()).collect();
    assert_eq!(totals, [14, 14, 12]);
}

/// What is sorted by class is not held back by class.
#[test]
fn validation_has_every_class() {
    let labels: Vec<u8> = (0..26).flat_map(|class| [class; 60]).collect();
    let (images, labels) = (crate::image_file(1560, 2, 2), crate::label_file(&labels));
    let set = DataSet::from_idx_bytes(&images, &labels, &images, &labels).unwrap();
    for class in 0..26 {
        assert_eq!(set.validation.labels().iter().filter(|label| **label == class).count(), 5);
        assert_eq!(set.train.labels().iter().filter(|label| **label == class).count(), 55);
    }
    assert_eq!(set.validation_seed, Some(0));
    assert_eq!(content(&[&set.train, &set.validation]), content(&[&set.all_training()]));
}
