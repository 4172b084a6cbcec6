//! Labelled images that share their bytes with the other splits of the same file.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::NO_IMAGE;
use crate::{Error, Result};

/// Images and their labels: a range of one pair of files. Cloning or slicing copies no image.
#[derive(Clone)]
pub struct Split {
    images: Arc<Vec<u8>>,
    labels: Arc<Vec<u8>>,
    /// Bytes of one image.
    image_bytes: usize,
    range: Range<usize>,
}

impl Split {
    /// A split of `images`, `labels.len()` x `image_bytes` bytes: an image is `[channel, row, column]`, a byte each.
    ///
    /// # Errors
    /// `Data` where the two lengths do not fit together, or `image_bytes` is 0.
    pub fn new(image_bytes: usize, images: Vec<u8>, labels: Vec<u8>) -> Result<Self> {
        if image_bytes == 0 || labels.len().checked_mul(image_bytes) != Some(images.len()) {
            return Err(Error::Data(format!(
                "{} bytes of images are not {} images of {image_bytes} bytes: there must be one label per image",
                images.len(),
                labels.len()
            )));
        }
        let range = 0..labels.len();
        Ok(Split { images: Arc::new(images), labels: Arc::new(labels), image_bytes, range })
    }

    /// No images at all.
    pub fn empty() -> Self {
        Split { images: Arc::default(), labels: Arc::default(), image_bytes: 1, range: 0..0 }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Bytes of one image: its pixels, once for each channel.
    pub fn image_bytes(&self) -> usize {
        self.image_bytes
    }

    /// Image `index`: `image_bytes` bytes, `[channel, row, column]`, with background 0.
    ///
    /// # Panics
    /// As a slice does, where `index` is not below [`Split::len`].
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images()[index * self.image_bytes..][..self.image_bytes]
    }

    /// Label of image `index`.
    ///
    /// # Panics
    /// As a slice does, where `index` is not below [`Split::len`].
    pub fn label(&self, index: usize) -> u8 {
        self.labels()[index]
    }

    /// # Errors
    /// `Internal` where an index names no image of the split; `NO_IMAGE` is allowed.
    pub(crate) fn check_indices(&self, indices: &[u32]) -> Result<()> {
        let unknown = |index: &&u32| **index as usize >= self.len() && **index != NO_IMAGE;
        match indices.iter().find(unknown) {
            None => Ok(()),
            Some(index) => Err(Error::Internal(format!(
                "image {index} of a split of {} images, counted from 0",
                self.len()
            ))),
        }
    }

    /// All images, `len` x `image_bytes` bytes without gaps.
    pub fn images(&self) -> &[u8] {
        &self.images[self.range.start * self.image_bytes..self.range.end * self.image_bytes]
    }

    /// All labels, `len` bytes.
    pub fn labels(&self) -> &[u8] {
        &self.labels[self.range.clone()]
    }

    /// The images of `range`, counted within this split and cut off at its end.
    pub fn slice(&self, range: Range<usize>) -> Split {
        let end = self.range.start + range.end.min(self.len());
        let start = self.range.start + range.start.min(self.len());
        Split { range: start.min(end)..end, ..self.clone() }
    }

    /// The images of both, these first. Copies nothing where the other split follows in the same file.
    pub(super) fn followed_by(&self, next: &Split) -> Split {
        if Arc::ptr_eq(&self.images, &next.images) && self.range.end == next.range.start {
            return Split { range: self.range.start..next.range.end, ..self.clone() };
        }
        let images = [self.images(), next.images()].concat();
        let labels = [self.labels(), next.labels()].concat();
        let range = 0..labels.len();
        Split { images: Arc::new(images), labels: Arc::new(labels), image_bytes: next.image_bytes, range }
    }

    /// The same images in another order: those at the ascending positions `first`, then the rest. Moves them in place, if no
    /// other split shares them.
    pub(super) fn with_first(self, first: &[usize]) -> Split {
        let (start, bytes, range) = (self.range.start, self.image_bytes, self.range.clone());
        let mut is_first = vec![false; range.len()];
        first.iter().filter(|at| **at < range.len()).for_each(|at| is_first[*at] = true);
        let chosen = (0..range.len()).filter(|at| is_first[*at]);
        // Which image comes to each place.
        let order: Vec<usize> = chosen.chain((0..range.len()).filter(|at| !is_first[*at])).collect();
        let mut images = Arc::unwrap_or_clone(self.images);
        let mut labels = Arc::unwrap_or_clone(self.labels);
        let at = |place: usize| (start + place) * bytes;
        let mut is_done = vec![false; range.len()];
        // Along each cycle of the order; the image that was overwritten first comes last.
        for first in 0..range.len() {
            let (kept, kept_label) = (images[at(first)..][..bytes].to_vec(), labels[start + first]);
            let mut place = first;
            while !is_done[place] {
                is_done[place] = true;
                match order[place] {
                    next if next == first => {
                        images[at(place)..][..bytes].copy_from_slice(&kept);
                        labels[start + place] = kept_label;
                    }
                    next => {
                        images.copy_within(at(next)..at(next) + bytes, at(place));
                        labels[start + place] = labels[start + next];
                        place = next;
                    }
                }
            }
        }
        Split { images: Arc::new(images), labels: Arc::new(labels), image_bytes: bytes, range }
    }

    /// A copy of every `step`th image, from the first on.
    pub fn every(&self, step: usize) -> Split {
        let indices = || (0..self.len()).step_by(step.max(1));
        let images = indices().flat_map(|at| self.image(at).iter().copied()).collect();
        let labels: Vec<u8> = indices().map(|at| self.label(at)).collect();
        let range = 0..labels.len();
        Split { images: Arc::new(images), labels: Arc::new(labels), image_bytes: self.image_bytes, range }
    }

    /// A copy with another image for each: `change` makes its bytes, as many as before.
    pub fn changed(&self, change: impl Fn(&[u8], &mut [u8])) -> Split {
        let mut images = vec![0; self.images().len()];
        let pairs =
            self.images().chunks_exact(self.image_bytes).zip(images.chunks_exact_mut(self.image_bytes));
        pairs.for_each(|(from, to)| change(from, to));
        self.with_images(images)
    }

    /// A copy whose images, of `height` x `width` pixels in any number of channels, are moved by `down` and `right` pixels
    /// (up and left where negative); what moves in is background, 0.
    pub fn moved(&self, [height, width]: [usize; 2], down: isize, right: isize) -> Split {
        let mut images = vec![0; self.images().len()];
        let plane = (height * width).max(1);
        for (from, to) in self.images().chunks_exact(plane).zip(images.chunks_exact_mut(plane)) {
            for y in 0..height {
                let Some(source) = y.checked_add_signed(-down).filter(|y| *y < height) else { continue };
                let (row, start) = (&from[source * width..][..width], right.unsigned_abs().min(width));
                let to = &mut to[y * width..][..width];
                match right >= 0 {
                    true => to[start..].copy_from_slice(&row[..width - start]),
                    false => to[..width - start].copy_from_slice(&row[start..]),
                }
            }
        }
        self.with_images(images)
    }

    /// A copy whose images, of rows of `width` pixels, have left and right exchanged.
    pub fn mirrored(&self, width: usize) -> Split {
        let mut images = self.images().to_vec();
        images.chunks_exact_mut(width.max(1)).for_each(<[u8]>::reverse);
        self.with_images(images)
    }

    /// The same labels for other images of the same size.
    fn with_images(&self, images: Vec<u8>) -> Split {
        let labels = self.labels().to_vec();
        Split {
            range: 0..labels.len(),
            images: Arc::new(images),
            labels: Arc::new(labels),
            image_bytes: self.image_bytes,
        }
    }
}

/// Leaves out the images, which would fill the terminal.
impl std::fmt::Debug for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Split({} images of {} bytes)", self.len(), self.image_bytes)
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
    fn neighbours_join_without_a_copy() {
        let split = Split::new(1, (0..9).collect(), (0..9).collect()).unwrap();
        let joined = split.slice(2..4).followed_by(&split.slice(4..8));
        assert_eq!((joined.images(), joined.labels()), (&[2, 3, 4, 5, 6, 7][..], &[2, 3, 4, 5, 6, 7][..]));
        assert!(Arc::ptr_eq(&split.images, &joined.images));
        let apart = split.slice(6..8).followed_by(&split.slice(0..1));
        assert_eq!((apart.images(), apart.labels()), (&[6, 7, 0][..], &[6, 7, 0][..]));
    }

    #[test]
    fn chosen_images_come_first() {
        let split = Split::new(2, (0..20).collect(), (0..10).collect()).unwrap().slice(2..9);
        for chosen in [&[][..], &[0], &[6], &[1, 4, 5], &[0, 1, 2, 3, 4, 5, 6]] {
            let ordered = split.clone().with_first(chosen);
            let rest = (0..7).filter(|at| !chosen.contains(at));
            let wanted: Vec<u8> = chosen.iter().copied().chain(rest).map(|at| at as u8 + 2).collect();
            assert_eq!(ordered.labels(), wanted);
            assert!(
                ordered
                    .images()
                    .chunks(2)
                    .zip(wanted)
                    .all(|(image, label)| image == [2 * label, 2 * label + 1])
            );
        }
        assert_eq!(split.labels()[0], 2);
    }

    #[test]
    fn images_move_over_background() {
        let split = Split::new(6, vec![9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6], vec![7, 8]).unwrap().slice(1..2);
        let moved = |down, right| split.moved([2, 3], down, right).images().to_vec();
        assert_eq!(moved(0, 0), [1, 2, 3, 4, 5, 6]);
        assert_eq!(moved(1, 0), [0, 0, 0, 1, 2, 3]);
        assert_eq!(moved(-1, 0), [4, 5, 6, 0, 0, 0]);
        assert_eq!(moved(0, 1), [0, 1, 2, 0, 4, 5]);
        assert_eq!(moved(0, -2), [3, 0, 0, 6, 0, 0]);
        assert_eq!(moved(5, -7), [0; 6]);
        assert_eq!(split.moved([2, 3], 1, 1).labels(), [8]);
        // Three channels of 1 x 2 pixels: no plane gets what left another one.
        assert_eq!(split.moved([1, 2], 0, 1).images(), [0, 1, 0, 3, 0, 5]);
        assert_eq!(split.moved([1, 2], 1, 0).images(), [0; 6]);
    }

    #[test]
    fn images_are_mirrored_row_by_row() {
        let split = Split::new(6, vec![9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6], vec![7, 8]).unwrap().slice(1..2);
        assert_eq!(split.mirrored(3).images(), [3, 2, 1, 6, 5, 4]);
        assert_eq!(split.mirrored(2).images(), [2, 1, 4, 3, 6, 5]);
        assert_eq!(split.mirrored(3).labels(), [8]);
    }

    #[test]
    fn lengths_must_fit() {
        for (pixels, images, labels) in [(0, 0, 0), (4, 8, 1), (4, 7, 2), (usize::MAX, 4, 2)] {
            assert!(Split::new(pixels, vec![0; images], vec![0; labels]).is_err());
        }
        assert!(Split::new(4, vec![], vec![]).unwrap().is_empty());
    }
}
