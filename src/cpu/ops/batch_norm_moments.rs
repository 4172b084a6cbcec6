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
        let (level, x) = (chunk.level(), chunk.whole(self.x));
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let row = |id, row| chunk.units_of_row_mut::<f32>(id, row, self.channels);
        let (means, variances) = (row(self.moments, 0), row(self.moments, 1));
        let (running_means, running_variances) = (row(self.running, 0), row(self.running, 1));
        let count = shape.count().max(1) as f64;
        for (i, channel) in chunk.range().enumerate() {
            let mean = (sum(level, x, shape, channel) / count) as f32;
            let [squares, _] = products(level, (x, mean), (x, mean), shape, channel);
            let variance = (squares / count) as f32;
            (means[i], variances[i]) = (mean, variance);
            let approach = |running: &mut f32, new: f32| *running += self.momentum * (new - *running);
            approach(&mut running_means[i], mean);
            approach(&mut running_variances[i], variance * self.correction());
        }
    }
}
