use crate::cpu::ops::channel_sums::{Lines, Shape, lines};
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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, given) = (tensors.floats(self.x), tensors.floats(self.output_gradient));
        let (out, moments) = (tensors.floats(self.input_gradient), tensors.floats(self.moments));
        let (along, even) = (tensors.floats(self.weight_gradient), tensors.floats(self.bias_gradient));
        let weight = tensors.floats(self.weight);
        let count = shape.count().max(1) as f32;
        let factors = tensors.scratch;
        // SAFETY: `requirements` covers the tensors, `scratch` the factors; these rows of what is written are this worker's.
        unsafe {
            for channel in 0..self.channels {
                let (mean, variance) = (*moments.add(channel), *moments.add(self.channels + channel));
                let spread = 1.0 / (variance + self.epsilon).sqrt();
                let gain = *weight.add(channel) * spread;
                let slope = -gain * spread * *along.add(channel) / count;
                *factors.add(channel) = gain;
                *factors.add(self.channels + channel) = slope;
                *factors.add(2 * self.channels + channel) = -gain * *even.add(channel) / count - slope * mean;
            }
            lines(tensors.level, &Lines { x: given, y: x, out, factors, shape }, range);
        }
    }
}
