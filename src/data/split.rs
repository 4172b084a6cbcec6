//! A run of labelled images that shares its bytes with the other splits of the same file.

use std::ops::Range;
use std::sync::Arc;

use crate::{Error, Result};

/// Images and their labels: a range of one pair of files. Cloning or slicing copies no image.
#[derive(Clone)]
pub struct Split {
    images: Arc<Vec<u8>>,
    labels: Arc<Vec<u8>>,
    /// Bytes of one image.
    pixels: usize,
    range: Range<usize>,
}

impl Split {
    /// A split of its own from `images`, one byte a pixel, row-major, `labels.len()` x `pixels` bytes.
    ///
    /// # Errors
    /// `Config` where the two lengths do not fit together, or `pixels` is 0.
    pub fn new(pixels: usize, images: Vec<u8>, labels: Vec<u8>) -> Result<Self> {
        if pixels == 0 || labels.len().checked_mul(pixels) != Some(images.len()) {
            return Err(Error::Config(format!(
                "{} bytes of images are not {} images of {pixels} pixels: there must be one label an image",
                images.len(),
                labels.len()
            )));
        }
        let range = 0..labels.len();
        Ok(Split { images: Arc::new(images), labels: Arc::new(labels), pixels, range })
    }

    /// No images at all.
    pub fn empty() -> Self {
        Split { images: Arc::default(), labels: Arc::default(), pixels: 1, range: 0..0 }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Bytes of one image.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Image `index`: `pixels` bytes, row-major, 0 the background.
    ///
    /// # Panics
    /// As a slice does, where `index` is not below [`Split::len`].
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images()[index * self.pixels..][..self.pixels]
    }

    /// Label of image `index`.
    ///
    /// # Panics
    /// As a slice does, where `index` is not below [`Split::len`].
    pub fn label(&self, index: usize) -> u8 {
        self.labels()[index]
    }

    /// # Errors
    /// `Config` where an index names no image of the split; `plan::NO_IMAGE` is allowed.
    pub(crate) fn check_indices(&self, indices: &[u32]) -> Result<()> {
        let unknown = |index: &&u32| **index as usize >= self.len() && **index != crate::plan::NO_IMAGE;
        match indices.iter().find(unknown) {
            None => Ok(()),
            Some(index) => Err(Error::Config(format!(
                "image {index} of a split of {} images, counted from 0",
                self.len()
            ))),
        }
    }

    /// All images, `len` x `pixels` bytes without gaps, ready to be uploaded.
    pub fn images(&self) -> &[u8] {
        &self.images[self.range.start * self.pixels..self.range.end * self.pixels]
    }

    /// All labels, `len` bytes.
    pub fn labels(&self) -> &[u8] {
        &self.labels[self.range.clone()]
    }

    /// The images of `range`, counted within this split; what lies past its end is left out.
    pub fn slice(&self, range: Range<usize>) -> Split {
        let end = self.range.start + range.end.min(self.len());
        let start = self.range.start + range.start.min(self.len());
        Split { range: start.min(end)..end, ..self.clone() }
    }
}

/// The images themselves would fill the terminal.
impl std::fmt::Debug for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Split({} images of {} pixels)", self.len(), self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_the_bytes() {
        let split = Split::new(2, (0..20).collect(), (0..10).collect()).unwrap();
        let middle = split.slice(3..7);
        assert_eq!((middle.len(), middle.labels()), (4, &[3, 4, 5, 6][..]));
        assert_eq!(middle.images(), &[6, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!((middle.image(1), middle.label(1)), (&[8, 9][..], 4));
        assert!(Arc::ptr_eq(&split.images, &middle.images));
        assert_eq!(middle.slice(2..99).labels(), [5, 6]);
        assert!(middle.slice(50..99).is_empty());
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = middle.slice(3..1);
        assert!(reversed.is_empty() && reversed.images().is_empty());
    }

    #[test]
    fn lengths_must_fit() {
        for (pixels, images, labels) in [(0, 0, 0), (4, 8, 1), (4, 7, 2), (usize::MAX, 4, 2)] {
            assert!(Split::new(pixels, vec![0; images], vec![0; labels]).is_err());
        }
        assert!(Split::new(4, vec![], vec![]).unwrap().is_empty());
    }
}
