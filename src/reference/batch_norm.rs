use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::BatchNorm;

/// `out = (x - mean) / sqrt(variance + epsilon) * weight + bias`, with x and out `[rows, channels, inner]` and the other four
/// one per channel (Ioffe and Szegedy 2015, algorithm 1). moments `[2, channels]`: means, then variances.
impl Reference for BatchNorm {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (weight, bias) = (inputs.floats(self.weight)?, inputs.floats(self.bias)?);
        let moments = inputs.floats(self.moments)?;
        let mut out = inputs.floats(self.x)?.to_vec();
        for (i, value) in out.iter_mut().enumerate() {
            let channel = i / self.inner % self.channels;
            let (mean, variance) = (moments[channel], moments[self.channels + channel]);
            let normalised = (*value - mean) / (variance + f64::from(self.epsilon)).sqrt();
            *value = normalised * weight[channel] + bias[channel];
        }
        Ok(vec![out.into()])
    }
}
