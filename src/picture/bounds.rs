//! Where something is in a picture.

/// A rectangle of the picture, in pixels of the picture as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub top: f32,
    pub left: f32,
    pub height: f32,
    pub width: f32,
}
