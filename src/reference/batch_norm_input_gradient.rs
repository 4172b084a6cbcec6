use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::BatchNormInputGradient;

/// The gradient of batch normalisation's input, through the moments too (Ioffe and Szegedy 2015, section 3, gathered): with
/// `s = 1 / sqrt(variance + epsilon)`, `normalised = (x - mean) * s` and n the values of a channel,
/// `input_gradient = weight * s * (output_gradient - bias_gradient / n - normalised * weight_gradient / n)`.
/// x, output_gradient and input_gradient `[rows, channels, inner]`; the other two gradients are those of `batch_norm_sums`.
impl Reference for BatchNormInputGradient {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, moments) = (inputs.floats(self.x)?, inputs.floats(self.moments)?);
        let weight = inputs.floats(self.weight)?;
        let (weight_gradient, bias_gradient) =
            (inputs.floats(self.weight_gradient)?, inputs.floats(self.bias_gradient)?);
        let n = (self.rows * self.inner) as f64;
        let mut input_gradient = inputs.floats(self.output_gradient)?.to_vec();
        for (i, gradient) in input_gradient.iter_mut().enumerate() {
            let c = i / self.inner % self.channels;
            let s = 1.0 / (moments[self.channels + c] + f64::from(self.epsilon)).sqrt();
            let normalised = (x[i] - moments[c]) * s;
            *gradient =
                weight[c] * s * (*gradient - bias_gradient[c] / n - normalised * weight_gradient[c] / n);
        }
        Ok(vec![input_gradient.into()])
    }
}
