use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::Dropout;
use crate::random::{Stream, philox};

/// `out[i] = x[i] / (1 - rate)` where value i is kept, else 0 (Srivastava et al. 2014; the division in training
/// makes a correction in evaluation unnecessary).
///
/// Value i is kept where word `i % 4` of Philox's block `i / 4` is at least `rate * 2^32`. The block depends on seed, step and
/// layer alone: the backward pass is the same op on the gradient.
impl Reference for Dropout {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let rate = f64::from(self.rate);
        // The layer's number takes the place of the step's upper half, which other streams use.
        let step = u64::from(inputs.scalars.step) | u64::from(self.layer) << 32;
        let mut out = Vec::new();
        for (i, x) in inputs.floats(self.x)?.iter().enumerate() {
            let word = philox(inputs.seed(), Stream::Dropout, step, (i / 4) as u32)[i % 4];
            let is_kept = f64::from(word) >= (rate * 4_294_967_296.0).round();
            out.push(if is_kept { x / (1.0 - rate) } else { 0.0 });
        }
        Ok(vec![out.into()])
    }
}
