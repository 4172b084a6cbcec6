use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Matmul;

/// `out[i, j] = sum over l of A[i, l] * B[l, j]`, with A `[m, k]`, B `[k, n]` and out `[m, n]`.
///
/// With `transpose_a`, A is stored as `[k, m]`; with `transpose_b`, B is stored as `[n, k]`. With a ReLU mask (a ReLU's
/// output, `[m, n]`) the result is 0 wherever the mask is not above 0, as if `relu_gradient` followed the product.
impl Reference for Matmul {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (a, b) = (inputs.operand(self.a)?, inputs.operand(self.b)?);
        let mut out = vec![0.0; self.m * self.n];
        for i in 0..self.m {
            for j in 0..self.n {
                for l in 0..self.k {
                    let of_a = if self.transpose_a { a[l * self.m + i] } else { a[i * self.k + l] };
                    let of_b = if self.transpose_b { b[j * self.k + l] } else { b[l * self.n + j] };
                    out[i * self.n + j] += of_a * of_b;
                }
            }
        }
        if let Some(mask) = self.relu_mask {
            for (out, mask) in out.iter_mut().zip(inputs.floats(mask)?) {
                if *mask <= 0.0 {
                    *out = 0.0;
                }
            }
        }
        Ok(vec![out.into()])
    }
}
