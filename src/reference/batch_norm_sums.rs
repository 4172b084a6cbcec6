use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::BatchNormSums;

/// The gradients of batch normalisation's weight and bias, with `normalised = (x - mean) / sqrt(variance + epsilon)`:
/// `weight_gradient[c] = sum of output_gradient * normalised` and `bias_gradient[c] = sum of output_gradient`, over all
/// values of channel c (Ioffe and Szegedy 2015, section 3). x and output_gradient `[rows, channels, inner]`.
impl Reference for BatchNormSums {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, moments) = (inputs.floats(self.x)?, inputs.floats(self.moments)?);
        let (mut weight_gradient, mut bias_gradient) = (vec![0.0; self.channels], vec![0.0; self.channels]);
        for (i, gradient) in inputs.floats(self.output_gradient)?.iter().enumerate() {
            let channel = i / self.inner % self.channels;
            let (mean, variance) = (moments[channel], moments[self.channels + channel]);
            let normalised = (x[i] - mean) / (variance + f64::from(self.epsilon)).sqrt();
            weight_gradient[channel] += gradient * normalised;
            bias_gradient[channel] += gradient;
        }
        Ok(vec![weight_gradient.into(), bias_gradient.into()])
    }
}
