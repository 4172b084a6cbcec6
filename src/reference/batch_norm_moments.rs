use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::BatchNormMoments;

/// Mean and variance of each channel of x `[rows, channels, inner]`, over the batch and all positions:
/// `mean = sum of x / n`, `variance = sum of (x - mean)² / n` (Ioffe and Szegedy 2015, algorithm 1). moments
/// `[2, channels]`: means, then variances.
///
/// The running statistics, laid out likewise, move towards them: `running += momentum * (new - running)`, with the unbiased
/// variance (n - 1 in place of n), as in PyTorch.
impl Reference for BatchNormMoments {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let (x, mut running) = (inputs.floats(self.x)?, inputs.floats(self.running)?.to_vec());
        let (n, momentum) = ((self.rows * self.inner) as f64, f64::from(self.momentum));
        let mut moments = vec![0.0; 2 * self.channels];
        for channel in 0..self.channels {
            let values = || {
                let maps = x.chunks_exact(self.inner).skip(channel).step_by(self.channels);
                maps.flatten()
            };
            let mean = values().sum::<f64>() / n;
            let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            let unbiased = if n > 1.0 { variance * n / (n - 1.0) } else { variance };
            moments[channel] = mean;
            moments[self.channels + channel] = variance;
            running[channel] += momentum * (mean - running[channel]);
            running[self.channels + channel] += momentum * (unbiased - running[self.channels + channel]);
        }
        Ok(vec![moments.into(), running.into()])
    }
}
