//! Matrix products (GEMM): by dot products where both operands run along k in memory, packed elsewhere, and over the nonzero
//! pixels alone where one operand is image bytes.

pub(crate) mod dot_product;
pub(crate) mod nonzeros;
pub(crate) mod pack;
pub(crate) mod packed;
