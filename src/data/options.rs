//! How a data set is read.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::picture::Fit;

/// What a person may choose when a data set is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the choice of images for validation and for tests.
    pub split_seed: u64,
    /// Share of the images that is kept for tests where the data has no test images of its own, from 0 to 1. With 1 all of them
    /// are for tests: [`Part::read_test`](super::Part::read_test) then reads them all.
    pub test_share: f64,
    /// Height and width to which images are fitted. If none: for pictures the size that most of them have; other images
    /// keep theirs.
    pub size: Option<[usize; 2]>,
    /// Height and width for pictures of many sizes, and for large ones, if `size` is none; if this is none too, they are
    /// refused.
    pub otherwise: Option<[usize; 2]>,
    /// 1 (grey) or 3 (red, green, blue). If none: for pictures what most of them have; other images keep
    /// theirs.
    pub channels: Option<usize>,
    /// How images of other proportions are fitted.
    pub fit: Fit,
    /// Normalises pictures as MNIST's digits were.
    pub as_digits: bool,
    /// Leaves out pictures that cannot be decoded.
    pub skip_bad: bool,
    /// Directory in which prepared pictures are kept for the next time.
    pub cache: Option<PathBuf>,
    /// Called from several threads with the number of pictures decoded so far and of all pictures.
    pub progress: Option<Progress>,
}

/// Receives the progress of something.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(usize, usize) + Send + Sync>);

impl Progress {
    /// `tell` is called with how much is done, and how much there is to do.
    pub fn new(tell: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Progress(Arc::new(tell))
    }

    pub(super) fn tell(&self, done: usize, all: usize) {
        self.0(done, all);
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

impl Options {
    /// Everything that decides how pictures are prepared, as text.
    pub(super) fn wishes(&self) -> String {
        let otherwise = self.otherwise.map_or_else(String::new, |otherwise| format!(" or {otherwise:?}"));
        format!("{:?} {:?} {:?} {}{otherwise}", self.size, self.channels, self.fit, self.as_digits)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            split_seed: 0,
            test_share: 0.15,
            size: None,
            otherwise: None,
            channels: None,
            fit: Fit::default(),
            as_digits: false,
            skip_bad: false,
            cache: None,
            progress: None,
        }
    }
}

/// A seeded choice of images for tests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnSplit {
    pub seed: u64,
    /// Share of all images.
    pub test_share: f64,
}
