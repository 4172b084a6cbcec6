//! Arrays as NumPy saves them: pairs of NPY files, or NPZ archives of them (Keras' `mnist.npz`, MedMNIST, KMNIST). Source of
//! the format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::found::{Found, Halves};
use super::idx::{MAX_BODY, MAX_SIDE};
use super::npy_header::{Header, Kind};
use super::tree::{Entry, MAX_NESTED, Tree};
use super::{Part, Split, labels, planar};
use crate::{Error, Result};

/// Most NPZ archives that are looked into.
const MAX_ARCHIVES: usize = 64;
/// Values converted at a time, in bytes.
const PIECE: usize = 1 << 16;

/// Which part of a data set an array belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Which {
    Train,
    Validation,
    Test,
    /// Its name does not say.
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Images,
    Labels,
}

/// An array: the tree and the file that hold it.
struct Array<'a> {
    tree: &'a Tree,
    entry: &'a Entry,
}

/// What an array's name says it is: `x_train`, `train_images`, `kmnist-test-labels`, `images`, `y`.
fn meaning(name: &str) -> Option<(Which, What)> {
    let name = name.to_ascii_lowercase();
    let parts = || name.split(|c: char| !c.is_ascii_alphanumeric());
    let has = |words: &[&str]| parts().any(|part| words.contains(&part));
    let which = if has(&["train", "training", "xtrain", "ytrain"]) {
        Which::Train
    } else if has(&["val", "valid", "validation", "xval", "yval"]) {
        Which::Validation
    } else if has(&["test", "testing", "t10k", "xtest", "ytest"]) {
        Which::Test
    } else {
        Which::All
    };
    let is_x = has(&["x", "xtrain", "xval", "xtest", "images", "image", "imgs", "img", "pixels"]);
    let is_y = has(&["y", "ytrain", "yval", "ytest", "labels", "label", "targets", "target"]);
    match (is_x, is_y) {
        (_, true) => Some((which, What::Labels)),
        (true, false) => Some((which, What::Images)),
        _ => None,
    }
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn ends(entry: &Entry, ending: &str) -> bool {
    entry.name().to_ascii_lowercase().ends_with(ending)
}

/// The data set, if a tree holds arrays with names that say what they are.
pub(super) fn read(tree: &Tree, wanted: Halves) -> Result<Option<Found>> {
    let archives: Vec<&Entry> =
        tree.files().iter().filter(|entry| ends(entry, ".npz")).take(MAX_ARCHIVES).collect();
    let mut room = MAX_NESTED;
    let nested =
        archives.iter().map(|entry| Ok((stem(entry.name()).to_owned(), tree.nested(entry, &mut room)?)));
    let nested = nested.collect::<Result<Vec<_>>>()?;
    let mut arrays: BTreeMap<(Which, What), Vec<Array>> = BTreeMap::new();
    let here =
        std::iter::once((None, tree)).chain(nested.iter().map(|(name, tree)| (Some(name.as_str()), tree)));
    for (archive, tree) in here {
        for entry in tree.files().iter().filter(|entry| ends(entry, ".npy")) {
            // An array that was saved without a name goes by its archive's.
            let name = match (stem(entry.name()), archive) {
                ("arr_0", Some(archive)) => archive,
                (name, _) => name,
            };
            if let Some(meaning) = meaning(name) {
                arrays.entry(meaning).or_default().push(Array { tree, entry });
            }
        }
    }
    if !arrays.keys().any(|(_, what)| *what == What::Images) {
        return Ok(None);
    }
    if let Some(several) = arrays.values().find(|arrays| arrays.len() > 1) {
        let names: Vec<_> =
            several.iter().map(|array| array.tree.path(array.entry).display().to_string()).collect();
        let what =
            format!("several arrays for the same purpose: {}. Name one data set's file", names.join(", "));
        return Err(Error::bad_file(tree.root(), what));
    }
    let part = |which: Which, is_wanted: bool| -> Result<Option<Part>> {
        let one = |what| arrays.get(&(which, what)).and_then(|arrays| arrays.first());
        match (one(What::Images), one(What::Labels)) {
            (Some(images), Some(labels)) if is_wanted => read_part(images, labels).map(Some),
            (Some(images), None) => {
                let what = "there is no array of labels for it, such as y_train or train_labels";
                Err(Error::bad_file(images.tree.path(images.entry), what))
            }
            _ => Ok(None),
        }
    };
    let all = part(Which::All, !arrays.contains_key(&(Which::Train, What::Images)))?;
    Ok(Some(Found {
        train: part(Which::Train, wanted.train)?.or(all),
        validation: part(Which::Validation, wanted.train)?,
        test: part(Which::Test, wanted.test)?,
    }))
}

fn read_part(images: &Array, labels: &Array) -> Result<Part> {
    let classes = labels.read(|array, header, stream| array.labels(header, stream))?;
    let (shape, pixels) = images.read(|array, header, stream| array.images(header, stream, classes.len()))?;
    let split = Split::new(shape.iter().product(), pixels, classes)?;
    let mut part = Part::new(shape, split, images.tree.path(images.entry))?;
    part.labels_name = labels.tree.path(labels.entry);
    Ok(part)
}

impl Array<'_> {
    fn bad(&self, what: impl Into<String>) -> Error {
        Error::bad_file(self.tree.path(self.entry), what)
    }

    fn read<T>(&self, read: impl FnOnce(&Self, &Header, &mut dyn BufRead) -> Result<T>) -> Result<T> {
        self.tree.stream(self.entry, |stream| {
            let header = Header::read(stream).map_err(|what| self.bad(what))?;
            read(self, &header, stream)
        })
    }

    /// The array's values, a piece at a time, to the end of the file.
    fn values(&self, header: &Header, stream: &mut dyn BufRead, mut take: impl FnMut(&[u8])) -> Result<()> {
        let all = header.values().and_then(|values| values.checked_mul(header.kind.bytes() as u64));
        let Some(all) = all.filter(|all| *all <= MAX_BODY) else {
            return Err(self.bad(format!("its shape {:?} promises more than {MAX_BODY} bytes", header.shape)));
        };
        let mut piece = vec![0; PIECE];
        let mut left = all;
        while left > 0 {
            let length = left.min(PIECE as u64) as usize;
            let read = stream.read_exact(&mut piece[..length]);
            read.map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    self.bad(format!("it is cut off: its header promises {all} bytes. Fetch the file again"))
                }
                _ => self.tree.failed(self.entry, error),
            })?;
            take(&piece[..length]);
            left -= length as u64;
        }
        // One byte more also makes an archive's checksum be compared.
        match stream.read(&mut [0]).map_err(|error| self.tree.failed(self.entry, error))? {
            0 => Ok(()),
            _ => Err(self.bad(format!("it goes on after the {all} bytes that its header promises"))),
        }
    }

    fn labels(&self, header: &Header, stream: &mut dyn BufRead) -> Result<Vec<u8>> {
        let columns = match header.shape[..] {
            [_] | [_, 1] => 1,
            [_, columns] if !header.is_fortran => columns,
            _ => return Err(self.bad(format!("its shape {:?} is not one label per image", header.shape))),
        };
        let mut numbers = Vec::new();
        self.values(header, stream, |bytes| {
            numbers.extend(bytes.chunks_exact(header.kind.bytes()).map(
                |value| match header.kind.number(value) {
                    // A number that is not an integer is not a class.
                    number if number.fract() == 0.0 => number as i64,
                    _ => -1,
                },
            ));
        })?;
        if numbers.is_empty() {
            return Err(self.bad("it holds no labels"));
        }
        let result = match columns {
            1 => labels::classes(numbers.into_iter()),
            _ => labels::one_hot(numbers.into_iter(), columns as usize),
        };
        result.map_err(|what| self.bad(what))
    }

    /// Shape and pixels of as many images as there are labels.
    fn images(
        &self,
        header: &Header,
        stream: &mut dyn BufRead,
        labels: usize,
    ) -> Result<([usize; 3], Vec<u8>)> {
        let (count, height, width, channels, is_planar) = match header.shape[..] {
            [count, height, width] => (count, height, width, 1, true),
            [count, height, width, channels @ (1 | 3)] => (count, height, width, channels, false),
            [count, channels @ (1 | 3), height, width] => (count, height, width, channels, true),
            _ => {
                let what = format!("its shape {:?} is not that of images", header.shape);
                let wanted = "count, height, width, and 1 or 3 channels if there is a fourth dimension";
                return Err(self.bad(format!("{what}: {wanted}")));
            }
        };
        let sides = 1..=MAX_SIDE as u64;
        if !sides.contains(&height) || !sides.contains(&width) {
            return Err(self.bad(format!(
                "its images are {height}x{width} pixels: each side must be in 1..={MAX_SIDE}"
            )));
        }
        if count != labels as u64 {
            return Err(self.bad(format!("it holds {count} images, but there are {labels} labels")));
        }
        if header.is_fortran {
            return Err(self.bad("it is in Fortran order: save it again after numpy.ascontiguousarray"));
        }
        let mut pixels = Vec::new();
        if header.kind == Kind::U8 {
            self.values(header, stream, |bytes| pixels.extend_from_slice(bytes))?;
        } else {
            self.converted(header, stream, &mut pixels)?;
        }
        let [height, width, channels] = [height, width, channels].map(|size| size as usize);
        if !is_planar {
            planar(&mut pixels, height * width, channels);
        }
        Ok(([channels, height, width], pixels))
    }

    /// Floats or wider integers as bytes: from 0 to 255, or floats from 0 to 1, which are multiplied by 255.
    fn converted(&self, header: &Header, stream: &mut dyn BufRead, pixels: &mut Vec<u8>) -> Result<()> {
        // Only after the last value is it known whether the values reach to 1 or to 255, so both conversions are kept.
        let (mut fractions, mut largest, mut wrong) = (Vec::new(), 0.0f64, None);
        self.values(header, stream, |bytes| {
            for value in bytes.chunks_exact(header.kind.bytes()) {
                let number = header.kind.number(value);
                if !(0.0..=255.0).contains(&number) {
                    wrong = wrong.or(Some(number));
                }
                largest = largest.max(number);
                pixels.push(number.round() as u8);
                if header.kind.is_float() && largest <= 1.0 {
                    fractions.push((number * 255.0).round() as u8);
                }
            }
        })?;
        if let Some(number) = wrong {
            let what = format!("a pixel is {number}: from 0 to 255 is possible, or floats from 0 to 1");
            return Err(self.bad(format!("{what}. Undo the normalisation before saving")));
        }
        if fractions.len() == pixels.len() {
            *pixels = fractions;
        }
        Ok(())
    }
}
