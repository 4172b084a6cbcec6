//! One half of a data set.

use std::path::{Path, PathBuf};

use super::files::Half;
use super::idx::{self, Source};
use super::stratified::{self, Purpose};
use super::{Options, Split, open};
use crate::{Error, Result};

/// Largest number of validation images: as many as TensorFlow's reader held back of MNIST's 60,000.
const MAX_VALIDATION: usize = 5000;
/// In a smaller set one image in this many is for validation, as in MNIST.
const IMAGES_PER_VALIDATION: usize = 12;
/// Hash of the labels of MNIST's training images, in their order.
const MNIST_LABELS: u64 = 0x5c86_6ae1_7992_f58d;

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
    /// As in [`DataSet`](super::DataSet).
    pub class_names: Vec<String>,
    /// As in [`DataSet`](super::DataSet).
    pub notes: Vec<String>,
    /// For messages: the files that images and labels come from.
    pub(super) images_name: PathBuf,
    pub(super) labels_name: PathBuf,
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
    /// As [`DataSet::open`](super::DataSet::open).
    pub fn open_train(path: &Path) -> Result<Self> {
        open::half(path, Half::Training, &Options::default())
    }

    /// The test half of the data set in a directory.
    ///
    /// # Errors
    /// As [`DataSet::open`](super::DataSet::open).
    pub fn open_test(path: &Path) -> Result<Self> {
        Self::read_test(path, &Options::default())
    }

    /// As [`Part::open_test`], read as the options say.
    ///
    /// # Errors
    /// As [`DataSet::read`](super::DataSet::read).
    pub fn read_test(path: &Path, options: &Options) -> Result<Self> {
        open::half(path, Half::Test, options)
    }

    /// The images of a table that need not have labels, such as Kaggle's `test.csv`; labels are ignored and all are 0.
    ///
    /// # Errors
    /// As [`DataSet::read`](super::DataSet::read).
    pub fn read_unlabelled(path: &Path, options: &Options) -> Result<Self> {
        open::unlabelled(path, options)
    }

    /// Images in this shape, `[channels, height, width]`, from a file.
    ///
    /// # Errors
    /// `BadFile` where there are none.
    pub(super) fn new([channels, height, width]: [usize; 3], examples: Split, file: PathBuf) -> Result<Self> {
        if examples.is_empty() {
            return Err(Error::bad_file(file, "it holds no images"));
        }
        let (images_name, labels_name) = (file.clone(), file);
        let (class_names, notes) = (Vec::new(), Vec::new());
        Ok(Part { height, width, channels, examples, class_names, notes, images_name, labels_name })
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
        let idx::Images { height, width, channels, pixels, .. } =
            images.images_for(bytes.len(), labels.name())?;
        let examples = Split::new(height * width * channels, pixels, bytes)?;
        let (images_name, labels_name) = (images.name().into(), labels.name().into());
        Ok(Part {
            height,
            width,
            channels,
            examples,
            class_names: Vec::new(),
            notes: Vec::new(),
            images_name,
            labels_name,
        })
    }

    /// Of an image: `[channels, height, width]`, the order in which its bytes lie.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The number of names, or the largest label plus 1; at least 2.
    pub fn classes(&self) -> usize {
        let largest = self.examples.labels().iter().max().map_or(0, |&label| usize::from(label) + 1);
        largest.max(self.class_names.len()).max(2)
    }

    /// Numbers the classes as a model does that calls them by these names; where either has no names, the numbers stay.
    ///
    /// # Errors
    /// `BadFile` where the model knows no class of a name.
    pub fn number_as(&mut self, names: &[String]) -> Result<()> {
        if names.is_empty() || self.class_names.is_empty() || self.class_names == names {
            return Ok(());
        }
        let numbers = self.class_names.iter().map(|name| {
            let at = names.iter().position(|known| known == name).and_then(|at| u8::try_from(at).ok());
            at.ok_or_else(|| {
                let what =
                    format!("the model knows no class `{name}`; it was trained on {}", names.join(", "));
                Error::bad_file(&self.labels_name, what)
            })
        });
        let numbers = numbers.collect::<Result<Vec<u8>>>()?;
        let new = |label: &u8| numbers.get(usize::from(*label)).copied().unwrap_or(*label);
        let labels = self.examples.labels().iter().map(new).collect();
        self.examples = Split::new(self.examples.image_bytes(), self.examples.images().to_vec(), labels)?;
        self.class_names = names.to_vec();
        Ok(())
    }

    /// Whether these are MNIST's training images, in their own order (or what somebody made of each).
    pub(super) fn is_mnist(&self) -> bool {
        // FNV-1a (Fowler, Noll and Vo) over words of eight bytes, as in a checkpoint's fingerprint.
        let hash = |labels: &[u8]| {
            labels.chunks_exact(8).fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| {
                let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3)
            })
        };
        let labels = self.examples.labels();
        self.shape() == [1, 28, 28] && labels.len() == 60_000 && hash(labels) == MNIST_LABELS
    }

    /// A training half's images for validation and for training, as [`DataSet`](super::DataSet) splits them.
    pub fn split_validation(&mut self, seed: u64) -> (Split, Split) {
        let all = self.examples.len();
        let held_back = MAX_VALIDATION.min(all / IMAGES_PER_VALIDATION);
        if held_back > 0 && !self.is_mnist() {
            let chosen = stratified::choose(self.examples.labels(), held_back, seed, Purpose::Validation);
            self.take_out(&chosen);
            return self.divided(chosen.len());
        }
        self.divided(held_back)
    }

    /// A part of the images for tests, the same share of each class, and the rest.
    pub(super) fn split_test(&mut self, share: f64, seed: u64) -> (Split, Split) {
        let all = self.examples.len();
        let count = (all as f64 * share).round() as usize;
        let chosen = stratified::choose(self.examples.labels(), count, seed, Purpose::Test);
        self.take_out(&chosen);
        self.notes.push(format!(
            "the data has no test images of its own: {} of its {all} images are kept for tests, the same share of each class (--test-share {share}, --split-seed {seed})",
            chosen.len()
        ));
        self.divided(chosen.len())
    }

    fn divided(&self, first: usize) -> (Split, Split) {
        (self.examples.slice(0..first), self.examples.slice(first..self.examples.len()))
    }

    /// Moves the chosen images to the front.
    fn take_out(&mut self, chosen: &[usize]) {
        let examples = std::mem::replace(&mut self.examples, Split::empty());
        self.examples = examples.with_first(chosen);
    }

    /// Checks that these images fit a network, or another half, of this shape, `[channels, height, width]`, and number of
    /// classes.
    ///
    /// # Errors
    /// `BadFile` where the images have another shape or a label is not below `classes`.
    pub fn require(&self, shape: [usize; 3], classes: usize) -> Result<()> {
        if self.shape() != shape {
            let [channels, height, width] = shape;
            // If both are grey, as most are, the message does not mention colour.
            let of = |channels: usize| match (channels, self.channels == shape[0]) {
                (_, true) => "",
                (1, false) => " in grey",
                (_, false) => " in colour",
            };
            let what = format!(
                "its images are {}x{} pixels{}, but {height}x{width}{} are needed{}: use data of the same set",
                self.height,
                self.width,
                of(self.channels),
                of(channels),
                if self.channels == channels { "" } else { " (the fourth dimension of IDX files)" },
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
