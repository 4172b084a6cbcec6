//! Which views of an image a trained network classifies.

use serde::{Deserialize, Serialize};

/// The views of an image that are classified; their probabilities are averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Views {
    /// The image as it is.
    #[default]
    Plain,
    /// The image as it is, and moved by one pixel up, down, left and right (Krizhevsky et al. 2012, section 4.1, average
    /// over ten patches in the same way). Five times the work.
    Moved,
    /// The image as it is, and mirrored left to right. Twice the work.
    Mirrored,
    /// The image as it is, moved by one pixel up and left, and down and right, and the mirror images of these three (as Jordan
    /// 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", section 3.5). Six times the work.
    MirroredAndMoved,
}

/// How a view is made of an image: moved, then mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// How far it is moved down, in pixels; negative is up. What moves in is background, 0.
    pub down: isize,
    /// How far it is moved to the right, in pixels.
    pub right: isize,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
}

impl View {
    const fn moved(down: isize, right: isize) -> View {
        View { down, right, mirrored: false }
    }

    const fn mirrored(down: isize, right: isize) -> View {
        View { down, right, mirrored: true }
    }
}

impl Views {
    /// What the views are; the first is the image as it is.
    pub fn list(self) -> &'static [View] {
        const PLAIN: View = View::moved(0, 0);
        const MOVED: &[View] =
            &[PLAIN, View::moved(-1, 0), View::moved(1, 0), View::moved(0, -1), View::moved(0, 1)];
        const MIRRORED: &[View] = &[PLAIN, View::mirrored(0, 0)];
        const MIRRORED_AND_MOVED: &[View] = &[
            PLAIN,
            View::moved(-1, -1),
            View::moved(1, 1),
            View::mirrored(0, 0),
            View::mirrored(-1, -1),
            View::mirrored(1, 1),
        ];
        match self {
            Views::Plain => &[PLAIN],
            Views::Moved => MOVED,
            Views::Mirrored => MIRRORED,
            Views::MirroredAndMoved => MIRRORED_AND_MOVED,
        }
    }

    pub(super) fn is_plain(&self) -> bool {
        *self == Views::Plain
    }
}
