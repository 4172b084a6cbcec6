//! CIFAR-10's and CIFAR-100's binary files: records of one or two labels and 32 x 32 pixels in three planes. Source:
//! cs.toronto.edu/~kriz/cifar.html, section "Binary version".

use super::found::{Found, Halves};
use super::tree::{Entry, Tree};
use super::{Part, Split};
use crate::{Error, Result};

const SIDE: usize = 32;
const IMAGE: usize = 3 * SIDE * SIDE;
/// Longest file that is read: CIFAR's are below 160 MB.
const MAX_FILE: u64 = 512 << 20;

/// How the two data sets name their files, and what a record holds before the pixels.
struct Dialect {
    train: fn(&str) -> bool,
    test: &'static str,
    names: &'static str,
    /// Bytes before the pixels; the last is the class (CIFAR-100's first is a class of classes).
    labels: usize,
}

const DIALECTS: [Dialect; 2] = [
    Dialect {
        train: |name| {
            let number = name.strip_prefix("data_batch_").and_then(|rest| rest.strip_suffix(".bin"));
            number.is_some_and(|number| number.parse::<u8>().is_ok())
        },
        test: "test_batch.bin",
        names: "batches.meta.txt",
        labels: 1,
    },
    Dialect { train: |name| name == "train.bin", test: "test.bin", names: "fine_label_names.txt", labels: 2 },
];

/// The data set, if a tree holds files of these names.
pub(super) fn read(tree: &Tree, wanted: Halves) -> Result<Option<Found>> {
    for dialect in &DIALECTS {
        let named = |is_it: &dyn Fn(&str) -> bool| -> Vec<&Entry> {
            tree.files().iter().filter(|entry| is_it(entry.name())).collect()
        };
        let (train, test) = (named(&dialect.train), named(&|name| name == dialect.test));
        if train.is_empty() && test.is_empty() {
            continue;
        }
        let names = named(&|name| name == dialect.names);
        let class_names = match names.first() {
            Some(entry) => class_names(&tree.read(entry, 1 << 16)?),
            None => Vec::new(),
        };
        let half = |files: &[&Entry], is_wanted: bool| match (files, is_wanted) {
            ([], _) | (_, false) => Ok(None),
            (files, true) => part(tree, files, dialect.labels, &class_names).map(Some),
        };
        return Ok(Some(Found {
            train: half(&train, wanted.train)?,
            test: half(&test, wanted.test)?,
            ..Found::default()
        }));
    }
    Ok(None)
}

/// One name per line.
fn class_names(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn part(tree: &Tree, files: &[&Entry], labels: usize, class_names: &[String]) -> Result<Part> {
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    for entry in files {
        let bytes = tree.read(entry, MAX_FILE)?;
        let record = labels + IMAGE;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            let what =
                format!("{} bytes are not whole records of {record} bytes, as CIFAR's are", bytes.len());
            return Err(Error::bad_file(tree.path(entry), format!("{what}. Fetch the file again")));
        }
        for record in bytes.chunks_exact(record) {
            classes.push(record[labels - 1]);
            images.extend_from_slice(&record[labels..]);
        }
    }
    let largest = classes.iter().max().map_or(0, |class| usize::from(*class));
    if !class_names.is_empty() && largest >= class_names.len() {
        let what = format!("its label {largest} has no name: {} are listed", class_names.len());
        return Err(Error::bad_file(tree.path(files[0]), what));
    }
    let mut part = Part::new([3, SIDE, SIDE], Split::new(IMAGE, images, classes)?, tree.path(files[0]))?;
    part.class_names = class_names.to_vec();
    Ok(part)
}
