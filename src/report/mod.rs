//! What people look at: curves of runs, a model's report as one HTML page, the statistics in both. Everything is made in
//! memory from values computed elsewhere; this directory knows nothing of terminals, devices, files and clocks.

mod chart;
mod curves;
mod drawing;
mod findings;
mod page;
mod palette;
mod reliability;
mod scale;
mod sheet;
pub mod statistics;
mod weights;

pub use chart::{Axis, Chart, Series};
pub use curves::{Run, Runs, Validation, charts, drawn};
pub use drawing::{Anchor, Drawing, Shape};
pub use findings::{Answer, Findings, Pair};
pub use page::Page;
pub use palette::{Paint, Palette};
pub use weights::{FirstLayer, MAX_PICTURES, WeightPictures, first_layer, first_weights};

/// Text escaped for HTML and SVG, also within quotes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            // Other control characters are not allowed in SVG, however they are written.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
