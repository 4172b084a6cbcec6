use crate::cpu::ops::channel_sums::{Lines, Shape, lines};
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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, out, moments) =
            (tensors.floats(self.x), tensors.floats(self.out), tensors.floats(self.moments));
        let (weight, bias) = (tensors.floats(self.weight), tensors.floats(self.bias));
        let factors = tensors.scratch;
        // SAFETY: `requirements` covers the tensors, `scratch` the factors; these rows of `out` are this worker's.
        unsafe {
            for channel in 0..self.channels {
                let (mean, variance) = (*moments.add(channel), *moments.add(self.channels + channel));
                let gain = *weight.add(channel) / (variance + self.epsilon).sqrt();
                *factors.add(channel) = gain;
                *factors.add(self.channels + channel) = 0.0;
                *factors.add(2 * self.channels + channel) = *bias.add(channel) - mean * gain;
            }
            lines(tensors.level, &Lines { x, y: x, out, factors, shape }, range);
        }
    }
}
