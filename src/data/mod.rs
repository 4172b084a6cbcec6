//! Data sets of labelled images: MNIST, and others in several formats.

mod cifar;
mod csv;
mod element;
mod few;
mod files;
mod foreign;
mod found;
mod gzip;
pub mod idx;
mod labels;
mod npy;
mod npy_header;
mod open;
mod options;
mod order;
mod part;
mod picture_cache;
mod pictures;
pub mod sheet;
mod split;
mod statistics;
mod stratified;
mod tree;
pub mod write;

use std::path::Path;

pub use few::{Labelled, Wishes};
pub use options::{DrawnSplit, Options, Progress};
pub use order::BatchOrder;
pub use part::Part;
pub use split::Split;
pub use statistics::Statistics;

use crate::Result;
use crate::picture::Preparation;

/// A data set in three splits, as TensorFlow's MNIST reader makes them.
///
/// Where the data brings no images for validation, part of its training images is held back: 5,000, but at most one in 12, so
/// that validation is empty where there are fewer than 12. For MNIST these are the first 5,000, as in TensorFlow; for all
/// other data, which may be sorted, a seeded choice with the same share of each class.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Of an image, in pixels.
    pub height: usize,
    /// Of an image, in pixels.
    pub width: usize,
    /// Bytes of a pixel: 1 for grey images, 3 for red, green and blue.
    pub channels: usize,
    /// Number of classes: the names', or the largest label of the training file plus 1, from 2 to 256.
    pub classes: usize,
    /// A name for each class, in order; empty where the data gives none. Classes are then called by their number.
    pub class_names: Vec<String>,
    pub train: Split,
    pub validation: Split,
    /// Seed of the choice of the validation images, where they were chosen among the training images.
    pub validation_seed: Option<u64>,
    pub test: Split,
    /// How the test images were chosen, where the data has none of its own.
    pub test_split: Option<DrawnSplit>,
    /// How the images were made from pictures or from images of another size; none where they are those of the files.
    pub preparation: Option<Preparation>,
    /// What a person should know about how the data was read, one sentence each.
    pub notes: Vec<String>,
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

    /// The data set in a directory or a file, with the default [`Options`].
    ///
    /// # Errors
    /// As [`DataSet::read`].
    pub fn open(path: &Path) -> Result<Self> {
        Self::read(path, &Options::default())
    }

    /// The data set in a directory or a file: four IDX files, gzipped or not, under the names of MNIST or EMNIST. Images are
    /// taken as they are; EMNIST's have rows and columns exchanged, in both halves.
    ///
    /// # Errors
    /// `MissingFile` or `Data` where the files are not there, `Io` where they cannot be read, and
    /// `BadFile` where one is malformed or they do not belong together.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        open::data_set(path, options)
    }

    /// As [`DataSet::read`], of a file's bytes, where there are no files: an archive, or a file that is a whole data set. `name`
    /// is the file's.
    ///
    /// # Errors
    /// As [`DataSet::read`].
    pub fn from_bytes(name: &Path, bytes: Vec<u8>, options: &Options) -> Result<Self> {
        open::data_set_in(&tree::Tree::of_bytes(name, bytes)?, name, options)
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
        open::joined(train, None, test, &Options::default())
    }

    fn join(
        train: impl FnOnce() -> Result<Part> + Send,
        test: impl FnOnce() -> Result<Part> + Send,
    ) -> Result<Self> {
        let (train, test) = crate::threads::both(train, test);
        Self::from_parts(train?, test?)
    }
}

/// Reorders images from interleaved channels, `[pixel, channel]`, to planes, `[channel, pixel]`.
fn planar(images: &mut [u8], pixels: usize, channels: usize) {
    if channels <= 1 {
        return;
    }
    let mut planes = vec![0; pixels * channels];
    for image in images.chunks_exact_mut(pixels * channels) {
        for (at, pixel) in image.chunks_exact(channels).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                planes[channel * pixels + at] = *value;
            }
        }
        image.copy_from_slice(&planes);
    }
}
