use crate::cpu::ops::channel_sums::combine;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::BatchNorm;

impl CpuOp for BatchNorm {
    fn partition(&self) -> Partition {
        let shared = vec![self.moments, self.weight, self.bias];
        Partition::Rows { rows: self.rows, shared, alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.channels * self.inner),
            Requirement::floats(self.moments, 2, self.channels),
            Requirement::floats(self.weight, 1, self.channels),
            Requirement::floats(self.bias, 1, self.channels),
            Requirement::floats(self.out, self.rows, self.channels * self.inner),
        ]
    }

    /// Factors of the channels.
    fn scratch(&self) -> usize {
        3 * self.channels
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let columns = self.channels * self.inner;
        let (x, out) = (chunk.rows(self.x, columns), chunk.rows_mut(self.out, columns));
        let moments: &[f32] = chunk.whole(self.moments);
        let (weight, bias): (&[f32], &[f32]) = (chunk.whole(self.weight), chunk.whole(self.bias));
        let factors = chunk.scratch(3 * self.channels);
        for channel in 0..self.channels {
            let (mean, variance) = (moments[channel], moments[self.channels + channel]);
            let gain = weight[channel] / (variance + self.epsilon).sqrt();
            factors[channel] = gain;
            factors[self.channels + channel] = 0.0;
            factors[2 * self.channels + channel] = bias[channel] - mean * gain;
        }
        combine(chunk.level(), x, x, out, factors, self.inner);
    }
}
