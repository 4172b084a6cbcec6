//! Finds the IDX files of a data set among others, under their usual names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::tree::{Entry, Tree};
use crate::{Error, Result};

/// One half of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Half {
    Training,
    Test,
}

impl Half {
    /// MNIST and Fashion-MNIST call their test set `t10k`, EMNIST and QMNIST call it `test`.
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

/// What the names of image files and of label files end in. `idx2-int` are QMNIST's labels.
const IMAGES: (&str, &[&str]) = ("images", &["idx3-ubyte", "idx4-ubyte"]);
const LABELS: (&str, &[&str]) = ("labels", &["idx1-ubyte", "idx2-int", "idx2-ubyte"]);

/// The possible names of one file in the order in which they are tried: uncompressed before gzipped.
fn names(prefix: &str, stem: &str, (kind, endings): (&str, &[&str])) -> Vec<String> {
    let mut names = Vec::new();
    for ending in endings {
        for separator in ['-', '.'] {
            for packed in ["", ".gz"] {
                names.push(format!("{prefix}{stem}-{kind}{separator}{ending}{packed}"));
            }
        }
    }
    names
}

/// The prefix and the stem of an image or label file's name.
fn parse(name: &str, (kind, endings): (&str, &[&str])) -> Option<(String, Half, &'static str)> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = endings.iter().find_map(|ending| name.strip_suffix(ending))?;
    let name = name.strip_suffix(['-', '.'])?.strip_suffix(kind)?.strip_suffix('-')?;
    let halves = [Half::Training, Half::Test].into_iter();
    let mut stems = halves.flat_map(|half| half.stems().iter().map(move |stem| (half, *stem)));
    stems.find_map(|(half, stem)| {
        let prefix = name.strip_suffix(stem)?;
        (prefix.is_empty() || prefix.ends_with('-')).then(|| (prefix.to_owned(), half, stem))
    })
}

/// A data set's IDX files: those of one directory that share a prefix.
pub(super) struct Family<'a> {
    tree: &'a Tree,
    directory: String,
    prefix: String,
    stems: BTreeMap<Half, &'static str>,
}

/// The stems of each half's image files, by prefix.
type Families = BTreeMap<String, BTreeMap<Half, BTreeSet<&'static str>>>;

/// Whether a file has the name of an IDX file of images or of labels.
pub(super) fn is_idx(entry: &Entry) -> bool {
    parse(entry.name(), IMAGES).or_else(|| parse(entry.name(), LABELS)).is_some()
}

/// The one data set among a tree's IDX files: those of the tree's own directory, else of the only directory below that has
/// any; with both halves if there are such; else with one. `prefix` chooses among several.
///
/// # Errors
/// `BadFile` where there are several data sets, or halves of different ones; `MissingFile` where there is none.
pub(super) fn find<'a>(tree: &'a Tree, prefix: Option<&str>) -> Result<Family<'a>> {
    let mut directories: BTreeSet<&str> = BTreeSet::new();
    directories.extend(
        tree.files().iter().filter(|entry| parse(entry.name(), IMAGES).is_some()).map(Entry::directory),
    );
    let directory = match directories.first() {
        // The tree's own comes first in order.
        Some(first) if first.is_empty() || directories.len() == 1 => first.to_string(),
        Some(_) => {
            let found: Vec<_> =
                directories.iter().take(8).map(|name| tree.root().join(name).display().to_string()).collect();
            let what = format!("several data sets lie below it: {}. Name one of these", found.join(", "));
            return Err(Error::bad_file(tree.root(), what));
        }
        None => String::new(),
    };
    let mut families = Families::new();
    let here = tree.files().iter().filter(|entry| entry.directory() == directory);
    for (own, half, stem) in here.filter_map(|entry| parse(entry.name(), IMAGES)) {
        if prefix.is_none_or(|prefix| prefix == own) {
            families.entry(own).or_default().entry(half).or_default().insert(stem);
        }
    }
    let chosen = choose(tree, &directory, &families)?;
    let prefix = chosen.or(prefix.map(str::to_owned)).unwrap_or_default();
    let halves = families.remove(&prefix).unwrap_or_default();
    let stems = halves.into_iter().filter_map(|(half, stems)| Some((half, stems.into_iter().next()?)));
    Ok(Family { tree, directory, prefix, stems: stems.collect() })
}

/// The prefix of the one family with both halves, or else of the only one.
fn choose(tree: &Tree, directory: &str, families: &Families) -> Result<Option<String>> {
    let complete: Vec<&String> =
        families.iter().filter(|(_, halves)| halves.len() == 2).map(|(prefix, _)| prefix).collect();
    let halves: BTreeSet<Half> = families.values().flat_map(BTreeMap::keys).copied().collect();
    let (prefix, what) = match (&complete[..], families.len()) {
        (_, 0) => return Ok(None),
        ([one], _) => (one.to_string(), None),
        ([], 1) => (families.keys().next().cloned().unwrap_or_default(), None),
        ([], _) if halves.len() == 2 => {
            (String::new(), Some("its training and test images are of different data sets"))
        }
        _ => (String::new(), Some("it holds several data sets")),
    };
    let several = families.get(&prefix).is_some_and(|halves| halves.values().any(|stems| stems.len() > 1));
    let Some(what) = what.or(several.then_some("it holds several sets of test images")) else {
        return Ok(Some(prefix));
    };
    let found = families.iter().flat_map(|(prefix, halves)| {
        halves.values().flatten().map(move |stem| format!("{prefix}{stem}-images"))
    });
    let found: Vec<String> = found.take(12).collect();
    let example = tree.files().iter().find(|entry| {
        entry.directory() == directory
            && parse(entry.name(), IMAGES).is_some_and(|(prefix, ..)| !prefix.is_empty())
    });
    let choose = match example.filter(|_| !several) {
        Some(entry) => {
            format!(", or name an image file of the one to use: --data {}", tree.path(entry).display())
        }
        None => String::new(),
    };
    let what = format!("{what}: {}. Keep only one data set in a directory{choose}", found.join(", "));
    Err(Error::bad_file(place(tree, directory), what))
}

fn place(tree: &Tree, directory: &str) -> PathBuf {
    if directory.is_empty() { tree.root().to_owned() } else { tree.root().join(directory) }
}

/// The prefix of an IDX file's name.
pub(super) fn prefix_of(name: &str) -> Option<String> {
    parse(name, IMAGES).or_else(|| parse(name, LABELS)).map(|(prefix, ..)| prefix)
}

impl<'a> Family<'a> {
    /// The directory below the tree's root that holds the files; empty for the root itself.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The image file and the label file of one half. EMNIST's sets differ in length, so that images and labels must have the
    /// same prefix: mixing them would go unnoticed.
    ///
    /// # Errors
    /// `MissingFile` where there is none.
    pub fn half(&self, half: Half) -> Result<(&'a Entry, &'a Entry)> {
        let tree = self.tree;
        let place = || place(tree, &self.directory);
        let first = |names: &[String]| {
            let here = || tree.files().iter().filter(|entry| entry.directory() == self.directory);
            names.iter().find_map(|name| here().find(|entry| entry.name() == name))
        };
        let Some(stem) = self.stems.get(&half) else {
            let stems = half.stems().iter();
            let mut tried: Vec<String> =
                stems.flat_map(|stem| names(&self.prefix, stem, (IMAGES.0, &IMAGES.1[..1]))).collect();
            if self.prefix.is_empty() {
                tried.push("and each after a prefix that ends in '-'".into());
            }
            return Err(Error::MissingFile { what: half.images(), dir: place(), tried });
        };
        let missing = |what, tried| Error::MissingFile { what, dir: place(), tried };
        let tried = names(&self.prefix, stem, IMAGES);
        let images = first(&tried).ok_or_else(|| missing(half.images(), tried))?;
        let tried = names(&self.prefix, stem, LABELS);
        let labels = first(&tried).ok_or_else(|| missing(half.labels(), tried))?;
        Ok((images, labels))
    }
}
