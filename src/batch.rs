//! How the images of a batch lie in memory: what data sets, plans and executors have to agree on.

/// A label that stands for no image: it fills the last batch of an evaluation. Its loss, gradient and count are 0.
pub const NO_LABEL: u32 = u32::MAX;

/// An index that stands for no image, see [`NO_LABEL`].
pub const NO_IMAGE: u32 = u32::MAX;

/// Bytes from one image to the next on a device: images of `bytes` bytes are padded to whole 32-bit words, since shaders
/// read words.
pub fn image_stride(bytes: usize) -> usize {
    bytes.next_multiple_of(4)
}
