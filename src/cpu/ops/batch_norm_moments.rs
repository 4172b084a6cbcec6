use crate::cpu::ops::channel_sums::{Shape, products, sum};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::BatchNormMoments;

impl CpuOp for BatchNormMoments {
    /// By channels, each over the whole batch.
    fn partition(&self) -> Partition {
        Partition::Units { count: self.channels, min_chunk: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.channels * self.inner),
            Requirement::floats(self.moments, 2, self.channels),
            Requirement::floats(self.running, 2, self.channels),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, moments, running) =
            (tensors.floats(self.x), tensors.floats(self.moments), tensors.floats(self.running));
        let count = shape.count().max(1) as f64;
        for channel in range {
            let (mut total, mut squares) = (0.0, [0.0; 2]);
            // SAFETY: `requirements` covers the tensors; these channels' moments are this worker's.
            unsafe {
                sum(tensors.level, x, shape, channel, &mut total);
                let mean = (total / count) as f32;
                products(tensors.level, (x, mean), (x, mean), shape, channel, &mut squares);
                let variance = (squares[0] / count) as f32;
                *moments.add(channel) = mean;
                *moments.add(self.channels + channel) = variance;
                let approach = |at: *mut f32, new: f32| *at += self.momentum * (new - *at);
                approach(running.add(channel), mean);
                approach(running.add(self.channels + channel), variance * self.correction());
            }
        }
    }
}
