//! Convolution by its definition, one image after another.

pub(crate) mod padded_planes;
pub(crate) mod row_tiles;
