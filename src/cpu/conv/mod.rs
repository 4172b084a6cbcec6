//! Convolutions, one folder an algorithm.

pub(crate) mod batch_innermost;
pub(crate) mod direct;
pub(crate) mod winograd;
pub(crate) mod winograd_1d;
