use crate::cpu::ops::channel_sums::{Shape, products};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::BatchNormSums;

impl CpuOp for BatchNormSums {
    /// By channels, each over the whole batch.
    fn partition(&self) -> Partition {
        Partition::Units { count: self.channels, min_chunk: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.channels * self.inner),
            Requirement::floats(self.output_gradient, self.rows, self.channels * self.inner),
            Requirement::floats(self.moments, 2, self.channels),
            Requirement::floats(self.weight_gradient, 1, self.channels),
            Requirement::floats(self.bias_gradient, 1, self.channels),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (level, moments) = (chunk.level(), chunk.whole::<f32>(self.moments));
        let (x, output_gradient) = (chunk.whole(self.x), chunk.whole(self.output_gradient));
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let gradients = chunk.units_mut(self.weight_gradient).iter_mut();
        let gradients = gradients.zip(chunk.units_mut(self.bias_gradient));
        for (channel, (weight, bias)) in chunk.range().zip(gradients) {
            let (mean, variance) = (moments[channel], moments[self.channels + channel]);
            let [along, even] = products(level, (x, mean), (output_gradient, 0.0), shape, channel);
            *weight = (along / f64::from(variance + self.epsilon).sqrt()) as f32;
            *bias = even as f32;
        }
    }
}
