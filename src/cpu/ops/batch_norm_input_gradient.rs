use crate::cpu::ops::channel_sums::combine;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::BatchNormInputGradient;

impl CpuOp for BatchNormInputGradient {
    fn partition(&self) -> Partition {
        let shared = vec![self.moments, self.weight, self.weight_gradient, self.bias_gradient];
        Partition::Rows { rows: self.rows, shared, alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let values = [self.x, self.output_gradient, self.input_gradient];
        let values = values.map(|tensor| Requirement::floats(tensor, self.rows, self.channels * self.inner));
        let channels = [self.weight, self.weight_gradient, self.bias_gradient];
        let channels = channels.map(|tensor| Requirement::floats(tensor, 1, self.channels));
        let moments = Requirement::floats(self.moments, 2, self.channels);
        values.into_iter().chain(channels).chain([moments]).collect()
    }

    /// Factors of the channels.
    fn scratch(&self) -> usize {
        3 * self.channels
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let columns = self.channels * self.inner;
        let (x, output_gradient) = (chunk.rows(self.x, columns), chunk.rows(self.output_gradient, columns));
        let input_gradient = chunk.rows_mut(self.input_gradient, columns);
        let (moments, weight): (&[f32], &[f32]) = (chunk.whole(self.moments), chunk.whole(self.weight));
        let (weight_gradient, bias_gradient): (&[f32], &[f32]) =
            (chunk.whole(self.weight_gradient), chunk.whole(self.bias_gradient));
        let count = (self.rows * self.inner).max(1) as f32;
        let factors = chunk.scratch(3 * self.channels);
        for channel in 0..self.channels {
            let (mean, variance) = (moments[channel], moments[self.channels + channel]);
            let spread = 1.0 / (variance + self.epsilon).sqrt();
            let gain = weight[channel] * spread;
            let slope = -gain * spread * weight_gradient[channel] / count;
            factors[channel] = gain;
            factors[self.channels + channel] = slope;
            factors[2 * self.channels + channel] = -gain * bias_gradient[channel] / count - slope * mean;
        }
        combine(chunk.level(), output_gradient, x, input_gradient, factors, self.inner);
    }
}
