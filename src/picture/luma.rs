//! How bright a colour is.

/// Rec. 601's luma, rounded: ITU-R BT.601-7, section 2.5.1.
pub(super) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
}
