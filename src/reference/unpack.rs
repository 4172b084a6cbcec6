use super::{Inputs, Reference, Values, unpacked};
use crate::error::Result;
use crate::plan::ops::Unpack;

/// `out[r, k, p] = images[r, k, p] / 255 * gain[k] + offset[k]`: bytes to floats, both `[rows, channels, pixels]`.
///
/// With `gain = 1 / std` and `offset = -mean / std` a channel's pixels get mean 0 and standard deviation 1 (LeCun et al. 1998,
/// "Efficient BackProp", section 4.3).
impl Reference for Unpack {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let planes = inputs.bytes(self.images)?.chunks_exact(self.columns / self.channels.len());
        let channels = self.channels.iter().cycle();
        let out: Vec<f64> =
            planes.zip(channels).flat_map(|(plane, channel)| unpacked(plane, *channel)).collect();
        Ok(vec![out.into()])
    }
}
