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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, given, moments) =
            (tensors.floats(self.x), tensors.floats(self.output_gradient), tensors.floats(self.moments));
        let (weight, bias) = (tensors.floats(self.weight_gradient), tensors.floats(self.bias_gradient));
        for channel in range {
            let mut totals = [0.0; 2];
            // SAFETY: `requirements` covers the tensors; these channels' gradients are this worker's.
            unsafe {
                let (mean, variance) = (*moments.add(channel), *moments.add(self.channels + channel));
                products(tensors.level, (x, mean), (given, 0.0), shape, channel, &mut totals);
                let [along, even] = totals;
                *weight.add(channel) = (along / f64::from(variance + self.epsilon).sqrt()) as f32;
                *bias.add(channel) = even as f32;
            }
        }
    }
}
