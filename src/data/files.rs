//! Finds the IDX files of a data set in a directory, under their usual names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// One half of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Training,
    Test,
}

impl Half {
    /// MNIST and Fashion-MNIST call their test set `t10k`, EMNIST calls it `test`.
    fn stems(self) -> &'static [&'static str] {
        match self {
            Half::Training => &["train"],
            Half::Test => &["t10k", "test"],
        }
    }

    fn images(self) -> &'static str {
        match self {
            Half::Training => "training images",
            Half::Test => "test images",
        }
    }

    fn labels(self) -> &'static str {
        match self {
            Half::Training => "training labels",
            Half::Test => "test labels",
        }
    }
}

const IMAGES: (&str, &str) = ("images", "idx3-ubyte");
const LABELS: (&str, &str) = ("labels", "idx1-ubyte");

/// The possible names of one file in the order in which they are tried: uncompressed before gzipped.
fn names(prefix: &str, stems: &[&str], (kind, ending): (&str, &str)) -> Vec<String> {
    let mut names = Vec::new();
    for stem in stems {
        for separator in ['-', '.'] {
            for packed in ["", ".gz"] {
                names.push(format!("{prefix}{stem}-{kind}{separator}{ending}{packed}"));
            }
        }
    }
    names
}

fn first_file(dir: &Path, names: &[String]) -> Option<PathBuf> {
    names.iter().map(|name| dir.join(name)).find(|path| path.is_file())
}

/// The image file and the label file of one half of the data set in `dir`.
///
/// MNIST's own names come first. If none exists, a prefix that ends in '-' is accepted
/// (`emnist-balanced-train-images-idx3-ubyte.gz`), provided that the directory holds only one such set. The labels
/// must have the same prefix as the images: EMNIST's sets differ in length, and mixing them would go unnoticed.
pub(super) fn find(dir: &Path, half: Half) -> Result<(PathBuf, PathBuf)> {
    if !dir.is_dir() {
        return Err(Error::Data(format!(
            "{} is not a directory: name the one with the data set's four IDX files",
            dir.display()
        )));
    }
    for stem in half.stems() {
        if let Some(images) = first_file(dir, &names("", &[stem], IMAGES)) {
            return Ok((images, find_labels(dir, half, "", stem)?));
        }
    }
    let mut sets = prefixed(dir, half)?.into_iter();
    let Some((prefix, stem)) = sets.next() else {
        let mut tried = names("", half.stems(), IMAGES);
        tried.push("and each after a prefix that ends in '-'".into());
        return Err(Error::MissingFile { what: half.images(), dir: dir.into(), tried });
    };
    let others: Vec<_> = sets.map(|(prefix, stem)| format!("{prefix}{stem}-images")).collect();
    if !others.is_empty() {
        return Err(Error::bad_file(
            dir,
            format!(
                "several sets of {}: {prefix}{stem}-images, {}. Keep only one data set in a directory",
                half.images(),
                others.join(", ")
            ),
        ));
    }
    let tried = names(&prefix, &[stem], IMAGES);
    let images = first_file(dir, &tried);
    let images = images.ok_or(Error::MissingFile { what: half.images(), dir: dir.into(), tried })?;
    Ok((images, find_labels(dir, half, &prefix, stem)?))
}

fn find_labels(dir: &Path, half: Half, prefix: &str, stem: &str) -> Result<PathBuf> {
    let tried = names(prefix, &[stem], LABELS);
    first_file(dir, &tried).ok_or(Error::MissingFile { what: half.labels(), dir: dir.into(), tried })
}

/// Every (prefix, stem) for which `dir` has an image file.
fn prefixed(dir: &Path, half: Half) -> Result<BTreeSet<(String, &'static str)>> {
    let mut found = BTreeSet::new();
    for entry in dir.read_dir().map_err(|source| Error::io(dir, source))? {
        let entry = entry.map_err(|source| Error::io(dir, source))?;
        let name = entry.file_name();
        // a name that is not Unicode is not one of ours
        let Some(name) = name.to_str() else { continue };
        for &stem in half.stems() {
            for wanted in names("", &[stem], IMAGES) {
                if let Some(prefix) = name.strip_suffix(wanted.as_str())
                    && prefix.ends_with('-')
                    && entry.path().is_file()
                {
                    found.insert((prefix.to_owned(), stem));
                }
            }
        }
    }
    Ok(found)
}
