//! Finds out what a directory or a file holds, reads it, and splits it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use super::files::{self, Half};
use super::found::{Found, Halves};
use super::idx::Source;
use super::tree::{Entry, MAX_NESTED, Tree};
use super::{DataSet, DrawnSplit, Options, Part, Split, cifar, csv, npy, pictures};
use crate::picture::{Picture, Preparation};
use crate::{Error, Result, threads};

pub(super) fn data_set(path: &Path, options: &Options) -> Result<DataSet> {
    split(path, found(path, Halves::BOTH, options)?, options)
}

/// As [`data_set`], of a tree that stands for `path`.
pub(super) fn data_set_in(tree: &Tree, path: &Path, options: &Options) -> Result<DataSet> {
    split(path, in_tree(tree, None, Halves::BOTH, options, true)?, options)
}

fn split(
    path: &Path,
    (found, preparation): (Found, Option<Preparation>),
    options: &Options,
) -> Result<DataSet> {
    let Some(train) = found.train else {
        return Err(Error::bad_file(path, "it holds test images only: training images are needed"));
    };
    let is_drawn = found.test.is_none();
    let (train, test) = with_test(train, found.test, options)?;
    let mut set = joined(train, found.validation, test, options)?;
    set.preparation = preparation;
    let Options { split_seed: seed, test_share, .. } = *options;
    set.test_split = is_drawn.then_some(DrawnSplit { seed, test_share });
    Ok(set)
}

/// Training or test images alone.
pub(super) fn half(path: &Path, half: Half, options: &Options) -> Result<Part> {
    let wanted = Halves { train: half == Half::Training, test: half == Half::Test };
    let (found, _) = found(path, wanted, options)?;
    let one = match half {
        Half::Training => found.train,
        Half::Test => found.test,
    };
    match one {
        Some(part) if half == Half::Test => Ok(part),
        // The data may be undivided, so that only a part of it is for tests.
        _ => {
            let (found, _) = self::found(path, Halves::BOTH, options)?;
            let Some(train) = found.train else {
                return Err(Error::bad_file(path, "it holds test images only: training images are needed"));
            };
            if half == Half::Test && options.test_share >= 1.0 {
                return Ok(train);
            }
            let (train, test) = with_test(train, found.test, options)?;
            Ok(if half == Half::Test { test } else { train })
        }
    }
}

/// The images of a table without labels.
pub(super) fn unlabelled(path: &Path, options: &Options) -> Result<Part> {
    let found = Found { test: Some(csv::unlabelled(&Tree::open(path)?, options)?), ..Found::default() };
    let (found, _) = fitted(found, options)?;
    found.test.ok_or_else(|| Error::Internal("no images of a table".into()))
}

/// The halves; where there are no test images, a part of the training images is kept for tests.
fn with_test(mut train: Part, test: Option<Part>, options: &Options) -> Result<(Part, Part)> {
    if let Some(test) = test {
        return Ok((train, test));
    }
    let (for_test, rest) = train.split_test(options.test_share, options.split_seed);
    if for_test.is_empty() || rest.is_empty() {
        let images = train.examples.len();
        let what = format!("{images} images are too few to keep {} of them for tests", options.test_share);
        return Err(Error::bad_file(&train.images_name, what));
    }
    let test = Part { examples: for_test, notes: Vec::new(), ..train.clone() };
    train.examples = rest;
    Ok((train, test))
}

/// Reads what the path holds, of the wanted halves at least; and how its images were prepared, if they are not simply those of
/// the files.
fn found(path: &Path, wanted: Halves, options: &Options) -> Result<(Found, Option<Preparation>)> {
    // An image file chooses the data set among several in its directory.
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let prefix = files::prefix_of(name).filter(|_| path.is_file());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tree = Tree::open(if prefix.is_some() { directory } else { path })?;
    in_tree(&tree, prefix.as_deref(), wanted, options, true)
}

fn in_tree(
    tree: &Tree,
    prefix: Option<&str>,
    wanted: Halves,
    options: &Options,
    may_nest: bool,
) -> Result<(Found, Option<Preparation>)> {
    if tree.files().iter().any(files::is_idx) {
        return fitted(idx(tree, prefix, wanted)?, options);
    }
    if let Some(found) = cifar::read(tree, wanted)? {
        return fitted(found, options);
    }
    if let Some(found) = npy::read(tree, wanted)? {
        return fitted(found, options);
    }
    if let Some(layout) = pictures::find(tree)? {
        let (found, preparation) = pictures::read(&layout, options, wanted)?;
        return Ok((found, Some(preparation)));
    }
    if let Some(found) = csv::read(tree, options, wanted)? {
        return fitted(found, options);
    }
    let zips: Vec<&Entry> =
        tree.files().iter().filter(|entry| entry.name().to_ascii_lowercase().ends_with(".zip")).collect();
    if let ([zip], true) = (&zips[..], may_nest) {
        let mut room = MAX_NESTED;
        return in_tree(&tree.nested(zip, &mut room)?, None, wanted, options, false);
    }
    if tree.files().iter().any(pictures::is_picture) {
        let what =
            "its pictures are not in one folder per class, CLASS/PICTURE.png, with at least two classes";
        return Err(Error::bad_file(tree.root(), what));
    }
    if let Some(entry) = tree.files().iter().find(|entry| is_tape(entry.name())) {
        return Err(Error::bad_file(
            tree.path(entry),
            "a tar archive is not read: unpack it first (`tar xf`)",
        ));
    }
    // For a single file that is something else, the error says what it is.
    if let ([entry], true) = (tree.files(), !tree.is_archive()) {
        let start = tree.start(entry, super::foreign::SAMPLE)?;
        if let Some(what) = super::foreign::describe(&start) {
            return Err(Error::bad_file(
                tree.path(entry),
                format!("this is {what}; labelled images are needed"),
            ));
        }
    }
    let mut missing = files::find(tree, prefix).and_then(|family| {
        let half = if wanted.train { Half::Training } else { Half::Test };
        family.half(half).map(|_| ())
    });
    if let Err(Error::MissingFile { tried, .. }) = &mut missing {
        tried.push(
            "folders of pictures (CLASS/PICTURE.png), tables (.csv), NumPy's arrays (.npz, .npy), CIFAR's files (.bin), and a zip archive of any of these"
                .into(),
        );
    }
    missing.map(|()| (Found::default(), None))
}

/// A file beside IDX files with the classes' names, one per line. IDX itself has no place for them.
pub(super) const CLASS_NAMES: &str = "class-names.txt";

fn is_tape(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"].iter().any(|ending| name.ends_with(ending))
}

fn idx(tree: &Tree, prefix: Option<&str>, wanted: Halves) -> Result<Found> {
    let family = files::find(tree, prefix)?;
    let here = |entry: &&Entry| entry.directory() == family.directory() && entry.name() == CLASS_NAMES;
    let class_names = match tree.files().iter().find(here) {
        Some(entry) => {
            let text = tree.read(entry, 1 << 16)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .filter(|line| !line.is_empty())
                .take(256)
                .collect()
        }
        None => Vec::new(),
    };
    let read = |half: Half| -> Result<Option<Part>> {
        let (images, labels) = family.half(half)?;
        let mut part = Part::read(&Source::entry(tree, images), &Source::entry(tree, labels))?;
        part.class_names = class_names.clone();
        if !family.directory().is_empty() && prefix.is_none() {
            part.notes
                .push(format!("the data was found in {}", tree.root().join(family.directory()).display()));
        }
        Ok(Some(part))
    };
    let both = [(wanted.train, Half::Training), (wanted.test, Half::Test)];
    // Both must be there before the larger is decompressed.
    both.iter()
        .filter(|(is_wanted, _)| *is_wanted)
        .try_for_each(|(_, half)| family.half(*half).map(|_| ()))?;
    let half = |(is_wanted, half): (bool, Half)| if is_wanted { read(half) } else { Ok(None) };
    let (train, test) = threads::both(|| half(both[0]), || half(both[1]));
    Ok(Found { train: train?, validation: None, test: test? })
}

/// Brings images to the size and the colours that the options ask for.
fn fitted(mut found: Found, options: &Options) -> Result<(Found, Option<Preparation>)> {
    let Some(first) = found.train.as_ref().or(found.test.as_ref()) else { return Ok((found, None)) };
    let [channels, height, width] = first.shape();
    let size = options.size.or(options.as_digits.then_some([28, 28])).unwrap_or([height, width]);
    let wanted = [options.channels.or(options.as_digits.then_some(1)).unwrap_or(channels), size[0], size[1]];
    if wanted == first.shape() && !options.as_digits {
        return Ok((found, None));
    }
    let preparation = match options.as_digits {
        true => Preparation::digits(size[0], size[1]),
        false => Preparation::fitted(size[0], size[1], wanted[0], options.fit),
    };
    for part in [&mut found.train, &mut found.validation, &mut found.test].into_iter().flatten() {
        part.prepare(&preparation)?;
    }
    Ok((found, Some(preparation)))
}

impl Part {
    fn prepare(&mut self, preparation: &Preparation) -> Result<()> {
        const CHUNK: usize = 256;
        let [channels, height, width] = self.shape();
        let starts: Vec<usize> = (0..self.examples.len()).step_by(CHUNK).collect();
        let examples = &self.examples;
        let prepared = threads::map(&starts, |start| {
            let mut bytes = Vec::new();
            for at in *start..(start + CHUNK).min(examples.len()) {
                let image = examples.image(at);
                let pixels = (0..height * width).flat_map(|pixel| {
                    (0..channels).map(move |channel| image[channel * height * width + pixel])
                });
                let picture = Picture::new(height, width, channels, pixels.collect())?;
                bytes.extend(preparation.bytes(&picture));
            }
            Ok(bytes)
        });
        let prepared = prepared.into_iter().collect::<Result<Vec<_>>>()?.concat();
        let shape = [preparation.channels, preparation.height, preparation.width];
        self.examples = Split::new(shape.iter().product(), prepared, self.examples.labels().to_vec())?;
        [self.channels, self.height, self.width] = shape;
        Ok(())
    }
}

/// Joins the halves of a data set.
///
/// # Errors
/// `BadFile` where the images differ in size or channels, or a label is above all training labels.
pub(super) fn joined(
    mut train: Part,
    validation: Option<Part>,
    test: Part,
    options: &Options,
) -> Result<DataSet> {
    let classes = train.classes();
    let mut notes = std::mem::take(&mut train.notes);
    for part in validation.iter().chain([&test]) {
        part.require(train.shape(), classes)?;
        notes.extend(part.notes.iter().filter(|note| !notes.contains(note)).cloned().collect::<Vec<_>>());
    }
    let is_mnist = train.is_mnist();
    if !is_mnist {
        notes.extend(duplicates(&train.examples, &test.examples));
    }
    let is_drawn = validation.is_none() && !is_mnist;
    let (held_back, examples): (Split, Split) = match validation {
        Some(validation) => (validation.examples, train.examples.clone()),
        None => train.split_validation(options.split_seed),
    };
    Ok(DataSet {
        height: train.height,
        width: train.width,
        channels: train.channels,
        classes,
        class_names: train.class_names,
        train: examples,
        validation_seed: (is_drawn && !held_back.is_empty()).then_some(options.split_seed),
        validation: held_back,
        test: test.examples,
        test_split: None,
        preparation: None,
        notes,
    })
}

/// Images of fewer bytes can be equal by chance.
const LEAST_TELLING: usize = 16;

/// A note of the test images that are among the training images too, pixel by pixel.
fn duplicates(train: &Split, test: &Split) -> Option<String> {
    if train.image_bytes() < LEAST_TELLING {
        return None;
    }
    let count = count_duplicates(train, test);
    let all = test.len();
    (count > 0).then(|| {
        format!("{count} of the {all} test images are also training images, pixel by pixel: the accuracy will seem better than it is")
    })
}

/// How many images of `test` occur in `train` with the same pixels.
pub(super) fn count_duplicates(train: &Split, test: &Split) -> usize {
    let hash = |image: &[u8]| {
        let mut hasher = DefaultHasher::new();
        hasher.write(image);
        hasher.finish()
    };
    let bytes = test.image_bytes();
    let known: HashMap<u64, usize> =
        train.images().chunks_exact(bytes).enumerate().map(|(at, image)| (hash(image), at)).collect();
    let is_known = |image: &&[u8]| known.get(&hash(image)).is_some_and(|at| train.image(*at) == *image);
    test.images().chunks_exact(bytes).filter(is_known).count()
}
