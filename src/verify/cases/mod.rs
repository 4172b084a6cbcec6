//! The cases of each op: many shapes, odd ones above all (a single row, a tail, one class, more than a workgroup).

mod classic;
mod draft;
mod layers;
mod optimisers;

use super::Case;

/// Every op in many shapes. The values are the same at every call.
pub fn cases() -> Vec<Case> {
    [classic::cases(), layers::cases(), optimisers::cases()].into_iter().flatten().collect()
}
