use super::{Inputs, Reference, Values, unpacked};
use crate::error::Result;
use crate::plan::ops::Unpack;

/// `out[r, c] = images[r, c] / 255 * gain + offset`: bytes `[rows, columns]` to floats `[rows, columns]`.
///
/// With `gain = 1 / std` and `offset = -mean / std` pixels get mean 0 and standard deviation 1 (LeCun et al. 1998,
/// "Efficient BackProp", section 4.3).
impl Reference for Unpack {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        Ok(vec![unpacked(inputs.bytes(self.images)?, self.pixels).into()])
    }
}
