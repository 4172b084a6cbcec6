//! How a picture becomes the bytes that a network sees.

use serde::{Deserialize, Serialize};

use super::decode::Picture;
use super::digit::digit;
use super::fit::{Fit, fitted};

/// How pictures are prepared for a network: kept in a model's file, so that predictions prepare them as training did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// Normalised as MNIST's digits: the ink alone, light on black, its box scaled and centred.
    pub as_digits: bool,
    /// Of the result, in pixels.
    pub height: usize,
    /// Of the result, in pixels.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Not used for digits, which keep their proportions.
    pub fit: Fit,
}

impl Preparation {
    /// Pictures as they are, in one size.
    pub fn fitted(height: usize, width: usize, channels: usize, fit: Fit) -> Self {
        Preparation { as_digits: false, height, width, channels, fit }
    }

    /// The ink alone, normalised as MNIST's digits.
    pub fn digits(height: usize, width: usize) -> Self {
        Preparation { as_digits: true, height, width, channels: 1, fit: Fit::Pad }
    }

    /// The picture's bytes for the network, planar: `[channels, height, width]`.
    pub fn bytes(&self, picture: &Picture) -> Vec<u8> {
        match self.as_digits {
            true => digit(picture, self.height, self.width).repeat(self.channels),
            false => fitted(picture, (self.height, self.width, self.channels), self.fit),
        }
    }
}
