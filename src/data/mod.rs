//! Data sets of labelled images: MNIST, and others in the same file format.

mod files;
pub mod idx;
mod order;
mod split;

use std::path::{Path, PathBuf};

pub use order::BatchOrder;
pub use split::Split;

use crate::{Error, Result};
use files::Half;
use idx::Source;

/// Largest number of validation images: as many as TensorFlow's reader held back of MNIST's 60,000.
const MAX_VALIDATION: usize = 5000;
/// In a smaller set one image in this many is for validation, as in MNIST.
const IMAGES_PER_VALIDATION: usize = 12;

/// A data set in three splits, as TensorFlow's MNIST reader makes them.
///
/// The first images of the training file are for validation: 5,000, but at most one in 12, so that validation is
/// empty where there are fewer than 12. The rest are for training: MNIST's 60,000 become 5,000 and 55,000.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Of an image, in pixels.
    pub height: usize,
    /// Of an image, in pixels.
    pub width: usize,
    /// Bytes of a pixel: 1 for grey images, 3 for red, green and blue.
    pub channels: usize,
    /// Number of classes: the largest label of the training file plus 1, from 2 to 256.
    pub classes: usize,
    /// A name for each class, in order; empty where the data gives none. Classes are then called by their number.
    pub class_names: Vec<String>,
    pub train: Split,
    pub validation: Split,
    pub test: Split,
}

impl DataSet {
    /// All images of the training file, including those for validation: for a final run, when everything has been chosen.
    pub fn all_training(&self) -> Split {
        self.validation.followed_by(&self.train)
    }

    /// Of an image: `[channels, height, width]`, the order in which its bytes lie.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Bytes of an image.
    pub fn image_bytes(&self) -> usize {
        self.shape().iter().product()
    }

    /// The built-in MNIST. Its two halves are decompressed in parallel.
    ///
    /// # Errors
    /// None, as long as the files are those in `data/`.
    #[cfg(feature = "embedded-mnist")]
    pub fn embedded() -> Result<Self> {
        Self::join(Part::embedded_train, Part::embedded_test)
    }

    /// The data set in a directory: four IDX files, gzipped or not, under the names of MNIST or EMNIST.
    /// Images are taken as they are; EMNIST's have rows and columns exchanged, in both halves.
    ///
    /// # Errors
    /// `MissingFile` or `Data` where the files are not there, `Io` where they cannot be read, and
    /// `BadFile` where one is malformed or they do not belong together.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::join(|| Part::open_train(dir), || Part::open_test(dir))
    }

    /// The data set from the bytes of its four files, gzipped or not. Errors use MNIST's file names.
    ///
    /// # Errors
    /// `BadFile` where one is malformed or they do not belong together.
    pub fn from_idx_bytes(
        train_images: &[u8],
        train_labels: &[u8],
        test_images: &[u8],
        test_labels: &[u8],
    ) -> Result<Self> {
        Self::join(
            || Part::from_idx_bytes("train", train_images, train_labels),
            || Part::from_idx_bytes("t10k", test_images, test_labels),
        )
    }

    /// Joins the two halves of a data set.
    ///
    /// # Errors
    /// `BadFile` where the test images differ in size or channels, or have a label above all training labels.
    pub fn from_parts(train: Part, test: Part) -> Result<Self> {
        let classes = train.classes();
        test.require(train.shape(), classes)?;
        let (validation, examples) = train.split_validation();
        Ok(DataSet {
            height: train.height,
            width: train.width,
            channels: train.channels,
            classes,
            class_names: train.class_names,
            train: examples,
            validation,
            test: test.examples,
        })
    }

    fn join(
        train: impl FnOnce() -> Result<Part> + Send,
        test: impl FnOnce() -> Result<Part> + Send,
    ) -> Result<Self> {
        let (train, test) = crate::threads::both(train, test);
        Self::from_parts(train?, test?)
    }
}

/// One half of a data set, training or test: an image file and its label file. By itself it serves to
/// evaluate without decompressing the training images.
#[derive(Clone, Debug)]
pub struct Part {
    /// Of an image, in pixels.
    pub height: usize,
    /// Of an image, in pixels.
    pub width: usize,
    /// Bytes of a pixel: 1 for grey images, 3 for red, green and blue.
    pub channels: usize,
    /// All images of the file.
    pub examples: Split,
    /// As in [`DataSet`].
    pub class_names: Vec<String>,
    images_name: PathBuf,
    labels_name: PathBuf,
}

impl Part {
    /// The training half of the built-in MNIST: 60,000 images, 47 MB.
    ///
    /// # Errors
    /// None, as long as the files are those in `data/`.
    #[cfg(feature = "embedded-mnist")]
    pub fn embedded_train() -> Result<Self> {
        Self::from_idx_bytes(
            "train",
            include_bytes!("../../data/train-images-idx3-ubyte.gz"),
            include_bytes!("../../data/train-labels-idx1-ubyte.gz"),
        )
    }

    /// The test half of the built-in MNIST: 10,000 images, 8 MB.
    ///
    /// # Errors
    /// None, as long as the files are those in `data/`.
    #[cfg(feature = "embedded-mnist")]
    pub fn embedded_test() -> Result<Self> {
        Self::from_idx_bytes(
            "t10k",
            include_bytes!("../../data/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../../data/t10k-labels-idx1-ubyte.gz"),
        )
    }

    /// The training half of the data set in a directory.
    ///
    /// # Errors
    /// As [`DataSet::open`].
    pub fn open_train(dir: &Path) -> Result<Self> {
        Self::open(dir, Half::Training)
    }

    /// The test half of the data set in a directory.
    ///
    /// # Errors
    /// As [`DataSet::open`].
    pub fn open_test(dir: &Path) -> Result<Self> {
        Self::open(dir, Half::Test)
    }

    fn open(dir: &Path, half: Half) -> Result<Self> {
        let (images, labels) = files::find(dir, half)?;
        Self::read(&Source::file(images), &Source::file(labels))
    }

    /// One half from the bytes of its two files. Errors call them `{half}-images-idx3-ubyte` and
    /// `{half}-labels-idx1-ubyte`.
    ///
    /// # Errors
    /// `BadFile` where one is malformed or they do not belong together.
    pub fn from_idx_bytes(half: &str, images: &[u8], labels: &[u8]) -> Result<Self> {
        Self::read(
            &Source::bytes(format!("{half}-images-idx3-ubyte"), images),
            &Source::bytes(format!("{half}-labels-idx1-ubyte"), labels),
        )
    }

    /// One half from its two files, whatever they are called.
    ///
    /// # Errors
    /// `Io` where one cannot be read, `BadFile` where one is malformed or they do not belong together.
    pub fn read(images: &Source, labels: &Source) -> Result<Self> {
        // the short file first: a wrong count is then found before the long one is decompressed
        let bytes = labels.labels()?;
        let idx::Images { height, width, pixels, .. } = images.images_for(bytes.len(), labels.name())?;
        let examples = Split::new(height * width, pixels, bytes)?;
        let (images_name, labels_name) = (images.name().into(), labels.name().into());
        Ok(Part { height, width, channels: 1, examples, class_names: Vec::new(), images_name, labels_name })
    }

    /// Of an image: `[channels, height, width]`, the order in which its bytes lie.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The largest label plus 1, at least 2.
    pub fn classes(&self) -> usize {
        self.examples.labels().iter().max().map_or(0, |&label| usize::from(label) + 1).max(2)
    }

    /// A training half's images for validation and for training, as [`DataSet`] splits them.
    pub fn split_validation(&self) -> (Split, Split) {
        let held_back = MAX_VALIDATION.min(self.examples.len() / IMAGES_PER_VALIDATION);
        (self.examples.slice(0..held_back), self.examples.slice(held_back..self.examples.len()))
    }

    /// Checks that these images fit a network, or another half, of this shape, `[channels, height, width]`, and number of
    /// classes.
    ///
    /// # Errors
    /// `BadFile` where the images have another shape or a label is not below `classes`.
    pub fn require(&self, shape: [usize; 3], classes: usize) -> Result<()> {
        if self.shape() != shape {
            let [channels, height, width] = shape;
            // Grey images against grey ones, as most are, need no word on colour.
            let of = |channels: usize| match (channels, self.channels == shape[0]) {
                (_, true) => "",
                (1, false) => " in grey",
                (_, false) => " in colour",
            };
            let what = format!(
                "its images are {}x{} pixels{}, but {height}x{width}{} are needed: use data of the same set",
                self.height,
                self.width,
                of(self.channels),
                of(channels)
            );
            return Err(Error::bad_file(&self.images_name, what));
        }
        if let Some(index) = self.examples.labels().iter().position(|&label| usize::from(label) >= classes) {
            let what = format!(
                "label {index} (counted from 0) is {}, but there are {classes} classes, 0 to {}: use data of \
                 the same set",
                self.examples.label(index),
                classes.saturating_sub(1)
            );
            return Err(Error::bad_file(&self.labels_name, what));
        }
        Ok(())
    }
}
