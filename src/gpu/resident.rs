//! A whole split on the device.

use crate::data::Split;

pub(super) struct Resident {
    /// u8 `[examples, stride]`.
    pub images: wgpu::Buffer,
    /// u32 `[examples]`.
    pub labels: wgpu::Buffer,
    /// Kept, so that its memory cannot become another split's.
    pub split: Split,
}

/// Which split it is: where its bytes and its labels begin, how many images they are, and of how many bytes.
fn identity(split: &Split) -> (*const u8, *const u8, usize, usize) {
    (split.images().as_ptr(), split.labels().as_ptr(), split.len(), split.image_bytes())
}

impl Resident {
    pub fn holds(&self, split: &Split) -> bool {
        identity(&self.split) == identity(split)
    }
}
