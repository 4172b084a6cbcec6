//! How a page looks.

use super::super::palette;

/// The style sheet, but for the pictures.
pub fn sheet() -> String {
    palette::css(":root") + include_str!("style.css")
}
