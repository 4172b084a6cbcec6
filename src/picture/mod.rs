//! Pictures that people bring (photos, scans, drawings) and what is done to them before a classifier sees them: decoding
//! and fitting to a size. Networks and devices are unknown here.

mod background;
mod components;
mod contrast;
mod decode;
mod digit;
mod fit;
mod ink;
mod preparation;
mod resample;
mod threshold;
mod transparency;

pub use decode::{ENDINGS, Picture};
pub use fit::Fit;
pub use preparation::Preparation;
