use super::{Describe, Pixels};
use crate::plan::TensorId;

/// Makes floats of image bytes: `out[r, c] = images[r, c] / 255 * gain + offset`.
#[derive(Clone, Debug)]
pub struct Unpack {
    /// u8 `[rows, columns]`.
    pub images: TensorId,
    /// `[rows, columns]`.
    pub out: TensorId,
    pub rows: usize,
    pub columns: usize,
    pub pixels: Pixels,
}

impl Describe for Unpack {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.images]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }
}
