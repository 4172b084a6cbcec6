//! What readers are asked for, and what they bring.

use super::Part;

/// Which halves of a data set are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halves {
    pub train: bool,
    pub test: bool,
}

impl Halves {
    pub const BOTH: Halves = Halves { train: true, test: true };
}

/// What a data set brings.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub train: Option<Part>,
    pub validation: Option<Part>,
    pub test: Option<Part>,
}
