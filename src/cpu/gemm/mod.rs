//! Matrix products.

pub(crate) mod dot_product;
pub(crate) mod nonzeros;
pub(crate) mod outer_product;
pub(crate) mod pack;
