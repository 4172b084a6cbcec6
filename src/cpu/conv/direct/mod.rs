//! Direct convolution: the definition's loops over channels and taps, one image at a time, in register tiles.
//!
//! An image's channels are copied with zeros around them ([`padded_image`]), so that a tap reads at a constant distance
//! from the output position that it serves; a tile of output channels x vectors of neighbouring positions then stays in
//! registers during the loop over all taps ([`register_tiles`]). With a stride the padded image is split into its
//! phases. The input gradient is one such convolution for each phase of the stride; the weight gradient keeps a tile of
//! output channels x taps in registers during the loop over all positions.
//!
//! Chosen for every shape that no other algorithm takes: any kernel, stride and padding. The others are measured
//! against it. In the presets it is used only for the first layer of `cnn`, `fast` and `record` (one input channel and
//! 24 or 32 maps: too few channels for Winograd's transforms to be worth it, maps too large for vectors of images).

mod forward;
mod input_gradient;
mod padded_image;
mod register_tiles;
mod weight_gradient;

pub(crate) use forward::Forward;
pub(crate) use input_gradient::InputGradient;
pub(crate) use weight_gradient::WeightGradient;
