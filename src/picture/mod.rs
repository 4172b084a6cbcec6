//! Pictures that people bring (photos, scans, drawings) and what is done to them before a classifier sees them: decoding
//! and fitting to a size. Networks and devices are unknown here.

mod annotate;
mod background;
mod bounds;
mod components;
mod contrast;
mod decode;
mod digit;
mod encode;
mod fit;
mod ink;
mod luma;
mod marks;
pub mod page;
mod preparation;
mod resample;
mod ruling;
mod splitting;
mod threshold;
mod tiff;
mod tilt;
mod transparency;
mod webp;

pub use annotate::annotated;
pub use decode::{ENDINGS, Picture, UNDECODED};
pub use encode::png;
pub use fit::Fit;
pub use preparation::Preparation;
