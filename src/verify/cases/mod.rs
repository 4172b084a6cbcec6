//! The cases of each op, chosen by what implementations get wrong: a single row, a tail, one class, more than a workgroup,
//! ties, values that are exactly 0.

mod activations;
mod batch_norm;
mod classification;
mod convolution;
mod draft;
mod images;
mod optimisers;
mod pooling;
mod products;

use super::Case;

/// Every op in many shapes. The values are the same at every call.
pub fn cases() -> Vec<Case> {
    [
        images::cases(),
        products::cases(),
        convolution::cases(),
        pooling::cases(),
        activations::cases(),
        batch_norm::cases(),
        classification::cases(),
        optimisers::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
